"""The figures of the house once a minute, kept for a day, for the page that shows how it has been going."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from quizapp.admin.house import Look
from quizapp.core import adding_up
from quizapp.core.clock import from_ms, to_ms
from quizapp.core.db import db, reading
from quizapp.core.jobs import Duty
from quizapp.core.live import Live, get_live

MINUTE_MS = 60_000
KEPT = timedelta(days=1)

Figures = Mapping[str, Any]
"""The fields of `house.House` with those of `adding_up.Requests`."""


def take_sample(now: datetime) -> None:
    """Keep the figures of this minute; twice in a minute changes nothing. Raises LiveStoreDown."""
    live = get_live()
    with reading():
        house = Look(live).take(now=now)
        db.session.rollback()
    figures = asdict(house) | asdict(adding_up.requests(live))
    minute_ms = to_ms(now) // MINUTE_MS * MINUTE_MS
    adding_up.keep_sample(live, minute_ms=minute_ms, text=json.dumps(figures), oldest_ms=to_ms(now - KEPT))


def samples_since(live: Live, moment: datetime) -> dict[int, Figures]:
    """Minute (ms) → its figures, from a moment on, the oldest first. Raises LiveStoreDown."""
    return {minute_ms: json.loads(text) for minute_ms, text in adding_up.samples(live, since_ms=to_ms(moment))}


def newest_sample_at(live: Live) -> datetime | None:
    newest_ms = adding_up.newest_sample_ms(live)
    return None if newest_ms is None else from_ms(newest_ms)


DUTIES = (Duty(name="admin.take_sample", every=timedelta(seconds=20), act=take_sample),)
