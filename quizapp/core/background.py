"""Work that takes longer than a request: a row says what is to be done, how far it is and what came of it.

A job is put in by the request's own transaction, so it exists exactly when what it belongs to exists. Whoever claims
it does so by one conditional UPDATE whose row count says who won.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.core.db import Base


class Job(Base):
    """One piece of work; `kind` is "room.verb", `params` and `result` are documents of that kind."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("state in ('queued','running','done','failed')", name="state"),
        Index("ix_job_state", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    params: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16), default="queued")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    """Steps; 0 while nobody knows how many there are."""
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str] = mapped_column(Text, default="")
    """A stable code, or the last lines of what went wrong; people get a sentence for it."""
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    """A running job whose last sign of life is old lost its process and is taken up again."""
    finished_at: Mapped[datetime | None]
