"""Marking anew what is recorded, after a correction; rescoring tells when and why. Only while nobody can write."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
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

PEOPLE_AT_ONCE, ATTEMPTS_AT_ONCE = 200, 1000
"""A transaction's worth: short enough that other writers on SQLite hardly wait."""

_attempts, _answers = cast(Table, Attempt.__table__), cast(Table, Answer.__table__)


@dataclass(frozen=True, slots=True)
class Touched:
    """What one portion changed."""

    people: int
    """How many were looked at."""
    attempts: Mapping[str, str]
    """Attempt → its person: those whose marks or scores are others now, open ones included."""


def mark_anew(positions: Sequence[Position], *, now: datetime) -> Iterator[Touched]:
    """Mark everything recorded by the newest kit, as far as it is not; yield after each portion is committed.

    This concerns the people of all shards, and is to be called while nobody can write in any: a kit with a correction
    is made only behind shut doors, and each door that opens after that was marked behind first. `positions` are those
    of the shards whose doors the caller has shut. Of several callers the contest's row lets one go on at a time.
    Raises FenceLost.
    """
    contest_id = positions[0].shard.contest_id
    while True:
        query = select(Correction).where(
            Correction.contest_id == contest_id, Correction.kit_version.is_not(None), Correction.rescored_at.is_(None)
        )
        hold_all(positions, now=now)
        correction = db.session.scalar(query.order_by(Correction.kit_version).limit(1))
        if correction is None:
            db.session.rollback()
            return
        people = _next_people(contest_id, after=correction.upto)
        touched: Mapping[str, str] = {}
        if people:
            version = db.session.get_one(Contest, contest_id, populate_existing=True).kit_version
            kit = get_kit(contest_id=contest_id, version=version)
            touched = _mark_people(kit, correction, people)
            correction.upto = people[-1]
        else:
            correction.rescored_at = now
        db.session.commit()
        yield Touched(len(people), touched)


def hold_all(positions: Sequence[Position], *, now: datetime) -> None:
    """Let the current transaction hold only while every position is still where it was; raises FenceLost.

    The contest's row is taken first, as by everybody else who changes both; whoever else calls this waits for it.
    """
    contest_id = positions[0].shard.contest_id
    db.session.execute(select(Contest.id).where(Contest.id == contest_id).with_for_update(key_share=True))
    for position in positions:
        recorder.hold(position, now=now)


def _next_people(contest_id: int, *, after: str) -> Sequence[str]:
    """The next people by id, so many that their attempts make one portion."""
    query = select(Attempt.person, func.count()).where(Attempt.contest_id == contest_id, Attempt.person > after)
    people: list[str] = []
    attempts = 0
    for person, count in db.session.execute(
        query.group_by(Attempt.person).order_by(Attempt.person).limit(PEOPLE_AT_ONCE)
    ):
        if people and attempts + count > ATTEMPTS_AT_ONCE:
            break
        people.append(person)
        attempts += count
    return people


def _mark_people(kit: Kit, correction: Correction, people: Sequence[str]) -> Mapping[str, str]:
    """Mark the answers of these people to the question, and add up; return the attempts that changed."""
    query = select(Attempt.id, Attempt.person, Attempt.finish, queries.paper_text)
    rows = db.session.execute(query.where(Attempt.contest_id == kit.contest_id, Attempt.person.in_(people)))
    papers: dict[str, queries.Paper] = {}
    owners: dict[str, str] = {}
    ended: set[str] = set()
    for attempt_id, person, finish, text in rows:
        paper = queries.paper_with(correction.question_id, text)
        if paper is not None:
            papers[attempt_id], owners[attempt_id] = paper, person
            if finish is not None:
                ended.add(attempt_id)
    changed = _mark_answers(kit, correction, papers, ended)
    if correction.what == VOID:
        changed = set(papers)
    _add_up(kit, {attempt_id: papers[attempt_id] for attempt_id in changed & ended})
    return {attempt_id: owners[attempt_id] for attempt_id in changed}


def _mark_answers(
    kit: Kit, correction: Correction, papers: Mapping[str, queries.Paper], ended: Collection[str]
) -> set[str]:
    """Mark the answers to the question, set its statistics right, and return the attempts whose answers changed."""
    question = kit.questions[correction.question_id]
    query = select(Answer.id, Answer.attempt_id, Answer.response, Answer.is_right, Answer.points_hundredths)
    rows: list[dict[str, Any]] = []
    changed: set[str] = set()
    answered = right = 0
    for row in db.session.execute(query.where(Answer.question_id == question.id, Answer.attempt_id.in_(papers))):
        worth = queries.worth_of(question.id, papers[row.attempt_id])
        marked = mark_answer(question, row.response, points_hundredths=worth)
        if (marked.points_hundredths, marked.is_right) != (row.points_hundredths, row.is_right):
            new = {"is_right": marked.is_right, "points_hundredths": marked.points_hundredths}
            rows.append({"row": row.id} | new)
            changed.add(row.attempt_id)
        if row.attempt_id in ended and row.response:
            # A voided question says nothing of those who answered it: it leaves the statistics of the bank.
            answered -= correction.what == VOID
            right += marked.is_right - row.is_right
    _write(_answers, ("is_right", "points_hundredths"), rows)
    if answered or right:
        db.session.execute(
            update(Question)
            .where(Question.id == question.id)
            .values(times_answered=Question.times_answered + answered, times_right=Question.times_right + right)
            .execution_options(synchronize_session=False)
        )
    return changed


def _add_up(kit: Kit, papers: Mapping[str, queries.Paper]) -> None:
    """Write score and number of right answers of ended attempts, by their answers and their voided questions."""
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
        score = {"score_hundredths": given_points + points, "right": given_right + right}
        rows.append({"row": attempt_id} | score)
    _write(_attempts, ("score_hundredths", "right"), rows)


def _write(table: Table, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Update these columns of the rows whose id is under "row"."""
    if not rows:
        return
    values: Any = {name: bindparam(name) for name in columns}
    db.session.connection().execute(update(table).where(table.c.id == bindparam("row")).values(values), rows)
