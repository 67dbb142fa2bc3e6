"""`quizapp work`: the timed duties of the rooms, and the jobs that requests have put in.

One thread looks, claims and watches; whatever is done is done in a child, so that nothing that goes wrong there, or
takes long, keeps the others waiting. Several of these processes may run at once, on several machines.

Duties are done once at the start and then at their intervals, one after the other. Each must be safe to do twice,
also by two processes at once: there is no record of who did what.

A job is done by its kind's `act` within the kind's limits. What `act` leaves in the session is committed together
with the job's end, and only if the job is still this run's: a job is done once, even when it was run twice.
"""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from quizapp.core import limited
from quizapp.core.background import MOST_TRIES, Claim, Job, changes_one, claim, claimable, held_by
from quizapp.core.clock import utc_now
from quizapp.core.db import db, disconnect, reading
from quizapp.core.errors import DomainError, StoreUnavailable
from quizapp.core.limited import LimitedChild, Limits, Outcome
from quizapp.core.logs import get_logger

PAUSE_SECONDS = 0.1
LOOK_SECONDS = 0.5
BEAT_SECONDS = 3.0
TELL_SECONDS = 0.5
AWAY_SECONDS = 2.0
JOBS_AT_ONCE = 2
KEEP_FINISHED = timedelta(days=30)
STOP_SECONDS = 5.0
AWAY = (OperationalError, InterfaceError, PoolTimeout)
"""SQL does not answer, or somebody else writes for too long: it may be better at the next try."""

log = get_logger("core")


@dataclass(frozen=True, kw_only=True)
class Duty:
    """Something a room does from time to time; `act` is given the time and commits itself."""

    name: str
    every: timedelta
    act: Callable[[datetime], object]


@dataclass(slots=True)
class Run:
    """What the act of a kind is given."""

    claim: Claim
    params: dict[str, Any]
    now: datetime
    _told_at: float = 0.0

    def tell(self, done: int, total: int) -> None:
        """Write how far the job is, twice a second at most. Only between transactions: SQLite has one writer.

        Raises TakenOver when the job is somebody else's by now.
        """
        if db.session().in_transaction():
            raise RuntimeError("progress is told between transactions")
        if time.monotonic() - self._told_at < TELL_SECONDS:
            return
        self._told_at = time.monotonic()
        if not changes_one(held_by(self.claim).values(done=done, total=total)):
            raise TakenOver
        db.session.commit()


class TakenOver(DomainError):
    """The job was given up for lost and runs elsewhere; nothing of this run may stay."""

    status, code = 409, "taken_over"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of job that a room knows.

    `act` returns the result. It reads inside `reading()` and releases before slow work, so that it holds no lock;
    it may commit what does no harm when it is done again, and leaves the rest to be committed with the job's end.
    `failed` is told, in the transaction that marks the job failed, what `Job.error` will say.
    """

    name: str
    act: Callable[[Run], dict[str, Any]]
    limits: Limits
    failed: Callable[[dict[str, Any], str, datetime], None] | None = None


def stop_signals() -> threading.Event:
    """An event that is set by Ctrl-C, SIGTERM or the end of the terminal, for loops to end at a good place."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


def work(duties: Sequence[Duty], kinds: Sequence[Kind] = (), *, stopping: threading.Event) -> None:
    """Do duties and jobs until `stopping` is set; then give back the jobs that are not done. Needs an app context."""
    worker = Worker(duties, {kind.name: kind for kind in kinds})
    while not stopping.is_set():
        stopping.wait(worker.turn())
    worker.close()


class Worker:
    """The memory of one `quizapp work` between its turns."""

    def __init__(self, duties: Sequence[Duty], kinds: dict[str, Kind]) -> None:
        self.kinds = kinds
        self.running: dict[Claim, LimitedChild] = {}
        self._due = dict.fromkeys(duties, utc_now())
        self._duty: tuple[Duty, LimitedChild] | None = None
        self._look_at = self._beat_at = 0.0

    def turn(self) -> float:
        """See to what has ended, begin what can begin; return the seconds to wait before the next turn."""
        self._see_to_duties()
        try:
            self._settle_ended()
            if time.monotonic() >= self._beat_at:
                self._beat()
            if time.monotonic() >= self._look_at and len(self.running) < JOBS_AT_ONCE:
                self._look()
        except AWAY as error:
            log.warning("jobs_wait", reason=type(error).__name__)
            return AWAY_SECONDS
        finally:
            db.session.remove()
        return PAUSE_SECONDS

    def close(self) -> None:
        """End all children; a duty gets a moment, a job is given back to be taken up by the next worker."""
        give_up_at = time.monotonic() + STOP_SECONDS
        while self._duty and time.monotonic() < give_up_at:
            self._see_to_duties(start=False)
            time.sleep(PAUSE_SECONDS / 10)
        if self._duty:
            self._duty[1].kill()
        for run, child in self.running.items():
            child.kill()
            db.session.execute(held_by(run).values(state="queued"))
        db.session.commit()
        disconnect()

    # Duties

    def _see_to_duties(self, *, start: bool = True) -> None:
        if self._duty:
            duty, child = self._duty
            if (outcome := child.poll()) is None:
                return
            if outcome.ending != "done":
                log.error("duty_failed", duty=duty.name, ending=outcome.ending, trace=outcome.content.decode())
            self._due[duty] = utc_now() + duty.every
            self._duty = None
        if start and self._due:
            duty, moment = min(self._due.items(), key=lambda item: item[1])
            if moment <= utc_now():
                disconnect()
                self._duty = duty, limited.start(partial(_do_duty, duty), limits=None)

    # Jobs

    def _look(self) -> None:
        """Start the jobs that wait, up to JOBS_AT_ONCE."""
        self._look_at = time.monotonic() + LOOK_SECONDS
        now = utc_now()
        with reading():
            found = claimable(kinds=list(self.kinds), without=[run.id for run in self.running], now=now)
            db.session.rollback()
        for waiting in found[: JOBS_AT_ONCE - len(self.running)]:
            if waiting.tries >= MOST_TRIES:
                self._fail(waiting, "lost")
            elif run := claim(waiting, now=now):
                db.session.commit()
                kind = self.kinds[run.kind]
                disconnect()
                self.running[run] = limited.start(partial(do_job, kind, run), limits=kind.limits)
            db.session.rollback()

    def _beat(self) -> None:
        for run in self.running:
            db.session.execute(held_by(run).values(heartbeat_at=utc_now()))
        db.session.commit()
        self._beat_at = time.monotonic() + BEAT_SECONDS

    def _settle_ended(self) -> None:
        for run, child in list(self.running.items()):
            outcome = child.poll()
            if outcome is not None:
                self._settle(run, outcome)
                del self.running[run]
                self._look_at = 0.0

    def _settle(self, run: Claim, outcome: Outcome) -> None:
        """Mark the job of a child that did not do it as failed, or put it back when that may help."""
        code = outcome.content.decode() if outcome.ending == "refused" else outcome.ending
        match outcome.ending:
            case "done":
                return
            case "refused":
                log.info("job_refused", job=run.id, kind=run.kind, code=code)
            case _:
                log.error("job_ended", job=run.id, kind=run.kind, ending=code, trace=outcome.content.decode())
        if code in ("lost", "busy") and run.tries < MOST_TRIES:
            db.session.execute(held_by(run).values(state="queued"))
            db.session.commit()
        elif code != TakenOver.code:
            self._fail(run, code)

    def _fail(self, run: Claim, code: str) -> None:
        now = utc_now()
        if changes_one(held_by(run).values(state="failed", error=code, finished_at=now)):
            failed = self.kinds[run.kind].failed
            if failed:
                failed(db.session.get_one(Job, run.id).params, code, now)
        db.session.commit()


def _do_duty(duty: Duty) -> bytes:
    duty.act(utc_now())
    return b""


def do_job(kind: Kind, run: Claim) -> bytes:
    """Do a claimed job to its end, in the process that may do so; return its result as JSON.

    Raises TakenOver, StoreUnavailable when SQL does not answer, and what the kind's act raises.
    """
    try:
        with reading():
            params = db.session.get_one(Job, run.id).params
            db.session.rollback()
        result = kind.act(Run(run, params, utc_now()))
        ended = {"state": "done", "result": result, "error": "", "finished_at": utc_now()}
        if not changes_one(held_by(run).values(**ended)):
            raise TakenOver
        db.session.commit()
    except AWAY as error:
        raise StoreUnavailable from error
    finally:
        db.session.rollback()
    return json.dumps(result).encode()


def delete_finished(now: datetime) -> None:
    """Forget jobs that ended long ago; what came of them is with the things they were done for."""
    db.session.execute(delete(Job).where(Job.finished_at < now - KEEP_FINISHED))
    db.session.commit()


DUTIES = (Duty(name="core.delete_finished_jobs", every=timedelta(hours=6), act=delete_finished),)
