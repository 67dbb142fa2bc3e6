"""Carrying a corrected key or a voided question through to everything that was marked.

An answer is marked in Python by the kit that the gate names, and play.lua takes it only while the gate names that
version. So it is enough to change the version while nobody can write:

1. Take the locks of all shards, or none; then take their gates away: every call gets "recovering", phones keep what
   they have and repeat.
2. Record what is in the streams. Everything acknowledged is now in SQL, marked by the former kit, and since the gates
   are gone nothing can come after it.
3. In one transaction: the new kit, its version in the contest, what changes in numbers, the audit row. From here on
   the new kit is the truth.
4. In portions of people: mark the recorded answers to this question anew, add their attempts up again, set the
   question's statistics right, and move `Correction.upto`, all in one transaction, so that each person's records are
   taken once. Then bring the same people's live state in line: their place on the board, their open attempts; ended
   attempts leave live memory, since SQL has them.
5. Make the gates again, of the same lineages and numbers, with the new version. Whatever was marked by the former kit
   and arrives now is "stale" for play.lua, and marked again. Shard by shard the contest comes back.

Responses, moments and times used are not touched. When this is broken off before 3, nothing has happened: gates that
are missing are made again by the recorder, and the job is run again. When it is broken off later, whoever makes the
first gate again (this or `rebuild`, which writes all live state of a shard from SQL) goes on from `Correction.upto`
first, for the people of all shards. Each transaction holds only if the recorder's positions are where step 2 left
them, so that one who slept meanwhile changes nothing.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import func, select

from quizapp.accounts import audit
from quizapp.accounts.models import User
from quizapp.contests import kits
from quizapp.contests import state as gates
from quizapp.contests.correcting import corrected
from quizapp.contests.kit import Kit
from quizapp.contests.models import Contest
from quizapp.contests.shards import Shards
from quizapp.core.clock import to_ms
from quizapp.core.db import db, reading, release
from quizapp.core.errors import DomainError, StoreUnavailable
from quizapp.core.i18n import _
from quizapp.core.jobs import Kind, Run
from quizapp.core.limited import MEGABYTE, Limits
from quizapp.core.live import Live, LiveStoreDown, get_live
from quizapp.core.logs import get_logger
from quizapp.play import recorder, state
from quizapp.play.impact import impact_of
from quizapp.play.models import Attempt, Correction
from quizapp.play.rebuild import open_doors, standing_commands
from quizapp.play.recorded import Recorded
from quizapp.play.recorder import FenceLost, Position
from quizapp.play.remarking import Touched, hold_all, mark_anew
from quizapp.play.state import Shard

RESCORE = "play.rescore"
LIMITS = Limits(memory_bytes=400 * MEGABYTE, cpu_seconds=900, wall_seconds=1800)
EVENTS_AT_ONCE = 500
PATIENCE_SECONDS = 90.0
PAUSE_SECONDS = 0.2

Tell = Callable[[int, int], None]
Commands = Sequence[Sequence[str]]
NO_COMMANDS: Mapping[Shard, Commands] = {}

log = get_logger("play")


class RecordingHalted(DomainError):
    """Recording has stopped and waits for a person; nothing can be rescored before."""

    status, code = 409, "recording_halted"

    def message(self) -> str:
        return _("这场竞赛的作答记录已经停止，要先由管理员恢复，再更正题目。")


class TakenOver(StoreUnavailable):
    """Somebody else makes this contest's live state anew."""


# The whole way


def rescore(correction_id: int, *, now: datetime, tell: Tell) -> dict[str, Any]:
    """Apply a correction and mark everything anew; return what changed. A second time nothing happens.

    Raises RecordingHalted, and StoreUnavailable when it could not be done now; then it can be done again.
    """
    live, token = get_live(), secrets.token_hex(16)
    contest_id = _waiting(correction_id)
    if contest_id is None:
        return _outcome(correction_id)
    shards = _shards(contest_id)
    _lock_all(live, shards, token)
    try:
        numbers = {shard: _shut(live, shard, token) for shard in shards}
        positions = [_drain(live, shards, shard, token, number, now) for shard, number in numbers.items()]
        keep_locks = partial(_renew, live, shards, token)
        _apply(live, correction_id, positions, now, keep_locks)
        keep_locks()
        done, total = 0, _count_people(contest_id)
        for touched in mark_anew(positions, now=now):
            _bring_in_line(live, shards, token, touched)
            done += touched.people
            tell(done, total)
        for position in positions:
            _open_doors(live, position, token)
    except Exception as error:
        db.session.rollback()
        _unlock(live, shards, token)
        if isinstance(error, FenceLost):
            raise TakenOver from error
        raise
    return _outcome(correction_id)


def _waiting(correction_id: int) -> int | None:
    """The contest of a correction that is still to be done; None when it is done."""
    with reading():
        correction = db.session.get_one(Correction, correction_id, populate_existing=True)
        contest_id = correction.contest_id if correction.is_waiting else None
        release()
    return contest_id


def _outcome(correction_id: int) -> dict[str, Any]:
    with reading():
        outcome = db.session.get_one(Correction, correction_id, populate_existing=True).outcome
        release()
    return outcome


def _count_people(contest_id: int) -> int:
    with reading():
        query = select(func.count(Attempt.person.distinct())).where(Attempt.contest_id == contest_id)
        count = db.session.scalar(query) or 0
        release()
    return count


def _shards(contest_id: int) -> Shards:
    with reading():
        shards = db.session.get_one(Contest, contest_id).shards
        release()
    return shards


def _lock_all(live: Live, shards: Shards, token: str) -> None:
    """Take the locks of all shards; wait without any while somebody else has one, or a gate is missing.

    A gate that is missing is not ours to make: what lies behind it may be lost, and the recorder rebuilds it. While
    too few replicas follow the doors stay open.
    Raises RecordingHalted, TakenOver.
    """
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        positions = [recorder.read_position(shard) for shard in shards]
        if any(position.halted_reason for position in positions if position is not None):
            raise RecordingHalted
        with suppress(StoreUnavailable):
            if None not in positions and all(_lock(live, shard, token) for shard in shards):
                return
        _unlock(live, shards, token)
        time.sleep(PAUSE_SECONDS)
    raise TakenOver


def _lock(live: Live, shard: Shard, token: str) -> bool:
    return state.has_gate(live, shard) and state.lock_for_rebuild(live, shard, token=token, waits=True)


def _unlock(live: Live, shards: Shards, token: str) -> None:
    for shard in shards:
        with suppress(StoreUnavailable):
            state.unlock(live, shard, token=token)


def _shut(live: Live, shard: Shard, token: str) -> int:
    """Take the gate away and return the number of the last event; raises TakenOver where there is none any more."""
    number = state.shut(live, shard, token=token, waits=True)
    if number is None or number < 0:
        raise TakenOver
    return number


def _drain(live: Live, shards: Shards, shard: Shard, token: str, number: int, now: datetime) -> Position:
    """Record everything that was acknowledged in a shard; a recorder may do so at the same time.

    Raises RecordingHalted, TakenOver.
    """
    position = recorder.read_position(shard)
    while position is not None and not position.halted_reason:
        _renew(live, shards, token)
        try:
            position, count = recorder.record(live, position, count=EVENTS_AT_ONCE, now=now)
            if not count and not position.halted_reason:
                if position.number == number:
                    return position
                recorder.halt(live, position, reason=f"events up to {number} are missing in the stream")
                break
        except FenceLost:
            position = recorder.read_position(shard)
    raise RecordingHalted


def _renew(live: Live, shards: Iterable[Shard], token: str, commands: Mapping[Shard, Commands] = NO_COMMANDS) -> None:
    """Write while the doors are shut, and keep the locks; raises TakenOver."""
    for shard in shards:
        if not state.restore(live, shard, token=token, commands=commands.get(shard, ())):
            raise TakenOver


# In SQL


def _apply(
    live: Live, correction_id: int, positions: Sequence[Position], now: datetime, keep_locks: Callable[[], None]
) -> None:
    """Make the kit that holds the correction, if there is none yet. Raises FenceLost, TakenOver."""
    with reading():
        correction = db.session.get_one(Correction, correction_id, populate_existing=True)
        contest = db.session.get_one(Contest, correction.contest_id, populate_existing=True)
        before = kits.get_kit(contest_id=contest.id, version=contest.kit_version).questions[correction.question_id]
        is_done = correction.kit_version is not None or not correction.is_waiting
        after = _corrected(contest, correction, now).questions[before.id]
        found = None if is_done else impact_of(contest=contest, before=before, after=after, between=keep_locks)
        release()
    if found is None:
        return
    hold_all(positions, now=now)
    contest = db.session.get_one(Contest, positions[0].shard.contest_id, populate_existing=True)
    correction = db.session.get_one(Correction, correction_id, populate_existing=True, with_for_update=True)
    if before.is_void:
        correction.error = "already_void"
        db.session.commit()
        return
    kit = _corrected(contest, correction, now)
    stored = kits.store_kit(kit=kit, now=now)
    contest.kit_version = correction.kit_version = kit.version
    contest.lock_version += 1
    correction.applied_at, correction.outcome = now, found.document()
    detail = {"question": correction.question_id, "what": correction.what, "reason": correction.reason}
    keys = {"key_before": before.key, "key": correction.key or before.key, "kit_version": kit.version}
    audit.record(
        action="play.rescore",
        subject_kind="contest",
        subject_id=str(contest.id),
        detail=detail | keys | correction.outcome,
        now=now,
        actor=db.session.get(User, correction.asked_by_id) if correction.asked_by_id else None,
    )
    body = stored.body
    db.session.commit()
    try:
        gates.write_kit_copy(live, contest_id=kit.contest_id, version=kit.version, body=body)
    except LiveStoreDown:
        # The copy is refilled from SQL when it is first asked for.
        log.warning("kit_copy_not_written", contest_id=kit.contest_id, version=kit.version)


def _corrected(contest: Contest, correction: Correction, now: datetime) -> Kit:
    kit = kits.get_kit(contest_id=contest.id, version=contest.kit_version)
    return corrected(
        kit,
        question_id=correction.question_id,
        what=correction.what,
        key=correction.key,
        reason=correction.reason,
        version=kit.version + 1,
        at_ms=to_ms(now),
    )


# In live state


def _bring_in_line(live: Live, shards: Shards, token: str, touched: Touched) -> None:
    commands: dict[Shard, list[Sequence[str]]] = {shard: [] for shard in shards}
    by_shard: dict[Shard, dict[str, str]] = {}
    for attempt_id, person in touched.attempts.items():
        by_shard.setdefault(shards.of(person), {})[attempt_id] = person
    for shard, attempts in by_shard.items():
        commands[shard] = _standing(shard, attempts)
    _renew(live, shards, token, commands)


def _standing(shard: Shard, attempts: Mapping[str, str]) -> list[Sequence[str]]:
    """What brings these attempts (→ person) of a shard in line with SQL."""
    # Ended ones are in SQL and are read from there; open ones are written again behind it.
    commands: list[Sequence[str]] = [
        ["UNLINK", state.attempt_key(shard, attempt_id), state.texts_key(shard, attempt_id)] for attempt_id in attempts
    ]
    with reading():
        recorded = Recorded(db.session.get_one(Contest, shard.contest_id, populate_existing=True), shard)
        ranks, open_ones = recorded.ranks_of(set(attempts.values())), recorded.open_ones(attempts)
        commands += standing_commands(shard, ranks=ranks, open_attempts=open_ones)
        release()
    return commands


def _open_doors(live: Live, position: Position, token: str) -> None:
    """Make the gate as it was, with the newest kit; phones that have an open attempt get time to send again."""
    has_open = state.count_open(live, position.shard) > 0
    if not open_doors(live, position, token=token, is_rebuilt=has_open):
        raise TakenOver


# As a job


def rescore_in_background(run: Run) -> dict[str, Any]:
    return rescore(run.params["correction"], now=run.now, tell=run.tell)


def mark_failed(params: dict[str, Any], code: str, now: datetime) -> None:
    """What was applied is carried through by whoever makes the gate again; what was not has changed nothing."""
    correction = db.session.get_one(Correction, params["correction"], with_for_update=True)
    if correction.kit_version is None:
        correction.error = code


KINDS = (Kind(name=RESCORE, act=rescore_in_background, limits=LIMITS, failed=mark_failed),)
