"""The recorder: carries live events into SQL, each exactly once.

1. Read the events after the committed position.
2. Check that their numbers go on without a gap: a gap or a step back means that Redis lost or went back to
   older data; recording stops for this contest, its doors shut, and a person decides.
3. In one transaction move the position by a conditional UPDATE (the fence: of two recorders, or of one that
   slept and woke up, only one has a row count of 1) and apply the events.
4. Let ended attempts leave Redis after an hour, and trim the stream exactly up to the position.

An event that SQL refuses is found by halving the batch, kept raw in dead_letter, and the others go on.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import String, Table, Update, bindparam, case, cast, exists, func, select, update
from sqlalchemy.exc import DataError, IntegrityError, StatementError

from quizapp.bank.models import Question
from quizapp.core import bulk
from quizapp.core.db import db, reading
from quizapp.core.live import Live
from quizapp.core.logs import get_logger
from quizapp.play import events, queries, state
from quizapp.play.models import Answer, Attempt, Correction, DeadLetter, RecorderPosition
from quizapp.play.state import Shard

# What SQL says about the data themselves. Everything else (gone, busy, locked) is tried again later.
POISON = (events.BadEvent, IntegrityError, DataError, OverflowError)

log = get_logger("play")

_attempts, _answers, _questions = (typing.cast(Table, model.__table__) for model in (Attempt, Answer, Question))

Entry = tuple[str, dict[str, str]]
"""(stream id, fields)"""


class FenceLost(Exception):
    """Another recorder moved the position meanwhile; what this one read is recorded or will be."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a shard is in SQL, as this recorder knows it."""

    shard: Shard
    lineage: str
    number: int
    stream_id: str
    halted_reason: str = ""


def read_position(shard: Shard) -> Position | None:
    """The committed position; None for a contest that was never opened."""
    with reading():
        row = db.session.execute(
            select(
                RecorderPosition.lineage,
                RecorderPosition.last_number,
                RecorderPosition.last_stream_id,
                RecorderPosition.halted_reason,
            ).where(RecorderPosition.contest_id == shard.contest_id, RecorderPosition.shard == shard.number)
        ).one_or_none()
        db.session.rollback()
    return Position(shard, *row) if row else None


def record(live: Live, position: Position, *, count: int, now: datetime) -> tuple[Position, int]:
    """Record at most `count` events; return the new position and how many there were.

    Raises FenceLost, and what SQL and Redis raise when they are away. A position with a reason to halt is
    returned as it is.
    """
    if position.halted_reason:
        return position, 0
    entries = state.read_events(live, position.shard, after=position.stream_id, count=count)
    good, reason = dense(entries, position.number)
    if good:
        # SQL never runs ahead of the replicas: whichever of them takes over, the stream goes on from here.
        state.hold_for_replicas(live, position.shard, last=good[-1])
    new, ended = record_entries(position, good, now=now)
    if ended:
        state.let_go(live, position.shard, attempt_ids=ended)
    if good:
        state.trim_events(live, position.shard, last=new.stream_id)
    if reason:
        new = halt(live, new, reason=reason)
    return new, len(good)


def dense(entries: Sequence[Entry], last: int) -> tuple[list[Entry], str]:
    """The entries up to the first whose number is not the next one, and why it stops there.

    What carries no number was not written by our script: it is passed on and becomes a dead letter.
    """
    for place, (stream_id, fields) in enumerate(entries):
        number = events.number_of(fields)
        if number is None:
            continue
        if number != last + 1:
            return list(entries[:place]), f"event {stream_id} has number {number} where {last + 1} must follow"
        last = number
    return list(entries), ""


def record_entries(position: Position, entries: Sequence[Entry], *, now: datetime) -> tuple[Position, list[str]]:
    """Record consecutive entries; return the new position and the attempts that ended. Raises FenceLost."""
    if not entries:
        return position, []
    after = _position_after(position, entries)
    try:
        ended = _in_one_transaction(position, after, entries, now)
    except POISON as error:
        db.session.rollback()
        if len(entries) == 1:
            _bury(position, after, entries[0], reason=reason_of(error), now=now)
            return after, []
        half = len(entries) // 2
        middle, first = record_entries(position, entries[:half], now=now)
        last, second = record_entries(middle, entries[half:], now=now)
        return last, first + second
    except Exception:
        db.session.rollback()
        raise
    return after, ended


def _position_after(position: Position, entries: Sequence[Entry]) -> Position:
    numbers = [number for _id, fields in entries if (number := events.number_of(fields)) is not None]
    return replace(position, number=max([position.number, *numbers]), stream_id=entries[-1][0])


def _in_one_transaction(position: Position, after: Position, entries: Sequence[Entry], now: datetime) -> list[str]:
    shard = position.shard
    rows = [events.rows_of(fields, contest_id=shard.contest_id, shard=shard.number) for _id, fields in entries]
    _move(position, after, now)
    attempts = [row.attempt for row in rows if row.attempt]
    answers = [answer for row in rows for answer in row.answers]
    endings = [row.ending for row in rows if row.ending]
    bulk.insert_or_keep(_attempts, attempts, key="id")
    bulk.insert_or_renew(_answers, _newest(answers), keys=("attempt_id", "question_id"), newer="seq")
    _end_attempts(endings)
    db.session.commit()
    return [ending["id"] for ending in endings]


def _move(position: Position, after: Position, now: datetime) -> None:
    """The fence; raises FenceLost when the position is not where this recorder left it."""
    values = {"last_number": after.number, "last_stream_id": after.stream_id, "recorded_at": now}
    moved = db.session.execute(at(position).values(values))
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        db.session.rollback()
        raise FenceLost(f"contest {position.shard.contest_id}, shard {position.shard.number}")


def hold(position: Position, *, now: datetime) -> None:
    """Let the current transaction hold only if the position is still where it was; raises FenceLost."""
    _move(position, position, now)


def at(position: Position) -> Update:
    """An UPDATE of the position's row that finds it only where this recorder left it, and not halted meanwhile."""
    return (
        update(RecorderPosition)
        .where(
            RecorderPosition.contest_id == position.shard.contest_id,
            RecorderPosition.shard == position.shard.number,
            RecorderPosition.lineage == position.lineage,
            RecorderPosition.last_number == position.number,
            RecorderPosition.last_stream_id == position.stream_id,
            RecorderPosition.halted_reason == position.halted_reason,
        )
        .execution_options(synchronize_session=False)
    )


def _newest(answers: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of several answers to a question of an attempt the one with the greatest sequence number."""
    newest: dict[tuple[str, int], Mapping[str, Any]] = {}
    for row in answers:
        name = (row["attempt_id"], row["question_id"])
        if name not in newest or row["seq"] > newest[name]["seq"]:
            newest[name] = row
    return list(newest.values())


def _end_attempts(rows: Sequence[Mapping[str, Any]]) -> None:
    """Write results, and count the answers of these attempts for their questions."""
    if not rows:
        return
    ended = bulk.update_where_none(_attempts, rows, key="id", empty="finish")
    if ended != len(rows):
        raise events.BadEvent(f"of {len(rows)} attempts that end only {ended} are open: {rows[0]['id']} …")
    _count_uses([row["id"] for row in rows])


_is_void = exists().where(
    Correction.contest_id == Attempt.contest_id,
    Correction.question_id == Answer.question_id,
    Correction.what == "void",
    Correction.kit_version.is_not(None),
)


def _count_uses(attempt_ids: Sequence[str]) -> None:
    uses = db.session.execute(
        select(Answer.question_id, func.count(), func.sum(case((Answer.is_right, 1), else_=0)))
        .join(Attempt, Attempt.id == Answer.attempt_id)
        .where(Answer.attempt_id.in_(attempt_ids), cast(Answer.response, String) != "[]", ~_is_void)
        .group_by(Answer.question_id)
        .order_by(Answer.question_id)
    ).all()
    if uses:
        db.session.connection().execute(
            update(_questions)
            .where(_questions.c.id == bindparam("question"))
            .values(
                times_answered=_questions.c.times_answered + bindparam("answered"),
                times_right=_questions.c.times_right + bindparam("were_right"),
            ),
            [{"question": question, "answered": count, "were_right": int(right)} for question, count, right in uses],
        )


def reason_of(error: BaseException) -> str:
    """What went wrong in one line or a few, as SQL says it where SQL says it."""
    cause = error.orig if isinstance(error, StatementError) and error.orig else error
    # It may quote the event, and PostgreSQL's text has no NUL.
    return f"{type(cause).__name__}: {cause}".replace("\0", "\\0")[:500]


def _bury(position: Position, after: Position, entry: Entry, *, reason: str, now: datetime) -> None:
    """Keep an event that cannot be applied, and go on behind it. Raises FenceLost."""
    shard, (stream_id, fields) = position.shard, entry
    _move(position, after, now)
    add_dead_letter(shard, stream_id, fields, reason=reason, now=now)
    db.session.commit()
    log.error("dead_letter", contest_id=shard.contest_id, shard=shard.number, stream_id=stream_id, reason=reason)


def add_dead_letter(shard: Shard, stream_id: str, fields: Mapping[str, str], *, reason: str, now: datetime) -> None:
    db.session.add(
        DeadLetter(
            contest_id=shard.contest_id,
            shard=shard.number,
            stream_id=stream_id,
            event=_raw(fields),
            reason=reason,
            at=now,
        )
    )
    db.session.flush()


def is_recorded(shard: Shard, fields: Mapping[str, str]) -> bool:
    """Whether the records have what an event says, or what is newer; not said of one that cannot be read."""
    try:
        rows = events.rows_of(fields, contest_id=shard.contest_id, shard=shard.number)
    except events.BadEvent:
        return False
    attempt = queries.get_attempt(fields["a"])
    if attempt is None or (rows.ending and attempt.finish is None):
        return False
    newest = {answer.question_id: answer.seq for answer in queries.answers_of(attempt.id)}
    return all(newest.get(row["question_id"], 0) >= row["seq"] for row in rows.answers)


def set_aside(shard: Shard, entries: Sequence[Entry], *, reason: str, now: datetime) -> None:
    """Keep events that will never be recorded as dead letters, each once however often it is said; commits."""
    ids = [stream_id for stream_id, _fields in entries]
    kept = select(DeadLetter.stream_id, DeadLetter.event).where(
        DeadLetter.contest_id == shard.contest_id, DeadLetter.shard == shard.number, DeadLetter.stream_id.in_(ids)
    )
    known = {(stream_id, event) for stream_id, event in db.session.execute(kept)}
    for stream_id, fields in entries:
        if (stream_id, _raw(fields)) not in known:
            add_dead_letter(shard, stream_id, fields, reason=reason, now=now)
    db.session.commit()


def _raw(fields: Mapping[str, str]) -> str:
    return json.dumps(fields, ensure_ascii=True)


def halt(live: Live, position: Position, *, reason: str) -> Position:
    """Stop recording a shard and shut its doors until a person decides; `quizapp play rebuild` opens them.

    Raises FenceLost when the position has moved: then what looked wrong was an old view of it. When the live store is
    away its doors are shut as soon as the recorder comes by again.
    """
    shard, after = position.shard, replace(position, halted_reason=reason[:255])
    halted = db.session.execute(at(position).values(halted_reason=after.halted_reason))
    if halted.rowcount != 1:  # type: ignore[attr-defined]
        db.session.rollback()
        raise FenceLost(f"contest {shard.contest_id}, shard {shard.number}")
    db.session.commit()
    log.critical("recording_halted", contest_id=shard.contest_id, shard=shard.number, reason=reason)
    keep_shut(live, after)
    return after


def keep_shut(live: Live, position: Position) -> None:
    """Shut the doors of a shard if its recording is halted: nothing may be acknowledged that will not be recorded.

    A rebuild that was asked for meanwhile begins its lineage in SQL before it makes a gate, so a gate is shut only if
    SQL still says so after it was looked at, and only the one that was looked at.
    """
    if not position.halted_reason:
        return
    gate = state.read_gate_fields(live, position.shard)
    if not gate or "halted" in gate:
        return
    newest = read_position(position.shard)
    if newest and newest.halted_reason:
        state.write_gate(live, position.shard, ["lineage", gate["lineage"], "halted", 1])


def finish_leftovers(live: Live, position: Position) -> None:
    """Do again what a recorder that was killed between its commit and its trim left undone."""
    shard = position.shard
    while entries := state.read_events(live, shard, after="0-0", count=500):
        done = [(stream_id, fields) for stream_id, fields in entries if is_upto(stream_id, position.stream_id)]
        if not done:
            return
        ended = [fields["a"] for _id, fields in done if fields.get("k") == "finish" and "a" in fields]
        state.let_go(live, shard, attempt_ids=ended)
        state.trim_events(live, shard, last=done[-1][0])


def is_upto(stream_id: str, last: str) -> bool:
    """Whether an event stands in its stream at `last` or before it."""

    def parts(text: str) -> tuple[int, ...]:
        return tuple(int(part) for part in text.split("-"))

    return parts(stream_id) <= parts(last)
