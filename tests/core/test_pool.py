"""The pool of the web worker: a few at work, whoever is stuck not counted, everything served once and in order."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any

import pytest

from quizapp.core import pool
from quizapp.core.pool import AT_WORK, STUCK_SECONDS, Pool, Serving

MANY = 20


class Doors:
    """Things that are served until they are let go, each counted."""

    def __init__(self, *, threads: int = MANY) -> None:
        self.begun: list[int] = []
        self.done: list[int] = []
        self.open = {number: threading.Event() for number in range(MANY)}
        self.pool: Pool[int] = Pool(self.serve, threads=threads)
        self.pool.start()

    def serve(self, number: int) -> None:
        self.begun.append(number)
        assert self.open[number].wait(20)
        self.done.append(number)

    def put_all(self) -> None:
        for number in range(MANY):
            self.pool.put(number)

    def let_go(self, *numbers: int) -> None:
        for number in numbers:
            self.open[number].set()

    def wait_until_begun(self, count: int) -> None:
        give_up_at = time.monotonic() + 20
        while len(self.begun) < count:
            assert time.monotonic() < give_up_at, self.begun
            time.sleep(0.002)


def test_as_many_as_make_sense_are_at_work_and_the_next_follows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    doors = Doors()
    monkeypatch.setattr("quizapp.core.pool.STUCK_SECONDS", 60.0)
    doors.put_all()
    doors.wait_until_begun(AT_WORK)
    doors.pool.tend()
    time.sleep(0.05)
    assert doors.begun == list(range(AT_WORK))
    doors.let_go(0, 1)
    doors.wait_until_begun(AT_WORK + 2)
    time.sleep(0.05)
    assert doors.begun == list(range(AT_WORK + 2))
    doors.let_go(*range(MANY))
    doors.wait_until_begun(MANY)
    assert doors.begun == list(range(MANY))


def test_where_memory_ends_nothing_is_left_out_and_no_thread_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    doors = Doors(threads=1)
    doors.put_all()
    doors.wait_until_begun(1)
    failures = iter([MemoryError(), None, MemoryError()])

    def make(*words: Any) -> Any:
        if failure := next(failures, None):
            raise failure
        return Serving(*words)

    monkeypatch.setattr(pool, "Serving", make)
    doors.let_go(*range(MANY))
    give_up_at = time.monotonic() + 20
    while len(doors.done) < MANY:
        assert time.monotonic() < give_up_at, doors.done
        time.sleep(0.01)
        with suppress(MemoryError):
            doors.pool.tend()
    assert doors.done == list(range(MANY))


def test_for_those_that_are_stuck_others_are_called_up_to_all() -> None:
    doors = Doors(threads=MANY - 5)
    doors.put_all()
    doors.wait_until_begun(AT_WORK)
    for _time in range(MANY // AT_WORK + 1):
        time.sleep(2 * STUCK_SECONDS)
        doors.pool.tend()
    time.sleep(0.05)
    assert sorted(doors.begun) == list(range(MANY - 5))
    # Whoever comes free goes on, also while the others stay stuck.
    doors.let_go(0)
    doors.wait_until_begun(MANY - 4)
    doors.let_go(*range(MANY))
    doors.wait_until_begun(MANY)


def test_what_is_put_in_again_before_its_serving_has_ended_is_served_again_and_no_thread_is_lost() -> None:
    """As a connection is whose next request comes before the thread that answered the last has looked up."""
    again, both = threading.Event(), threading.Barrier(3)

    def serve(thing: str) -> None:
        if thing == "line" and not again.is_set():
            again.set()
            pool.put("line")
            time.sleep(0.1)
        elif thing != "line":
            both.wait(10)

    pool = Pool(serve, threads=2)
    pool.start()
    pool.put("line")
    assert again.wait(10)
    time.sleep(0.2)
    pool.put("one")
    pool.put("other")
    both.wait(10)
