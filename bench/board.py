"""P4: what a board costs when very many stand on it: `python -m bench.board [--people N,N,N] [--json]`.

The board's sorted set is filled up to each size and read by the product's own functions: the top fifty with their
names, a person's own place, and one more result. Server time is the processor time of Valkey for a call; beside it
stands what the calling process spends, and the time on the clock. Costs at the sizes are compared in one run.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench import machine
from quizapp.contests.shards import Shards
from quizapp.core.embedded import Valkey, start_valkey
from quizapp.core.live import Live
from quizapp.leaderboards import rules
from quizapp.leaderboards import state as boards
from quizapp.play import state

SHARDS = Shards(1, 1)
(SHARD,) = SHARDS
TOP = 50
PORTION = 5000
CALLS, ROUNDS = 1500, 4


@contextmanager
def served(folder: Path) -> Iterator[tuple[Live, Valkey]]:
    valkey = start_valkey(folder=folder / "valkey", socket_path=folder / "b.sock", open_admin=True)
    try:
        yield Live(valkey.admin_url), valkey
    finally:
        valkey.stop()


def person(number: int) -> str:
    return f"{number:032x}"


def fill(live: Live, chance: random.Random, numbers: range) -> None:
    """Let these people stand on the board; scores of a contest of 100 points, so many share a place."""
    key = boards.board_key(SHARD, "overall")
    for start in range(numbers.start, numbers.stop, PORTION):
        words: list[str | int] = []
        for number in range(start, min(start + PORTION, numbers.stop)):
            score, took = 500 * chance.randrange(21), chance.randrange(60_000, 600_000)
            words += [rules.pack(score_hundredths=score, duration_ms=took), person(number)]
        live.command("ZADD", key, *words)


def open_gate(live: Live) -> None:
    day_ms = 86_400_000
    words = ("lineage", "bench", "number", 0, "kit", 1, "opens", 0, "closes", (time.time_ns() // 10**6) + day_ms)
    live.command("HSET", state.keys_of(SHARD)[0], *words)


def name_top(live: Live) -> None:
    """Give those at the top the names that a board shows."""
    for row in boards.top(live, SHARDS, board="overall", count=TOP):
        live.command("HSET", state.person_key(SHARD, row.person), "a", "张*")


def wait_for_log(live: Live) -> None:
    """Wait until Valkey has rewritten its log, which takes a processor of its own."""
    while live.command("INFO", "persistence")["aof_rewrite_in_progress"]:
        time.sleep(0.2)


def read_top(live: Live) -> None:
    """As figures.board reads it."""
    boards.people(live, SHARDS, board="overall")
    rows = boards.top(live, SHARDS, board="overall", count=TOP)
    names = state.names(live, SHARDS, people=[row.person for row in rows])
    assert [*names.values()] == ["张*"] * TOP


def read_own(live: Live, chance: random.Random, people: int) -> None:
    name = person(chance.randrange(people))
    row = boards.own_row(live, SHARDS, board="overall", person=name)
    assert row is not None


def measure(valkey: Valkey, call: Callable[[], None]) -> dict[str, float]:
    """The middle one of some rounds without the first: processor milliseconds a call by process, and on the clock."""
    assert valkey.process
    rounds = []
    for _round in range(ROUNDS):
        before, own, began = machine.processor_seconds([valkey.process.pid]), time.process_time(), time.perf_counter()
        times = []
        for _call in range(CALLS):
            started = time.perf_counter()
            call()
            times.append(1000 * (time.perf_counter() - started))
        used = machine.processor_seconds([valkey.process.pid]) - before
        rounds.append(
            {
                "valkey_ms": round(1000 * used / CALLS, 4),
                "all_ms": round(1000 * (used + time.process_time() - own) / CALLS, 4),
                "clock_ms": round(1000 * (time.perf_counter() - began) / CALLS, 4),
                "p99_ms": round(statistics.quantiles(times, n=100)[98], 3),
            }
        )
    in_order = sorted(rounds[1:], key=lambda row: row["all_ms"])
    return in_order[(len(in_order) - 1) // 2]


def run(*, sizes: list[int]) -> dict[str, Any]:
    figures: dict[str, Any] = {"top": {}, "own": {}}
    chance = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="qaboard", dir="/tmp") as name, served(Path(name)) as (live, valkey):
        open_gate(live)
        present = 0
        for people in sizes:
            fill(live, chance, range(present, people))
            present = people
            name_top(live)
            wait_for_log(live)
            figures["top"][str(people)] = measure(valkey, partial(read_top, live))
            figures["own"][str(people)] = measure(valkey, partial(read_own, live, chance, people))
    for rows in (figures["top"], figures["own"]):
        first, last = rows[str(sizes[0])], rows[str(sizes[-1])]
        rows["growth"] = round(last["all_ms"] / first["all_ms"], 2)
    return figures | {"sizes": sizes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", default="10000,100000,1000000")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures = run(sizes=[int(number) for number in asked.people.split(",")])
    machine.keep("board", figures)
    if asked.json:
        print(json.dumps(figures, ensure_ascii=False))
        return
    for work in ("top", "own"):
        for people, row in figures[work].items():
            print(work, people, row)


if __name__ == "__main__":
    main()
