"""One act on many questions, which can be undone as one. Everything here flushes and never commits.

An act changes the fields that its entry in FIELDS names. What each question was before and is after is kept with the
act, and undoing it gives back the old values to every question that still has the new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from quizapp.accounts import audit
from quizapp.accounts.models import User
from quizapp.bank.models import Bank, BulkChange, Question, Topic
from quizapp.bank.topics import find_or_add
from quizapp.core.db import db
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _

MOST_QUESTIONS = 20_000
_PORTION = 500
"""Questions asked for at once: databases limit the numbers of one statement."""

FIELDS: dict[str, tuple[str, ...]] = {
    "add_topic": ("topics",),
    "remove_topic": ("topics",),
    "set_difficulty": ("difficulty",),
    "set_sensitive": ("is_sensitive",),
    "submit": ("state",),
    "approve": ("state", "approved_at"),
    "hold": ("held_reason", "held_article_id"),
    "release": ("held_reason", "held_article_id"),
    "retire": ("state",),
    "restore": ("state",),
    "move": ("bank_id",),
}


class TooManyQuestions(DomainError):
    """More questions than one act may change."""

    status, code = 422, "too_many_questions"

    def message(self) -> str:
        return _("一次最多修改 %(most)s 道题，请缩小范围后分几次修改。", most=str(MOST_QUESTIONS))


class NothingChosen(DomainError):
    """No question was chosen, or the ones chosen are gone."""

    status, code = 422, "nothing_chosen"

    def message(self) -> str:
        return _("没有选中题目。请先勾选要修改的题目。")


class AlreadyUndone(DomainError):
    status, code = 409, "already_undone"

    def message(self) -> str:
        return _("这次批量修改已经撤销过了。")


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done: a name of FIELDS with what it needs (a topic's name, a number, a reason, a bank)."""

    action: str
    topic: str = ""
    number: int = 0
    """Difficulty 1 to 3; 1 or 0 for sensitive or not."""
    reason: str = ""
    bank_id: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    change: BulkChange | None
    """None where no question was changed."""
    changed: int
    untouched: int
    """Questions that were so already, or whose state does not allow the act."""


def apply(*, bank: Bank, ids: Sequence[int], order: Order, actor: User | None, now: datetime) -> Done:
    """Do one act on questions of a bank; those that the act does not fit stay as they are.

    Raises NothingChosen, TooManyQuestions.
    """
    if len(ids) > MOST_QUESTIONS:
        raise TooManyQuestions
    questions = _load(bank, ids)
    if not questions:
        raise NothingChosen
    change = _changer(order, now)
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    with db.session.no_autoflush:
        for question in questions:
            was = _read(question, FIELDS[order.action])
            change(question)
            now_is = _read(question, FIELDS[order.action])
            if now_is != was:
                before[str(question.id)], after[str(question.id)] = was, now_is
    done = None
    if after:
        done = BulkChange(
            bank_id=bank.id,
            action=order.action,
            before=before,
            after=after,
            actor_id=actor.id if actor else None,
            at=now,
        )
        db.session.add(done)
        detail = {"questions": len(after), "topic": order.topic, "number": order.number, "reason": order.reason}
        _note(f"bank.bulk_{order.action}", bank, detail, actor, now)
    db.session.flush()
    return Done(done, len(after), len(ids) - len(after))


def undo(*, change: BulkChange, bank: Bank, actor: User | None, now: datetime) -> tuple[int, int]:
    """Give back what an act changed; return how many questions were put back, and how many were changed since then
    or are gone and stay as they are. Raises AlreadyUndone.
    """
    if change.undone_at is not None:
        raise AlreadyUndone
    fields = FIELDS[change.action]
    questions = _load(None, [int(question_id) for question_id in change.after])
    put_back = 0
    with db.session.no_autoflush:
        for question in questions:
            if _read(question, fields) == change.after[str(question.id)]:
                _write(question, change.before[str(question.id)])
                put_back += 1
    change.undone_at = now
    _note(
        "bank.bulk_undo",
        bank,
        {"change": change.id, "action": f"bank.bulk_{change.action}", "questions": put_back},
        actor,
        now,
    )
    db.session.flush()
    return put_back, len(change.after) - put_back


def _note(action: str, bank: Bank, detail: dict[str, Any], actor: User | None, now: datetime) -> None:
    audit.record(
        action=action,
        subject_kind="bank",
        subject_id=str(bank.id),
        detail={name: value for name, value in detail.items() if value},
        now=now,
        actor=actor,
    )


def _load(bank: Bank | None, ids: Sequence[int]) -> list[Question]:
    questions: list[Question] = []
    for start in range(0, len(ids), _PORTION):
        query = (
            select(Question)
            .where(Question.id.in_(ids[start : start + _PORTION]))
            .options(selectinload(Question.topics), selectinload(Question.revisions))
        )
        if bank is not None:
            query = query.where(Question.bank_id == bank.id)
        questions.extend(db.session.scalars(query))
    return questions


def _read(question: Question, fields: Sequence[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in fields:
        if name == "topics":
            values[name] = sorted(topic.id for topic in question.topics)
        elif name == "approved_at":
            moment = question.latest.approved_at
            values[name] = moment.isoformat() if moment else None
        else:
            values[name] = getattr(question, name)
    return values


def _write(question: Question, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if name == "topics":
            question.topics = list(db.session.scalars(select(Topic).where(Topic.id.in_(value))))
        elif name == "approved_at":
            question.latest.approved_at = datetime.fromisoformat(value) if value else None
        else:
            setattr(question, name, value)


def _changer(order: Order, now: datetime) -> Callable[[Question], None]:
    """The act on one question; a question in a state that does not allow it is left alone."""
    topic = find_or_add(order.topic) if order.action == "add_topic" else None

    def change(question: Question) -> None:
        match order.action:
            case "add_topic" if topic is not None and topic not in question.topics:
                question.topics = [*question.topics, topic]
            case "remove_topic":
                question.topics = [kept for kept in question.topics if kept.name != order.topic]
            case "set_difficulty":
                question.difficulty = order.number
            case "set_sensitive":
                question.is_sensitive = bool(order.number)
            case "submit" if question.state == "draft":
                question.state = "in_review"
            case "approve" if question.state in ("draft", "in_review"):
                question.state, question.latest.approved_at = "approved", now
            case "hold" if not question.held_reason:
                question.held_reason = order.reason
            case "release":
                question.held_reason, question.held_article_id = "", None
            case "retire":
                question.state = "retired"
            case "restore" if question.state == "retired":
                question.state = "approved" if question.latest.approved_at else "draft"
            case "move":
                question.bank_id = order.bank_id

    return change
