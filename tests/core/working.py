"""`quizapp work` with kinds of job made for tests, as a process of its own: python -m tests.core.working URL FOLDER."""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from quizapp.accounts.models import Unit
from quizapp.app import create_app
from quizapp.core.db import db
from quizapp.core.errors import DomainError
from quizapp.core.jobs import Duty, Kind, Run, stop_signals, work
from quizapp.core.limited import MEGABYTE, Limits
from tests.conftest import make_settings

LIMITS = Limits(memory_bytes=100 * MEGABYTE, cpu_seconds=1, wall_seconds=2.5)
LONG = Limits(memory_bytes=100 * MEGABYTE, cpu_seconds=30, wall_seconds=60)


class NoSuchThing(DomainError):
    status, code = 422, "no_such_thing"


def note(run: Run, what: str) -> None:
    """Leave a line outside the database: it shows every run, also one that is rolled back."""
    with Path(run.params["folder"], "runs").open("a") as file:
        file.write(f"{run.claim.id} {run.claim.tries} {what} {os.getpid()}\n")


def add(run: Run) -> dict[str, Any]:
    """What a job leaves in SQL: one unit, named after the job."""
    note(run, "add")
    db.session.add(Unit(name=f"job {run.claim.id}", kind="unit", created_at=run.now))
    return {"name": f"job {run.claim.id}"}


def slow(run: Run) -> dict[str, Any]:
    note(run, "begun")
    for step in range(int(run.params["steps"])):
        run.tell(step + 1, int(run.params["steps"]))
        time.sleep(0.1)
    return add(run)


def hog(run: Run) -> dict[str, Any]:
    note(run, "hog")
    held = [bytearray(10 * MEGABYTE) for _ in range(1000)]
    return {"held": len(held)}


def spin(run: Run) -> dict[str, Any]:
    note(run, "spin")
    while True:
        pass


def sleep(run: Run) -> dict[str, Any]:
    note(run, "sleep")
    time.sleep(600)
    return {}


def refuse(run: Run) -> dict[str, Any]:
    add(run)
    raise NoSuchThing


def divide(run: Run) -> dict[str, Any]:
    add(run)
    return {"result": 1 // 0}


def crash(run: Run) -> dict[str, Any]:
    add(run)
    db.session.flush()
    os.kill(os.getpid(), 11)
    return {}


def mark(params: dict[str, Any], code: str, now: datetime) -> None:
    Path(params["folder"], "failed").write_text(code)


ACTS = {"add": add, "hog": hog, "spin": spin, "sleep": sleep, "refuse": refuse, "divide": divide, "crash": crash}
KINDS = [
    *(Kind(name=f"test.{name}", act=act, limits=LIMITS, failed=mark) for name, act in ACTS.items()),
    Kind(name="test.slow", act=slow, limits=LONG),
]


def main(url: str, folder: Path) -> None:
    settings = make_settings(database_url=url, redis_url="unix:///nowhere", data_dir=folder, log_dir=folder / "logs")
    stopping = stop_signals()

    def touch(_now: datetime) -> None:
        (folder / f"duty-{os.getpid()}").touch()

    with create_app(settings).app_context():
        work([Duty(name="touch", every=timedelta(days=1), act=touch)], KINDS, stopping=stopping)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
