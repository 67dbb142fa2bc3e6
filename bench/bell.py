"""P3: the opening bell: `python -m bench.bell [--people N] [--seconds S] [--json]`.

Everybody has entered beforehand and begins within a few seconds, at even distances, whether or not earlier ones have
got their reply (open loop, through as many connections as a proxy in front holds). The contest lets nine tenths play
at once; the others are told their place and wait. Who is asked to come again does so with the same key. Then a tenth
of those who wait are let in: it must be those who came first.

A begin lasts from the moment when it was to be sent to its paper; processor time is that of all server processes.
"""

from __future__ import annotations

import argparse
import secrets
from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from bench import machine
from bench.client import drive
from bench.installation import Phones, groups, installed, settle
from bench.openloop import Knock, knock
from bench.telling import percentiles, tell
from quizapp.contests import actions as contests
from quizapp.contests.models import Contest, Entry
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.play import access, state
from quizapp.play.replay import make_contest
from quizapp.play.state import Shard

CONNECTIONS = 400
PORTION = 5000


def enter(contest_id: int, people: int) -> list[str]:
    """Let so many people enter, by rows of SQL, and nine tenths of them play at once; return their tokens."""
    contest, now = db.session.get_one(Contest, contest_id), utc_now()
    contest.capacity = people * 9 // 10
    tokens = []
    for start in range(0, people, PORTION):
        rows = [
            {"person": secrets.token_hex(16), "name": f"选手{number}", "masked_name": f"选手{number}"}
            for number in range(start, min(start + PORTION, people))
        ]
        common = {"contest_id": contest_id, "shard": 0, "entered_at": now}
        db.session.execute(db.insert(Entry), [row | common for row in rows])
        tokens += [access.issue_entry(contest=contest, entry=Entry(**row, **common)).token for row in rows]
    db.session.commit()
    return tokens


def begins(phones: Phones, tokens: Iterable[str]) -> list[bytes]:
    """A begin of each, from an address of its own."""
    requests = []
    for token in tokens:
        phones.people += 1
        requests.append(phones.begin_request(token))
    return requests


def places(knocks: list[Knock]) -> dict[int, int]:
    """Number of the person → place in the queue, for those who wait."""
    return {at: msgspec.json.decode(one.body)["place"] for at, one in enumerate(knocks) if one.status == 202}


def let_in(phones: Phones, contest_id: int, requests: list[bytes], waiting: dict[int, int]) -> dict[str, Any]:
    """Let a tenth of those who wait in and ask again for all; whether those who came first got in."""
    more = max(1, len(waiting) // 10)
    contest = db.session.get_one(Contest, contest_id)
    contests.update_published(
        contest=contest,
        host_name=contest.host_name,
        introduction=contest.introduction,
        capacity=(contest.capacity or 0) + more,
        lock_version=contest.lock_version,
        actor=None,
        now=utc_now(),
    )
    db.session.commit()
    inside = {at for at in waiting if set(drive(phones.address, [[requests[at]]]).statuses) & {200, 201}}
    return {"let_in": len(inside), "first_came_first": {waiting[at] for at in inside} == set(range(1, more + 1))}


def run(*, people: int, seconds: float) -> dict[str, Any]:
    with installed() as serving:
        contest_id = make_contest(attempts=1)
        shard = Shard(contest_id)
        tokens = enter(contest_id, people)
        parts = urlsplit(serving.address)
        phones = Phones((parts.hostname or "", parts.port or 80), "")
        phones.open_doors()
        settle(shard)
        requests = begins(phones, tokens)
        before = {name: machine.processor_seconds(pids) for name, pids in groups(serving.pid).items()}
        knocks = knock(phones.address, requests, seconds=seconds, connections=CONNECTIONS)
        waiting = places(knocks)
        order = let_in(phones, contest_id, requests, waiting) if waiting else {}
        settle(shard)
        used = {name: machine.processor_seconds(pids) - before[name] for name, pids in groups(serving.pid).items()}
        begun = state.read_counters(get_live(), shard).get("begun", 0)
    ends = Counter(one.status for one in knocks)
    told = ends[200] + ends[201] + order.get("let_in", 0)
    return {
        "people": people,
        "seconds": seconds,
        "capacity": people * 9 // 10,
        "began": ends[200] + ends[201],
        "waiting": len(waiting),
        "lost": people - ends[200] - ends[201] - ends[202],
        "told_and_counted_alike": told == begun,
        "places_without_gap": sorted(waiting.values()) == list(range(1, len(waiting) + 1)),
        **order,
        "asked_to_come_again": sum(one.turned_away for one in knocks),
        "faults": sum(one.faults for one in knocks),
        "begin": percentiles([one.milliseconds for one in knocks if one.status in (200, 201)]),
        "wait": percentiles([one.milliseconds for one in knocks if one.status == 202]),
        "all_seconds": round(max(one.milliseconds for one in knocks) / 1000 + seconds, 1),
        "cpu_ms_per_begin": round(1000 * sum(used.values()) / people, 3),
        **{f"{name}_ms": round(1000 * spent / people, 3) for name, spent in used.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    tell("bell", run(people=asked.people, seconds=asked.seconds), as_json=asked.json)


if __name__ == "__main__":
    main()
