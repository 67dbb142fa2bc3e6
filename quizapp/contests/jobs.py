"""Personal fields are deleted when their time is over; play makes it a timed duty, since boards show names too."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select

from quizapp.accounts import audit
from quizapp.contests.models import Contest, Entry
from quizapp.core.db import db
from quizapp.core.errors import StoreUnavailable
from quizapp.core.logs import get_logger

log = get_logger("contests")

BATCH = 200
"""Entries a transaction: short enough that other writers on SQLite hardly wait."""


class Forget(Protocol):
    def __call__(self, *, contest: Contest, entry: Entry, now: datetime) -> None: ...


def delete_expired_fields(now: datetime, *, forget: Forget) -> int:
    """Forget the people of contests that closed their `retention_days` ago; commits itself, returns how many.

    A contest whose people cannot be forgotten now does not keep the others waiting: its StoreUnavailable is raised at
    the end, and the next run takes it up again.
    """
    closed = db.session.scalars(select(Contest).where(Contest.closes_at <= now - timedelta(days=1)))
    over = [contest for contest in closed if contest.closes_at + timedelta(days=contest.retention_days) <= now]
    deleted = 0
    unavailable: StoreUnavailable | None = None
    for contest in over:
        try:
            deleted += _delete_of(contest, now, forget)
        except StoreUnavailable as error:
            db.session.rollback()
            log.warning("people_not_forgotten", contest_id=contest.id)
            unavailable = error
    if unavailable:
        raise unavailable
    return deleted


def _delete_of(contest: Contest, now: datetime, forget: Forget) -> int:
    deleted = 0
    while entries := _next_entries(contest.id):
        for entry in entries:
            forget(contest=contest, entry=entry, now=now)
        audit.record(
            action="contests.delete_expired_fields",
            subject_kind="contest",
            subject_id=str(contest.id),
            detail={"entries": len(entries), "retention_days": contest.retention_days},
            now=now,
            actor=None,
            by=audit.SYSTEM,
        )
        db.session.commit()
        deleted += len(entries)
    return deleted


def _next_entries(contest_id: int) -> list[Entry]:
    query = select(Entry).where(Entry.contest_id == contest_id, Entry.anonymised_at.is_(None))
    return list(db.session.scalars(query.order_by(Entry.id).limit(BATCH)))
