"""A key corrected and a question voided while phones answer.

Afterwards live state and records agree to the last bit, and every score is what the new keys make of the answers that
the phones know to be acknowledged.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from quizapp.contests.state import gate_key
from quizapp.play.state import Shard
from tests.blackbox.contest import KEYS, make_contest
from tests.blackbox.phones import Phone, Played
from tests.blackbox.test_phones import attempts_of, canonical
from tests.faults.conftest import Judge
from tests.faults.house import House, Template
from tests.faults.test_kills import SLUG, assert_alike, exported, play_while
from tests.stack import QUIZAPP, Stack, environment

CORRECTED, VOIDED = 1, 2
"""A single-choice question whose key becomes A, and a multiple-choice question."""
PHONES = 60
GATE = gate_key(Shard(1))
FRESH_SECONDS = 1.2
"""Figures that tell of health may be a second old."""
REBUILT_SECONDS, MARKED_SECONDS = 60, 120
"""A lock is given up 25 s after its owner's death, a job after 30 s."""


class HastyPhone(Phone):
    """Hands in once: a second look may meet another score."""

    def finish(self, played: Played, token: str, late: list[dict[str, Any]] | None = None) -> None:
        sheet = [
            {"question": question, "response": response, "seq": seq}
            for question, (seq, response) in played.acknowledged.items()
        ]
        path = f"/attempts/{played.attempt}/finish"
        _status, played.result = self.call("POST", path, {"answers": sheet + (late or [])}, token)


def correct(stack: Stack) -> None:
    """Correct one question and void another by command."""
    stack.run_cli("contest", "correct", SLUG, str(CORRECTED), "--key", "A", "--reason", "题目有误")
    stack.run_cli("contest", "void", SLUG, str(VOIDED), "--reason", "题目有误")
    status = json.loads(stack.run_cli("contest", "status", SLUG, "--json").stdout)
    assert status["corrections_waiting"] == 0


def expected(played: Played) -> int:
    total = 0
    for question_id, question in played.questions.items():
        response = canonical(question, played.acknowledged.get(question_id, (0, []))[1] or [])
        key: Any = ["A"] if question_id == CORRECTED else KEYS[question["kind"]]
        if question["kind"] == "matching":
            is_right = bool(response) and sorted(left + right for left, right in response.items()) == key
        elif question["kind"] == "fill_in":
            is_right = bool(response) and all(text in accepted for text, accepted in zip(response, key, strict=True))
        else:
            is_right = response == key
        total += 10 if is_right or question_id == VOIDED else 0
    return total


def assert_scored_anew(rows: dict[str, Any], phones: list[Phone]) -> None:
    """Each phone has one attempt in the results, with the score that the new keys make of it."""
    assert len(rows) == len(phones)
    scores = {one.attempt: expected(one) for _phone, one in attempts_of(phones)}
    assert scores == {attempt: row["score"] for attempt, row in rows.items()}


@pytest.mark.quick
@pytest.mark.timeout(500)
def test_scores_are_those_of_the_new_keys(tmp_path: Path) -> None:
    with Stack.running() as stack:
        make_contest(stack, slug=SLUG)
        phones: list[Phone] = [HastyPhone(stack.base_url, SLUG, number) for number in range(PHONES)]
        play_while(stack, phones, harm=lambda: correct(stack))
        assert_alike(stack)
        rows = exported(stack, tmp_path)
        assert_scored_anew(rows, phones)
        assert any(CORRECTED in one.acknowledged for _phone, one in attempts_of(phones))
        assert any(VOIDED in one.questions for _phone, one in attempts_of(phones))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_f32_a_live_contest_is_changed_and_who_marks_it_anew_is_killed(
    template: Template, fault_seed: int, judge: Judge
) -> None:
    """Everybody gets more time, a key is corrected, a question voided; each of both marking processes is killed."""
    chance = random.Random(fault_seed)
    with template.house(seed=fault_seed) as house:
        with house.crowd().playing() as ledger:
            time.sleep(4)
            house.stack.run_cli("contest", "extend", SLUG, "--give", "5")
            for words in (("correct", str(CORRECTED), "--key", "A"), ("void", str(VOIDED))):
                kill_who_marks_anew(house, words, chance)
                time.sleep(FRESH_SECONDS)
                house.wait_until_healthy(REBUILT_SECONDS)
                wait_until_marked(house)
            marked_anew_at = time.time()
            time.sleep(4)
        keys = {CORRECTED: ["A"], VOIDED: None}
        fault = "F32 marking anew killed 2x"
        assert judge(house, ledger, fault=fault, keys=keys, marked_anew_at=marked_anew_at) == {}
        assert any(one.finished_at and one.finished_at < marked_anew_at for one in ledger.played)
        assert any(one.finished_at and one.finished_at > marked_anew_at for one in ledger.played)


def kill_who_marks_anew(house: House, words: tuple[str, ...], chance: random.Random) -> None:
    """Begin a correction, and kill it in the middle of its work together with the process that would take it over."""
    work = house.stack.children()["work"]
    command = [*QUIZAPP, "--data", str(house.stack.data), "contest", words[0], SLUG, *words[1:], "--reason", "题目有误"]
    marking = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    with house.store.client() as live:
        while live.exists(GATE):
            assert marking.poll() is None, marking.stderr and marking.stderr.read()
        time.sleep(chance.random() * 0.03)
        for pid in (marking.pid, work):
            os.kill(pid, signal.SIGKILL)
        marking.communicate()
        assert not live.exists(GATE), "it had ended already"


def wait_until_marked(house: House) -> None:
    give_up_at = time.monotonic() + MARKED_SECONDS
    while json.loads(house.stack.run_cli("contest", "status", SLUG, "--json").stdout)["corrections_waiting"]:
        assert time.monotonic() < give_up_at, house.stack.output
        time.sleep(1)
