"""A whole installation of its own for a benchmark, and phones that play its contest through the interface."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from bench import machine
from bench.client import drive, request
from quizapp.app import create_app
from quizapp.core.db import db
from quizapp.core.installation import Serving
from quizapp.core.live import get_live
from quizapp.core.settings import load_settings
from quizapp.play.replay import QUESTIONS, SLUG, own_installation
from quizapp.play.state import Recovering, Shard, count_events

CONNECTIONS = 16
OPEN_SECONDS = 30
SETTLE_SECONDS = 60


@contextmanager
def installed(*, database_url: str | None = None, cache_url: str | None = None) -> Iterator[Serving]:
    """A whole installation of its own, with the app of it at hand in this process."""
    with own_installation(database_url=database_url, cache_url=cache_url) as (serving, _data):
        app = create_app(load_settings({"QUIZAPP_LOG_LEVEL": "WARNING"} | dict(serving.environment)))
        with app.app_context():
            yield serving
            db.session.remove()
            db.engine.dispose()


def settle(shard: Shard) -> None:
    """Wait until the recorder has carried everything over, so that its time counts.

    Before the doors open there is nothing to carry. Ends the program when the recorder does not come to an end.
    """
    give_up_at = time.monotonic() + SETTLE_SECONDS
    while True:
        try:
            if not count_events(get_live(), shard):
                return
        except Recovering:
            return
        if time.monotonic() > give_up_at:
            raise SystemExit("the recorder did not empty the stream")
        time.sleep(0.05)


def groups(launcher: int) -> dict[str, list[int]]:
    """The processes of an installation by what they are."""
    names = {"gunicorn": "web", "quizapp record": "record", "valkey-server": "valkey"}
    groups: dict[str, list[int]] = {name: [] for name in names.values()}
    for pid in machine.processes_below(launcher):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            # It has ended in between.
            continue
        for part, name in names.items():
            if part in command:
                groups[name].append(pid)
                break
    return groups


class Phones:
    """Begins attempts through the interface, and turns their papers into requests that answer them."""

    def __init__(self, address: tuple[str, int], consent: str) -> None:
        self.address, self.consent = address, consent
        self.host = f"{address[0]}:{address[1]}"
        self.people = 0

    def lines(self, *, answers: int) -> list[list[bytes]]:
        """Lines whose requests together are so many answers, one request each, a whole paper an attempt."""
        return self.answering(self.papers(answers // QUESTIONS))

    def papers(self, count: int) -> list[Any]:
        """The papers of so many attempts, begun now."""
        return [self.begin() for _ in range(count)]

    def answering(self, papers: Sequence[Any]) -> list[list[bytes]]:
        """Lines whose requests answer the papers, one question each; every line has papers of its own."""
        return [[one for paper in papers[at::CONNECTIONS] for one in self._answers(paper)] for at in range(CONNECTIONS)]

    def finishing(self, papers: Sequence[Any]) -> list[list[bytes]]:
        """Lines whose requests hand the papers in."""
        return [[self._finish(paper, []) for paper in papers[at::CONNECTIONS]] for at in range(CONNECTIONS)]

    def calls_of(self, kind: str, count: int) -> list[bytes]:
        """So many requests of one kind by as many people, each in the state that the kind needs."""
        contest = f"/api/v1/contests/{SLUG}"
        requests = []
        for _ in range(count):
            self.people += 1
            if kind == "visit":
                requests.append(self._request("POST", f"{contest}/visits", None))
            elif kind == "entry":
                fields = {"fields": {"nickname": f"选手{self.people}"}, "consent": self.consent}
                requests.append(self._request("POST", f"{contest}/entries", fields))
            elif kind == "begin":
                requests.append(self.begin_request(self.enter()))
            elif kind == "finish":
                paper = self.begin()
                requests.append(self._finish(paper, self._items(paper)))
            else:
                requests.append(self._request("GET", kind, None))
        return requests

    def answer_all(self, paper: Any) -> bytes:
        """One request that answers the whole paper."""
        path = f"/api/v1/attempts/{paper['attempt']}/answers"
        return self._request("PUT", path, {"answers": self._items(paper)}, paper["token"])

    def open_doors(self) -> None:
        """Ask until the doors of the new contest are open."""
        give_up_at = time.monotonic() + OPEN_SECONDS
        while set(drive(self.address, [self.calls_of("visit", 1)]).statuses) != {204}:
            if time.monotonic() > give_up_at:
                raise SystemExit("the doors of the new contest do not open")
            time.sleep(0.2)

    def enter(self) -> str:
        """The token of somebody who has just entered."""
        self.people += 1
        fields = {"fields": {"nickname": f"选手{self.people}"}, "consent": self.consent}
        return str(self._read(self._request("POST", f"/api/v1/contests/{SLUG}/entries", fields))["token"])

    def begin_request(self, token: str) -> bytes:
        key = f"Idempotency-Key: {secrets.token_hex(8)}\r\n"
        return self._request("POST", f"/api/v1/contests/{SLUG}/attempts", {}, token, key)

    def _request(self, method: str, path: str, document: Any, token: str = "", headers: str = "") -> bytes:
        source = f"X-Forwarded-For: 10.{self.people >> 16 & 255}.{self.people >> 8 & 255}.{self.people & 255}\r\n"
        body = b"" if document is None else msgspec.json.encode(document)
        return request(method, path, body, host=self.host, token=token, headers=source + headers)

    def _read(self, wanted: bytes) -> Any:
        """The reply to one request; one that is told to come again, as before the doors open, does so."""
        give_up_at = time.monotonic() + OPEN_SECONDS
        while 503 in (load := drive(self.address, [[wanted]])).statuses and time.monotonic() < give_up_at:
            time.sleep(0.2)
        if set(load.statuses) - {200, 201}:
            raise SystemExit(f"{wanted[:80]!r}: {load.statuses} {load.last_body[:300]!r}")
        return msgspec.json.decode(load.last_body)

    def begin(self) -> Any:
        return self._read(self.begin_request(self.enter()))

    def _answers(self, paper: Any) -> Iterator[bytes]:
        for question in paper["questions"]:
            path = f"/api/v1/attempts/{paper['attempt']}/answers"
            yield self._request("PUT", path, {"answers": [self._item(question)]}, paper["token"])

    def _finish(self, paper: Any, items: list[dict[str, Any]]) -> bytes:
        path = f"/api/v1/attempts/{paper['attempt']}/finish"
        return self._request("POST", path, {"answers": items}, paper["token"])

    def _items(self, paper: Any) -> list[dict[str, Any]]:
        return [self._item(question) for question in paper["questions"]]

    @staticmethod
    def _item(question: Any) -> dict[str, Any]:
        response = [question["options"][0]["key"]] if question["options"] else ["宪法"] * question["blanks"]
        return {"question": question["id"], "response": response, "seq": 1, "spent_ms": 800}
