"""Work that takes longer than a request: a row says what is to be done, how far it is and what came of it.

A job is put in by the request's own transaction, so it exists exactly when what it belongs to exists. Whoever claims
it does so by one conditional UPDATE whose row count says who won; the number of the try is then the fence by which a
run that was given up for lost can neither change the row nor commit what it did.

`core.jobs` runs them; what is here flushes and never commits.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import CheckConstraint, CursorResult, Index, String, Text, Update, select, update
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.core.db import Base, db
from quizapp.core.i18n import _

MOST_TRIES = 3
LOST_AFTER = timedelta(seconds=30)
"""Without a sign of life a running job has lost its process. Longer than a writer waits for SQLite's lock."""


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
    """Why it failed: a code of `failure`, or that of the refusal that its kind ran into."""
    tries: Mapped[int] = mapped_column(default=0)
    """How often it was claimed; also the fence of the run that goes on now."""
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    """A running job whose last sign of life is old lost its process and is taken up again."""
    finished_at: Mapped[datetime | None]

    @property
    def is_waiting(self) -> bool:
        """Whether it is still to be done, or being done."""
        return self.state in ("queued", "running")


class Claim(NamedTuple):
    """One run of a job: nobody else has this id with this try."""

    id: int
    kind: str
    tries: int


def enqueue(*, kind: str, params: dict[str, Any], now: datetime) -> Job:
    """Put a job in, to be done once the current transaction is committed."""
    job = Job(kind=kind, params=params, created_at=now)
    db.session.add(job)
    db.session.flush()
    return job


def failure(code: str) -> str:
    """The sentence for what can happen to any job; for other codes a general one."""
    match code:
        case "out_of_memory":
            return _("处理时需要的内存超过了上限，已经中止，没有改动任何内容。请把内容拆成几份再试。")
        case "out_of_time":
            return _("处理时间超过了上限，已经中止，没有改动任何内容。请把内容拆成几份再试。")
        case "lost":
            return _("处理多次意外中断，没有改动任何内容。请稍后再试；如果仍然这样，请联系管理员。")
        case "busy":
            return _("系统一直很忙，没有处理，也没有改动任何内容。请稍后再试一次。")
        case _:
            return _("处理时程序出错，没有改动任何内容，错误已记入日志。请联系管理员。")


def claimable(*, kinds: Collection[str], without: Collection[int], now: datetime) -> list[Claim]:
    """The jobs of these kinds that wait and those that lost their process, oldest first; a few of them.

    `without` are the ids of jobs that the caller runs itself, however long it could not tell so.
    """
    is_lost = (Job.state == "running") & (Job.heartbeat_at < now - LOST_AFTER)
    query = (
        select(Job.id, Job.kind, Job.tries)
        .where((Job.state == "queued") | is_lost, Job.kind.in_(kinds), Job.id.not_in(without))
        .order_by(Job.id)
        .limit(5)
    )
    return [Claim(*row) for row in db.session.execute(query)]


def claim(found: Claim, *, now: datetime) -> Claim | None:
    """Take a job found by `claimable`; None when somebody else was faster."""
    taken = found._replace(tries=found.tries + 1)
    query = (
        update(Job)
        .where(Job.id == found.id, Job.tries == found.tries, Job.state.in_(("queued", "running")))
        .values(state="running", tries=taken.tries, started_at=now, heartbeat_at=now, done=0, total=0)
    )
    return taken if changes_one(query) else None


def held_by(run: Claim) -> Update:
    """An UPDATE of the row, as long as the job is still this run's."""
    return update(Job).where(Job.id == run.id, Job.state == "running", Job.tries == run.tries)


def changes_one(query: Update) -> bool:
    """Execute, and say whether the row was there to be changed."""
    result = db.session.execute(query.execution_options(synchronize_session=False))
    return isinstance(result, CursorResult) and result.rowcount == 1
