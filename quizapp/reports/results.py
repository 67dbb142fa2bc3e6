"""Results of a contest, one row an attempt and one row an answer, read in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, select

from quizapp.accounts.models import Unit
from quizapp.accounts.rules import mask_phone
from quizapp.bank.models import Question, QuestionRevision
from quizapp.bank.rules import split_pair
from quizapp.contests.models import Contest, Entry
from quizapp.core.clock import from_ms
from quizapp.core.db import db
from quizapp.play.correcting import voided_questions
from quizapp.play.models import Answer, Attempt

CHUNK = 500

ATTEMPT_COLUMNS = (
    "attempt",
    "person",
    "name",
    "phone",
    "unit",
    "group",
    "number",
    "started_at",
    "finished_at",
    "finish",
    "score",
    "full_score",
    "right",
    "answered",
    "duration_ms",
    "flagged",
    "counts",
)
ANSWER_COLUMNS = (
    "attempt",
    "question",
    "revision",
    "kind",
    "response",
    "right",
    "points",
    "answered_at",
    "spent_ms",
)


@dataclass(frozen=True, slots=True)
class Results:
    """The results of one contest; `in_full` shows names and phone numbers unmasked."""

    contest: Contest
    in_full: bool = False

    def count_attempts(self) -> int:
        query = select(func.count()).select_from(Attempt).where(Attempt.contest_id == self.contest.id)
        return db.session.scalar(query) or 0

    def count_answers(self) -> int:
        query = select(func.count()).select_from(Answer).join(Attempt).where(Attempt.contest_id == self.contest.id)
        return db.session.scalar(query) or 0

    def attempts(self) -> Iterator[dict[str, Any]]:
        """Rows of ATTEMPT_COLUMNS by person and number; open attempts have neither finish nor score."""
        units = _unit_names()
        query = _attempts_of(self.contest.id)
        for attempt, entry, counts in db.session.execute(query.execution_options(yield_per=CHUNK)):
            yield self._attempt_row(attempt, entry, bool(counts), units)

    def _attempt_row(
        self, attempt: Attempt, entry: Entry | None, counts: bool, units: dict[int, str]
    ) -> dict[str, Any]:
        name, phone = (entry.name, entry.phone) if entry else (None, None)
        return {
            "attempt": attempt.id,
            "person": attempt.person,
            "name": name if self.in_full else (entry.masked_name if entry else None),
            "phone": phone if self.in_full or phone is None else mask_phone(phone),
            "unit": units.get(entry.unit_id) if entry and entry.unit_id else None,
            "group": entry.audience if entry else None,
            "number": attempt.number,
            "started_at": moment(attempt.started_ms),
            "finished_at": moment(attempt.finished_ms),
            "finish": attempt.finish,
            "score": points(attempt.score_hundredths),
            "full_score": points(attempt.full_hundredths),
            "right": attempt.right,
            "answered": attempt.answered,
            "duration_ms": attempt.duration_ms,
            "flagged": attempt.is_flagged,
            "counts": counts,
        }

    def answers(self) -> Iterator[dict[str, Any]]:
        """Rows of ANSWER_COLUMNS by attempt and question.

        `response` holds the bank's option ids: of matching an object from left to right, else a list. A voided
        question is right for everybody.
        """
        voided = voided_questions(self.contest)
        # Columns instead of objects, since there may be millions.
        query = (
            select(
                Answer.attempt_id,
                Answer.question_id,
                QuestionRevision.number,
                Question.kind,
                Answer.response,
                Answer.is_right,
                Answer.points_hundredths,
                Answer.answered_ms,
                Answer.spent_ms,
                Attempt.paper if voided else literal(None).label("paper"),
            )
            .join(Attempt, Attempt.id == Answer.attempt_id)
            .join(QuestionRevision, QuestionRevision.id == Answer.revision_id)
            .join(Question, Question.id == Answer.question_id)
            .where(Attempt.contest_id == self.contest.id)
            .order_by(Answer.attempt_id, Answer.question_id)
            .execution_options(yield_per=CHUNK)
        )
        for row in db.session.execute(query):
            is_void = row.question_id in voided
            worth = next(drawn[2] for drawn in row.paper if drawn[0] == row.question_id) if is_void else 0
            yield {
                "attempt": row.attempt_id,
                "question": row.question_id,
                "revision": row.number,
                "kind": row.kind,
                "response": dict(map(split_pair, row.response)) if row.kind == "matching" else row.response,
                "right": is_void or row.is_right,
                "points": points(worth if is_void else row.points_hundredths),
                "answered_at": moment(row.answered_ms),
                "spent_ms": row.spent_ms,
            }

    def attempts_with_answers(self) -> Iterator[dict[str, Any]]:
        """Rows of ATTEMPT_COLUMNS, each with its answers under "answers"; both are read side by side."""
        units = _unit_names()
        query = _attempts_of(self.contest.id, by_id=True)
        answers = self.answers()
        answer = next(answers, None)
        for attempt, entry, counts in db.session.execute(query.execution_options(yield_per=CHUNK)):
            row = self._attempt_row(attempt, entry, bool(counts), units)
            row["answers"] = []
            while answer is not None and answer["attempt"] == attempt.id:
                row["answers"].append({name: value for name, value in answer.items() if name != "attempt"})
                answer = next(answers, None)
            yield row


def contests_with_attempts() -> list[tuple[Contest, int, int]]:
    """Each published contest with its recorded people and finished attempts, newest first."""
    finished = Attempt.finish.is_not(None)
    rows = db.session.execute(
        select(
            Contest, func.count(func.distinct(Attempt.person)).filter(finished), func.count(Attempt.id).filter(finished)
        )
        .outerjoin(Attempt, Attempt.contest_id == Contest.id)
        .where(Contest.state == "published")
        .group_by(Contest.id)
        .order_by(Contest.opens_at.desc(), Contest.id.desc())
    )
    return [(contest, people, attempts) for contest, people, attempts in rows]


def points(hundredths: int | None) -> int | float | None:
    """Points as a number for programs and sheets: whole where it is whole."""
    if hundredths is None:
        return None
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


def moment(milliseconds: int | None) -> str | None:
    """RFC 3339 UTC with milliseconds."""
    if milliseconds is None:
        return None
    return from_ms(milliseconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _attempts_of(contest_id: int, *, by_id: bool = False) -> Select[Attempt, Entry, bool]:
    order = (Attempt.id,) if by_id else (Attempt.person, Attempt.number)
    return (
        select(Attempt, Entry, _counts())
        .outerjoin(Entry, (Entry.contest_id == Attempt.contest_id) & (Entry.person == Attempt.person))
        .where(Attempt.contest_id == contest_id)
        .order_by(*order)
    )


def _counts() -> ColumnElement[bool]:
    """Whether an attempt is the one that counts: a person's best finished one, the shorter time first."""
    place = func.row_number().over(
        partition_by=Attempt.person,
        order_by=(
            case((Attempt.finish.is_(None), 1), else_=0),
            case((Attempt.is_flagged, 1), else_=0),
            Attempt.score_hundredths.desc(),
            Attempt.duration_ms,
            Attempt.number,
        ),
    )
    return (place == 1) & Attempt.finish.is_not(None) & ~Attempt.is_flagged


def _unit_names() -> dict[int, str]:
    """Unit id → its path from the root, e.g. 白银市 / 会宁县 / 教育局."""
    units = {unit_id: (name, parent) for unit_id, name, parent in db.session.execute(_UNITS)}

    def path(unit_id: int) -> str:
        names: list[str] = []
        step: int | None = unit_id
        while step is not None and len(names) <= len(units):
            name, step = units[step]
            names.insert(0, name)
        return " / ".join(names)

    return {unit_id: path(unit_id) for unit_id in units}


_UNITS = select(Unit.id, Unit.name, Unit.parent_id)
