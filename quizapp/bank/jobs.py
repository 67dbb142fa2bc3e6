"""The bank's timed duties."""

from __future__ import annotations

from datetime import datetime, timedelta

from quizapp.bank import media
from quizapp.core.db import db
from quizapp.core.jobs import Duty
from quizapp.core.logs import get_logger

log = get_logger("bank")


def drop_unused_media(now: datetime) -> None:
    """Drop pictures and recordings that were sent but that no question shows."""
    dropped = media.drop_unused(now=now)
    db.session.commit()
    log.info("unused_media_dropped", rows=dropped)


DUTIES = (Duty(name="bank.drop_unused_media", every=timedelta(hours=6), act=drop_unused_media),)
