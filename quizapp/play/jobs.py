"""The recorder's process: one loop that records, sweeps, samples, and keeps gates as SQL wants them.

Each turn: hold the lease, record what the streams of the active contests have, shard by shard. Once a second besides:
choose the active contests, make missing gates, bring gates up to date, hand in what is overdue, sample who is playing.
Once a minute: write the sample to SQL, and look whether contests that are over have lost their live state.

A shard whose server does not reply is left alone for a moment, and the others are recorded on.
A contest that has been over for an hour and is recorded to the end is settled, and costs nothing any more.
"""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from quizapp.contests.models import Contest
from quizapp.contests.shards import Shards
from quizapp.core.clock import from_ms, to_ms, utc_now
from quizapp.core.db import db, reading
from quizapp.core.errors import StoreUnavailable
from quizapp.core.live import Live, LiveStoreDown, get_live
from quizapp.core.logs import get_logger
from quizapp.core.metrics import BATCHES, RECORDED
from quizapp.leaderboards import state as boards
from quizapp.play import queries, recorder, recount, rules, state, wide_state
from quizapp.play.models import LiveSample, RecorderPosition
from quizapp.play.rebuild import RebuildNeedsDecision, RebuildTakenOver, open_if_new, rebuild
from quizapp.play.recorder import FenceLost, Position
from quizapp.play.state import Shard

LEASE_MS = 5000
DUTY_SECONDS = 1.0
MINUTE_SECONDS = 60.0
IDLE_SECONDS = 0.05
AWAY_SECONDS = 0.5
DRAIN_SECONDS = 15.0
SETTLED_AFTER = timedelta(hours=1)
SWEEPS_AT_ONCE = 10
YIELD_SECONDS = 0.002
AWAY = (StoreUnavailable, DBAPIError, PoolTimeout)

log = get_logger("play")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many events a transaction takes: more while it is quick, fewer when it is slow.

    Never very few: each transaction costs some milliseconds whatever it holds, and on a machine that is busy with
    something else smaller ones would not be quicker, only more.
    """

    fewest: int
    most: int
    quick_seconds: float
    slow_seconds: float


SIZES = {
    # SQLite has one writer: everybody else's writes wait while a transaction is open.
    "sqlite": Sizes(100, 1000, 0.015, 0.04),
    "postgresql": Sizes(250, 2000, 0.1, 0.5),
}


def run_recorder(stop: threading.Event, *, wait_ms: int = rules.OUTAGE_WAIT_MS) -> None:
    """Record until `stop` is set, then what is left. Needs an app context."""
    keeper = Recorder(get_live(), wait_ms=wait_ms)
    while not stop.is_set():
        if not keeper.turn(utc_now()):
            stop.wait(keeper.pause_seconds)
    give_up_at = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < give_up_at and keeper.turn(utc_now()):
        pass
    keeper.close()


@dataclass
class Recorder:
    """One recorder's memory between its turns."""

    live: Live
    wait_ms: int = rules.OUTAGE_WAIT_MS
    owner: str = field(default_factory=lambda: secrets.token_hex(8))
    positions: dict[Shard, Position] = field(default_factory=dict)
    count: int = 100
    pause_seconds: float = IDLE_SECONDS
    _away_until: dict[Shard, float] = field(default_factory=dict)
    _ranked: dict[Shard, int] = field(default_factory=dict)
    """How many people a board had when it was last looked at; nobody ever leaves one."""
    _batch: tuple[int, float] = (0, 0.0)
    """Events and seconds of the last transaction."""
    _recorded: int = 0
    """Events since `_told_at`."""
    _told_at: float = field(default_factory=time.monotonic)
    _lost: list[Shard] = field(default_factory=list)
    """Settled shards that have lost their live state."""
    _lease_due: float = 0.0
    """When the lease is asked for next, after its server did not reply."""
    _duties_due: float = 0.0
    _minute_due: float = 0.0

    def turn(self, now: datetime) -> bool:
        """Do what is due; True when there was something to record, so that more may wait."""
        try:
            self.pause_seconds = IDLE_SECONDS
            if not self._holds_lease():
                self.pause_seconds = AWAY_SECONDS
                self.positions.clear()
                return False
            self._do_duties(now)
            found = [self._record(shard, now) for shard in list(self.positions) if not self._is_away(shard)]
            return any(found)
        except AWAY as error:
            # Nothing is lost: the events stay in the stream until SQL has them.
            log.warning("recorder_waits", reason=recorder.reason_of(error))
            self.pause_seconds = AWAY_SECONDS
            db.session.rollback()
            return False
        finally:
            db.session.remove()

    def close(self) -> None:
        """Let a standby take over at once."""
        try:
            wide_state.give_up_lease(self.live, owner=self.owner)
        except StoreUnavailable:
            log.warning("lease_not_given_up")

    def _holds_lease(self) -> bool:
        """Whether this recorder is the one at work; who was it goes on while the lease's server is away.

        In a cluster the other servers may be well. Two at work at once only hinder one another: the fence in SQL lets
        each event be recorded once.
        """
        if time.monotonic() < self._lease_due:
            return True
        try:
            return wide_state.hold_lease(self.live, owner=self.owner, milliseconds=LEASE_MS)
        except StoreUnavailable:
            if not self.positions:
                raise
            log.warning("lease_not_asked_for")
            self._lease_due = time.monotonic() + LEASE_MS / 1000
            return True

    def _is_away(self, shard: Shard) -> bool:
        return time.monotonic() < self._away_until.get(shard, 0.0)

    def _leave_alone(self, shard: Shard, error: StoreUnavailable) -> None:
        """Nothing is lost: the events stay in the stream until SQL has them."""
        if not isinstance(error, state.Recovering):
            log.warning("shard_away", contest_id=shard.contest_id, shard=shard.number, reason=type(error).__name__)
            self._away_until[shard] = time.monotonic() + AWAY_SECONDS

    # Recording

    def _record(self, shard: Shard, now: datetime) -> bool:
        position = self.positions[shard]
        started = time.monotonic()
        try:
            self.positions[shard], count = recorder.record(self.live, position, count=self.count, now=now)
        except FenceLost:
            del self.positions[shard]
            return True
        except StoreUnavailable as error:
            self._leave_alone(shard, error)
            return False
        if count:
            seconds = time.monotonic() - started
            self._batch, self._recorded = (count, seconds), self._recorded + count
            BATCHES.add(seconds)
            RECORDED.add(count=count)
            self._adapt(seconds, count)
        return count > 0

    def _tell_pace(self, clock: float) -> None:
        """Tell those who watch how fast it goes; nobody can look while the server for it is away."""
        events, seconds = self._batch
        per_second = round(self._recorded / max(clock - self._told_at, DUTY_SECONDS))
        self._told_at, self._recorded = clock, 0
        with suppress(StoreUnavailable):
            wide_state.tell_pace(self.live, per_second=per_second, batch=events, batch_ms=round(1000 * seconds))

    def _adapt(self, seconds: float, count: int) -> None:
        sizes = SIZES[db.engine.dialect.name]
        if seconds > sizes.slow_seconds:
            self.count = max(sizes.fewest, self.count // 2)
        elif seconds < sizes.quick_seconds and count >= self.count:
            self.count = min(sizes.most, self.count * 2)
        if db.engine.dialect.name == "sqlite":
            # Let those who wait come in.
            time.sleep(YIELD_SECONDS)

    # Duties

    def _do_duties(self, now: datetime) -> None:
        clock = time.monotonic()
        if clock < self._duties_due:
            return
        is_minute = clock >= self._minute_due
        self._duties_due = clock + DUTY_SECONDS
        self._tell_pace(clock)
        contests = _active_contests()
        self.positions = {shard: self.positions[shard] for shard in self.positions if shard.contest_id in contests}
        for shards in contests.values():
            self._keep(shards, now, is_minute=is_minute)
        if is_minute:
            self._minute_due = clock + MINUTE_SECONDS
            self._lost = self._find_lost()
        if self._lost:
            # One at a time: whose contest is on waits for none of these.
            self._rebuild_settled(self._lost.pop(), now)

    def _keep(self, shards: Shards, now: datetime, *, is_minute: bool) -> None:
        found: dict[Shard, state.Figures] = {}
        for shard in shards:
            if self._tend(shard, now):
                with suppress(StoreUnavailable):
                    found[shard] = state.figures(self.live, shard)
                    self._keep_board(shard)
        playing = sum(figures.playing for figures in found.values())
        for shard, figures in found.items():
            with suppress(StoreUnavailable):
                state.sample(self.live, shard, playing=playing)
                if is_minute:
                    write_sample(live=self.live, shard=shard, now=now)
                    # A server that took over may lack what was tidied up last.
                    recorder.finish_leftovers(self.live, self.positions[shard])
                    if now >= from_ms(figures.closes_ms) + SETTLED_AFTER:
                        self._settle(self.positions[shard], now)

    def _tend(self, shard: Shard, now: datetime) -> bool:
        """See to one shard's gate and deadlines; False where it is not in order now."""
        if self._is_away(shard):
            return False
        try:
            position = self._position(shard, now)
            if position is None:
                return False
            if position.halted_reason:
                recorder.keep_shut(self.live, position)
                return False
            if not self._reconcile(position):
                return False
            self._sweep(shard)
        except (StoreUnavailable, RebuildTakenOver, RebuildNeedsDecision, FenceLost) as error:
            self.positions.pop(shard, None)
            if isinstance(error, StoreUnavailable):
                self._leave_alone(shard, error)
            return False
        return True

    def _position(self, shard: Shard, now: datetime) -> Position | None:
        """Where recording stands, with a gate to it; makes the gate where there is none.

        A halted position is read anew each time, since a person may have decided.
        """
        position = self.positions.get(shard)
        if position is None or position.halted_reason:
            position = recorder.read_position(shard)
            if position is not None and position.halted_reason:
                return position
            if position is not None and state.has_gate(self.live, shard):
                recorder.finish_leftovers(self.live, position)
                self.positions[shard] = position
                return position
        if not state.has_gate(self.live, shard):
            self.positions.pop(shard, None)
            if not open_if_new(shard=shard, now=now):
                rebuild(shard=shard, now=now, discards=False)
            position = recorder.read_position(shard)
            if position is not None:
                self.positions[shard] = position
        return position

    def _reconcile(self, position: Position) -> bool:
        """Bring the gate up to date with SQL; False without one, or when it shows that Redis went back in time."""
        shard = position.shard
        fields = state.read_gate_fields(self.live, shard)
        if not fields:
            # Somebody has just taken it away, to rebuild or to mark anew.
            return False
        reason = ""
        if fields.get("lineage") != position.lineage:
            reason = "the live data belong to another lineage than the records"
        elif int(fields["number"]) < position.number:
            reason = f"the live data know {fields['number']} events where {position.number} are recorded"
        elif int(fields["number"]) > position.number and not state.count_events(self.live, shard):
            # Counted after the gate was read, and nothing is trimmed but by this recorder: the events are gone.
            if not state.has_gate(self.live, shard):
                # With all else, in this moment: the next turn makes it anew.
                return False
            reason = f"events {position.number + 1} to {fields['number']} are missing in the stream"
        if reason:
            self.positions[shard] = recorder.halt(self.live, position, reason=reason)
            return False
        with reading():
            wanted = queries.gate_settings(shard.contest_id, shard)[shard]
            db.session.rollback()
        pairs = zip(wanted[::2], wanted[1::2], strict=True)
        is_current = all(fields.get(str(name)) == str(value) for name, value in pairs)
        if not is_current and not state.write_gate(self.live, shard, wanted):
            # An organiser was quicker, unless it is told each second: then SQL went back in time.
            log.warning("gate_knows_newer", contest_id=shard.contest_id, shard=shard.number)
        return True

    def _keep_board(self, shard: Shard) -> None:
        """Have the board counted anew when it has fewer people than it had, or at first than the records have."""
        people, least = boards.ranked(self.live, shard, board="overall"), self._ranked.get(shard)
        if people < (recount.recorded_people(shard) if least is None else least):
            recount.note_lost(self.live, shard)
        self._ranked[shard] = people
        recount.count_anew(self.live, self.positions[shard])

    def _sweep(self, shard: Shard) -> None:
        try:
            for _sweep in range(SWEEPS_AT_ONCE):
                if state.expire(self.live, shard, wait_ms=self.wait_ms) < 200:
                    return
        except LiveStoreDown as error:
            # Full memory refuses to hand in, and nothing but recording frees it: the shard is recorded all the same.
            log.warning("not_swept", contest_id=shard.contest_id, shard=shard.number, reason=recorder.reason_of(error))

    def _settle(self, position: Position, now: datetime) -> None:
        shard = position.shard
        if state.count_events(self.live, shard) or state.count_open(self.live, shard):
            return
        # Who moves the end has the row until all shards are said not to be settled any more.
        contest = select(Contest.closes_at).where(Contest.id == shard.contest_id)
        closes_at = db.session.execute(contest.with_for_update(key_share=True)).scalar_one()
        if now >= closes_at + SETTLED_AFTER:
            db.session.execute(recorder.at(position).values(is_settled=True))
        db.session.commit()

    def _find_lost(self) -> list[Shard]:
        """The shards of settled contests that have lost their live state: it is still looked at.

        Where the board alone is lost, count it anew.
        """
        with reading():
            settled = select(RecorderPosition.contest_id, RecorderPosition.shard).where(
                RecorderPosition.is_settled.is_(True), RecorderPosition.halted_reason == ""
            )
            shards = [Shard(contest_id, number) for contest_id, number in db.session.execute(settled)]
            db.session.rollback()
        lost = []
        for shard in shards:
            with suppress(StoreUnavailable):
                if not state.has_gate(self.live, shard):
                    lost.append(shard)
                elif not boards.ranked(self.live, shard, board="overall"):
                    self._count_settled(shard)
        return lost

    def _count_settled(self, shard: Shard) -> None:
        position = recorder.read_position(shard)
        if position is not None and recount.recorded_people(shard):
            recount.note_lost(self.live, shard)
            recount.count_anew(self.live, position)

    def _rebuild_settled(self, shard: Shard, now: datetime) -> None:
        try:
            rebuild(shard=shard, now=now, discards=False)
        except (StoreUnavailable, RebuildTakenOver, RebuildNeedsDecision, FenceLost) as error:
            log.warning("settled_not_rebuilt", contest_id=shard.contest_id, reason=type(error).__name__)


_settled_shards = (
    select(func.count())
    .where(RecorderPosition.contest_id == Contest.id, RecorderPosition.is_settled.is_(True))
    .scalar_subquery()
)


def _active_contests() -> dict[int, Shards]:
    """The shards of published contests of which not every shard is settled.

    What may change meanwhile, such as a contest's end, is read where it is used: a turn can be long.
    """
    with reading():
        query = (
            select(Contest)
            .where(Contest.state == "published", _settled_shards < Contest.shard_count)
            .order_by(Contest.id)
        )
        found = {contest.id: contest.shards for contest in db.session.scalars(query)}
        db.session.rollback()
    return found


def write_sample(*, live: Live, shard: Shard, now: datetime) -> None:
    """Write this minute's figures of a shard that no answer can recompute; commits. A second time changes nothing."""
    figures = state.figures(live, shard)
    minute_ms = to_ms(now) // 60_000 * 60_000
    known = select(LiveSample.id).where(
        LiveSample.contest_id == shard.contest_id,
        LiveSample.shard == shard.number,
        LiveSample.minute_ms == minute_ms,
    )
    if db.session.scalar(known) is None:
        counters = figures.counters
        db.session.add(
            LiveSample(
                contest_id=shard.contest_id,
                shard=shard.number,
                minute_ms=minute_ms,
                visits=counters.get("visits", 0),
                visitors=figures.visitors,
                playing=figures.playing,
                peak=counters.get("peak", 0),
                peak_at_ms=counters.get("peak_at"),
            )
        )
    db.session.commit()
