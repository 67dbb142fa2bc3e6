"""Server-sent events: many listeners without a thread each, none of whom harms another or hears what it may not."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial

import pytest
from flask import Flask

from quizapp.core.errors import StoreUnavailable
from quizapp.core.gunicorn_config import threads
from quizapp.core.server_events import CHECK_SECONDS, QUIET_SECONDS, SLOW_SECONDS, Listener, Listeners, Right, Source
from tests.listening import Ear, Staff
from tests.stack import Stack

EVENTS = "/play/demo/monitor/events"
PLAYS = Source(("plays",), lambda: '{"playing": 3}')
EVERYBODY = Right("everybody", lambda: True)


class Ends:
    """A listener of `listeners` and the browser's end of its connection."""

    def __init__(self, listeners: Listeners, source: Source, right: Right) -> None:
        served, self.browser = socket.socketpair()
        self.listener = Listener(served, source, right, now=0)
        # Without the thread: the tests tell the time.
        listeners._joining.append(self.listener)

    def heard(self) -> str:
        """All that has come."""
        self.browser.setblocking(False)
        try:
            return self.browser.recv(1 << 20).decode()
        except BlockingIOError:
            return ""


Join = Callable[..., Ends]


@pytest.fixture
def listeners(app: Flask) -> Listeners:
    return Listeners(app, limit=10)


@pytest.fixture
def join(listeners: Listeners) -> Iterator[Join]:
    made: list[Ends] = []

    def make(source: Source = PLAYS, right: Right = EVERYBODY) -> Ends:
        made.append(Ends(listeners, source, right))
        return made[-1]

    yield make
    for ends in made:
        ends.listener.close()
        ends.browser.close()


def test_who_comes_hears_at_once_and_then_whenever_it_is_told(listeners: Listeners, join: Join) -> None:
    ends = join()
    listeners.welcome(now=0)
    assert ends.heard().endswith('data: {"playing": 3}\n\n')
    listeners.tell(now=1)
    assert ends.heard().endswith('data: {"playing": 3}\n\n')


def test_a_state_is_read_once_for_all_who_listen_to_it(listeners: Listeners, join: Join) -> None:
    readings = []
    ends = [join(Source(("counted",), lambda: str(readings.append(1) or len(readings)))) for _ in range(9)]
    listeners.welcome(now=0)
    listeners.tell(now=1)
    assert len(readings) == 2
    assert all(end.heard().endswith("data: 2\n\n") for end in ends)


def test_who_takes_nothing_costs_one_event_and_is_let_go(listeners: Listeners, join: Join) -> None:
    source = Source(("large",), lambda: "x" * 100_000)
    slow, quick = join(source), join(source)
    listeners.welcome(now=0)
    for second in range(1, int(SLOW_SECONDS) + 4):
        for _piece in range(4):
            listeners.tell(now=second)
            quick.heard()
    assert not slow.listener.is_open
    assert len(slow.listener._rest) < 101_000
    assert quick.listener.is_open
    assert len(listeners) == 1


def test_who_was_slow_for_a_moment_hears_whole_events_and_the_newest(listeners: Listeners, join: Join) -> None:
    states = iter(range(1000))
    ends = join(Source(("counting",), lambda: f"{next(states)}" + "x" * 50_000))
    listeners.welcome(now=0)
    for second in range(1, 20):
        listeners.tell(now=second)
    heard = ends.heard()
    for second in range(20, 26):
        listeners.tell(now=second)
        heard += ends.heard()
    events = heard.split("\n\n")
    assert {len(event.split("data: ")[1].lstrip("0123456789")) for event in events[:-2]} == {50_000}
    assert int(events[-2].split("data: ")[1].rstrip("x")) >= 22


def test_a_state_that_cannot_be_made_concerns_those_alone_who_listen_to_it(listeners: Listeners, join: Join) -> None:
    def fail() -> str:
        raise ValueError("a fault of ours")

    broken, sound = join(Source(("broken",), fail)), join()
    listeners.welcome(now=0)
    listeners.tell(now=1)
    assert sound.heard().count('data: {"playing": 3}') == 2
    assert broken.heard() == ""
    assert broken.listener.is_open


def test_a_thread_that_could_not_be_started_is_started_for_the_next(
    listeners: Listeners, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more_threads(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    served, browser = socket.socketpair()
    with served, browser:
        listener = Listener(served, PLAYS, EVERYBODY, now=time.monotonic())
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", no_more_threads)
            with pytest.raises(RuntimeError):
                listeners.add(listener)
        assert len(listeners) == 0, "its place is free again"
        listeners.add(listener)
        browser.settimeout(20)
        assert b"playing" in browser.recv(1 << 16)


def test_who_has_gone_away_is_forgotten(listeners: Listeners, join: Join) -> None:
    ends = join()
    listeners.welcome(now=0)
    ends.browser.close()
    listeners.tell(now=1)
    assert len(listeners) == 0


def test_who_has_lost_the_right_is_ended_within_a_minute_and_nobody_else(listeners: Listeners, join: Join) -> None:
    holding = {"olga": True, "ada": True}
    olga, ada = (join(right=Right(name, partial(holding.get, name))) for name in holding)
    listeners.welcome(now=0)
    holding["olga"] = False
    for second in range(1, int(CHECK_SECONDS) + 1):
        listeners.tell(now=second)
    assert CHECK_SECONDS < 60
    assert not olga.listener.is_open
    assert ada.listener.is_open


def test_what_cannot_be_read_ends_nothing_and_the_line_is_kept_warm(listeners: Listeners, join: Join) -> None:
    def away() -> str:
        raise StoreUnavailable

    ends = join(Source(("away",), away), Right("somebody", lambda: bool(away())))
    listeners.welcome(now=0)
    for second in range(1, int(max(QUIET_SECONDS, CHECK_SECONDS)) + 2):
        listeners.tell(now=second)
    assert ends.heard() == ": here\n\n"
    assert ends.listener.is_open


# Against the real server


@pytest.fixture
def small_stack() -> Iterator[Stack]:
    """One worker with two places."""
    with Stack.running("--demo", "--workers", "1", settings={"QUIZAPP_LISTENERS": "2"}) as running:
        yield running


@pytest.fixture
def ears() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def test_more_listen_than_the_server_has_threads_and_pages_still_come(stack: Stack, ears: ExitStack) -> None:
    staff = Staff(stack)
    many = threads * len(stack.web_workers()) + 16
    listening = [ears.enter_context(closing(staff.listen(EVENTS))) for _ in range(many)]
    documents = [ear.hear() for ear in listening for _ in range(3)]
    assert {document["stage"] for document in documents} == {"open"}
    assert all(ear.ids == sorted(set(ear.ids)) for ear in listening)
    assert staff.get("/healthz")[0] == 200


def test_an_event_says_what_the_page_would_be_answered(stack: Stack, ears: ExitStack) -> None:
    staff = Staff(stack)
    ear = ears.enter_context(closing(staff.listen(EVENTS, last_event_id="1")))
    told, answered = ear.hear(), json.loads(staff.get("/play/demo/monitor/figures")[1])
    assert told.keys() == answered.keys()
    assert told["figures"].keys() == answered["figures"].keys()
    head = ear.head.lower()
    assert "content-type: text/event-stream" in head
    assert "x-accel-buffering: no" in head
    assert "cache-control: no-store" in head
    assert "content-security-policy: " in head


@pytest.mark.parametrize(("name", "status"), [("reviewer", 403), ("organiser", 200)])
def test_only_who_may_open_the_page_may_listen(stack: Stack, ears: ExitStack, name: str, status: int) -> None:
    assert ears.enter_context(closing(Staff(stack, name).listen(EVENTS))).status() == status


def test_a_stranger_is_sent_to_sign_in(stack: Stack, ears: ExitStack) -> None:
    staff = Staff(stack)
    staff.send("/accounts/sign-out")
    assert ears.enter_context(closing(staff.listen(EVENTS))).status() == 303


def test_where_all_places_are_taken_the_page_is_told_to_ask(small_stack: Stack, ears: ExitStack) -> None:
    staff = Staff(small_stack)
    first, second = (opened(staff, ears) for _ in range(2))
    refused = ears.enter_context(closing(staff.listen(EVENTS)))
    assert refused.status() == 503
    assert "retry-after: 60" in refused.head.lower()
    first.close()
    while ears.enter_context(closing(staff.listen(EVENTS))).status() != 200:
        # Noticed when the next event is sent to it.
        second.hear()


def test_new_workers_take_over_the_listeners_of_the_old(small_stack: Stack, ears: ExitStack) -> None:
    staff = Staff(small_stack)
    ear = opened(staff, ears)
    os.kill(small_stack.children()["web"], signal.SIGHUP)
    assert ear.has_ended_within(30)
    assert 1000 <= ear.retry_ms < 4000
    again = opened(staff, ears, last_event_id=str(ear.ids[-1]))
    assert again.ids[0] > ear.ids[-1]


def opened(staff: Staff, ears: ExitStack, **options: str) -> Ear:
    """A listener that has heard its first event."""
    ear = ears.enter_context(closing(staff.listen(EVENTS, **options)))
    ear.hear()
    return ear
