"""kill -9 of the live store, of the recorder and of a web worker while phones answer.

Afterwards everything is healthy by itself, live state and records agree to the last bit, and every acknowledged
answer is in the export.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.contest import make_contest
from tests.blackbox.phones import Phone, expected_points
from tests.blackbox.test_phones import attempts_of, canonical, rows_of
from tests.stack import Stack

SLUG, THREADS = "faults", 8


def kill(stack: Stack, victim: str) -> None:
    """Kill one process of the installation and wait until another has its place."""
    pid = stack.web_workers()[0] if victim == "worker" else stack.children()[victim]
    os.kill(pid, signal.SIGKILL)
    give_up_at = time.monotonic() + 30
    while time.monotonic() < give_up_at:
        now = stack.web_workers() if victim == "worker" else [stack.children().get(victim, pid)]
        if now and pid not in now:
            return
        time.sleep(0.1)
    raise AssertionError(f"{victim} did not come back:\n{stack.output}")


def play_while(stack: Stack, phones: list[Phone], *, harm: Callable[[], None]) -> None:
    """Let the phones play, and do harm in the middle of it."""
    under_way = threading.Barrier(THREADS + 1)

    def live(phone: Phone) -> None:
        with closing(phone):
            phone.enter()
            if phone.number < THREADS:
                under_way.wait(60)
            phone.play(pause=0.05)

    with ThreadPoolExecutor(THREADS) as pool:
        running = [pool.submit(live, phone) for phone in phones]
        under_way.wait(60)
        time.sleep(0.5)
        harm()
        for one in running:
            one.result(timeout=200)


def assert_alike(stack: Stack) -> None:
    """Live state and records agree to the last bit."""
    verified = json.loads(stack.run_cli("play", "verify", SLUG, "--json", check=False).stdout)
    assert verified["differences"] == 0, verified["first"]


def exported(stack: Stack, folder: Path) -> dict[str, Any]:
    """The name of each attempt → its row of the results."""
    path = folder / "results.jsonl"
    stack.run_cli("report", "results", SLUG, "--format", "jsonl", "--output", str(path))
    return rows_of(path)


def assert_nothing_lost(stack: Stack, phones: list[Phone], folder: Path) -> None:
    assert_alike(stack)
    rows = exported(stack, folder)
    played = attempts_of(phones)
    assert len(rows) == len(played) == len(phones)
    for _phone, one in played:
        assert one.result
        row = rows[one.attempt]
        expected = {
            question: canonical(one.questions[question], response)
            for question, (_seq, response) in one.acknowledged.items()
        }
        assert {answer["question"]: answer["response"] for answer in row["answers"]} == expected
        assert row["score"] == one.result["score"] == expected_points(one)


@pytest.mark.quick
@pytest.mark.timeout(400)
@pytest.mark.parametrize("victims", [("valkey",), ("record", "record", "record"), ("worker", "worker")])
def test_after_a_kill_nothing_acknowledged_is_missing(victims: tuple[str, ...], tmp_path: Path) -> None:
    with Stack.running() as stack:
        make_contest(stack, slug=SLUG)
        phones = [Phone(stack.base_url, SLUG, number) for number in range(40)]

        def harm() -> None:
            for victim in victims:
                kill(stack, victim)

        play_while(stack, phones, harm=harm)
        assert_nothing_lost(stack, phones, tmp_path)
