"""Pages on which texts of statutes and lists of laws are uploaded, looked at and stored."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from quizapp.accounts.access import current_staff, require
from quizapp.bank import law_imports, law_lists
from quizapp.bank.blueprint import blueprint
from quizapp.bank.formats.characters import clean
from quizapp.bank.law_forms import LawListForm, StatuteForm, StatutesForm
from quizapp.bank.law_imports import Candidate
from quizapp.bank.models import LawImport
from quizapp.core.clock import local_day, utc_now
from quizapp.core.db import db
from quizapp.core.errors import DomainError, NotFound
from quizapp.core.i18n import _
from quizapp.core.settings import get_settings
from quizapp.core.sheets import SheetRow, read_rows

SHOWN_ROWS = 200


def staged_or_404(import_id: int) -> LawImport:
    staged = db.session.get(LawImport, import_id)
    if staged is None or staged.created_by_id != current_staff().id:
        raise NotFound
    return staged


@blueprint.route("/laws/import", methods=["GET", "POST"])
@require("organiser")
def import_laws() -> ResponseReturnValue:
    """Take files in and show what they say; the laws change only on the next page."""
    statutes, list_form = StatutesForm(formdata=None), LawListForm(formdata=None)
    if request.method == "POST":
        is_list = "list" in request.form
        form: Any = LawListForm() if is_list else StatutesForm()
        statutes, list_form = (statutes, form) if is_list else (form, list_form)
        if form.validate():
            staged = _stage_list(form) if is_list else _stage_statutes(form)
            if staged is not None:
                return redirect(url_for("bank.law_import", import_id=staged.id), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("bank/law_upload.html", statutes=statutes, list_form=list_form), status


def _stage_statutes(form: StatutesForm) -> LawImport | None:
    files = [(clean(file.filename), file.read()) for file in form.files.data or () if file.filename]
    if len(files) > law_imports.MOST_FILES:
        form.files.errors = [_("一次最多上传 %(most)s 个文件。", most=str(law_imports.MOST_FILES))]
        return None
    if (form.text.data or "").strip():
        files.append((_("粘贴的全文"), form.text.data.encode("utf-8", "replace")))
    return law_imports.stage_files(files, actor=current_staff(), now=utc_now())


def _stage_list(form: LawListForm) -> LawImport | None:
    try:
        rows = read_rows(form.list_file.data.read())
        law_lists.plan_list(rows)
    except DomainError as refusal:
        form.list_file.errors = [refusal.message()]
        return None
    name = clean(form.list_file.data.filename or "")
    return law_imports.stage_list(name, [(row.number, row.cells) for row in rows], actor=current_staff(), now=utc_now())


@blueprint.route("/laws/imports/<int:import_id>", methods=["GET", "POST"])
@require("organiser")
def law_import(import_id: int) -> ResponseReturnValue:
    """What was understood, and on POST the storing of what was chosen."""
    staged = staged_or_404(import_id)
    return _list_page(staged) if "rows" in staged.content else _statutes_page(staged)


def _statutes_page(staged: LawImport) -> ResponseReturnValue:
    shown = [_shown(number, *read) for number, read in enumerate(law_imports.read_staged(staged))]
    is_sent = request.method == "POST"
    chosen = [(candidate, form) for candidate, form in shown if form.take.data and not candidate.statute.errors]
    wrong = [form for _candidate, form in chosen if not form.validate()]
    if is_sent and "look" not in request.form and not wrong:
        if chosen:
            return _store(staged, chosen)
        flash(_("没有选中要存入的法律。"), "danger")
    status = 422 if is_sent and "look" not in request.form else 200
    return render_template("bank/law_import.html", staged=staged, shown=shown), status


def _shown(number: int, statute: Any, files: tuple[str, ...]) -> tuple[Candidate, StatuteForm]:
    """A statute beside its form: filled as read, or as the person corrected it."""
    facts = law_imports.proposed_facts(statute)
    if request.method == "POST":
        form = StatuteForm(prefix=f"law{number}-")
        facts = {name: form[name].data for name in facts}
        return law_imports.look_at(number, statute, files, facts), form
    candidate = law_imports.look_at(number, statute, files, facts)
    form = StatuteForm(
        formdata=None,
        prefix=f"law{number}-",
        data=facts
        | {
            "take": not statute.errors,
            "adopt": bool(candidate.dateless) and not candidate.other_versions,
            "mark": bool(candidate.marked),
        },
    )
    return candidate, form


def _store(staged: LawImport, chosen: list[tuple[Candidate, StatuteForm]]) -> ResponseReturnValue:
    actor, now = current_staff(), utc_now()
    taken = []
    for candidate, form in chosen:
        # Storing one may make the version before of the next.
        fresh = law_imports.look_at(candidate.number, candidate.statute, candidate.files, candidate.facts)
        taken.append(law_imports.take(fresh, adopt=form.adopt.data, mark=form.mark.data, actor=actor, now=now))
    db.session.delete(staged)
    held = sum(one.held for one in taken)
    flash(_("已存入 %(count)s 部法律。", count=str(len(taken))), "success")
    if held:
        flash(_("因条文变动，%(count)s 道题暂停使用。请逐题核对。", count=str(held)), "warn")
        return redirect(url_for("bank.holds"), 303)
    if len(taken) == 1:
        return redirect(url_for("bank.law", law_id=taken[0].stored.law.id), 303)
    return redirect(url_for("bank.laws"), 303)


@blueprint.get("/laws/imports/<int:import_id>/<int:number>")
@require("organiser")
def law_import_text(import_id: int, number: int) -> ResponseReturnValue:
    """The whole of a statute as it was read."""
    staged = staged_or_404(import_id)
    read = law_imports.read_staged(staged)
    if number >= len(read):
        raise NotFound
    return render_template("bank/law_import_text.html", staged=staged, statute=read[number][0])


def _list_page(staged: LawImport) -> ResponseReturnValue:
    rows = [SheetRow(number, cells) for number, *cells in staged.content["rows"]]
    if request.method == "POST":
        now = utc_now()
        today = local_day(now, get_settings().timezone)
        try:
            plan = law_lists.take_list(
                rows, file_name=staged.content["file"], actor=current_staff(), now=now, today=today
            )
        except law_lists.RowsUnusable as refusal:
            page = render_template("bank/law_list_plan.html", staged=staged, plan=refusal.plan, most=SHOWN_ROWS)
            return page, refusal.status
        db.session.delete(staged)
        added, changed = str(plan.count("add")), str(plan.count("change"))
        flash(_("已导入：新增 %(added)s 部，更新 %(changed)s 部。", added=added, changed=changed), "success")
        return redirect(url_for("bank.laws"), 303)
    plan = law_lists.plan_list(rows)
    return render_template("bank/law_list_plan.html", staged=staged, plan=plan, most=SHOWN_ROWS)


@blueprint.post("/laws/imports/<int:import_id>/drop")
@require("organiser")
def drop_law_import(import_id: int) -> ResponseReturnValue:
    db.session.delete(staged_or_404(import_id))
    flash(_("已放弃，法律没有变化。"), "info")
    return redirect(url_for("bank.laws"), 303)
