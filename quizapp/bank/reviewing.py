"""The way of a question to its use: submit, approve, return, hold. Everything here flushes and never commits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update

from quizapp.accounts import audit
from quizapp.accounts.models import User
from quizapp.bank.actions import WrongState
from quizapp.bank.law_changes import release_if_settled
from quizapp.bank.models import Question, QuestionReview, QuestionRevision
from quizapp.core.db import db
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _


class OwnQuestion(DomainError):
    """With four eyes on, whoever wrote a revision may not approve it."""

    status, code = 403, "own_question"

    def message(self) -> str:
        return _("自己编写的题目须由另一位同事审核。")


def submit(*, question: Question) -> None:
    """Hand a draft to the reviewers."""
    _step(question, "draft", "in_review")


def approve(*, question: Question, reviewer: User, four_eyes: bool, comment: str, now: datetime) -> None:
    """Approve the newest revision; with four eyes a sensitive question needs two different reviewers.

    Raises WrongState, or OwnQuestion when the reviewer wrote it.
    """
    if question.state != "in_review":
        raise WrongState
    if four_eyes and question.latest.author_id == reviewer.id:
        raise OwnQuestion
    _record_verdict(question, reviewer, "approved", comment, now)
    approvers = {
        review.reviewer_id
        for review in question.reviews
        if review.verdict == "approved" and review.revision_number == question.latest.number
    }
    if four_eyes and question.is_sensitive and len(approvers) < 2:
        return
    question.state = "approved"
    question.latest.approved_at = now
    release_if_settled(question=question, actor=reviewer, now=now)
    db.session.flush()


def return_question(*, question: Question, reviewer: User, comment: str, now: datetime) -> None:
    """Give a question back to its author with a reason."""
    if question.state != "in_review":
        raise WrongState
    _record_verdict(question, reviewer, "returned", comment, now)
    question.state = "draft"
    db.session.flush()


def _record_verdict(question: Question, reviewer: User, verdict: str, comment: str, now: datetime) -> None:
    question.reviews.append(
        QuestionReview(
            revision_number=question.latest.number, reviewer_id=reviewer.id, verdict=verdict, comment=comment, at=now
        )
    )
    audit.record(
        action=f"bank.{verdict}",
        subject_kind="question",
        subject_id=str(question.id),
        detail={"revision": question.latest.number, "comment": comment},
        now=now,
        actor=reviewer,
    )


def approve_import(*, import_id: int, actor: User | None, now: datetime) -> int:
    """Approve every draft of one import in one audited act, for installations without four eyes; return how many."""
    drafts = select(Question.id).where(Question.import_id == import_id, Question.state == "draft")
    newest = (
        select(func.max(QuestionRevision.id))
        .where(QuestionRevision.question_id.in_(drafts))
        .group_by(QuestionRevision.question_id)
    )
    db.session.execute(update(QuestionRevision).where(QuestionRevision.id.in_(newest)).values(approved_at=now))
    count = len(
        db.session.scalars(
            update(Question).where(Question.id.in_(drafts)).values(state="approved").returning(Question.id)
        ).all()
    )
    audit.record(
        action="bank.approve_import",
        subject_kind="import",
        subject_id=str(import_id),
        detail={"questions": count},
        now=now,
        actor=actor,
    )
    db.session.flush()
    return count


def hold(*, question: Question, reason: str) -> None:
    """Keep a question out of new contests until somebody has looked; an empty reason releases it."""
    question.held_reason = reason
    if not reason:
        question.held_article_id = None
    db.session.flush()


def _step(question: Question, before: str, after: str) -> None:
    if question.state != before:
        raise WrongState
    question.state = after
    db.session.flush()
