"""Results of a contest, one row an attempt and one row an answer, read in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, Text, case, cast, func, select

from quizapp.accounts.models import Unit
from quizapp.accounts.rules import mask_phone
from quizapp.bank.models import Question, QuestionRevision
from quizapp.bank.rules import split_pair
from quizapp.contests.models import Contest, Entry
from quizapp.core.clock import from_ms
from quizapp.core.db import db
from quizapp.play.correcting import voided_questions
from quizapp.play.models import Answer, Attempt

ATTEMPTS_AT_ONCE = 200
"""With all their answers."""

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
        query = self._attempts().order_by(Attempt.person, Attempt.number)
        units = _unit_names()
        for row in db.session.execute(query, execution_options={"yield_per": ATTEMPTS_AT_ONCE}):
            yield self._attempt_row(row, units)

    def answers(self) -> Iterator[dict[str, Any]]:
        """Rows of ANSWER_COLUMNS by attempt and question.

        `response` holds the bank's option ids: of matching an object from left to right, else a list. A voided
        question is right for everybody.
        """
        query = select(Attempt.id).where(Attempt.contest_id == self.contest.id).order_by(Attempt.id)
        answers = _Answers(self.contest)
        found = db.session.scalars(query, execution_options={"yield_per": ATTEMPTS_AT_ONCE})
        for ids in found.partitions():
            yield from answers.of(ids)

    def attempts_with_answers(self) -> Iterator[dict[str, Any]]:
        """Rows of ATTEMPT_COLUMNS by attempt, each with its answers under "answers"."""
        query = self._attempts().order_by(Attempt.id)
        units, answers = _unit_names(), _Answers(self.contest)
        found = db.session.execute(query, execution_options={"yield_per": ATTEMPTS_AT_ONCE})
        for rows in found.partitions():
            theirs: dict[str, list[dict[str, Any]]] = {row.id: [] for row in rows}
            for answer in answers.of(list(theirs)):
                theirs[answer.pop("attempt")].append(answer)
            for row in rows:
                yield self._attempt_row(row, units) | {"answers": theirs[row.id]}

    def _attempts(self) -> Select[*tuple[Any, ...]]:
        """Columns instead of objects, since there may be a hundred thousand; a name only in the form asked for."""
        return (
            select(
                Attempt.id,
                Attempt.person,
                (Entry.name if self.in_full else Entry.masked_name).label("name"),
                Entry.phone,
                Entry.unit_id,
                Entry.audience,
                Attempt.number,
                Attempt.started_ms,
                Attempt.finished_ms,
                Attempt.finish,
                Attempt.score_hundredths,
                Attempt.full_hundredths,
                Attempt.right,
                Attempt.answered,
                Attempt.duration_ms,
                Attempt.is_flagged,
                _counts().label("counts"),
            )
            .outerjoin(Entry, (Entry.contest_id == Attempt.contest_id) & (Entry.person == Attempt.person))
            .where(Attempt.contest_id == self.contest.id)
        )

    def _attempt_row(self, row: Row[Any], units: Mapping[int, str]) -> dict[str, Any]:
        return {
            "attempt": row.id,
            "person": row.person,
            "name": row.name,
            "phone": row.phone if self.in_full or row.phone is None else mask_phone(row.phone),
            "unit": units.get(row.unit_id),
            "group": row.audience,
            "number": row.number,
            "started_at": moment(row.started_ms),
            "finished_at": moment(row.finished_ms),
            "finish": row.finish,
            "score": points(row.score_hundredths),
            "full_score": points(row.full_hundredths),
            "right": row.right,
            "answered": row.answered,
            "duration_ms": row.duration_ms,
            "flagged": row.is_flagged,
            "counts": bool(row.counts),
        }


_ANSWER = Answer.__table__.c
"""Of the table and not of the class, whose way through the session costs each row half as much again."""


@lru_cache(maxsize=1024)
def _response(text: str, kind: str) -> list[str] | dict[str, str]:
    """A response as it is told, of the JSON that is stored. Kept, as most people answer alike: not to be changed."""
    response = msgspec.json.decode(text)
    return dict(map(split_pair, response)) if kind == "matching" else response


class _Answers:
    """Reads the answers of some attempts at a time, by the index that has them in order.

    One statement for all of a contest would have the database sort millions of rows and look up the question of each.
    """

    def __init__(self, contest: Contest) -> None:
        self._voided = voided_questions(contest)
        self._revisions: dict[int, tuple[int, str]] = {}
        """Those that were answered: id → number and kind."""

    def of(self, attempts: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Rows of ANSWER_COLUMNS by attempt and question."""
        rows = db.session.execute(
            select(
                _ANSWER.attempt_id,
                _ANSWER.question_id,
                _ANSWER.revision_id,
                cast(_ANSWER.response, Text),
                _ANSWER.is_right,
                _ANSWER.points_hundredths,
                _ANSWER.answered_ms,
                _ANSWER.spent_ms,
            )
            .where(_ANSWER.attempt_id.in_(attempts))
            .order_by(_ANSWER.attempt_id, _ANSWER.question_id)
        ).all()
        self._look_up({row[2] for row in rows})
        worth = self._worth(attempts)
        for attempt, question, revision, response, is_right, hundredths, answered_ms, spent_ms in rows:
            number, kind = self._revisions[revision]
            is_void = question in self._voided
            yield {
                "attempt": attempt,
                "question": question,
                "revision": number,
                "kind": kind,
                "response": _response(response, kind),
                "right": is_void or is_right,
                "points": points(worth[attempt, question] if is_void else hundredths),
                "answered_at": moment(answered_ms),
                "spent_ms": spent_ms,
            }

    def _look_up(self, revisions: Set[int]) -> None:
        new = revisions - self._revisions.keys()
        if new:
            query = select(QuestionRevision.id, QuestionRevision.number, Question.kind).join(Question)
            found = db.session.execute(query.where(QuestionRevision.id.in_(new)))
            self._revisions |= {id_: (number, kind) for id_, number, kind in found}

    def _worth(self, attempts: Sequence[str]) -> dict[tuple[str, int], int]:
        """What the voided questions of some attempts are worth, in hundredths, by attempt and question."""
        if not self._voided:
            return {}
        papers = db.session.execute(select(Attempt.id, Attempt.paper).where(Attempt.id.in_(attempts)))
        return {
            (attempt, drawn[0]): drawn[2] for attempt, paper in papers for drawn in paper if drawn[0] in self._voided
        }


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
    minute, rest = divmod(milliseconds, 60_000)
    return f"{_minute(minute)}:{rest // 1000:02}.{rest % 1000:03}Z"


@lru_cache(maxsize=4096)
def _minute(minutes: int) -> str:
    """A moment to its minute, kept: thousands answer in the same one."""
    return from_ms(minutes * 60_000).isoformat(timespec="minutes").removesuffix("+00:00")


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
