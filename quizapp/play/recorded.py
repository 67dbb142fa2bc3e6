"""What live state must be by the records: the one computation behind rebuilding it and comparing with it.

Only what was recorded is known here; what visitors did is taken from the last minute's sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any

from sqlalchemy import exists, func, select

from quizapp.contests.kit import Kit
from quizapp.contests.kits import get_kit
from quizapp.contests.models import Contest, Entry
from quizapp.core.db import db
from quizapp.leaderboards.rules import pack
from quizapp.play import packing, queries, rules
from quizapp.play.hashes import LiveAttempt
from quizapp.play.models import Answer, Attempt, LiveSample
from quizapp.play.state import Shard

PEOPLE_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class RecordedPerson:
    """A person as live state must hold them."""

    person: str
    fields: dict[str, str]
    """The person's hash as play.lua writes it."""
    rank: int | None
    """The packed rank of the best ended attempt that is not flagged; None without one."""
    open_attempts: Sequence[LiveAttempt]


@dataclass
class Totals:
    """Sums over the people that were read."""

    begun: int = 0
    finished: int = 0
    answers: int = 0
    knowledge_points: int = 0

    def counters(self) -> dict[str, int]:
        return {
            "begun": self.begun,
            "finished": self.finished,
            "answers": self.answers,
            "points": self.knowledge_points,
        }


@dataclass
class Recorded:
    """The records of one shard, read once by iterating; `totals` are complete afterwards."""

    contest: Contest
    shard: Shard
    totals: Totals = field(default_factory=Totals)

    def people(self) -> Iterator[RecordedPerson]:
        query = (
            select(Attempt)
            .where(Attempt.contest_id == self.shard.contest_id, Attempt.shard == self.shard.number)
            .order_by(Attempt.person, Attempt.number)
            .execution_options(yield_per=PEOPLE_AT_ONCE)
        )
        by_person = groupby(db.session.scalars(query), key=lambda attempt: attempt.person)
        for chunk in _chunks((person, list(attempts)) for person, attempts in by_person):
            yield from self._people(chunk)
        yield from self._gone_before_beginning()

    def ranks_of(self, people: Collection[str]) -> dict[str, int]:
        """The packed ranks of some people, without those who have none."""
        query = _results.where(Attempt.contest_id == self.shard.contest_id, Attempt.person.in_(people))
        return _best_ranks(db.session.execute(query))

    def open_ones(self, attempt_ids: Collection[str]) -> list[LiveAttempt]:
        """Those of these attempts that are open."""
        query = select(Attempt).where(Attempt.id.in_(attempt_ids), Attempt.finish.is_(None))
        attempts = db.session.scalars(query).all()
        answers = _answers_of([attempt.id for attempt in attempts])
        return [self._live(attempt, answers.get(attempt.id, [])) for attempt in attempts]

    def _gone_before_beginning(self) -> Iterator[RecordedPerson]:
        """Who was deleted without an attempt, and must not begin one."""
        has_begun = exists().where(Attempt.contest_id == Entry.contest_id, Attempt.person == Entry.person)
        query = select(Entry.person, Entry.masked_name).where(
            Entry.contest_id == self.shard.contest_id,
            Entry.shard == self.shard.number,
            Entry.anonymised_at.is_not(None),
            ~has_begun,
        )
        for person, name in db.session.execute(query):
            yield RecordedPerson(person, {"a": name, "z": "1"}, None, [])

    def _people(self, chunk: Sequence[tuple[str, list[Attempt]]]) -> Iterator[RecordedPerson]:
        names = self._names([person for person, _attempts in chunk])
        open_ids = [attempt.id for _person, attempts in chunk for attempt in attempts if attempt.finish is None]
        answers = _answers_of(open_ids)
        for person, attempts in chunk:
            name, is_gone = names.get(person, ("", False))
            open_attempts = [
                self._live(attempt, answers.get(attempt.id, [])) for attempt in attempts if attempt.finish is None
            ]
            self._add(attempts, open_attempts)
            fields = self._fields(attempts, name, is_gone)
            yield RecordedPerson(person, fields, _rank(attempts), open_attempts)

    def _names(self, people: Sequence[str]) -> dict[str, tuple[str, bool]]:
        rows = db.session.execute(
            select(Entry.person, Entry.masked_name, Entry.anonymised_at).where(
                Entry.contest_id == self.shard.contest_id, Entry.person.in_(people)
            )
        )
        return {person: (name, gone is not None) for person, name, gone in rows}

    def _live(self, attempt: Attempt, answers: Sequence[Answer]) -> LiveAttempt:
        return queries.as_live(attempt, answers, kit=self.kit, paper=queries.paper_of(attempt))

    @cached_property
    def kit(self) -> Kit:
        """The newest, by which everything recorded is marked."""
        return get_kit(contest_id=self.contest.id, version=self.contest.kit_version)

    def _fields(self, attempts: Sequence[Attempt], name: str, is_gone: bool) -> dict[str, str]:
        last = next((attempt for attempt in attempts if attempt.finish is None), attempts[-1])
        day = rules.day_start(moment_ms=last.started_ms, timezone=self.contest.timezone)
        that_day = sum(attempt.started_ms >= day for attempt in attempts)
        finished = sum(attempt.finish is not None for attempt in attempts)
        values: dict[str, Any] = {
            "v": len(attempts) + finished,
            "n": attempts[-1].number,
            "d": day,
            "m": that_day,
            "l": last.id,
            "i": last.begin_key,
            "a": name,
        }
        if last.finish is None:
            values["o"] = 1
        if is_gone:
            values["z"] = 1
        if rules.keeps_history(self.kit):
            seen = Counter(drawn[0] for attempt in attempts for drawn in attempt.paper)
            history = packing.parts(packing.pack_history(seen))
            values |= {f"h{number}": part for number, part in enumerate(history)}
        return {name: str(value) for name, value in values.items()}

    def _add(self, attempts: Sequence[Attempt], open_attempts: Sequence[LiveAttempt]) -> None:
        totals = self.totals
        totals.begun += len(attempts)
        for attempt in attempts:
            if attempt.finish is not None:
                totals.finished += 1
                totals.answers += attempt.answered or 0
                totals.knowledge_points += attempt.knowledge_points or 0
        totals.answers += sum(attempt.answered for attempt in open_attempts)
        totals.knowledge_points += sum(attempt.knowledge_points for attempt in open_attempts)

    def visitors(self) -> dict[str, int]:
        """The counters that no answer can recompute, as of the last sample."""
        sample = db.session.scalar(
            select(LiveSample)
            .where(LiveSample.contest_id == self.shard.contest_id, LiveSample.shard == self.shard.number)
            .order_by(LiveSample.minute_ms.desc())
            .limit(1)
        )
        if sample is None:
            return {}
        found = {"visits": sample.visits, "visitors": sample.visitors, "peak": sample.peak}
        return found | ({"peak_at": sample.peak_at_ms} if sample.peak_at_ms is not None else {})


_results = select(Attempt.person, Attempt.score_hundredths, Attempt.duration_ms).where(
    Attempt.finish.is_not(None), Attempt.is_flagged.is_(False)
)


def ranks_in(shard: Shard) -> Iterator[dict[str, int]]:
    """Packed ranks of everybody in a shard who has one, in portions; a person may be in two, the best rank counts."""
    query = (
        _results.where(Attempt.contest_id == shard.contest_id, Attempt.shard == shard.number)
        .order_by(Attempt.person)
        .execution_options(yield_per=2 * PEOPLE_AT_ONCE)
    )
    for rows in db.session.execute(query).partitions():
        yield _best_ranks(rows)


def ranked_in(shard: Shard) -> int:
    """How many people in a shard have a rank."""
    query = _results.where(Attempt.contest_id == shard.contest_id, Attempt.shard == shard.number)
    return db.session.scalar(query.with_only_columns(func.count(Attempt.person.distinct()))) or 0


def _best_ranks(results: Iterable[Any]) -> dict[str, int]:
    ranks: dict[str, int] = {}
    for person, score, duration in results:
        rank = pack(score_hundredths=score or 0, duration_ms=duration or 0)
        ranks[person] = max(rank, ranks.get(person, 0))
    return ranks


def _rank(attempts: Iterable[Attempt]) -> int | None:
    ranks = [
        pack(score_hundredths=attempt.score_hundredths or 0, duration_ms=attempt.duration_ms or 0)
        for attempt in attempts
        if attempt.finish is not None and not attempt.is_flagged
    ]
    return max(ranks, default=None)


def _answers_of(attempt_ids: Sequence[str]) -> dict[str, list[Answer]]:
    found: dict[str, list[Answer]] = {}
    if attempt_ids:
        for answer in db.session.scalars(select(Answer).where(Answer.attempt_id.in_(attempt_ids))):
            found.setdefault(answer.attempt_id, []).append(answer)
    return found


def _chunks(
    people: Iterable[tuple[str, list[Attempt]]],
) -> Iterator[list[tuple[str, list[Attempt]]]]:
    chunk: list[tuple[str, list[Attempt]]] = []
    for person in people:
        chunk.append(person)
        if len(chunk) >= PEOPLE_AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
