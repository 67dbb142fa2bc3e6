"""P9: what a poll of figures and board costs against the floor, in one run: `python -m bench.figures [--requests N]`.

Phones ask with the ETag of what they have. While nothing changed they get 304; the reply is made anew once a second in
each worker meanwhile, as always. The floor is one durable answer of the bare program of `bench.floor`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from werkzeug.http import generate_etag

from bench import machine
from bench.answer import ROUNDS, Served, floor, floor_rounds, measure, middle
from bench.client import drive, request
from bench.installation import CONNECTIONS, Phones, groups, installed
from quizapp.accounts.queries import latest_notice
from quizapp.core.db import db
from quizapp.play.replay import SLUG, make_contest

PEOPLE = 60
CONTEST = f"/api/v1/contests/{SLUG}"
BOARD = f"{CONTEST}/boards/overall?top=50"
POLLS = {"pulse_304": (f"{CONTEST}/pulse", True), "board_304": (BOARD, True), "board_200": (BOARD, False)}
MUST = 0.5


def poll(phones: Phones, path: str, *, knows: bool) -> bytes:
    """A poll by somebody who `knows` the present reply, or has none yet."""
    asked = request("GET", path, host=phones.host)
    if not knows:
        return asked
    tag = generate_etag(drive(phones.address, [[asked]]).last_body)
    return request("GET", path, host=phones.host, headers=f'If-None-Match: "{tag}"\r\n')


def measure_polls(phones: Phones, processes: dict[str, list[int]], path: str, *, knows: bool, count: int) -> Any:
    """Processor milliseconds a poll, and what the polls were answered."""
    lines = [[poll(phones, path, knows=knows)] * (count // CONNECTIONS) for _ in range(CONNECTIONS)]
    before = {name: machine.processor_seconds(pids) for name, pids in processes.items()}
    load = drive(phones.address, lines)
    if set(load.statuses) - {200, 304}:
        raise SystemExit(f"{path}: {load.statuses} {load.last_body[:300]!r}")
    used = sum(machine.processor_seconds(pids) - before[name] for name, pids in processes.items())
    return {
        "all_ms": 1000 * used / load.count,
        "unchanged": load.statuses[304] / load.count,
        "requests_per_second": load.count / load.seconds,
    }


def fill_board(phones: Phones) -> None:
    """Let people enter, begin and hand in."""
    load = drive(phones.address, [phones.calls_of("finish", PEOPLE)])
    if set(load.statuses) != {200}:
        raise SystemExit(f"finish: {load.statuses} {load.last_body[:300]!r}")


def rows_of(count: int) -> Iterator[tuple[str, dict[str, float]]]:
    """What was measured, round by round: the name of a work and its figures."""
    with tempfile.TemporaryDirectory(prefix="qafloor", dir="/tmp") as name, floor(Path(name)) as (address, bare):
        served = Served("floor", address, bare, floor_rounds(f"{address[0]}:{address[1]}", answers=count))
        with installed() as serving:
            make_contest(attempts=1)
            consent = latest_notice().version
            db.session.rollback()
            parts = urlsplit(serving.address)
            phones = Phones((parts.hostname or "", parts.port or 80), consent)
            phones.open_doors()
            fill_board(phones)
            processes = groups(serving.pid)
            for number in range(ROUNDS):
                yield "floor", measure(served, number)
                for work, (path, knows) in POLLS.items():
                    yield work, measure_polls(phones, processes, path, knows=knows, count=count)


def run(*, requests: int) -> dict[str, Any]:
    rows: dict[str, list[dict[str, float]]] = {}
    for work, row in rows_of(requests):
        rows.setdefault(work, []).append(row)
    figures: dict[str, Any] = {work: middle(found[1:]) for work, found in rows.items()}
    base = figures["floor"]["all_ms"]
    for work in POLLS:
        figures[work]["floors"] = round(figures[work]["all_ms"] / base, 3)
        figures[work]["requests_per_cpu_second"] = round(1000 / figures[work]["all_ms"])
    figures["ratio"] = max(figures["pulse_304"]["floors"], figures["board_304"]["floors"])
    figures["requests_a_round"] = requests
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=3200, help="in each of the rounds, of which the first warms up")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures = run(requests=asked.requests // (10 * CONNECTIONS) * 10 * CONNECTIONS)
    machine.keep("figures", figures)
    if asked.json:
        print(json.dumps(figures, ensure_ascii=False))
        return
    for work in ("floor", *POLLS):
        print(work, figures[work])
    print(f"a 304 costs {figures['ratio']} times the floor (must {MUST})")


if __name__ == "__main__":
    main()
