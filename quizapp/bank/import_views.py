"""Pages of the import: choose files, look at what was recognised, mend rows, decide duplicates, take in, undo."""

from __future__ import annotations

from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from quizapp.accounts.access import current_staff, require
from quizapp.bank import import_queries, import_report, importing, jobs, undoing
from quizapp.bank.blueprint import ROWS, bank_or_404, blueprint, four_eyes, import_or_404
from quizapp.bank.formats.characters import clean
from quizapp.bank.import_forms import (
    READ_AS_WORDS,
    MendForm,
    TakeForm,
    UploadForm,
    WrongLayout,
    format_choices,
    mends_of,
    options_from,
    role_choices,
)
from quizapp.bank.import_rows import WITHOUT_MEDIA
from quizapp.bank.models import ImportRow, QuestionImport
from quizapp.core.background import failure
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.errors import NotFound
from quizapp.core.i18n import _

PROBLEMS_ON_PAGE = 10
DUPLICATES_ON_PAGE = 8
SAMPLE_QUESTIONS = 4
STEPS = {"layout": "bank.show_import", "problems": "bank.import_problems", "duplicates": "bank.import_duplicates"}


@blueprint.route("/<int:bank_id>/import", methods=["GET", "POST"])
@require("organiser")
def import_file(bank_id: int) -> ResponseReturnValue:
    """Choose files; they are kept and read in the background, and the bank is not changed yet."""
    bank = bank_or_404(bank_id)
    form = UploadForm()
    if form.validate_on_submit():
        files = [(clean(file.filename or ""), file.read()) for file in form.files.data]
        empty = [name for name, content in files if not content]
        if not empty:
            uploaded = [
                importing.upload(
                    bank=bank,
                    file_name=name,
                    content=content,
                    format_name=form.format.data,
                    actor=current_staff(),
                    now=utc_now(),
                )
                for name, content in files
            ]
            if len(uploaded) == 1:
                return redirect(url_for("bank.show_import", import_id=uploaded[0].id), 303)
            flash(_("已收到 %(count)s 个文件，正在后台读取。", count=len(uploaded)), "success")
            return redirect(url_for("bank.import_file", bank_id=bank.id, _anchor="imports"), 303)
        form.files.errors = [_("文件“%(name)s”是空的，请选择有内容的文件。", name=empty[0])]
    imports = db.paginate(import_queries.imports_of(bank.id), per_page=ROWS, max_per_page=ROWS)
    status = 422 if form.is_submitted() else 200
    return render_template("bank/import.html", bank=bank, form=form, imports=imports), status


@blueprint.get("/imports/<int:import_id>")
@require("organiser")
def show_import(import_id: int) -> ResponseReturnValue:
    """Wherever the file stands: being read or taken in, recognised, unreadable, imported or undone."""
    imported = import_or_404(import_id)
    then = request.args.get("then", "")
    match imported.state:
        case "reading" | "importing":
            progress = import_queries.progress(imported, now=utc_now())
            return render_template("bank/import_progress.html", imported=imported, then=then, progress=progress)
        case "failed":
            can_retry = importing.has_file(imported)
            why = [failure(imported.job.error if imported.job else "lost")] if can_retry else _refusals(imported)
            return render_template("bank/import_failed.html", imported=imported, why=why, can_retry=can_retry)
        case "imported" | "undone":
            return render_template(
                "bank/import_done.html",
                imported=imported,
                result=import_queries.result_of(imported),
                can_repeat=importing.has_file(imported),
            )
    if then in STEPS and then != "layout":
        return redirect(url_for(STEPS[then], import_id=imported.id, page=request.args.get("page", type=int)), 303)
    return _layout_page(imported)


def _refusals(imported: QuestionImport) -> list[str]:
    """Why the file as a whole cannot be read."""
    rows = db.session.scalars(select(ImportRow).where(ImportRow.import_id == imported.id)).all()
    return [sentence for row in rows for _severity, sentence in import_queries.messages(row)]


def _layout_page(imported: QuestionImport, *, refused: str = "", status: int = 200) -> ResponseReturnValue:
    sample = db.session.scalars(
        select(ImportRow)
        .where(ImportRow.import_id == imported.id, ImportRow.state == "good")
        .order_by(ImportRow.number)
        .limit(SAMPLE_QUESTIONS)
    ).all()
    return render_template(
        "bank/import_layout.html",
        imported=imported,
        sample=sample,
        refused=refused,
        said=request.form if refused else {},
        formats=format_choices(),
        roles=role_choices(),
        read_as_words=READ_AS_WORDS,
        options=imported.options,
        failed=_failed_before(imported),
    ), status


def _failed_before(imported: QuestionImport) -> str:
    """Why taking in did not work the last time, "" when it was not tried or was tried anew."""
    refusals = {refusal.code: refusal for refusal in (importing.BankChanged, jobs.ReadingDiffers)}
    why = imported.outline.get("why", "")
    if why in refusals:
        return refusals[why]().message()
    job = imported.job
    return failure(job.error) if job and job.state == "failed" and job.kind == importing.TAKE else ""


@blueprint.get("/imports/<int:import_id>/progress")
@require("organiser")
def import_progress(import_id: int) -> ResponseReturnValue:
    """For scripts: {"state", "done", "total", "words"}."""
    imported = import_or_404(import_id)
    return jsonify(import_queries.progress(imported, now=utc_now()))


@blueprint.post("/imports/<int:import_id>/layout")
@require("organiser")
def correct_import(import_id: int) -> ResponseReturnValue:
    """Have the file read as the form says."""
    imported = import_or_404(import_id, change=True)
    _refuse_outdated(imported)
    format_name = request.form.get("format", imported.format)
    if format_name not in importing.format_names():
        raise NotFound
    try:
        options = options_from(request.form, imported)
    except WrongLayout as refusal:
        return _layout_page(imported, refused=refusal.message(), status=422)
    importing.correct(imported=imported, format_name=format_name, options=options, now=utc_now())
    return redirect(url_for("bank.show_import", import_id=imported.id, then="layout"), 303)


def _refuse_outdated(imported: QuestionImport) -> None:
    if imported.state == "staged" and request.form.get("seen", type=int) != imported.lock_version:
        raise importing.ReadAnew


@blueprint.get("/imports/<int:import_id>/problems")
@require("organiser")
def import_problems(import_id: int) -> ResponseReturnValue:
    """What could not be read, what is worth a look, or what was mended; each row with a form to mend it in place."""
    imported = import_or_404(import_id)
    if imported.state != "staged":
        return redirect(url_for("bank.show_import", import_id=imported.id, then="problems"), 303)
    counts = imported.outline["counts"]
    wanted = request.args.get("show", "errors" if counts["errors"] or not counts["warnings"] else "warnings")
    place = request.args.get("place")
    rows = import_queries.rows_at(imported, place) if place else import_queries.problem_rows(imported, wanted)
    page = db.paginate(rows, per_page=PROBLEMS_ON_PAGE, max_per_page=PROBLEMS_ON_PAGE, error_out=False)
    return render_template(
        "bank/import_problems.html",
        imported=imported,
        page=page,
        wanted=wanted,
        forms={row.number: _mend_form(imported, row) for row in page.items},
        messages=import_queries.messages,
        are_cells=any(sheet["read_as"] == "table" for sheet in imported.outline["sheets"]),
        without_media=WITHOUT_MEDIA,
    )


def _mend_form(imported: QuestionImport, row: ImportRow) -> MendForm | None:
    """The form of a row that can be mended, None for a note and for formats that leave nothing to mend."""
    if row.state == "note" or not imported.outline["sheets"]:
        return None
    values = import_queries.fields_of_row(row) | mends_of(imported, row.place)
    return MendForm(formdata=None, prefix=f"row-{row.number}-", data={**values, "place": row.place})


@blueprint.post("/imports/<int:import_id>/mend")
@require("organiser")
def mend_row(import_id: int) -> ResponseReturnValue:
    """Have one row read with what was written in place of the file's, or as the file has it again."""
    imported = import_or_404(import_id, change=True)
    number = request.form.get("row", type=int)
    form = MendForm(prefix=f"row-{number}-")
    row = import_queries.row_of(imported, number=number, place=form.place.data or "")
    if "reset" in request.form:
        written: dict[str, str] = {}
    elif WITHOUT_MEDIA in request.form:
        written = {**imported.mends.get(row.place, {}), WITHOUT_MEDIA: "1"}
    else:
        written = {**imported.mends.get(row.place, {}), **form.fields(import_queries.fields_of_row(row))}
    importing.mend(imported=imported, mends={row.place: written}, now=utc_now())
    page = request.form.get("page", type=int)
    return redirect(url_for("bank.show_import", import_id=imported.id, then="problems", page=page), 303)


@blueprint.get("/imports/<int:import_id>/duplicates")
@require("organiser")
def import_duplicates(import_id: int) -> ResponseReturnValue:
    """Duplicates side by side, and the last step: what will be taken in."""
    imported = import_or_404(import_id)
    if imported.state != "staged":
        return redirect(url_for("bank.show_import", import_id=imported.id, then="duplicates"), 303)
    return _last_page(imported, TakeForm(formdata=None, seen=imported.lock_version, approve=True))


def _last_page(imported: QuestionImport, form: TakeForm, **more: Any) -> str:
    counts = import_queries.duplicate_counts(imported)
    kinds = [kind for kind in ("same", "other", "similar") if counts[kind].total]
    wanted = request.args.get("show", "")
    wanted = wanted if wanted in kinds else (kinds[0] if kinds else "")
    page = db.paginate(
        import_queries.duplicate_rows(imported, wanted),
        per_page=DUPLICATES_ON_PAGE,
        max_per_page=DUPLICATES_ON_PAGE,
        error_out=False,
    )
    return render_template(
        "bank/import_duplicates.html",
        imported=imported,
        counts=counts,
        kinds=kinds,
        wanted=wanted,
        page=page,
        others=import_queries.others(page.items),
        taken=import_queries.kept_count(imported),
        form=form,
        four_eyes=four_eyes(),
        failed=_failed_before(imported),
        **more,
    )


@blueprint.post("/imports/<int:import_id>/decide")
@require("organiser")
def decide_duplicate(import_id: int) -> ResponseReturnValue:
    """Keep or skip one duplicate, or all of a kind."""
    imported = import_or_404(import_id, change=True)
    decision, kind, number = request.form.get("decision"), request.form.get("kind"), request.form.get("row", type=int)
    if decision not in ("keep", "skip"):
        raise NotFound
    if number is not None:
        importing.decide(imported=imported, decision=decision, numbers=[number])
    else:
        importing.decide(imported=imported, decision=decision, kinds=[kind or ""])
    return redirect(
        url_for(
            "bank.import_duplicates",
            import_id=imported.id,
            show=kind,
            page=request.form.get("page", type=int),
            _anchor=f"row-{number}" if number else None,
        ),
        303,
    )


@blueprint.post("/imports/<int:import_id>/take")
@require("organiser")
def take_import(import_id: int) -> ResponseReturnValue:
    """Have the kept questions taken in; pressed twice, it happens once."""
    imported = import_or_404(import_id, change=True)
    form = TakeForm()
    if imported.state in ("importing", "imported"):
        return redirect(url_for("bank.show_import", import_id=imported.id), 303)
    if not form.validate():
        raise importing.ReadAnew
    try:
        importing.take_later(
            imported=imported,
            seen=form.seen.data,
            only_whole=not form.take_good.data,
            approve=not four_eyes() and bool(form.approve.data),
            actor=current_staff(),
            now=utc_now(),
        )
    except (importing.RowsUnusable, importing.NothingToImport) as refusal:
        return _last_page(imported, form, refused=refusal.message()), refusal.status
    except importing.BankChanged as change:
        importing.read_anew(imported=imported, now=utc_now(), why=change.code)
        return redirect(url_for("bank.show_import", import_id=imported.id, then="duplicates"), 303)
    return redirect(url_for("bank.show_import", import_id=imported.id), 303)


@blueprint.post("/imports/<int:import_id>/retry")
@require("organiser")
def retry_import(import_id: int) -> ResponseReturnValue:
    """Have a file read again whose reading was ended."""
    imported = import_or_404(import_id, change=True)
    importing.read_anew(imported=imported, now=utc_now())
    return redirect(url_for("bank.show_import", import_id=imported.id), 303)


@blueprint.post("/imports/<int:import_id>/drop")
@require("organiser")
def drop_import(import_id: int) -> ResponseReturnValue:
    imported = import_or_404(import_id, change=True)
    bank_id = imported.bank_id
    importing.drop(imported=imported)
    flash(_("已放弃这个文件，题库没有变化。"), "info")
    return redirect(url_for("bank.import_file", bank_id=bank_id), 303)


@blueprint.route("/imports/<int:import_id>/undo", methods=["GET", "POST"])
@require("organiser")
def undo_import(import_id: int) -> ResponseReturnValue:
    """Say what undoing would do, and do it."""
    imported = import_or_404(import_id, change=request.method == "POST")
    if request.method == "GET":
        return render_template("bank/import_undo.html", imported=imported, plan=undoing.plan(imported))
    done = undoing.undo(imported=imported, actor=current_staff(), now=utc_now())
    flash(
        _(
            "已撤销导入：删除 %(deleted)s 题，停用 %(retired)s 题。",
            deleted=len(done.deleted),
            retired=len(done.retired),
        ),
        "success",
    )
    return redirect(url_for("bank.show_import", import_id=imported.id), 303)


@blueprint.post("/imports/<int:import_id>/repeat")
@require("organiser")
def repeat_import(import_id: int) -> ResponseReturnValue:
    """Begin again with the same file, as it was corrected and mended."""
    imported = import_or_404(import_id)
    again = importing.repeat(imported=imported, actor=current_staff(), now=utc_now())
    return redirect(url_for("bank.show_import", import_id=again.id), 303)


@blueprint.get("/imports/<int:import_id>/report.<form>")
@require("organiser")
def import_report_file(import_id: int, form: str) -> ResponseReturnValue:
    """Every row of the file with its result, as xlsx or csv."""
    imported = import_or_404(import_id)
    if form not in import_report.FORMS:
        raise NotFound
    return import_report.response(imported, form)
