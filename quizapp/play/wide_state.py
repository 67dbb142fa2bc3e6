"""Live state that belongs to no shard: what the recorder tells of itself."""

from __future__ import annotations

import json

from quizapp.core.live import Live

PACE_SECONDS = 5
_PACE_KEY = "play:recorder:pace"


def tell_pace(live: Live, *, per_second: int, batch: int, batch_ms: int) -> None:
    """Tell for some seconds how fast the recorder works."""
    document = json.dumps({"per_second": per_second, "batch": batch, "batch_ms": batch_ms})
    live.command("SET", _PACE_KEY, document, "EX", PACE_SECONDS)


def read_pace(live: Live) -> dict[str, int] | None:
    """What `tell_pace` told; None when nothing was told lately."""
    told = live.command("GET", _PACE_KEY)
    return json.loads(told) if told else None
