"""How far the live events of a contest are in SQL, for the people who watch it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from quizapp.contests.models import Contest
from quizapp.core.clock import to_ms
from quizapp.core.errors import StoreUnavailable
from quizapp.core.live import Live
from quizapp.play import queries, state, wide_state
from quizapp.play.state import Shard

LATE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Recording:
    waiting: int | None
    """Events that are not in SQL yet; None while Redis does not say."""
    seconds: int
    """How long the oldest of them has waited."""
    is_new: bool
    """Just published: nothing has been made ready for play yet."""
    is_halted: bool
    """Stopped until a person has decided; the doors are shut."""
    unusable: int
    """Events that could not be recorded and were kept aside."""

    @property
    def is_late(self) -> bool:
        return self.seconds >= LATE_SECONDS


def recording_of(live: Live, *, contest: Contest, now: datetime) -> Recording:
    positions = queries.positions(contest_id=contest.id)
    is_halted = any(position.halted_reason for position in positions)
    unusable = queries.dead_letters_count(contest.id)
    try:
        lag = lag_of_all(live, contest.shards, now=now)
    except StoreUnavailable:
        return Recording(None, 0, not positions, is_halted, unusable)
    return Recording(lag.events, lag.seconds, not positions, is_halted, unusable)


@dataclass(frozen=True, slots=True)
class Lag:
    """What of a shard is not in SQL yet."""

    events: int
    seconds: int
    """How long the oldest of them has waited."""

    @property
    def is_late(self) -> bool:
        return self.seconds >= LATE_SECONDS


def lag_of_all(live: Live, shards: Iterable[Shard], *, now: datetime) -> Lag:
    """How far the records of a contest are behind: the sum of its shards' events, and the oldest of them."""
    lags = [lag_of(live, shard, now=now) for shard in shards]
    return Lag(sum(lag.events for lag in lags), max((lag.seconds for lag in lags), default=0))


def lag_of(live: Live, shard: Shard, *, now: datetime) -> Lag:
    """How far the records of a shard are behind; raises StoreUnavailable."""
    oldest = state.read_events(live, shard, after="0-0", count=1)
    if not oldest:
        return Lag(0, 0)
    # The first part of a stream's id is the server's time at which it was added.
    added_ms = int(oldest[0][0].partition("-")[0])
    return Lag(state.count_events(live, shard), max(0, to_ms(now) - added_ms) // 1000)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the recorder works, as it told within the last seconds."""

    per_second: int
    """Events that it carried over in the last second."""
    batch: int
    """Events in its last transaction."""
    batch_ms: int
    """How long that took, with reading the events and removing them."""


def pace_of(live: Live) -> Pace | None:
    """None while no recorder works; raises StoreUnavailable."""
    told = wide_state.read_pace(live)
    return Pace(**told) if told else None
