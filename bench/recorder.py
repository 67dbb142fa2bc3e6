"""P6: how fast the recorder carries events into SQL, against the pace of answers, in one run.

`python -m bench.recorder [--events N] [--database sqlite|postgresql] [--json]`

1. On an installation of its own, the recorder is stopped (SIGSTOP), and phones begin, answer and hand in: their
   answers give the processor time of one answer, and fill the stream.
2. The recorder goes on and empties the stream: its processor time and that of Valkey and of the SQL server, by event.

An answer may use all cores, since the web has a worker for each; the recorder is one process, and SQL works while it
waits. So its rate is one processor's time by that of an event, and the answers' rate that of all cores by that of an
answer. Both are what the machine could do if nothing else ran on it; the measured rates stand beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from bench import machine
from bench.client import Load, drive
from bench.installation import CONNECTIONS, Phones, groups, installed
from quizapp.accounts.queries import latest_notice
from quizapp.contests.models import Contest
from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.play.replay import QUESTIONS, make_contest
from quizapp.play.state import Shard, count_events, has_gate
from quizapp.play.verify import verify
from tests import postgresql

EVENTS = QUESTIONS + 2
"""Of an attempt: the begin, its answers one by one, the hand-in."""
DRAIN_SECONDS = 120
CORES = os.cpu_count() or 1


def run(*, events: int, database: str) -> dict[str, Any]:
    with _server(database) as cluster, installed(database_url=_prepared(cluster)) as serving:
        contest_id = make_contest(attempts=1)
        shard = Shard(contest_id)
        consent = latest_notice().version
        db.session.rollback()
        parts = urlsplit(serving.address)
        phones = Phones((parts.hostname or "", parts.port or 80), consent)
        processes = groups(serving.pid)
        if cluster:
            processes["sql"] = [cluster.pid]
        _wait_until_open(shard)
        warm_up(phones, shard)
        with stopped(processes["record"]):
            answered = fill(phones, processes, attempts=events // EVENTS)
        drained = drain(shard, processes)
        if differences := verify(contest=db.session.get_one(Contest, contest_id)):
            raise SystemExit(f"{len(differences)} differences: {differences[0]}")
        return report(answered, drained, database=database)


@contextmanager
def _server(database: str) -> Iterator[postgresql.Cluster | None]:
    """A PostgreSQL that syncs what it commits; None for SQLite."""
    if database == "sqlite":
        yield None
        return
    programs = postgresql.find_programs()
    if programs is None:
        raise SystemExit("PostgreSQL is not installed here")
    with postgresql.running(programs, settings=postgresql.SMALL) as cluster:
        yield cluster


def _prepared(cluster: postgresql.Cluster | None) -> str | None:
    if cluster is None:
        return None
    cluster.run("create database bench")
    return cluster.url("bench")


@contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    """Let processes stand still."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def warm_up(phones: Phones, shard: Shard) -> None:
    papers = phones.papers(CONNECTIONS)
    for lines in (phones.answering(papers), phones.finishing(papers)):
        _driven(phones, lines)
    _wait_until_empty(shard)


def _wait_until_open(shard: Shard) -> None:
    """Wait for the recorder to make the gate of the new contest."""
    give_up_at = time.monotonic() + 30
    while not has_gate(get_live(), shard):
        if time.monotonic() > give_up_at:
            raise SystemExit("the doors did not open")
        time.sleep(0.05)


def _driven(phones: Phones, lines: list[list[bytes]]) -> Load:
    load = drive(phones.address, lines)
    if set(load.statuses) != {200}:
        raise SystemExit(f"{load.statuses} {load.last_body[:300]!r}")
    return load


def _wait_until_empty(shard: Shard) -> None:
    give_up_at = time.monotonic() + DRAIN_SECONDS
    while count_events(get_live(), shard):
        if time.monotonic() > give_up_at:
            raise SystemExit("the recorder did not empty the stream")
        time.sleep(0.02)


def fill(phones: Phones, processes: dict[str, list[int]], *, attempts: int) -> dict[str, float]:
    """Let so many attempts be played; the figures of their answers."""
    papers = phones.papers(attempts)
    lines = phones.answering(papers)
    before = _seconds(processes)
    load = _driven(phones, lines)
    used = _used(processes, before)
    _driven(phones, phones.finishing(papers))
    return {
        **{f"{name}_ms": round(1000 * used[name] / load.count, 4) for name in ("web", "valkey")},
        "all_ms": round(1000 * (used["web"] + used["valkey"]) / load.count, 4),
        "per_second": round(load.count / load.seconds),
    }


def drain(shard: Shard, processes: dict[str, list[int]]) -> dict[str, float]:
    """Let the recorder empty the stream; the figures of an event."""
    # Counted while the recorder takes up its work again; what it has done by then is too little to matter.
    started, before = time.monotonic(), _seconds(processes)
    events = count_events(get_live(), shard)
    _wait_until_empty(shard)
    seconds, used = time.monotonic() - started, _used(processes, before)
    names = [name for name in ("record", "valkey", "sql") if name in used]
    return {
        "events": events,
        **{f"{name}_ms": round(1000 * used[name] / events, 4) for name in names},
        "all_ms": round(1000 * sum(used[name] for name in names) / events, 4),
        "per_second": round(events / seconds),
    }


def _seconds(processes: dict[str, list[int]]) -> dict[str, float]:
    """Processor time by group; what a database server started since is found anew."""
    return {
        name: machine.processor_seconds(machine.processes_below(pids[0]) if name == "sql" else pids)
        for name, pids in processes.items()
    }


def _used(processes: dict[str, list[int]], before: dict[str, float]) -> dict[str, float]:
    return {name: seconds - before[name] for name, seconds in _seconds(processes).items()}


def report(answer: dict[str, float], event: dict[str, float], *, database: str) -> dict[str, Any]:
    answers, events = 1000 * CORES / answer["all_ms"], 1000 / event["all_ms"]
    return {
        "database": database,
        "answer": answer,
        "event": event,
        "answers_per_second_of_all_cores": round(answers),
        "events_per_processor_second": round(events),
        "ratio": round(events / answers, 2),
        "ratio_of_measured_rates": round(event["per_second"] / answer["per_second"], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=12_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures = run(events=max(asked.events, EVENTS * CONNECTIONS), database=asked.database)
    machine.keep(f"recorder-{asked.database}", figures)
    if asked.json:
        print(json.dumps(figures, ensure_ascii=False))
        return
    for name in ("answer", "event"):
        print(name, figures[name])
    print(
        f"{figures['events_per_processor_second']} events a processor second on {asked.database}: {figures['ratio']} "
        f"times the answers of {CORES} cores (must 3, aim 5)"
    )


if __name__ == "__main__":
    main()
