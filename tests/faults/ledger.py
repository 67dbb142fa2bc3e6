"""People who play over HTTP while servers die, and a ledger of all that they were promised.

Nothing of the app is imported here. A person sends a call again, with the same number or Idempotency-Key, until there
is a reply that says more than "again later". The ledger keeps each request with its status and duration, each answer
that was sent, and each that was acknowledged.
"""

from __future__ import annotations

import http.client
import json
import math
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from tests.blackbox.phones import Phone, Refused

AGAIN = (429, 500, 502, 503, 504)
"""After these a phone sends the same again; that 500 is never sent is the checker's to say."""
AGAIN_SECONDS = 0.1
"""So long a phone waits at the least before it sends again."""
PATIENCE_SECONDS = 90.0
THREADS = 6
"""People of a crowd who play at the same time, each with one connection."""
TIMEOUT_SECONDS = 10.0
"""How long a phone waits for a reply."""
SLOWEST_SECONDS = 5.0
"""How long a reply may take."""
CANARY = "因为如此"
"""The explanation of every question: it must not leave before the attempt is finished."""
LATE_SEQ = 1000
"""The number with which people try to answer after their hand-in."""
ENOUGH = {"begins": 3, "answers": 20, "hand_ins": 3}
"""So much must be promised before a fault, for it to meet people at play, and after it, for all to be well again."""
GOES_ON_SECONDS = 30.0

Answer = dict[str, Any]
"""An answer as it is sent: question, response, seq, spent_ms."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it went; `status` is 0 when there was no reply."""

    at: float
    """Seconds since 1970 when it was sent."""
    method: str
    path: str
    status: int
    seconds: float
    code: str
    has_retry_after: bool
    person: str
    """The entry's id; empty before there is one."""

    @property
    def ended_at(self) -> float:
        return self.at + self.seconds

    @property
    def is_cut_off(self) -> bool:
        """Whether the connection ended without a reply, before the phone had waited for long."""
        return self.status == 0 and self.seconds <= SLOWEST_SECONDS


@dataclass(frozen=True, slots=True)
class Promise:
    """An acknowledged answer; `server_ms` is the server's time of it, None where the reply does not say."""

    question: int
    seq: int
    response: Any
    status: int
    at: float
    server_ms: int | None


@dataclass(frozen=True, slots=True)
class Begun:
    """An acknowledged begin."""

    person: str
    key: str
    attempt: str
    at: float


@dataclass
class Played:
    """What a person knows of one attempt."""

    person: str
    """The entry's id."""
    key: str
    """The Idempotency-Key of the begin."""
    attempt: str
    token: str
    questions: dict[int, dict[str, Any]]
    deadline_ms: int
    begun_at: float
    sent: dict[tuple[int, int], Any] = field(default_factory=dict)
    """(question, seq) → response, for all that was ever sent."""
    promises: list[Promise] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    finished_at: float | None = None
    """When the first hand-in was acknowledged, in seconds since 1970."""
    asked_to_finish_at: float | None = None
    """When the first hand-in was sent."""
    refusals: Counter[str] = field(default_factory=Counter)

    def standing(self, counts: Callable[[float], bool] = lambda at: True) -> dict[int, Promise]:
        """For each question the promise with the greatest number, of those made at moments that count."""
        found: dict[int, Promise] = {}
        for promise in self.promises:
            known = found.get(promise.question)
            if counts(promise.at) and (known is None or promise.seq >= known.seq):
                found[promise.question] = promise
        return found


class Ledger:
    """What all people together sent and were promised; filled by many threads."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.requests: list[Request] = []
        self.begins: list[Begun] = []
        """Every acknowledged begin, repeats too."""
        self.keys_sent: set[str] = set()
        self.played: list[Played] = []
        self.leaks: list[str] = []
        """Replies that held the canary before the attempt was finished."""
        self.gave_up: list[str] = []
        self.began_at = 0.0
        """From when on requests are judged, in a ledger of several faults."""
        self.healthy_after: float | None = None
        """Seconds from the fault's end until somebody new could play and was recorded; None before it was tried."""
        self.fault_began_at = self.fault_ended_at = 0.0
        """When a crowd was well under way, and when the test had done its harm and was content; 0 without a crowd."""

    def begin_row(self) -> None:
        """Forget what was complained of so far, in a ledger of several faults; what was promised still holds."""
        self.began_at, self.healthy_after = time.time(), None
        self.leaks.clear()
        self.gave_up.clear()

    def note_healthy(self, after: float) -> None:
        """Note how long a fault took to be over; of several the longest counts."""
        self.healthy_after = max(self.healthy_after or 0.0, after)

    def add(self, other: Ledger) -> None:
        """Take in what others sent and were promised in the same contest."""
        self.requests += other.requests
        self.begins += other.begins
        self.keys_sent |= other.keys_sent
        self.played += other.played
        self.leaks += other.leaks
        self.gave_up += other.gave_up
        if other.healthy_after is not None:
            self.note_healthy(other.healthy_after)

    def promised(self, since: float = 0.0, until: float = math.inf) -> Counter[str]:
        """How many begins, answers and hand-ins were acknowledged from one moment to another."""
        found = Counter(dict.fromkeys(ENOUGH, 0))
        for one in list(self.played):
            found["begins"] += since <= one.begun_at < until
            found["answers"] += sum(since <= promise.at < until for promise in list(one.promises))
            found["hand_ins"] += one.finished_at is not None and since <= one.finished_at < until
        return found

    def lacks(self, since: float) -> dict[str, int]:
        """What of the promises that are enough was not made from a moment on, and how many were."""
        promised = self.promised(since)
        return {name: promised[name] for name, wanted in ENOUGH.items() if promised[name] < wanted}

    @property
    def phases(self) -> list[int]:
        """How many promises were made before the fault, meanwhile, and afterwards."""
        moments = (self.began_at, self.fault_began_at, self.fault_ended_at, math.inf)
        return [self.promised(*between).total() for between in pairwise(moments)]

    @property
    def acknowledged(self) -> int:
        """How many begins, answers and hand-ins were acknowledged."""
        return self.promised(self.began_at).total()

    @property
    def recent(self) -> list[Request]:
        return [one for one in list(self.requests) if one.at >= self.began_at]

    @property
    def refused(self) -> Counter[int]:
        """How often each status but 2xx came; 0 is no reply."""
        return Counter(one.status for one in self.recent if not 200 <= one.status < 300)

    @property
    def longest(self) -> float:
        return max((one.seconds for one in self.recent), default=0.0)


class Person(Phone):
    """One person, who plays attempts as `chance` has it; all is written into the ledger."""

    def __init__(
        self,
        base_url: str,
        slug: str,
        number: int,
        *,
        ledger: Ledger,
        timeout: float = TIMEOUT_SECONDS,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        super().__init__(base_url, slug, number)
        self.ledger, self.timeout, self.patience = ledger, timeout, patience
        self.chance = random.Random(f"{ledger.seed}.{number}")
        self.entry = ""

    def call(
        self, method: str, path: str, body: Any = None, token: str = "", key: str = ""
    ) -> tuple[int, dict[str, Any]]:
        """Send until there is a reply that says more than "again later"; raise Refused."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        raw = json.dumps(body).encode() if body is not None else None
        give_up_at = time.monotonic() + self.patience
        while True:
            status, document = self.send_once(method, path, raw, headers)
            if 0 < status < 400:
                return status, document
            if status and status not in AGAIN:
                raise Refused(status, document.get("code", ""))
            if time.monotonic() > give_up_at:
                self.ledger.gave_up.append(f"{method} {path}: {status}")
                raise Refused(status, "gave_up")
            time.sleep(AGAIN_SECONDS + self.chance.random() * 0.3)

    def send_once(
        self, method: str, path: str, raw: bytes | None, headers: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        """One request, written down; its status is 0 when there was no reply."""
        at, started = time.time(), time.monotonic()
        status, document, has_retry_after, text = 0, {}, False, b""
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
            self._connection.request(method, f"/api/v1{path}", raw, headers)
            response = self._connection.getresponse()
            text = response.read()
            status, has_retry_after = response.status, "Retry-After" in response.headers
            document = json.loads(text) if text.startswith(b"{") else {}
        except (OSError, http.client.HTTPException):
            self.close()
            status = 0
        seconds = time.monotonic() - started
        self.ledger.requests.append(
            Request(at, method, path, status, seconds, document.get("code", ""), has_retry_after, self.entry)
        )
        if not path.endswith("/finish") and CANARY in text.decode(errors="replace"):
            self.ledger.leaks.append(f"{method} {path}")
        return status, document

    def enter(self) -> None:
        _status, contest = self.call("GET", f"/contests/{self.slug}")
        self.call("POST", f"/contests/{self.slug}/visits")
        body = {"fields": {"nickname": self.name}, "consent": contest["notice_version"]}
        _status, entry = self.call("POST", f"/contests/{self.slug}/entries", body, key=self._entry_key)
        self.token, self.entry = entry["token"], entry["entry"]

    def begin(self) -> Played:
        """Begin an attempt, in one case of five twice with the same key; raise Refused."""
        key = secrets.token_hex(16)
        sheet = self.ask_to_begin(key)
        played = self.played_of(key, sheet)
        self.ledger.played.append(played)
        if self.chance.random() < 0.2:
            self.ask_to_begin(key)
        return played

    def ask_to_begin(self, key: str) -> dict[str, Any]:
        self.ledger.keys_sent.add(key)
        while True:
            status, sheet = self.call("POST", f"/contests/{self.slug}/attempts", {}, self.token, key)
            if status != 202:
                self.ledger.begins.append(Begun(self.entry, key, sheet["attempt"], time.time()))
                return sheet
            time.sleep(min(1, sheet["retry_after"]))

    def played_of(self, key: str, sheet: dict[str, Any]) -> Played:
        questions = {question["id"]: question for question in sheet["questions"]}
        deadline = round(datetime.fromisoformat(sheet["deadline"]).timestamp() * 1000)
        return Played(self.entry, key, sheet["attempt"], sheet["token"], questions, deadline, time.time())

    def answer_all(self, played: Played, *, answers: int | None = None, pause: float = 0.0) -> list[Answer]:
        """Answer with repeats, changed minds and packets that come late; return the answers to hand in at last."""
        late: list[Answer] = []
        questions = list(played.questions.values())[:answers]
        for number, question in enumerate(questions):
            answer = self._answer(question, seq=2 * number + 1)
            if self.chance.random() < 0.3:
                late.append(answer)
                answer = self._answer(question, seq=2 * number + 2)
            if number + 1 == len(questions) and self.chance.random() < 0.3:
                return [*late, answer]
            self.put(played, [answer])
            if self.chance.random() < 0.3:
                self.put(played, [answer])
            if late and self.chance.random() < 0.5:
                self.put(played, [late.pop()])
            time.sleep(pause)
        return late

    def answer_to(self, question: dict[str, Any], *, seq: int) -> Answer:
        """An answer to a question as it was shown, by chance."""
        return self._answer(question, seq=seq)

    def put(self, played: Played, answers: list[Answer]) -> None:
        """Send answers and note what is acknowledged; raise Refused."""
        for answer in answers:
            played.sent[answer["question"], answer["seq"]] = answer["response"]
        path = f"/attempts/{played.attempt}/answers"
        status, reply = self.call("PUT", path, {"answers": answers}, played.token)
        server_ms = played.deadline_ms - reply["remaining_ms"] if reply["remaining_ms"] else None
        for answer, stored in zip(answers, reply["stored"], strict=True):
            response = stored["response"] if stored.get("conflict") else answer["response"]
            promise = Promise(answer["question"], stored["seq"], response, status, time.time(), server_ms)
            played.promises.append(promise)

    def hand_in(self, played: Played, rest: Iterable[Answer] = ()) -> None:
        """Hand in with the whole sheet again and what is left, then a second time; raise Refused."""
        newest = {answer["question"]: answer for answer in sorted(rest, key=lambda one: one["seq"])}
        for answer in newest.values():
            played.sent[answer["question"], answer["seq"]] = answer["response"]
        standing = played.standing()
        sheet = [
            {"question": promise.question, "response": promise.response, "seq": promise.seq}
            for promise in standing.values()
        ]
        played.asked_to_finish_at = played.asked_to_finish_at or time.time()
        path = f"/attempts/{played.attempt}/finish"
        status, result = self.call("POST", path, {"answers": [*sheet, *newest.values()]}, played.token)
        played.finished_at = time.time()
        played.results.append(result)
        if result["finish"] == "handed_in":
            for answer in newest.values():
                known = standing.get(answer["question"])
                if known is None or answer["seq"] >= known.seq:
                    promise = Promise(answer["question"], answer["seq"], answer["response"], status, time.time(), None)
                    played.promises.append(promise)
        played.results.append(self.call("POST", path, {"answers": []}, played.token)[1])

    def answer_late(self, played: Played) -> None:
        """Try to answer an attempt that is finished; a reply of success would be a promise that must not be given."""
        question = next(iter(played.questions.values()))
        try:
            self.put(played, [self._answer(question, seq=LATE_SEQ)])
        except Refused as refusal:
            played.refusals[refusal.code] += 1

    def play_attempt(self, *, pause: float = 0.0, leaves: bool = False) -> None:
        """One attempt from begin to hand-in; who leaves does not hand in. Refusals end it and are noted.

        Afterwards a late answer is tried, and a begin that was on its way for long arrives once more.
        """
        try:
            played = self.begin()
        except Refused:
            return
        try:
            rest = self.answer_all(played, answers=5 if leaves else None, pause=pause)
            if leaves:
                return
            self.hand_in(played, rest)
            if self.chance.random() < 0.3:
                self.answer_late(played)
            if self.chance.random() < 0.3:
                self.ask_to_begin(played.key)
        except Refused as refusal:
            played.refusals[refusal.code] += 1


class Crowd:
    """Threads of people who play one after another until they are told to stop.

    Each plays one or two attempts, some try a third that they do not have; one of eight leaves without handing in.
    """

    def __init__(
        self,
        base_url: str,
        slug: str,
        *,
        seed: int,
        threads: int = THREADS,
        pause: float = 0.05,
        timeout: float = TIMEOUT_SECONDS,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self.ledger = Ledger(seed)
        self.base_url, self.slug, self.threads, self.pause = base_url, slug, threads, pause
        self.timeout, self.patience = timeout, patience
        self._next, self._lock, self._stop = 0, threading.Lock(), threading.Event()
        self.faults: list[BaseException] = []

    @contextmanager
    def playing(self, *, goes_on: bool = True, is_sound: bool = True) -> Iterator[Ledger]:
        """Play while the block runs; at its end everybody ends what is begun. Faults of the threads are raised.

        The block begins when enough was promised, and people play on after it until enough was promised again, for
        30 s at the most; unless the contest does not go on. Where a protection is off (not `is_sound`) they may be
        unable to play from the start: that is harm to be found.
        """
        running = [threading.Thread(target=self._live, daemon=True) for _number in range(self.threads)]
        for thread in running:
            thread.start()
        try:
            lacking = self._wait_for_promises(since=time.time())
            assert not (lacking and is_sound), "people cannot play even before the fault"
            self.ledger.fault_began_at = time.time()
            yield self.ledger
            self.ledger.fault_ended_at = time.time()
            if goes_on:
                self._wait_for_promises(since=self.ledger.fault_ended_at)
        finally:
            self._stop.set()
            for thread in running:
                thread.join(PATIENCE_SECONDS + 30)
        assert not any(thread.is_alive() for thread in running), "somebody plays still"
        if self.faults:
            raise self.faults[0]

    def _wait_for_promises(self, *, since: float) -> dict[str, int]:
        """Wait until enough was promised from a moment on, for 30 s at the most; return what is lacking then."""
        give_up_at = time.monotonic() + GOES_ON_SECONDS
        while (lacking := self.ledger.lacks(since)) and time.monotonic() < give_up_at:
            if self.faults:
                raise self.faults[0]
            time.sleep(0.05)
        return lacking

    def person(self) -> Person:
        """The next person."""
        with self._lock:
            self._next += 1
            return Person(
                self.base_url, self.slug, self._next, ledger=self.ledger, timeout=self.timeout, patience=self.patience
            )

    def _live(self) -> None:
        try:
            while not self._stop.is_set():
                person = self.person()
                try:
                    person.enter()
                    for _attempt in range(person.chance.choice((1, 1, 2, 3))):
                        person.play_attempt(pause=self.pause, leaves=person.number % 8 == 0)
                except Refused:
                    continue
                finally:
                    person.close()
        except BaseException as fault:
            self.faults.append(fault)
