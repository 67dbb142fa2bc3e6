"""How far the live events of a contest are in SQL, for the people who watch it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from quizapp.contests.models import Contest
from quizapp.core.clock import to_ms
from quizapp.core.errors import StoreUnavailable
from quizapp.core.live import Live
from quizapp.play import queries, state
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
        waiting = [_waiting(live, shard, now) for shard in contest.shards]
    except StoreUnavailable:
        return Recording(None, 0, not positions, is_halted, unusable)
    count, seconds = sum(count for count, _seconds in waiting), max(seconds for _count, seconds in waiting)
    return Recording(count, seconds, not positions, is_halted, unusable)


def _waiting(live: Live, shard: Shard, now: datetime) -> tuple[int, int]:
    oldest = state.read_events(live, shard, after="0-0", count=1)
    if not oldest:
        return 0, 0
    # The first part of a stream's id is the server's time at which it was added.
    added_ms = int(oldest[0][0].partition("-")[0])
    return state.count_events(live, shard), max(0, to_ms(now) - added_ms) // 1000
