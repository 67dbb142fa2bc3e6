"""A contest in three shards is stopped, given time, corrected and robbed of its recorder while phones answer.

Afterwards live state and records agree to the last bit, every score is what the new key makes of the answers that the
phones know to be acknowledged, and the board is the phones' own ranking.
"""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.contest import make_contest
from tests.blackbox.phones import Phone, Played, Refused
from tests.faults.test_corrections import HastyPhone, assert_scored_anew, correct
from tests.faults.test_kills import SLUG, assert_alike, exported, kill, play_while
from tests.stack import Stack

PHONES = 48
PAUSE_SECONDS = 60


class PatientPhone(HastyPhone):
    """Begins after the pause when it comes in the middle of one."""

    def play(self, *, answers: int | None = None, finishes: bool = True, pause: float = 0.0) -> Played:
        give_up_at = time.monotonic() + PAUSE_SECONDS
        while True:
            try:
                return super().play(answers=answers, finishes=finishes, pause=pause)
            except Refused as refusal:
                if refusal.code != "not_open" or time.monotonic() > give_up_at:
                    raise
                time.sleep(0.5)


def harm(stack: Stack) -> None:
    stack.run_cli("contest", "pause", SLUG)
    kill(stack, "record")
    stack.run_cli("contest", "resume", SLUG)
    stack.run_cli("contest", "extend", SLUG, "--give", "5")
    correct(stack)


def rank(row: dict[str, Any]) -> tuple[int, int]:
    """Of an attempt on a board or in the results, the higher the better; equals share a place."""
    return row["score"], -row["duration_ms"]


@pytest.mark.quick
@pytest.mark.timeout(500)
def test_three_shards_stay_one_contest(tmp_path: Path) -> None:
    with Stack.running(settings={"QUIZAPP_SHARDS": "3"}) as stack:
        make_contest(stack, slug=SLUG)
        phones: list[Phone] = [PatientPhone(stack.base_url, SLUG, number) for number in range(PHONES)]
        play_while(stack, phones, harm=lambda: harm(stack))
        assert_alike(stack)
        rows = exported(stack, tmp_path)
        assert_scored_anew(rows, phones)
        with closing(Phone(stack.base_url, SLUG, 0)) as reader:
            _status, board = reader.call("GET", f"/contests/{SLUG}/boards/overall?top=200")
            _status, pulse = reader.call("GET", f"/contests/{SLUG}/pulse")
        ranks = sorted(map(rank, rows.values()), reverse=True)
        assert [rank(row) for row in board["rows"]] == ranks
        assert [row["place"] for row in board["rows"]] == [1 + ranks.index(one) for one in ranks]
        assert (pulse["begun"], pulse["finished"], pulse["visits"]) == (PHONES, PHONES, PHONES)
        rebuilt = json.loads(stack.run_cli("play", "rebuild", SLUG, "--json").stdout)
        assert rebuilt["people"] == PHONES
        assert_alike(stack)
        with closing(sqlite3.connect(stack.data / "quizapp.sqlite")) as records:
            used = records.execute("select shard, count(*) from attempt group by shard").fetchall()
        assert [shard for shard, _count in used] == [0, 1, 2]
