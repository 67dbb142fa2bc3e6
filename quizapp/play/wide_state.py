"""Live state that belongs to no shard: the recorder's lease, what it tells of itself, and the clock."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from quizapp.core.clock import from_ms
from quizapp.core.live import Live, Script
from quizapp.play.state import Shard, base_of

PACE_SECONDS = 5
LEASE_KEY, PACE_KEY = "play:recorder", "play:recorder:pace"
_hold_lease = Script((Path(__file__).parent / "lease.lua").read_text())


def hold_lease(live: Live, *, owner: str, milliseconds: int) -> bool:
    """Take or keep the recorder's lease; False while somebody else has it."""
    return bool(_hold_lease.call(live, keys=[LEASE_KEY], arguments=[owner, milliseconds]))


def give_up_lease(live: Live, *, owner: str) -> None:
    if live.command("GET", LEASE_KEY) == owner:
        live.command("DEL", LEASE_KEY)


def has_lease(live: Live) -> bool:
    """Whether some recorder holds the lease: one runs."""
    return bool(live.command("EXISTS", LEASE_KEY))


def time_of(live: Live, shard: Shard) -> datetime:
    """The time by the clock that decides in a shard."""
    seconds, microseconds = live.command("TIME", at=base_of(shard))
    return from_ms(int(seconds) * 1000 + int(microseconds) // 1000)


def tell_pace(live: Live, *, per_second: int, batch: int, batch_ms: int) -> None:
    """Tell for some seconds how fast the recorder works."""
    document = json.dumps({"per_second": per_second, "batch": batch, "batch_ms": batch_ms})
    live.command("SET", PACE_KEY, document, "EX", PACE_SECONDS)


def read_pace(live: Live) -> dict[str, int] | None:
    """What `tell_pace` told; None when nothing was told lately."""
    told = live.command("GET", PACE_KEY)
    return json.loads(told) if told else None
