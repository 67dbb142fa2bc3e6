"""Making the live state of a shard: for the first time, and again from SQL when Redis has lost it.

1. Take the lock of the shard; whoever else wants to rebuild waits.
2. Shut the doors (there may be a gate still, when a person asked for this).
3. Record what is left in the stream; of a halted shard what follows on the records. A person must have said that the
   rest may go.
4. Mark anew what a correction has not reached yet (see rescoring).
5. Remove what is left of the live state but the queue, which SQL does not know, and begin a new lineage in SQL, so
   that no event of the former life can be taken for one of the new.
6. Write people, open attempts, boards and counters from SQL.
7. Make the gate: the doors open.

When this is broken off anywhere, the gate is missing and the next one begins anew and ends as if nothing had happened:
of a halted shard it is kept beside the lock whose life its events belong to and where recording had stopped, the stream
stays whole until all of it is in SQL, and what is kept aside is kept once. The other shards of the contest go on
meanwhile; only while a correction is carried through are the doors of all shut, and none opens before step 4.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from quizapp.contests.models import Contest
from quizapp.core.db import db, reading, release
from quizapp.core.live import Live, get_live
from quizapp.core.logs import get_logger
from quizapp.leaderboards.state import board_key
from quizapp.play import packing, queries, recorder, state
from quizapp.play.hashes import LiveAttempt, attempt_fields
from quizapp.play.models import RecorderPosition
from quizapp.play.recorded import Recorded, RecordedPerson
from quizapp.play.remarking import mark_anew
from quizapp.play.state import Shard

COMMANDS_AT_ONCE = 1000
EVENTS_AT_ONCE = 500

log = get_logger("play")


class RebuildTakenOver(Exception):
    """Somebody else rebuilds this shard, or has just done so."""


class RebuildNeedsDecision(Exception):
    """Events are left that do not follow on the recorded ones; a person must say that they may go."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild found."""

    people: int
    open_attempts: int
    recorded: int
    """Events of the former life that were recorded first."""
    discarded: int
    """Events that could not be, kept as dead letters."""


def open_if_new(*, shard: Shard, now: datetime) -> bool:
    """Make the gate of a published contest that was never opened; False when it was, or is being, opened.

    Commits: of several at once the position's primary key lets one through.
    """
    is_alone = not db.session().in_transaction()
    with reading():
        contest = db.session.get(Contest, shard.contest_id)
        is_new = contest is not None and contest.is_published and recorder.read_position(shard) is None
    if is_alone:
        # All who come while a shard is made anew look here: nobody may wait for another's writing.
        release()
    if not is_new:
        return False
    lineage = secrets.token_hex(16)
    db.session.add(RecorderPosition(contest_id=shard.contest_id, shard=shard.number, lineage=lineage, recorded_at=now))
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return False
    live = get_live()
    if not state.lock_for_rebuild(live, shard, token=lineage):
        return False
    position = recorder.Position(shard, lineage, number=0, stream_id="0-0")
    return open_doors(live, position, token=lineage, is_rebuilt=False)


def open_doors(live: Live, position: recorder.Position, *, token: str, is_rebuilt: bool) -> bool:
    """Make the gate of a shard by the records; False when somebody else did. Leaves no transaction open.

    With `is_rebuilt` phones get time to send again.
    """
    shard = position.shard
    fields = ["lineage", position.lineage, "number", position.number, *_settings(shard)]
    if not state.open_gate(live, shard, token=token, fields=fields, is_rebuilt=is_rebuilt):
        return False
    # Who changed the contest or halted recording meanwhile found no gate to tell.
    state.write_gate(live, shard, _settings(shard))
    recorder.keep_shut(live, recorder.read_position(shard) or position)
    return True


def _settings(shard: Shard) -> list[str | int]:
    with reading():
        settings = queries.gate_settings(shard.contest_id, shard)[shard]
        release()
    return settings


def rebuild(*, shard: Shard, now: datetime, discards: bool) -> Rebuilt:
    """Make the live state of a shard anew from SQL and open its doors; commits.

    With `discards` events that do not follow on the recorded ones are kept as dead letters, and a shard whose doors
    are open is made anew too.
    Raises RebuildTakenOver, RebuildNeedsDecision (never with `discards`), FenceLost, StoreUnavailable.
    """
    live, token = get_live(), secrets.token_hex(16)
    position = recorder.read_position(shard)
    if position is None:
        raise RebuildTakenOver
    if not state.lock_for_rebuild(live, shard, token=token):
        raise RebuildTakenOver
    try:
        # A correction may have opened them since somebody found none.
        _require(discards or not state.has_gate(live, shard))
        return _rebuild(live, position, token, now, discards=discards)
    except Exception:
        state.unlock(live, shard, token=token)
        raise


def rebuild_all(*, contest: Contest, now: datetime) -> Rebuilt:
    """Make the live state of all shards anew, one after the other; commits, and discards as `rebuild` can.

    Raises what `rebuild` raises; the shards before are done then, and doing all again does no harm.
    """
    done = [rebuild(shard=shard, now=now, discards=True) for shard in contest.shards]
    return Rebuilt(*(sum(counts) for counts in zip(*map(astuple, done), strict=True)))


def _rebuild(live: Live, position: recorder.Position, token: str, now: datetime, *, discards: bool) -> Rebuilt:
    shard = position.shard
    _require(state.shut(live, shard, token=token) is not None)
    position, recorded = _record_rest(live, position, token, now)
    discarded = 0
    if position.halted_reason:
        if not discards:
            raise RebuildNeedsDecision
        position, followed, discarded = _empty_halted(live, position, token, now)
        recorded += followed
    for _portion in mark_anew([position], now=now):
        _require(state.restore(live, shard, token=token, commands=[]))
    for keys in _live_keys(live, shard):
        gone = [["UNLINK", key] for key in keys if key not in state.keys_of(shard)[state.QUEUE]]
        _require(state.restore(live, shard, token=token, commands=gone))
    _begin_lineage(position, token, now)
    people, open_attempts = _restore(live, shard, token)
    position = recorder.Position(shard, lineage=token, number=0, stream_id="0-0")
    _require(open_doors(live, position, token=token, is_rebuilt=True))
    log.warning("rebuilt", contest_id=shard.contest_id, shard=shard.number, people=people, recorded=recorded)
    return Rebuilt(people, open_attempts, recorded, discarded)


def _require(is_ours: bool) -> None:
    if not is_ours:
        raise RebuildTakenOver


def _record_rest(live: Live, position: recorder.Position, token: str, now: datetime) -> tuple[recorder.Position, int]:
    total = 0
    if position.halted_reason:
        return position, total
    while True:
        _require(state.restore(live, position.shard, token=token, commands=[]))
        try:
            position, count = recorder.record(live, position, count=EVENTS_AT_ONCE, now=now)
        except recorder.FenceLost:
            # The recorder was in the middle of these: what it has recorded need not be recorded here.
            position = recorder.read_position(position.shard) or position
            continue
        total += count
        if not count:
            newest = recorder.read_position(position.shard)
            if newest is None or newest == position:
                return position, total
            position = newest


def _empty_halted(
    live: Live, position: recorder.Position, token: str, now: datetime
) -> tuple[recorder.Position, int, int]:
    """Record the events of a halted shard that follow after all, and keep the others aside; return how many each."""
    gate = state.former_gate(live, position.shard, token=token, halted_at=position.stream_id)
    if gate is None:
        raise RebuildTakenOver
    recorded = 0
    if gate.get("lineage") == position.lineage and int(gate["number"]) >= position.number:
        position, recorded = _record_what_follows(live, position, token, now)
    return position, recorded, _discard_rest(live, gate["halted_at"], position, token, now)


def _record_what_follows(
    live: Live, position: recorder.Position, token: str, now: datetime
) -> tuple[recorder.Position, int]:
    """Record the events of a halted shard that follow on its position all the same; return how many there were."""
    total = 0
    while True:
        _require(state.restore(live, position.shard, token=token, commands=[]))
        entries = state.read_events(live, position.shard, after=position.stream_id, count=EVENTS_AT_ONCE)
        good, _reason = recorder.dense(entries, position.number)
        if not good:
            return position, total
        position, _ended = recorder.record_entries(position, good, now=now)
        total += len(good)


def _discard_rest(live: Live, halted_at: str, upto: recorder.Position, token: str, now: datetime) -> int:
    """Keep all events as dead letters but those that the records have; return how many."""
    shard, total = upto.shard, 0
    entries = state.read_events(live, shard, after="0-0", count=EVENTS_AT_ONCE)
    while entries:
        _require(state.restore(live, shard, token=token, commands=[]))
        lost = [entry for entry in entries if _is_lost(entry, halted_at, upto)]
        recorder.set_aside(shard, lost, reason=f"discarded by a rebuild; {upto.halted_reason}", now=now)
        total += len(lost)
        entries = state.read_events(live, shard, after=entries[-1][0], count=EVENTS_AT_ONCE)
    return total


def _is_lost(entry: recorder.Entry, halted_at: str, upto: recorder.Position) -> bool:
    """Of what stands before `halted_at` the records have what a recorder did not come to trim, but not always all."""
    stream_id, fields = entry
    if recorder.is_upto(stream_id, halted_at):
        return not recorder.is_recorded(upto.shard, fields)
    return not recorder.is_upto(stream_id, upto.stream_id)


def remove(live: Live, shard: Shard) -> None:
    """Remove the live state of a shard whose gate is gone, while nobody else is at work on it."""
    for keys in _live_keys(live, shard):
        live.command("UNLINK", *keys)


def _live_keys(live: Live, shard: Shard) -> Iterator[list[str]]:
    """All keys of a shard but its gate and lock, in portions."""
    yield from filter(None, state.stored_keys(live, shard))
    yield [board_key(shard, "overall")]


def _begin_lineage(position: recorder.Position, lineage: str, now: datetime) -> None:
    moved = db.session.execute(
        recorder.at(position).values(
            lineage=lineage,
            last_number=0,
            last_stream_id="0-0",
            halted_reason="",
            is_settled=False,
            recorded_at=now,
        )
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        db.session.rollback()
        raise RebuildTakenOver
    db.session.commit()


def _restore(live: Live, shard: Shard, token: str) -> tuple[int, int]:
    people = open_attempts = 0
    batch: list[Sequence[str]] = []
    with reading():
        recorded = Recorded(db.session.get_one(Contest, shard.contest_id, populate_existing=True), shard)
        for person in recorded.people():
            people += 1
            open_attempts += len(person.open_attempts)
            batch += _person_commands(shard, person)
            if len(batch) >= COMMANDS_AT_ONCE:
                _require(state.restore(live, shard, token=token, commands=batch))
                batch = []
        counters = recorded.totals.counters() | recorded.visitors()
        batch.append(["HSET", state.counters_key(shard), *_flat(counters)])
        _require(state.restore(live, shard, token=token, commands=batch))
        release()
    return people, open_attempts


def _person_commands(shard: Shard, person: RecordedPerson) -> Iterator[Sequence[str]]:
    yield ["HSET", state.person_key(shard, person.person), *_flat(person.fields)]
    ranks = {person.person: person.rank} if person.rank is not None else {}
    yield from standing_commands(shard, ranks=ranks, open_attempts=person.open_attempts)


def standing_commands(
    shard: Shard, *, ranks: Mapping[str, int], open_attempts: Iterable[LiveAttempt]
) -> Iterator[Sequence[str]]:
    """What marks decide: places on the board, by person, and open attempts."""
    for person, rank in ranks.items():
        yield ["ZADD", board_key(shard, "overall"), str(rank), person]
    for attempt in open_attempts:
        fields, texts = attempt_fields(attempt, packing.parts(attempt.paper))
        yield ["HSET", state.attempt_key(shard, attempt.id), *_flat(fields)]
        if texts:
            yield ["HSET", state.texts_key(shard, attempt.id), *_flat(texts)]
        ends = attempt.ends_ms if attempt.ends_ms is not None else state.NEVER
        yield ["ZADD", state.deadlines_key(shard), str(ends), attempt.id]


def _flat(fields: dict[str, str] | dict[str, int]) -> list[str]:
    return [str(part) for pair in fields.items() for part in pair]
