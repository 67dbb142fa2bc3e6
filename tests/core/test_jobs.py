"""Timed duties."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from flask import Flask

from quizapp.core.jobs import Duty, work


def test_every_duty_is_done_at_the_start_and_again_when_due(app: Flask) -> None:
    stopping = threading.Event()
    done: list[str] = []

    def often(_now: datetime) -> None:
        done.append("often")
        if done.count("often") == 3:
            stopping.set()

    duties = [
        Duty(name="often", every=timedelta(milliseconds=5), act=often),
        Duty(name="daily", every=timedelta(days=1), act=lambda _now: done.append("daily")),
    ]
    work(duties, stopping=stopping)
    assert sorted(done) == ["daily", "often", "often", "often"]


def test_failing_duty_does_not_keep_the_others_from_theirs(app: Flask) -> None:
    stopping = threading.Event()

    def fail(_now: datetime) -> None:
        raise OSError

    duties = [
        Duty(name="fails", every=timedelta(days=1), act=fail),
        Duty(name="works", every=timedelta(days=1), act=lambda _now: stopping.set()),
    ]
    work(duties, stopping=stopping)
    assert stopping.is_set()


def test_stop_ends_the_wait_for_the_next_duty(app: Flask) -> None:
    stopping = threading.Event()
    duty = Duty(name="daily", every=timedelta(days=1), act=lambda _now: None)
    working = threading.Thread(target=lambda: _work(app, duty, stopping))
    working.start()
    stopping.set()
    working.join(5)
    assert not working.is_alive()


def _work(app: Flask, duty: Duty, stopping: threading.Event) -> None:
    with app.app_context():
        work([duty], stopping=stopping)
