"""P5: live memory of Valkey a person in a contest of twenty questions: `python -m bench.memory [--people N] [--json]`.

People visit, enter, begin, answer all twenty questions and hand in, all by calls over HTTP. What Valkey says that it
uses is read before, when all have answered and are still at it, and when all have handed in and are recorded (they
stay for an hour). The greater of both differences, divided by the people, is the figure. What is left when the papers
have expired stays as long as the contest does. The counts by which floods of calls from one address are turned away
lie in a Valkey of their own, so that their part of the tables of keys is theirs as well, and stand beside: they go
after a minute, and need not be where answers are.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from bench import machine
from bench.client import drive
from bench.installation import CONNECTIONS, Phones, installed, settle
from quizapp.accounts.queries import latest_notice
from quizapp.core.db import db
from quizapp.core.embedded import start_valkey
from quizapp.core.live_servers import client_of
from quizapp.core.redis_address import parse_address
from quizapp.core.settings import get_settings
from quizapp.play.replay import make_contest
from quizapp.play.state import Shard

QUESTIONS = 20
WARM_UP = 50
"""People whose memory is not counted: what is there once for everybody, such as the server's own figures of each
command, has come with them."""


def used_bytes(url: str) -> int:
    """What a Valkey's keys use, with the tables that find them."""
    redis = client_of(parse_address(url))
    keys = sum(redis.memory_usage(key, samples=0) or 0 for key in redis.scan_iter(count=1000))
    return keys + int(redis.memory_stats()["overhead.db.hashtable.lut"])


def expire(url: str) -> None:
    """Let everything go at once that would go by time: recorded papers, marks of visits."""
    redis = client_of(parse_address(url))
    for key in list(redis.scan_iter(count=1000)):
        if redis.ttl(key) >= 0:
            redis.delete(key)


@contextmanager
def valkey() -> Iterator[str]:
    """The address of a Valkey for counts alone."""
    with TemporaryDirectory() as folder:
        server = start_valkey(folder=Path(folder), fsync="no")
        try:
            yield server.url
        finally:
            server.stop()


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
    with valkey() as cache, installed(cache_url=cache) as serving:
        shard = Shard(make_contest(attempts=1, questions=QUESTIONS))
        consent = latest_notice().version
        db.session.rollback()
        parts = urlsplit(serving.address)
        phones = Phones((parts.hostname or "", parts.port or 80), consent)
        phones.open_doors()
        drive(phones.address, phones.finishing(come_and_answer(phones, WARM_UP)))
        settle(shard)
        live = get_settings().redis_url
        expire(live)
        before, counts_before = used_bytes(live), used_bytes(cache)
        papers = come_and_answer(phones, people)
        settle(shard)
        answering, counts = used_bytes(live), used_bytes(cache)
        finishing = drive(phones.address, phones.finishing(papers))
        if set(finishing.statuses) != {200}:
            raise SystemExit(f"hand-ins: {finishing.statuses} {finishing.last_body[:300]!r}")
        settle(shard)
        finished = used_bytes(live)
        expire(live)
        over = used_bytes(live)
    return {
        "people": people,
        "questions": QUESTIONS,
        "bytes_while_answering": round((answering - before) / people),
        "bytes_when_finished": round((finished - before) / people),
        "bytes_per_person": round((max(answering, finished) - before) / people),
        "bytes_that_stay": round((over - before) / people),
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
