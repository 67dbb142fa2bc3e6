"""F22 to F25: the recorder is killed, doubled, frozen, and given what it cannot record."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from quizapp.core.embedded import end_with_parent
from quizapp.core.installation import read_serving
from tests.faults.checker import read_sql
from tests.faults.conftest import Judge
from tests.faults.controls import Change, copy_project
from tests.faults.house import SLUG, House, Template
from tests.faults.test_kills import kill
from tests.faults.test_sql import but_slow_entries
from tests.stack import QUIZAPP, START_SECONDS, environment

pytestmark = pytest.mark.timeout(600)
quick, slow = pytest.mark.quick, pytest.mark.slow
SLOWED_SECONDS = 180
LEASE_SECONDS = 5
"""How long another recorder waits for one that says nothing any more."""


@pytest.mark.parametrize("kills", [pytest.param(2, marks=quick), pytest.param(15, marks=slow)])
def test_f22_recorder_is_killed(kills: int, template: Template, fault_seed: int, judge: Judge) -> None:
    """At any moment, commits among them."""
    chance = random.Random(fault_seed)
    with template.house(seed=fault_seed) as house:
        with house.crowd().playing() as ledger:
            for _kill in range(kills):
                time.sleep(0.5 + chance.random())
                kill(house.stack, "record")
                end_lease(house)
            house.wait_until_healthy()
            time.sleep(0.5)
        assert judge(house, ledger, fault=f"F22 recorder killed x{kills}", had_outage=False) == {}
        with closing(sqlite3.connect(house.stack.data / "quizapp.sqlite")) as records:
            assert records.execute("pragma integrity_check").fetchall() == [("ok",)]


def end_lease(house: House) -> None:
    """As if the five seconds of a recorder that is gone were over."""
    house.store.command_of("DEL", "play:recorder")


SLEEPS_BEFORE_TRIM: Change = (
    "play/recorder.py",
    "    if ended:\n        state.let_go(",
    '    __import__("time").sleep(0.1)\n    if ended:\n        state.let_go(',
)


@pytest.mark.parametrize("kills", [pytest.param(3, marks=quick), pytest.param(25, marks=slow)])
def test_f23_recorder_is_killed_after_its_commit(
    kills: int, template: Template, fault_seed: int, judge: Judge, tmp_path: Path
) -> None:
    """What it had committed is still in the stream: the next one neither forgets nor repeats it."""
    code = copy_project(tmp_path / "code", SLEEPS_BEFORE_TRIM)
    with template.house(seed=fault_seed, code=code) as house:
        with house.crowd().playing() as ledger:
            for _kill in range(kills):
                wait_until_committed(house)
                kill(house.stack, "record")
                end_lease(house)
            # What has waited through many kills takes its time: each batch sleeps.
            house.wait_until_healthy(SLOWED_SECONDS)
        assert judge(house, ledger, fault=f"F23 killed after commit x{kills}", had_outage=False) == {}


def wait_until_committed(house: House, seconds: float = 30.0) -> None:
    """Wait until the stream holds events that are in SQL already."""
    give_up_at = time.monotonic() + seconds
    while not is_committed(house):
        assert time.monotonic() < give_up_at, f"nothing is committed before it is trimmed:\n{house.stack.output}"
        time.sleep(0.02)


def is_committed(house: House) -> bool:
    (position,) = read_sql(house.database, "select last_stream_id from recorder_position")
    with house.store.client() as live:
        return any(live.xrange(key, max=position["last_stream_id"], count=1) for key in live.scan_iter("play:*:stream"))


@contextmanager
def another_recorder(house: House, code: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A second `quizapp record` beside the launcher's, which has asked the live store already."""
    serving = read_serving(house.stack.data)
    assert serving
    recorder = subprocess.Popen(
        [*QUIZAPP, "record"],
        env=environment() | serving.environment,
        cwd=code,
        stdin=subprocess.DEVNULL,
        preexec_fn=end_with_parent,
    )
    try:
        wait_until_connected(recorder)
        yield recorder
    finally:
        recorder.send_signal(signal.SIGCONT)
        recorder.terminate()
        recorder.wait(40)


def wait_until_connected(recorder: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while not has_socket(recorder.pid):
        assert recorder.poll() is None, "the second recorder ended"
        assert time.monotonic() < give_up_at, "the second recorder does not start"
        time.sleep(0.1)


def has_socket(pid: int) -> bool:
    for file in Path(f"/proc/{pid}/fd").iterdir():
        # It may have been closed in between.
        with suppress(FileNotFoundError):
            if file.readlink().name.startswith("socket:"):
                return True
    return False


NO_LEASE: Change = (
    "play/wide_state.py",
    "return bool(_hold_lease.call(",
    "return True or bool(_hold_lease.call(",
)


@quick
def test_f24_two_recorders_at_once(template: Template, fault_seed: int, judge: Judge, tmp_path: Path) -> None:
    """Neither asks for the lease: the fence in SQL alone keeps them apart."""
    code = copy_project(tmp_path / "code", NO_LEASE)
    with template.house(seed=fault_seed, code=code) as house:
        with another_recorder(house, code), house.crowd().playing() as ledger:
            time.sleep(6)
            house.wait_until_healthy()
        assert judge(house, ledger, fault="F24 two recorders", had_outage=False) == {}


@pytest.mark.parametrize("seconds", [pytest.param(LEASE_SECONDS + 2, marks=quick), pytest.param(10, marks=slow)])
def test_f24_a_recorder_sleeps(seconds: int, template: Template, fault_seed: int, judge: Judge) -> None:
    """Another takes over; the one that wakes up, perhaps in the middle of a transaction, does nothing twice."""
    with template.house(seed=fault_seed) as house:
        with another_recorder(house), house.crowd().playing() as ledger:
            time.sleep(1)
            sleeper = house.stack.children()["record"]
            os.kill(sleeper, signal.SIGSTOP)
            time.sleep(seconds)
            os.kill(sleeper, signal.SIGCONT)
            house.wait_until_healthy()
            time.sleep(1)
        found = judge(house, ledger, fault=f"F24 recorder sleeps {seconds} s", had_outage=False)
        # Asleep in a transaction, it keeps those who enter waiting for SQLite's one writer.
        assert but_slow_entries(found) == {}


# Poison


POISON: dict[str, dict[str | bytes, str | bytes]] = {
    "another schema": {"v": "2"},
    "nothing in it": dict.fromkeys("vkatd", ""),
    "no such kind": {"k": "praise"},
    "no moment": {"t": "yesterday"},
    "a moment too long": {"t": "9" * 30},
    "a moment far too long": {"t": "9" * 5000},
    "broken JSON": {"d": "[[1,2"},
    "no answers": {"d": "{}"},
    "very deep": {"d": "[[1,1,1,[],0,0,0," + "[" * 100_000 + "]" * 100_000 + "]]"},
    "very long": {"d": "x" * 1_000_000},
    "no such attempt": {"a": "nobody"},
    "an attempt too long": {"a": "n" * 10_000},
    "no text": {"a": "no\0body"},
    "no UTF-8": {"a": b"\xff\xfe"},
    "no UTF-8 in a name": {b"\xff": "1", "v": "2"},
    "no such question": {"d": '[[2147483647,1,1,["A"],0,0,0]]'},
    "a number too long": {"d": f"[[{2**70},1,1,[],0,0,0]]"},
    "half a letter": {"d": '[[2147483647,1,1,["\\ud800"],0,0,0]]'},
    "no end": {"k": "finish", "how": "by_magic"},
    "no end, and no text": {"k": "finish", "how": "by\0magic"},
    "the end of nothing": {
        "k": "finish",
        "a": "nobody",
        "how": "handed_in",
        **dict.fromkeys(("at", "score", "right", "answered", "points", "duration"), "1"),
    },
    "a number that is none": {"n": "first", "d": "{}"},
}
"""What is wrong with an event → the fields in which it differs from an answer to an attempt that there is."""


@slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_f25_poison(database: str, request: pytest.FixtureRequest, fault_seed: int, judge: Judge) -> None:
    """Each is put aside as it is, and listed; what stands before and behind it is recorded."""
    chance = random.Random(fault_seed)
    put: dict[str, str] = {}
    with house_on(database, request, fault_seed) as house:
        with house.crowd(threads=8, pause=0.02).playing() as ledger:
            event = wait_for_an_answer(house)
            for name in chance.sample([*POISON] * 2, 2 * len(POISON)):
                time.sleep(0.25)
                put[put_in(house, event | {"a": chance.choice(ledger.played).attempt} | POISON[name])] = name
            house.wait_until_healthy()
        house.wait_until_recorded()
        letters = read_sql(house.database, "select stream_id, reason from dead_letter order by id")
        aside = [letter["stream_id"] for letter in letters]
        assert sorted(put[stream_id] for stream_id in put.keys() - set(aside)) == []
        assert len(aside) == len(put)
        status = json.loads(house.stack.run_cli("contest", "status", SLUG, "--json").stdout)
        assert status["dead_letters"] == len(put)
        assert judge(house, ledger, fault=f"F25 poison, {database}", had_outage=False, but=("I6",)) == {}


@contextmanager
def house_on(database: str, request: pytest.FixtureRequest, seed: int) -> Iterator[House]:
    """A house whose records are in SQLite or in PostgreSQL."""
    if database == "sqlite":
        with request.getfixturevalue("template").house(seed=seed) as house:
            yield house
    else:
        with request.getfixturevalue("on_postgresql").house(seed=seed) as (house, _cluster):
            yield house


def wait_for_an_answer(house: House) -> dict[str | bytes, str | bytes]:
    """Wait until one is recorded; give an event that would answer its question before all others."""
    give_up_at = time.monotonic() + 30
    while not (rows := read_sql(house.database, "select question_id, revision_id from answer limit 1")):
        assert time.monotonic() < give_up_at, "nothing is recorded"
        time.sleep(0.1)
    question, revision = rows[0].values()
    return {"v": "1", "k": "answer", "t": "1", "d": f"[[{question},{revision},0,[],0,0,0]]"}


def put_in(house: House, event: Mapping[str | bytes, str | bytes]) -> str:
    """Add an event that our script did not write to the stream; return its id there."""
    with house.store.client() as live:
        (stream,) = live.scan_iter("play:*:stream")
        return str(live.xadd(stream, dict(event)))  # type: ignore[arg-type]
