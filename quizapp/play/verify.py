"""Compare live state with the records: everything that can be recomputed from SQL is, and must be equal.

Marks are made again from the newest kit, results added up again from the answers, then people, open attempts, boards
with their order, counters and event numbers in Redis are held against that. Zero differences is the invariant
behind every test of faults. Nothing is changed. People who play while it runs may show up as differences.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from sqlalchemy import select

from quizapp.contests.correcting import void_points
from quizapp.contests.kit import Kit
from quizapp.contests.kits import get_kit
from quizapp.contests.models import Contest, Entry
from quizapp.core.db import db, reading
from quizapp.core.live import Live, get_live
from quizapp.leaderboards import state as boards
from quizapp.leaderboards.rules import in_order, placed, unpack
from quizapp.play import hashes, queries, recorder, state
from quizapp.play.models import Answer, Attempt
from quizapp.play.recorded import Recorded, RecordedPerson
from quizapp.play.rules import mark_answer
from quizapp.play.state import Shard

ROWS_AT_ONCE = 1000
MERGED_ROWS = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that live state or a stored result has otherwise than the records say."""

    what: str
    """Stable: result, mark, attempt, person, board, counter, recording."""
    subject: str
    expected: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.what} {self.subject}: expected {self.expected}, found {self.found}"


def verify(*, contest: Contest) -> list[Difference]:
    """All differences of a contest, in SQL and between SQL and Redis; none when all is well.

    Begins its own look at the records: a transaction that is open already would show them as they were.
    """
    live = get_live()
    db.session.rollback()
    with reading():
        contest = db.session.get_one(Contest, contest.id, populate_existing=True)
        found = [*_verify_results(contest), *_verify_letters(contest), *_verify_shards(contest)]
        ranks: list[tuple[str, int]] = []
        for shard in contest.shards:
            found += [*_verify_recording(live, shard), *_verify_live(live, contest, shard, ranks)]
        found += _verify_merged(live, contest, ranks)
        db.session.rollback()
    return found


# Stored results


def _verify_results(contest: Contest) -> Iterator[Difference]:
    """Mark every answer again by the newest kit, and add up every result again."""
    kit = get_kit(contest_id=contest.id, version=contest.kit_version)
    query = (
        select(Attempt)
        .where(Attempt.contest_id == contest.id)
        .order_by(Attempt.id)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    for chunk in db.session.scalars(query).partitions():
        answers: dict[str, list[Answer]] = {}
        ids = [attempt.id for attempt in chunk]
        for answer in db.session.scalars(select(Answer).where(Answer.attempt_id.in_(ids))):
            answers.setdefault(answer.attempt_id, []).append(answer)
        for attempt in chunk:
            yield from _verify_result(kit, attempt, answers.get(attempt.id, []))


def _verify_result(kit: Kit, attempt: Attempt, answers: list[Answer]) -> Iterator[Difference]:
    points = {drawn.question_id: drawn.points_hundredths for drawn in queries.paper_of(attempt)}
    for answer in answers:
        question = kit.questions[answer.question_id]
        worth = points.get(answer.question_id, 0)
        marked = mark_answer(question, answer.response, points_hundredths=worth)
        expected, found = (marked.points_hundredths, marked.is_right), (answer.points_hundredths, answer.is_right)
        if expected != found:
            yield Difference("mark", f"{attempt.id}/{answer.question_id}", expected, found)
    if attempt.finish is None:
        return
    answered = [answer for answer in answers if answer.response]
    given_points, given_right = void_points(kit, queries.paper_of(attempt))
    sums = (
        given_points + sum(answer.points_hundredths for answer in answers),
        given_right + sum(answer.is_right for answer in answers),
        len(answered),
        sum(kit.questions[answer.question_id].knowledge_points for answer in answered),
    )
    stored = (attempt.score_hundredths, attempt.right, attempt.answered, attempt.knowledge_points)
    if sums != stored:
        yield Difference("result", attempt.id, sums, stored)
    yield from _verify_time(attempt, answers)


def _verify_time(attempt: Attempt, answers: list[Answer]) -> Iterator[Difference]:
    """Time used and time told agree; pauses are the only thing that may lie between them."""
    told = (attempt.finished_ms or 0) - attempt.started_ms
    used = attempt.duration_ms if attempt.duration_ms is not None else -1
    if not 0 <= used <= max(0, told):
        yield Difference("result", f"{attempt.id} duration", f"0 to {told}", used)
    early = [answer.question_id for answer in answers if answer.answered_ms < attempt.started_ms]
    if early:
        yield Difference("result", f"{attempt.id} answered before the start", [], early)


# Recording


def _verify_recording(live: Live, shard: Shard) -> Iterator[Difference]:
    position = recorder.read_position(shard)
    gate = state.read_gate_fields(live, shard)
    subject = f"shard {shard.number}"
    if position is None or not gate:
        if position is not None or gate:
            yield Difference("recording", subject, "a gate and a position", {"gate": bool(gate), "position": position})
        return
    expected = {"lineage": position.lineage, "number": str(position.number), "halted": ""}
    found = {"lineage": gate["lineage"], "number": gate["number"], "halted": position.halted_reason}
    if expected != found:
        yield Difference("recording", subject, expected, found)
    if waiting := state.count_events(live, shard):
        yield Difference("recording", f"{subject} events not yet recorded", 0, waiting)


def _verify_letters(contest: Contest) -> Iterator[Difference]:
    if letters := queries.dead_letters_count(contest.id):
        yield Difference("recording", "dead letters", 0, letters)


def _verify_shards(contest: Contest) -> Iterator[Difference]:
    """Everybody is, and has played, in the shard where the name belongs."""
    entered = select(Entry.person, Entry.shard).where(Entry.contest_id == contest.id)
    begun = select(Attempt.person, Attempt.shard).where(Attempt.contest_id == contest.id)
    for query in (entered, begun.distinct()):
        for person, shard in db.session.execute(query.execution_options(yield_per=ROWS_AT_ONCE)):
            if contest.shards.of(person).number != shard:
                yield Difference("person", f"{person} shard", contest.shards.of(person).number, shard)


# Live state


def _verify_live(live: Live, contest: Contest, shard: Shard, all_ranks: list[tuple[str, int]]) -> Iterator[Difference]:
    """Add the shard's ranks by the records to `all_ranks`."""
    recorded = Recorded(contest, shard)
    ranks: list[tuple[str, int]] = []
    expected_open: dict[str, int] = {}
    people = 0
    for person in recorded.people():
        people += 1
        if person.rank is not None:
            ranks.append((person.person, person.rank))
        for attempt in person.open_attempts:
            expected_open[attempt.id] = state.NEVER if attempt.ends_ms is None else attempt.ends_ms
        yield from _verify_person(live, shard, person)
    yield from _verify_board(live, shard, ranks)
    all_ranks += ranks
    found_open = state.open_attempts(live, shard)
    for attempt_id in sorted(expected_open.keys() | found_open.keys()):
        if expected_open.get(attempt_id) != found_open.get(attempt_id):
            yield Difference("attempt", attempt_id, expected_open.get(attempt_id), found_open.get(attempt_id))
    yield from _verify_counters(live, shard, recorded.totals.counters())
    yield from _verify_strangers(live, shard, people)


def _verify_person(live: Live, shard: Shard, person: RecordedPerson) -> Iterator[Difference]:
    expected = hashes.person_of(person.fields)
    found = state.read_person(live, shard, person=person.person)
    if replace(found, history_parts=expected.history_parts) != expected:
        yield Difference("person", person.person, expected, found)
    for attempt in person.open_attempts:
        reading_ = state.read(live, shard, attempt_id=attempt.id)
        if reading_ is None or reading_.attempt != attempt:
            yield Difference("attempt", attempt.id, attempt, reading_.attempt if reading_ else None)


def _verify_board(live: Live, shard: Shard, ranks: list[tuple[str, int]]) -> Iterator[Difference]:
    """The whole board, ties and their order included."""
    expected = in_order(ranks)
    found = list(boards.all_ranks(live, shard, board="overall"))
    if len(expected) != len(found):
        yield Difference("board", "people", len(expected), len(found))
    for place, (mine, theirs) in enumerate(zip(expected, found, strict=False), start=1):
        if mine != theirs:
            yield Difference("board", f"row {place}", mine, theirs)


def _verify_merged(live: Live, contest: Contest, ranks: list[tuple[str, int]]) -> Iterator[Difference]:
    """The top of the contest's board as it is shown, places included."""
    expected = [
        boards.Row(place, person, unpack(packed)) for place, person, packed in placed(in_order(ranks)[:MERGED_ROWS])
    ]
    found = boards.top(live, contest.shards, board="overall", count=MERGED_ROWS)
    for mine, theirs in zip_longest(expected, found):
        if mine != theirs:
            yield Difference("board", "merged top", mine, theirs)


def _verify_counters(live: Live, shard: Shard, expected: dict[str, int]) -> Iterator[Difference]:
    counters = state.read_counters(live, shard)
    for name, value in expected.items():
        if counters.get(name, 0) != value:
            yield Difference("counter", name, value, counters.get(name, 0))


def _verify_strangers(live: Live, shard: Shard, people: int) -> Iterator[Difference]:
    """Attempts and people that Redis has and the records do not."""
    attempts: set[str] = set()
    found_people: set[str] = set()
    for keys in state.stored_keys(live, shard):
        names = [key.rsplit(":", 2)[1:] for key in keys]
        found_people.update(name for kind, name in names if kind == "person")
        ids = [name for kind, name in names if kind == "attempt"]
        known = set(db.session.scalars(select(Attempt.id).where(Attempt.id.in_(ids)))) if ids else set()
        attempts.update(attempt_id for attempt_id in ids if attempt_id not in known)
    if attempts:
        yield Difference("attempt", "unknown to the records", 0, len(attempts))
    if len(found_people) != people:
        yield Difference("person", "people", people, len(found_people))
