"""Timed duties and background jobs, done by real processes."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from quizapp.accounts.models import Unit
from quizapp.core import background
from quizapp.core.background import Job, claim, claimable, enqueue, failure, held_by
from quizapp.core.clock import utc_now
from quizapp.core.db import db, reading
from quizapp.core.jobs import KEEP_FINISHED, Duty, Kind, Run, TakenOver, delete_finished, do_job, work
from tests.conftest import app_without_store, in_context
from tests.core.working import LIMITS
from tests.stack import environment


def test_every_duty_is_done_at_the_start_and_again_when_due(app: Flask, tmp_path: Path) -> None:
    done = tmp_path / "done"

    def note(line: str) -> None:
        with done.open("a") as file:
            file.write(f"{line}\n")

    duties = [
        Duty(name="often", every=timedelta(milliseconds=5), act=lambda _now: note("often")),
        Duty(name="daily", every=timedelta(days=1), act=lambda _now: note("daily")),
    ]
    work(duties, stopping=Until(lambda: done.exists() and done.read_text().count("often") == 3))
    assert sorted(set(done.read_text().split())) == ["daily", "often"]
    assert done.read_text().count("daily") == 1


def test_failing_duty_does_not_keep_the_others_from_theirs(app: Flask, tmp_path: Path) -> None:
    def fail(_now: datetime) -> None:
        raise OSError

    duties = [
        Duty(name="fails", every=timedelta(days=1), act=fail),
        Duty(name="works", every=timedelta(days=1), act=lambda _now: (tmp_path / "done").touch()),
    ]
    work(duties, stopping=Until((tmp_path / "done").exists))


class Until(threading.Event):
    """Set when `holds`; fails the test when that takes too long."""

    def __init__(self, holds: Callable[[], bool], *, seconds: float = 20) -> None:
        super().__init__()
        self._holds = holds
        self._give_up_at = time.monotonic() + seconds

    def is_set(self) -> bool:
        assert time.monotonic() < self._give_up_at
        return self._holds()


@pytest.fixture
def jobs_app(any_database: str, tmp_path: Path) -> Iterator[Flask]:
    """An app on SQLite and on PostgreSQL; jobs need no Redis."""
    with in_context(app_without_store(any_database, tmp_path)) as app:
        yield app


class Hall:
    """Worker processes on one database, and what they leave."""

    def __init__(self, url: str, folder: Path, stack: ExitStack) -> None:
        self.url = url
        self.folder = folder
        self.stack = stack

    def hire(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.core.working", self.url, str(self.folder)]
        worker = subprocess.Popen(command, env=environment())
        self.stack.callback(end, worker)
        self.wait_for(lambda: (self.folder / f"duty-{worker.pid}").exists() or any(self.folder.glob("duty-*")))
        return worker

    def put(self, kind: str, **params: Any) -> int:
        job_id = enqueue(kind=f"test.{kind}", params={"folder": str(self.folder), **params}, now=utc_now()).id
        db.session.commit()
        return job_id

    def look(self, job_id: int) -> Job:
        """The row as it is now."""
        with reading():
            job = db.session.get_one(Job, job_id, populate_existing=True)
            db.session.expunge(job)
            db.session.rollback()
        return job

    def ended(self, job_id: int) -> Job:
        self.wait_for(lambda: not self.look(job_id).is_waiting)
        return self.look(job_id)

    def runs(self) -> list[list[str]]:
        """[job, try, what, pid] of every run that began."""
        path = self.folder / "runs"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def units(self) -> list[str]:
        with reading():
            names = list(db.session.scalars(select(Unit.name).order_by(Unit.id)))
            db.session.rollback()
        return names

    def wait_for(self, holds: Callable[[], bool], *, seconds: float = 30) -> None:
        give_up_at = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < give_up_at
            time.sleep(0.02)


def end(worker: subprocess.Popen[bytes]) -> None:
    worker.kill()
    worker.wait()


@pytest.fixture
def hall(app: Flask, tmp_path: Path) -> Iterator[Hall]:
    with ExitStack() as stack:
        yield Hall(app.config["SQLALCHEMY_DATABASE_URI"], tmp_path, stack)


@pytest.fixture
def any_hall(jobs_app: Flask, any_database: str, tmp_path: Path) -> Iterator[Hall]:
    with ExitStack() as stack:
        yield Hall(any_database, tmp_path, stack)


def test_job_is_done_within_a_second_of_its_commit(any_hall: Hall) -> None:
    any_hall.hire()
    put_at = utc_now()
    job = any_hall.ended(any_hall.put("add"))
    assert (job.state, job.result, job.tries) == ("done", {"name": f"job {job.id}"}, 1)
    assert any_hall.units() == [f"job {job.id}"]
    assert job.started_at
    assert job.started_at - put_at < timedelta(seconds=1)


def test_progress_is_seen_while_the_job_runs(hall: Hall) -> None:
    hall.hire()
    job_id = hall.put("slow", steps=12)
    hall.wait_for(lambda: 0 < hall.look(job_id).done < hall.look(job_id).total == 12)
    assert hall.ended(job_id).state == "done"


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("hog", "out_of_memory", "内存超过了上限"),
        ("spin", "out_of_time", "时间超过了上限"),
        ("sleep", "out_of_time", "时间超过了上限"),
        ("refuse", "no_such_thing", "程序出错"),
        ("divide", "broken", "程序出错"),
    ],
)
def test_job_that_cannot_be_done_fails_at_once_and_leaves_nothing(hall: Hall, kind: str, code: str, words: str) -> None:
    hall.hire()
    job = hall.ended(hall.put(kind))
    assert (job.state, job.error, job.tries) == ("failed", code, 1)
    assert words in failure(job.error)
    assert (hall.folder / "failed").read_text() == code
    assert hall.units() == []


def test_job_that_crashes_is_tried_three_times(hall: Hall) -> None:
    hall.hire()
    job = hall.ended(hall.put("crash"))
    assert (job.state, job.error, job.tries) == ("failed", "lost", 3)
    assert [run[1] for run in hall.runs()] == ["1", "2", "3"]
    assert "意外中断" in failure(job.error)
    assert hall.units() == []


def test_job_of_a_killed_worker_ends_with_it_and_is_done_once_by_the_next(any_hall: Hall) -> None:
    first = any_hall.hire()
    job_id = any_hall.put("slow", steps=600)
    any_hall.wait_for(lambda: len(any_hall.runs()) == 1)
    end(first)
    child = int(any_hall.runs()[0][3])
    any_hall.wait_for(lambda: not is_alive(child))
    assert any_hall.look(job_id).state == "running"

    # Nobody takes it while it may still be alive.
    now = utc_now()
    assert claimable(kinds=["test.slow"], without=[], now=now) == []
    db.session.execute(
        update(Job).values(
            heartbeat_at=now - background.LOST_AFTER - timedelta(seconds=1),
            params={"folder": str(any_hall.folder), "steps": 1},
        )
    )
    db.session.commit()
    any_hall.hire()
    job = any_hall.ended(job_id)
    assert (job.state, job.tries) == ("done", 2)
    assert any_hall.units() == [f"job {job_id}"]


def test_worker_that_is_told_to_stop_gives_its_job_back(hall: Hall) -> None:
    first = hall.hire()
    job_id = hall.put("slow", steps=600)
    hall.wait_for(lambda: len(hall.runs()) == 1)
    first.send_signal(signal.SIGTERM)
    assert first.wait(10) == 0
    assert hall.look(job_id).state == "queued"
    assert not is_alive(int(hall.runs()[0][3]))


def test_two_workers_never_run_the_same_job(any_hall: Hall) -> None:
    any_hall.hire()
    any_hall.hire()
    jobs = [any_hall.put("add") for _ in range(16)]
    assert {any_hall.ended(job_id).state for job_id in jobs} == {"done"}
    assert sorted(int(run[0]) for run in any_hall.runs()) == jobs
    assert sorted(any_hall.units()) == sorted(f"job {job_id}" for job_id in jobs)


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def claimed(kind: str = "test.add", **params: Any) -> background.Claim:
    """A job in the hands of a worker."""
    enqueue(kind=kind, params=params, now=utc_now())
    (found,) = claimable(kinds=[kind], without=[], now=utc_now())
    taken = claim(found, now=utc_now())
    db.session.commit()
    assert taken
    return taken


def test_job_is_claimed_by_one_of_those_who_found_it(jobs_app: Flask) -> None:
    enqueue(kind="test.add", params={}, now=utc_now())
    (found,) = claimable(kinds=["test.add"], without=[], now=utc_now())
    assert claim(found, now=utc_now()) == found._replace(tries=1)
    assert claim(found, now=utc_now()) is None


def test_job_of_a_request_that_is_rolled_back_does_not_exist(jobs_app: Flask) -> None:
    enqueue(kind="test.add", params={}, now=utc_now())
    db.session.rollback()
    assert claimable(kinds=["test.add"], without=[], now=utc_now()) == []


def test_jobs_of_kinds_that_a_worker_does_not_know_are_left(jobs_app: Flask) -> None:
    enqueue(kind="test.add", params={}, now=utc_now())
    assert claimable(kinds=["test.other"], without=[], now=utc_now()) == []


def test_run_that_was_given_up_for_lost_can_neither_commit_nor_tell(jobs_app: Flask) -> None:
    run = claimed()
    db.session.execute(held_by(run).values(tries=2))
    db.session.commit()
    with pytest.raises(TakenOver):
        do_job(Kind(name="test.add", act=leave_a_unit, limits=LIMITS), run)
    assert db.session.scalar(select(Unit.id)) is None
    db.session.rollback()
    with pytest.raises(TakenOver):
        Run(run, {}, utc_now()).tell(1, 2)


def leave_a_unit(run: Run) -> dict[str, Any]:
    db.session.add(Unit(name="x", created_at=run.now))
    db.session.flush()
    return {}


def test_progress_cannot_be_told_while_the_session_may_hold_the_lock(jobs_app: Flask) -> None:
    run = claimed()
    db.session.execute(held_by(run).values(done=1))
    with pytest.raises(RuntimeError):
        Run(run, {}, utc_now()).tell(1, 2)


def test_jobs_that_ended_long_ago_are_deleted(jobs_app: Flask) -> None:
    now = utc_now()
    for finished_at in (None, now - KEEP_FINISHED + timedelta(hours=1), now - KEEP_FINISHED - timedelta(hours=1)):
        enqueue(kind="test.add", params={}, now=now).finished_at = finished_at
    delete_finished(now)
    assert len(db.session.scalars(select(Job)).all()) == 2
