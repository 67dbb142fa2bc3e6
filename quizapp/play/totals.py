"""What the records say of a contest as a whole: people, scores, units, hand-ins over time.

Only finished attempts count, and none that is flagged. Of each person the best attempt counts.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Subquery, case, func, literal, select

from quizapp.accounts.queries import headcounts_on, unit_tree
from quizapp.accounts.tree import Tree
from quizapp.contests.models import Contest, Entry
from quizapp.core.db import db
from quizapp.play.models import Attempt

KEPT_FACTOR, KEPT_SECONDS = 20, 8.0
_kept: WeakKeyDictionary[Engine, dict[int, tuple[float, Totals]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Results:
    """People with at least one valid attempt, and how they did."""

    people: int = 0
    score_hundredths: int = 0
    """The sum over people."""
    passed: int = 0

    def __add__(self, other: Results) -> Results:
        return Results(
            self.people + other.people,
            self.score_hundredths + other.score_hundredths,
            self.passed + other.passed,
        )

    @property
    def mean_hundredths(self) -> int | None:
        """To a tenth of a point; None without people."""
        return round(self.score_hundredths / self.people / 10) * 10 if self.people else None

    @property
    def pass_percent(self) -> float | None:
        return self.passed / self.people * 100 if self.people else None


@dataclass(frozen=True, slots=True)
class Totals:
    """The results of all people together."""

    results: Results
    flagged: int
    """Finished attempts that are left out until somebody has looked at them."""


def totals_of(contest: Contest) -> Totals:
    """The totals of a contest, asked for every few seconds by everybody who watches it.

    They are kept for twenty times as long as it took to add them up, but not for long: a small contest is always
    up to date, and a very large one costs a worker little.
    """
    kept = _kept.setdefault(db.engine, {})
    started = time.monotonic()
    if contest.id in kept and started < kept[contest.id][0]:
        return kept[contest.id][1]
    totals = _add_up(contest)
    ended = time.monotonic()
    kept[contest.id] = (ended + min(KEPT_SECONDS, KEPT_FACTOR * (ended - started)), totals)
    return totals


def _add_up(contest: Contest) -> Totals:
    results = _results(db.session.execute(select(*_sums(contest, _best_attempts(contest.id)))).one())
    flagged = select(func.count(Attempt.id)).where(
        Attempt.contest_id == contest.id, Attempt.finish.is_not(None), Attempt.is_flagged
    )
    return Totals(results, db.session.scalar(flagged) or 0)


def hand_ins(contest_id: int, *, since_ms: int, until_ms: int, step_ms: int) -> Sequence[tuple[int, int]]:
    """How many attempts were finished in each step of time as (its start, count); steps without any are left out."""
    step = Attempt.finished_ms // step_ms
    rows = db.session.execute(
        select(step, func.count(Attempt.id))
        .where(Attempt.contest_id == contest_id, Attempt.finish.is_not(None))
        .where(Attempt.finished_ms >= since_ms, Attempt.finished_ms < until_ms)
        .group_by(step)
    )
    return [(number * step_ms, count) for number, count in rows if number is not None]


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit with the people of all units below it."""

    path: str
    headcount: int | None
    """Declared on the day in question; None: nothing was."""
    results: Results

    @property
    def is_over(self) -> bool:
        """More people than declared: the headcount is wrong, so there is no rate."""
        return self.headcount is not None and self.results.people > self.headcount

    @property
    def percent(self) -> float | None:
        """Participants ÷ headcount; None without a usable headcount."""
        if not self.headcount or self.is_over:
            return None
        return self.results.people / self.headcount * 100


def unit_rows(contest: Contest, *, day: date) -> list[UnitRow]:
    """The units that may be chosen in a contest and have people or a headcount, the highest rate first."""
    root_id = contest.unit_root_id
    tree, headcounts = unit_tree(), headcounts_on(day)
    summed = _with_units_below(tree, _results_by_unit(contest))
    # A root without units below it stands for itself, as in the entry form.
    ids = [node.id for _depth, node in tree.below(root_id)] or ([root_id] if root_id else [])
    offered = {node.id for node in tree.active_below(root_id)}
    rows = [
        UnitRow(tree.path(unit_id, below=root_id), headcounts.get(unit_id), summed.get(unit_id, Results()))
        for unit_id in ids
        if unit_id in summed or (unit_id in offered and headcounts.get(unit_id))
    ]
    return sorted(rows, key=lambda row: (-(row.percent if row.percent is not None else -1), -row.results.people))


def _with_units_below(tree: Tree, own: Mapping[int, Results]) -> dict[int, Results]:
    """Each unit's people and those of all units below it."""
    summed: dict[int, Results] = {}
    for unit_id, results in own.items():
        for node in [*tree.ancestors(unit_id), tree.nodes[unit_id]]:
            summed[node.id] = summed.get(node.id, Results()) + results
    return summed


def _results_by_unit(contest: Contest) -> dict[int, Results]:
    best = _best_attempts(contest.id)
    query = (
        select(Entry.unit_id, *_sums(contest, best))
        .select_from(best)
        .join(Entry, (Entry.contest_id == contest.id) & (Entry.person == best.c.person))
        .where(Entry.unit_id.is_not(None))
        .group_by(Entry.unit_id)
    )
    return {unit_id: _results(row) for unit_id, *row in db.session.execute(query)}


def _best_attempts(contest_id: int) -> Subquery:
    """person, score: one row for each participant."""
    return (
        select(Attempt.person, func.max(Attempt.score_hundredths).label("score"))
        .where(Attempt.contest_id == contest_id, Attempt.finish.is_not(None), Attempt.is_flagged.is_(False))
        .group_by(Attempt.person)
        .subquery()
    )


def _sums(contest: Contest, best: Subquery) -> tuple[Any, ...]:
    mark = contest.pass_mark_hundredths
    passed = func.sum(case((best.c.score >= mark, 1), else_=0)) if mark is not None else literal(0)
    return func.count(best.c.person), func.sum(best.c.score), passed


def _results(row: Sequence[Any]) -> Results:
    people, score, passed = row
    return Results(people, int(score or 0), int(passed or 0))
