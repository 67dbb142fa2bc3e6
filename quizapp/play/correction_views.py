"""The organisers' pages on which a question of a published contest is voided or its key corrected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from quizapp.accounts.access import current_staff, require
from quizapp.bank.rules import CHOICE_KINDS, normalise_text
from quizapp.bank.words import KIND_WORDS
from quizapp.contests import queries
from quizapp.contests.correcting import KEY, VOID, BadKey, clean_key, read_key, written_key
from quizapp.contests.forms import number_of
from quizapp.contests.kit import KitQuestion
from quizapp.contests.kits import get_kit
from quizapp.contests.models import Contest
from quizapp.core.clock import utc_now
from quizapp.core.errors import DomainError, NotFound
from quizapp.core.i18n import _
from quizapp.play import correcting
from quizapp.play.forms import CorrectionForm
from quizapp.play.impact import Impact, QuestionRow, question_rows

MOST_ROWS = 200

blueprint = Blueprint("corrections", __name__, url_prefix="/play/<slug>/monitor/questions")
blueprint.context_processor(lambda: {"kind_words": KIND_WORDS, "written_key": written_key})


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)


@blueprint.get("")
@require("organiser")
def index(slug: str) -> ResponseReturnValue:
    """All questions with their right rates, the lowest first, and what was set right so far."""
    contest, wanted = queries.get_published(slug), request.args.get("q", "").strip()
    kit = get_kit(contest_id=contest.id, version=contest.kit_version)
    rows = [row for row in question_rows(contest=contest, kit=kit) if _is_wanted(row, wanted)]
    rows.sort(key=lambda row: (row.percent is None, row.percent, row.question.id))
    corrections = correcting.corrections_of(contest.id)
    return render_template(
        "play/questions.html",
        contest=contest,
        rows=rows[:MOST_ROWS],
        hidden=max(0, len(rows) - MOST_ROWS),
        wanted=wanted,
        questions=kit.questions,
        corrections=[(made, Impact(**made.outcome)) for made in corrections],
        corrected={made.question_id for made in corrections if made.what == KEY and made.kit_version},
        is_waiting=any(made.is_waiting for made in corrections),
    )


def _is_wanted(row: QuestionRow, wanted: str) -> bool:
    """By the number in the bank, or by words of the stem."""
    return not wanted or wanted == str(row.question.id) or normalise_text(wanted) in normalise_text(row.question.stem)


@blueprint.get("/<int:question_id>")
@require("organiser")
def show(slug: str, question_id: int) -> ResponseReturnValue:
    """A question with its key, and what can be done about it."""
    contest = queries.get_published(slug)
    question = correcting.question_of(contest, question_id)
    return _page(contest, question, CorrectionForm(data={"lock_version": contest.lock_version}))


@blueprint.post("/<int:question_id>/<what>")
@require("organiser")
def correct(slug: str, question_id: int, what: str) -> ResponseReturnValue:
    """Show what a correction would change; carry it out when that was seen and confirmed."""
    contest, now = queries.get_published(slug), utc_now()
    question = correcting.question_of(contest, question_id)
    if what not in (VOID, KEY):
        raise NotFound
    form, wrong_key = CorrectionForm(), ""
    key: Sequence[Any] = []
    if what == KEY:
        key, wrong_key = _read_key(question)
    if not form.validate_on_submit() or wrong_key:
        return _page(contest, question, form, what=what, wrong_key=wrong_key, key=key), 422
    try:
        if request.form.get("confirmed") != "yes":
            found = correcting.preview(contest=contest, question_id=question_id, what=what, key=key, now=now)
            form.lock_version.data = str(contest.lock_version)
            return _page(contest, question, form, what=what, impact=found, key=key)
        correcting.ask(
            contest=contest,
            question_id=question_id,
            what=what,
            key=key,
            reason=form.reason.data or "",
            lock_version=number_of(form.lock_version.data),
            actor=current_staff(),
            now=now,
        )
    except DomainError as refusal:
        flash(refusal.message(), "warn")
        return redirect(url_for("corrections.show", slug=slug, question_id=question_id), 303)
    flash(_("已经受理，正在重新计分，通常几秒钟完成。结果见本页“更正记录”。"), "good")
    return redirect(url_for("corrections.index", slug=slug), 303)


def _read_key(question: KitQuestion) -> tuple[Sequence[Any], str]:
    """The key that was sent, and what is wrong with it."""
    sent = request.form.getlist("key")
    try:
        if question.kind in (*CHOICE_KINDS, "true_false"):
            return clean_key(question, sent), ""
        return read_key(question, sent[0] if sent else ""), ""
    except BadKey as refusal:
        return sent, correcting.key_sentence(refusal.code)


def _page(
    contest: Contest,
    question: KitQuestion,
    form: CorrectionForm,
    *,
    what: str = "",
    impact: Impact | None = None,
    key: Sequence[Any] = (),
    wrong_key: str = "",
) -> str:
    """The question; with `impact` what `what` would change, to be confirmed."""
    is_text = question.kind not in (*CHOICE_KINDS, "true_false")
    return render_template(
        "play/question.html",
        contest=contest,
        question=question,
        form=form,
        what=what,
        impact=impact,
        key=key,
        key_text=(key[0] if key else "") if is_text and wrong_key else written_key(question, key or question.key),
        is_text=is_text,
        wrong_key=wrong_key,
        corrections=[made for made in correcting.corrections_of(contest.id) if made.question_id == question.id],
    )
