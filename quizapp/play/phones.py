"""Simulated phones for measuring: many people who answer over HTTP, driven by one thread at little cost.

A phone is a generator: it yields a request and is sent the reply. It knows the public interface alone, behaves
like a person's phone (repeats what got no reply, sends some answers twice or late) and keeps its own account of
what was acknowledged, which is later compared with the records.
"""

from __future__ import annotations

import heapq
import random
import re
import secrets
import selectors
import socket
import time
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

REPLY_SECONDS = 20.0
GIVE_UP_SECONDS = 120.0
PAUSE_SECONDS = 0.3
REPEATED = 0.03
"""The share of answers that are sent a second time, as after a lost reply."""
CHANGED = 0.02
"""The share of answers that are changed; the first one then arrives again, too late."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
LATER = (202, 429, 502, 503)
"""Replies that ask to come back with the same request: in the waiting room, too many, busy."""

_CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_RETRY = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)


class PhoneGaveUp(Exception):
    """A call was refused for good, or got no usable reply for too long; the message says which."""


@dataclass(slots=True)
class Call:
    """One request of a phone."""

    method: str
    path: str
    document: Any = None
    token: str = ""
    headers: str = ""


@dataclass(slots=True)
class Reply:
    status: int
    body: bytes

    def read(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass(slots=True)
class Ledger:
    """What the phones were told: the other side of `play verify`."""

    visits: int = 0
    begun: int = 0
    answers: int = 0
    """Questions whose answer was acknowledged as stored."""
    sent: int = 0
    """Answers sent, repeats and late ones included."""
    results: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Attempt → (questions answered, score in hundredths) as told at hand-in."""
    gave_up: list[str] = field(default_factory=list)
    retried: Counter[int] = field(default_factory=Counter)
    """How often a request was sent again, by the status of the reply; 0 for none."""


@dataclass(frozen=True, slots=True)
class Person:
    number: int
    answers: tuple[int, ...]
    """How many questions to answer in each attempt; empty for somebody who only looks."""


Phone = Generator[Call, Reply, None]


def people(*, visits: int, answers: int, questions: int) -> Iterator[Person]:
    """So many visitors who together answer exactly so many questions, at most `questions` an attempt."""
    whole, rest = divmod(answers, questions)
    sizes = [questions] * whole + ([rest] if rest else [])
    base, more = divmod(len(sizes), visits)
    start = 0
    for number in range(visits):
        count = base + (number < more)
        yield Person(number, tuple(sizes[start : start + count]))
        start += count


def play(*, person: Person, slug: str, consent: str, ledger: Ledger, chance: random.Random) -> Phone:
    """One person's visit: look, enter, and for each attempt begin, answer in order and hand in."""
    contest = f"/api/v1/contests/{slug}"
    _expect((yield Call("POST", f"{contest}/visits")), 204)
    ledger.visits += 1
    if not person.answers:
        return
    entry = _expect(
        (
            yield Call(
                "POST",
                f"{contest}/entries",
                {"fields": {"nickname": f"选手{person.number}"}, "consent": consent},
            )
        ),
        201,
        200,
    )
    for count in person.answers:
        yield from _attempt(contest, entry["token"], count, ledger, chance)


def _attempt(contest: str, entry_token: str, count: int, ledger: Ledger, chance: random.Random) -> Phone:
    begin = Call("POST", f"{contest}/attempts", {}, entry_token, f"Idempotency-Key: {secrets.token_hex(8)}\r\n")
    paper = _expect((yield begin), 201, 200)
    ledger.begun += 1
    path, token = f"/api/v1/attempts/{paper['attempt']}", paper["token"]
    sheet = []
    for question in paper["questions"][:count]:
        answer = {"question": question["id"], "response": respond(question, chance), "seq": 1, "spent_ms": 800}
        late = None
        if chance.random() < CHANGED:
            late, answer = answer, answer | {"response": respond(question, chance), "seq": 2}
        for item in filter(None, (answer, late, answer if chance.random() < REPEATED else None)):
            ledger.sent += 1
            saved = _expect((yield Call("PUT", f"{path}/answers", {"answers": [item]}, token)), 200)
            if saved["rejected"] or not saved["stored"]:
                raise PhoneGaveUp(f"an answer was rejected: {saved}")
        ledger.answers += 1
        sheet.append(answer)
    result = _expect((yield Call("POST", f"{path}/finish", {"answers": sheet}, token)), 200)
    ledger.results[paper["attempt"]] = (len(sheet), round(float(result["score"]) * 100))


def respond(question: Any, chance: random.Random) -> Any:
    """A response of the question's kind, right or wrong as it comes."""
    keys = [option["key"] for option in question.get("options") or ()]
    if question["kind"] in ("multiple", "indefinite"):
        return sorted(chance.sample(keys, chance.randint(2, len(keys))))
    if question["kind"] == "true_false":
        return [chance.choice(["true", "false"])]
    if question["kind"] == "fill_in":
        return ["宪法"] * int(question.get("blanks") or 1)
    if question["kind"] == "ordering":
        return chance.sample(keys, len(keys))
    if question["kind"] == "matching":
        right = [key for key in keys if key.isdigit()]
        return {key: chance.choice(right) for key in keys if not key.isdigit()}
    return [chance.choice(keys)]


def _expect(reply: Reply, *statuses: int) -> Any:
    if reply.status not in statuses:
        raise PhoneGaveUp(f"{reply.status}: {reply.body[:300].decode(errors='replace')}")
    return reply.read() if reply.body else None


@dataclass(slots=True)
class _Line:
    """One kept-alive connection and the phone that uses it now."""

    address: tuple[str, int]
    connection: socket.socket | None = None
    phone: Phone | None = None
    number: int = 0
    request: bytes = b""
    received: bytearray = field(default_factory=bytearray)
    due: float = 0.0
    """When to send the request (again); 0 while the phone holds the reply."""
    first_sent_at: float = 0.0


class Exchange:
    """Drives phones over a number of connections until all are done."""

    def __init__(self, *, host: str, port: int, connections: int, ledger: Ledger) -> None:
        self._host = f"Host: {host}:{port}\r\n"
        self._ledger = ledger
        self._selector = selectors.DefaultSelector()
        self._lines = [_Line((host, port)) for _ in range(connections)]
        self._timers: list[tuple[float, int, _Line]] = []

    def run(self, phones: Iterator[tuple[int, Phone]]) -> None:
        """Play all phones to their end; each takes a connection as soon as one is free."""
        busy = 0
        for idle in self._lines:
            busy += self._take_next(idle, phones)
        while busy:
            for key, _events in self._selector.select(0.05):
                line: _Line = key.data
                reply = self._receive(line)
                if reply is not None and not self._go_on(line, reply):
                    busy -= not self._take_next(line, phones)
            for overdue in self._overdue():
                if not self._send(overdue):
                    busy -= not self._take_next(overdue, phones)
        for line in self._lines:
            self._hang_up(line)
        self._selector.close()

    def _take_next(self, line: _Line, phones: Iterator[tuple[int, Phone]]) -> bool:
        for number, phone in phones:
            line.phone, line.number = phone, number
            if self._go_on(line, None):
                return True
        line.phone = None
        return False

    def _go_on(self, line: _Line, reply: Reply | None) -> bool:
        """Give the phone its reply and send its next request; False when it has finished or given up."""
        assert line.phone is not None  # noqa: S101
        try:
            call = line.phone.send(reply) if reply else next(line.phone)
        except StopIteration:
            return False
        except PhoneGaveUp as error:
            self._ledger.gave_up.append(str(error))
            return False
        line.request = self._write(call, line.number)
        line.first_sent_at = time.monotonic()
        return self._send(line)

    def _write(self, call: Call, number: int) -> bytes:
        body = b"" if call.document is None else msgspec.json.encode(call.document)
        token = f"Authorization: Bearer {call.token}\r\n" if call.token else ""
        # Each phone has its own address, as seen by a reverse proxy in front.
        source = f"X-Forwarded-For: 10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}\r\n"
        head = (
            f"{call.method} {call.path} HTTP/1.1\r\n{self._host}{source}{token}{call.headers}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def _send(self, line: _Line) -> bool:
        """Send the line's request, on a new connection if need be; later when that fails; False after too long."""
        now = time.monotonic()
        if now - line.first_sent_at > GIVE_UP_SECONDS:
            self._ledger.gave_up.append(f"no usable reply: {line.request[:80].decode(errors='replace')}")
            self._hang_up(line)
            return False
        try:
            if line.connection is None:
                line.connection = socket.create_connection(line.address, timeout=5)
                line.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._selector.register(line.connection, selectors.EVENT_READ, line)
            line.received.clear()
            line.connection.sendall(line.request)
            self._plan(line, now + REPLY_SECONDS)
        except OSError:
            self._hang_up(line)
            self._again(line, PAUSE_SECONDS)
        return True

    def _again(self, line: _Line, seconds: float, status: int = 0) -> None:
        """Send the same request again after a while; every call of a phone may be repeated."""
        self._ledger.retried[status] += 1
        self._plan(line, time.monotonic() + seconds * (1 + random.random() / 2))  # noqa: S311

    def _plan(self, line: _Line, due: float) -> None:
        line.due = due
        heapq.heappush(self._timers, (due, id(line), line))

    def _overdue(self) -> Iterator[_Line]:
        """Lines whose pause is over, and those whose reply has not come in time."""
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            due, _, line = heapq.heappop(self._timers)
            if line.due == due and line.phone is not None:
                self._hang_up(line)
                yield line

    def _receive(self, line: _Line) -> Reply | None:
        """What has arrived as a reply; None while it is incomplete, and when the request is to be sent again."""
        assert line.connection is not None  # noqa: S101
        try:
            part = line.connection.recv(65536)
        except OSError:
            part = b""
        if not part:
            self._hang_up(line)
            if line.phone is not None:
                self._again(line, PAUSE_SECONDS)
            return None
        line.received += part
        head, found, body = bytes(line.received).partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not found or len(body) < (int(length[1]) if length else 0):
            return None
        if _CLOSES.search(head):
            self._hang_up(line)
        line.due = 0.0
        status = int(head[9:12])
        if status in LATER:
            pause = _RETRY.search(head)
            self._again(line, float(pause[1]) if pause else PAUSE_SECONDS, status)
            return None
        return Reply(status, body)

    def _hang_up(self, line: _Line) -> None:
        if line.connection is not None:
            self._selector.unregister(line.connection)
            line.connection.close()
            line.connection = None
