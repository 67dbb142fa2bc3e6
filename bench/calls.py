"""What each call of a campaign costs: processor time by process, `python -m bench.calls [--people N] [--json]`.

A person visits, enters, begins, answers and hands in; pulse, board and the contest's page are asked for beside. The
recorder's time for what a call left behind is counted with the call.
"""

from __future__ import annotations

import argparse
import json
from typing import Any
from urllib.parse import urlsplit

from bench import machine
from bench.client import drive
from bench.installation import CONNECTIONS, Phones, groups, installed, settle
from quizapp.accounts.queries import latest_notice
from quizapp.core.db import db
from quizapp.play.replay import SLUG, make_contest
from quizapp.play.state import Shard

KINDS = {
    "visit": "visit",
    "entry": "entry",
    "begin": "begin",
    "finish": "finish",
    "pulse": f"/api/v1/contests/{SLUG}/pulse",
    "board": f"/api/v1/contests/{SLUG}/boards/overall?top=50",
    "contest page": f"/play/{SLUG}",
    "healthz": "/healthz",
}


def run(*, people: int) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    with installed() as serving:
        shard = Shard(make_contest(attempts=1))
        consent = latest_notice().version
        db.session.rollback()
        parts = urlsplit(serving.address)
        phones = Phones((parts.hostname or "", parts.port or 80), consent)
        for name, kind in KINDS.items():
            requests = phones.calls_of(kind, people + CONNECTIONS)
            drive(phones.address, [requests[:CONNECTIONS]])
            settle(shard)
            before = {group: machine.processor_seconds(pids) for group, pids in groups(serving.pid).items()}
            load = drive(phones.address, [requests[CONNECTIONS + at :: CONNECTIONS] for at in range(CONNECTIONS)])
            settle(shard)
            if any(status >= 400 for status in load.statuses):
                raise SystemExit(f"{name}: {load.statuses} {load.last_body[:300]!r}")
            used = {
                group: machine.processor_seconds(pids) - before[group] for group, pids in groups(serving.pid).items()
            }
            figures[name] = {
                **{f"{group}_ms": round(1000 * seconds / load.count, 3) for group, seconds in used.items()},
                "all_ms": round(1000 * sum(used.values()) / load.count, 3),
                "per_second": round(load.count / load.seconds),
            }
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=800)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures = run(people=asked.people)
    machine.keep("calls", figures)
    if asked.json:
        print(json.dumps(figures, ensure_ascii=False))
        return
    for name, row in figures.items():
        print(f"{name:<14}" + "  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
