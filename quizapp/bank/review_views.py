"""Pages of review: sending questions to it, the queue, one question after another, verdicts, comments, holds."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from quizapp.accounts import audit
from quizapp.accounts.access import current_staff, require
from quizapp.bank import law_queries, review_queries, reviewing, revision_differences, uses
from quizapp.bank.blueprint import ROWS, bank_or_404, blueprint, four_eyes, import_or_404, question_or_404
from quizapp.bank.finding import load_questions
from quizapp.bank.forms import HoldForm
from quizapp.bank.models import Question, QuestionRevision
from quizapp.bank.review_forms import CommentForm, VerdictForm
from quizapp.bank.review_queries import WHOSE, Queue
from quizapp.core.clock import utc_now
from quizapp.core.errors import NotFound
from quizapp.core.i18n import _
from quizapp.core.paging import Listed

VERDICTS = ("approved", "returned")


# Sending to review


@blueprint.post("/questions/<int:question_id>/submit")
@require("organiser")
def submit(question_id: int) -> ResponseReturnValue:
    found = question_or_404(question_id)
    reviewing.submit(question=found)
    flash(_("已送审。"), "success")
    return redirect(url_for("bank.question", question_id=found.id), 303)


@blueprint.post("/<int:bank_id>/submit-drafts")
@require("organiser")
def submit_drafts(bank_id: int) -> ResponseReturnValue:
    bank = bank_or_404(bank_id)
    return _submitted(reviewing.submit_drafts(bank_id=bank.id, actor=current_staff(), now=utc_now()))


@blueprint.post("/imports/<int:import_id>/submit-drafts")
@require("organiser")
def submit_import(import_id: int) -> ResponseReturnValue:
    imported = import_or_404(import_id)
    return _submitted(reviewing.submit_drafts(import_id=imported.id, actor=current_staff(), now=utc_now()))


def _submitted(count: int) -> ResponseReturnValue:
    flash(
        _("已送审 %(count)s 题。", count=str(count)) if count else _("没有草稿可以送审。"),
        "success" if count else "info",
    )
    return redirect(url_for("bank.reviews", whose="all"), 303)


# The queue


def _queue() -> Queue:
    """The queue that the address or the form names; by default what the reader may approve."""
    values = request.values
    bank = values.get("bank", "")
    return Queue(
        whose=values.get("whose", "") if values.get("whose") in WHOSE else "open",
        bank_id=int(bank) if bank.isascii() and bank.isdigit() and len(bank) < 10 else None,
        is_sensitive=bool(values.get("sensitive")),
    )


def _queue_values(queue: Queue) -> dict[str, Any]:
    """The queue as parts of an address."""
    return {"whose": queue.whose, "bank": queue.bank_id, "sensitive": "1" if queue.is_sensitive else None}


def _queued(queue: Queue) -> list[int]:
    return review_queries.queued_ids(queue, reader=current_staff(), four_eyes=four_eyes())


@blueprint.get("/review")
@require("reviewer", "organiser")
def reviews() -> ResponseReturnValue:
    """The questions that wait for a reviewer, oldest first, and the drafts that nobody has sent to review."""
    queue = _queue()
    ids = _queued(queue)
    return render_template(
        "bank/reviews.html",
        page=Listed(rows=ids, per_page=ROWS, load=load_questions),
        queue=queue,
        queue_values=_queue_values(queue),
        first=ids[0] if ids else None,
        banks=review_queries.banks_in_review(),
        drafts=review_queries.banks_with_drafts(),
        imports=review_queries.imports_with_drafts(),
        form=VerdictForm(formdata=None),
    )


@blueprint.post("/review")
@require("reviewer", "organiser")
def judge_many() -> ResponseReturnValue:
    """Approve or return the chosen questions, each by the revision that the page showed."""
    form, seen, verdict = VerdictForm(), _chosen(), request.form.get("verdict", "")
    way_back = url_for("bank.reviews", **_queue_values(_queue()))
    if verdict not in VERDICTS or not seen:
        flash(_("没有选中题目。请先勾选要审核的题目。"), "danger")
        return redirect(way_back, 303)
    if not form.validate():
        flash(form.comment.errors[0], "danger")
        return redirect(way_back, 303)
    if verdict == "approved":
        _must_be_reviewer()
    judged = reviewing.judge_many(
        questions=load_questions(list(seen)),
        verdict=verdict,
        reviewer=current_staff(),
        four_eyes=four_eyes(),
        comment=form.comment.data,
        now=utc_now(),
        seen=seen,
    )
    if judged.done:
        done = str(judged.done)
        is_approval = verdict == "approved"
        flash(
            _("已通过 %(count)s 题。", count=done) if is_approval else _("已退回 %(count)s 题。", count=done), "success"
        )
    if judged.waiting:
        flash(_("%(count)s 道敏感题目还需另一位同事审核。", count=str(judged.waiting)), "info")
    for sentence, kept in judged.refused.items():
        flash(_("%(count)s 题没有处理：%(why)s", count=str(kept), why=sentence), "warn")
    return redirect(way_back, 303)


def _chosen() -> dict[int, int]:
    """The boxes ticked on the page, "question:revision", as numbers."""
    pairs = [text.partition(":") for text in request.form.getlist("question")[:ROWS]]
    return {
        int(question): int(revision)
        for question, _colon, revision in pairs
        if all(part.isascii() and part.isdigit() and len(part) < 10 for part in (question, revision))
    }


def _must_be_reviewer() -> None:
    if four_eyes() and not current_staff().has_role("reviewer"):
        raise reviewing.OwnQuestion


# One question


@blueprint.get("/review/<int:question_id>")
@require("reviewer", "organiser")
def review(question_id: int) -> ResponseReturnValue:
    """A question beside its articles, what changed since it was last approved, and the next one a click away."""
    found, queue = question_or_404(question_id), _queue()
    ids = _queued(queue)
    before, after = review_queries.neighbours(ids, found.id)
    base = _base_of(found)
    return render_template(
        "bank/review.html",
        question=found,
        queue_values=_queue_values(queue),
        place=ids.index(found.id) + 1 if found.id in ids else None,
        count=len(ids),
        before=before,
        after=after,
        base=base,
        differences=revision_differences.compare(base, found.latest) if base else [],
        bases=law_queries.bases_of(found.latest),
        approvals=len(reviewing.approvers_of(found)),
        **beside(found),
    )


def beside(question: Question) -> dict[str, Any]:
    """What every page of a question shows of its review."""
    used: dict[int, list[uses.Use]] = {}
    for use in uses.uses_of(question.id):
        used.setdefault(use.revision_id, []).append(use)
    return {
        "review_form": VerdictForm(formdata=None, revision=str(question.latest.number)),
        "comment_form": CommentForm(formdata=None),
        "names": review_queries.reviewer_names(question),
        "uses": used,
        "four_eyes": four_eyes(),
        "field_words": revision_differences.FIELD_WORDS,
    }


def _base_of(question: Question) -> QuestionRevision | None:
    """The revision with which the newest is compared: the approved one, else the one before it."""
    if question.approved is not None and question.approved is not question.latest:
        return question.approved
    return question.revisions[-2] if len(question.revisions) > 1 else None


@blueprint.get("/questions/<int:question_id>/compare")
@require("organiser", "reviewer")
def compare(question_id: int) -> ResponseReturnValue:
    """What differs between any two revisions, the older one first."""
    found = question_or_404(question_id)
    by_number = {revision.number: revision for revision in found.revisions}
    newest = found.latest.number
    chosen = [
        request.args.get(name, default, type=int) for name, default in (("before", newest - 1), ("after", newest))
    ]
    if len(by_number) < 2 or any(number not in by_number for number in chosen):
        raise NotFound
    before, after = (by_number[number] for number in sorted(chosen))
    return render_template(
        "bank/compare.html",
        question=found,
        before=before,
        after=after,
        differences=revision_differences.compare(before, after),
        field_words=revision_differences.FIELD_WORDS,
    )


@blueprint.post("/questions/<int:question_id>/approve")
@require("reviewer", "organiser")
def approve(question_id: int) -> ResponseReturnValue:
    found = question_or_404(question_id)
    _must_be_reviewer()
    form = VerdictForm()
    if not form.validate():
        flash(form.comment.errors[0], "danger")
        return redirect(_same(found), 303)
    reviewing.approve(
        question=found,
        reviewer=current_staff(),
        four_eyes=four_eyes(),
        comment=form.comment.data,
        now=utc_now(),
        seen=_seen(form),
    )
    if found.state == "approved":
        flash(_("已审核通过。"), "success")
    else:
        flash(_("已记下您的通过意见；敏感题目还需另一位同事审核。"), "info")
    return redirect(_next(found), 303)


@blueprint.post("/questions/<int:question_id>/return")
@require("reviewer", "organiser")
def return_question(question_id: int) -> ResponseReturnValue:
    found = question_or_404(question_id)
    form = VerdictForm()
    if not form.validate():
        flash(form.comment.errors[0], "danger")
        return redirect(_same(found), 303)
    try:
        reviewing.return_question(
            question=found, reviewer=current_staff(), comment=form.comment.data, now=utc_now(), seen=_seen(form)
        )
    except reviewing.ReasonMissing as refusal:
        flash(refusal.message(), "danger")
        return redirect(_same(found), 303)
    flash(_("已退回给编写者。"), "success")
    return redirect(_next(found), 303)


@blueprint.post("/questions/<int:question_id>/comments")
@require("organiser", "reviewer")
def comment(question_id: int) -> ResponseReturnValue:
    found, form = question_or_404(question_id), CommentForm()
    if form.validate():
        reviewing.add_comment(question=found, author=current_staff(), comment=form.comment.data, now=utc_now())
        flash(_("意见已记下。"), "success")
    else:
        flash(form.comment.errors[0], "danger")
    return redirect(_same(found), 303)


def _seen(form: VerdictForm) -> int | None:
    text = form.revision.data or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _same(question: Question) -> str:
    """The page from which a form came: the question in the queue, or its own page."""
    if "queue" in request.form:
        return url_for("bank.review", question_id=question.id, **_queue_values(_queue()))
    return url_for("bank.question", question_id=question.id)


def _next(question: Question) -> str:
    """After a verdict in the queue the next question, from the beginning again at its end; then the queue itself."""
    if "queue" not in request.form:
        return url_for("bank.question", question_id=question.id)
    queue = _queue()
    others = [other for other in _queued(queue) if other != question.id]
    _before, after = review_queries.neighbours(others, question.id)
    following = after or (others[0] if others else None)
    if following is None:
        return url_for("bank.reviews", **_queue_values(queue))
    return url_for("bank.review", question_id=following, **_queue_values(queue))


# Holds


@blueprint.post("/questions/<int:question_id>/hold")
@require("organiser", "reviewer")
def hold(question_id: int) -> ResponseReturnValue:
    """Hold a question with a reason, or release a held one."""
    found = question_or_404(question_id)
    if found.held_reason:
        reason = ""
    else:
        form = HoldForm()
        if not form.validate():
            flash(form.reason.errors[0], "danger")
            return redirect(url_for("bank.question", question_id=found.id), 303)
        reason = form.reason.data.strip()
    audit.record(
        action="bank.hold" if reason else "bank.release",
        subject_kind="question",
        subject_id=str(found.id),
        detail={"before": found.held_reason, "after": reason},
        now=utc_now(),
        actor=current_staff(),
    )
    reviewing.hold(question=found, reason=reason)
    return redirect(url_for("bank.question", question_id=found.id), 303)
