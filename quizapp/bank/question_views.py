"""Pages of a question: writing and revising it, its case, retirement."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from quizapp.accounts.access import current_staff, require
from quizapp.bank import actions, cases, media, queries, review_views, rules
from quizapp.bank.actions import Content
from quizapp.bank.blueprint import bank_or_404, blueprint, question_or_404
from quizapp.bank.clean_media import UnusableMedia
from quizapp.bank.form_fields import Medium
from quizapp.bank.forms import HoldForm
from quizapp.bank.languages import LANGUAGES, direction_of, name_of
from quizapp.bank.models import KINDS, Bank, Question, QuestionRevision
from quizapp.bank.question_forms import QuestionForm, place_of
from quizapp.core.clock import utc_now
from quizapp.core.db import keep_when_refused
from quizapp.core.errors import NotFound
from quizapp.core.i18n import _


@blueprint.route("/<int:bank_id>/questions/new", methods=["GET", "POST"])
@require("organiser")
def add_question(bank_id: int) -> ResponseReturnValue:
    """Write a question; `case` in the address names one of the bank whose passage the new one shares."""
    bank = bank_or_404(bank_id)
    kind = request.args.get("kind", "single")
    if kind not in KINDS:
        raise NotFound
    case = _case_of(bank)
    form = QuestionForm.of_kind(kind, known_topics=set(queries.topic_names()), **_values_of_case(case))
    refused_or_shown = _take(form, bank=bank, question=None, case=case)
    if not isinstance(refused_or_shown, Content):
        return refused_or_shown
    content, now = refused_or_shown, utc_now()
    changed = _change_case(form, content, case, now)
    question = actions.add_questions(bank=bank, contents=[content], actor=current_staff(), now=now)[0]
    flash(_("题目已保存为草稿。"), "success")
    _tell_of_case(changed)
    return redirect(url_for("bank.question", question_id=question.id), 303)


@blueprint.route("/questions/<int:question_id>/edit", methods=["GET", "POST"])
@require("organiser")
def edit_question(question_id: int) -> ResponseReturnValue:
    found = question_or_404(question_id)
    before = found.latest
    form = QuestionForm.of_kind(found.kind, original=before, known_topics=set(queries.topic_names()))
    refused_or_shown = _take(form, bank=found.bank, question=found, case=before)
    if not isinstance(refused_or_shown, Content):
        return refused_or_shown
    content, now = refused_or_shown, utc_now()
    if actions.says_the_same(content, actions.content_of(before)):
        flash(_("没有改动，没有生成新的修订。"), "info")
        return redirect(url_for("bank.question", question_id=found.id), 303)
    changed = _change_case(form, content, before, now)
    actions.revise(question=found, content=content, actor=current_staff(), now=now)
    flash(_("新的修订已保存为草稿；审核通过前，竞赛仍使用原来的修订。"), "success")
    _tell_of_case(changed)
    return redirect(url_for("bank.question", question_id=found.id), 303)


def _take(
    form: QuestionForm, *, bank: Bank, question: Question | None, case: QuestionRevision | None
) -> Content | ResponseReturnValue:
    """What was written and is to be saved; else the page with the form: empty, changed, previewed or refused."""

    def page(preview: Content | None = None) -> str:
        others = [one for one in cases.questions_of_case(case) if one is not question] if case else []
        return render_template(
            "bank/edit.html",
            bank=bank,
            form=form,
            kind=form.kind,
            question=question,
            preview=preview,
            case=case if case and case.passage else None,
            others=others,
            topics=queries.topics_of_bank(bank.id),
            offered={code: name for code, name in LANGUAGES.items() if code not in form.language.data},
            versions=[(code, name_of(code), direction_of(code)) for code in form.language.data],
        )

    if not form.is_submitted():
        form.known_media = media.find(form.digests())
        return page()
    now = utc_now()
    _keep_files(form, now)
    if "act" in request.form:
        form.act(request.form["act"])
        return page()
    if not form.validate():
        keep_when_refused()
        return page(), 422
    content = form.content()
    return page(content) if "preview" in request.form else content


def _keep_files(form: QuestionForm, now: datetime) -> None:
    """Keep the files that came with the form, so that they need not be sent again whatever is wrong elsewhere."""
    for field, place in form.places():
        for file, alt in place.files:
            try:
                cleaned = media.clean_upload(file.read())
            except UnusableMedia as refused:
                field.process_errors.append(refused.message())
                field.errors = list(field.process_errors)
                continue
            place.media.append(Medium(media.store(cleaned, now=now).sha256, alt))
            if cleaned.is_first_frame:
                flash(_("动图只保留第一帧。"), "info")
        place.files = []
    form.known_media = media.keep(form.digests(), now=now)


def _case_of(bank: Bank) -> QuestionRevision | None:
    """The newest revision of the question that the address names, when it is of this bank and has a passage."""
    number = request.args.get("case", type=int)
    if number is None:
        return None
    found = question_or_404(number)
    if found.bank_id != bank.id or not found.latest.passage:
        raise NotFound
    return found.latest


def _values_of_case(case: QuestionRevision | None) -> dict[str, Any]:
    if case is None:
        return {}
    return {
        "passage": place_of(case, "passage"),
        "language": [code for code, version in case.translations.items() if version.get("passage")],
        "citations": [],
        "whole_case": True,
    }


def _change_case(form: QuestionForm, content: Content, case: QuestionRevision | None, now: datetime) -> int:
    """Change the passage of the case's other questions too, if asked; return how many there were."""
    if case is None or not case.passage or not form.whole_case.data or not cases.differs(content, case):
        return 0
    return cases.change_passage(revision=case, content=content, actor=current_staff(), now=now)


def _tell_of_case(changed: int) -> None:
    if changed:
        flash(_("同一案例的另外 %(count)s 道题也换上了新的案例材料。", count=str(changed)), "info")


@blueprint.get("/blank")
@require("organiser")
def try_blank() -> ResponseReturnValue:
    """What the accepted texts of a blank are compared as, and whether a response would be right, as JSON."""
    accepted = [line.strip() for line in request.args.get("accepted", "")[:10_000].splitlines() if line.strip()]
    response = request.args.get("response", "")[: rules.BLANK_LETTERS].strip()
    is_right = rules.is_right(kind="fill_in", key=[accepted], response=[response]) if response and accepted else None
    return {"compared": [[text, rules.normalise_text(text)] for text in accepted], "is_right": is_right}


@blueprint.get("/questions/<int:question_id>")
@require("organiser", "reviewer")
def question(question_id: int) -> ResponseReturnValue:
    found = question_or_404(question_id)
    return render_template(
        "bank/question.html",
        question=found,
        others=[one for one in cases.questions_of_case(found.latest) if one is not found],
        hold_form=HoldForm(formdata=None),
        **review_views.beside(found),
    )


@blueprint.get("/questions/<int:question_id>/case")
@require("organiser", "reviewer")
def case(question_id: int) -> ResponseReturnValue:
    """A passage with all its questions."""
    found = question_or_404(question_id)
    questions = cases.questions_of_case(found.latest)
    if not questions:
        raise NotFound
    return render_template("bank/case.html", bank=found.bank, revision=found.latest, questions=questions)


@blueprint.post("/questions/<int:question_id>/retire")
@require("organiser")
def retire(question_id: int) -> ResponseReturnValue:
    found = question_or_404(question_id)
    actions.retire(question=found)
    flash(_("题目已停用；已经发布的竞赛不受影响。"), "success")
    if "holds" in request.form:
        return redirect(url_for("bank.holds"), 303)
    return redirect(url_for("bank.question", question_id=found.id), 303)
