"""The way of a question to its use: submit, approve, return, hold. Everything here flushes and never commits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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


class AlreadyApproved(DomainError):
    """A sensitive question needs two people; the second approval of one person is none."""

    status, code = 409, "already_approved"

    def message(self) -> str:
        return _("您已经通过了这道题；敏感题目还需另一位同事审核。")


class NewerRevision(DomainError):
    """The question says something else now than what its reviewer read."""

    status, code = 409, "newer_revision"

    def message(self) -> str:
        return _("这道题刚刚有了新的修订，请看过再审。")


class ReasonMissing(DomainError):
    """Who returns a question says why."""

    status, code = 422, "reason_missing"

    def message(self) -> str:
        return _("退回时请写明原因，好让编写者知道怎么改。")


@dataclass(frozen=True, slots=True)
class Judged:
    """What one verdict on several questions did."""

    done: int = 0
    waiting: int = 0
    """Approved by this reviewer, and still waiting for another one."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """The sentence of a refusal → how many questions it kept as they were."""


def submit(*, question: Question) -> None:
    """Hand a draft to the reviewers."""
    _step(question, "draft", "in_review")


def submit_drafts(
    *, actor: User | None, now: datetime, bank_id: int | None = None, import_id: int | None = None
) -> int:
    """Hand all drafts of a bank or of an import to the reviewers in one audited act; return how many."""
    wanted = Question.bank_id == bank_id if bank_id is not None else Question.import_id == import_id
    drafts = list(db.session.scalars(select(Question).where(Question.state == "draft", wanted)))
    for question in drafts:
        question.state = "in_review"
    if drafts:
        audit.record(
            action="bank.submit_drafts",
            subject_kind="bank" if bank_id is not None else "import",
            subject_id=str(bank_id if bank_id is not None else import_id),
            detail={"questions": len(drafts)},
            now=now,
            actor=actor,
        )
    db.session.flush()
    return len(drafts)


def approvers_of(question: Question) -> set[int]:
    """Who approved the newest revision; what was said before it was last returned no longer counts."""
    approvers: set[int] = set()
    for review in question.reviews:
        if review.revision_number == question.latest.number and review.reviewer_id is not None:
            if review.verdict == "approved":
                approvers.add(review.reviewer_id)
            elif review.verdict == "returned":
                approvers.clear()
    return approvers


def approve(
    *, question: Question, reviewer: User, four_eyes: bool, comment: str, now: datetime, seen: int | None = None
) -> None:
    """Approve the newest revision; with four eyes a sensitive question needs two different reviewers.

    `seen` is the number of the revision that the reviewer read. Raises WrongState, NewerRevision, OwnQuestion when
    the reviewer wrote this revision, or AlreadyApproved.
    """
    # Of two who approve a sensitive question at the same moment, the second must see the first.
    db.session.refresh(question, with_for_update=True)
    if question.state != "in_review":
        raise WrongState
    _check_seen(question, seen)
    if four_eyes and question.latest.author_id == reviewer.id:
        raise OwnQuestion
    if reviewer.id in approvers_of(question):
        raise AlreadyApproved
    _record_verdict(question, reviewer, "approved", comment, now)
    if four_eyes and question.is_sensitive and len(approvers_of(question)) < 2:
        db.session.flush()
        return
    question.state = "approved"
    question.latest.approved_at = now
    release_if_settled(question=question, actor=reviewer, now=now)
    db.session.flush()


def judge_many(
    *,
    questions: Iterable[Question],
    verdict: str,
    reviewer: User,
    four_eyes: bool,
    comment: str,
    now: datetime,
    seen: Mapping[int, int],
) -> Judged:
    """Approve or return several questions with one comment; those that this reviewer may not judge stay as they are.

    `seen` is question id → number of the revision read. Raises ReasonMissing.
    """
    done = waiting = 0
    refused: Counter[str] = Counter()
    for question in questions:
        try:
            if verdict == "approved":
                approve(
                    question=question,
                    reviewer=reviewer,
                    four_eyes=four_eyes,
                    comment=comment,
                    now=now,
                    seen=seen.get(question.id),
                )
            else:
                return_question(
                    question=question, reviewer=reviewer, comment=comment, now=now, seen=seen.get(question.id)
                )
        except (WrongState, NewerRevision, OwnQuestion, AlreadyApproved) as refusal:
            refused[refusal.message()] += 1
        else:
            is_waiting = verdict == "approved" and question.state == "in_review"
            done, waiting = done + (not is_waiting), waiting + is_waiting
    return Judged(done, waiting, refused)


def add_comment(*, question: Question, author: User, comment: str, now: datetime) -> None:
    """Say something about the newest revision without judging it."""
    question.reviews.append(
        QuestionReview(
            revision_number=question.latest.number, reviewer_id=author.id, verdict="comment", comment=comment, at=now
        )
    )
    db.session.flush()


def return_question(
    *, question: Question, reviewer: User, comment: str, now: datetime, seen: int | None = None
) -> None:
    """Give a question back to its author with a reason. Raises WrongState, NewerRevision, ReasonMissing."""
    if not comment.strip():
        raise ReasonMissing
    db.session.refresh(question, with_for_update=True)
    if question.state != "in_review":
        raise WrongState
    _check_seen(question, seen)
    _record_verdict(question, reviewer, "returned", comment, now)
    question.state = "draft"
    db.session.flush()


def _check_seen(question: Question, seen: int | None) -> None:
    if seen is not None and seen != question.latest.number:
        raise NewerRevision


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
