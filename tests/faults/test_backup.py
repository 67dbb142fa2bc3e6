"""A backup of a contest under way, restored in another folder: what was acknowledged before it began is there."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.blackbox.contest import make_contest
from tests.blackbox.phones import Phone, Played
from tests.blackbox.test_phones import attempts_of
from tests.stack import Stack

SLUG, THREADS = "faults", 4
ANSWERS = "select seq from answer where attempt_id = ? and question_id = ?"
RESULT = "select finish, answered from attempt where id = ?"

Told = dict[str, tuple[dict[int, int], bool]]
"""Attempt → (question → acknowledged sequence number), whether it was handed in."""


@pytest.fixture
def other(tmp_path: Path) -> Path:
    folder = tmp_path / "other"
    folder.mkdir()
    return folder


def told_by_now(phones: list[Phone]) -> Told:
    told: Told = {}
    for _phone, played in attempts_of(phones):
        answers = {question: seq for question, (seq, _response) in list(played.acknowledged.items())}
        told[played.attempt] = (answers, played.result is not None)
    return told


def back_up_under_load(stack: Stack, file: Path) -> tuple[Told, Phone, Played]:
    """Let phones play, and make a backup meanwhile; what was acknowledged before, and a phone in the middle."""
    waiting, phones, is_made = Phone(stack.base_url, SLUG, 0), list[Phone](), threading.Event()
    waiting.enter()
    opened = waiting.play(answers=4, finishes=False)

    def live(first: int) -> None:
        for number in count(first, THREADS):
            if is_made.is_set():
                return
            with closing(Phone(stack.base_url, SLUG, number)) as phone:
                phones.append(phone)
                phone.enter()
                phone.play(pause=0.1)

    with ThreadPoolExecutor(THREADS) as pool:
        running = [pool.submit(live, number + 1) for number in range(THREADS)]
        while len(phones) < 2 * THREADS and not any(one.done() for one in running):
            time.sleep(0.1)
        told = told_by_now([*phones, waiting])
        try:
            stack.run_cli("backup", str(file))
        finally:
            is_made.set()
        for one in running:
            one.result(timeout=200)
    waiting.close()
    return told, waiting, opened


def missing(told: Told, database: Path) -> Iterator[str]:
    """What was acknowledged and is not in the records."""
    with closing(sqlite3.connect(database)) as connection:
        for attempt, (answers, is_finished) in told.items():
            for question, seq in answers.items():
                stored = connection.execute(ANSWERS, (attempt, question)).fetchone()
                if stored is None or stored[0] < seq:
                    yield f"{attempt} {question}: acknowledged {seq}, stored {stored}"
            result = connection.execute(RESULT, (attempt,)).fetchone()
            if result is None or (is_finished and result[0] != "handed_in"):
                yield f"{attempt}: {result}"


@pytest.mark.quick
@pytest.mark.timeout(900)
def test_a_contest_goes_on_from_a_backup(tmp_path: Path, other: Path) -> None:
    file = tmp_path / "night.backup"
    with Stack.running() as stack:
        make_contest(stack, slug=SLUG)
        told, phone, opened = back_up_under_load(stack, file)
        refused = stack.run_cli("restore", str(file), "--replace", check=False)
        assert refused.returncode == 1 and "stop it first" in refused.stderr
        shutil.copy(stack.data / "keys.json", other)
    restored = Stack(other).run_cli("restore", str(file), "--json")
    assert json.loads(restored.stdout)["has_same_secret"] is True
    assert sum(len(answers) for answers, _is_finished in told.values()) > 10
    assert list(missing(told, other / "quizapp.sqlite")) == []
    with Stack.running(data=other) as second:
        second.wait_for_doors(SLUG)
        verified = json.loads(second.run_cli("play", "verify", SLUG, "--json", check=False).stdout)
        assert verified["differences"] == 0, verified["first"]
        parts = urlsplit(second.base_url)
        phone.host, phone.port = parts.hostname or "", parts.port or 80
        with closing(phone):
            _status, sheet = phone.call("POST", f"/contests/{SLUG}/attempts", {}, phone.token, "k" * 32)
            assert sheet["attempt"] == opened.attempt
            phone.finish(opened, sheet["token"])
        assert opened.result and opened.result["answered"] == 4
        again = json.loads(second.run_cli("play", "verify", SLUG, "--json", check=False).stdout)
        assert again["differences"] == 0, again["first"]
