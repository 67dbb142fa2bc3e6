"""What the rooms have to do from time to time, for `quizapp work`."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from quizapp.admin.models import Site
from quizapp.core import logs
from quizapp.core.db import db, reading
from quizapp.core.jobs import Duty
from quizapp.core.settings import get_settings

LOG_RETENTION_DAYS = 183
"""Half a year, the least that the Cybersecurity Law (Art. 21) asks of operators; the site's settings may say more."""


def all_duties() -> list[Duty]:
    return [Duty(name="logs", every=timedelta(hours=6), act=delete_old_logs)]


def delete_old_logs(now: datetime) -> list[str]:
    """Delete the log files that the site keeps no longer; nothing where log lines go to stderr."""
    folder = get_settings().log_dir
    if folder is None:
        return []
    with reading():
        days = db.session.scalar(select(Site.log_retention_days)) or LOG_RETENTION_DAYS
        db.session.rollback()
    return logs.delete_old(folder, keep_days=days, today=now.date())
