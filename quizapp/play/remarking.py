"""Marking anew what is recorded, after a correction; rescoring tells when and why. Only while nobody can write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, case, func, select, update

from quizapp.bank.models import Question
from quizapp.contests.correcting import VOID, void_points
from quizapp.contests.kit import Kit
from quizapp.contests.kits import get_kit
from quizapp.contests.models import Contest
from quizapp.core.db import db
from quizapp.play import queries, recorder
from quizapp.play.models import Answer, Attempt, Correction
from quizapp.play.recorder import Position
from quizapp.play.rules import mark_answer

PEOPLE_AT_ONCE = 200
"""A transaction's worth: short enough that other writers on SQLite hardly wait."""

_attempts, _answers = cast(Table, Attempt.__table__), cast(Table, Answer.__table__)


@dataclass(frozen=True, slots=True)
class Touched:
    """Whose records were marked anew in one portion."""

    people: Sequence[str]
    ended: Sequence[str]
    """Their ended attempts with the question."""


def mark_anew(position: Position, *, now: datetime) -> Iterator[Touched]:
    """Mark everything recorded by the newest kit, as far as it is not; yield after each portion is committed.

    To be called while nobody can write. Raises FenceLost.
    """
    contest_id = position.shard.contest_id
    while True:
        query = select(Correction).where(
            Correction.contest_id == contest_id, Correction.kit_version.is_not(None), Correction.rescored_at.is_(None)
        )
        recorder.hold(position, now=now)
        correction = db.session.scalar(query.order_by(Correction.kit_version).limit(1))
        if correction is None:
            db.session.rollback()
            return
        people = _next_people(contest_id, after=correction.upto)
        ended: list[str] = []
        if people:
            version = db.session.get_one(Contest, contest_id, populate_existing=True).kit_version
            kit = get_kit(contest_id=contest_id, version=version)
            ended = _mark_people(kit, correction, people)
            correction.upto = people[-1]
        else:
            correction.rescored_at = now
        db.session.commit()
        yield Touched(people, ended)


def _next_people(contest_id: int, *, after: str) -> Sequence[str]:
    query = select(Attempt.person).where(Attempt.contest_id == contest_id, Attempt.person > after)
    return db.session.scalars(query.distinct().order_by(Attempt.person).limit(PEOPLE_AT_ONCE)).all()


def _mark_people(kit: Kit, correction: Correction, people: Sequence[str]) -> list[str]:
    """Mark the answers of these people to the question, and add up; return their ended attempts with it."""
    question_id = correction.question_id
    query = select(Attempt.id, Attempt.finish, Attempt.paper)
    rows = db.session.execute(query.where(Attempt.contest_id == kit.contest_id, Attempt.person.in_(people)))
    found = {row.id: row for row in rows if any(drawn[0] == question_id for drawn in row.paper)}
    ended = [attempt_id for attempt_id, row in found.items() if row.finish is not None]
    worth = {
        attempt_id: next(drawn[2] for drawn in row.paper if drawn[0] == question_id)
        for attempt_id, row in found.items()
    }
    _mark_answers(kit, correction, worth, set(ended))
    _add_up(kit, {attempt_id: found[attempt_id].paper for attempt_id in ended})
    return ended


def _mark_answers(kit: Kit, correction: Correction, worth: Mapping[str, int], ended: set[str]) -> None:
    question = kit.questions[correction.question_id]
    query = select(Answer.id, Answer.attempt_id, Answer.response, Answer.is_right, Answer.points_hundredths)
    changed: list[dict[str, Any]] = []
    answered = right = 0
    for row in db.session.execute(query.where(Answer.question_id == question.id, Answer.attempt_id.in_(worth))):
        marked = mark_answer(question, row.response, points_hundredths=worth[row.attempt_id])
        if (marked.points_hundredths, marked.is_right) != (row.points_hundredths, row.is_right):
            new = {"is_right": marked.is_right, "points_hundredths": marked.points_hundredths}
            changed.append({"row": row.id} | new)
        if row.attempt_id in ended and row.response:
            # A voided question says nothing of those who answered it: it leaves the statistics of the bank.
            answered -= correction.what == VOID
            right += marked.is_right - row.is_right
    if changed:
        _write(_answers, ("is_right", "points_hundredths"), changed)
    if answered or right:
        db.session.execute(
            update(Question)
            .where(Question.id == question.id)
            .values(times_answered=Question.times_answered + answered, times_right=Question.times_right + right)
            .execution_options(synchronize_session=False)
        )


def _add_up(kit: Kit, papers: Mapping[str, Sequence[Any]]) -> None:
    """Write score and number of right answers of ended attempts, by their answers and their voided questions."""
    if not papers:
        return
    query = (
        select(Answer.attempt_id, func.sum(Answer.points_hundredths), func.sum(case((Answer.is_right, 1), else_=0)))
        .where(Answer.attempt_id.in_(papers))
        .group_by(Answer.attempt_id)
    )
    sums = {attempt_id: (int(points), int(right)) for attempt_id, points, right in db.session.execute(query)}
    rows = []
    for attempt_id, paper in papers.items():
        given_points, given_right = void_points(kit, queries.drawn_of(paper))
        points, right = sums.get(attempt_id, (0, 0))
        sums_now = {"score_hundredths": given_points + points, "right": given_right + right}
        rows.append({"row": attempt_id} | sums_now)
    _write(_attempts, ("score_hundredths", "right"), rows)


def _write(table: Table, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Update these columns of the rows whose id is under "row"."""
    values: Any = {name: bindparam(name) for name in columns}
    db.session.connection().execute(update(table).where(table.c.id == bindparam("row")).values(values), rows)
