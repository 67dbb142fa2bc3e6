"""What is deleted when its time is over: audit rows, log files, ended sessions, lists that were never taken in."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete

from quizapp.accounts.access import ABSOLUTE
from quizapp.accounts.models import AuditEvent, EndedSession, UnitImport
from quizapp.admin.queries import get_site
from quizapp.admin.rules import LEAST_LOG_DAYS
from quizapp.core.db import db
from quizapp.core.jobs import Duty
from quizapp.core.logs import delete_old, get_logger
from quizapp.core.settings import get_settings

STAGED = timedelta(days=1)
log = get_logger("admin")


def delete_expired(now: datetime) -> None:
    """Delete what has been kept long enough; audit rows and log files never before six months."""
    days = max(LEAST_LOG_DAYS, get_site().log_retention_days)
    oldest = {
        AuditEvent: AuditEvent.at < now - timedelta(days=days),
        EndedSession: EndedSession.ended_at < now - ABSOLUTE,
        UnitImport: UnitImport.created_at < now - STAGED,
    }
    for table, is_over in oldest.items():
        deleted = db.session.execute(delete(table).where(is_over))
        log.info("expired_deleted", table=table.__tablename__, rows=getattr(deleted, "rowcount", 0))
    db.session.commit()
    folder = get_settings().log_dir
    if folder:
        delete_old(folder, keep_days=days, today=now.date())


DUTIES = (Duty(name="admin.delete_expired", every=timedelta(hours=6), act=delete_expired),)
