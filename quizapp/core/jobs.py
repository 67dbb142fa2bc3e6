"""Timed duties of the rooms, done one after the other by `quizapp work`.

Every duty is done once at the start and then at its interval. Each must be safe to do twice, also by two
processes at once: there is no record of who did what.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.logs import get_logger

log = get_logger("core")


@dataclass(frozen=True, kw_only=True)
class Duty:
    """Something a room does from time to time; `act` is given the time and commits itself."""

    name: str
    every: timedelta
    act: Callable[[datetime], object]


def stop_signals() -> threading.Event:
    """An event that is set by Ctrl-C, SIGTERM or the end of the terminal, for loops to end at a good place."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


def work(duties: Sequence[Duty], *, stopping: threading.Event) -> None:
    """Do the duties when they are due, until `stopping` is set; a failed one is logged and done at its next time."""
    due = dict.fromkeys(duties, utc_now())
    while due and not stopping.is_set():
        duty, moment = min(due.items(), key=lambda item: item[1])
        if stopping.wait(max(0.0, (moment - utc_now()).total_seconds())):
            return
        _do(duty)
        due[duty] = utc_now() + duty.every


def _do(duty: Duty) -> None:
    try:
        duty.act(utc_now())
    except Exception as error:
        # One room's trouble must not keep the others from their duties.
        log.error("duty_failed", duty=duty.name, exc_info=error)
        db.session.rollback()
    finally:
        db.session.remove()
