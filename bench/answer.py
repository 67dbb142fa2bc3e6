"""P1: the processor time of one answer against the floor, in one run: `python -m bench.answer [--answers N] [--json]`.

Both are served side by side by the same WSGI server with the same settings and workers, each with a Valkey of its own
whose log is synced before every reply, and are given the same load in turns. Ours is the whole installation: the
recorder carries the answers into SQL meanwhile, and its time is counted.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from bench import machine
from bench.client import Load, drive, request
from bench.installation import CONNECTIONS, Phones, groups, installed, settle
from quizapp.accounts.queries import latest_notice
from quizapp.core.db import db
from quizapp.core.embedded import start_valkey
from quizapp.core.launcher import web_command
from quizapp.play.replay import QUESTIONS, make_contest
from quizapp.play.state import Shard

ROUNDS = 4
WORKERS = 2


@dataclass(slots=True)
class Served:
    """Something that takes answers: where, by which processes, and its requests of each round."""

    name: str
    address: tuple[str, int]
    groups: dict[str, list[int]]
    rounds: list[list[list[bytes]]]


@contextmanager
def floor(folder: Path) -> Iterator[tuple[tuple[str, int], dict[str, list[int]]]]:
    """The floor's servers: its address, and its processes by what they are."""
    valkey = start_valkey(folder=folder / "valkey", socket_path=folder / "f.sock", open_admin=True)
    port = _free_port()
    command = web_command(bind=f"127.0.0.1:{port}", workers=WORKERS, preload=False)
    command[-1] = "bench.floor:create_app()"
    process = subprocess.Popen(command, env=os.environ | {"FLOOR_REDIS_URL": valkey.admin_url})
    try:
        _wait_for(port)
        assert valkey.process
        yield ("127.0.0.1", port), {"web": machine.processes_below(process.pid), "valkey": [valkey.process.pid]}
    finally:
        process.terminate()
        process.wait()
        valkey.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    give_up_at = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            time.sleep(0.5)
            return
        except OSError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.05)


def floor_rounds(host: str, *, answers: int) -> list[list[list[bytes]]]:
    """For each round a list of lines; every line answers as other attempts than the others do."""
    rounds = []
    for number in range(ROUNDS):
        lines = []
        for line in range(CONNECTIONS):
            requests = []
            for at in range(answers // CONNECTIONS):
                attempt = f"{number}-{line}-{at // QUESTIONS:06}-0123456789"
                item = {"question": 100 + at % QUESTIONS, "response": ["B"], "seq": 1, "spent_ms": 800}
                requests.append(
                    request("PUT", f"/answers/{attempt}", msgspec.json.encode({"answers": [item]}), host=host)
                )
            lines.append(requests)
        rounds.append(lines)
    return rounds


def measure(served: Served, number: int, shard: Shard | None = None) -> dict[str, float]:
    """One round: processor milliseconds an answer by group of processes, and the pace."""
    before = {name: machine.processor_seconds(pids) for name, pids in served.groups.items()}
    load = drive(served.address, served.rounds[number])
    if set(load.statuses) != {200}:
        raise SystemExit(f"{served.name}: {load.statuses} {load.last_body[:300]!r}")
    if load.count != sum(map(len, served.rounds[number])):
        raise SystemExit(f"{served.name}: {load.count} replies")
    if shard:
        settle(shard)
    used = {name: machine.processor_seconds(pids) - before[name] for name, pids in served.groups.items()}
    per_answer = {f"{name}_ms": 1000 * seconds / load.count for name, seconds in used.items()}
    return per_answer | {"all_ms": sum(per_answer.values()), **_pace(load)}


def _pace(load: Load) -> dict[str, float]:
    times = sorted(load.milliseconds)
    return {
        "answers_per_second": load.count / load.seconds,
        "median_latency_ms": statistics.median(times),
        "p99_latency_ms": times[int(len(times) * 0.99)],
    }


def middle(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """The median of each figure over the rounds."""
    return {name: round(statistics.median(row[name] for row in rows), 3) for name in rows[0]}


def run(*, answers: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="qafloor", dir="/tmp") as name, floor(Path(name)) as (address, bare_groups):
        bare = Served("floor", address, bare_groups, floor_rounds(f"{address[0]}:{address[1]}", answers=answers))
        with installed() as serving:
            shard = Shard(make_contest(attempts=1))
            consent = latest_notice().version
            db.session.rollback()
            parts = urlsplit(serving.address)
            phones = Phones((parts.hostname or "", parts.port or 80), consent)
            ours = Served("ours", phones.address, groups(serving.pid), [])
            ours.rounds = [phones.lines(answers=answers) for _ in range(ROUNDS)]

            settle(shard)
            rows: dict[str, list[dict[str, float]]] = {"floor": [], "ours": []}
            for number in range(ROUNDS):
                rows["floor"].append(measure(bare, number))
                rows["ours"].append(measure(ours, number, shard))
    figures: dict[str, Any] = {name: middle(found[1:]) for name, found in rows.items()}
    base = figures["floor"]["all_ms"]
    figures["ratio"] = round(figures["ours"]["all_ms"] / base, 2)
    figures["ratio_without_recorder"] = round((figures["ours"]["web_ms"] + figures["ours"]["valkey_ms"]) / base, 2)
    figures["answers_a_round"] = answers
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=3200, help="in each of the rounds, of which the first warms up")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures = run(answers=asked.answers // (QUESTIONS * CONNECTIONS) * QUESTIONS * CONNECTIONS)
    machine.keep("answer", figures)
    if asked.json:
        print(json.dumps(figures, ensure_ascii=False))
        return
    for name in ("floor", "ours"):
        print(name, figures[name])
    print(
        f"one answer costs {figures['ratio']} times the floor (must 1.5, aim 1.2); "
        f"without the recorder {figures['ratio_without_recorder']}"
    )


if __name__ == "__main__":
    main()
