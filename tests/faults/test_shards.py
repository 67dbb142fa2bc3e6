"""A contest in three shards is stopped, given time, corrected and robbed of its recorder while phones answer.

Afterwards live state and records agree to the last bit, every score is what the new key makes of the answers that the
phones know to be acknowledged, and the board is the phones' own ranking.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.blackbox.contest import make_contest
from tests.blackbox.phones import Phone
from tests.blackbox.test_phones import attempts_of, rows_of
from tests.faults.test_corrections import HastyPhone, correct, expected
from tests.faults.test_kills import SLUG, kill, play_while
from tests.stack import Stack

PHONES = 48


def harm(stack: Stack) -> None:
    stack.run_cli("contest", "pause", SLUG)
    kill(stack, "record")
    stack.run_cli("contest", "resume", SLUG)
    stack.run_cli("contest", "extend", SLUG, "--give", "5")
    correct(stack)


@pytest.mark.timeout(500)
def test_three_shards_stay_one_contest(tmp_path: Path) -> None:
    with Stack.running(settings={"QUIZAPP_SHARDS": "3"}) as stack:
        make_contest(stack, slug=SLUG)
        phones: list[Phone] = [HastyPhone(stack.base_url, SLUG, number) for number in range(PHONES)]
        play_while(stack, phones, harm=lambda: harm(stack))
        verified = json.loads(stack.run_cli("play", "verify", SLUG, "--json", check=False).stdout)
        assert verified["differences"] == 0, verified["first"]
        path = tmp_path / "results.jsonl"
        stack.run_cli("report", "results", SLUG, "--format", "jsonl", "--output", str(path))
        rows = rows_of(path)
        scores = {one.attempt: expected(one) for _phone, one in attempts_of(phones)}
        assert scores == {attempt: row["score"] for attempt, row in rows.items()}
        assert len(rows) == PHONES
        with closing(Phone(stack.base_url, SLUG, 0)) as reader:
            _status, board = reader.call("GET", f"/contests/{SLUG}/boards/overall?top=200")
            _status, pulse = reader.call("GET", f"/contests/{SLUG}/pulse")
        ranks = Counter((row["score"], -row["duration_ms"]) for row in rows.values())
        places = {rank: 1 + sum(count for other, count in ranks.items() if other > rank) for rank in ranks}
        assert [row["place"] for row in board["rows"]] == sorted(
            places[row["score"], -row["duration_ms"]] for row in rows.values()
        )
        assert all(row["place"] == places[row["score"], -row["duration_ms"]] for row in board["rows"])
        assert (pulse["begun"], pulse["finished"], pulse["visits"]) == (PHONES, PHONES, PHONES)
        rebuilt = json.loads(stack.run_cli("play", "rebuild", SLUG, "--json").stdout)
        assert rebuilt["people"] == PHONES
        assert json.loads(stack.run_cli("play", "verify", SLUG, "--json").stdout)["differences"] == 0
        with closing(sqlite3.connect(stack.data / "quizapp.sqlite")) as records:
            used = records.execute("select shard, count(*) from attempt group by shard").fetchall()
        assert [shard for shard, _count in used] == [0, 1, 2]
