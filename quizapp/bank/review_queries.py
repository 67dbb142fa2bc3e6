"""Reads of the review queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import aliased

from quizapp.accounts.models import User
from quizapp.bank.models import Bank, Question, QuestionImport, QuestionReview, QuestionRevision
from quizapp.core.db import db

WHOSE = ("open", "all", "own")


@dataclass(frozen=True, slots=True)
class Queue:
    """Which of the questions in review are wanted."""

    whose: str = "all"
    """open: those that the reader may still approve; own: those that the reader wrote; all."""
    bank_id: int | None = None
    is_sensitive: bool = False


def queued_ids(queue: Queue, *, reader: User, four_eyes: bool) -> list[int]:
    """The ids of the questions in review that are wanted, oldest first."""
    query = select(Question.id).where(Question.state == "in_review").order_by(Question.id)
    if queue.bank_id is not None:
        query = query.where(Question.bank_id == queue.bank_id)
    if queue.is_sensitive:
        query = query.where(Question.is_sensitive.is_(True))
    if queue.whose == "own":
        query = query.where(_newest_is_by(reader))
    elif queue.whose == "open":
        query = query.where(~_is_approved_by(reader))
        if four_eyes:
            query = query.where(~_newest_is_by(reader))
    return list(db.session.scalars(query))


def _newest_number() -> ColumnElement[int]:
    other = aliased(QuestionRevision)
    return select(func.max(other.number)).where(other.question_id == Question.id).correlate(Question).scalar_subquery()


def _newest_is_by(reader: User) -> ColumnElement[bool]:
    return exists().where(
        QuestionRevision.question_id == Question.id,
        QuestionRevision.number == _newest_number(),
        QuestionRevision.author_id == reader.id,
    )


def _is_approved_by(reader: User) -> ColumnElement[bool]:
    """Whether the reader's word on the newest revision is that it is right, and nobody returned it after that."""
    later = aliased(QuestionReview)
    returned = exists().where(
        later.question_id == QuestionReview.question_id,
        later.verdict == "returned",
        later.id > QuestionReview.id,
    )
    return exists().where(
        QuestionReview.question_id == Question.id,
        QuestionReview.reviewer_id == reader.id,
        QuestionReview.verdict == "approved",
        QuestionReview.revision_number == _newest_number(),
        ~returned,
    )


def neighbours(ids: Sequence[int], question_id: int) -> tuple[int | None, int | None]:
    """The questions before and after one in a queue; one that has left it stands where it stood."""
    before = [other for other in ids if other < question_id]
    after = [other for other in ids if other > question_id]
    return (before[-1] if before else None), (after[0] if after else None)


def banks_in_review() -> list[tuple[Bank, int]]:
    """The banks with questions in review, and how many."""
    return _banks_with("in_review")


def banks_with_drafts() -> list[tuple[Bank, int]]:
    """The banks with drafts that nobody has sent to review, and how many."""
    return _banks_with("draft")


def _banks_with(state: str) -> list[tuple[Bank, int]]:
    rows = db.session.execute(
        select(Bank, func.count(Question.id))
        .join(Question, Question.bank_id == Bank.id)
        .where(Question.state == state)
        .group_by(Bank.id)
        .order_by(Bank.name)
    )
    return [(bank, count) for bank, count in rows]


def imports_with_drafts() -> list[tuple[QuestionImport, int]]:
    """The imports of which drafts are left, newest first, and how many."""
    rows = db.session.execute(
        select(QuestionImport, func.count(Question.id))
        .join(Question, Question.import_id == QuestionImport.id)
        .where(Question.state == "draft")
        .group_by(QuestionImport.id)
        .order_by(QuestionImport.id.desc())
        .limit(20)
    )
    return [(imported, count) for imported, count in rows]


def reviewer_names(question: Question) -> dict[int, str]:
    """The display names of everybody who wrote or judged a revision of a question."""
    ids = {revision.author_id for revision in question.revisions} | {review.reviewer_id for review in question.reviews}
    users = db.session.scalars(select(User).where(User.id.in_([user_id for user_id in ids if user_id])))
    return {user.id: user.display_name for user in users}
