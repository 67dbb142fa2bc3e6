"""Timed duties: personal fields are deleted when their time is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from quizapp.accounts import audit
from quizapp.contests.entering import anonymise
from quizapp.contests.models import Contest, Entry
from quizapp.core.db import db
from quizapp.core.jobs import Duty

BATCH = 200
"""Entries a transaction: short enough that other writers on SQLite hardly wait."""


def delete_expired_fields(now: datetime) -> int:
    """Anonymise the entries of contests that closed their `retention_days` ago; commits itself, returns how many."""
    closed = db.session.scalars(select(Contest).where(Contest.closes_at <= now - timedelta(days=1)))
    over = [
        (contest.id, contest.retention_days)
        for contest in closed
        if contest.closes_at + timedelta(days=contest.retention_days) <= now
    ]
    return sum(_delete_of(contest_id, days, now) for contest_id, days in over)


def _delete_of(contest_id: int, days: int, now: datetime) -> int:
    deleted = 0
    while entries := _next_entries(contest_id):
        for entry in entries:
            anonymise(entry=entry, now=now)
        audit.record(
            action="contests.delete_expired_fields",
            subject_kind="contest",
            subject_id=str(contest_id),
            detail={"entries": len(entries), "retention_days": days},
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


DUTIES = (Duty(name="contests.delete_expired_fields", every=timedelta(hours=6), act=delete_expired_fields),)
