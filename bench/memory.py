"""P5: live memory of Valkey a person in a contest of twenty questions: `python -m bench.memory [--people N] [--json]`.

People visit, enter, begin, answer all twenty questions and hand in, all by calls over HTTP. What Valkey says that it
uses is read before, when all have answered and are still at it, and when all have handed in and are recorded (they
stay for an hour). The greater of both differences, divided by the people, is the figure. The counts by which floods of
calls from one address are turned away stand beside: they go after a minute, and belong into a cache if there is one.
"""

from __future__ import annotations

import argparse
import json
from typing import Any
from urllib.parse import urlsplit

from bench import machine
from bench.calls import settle
from bench.client import drive
from bench.installation import CONNECTIONS, Phones, installed
from quizapp.accounts.queries import latest_notice
from quizapp.core.db import db
from quizapp.core.live_servers import client_of
from quizapp.core.redis_address import parse_address
from quizapp.core.settings import get_settings
from quizapp.play.replay import make_contest
from quizapp.play.state import Shard

QUESTIONS = 20
COUNTS = "LIMITS*"
WARM_UP = 50
"""People whose memory is not counted: what is there once for everybody has come with them."""


def used_bytes() -> tuple[int, int]:
    """What Valkey uses: for the contest, and for counts of calls by address, which go after a minute.

    Keys with what keeps them, but no buffers of connections, which come and go.
    """
    redis = client_of(parse_address(get_settings().redis_url))
    found: dict[str, Any] = redis.memory_stats()
    tables = sum(sum(part.values()) for part in found.values() if isinstance(part, dict))
    counts = sum(redis.memory_usage(key) or 0 for key in redis.scan_iter(match=COUNTS, count=1000))
    return int(found["dataset.bytes"]) + tables - counts, counts


def send(phones: Phones, requests: list[bytes]) -> None:
    load = drive(phones.address, [requests[at::CONNECTIONS] for at in range(CONNECTIONS)])
    if set(load.statuses) - {200, 201, 204}:
        raise SystemExit(f"{requests[0][:80]!r}: {load.statuses} {load.last_body[:300]!r}")


def come_and_answer(phones: Phones, people: int) -> list[Any]:
    """Let people come and answer everything; return their papers."""
    papers = phones.papers(people)
    send(phones, phones.calls_of("visit", people))
    send(phones, [phones.answer_all(paper) for paper in papers])
    return papers


def run(*, people: int) -> dict[str, Any]:
    with installed() as serving:
        shard = Shard(make_contest(attempts=1, questions=QUESTIONS))
        consent = latest_notice().version
        db.session.rollback()
        parts = urlsplit(serving.address)
        phones = Phones((parts.hostname or "", parts.port or 80), consent)
        phones.open_doors()
        come_and_answer(phones, WARM_UP)
        settle(shard)
        before, counts_before = used_bytes()
        papers = come_and_answer(phones, people)
        settle(shard)
        answering, counts = used_bytes()
        drive(phones.address, phones.finishing(papers))
        settle(shard)
        finished, _counts = used_bytes()
    return {
        "people": people,
        "questions": QUESTIONS,
        "bytes_while_answering": round((answering - before) / people),
        "bytes_when_finished": round((finished - before) / people),
        "bytes_per_person": round((max(answering, finished) - before) / people),
        "counts_of_calls_bytes": round((counts - counts_before) / people),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures = run(people=asked.people)
    machine.keep("memory", figures)
    if asked.json:
        print(json.dumps(figures, ensure_ascii=False))
        return
    for name, value in figures.items():
        print(f"{name:<24} {value}")


if __name__ == "__main__":
    main()
