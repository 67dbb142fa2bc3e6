"""Phones that know nothing but the HTTP interface: they enter, begin, answer, lose replies, send again, hand in.

Each keeps its own account of what was acknowledged. Nothing of the app is imported here.
"""

from __future__ import annotations

import http.client
import json
import random
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

GIVE_UP_SECONDS = 90.0
RETRIED = (429, 502, 503)


class Refused(Exception):
    """A call was refused for good."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code


@dataclass
class Played:
    """What a phone knows of one attempt."""

    attempt: str
    questions: dict[int, dict[str, Any]]
    acknowledged: dict[int, tuple[int, Any]] = field(default_factory=dict)
    """Question → (greatest acknowledged number, response)."""
    result: dict[str, Any] | None = None


class Phone:
    def __init__(self, base_url: str, slug: str, number: int) -> None:
        parts = urlsplit(base_url)
        self.host, self.port, self.slug = parts.hostname or "", parts.port or 80, slug
        self.number = number
        self.chance = random.Random(number)
        self.token = ""
        self.played: list[Played] = []
        self._connection: http.client.HTTPConnection | None = None
        self._entry_key = secrets.token_hex(16)

    @property
    def name(self) -> str:
        return f"手机{self.number}"

    def call(
        self, method: str, path: str, body: Any = None, token: str = "", key: str = ""
    ) -> tuple[int, dict[str, Any]]:
        """Send until there is a reply that says more than "again later"; raise Refused."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if key:
            headers["Idempotency-Key"] = key
        raw = json.dumps(body).encode() if body is not None else None
        give_up_at = time.monotonic() + GIVE_UP_SECONDS
        while True:
            try:
                status, document = self._once(method, path, raw, headers)
            except (OSError, http.client.HTTPException):
                self.close()
                status, document = 503, {"code": "unreachable"}
            if status < 400:
                return status, document
            if status not in RETRIED or time.monotonic() > give_up_at:
                raise Refused(status, document.get("code", ""))
            time.sleep(0.1 + self.chance.random() * 0.3)

    def _once(self, method: str, path: str, raw: bytes | None, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        self._connection.request(method, f"/api/v1{path}", raw, headers)
        response = self._connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else {}

    def enter(self) -> None:
        _status, contest = self.call("GET", f"/contests/{self.slug}")
        self.call("POST", f"/contests/{self.slug}/visits")
        body = {"fields": {"nickname": self.name}, "consent": contest["notice_version"]}
        _status, entry = self.call("POST", f"/contests/{self.slug}/entries", body, key=self._entry_key)
        self.token = entry["token"]

    def play(self, *, answers: int | None = None, finishes: bool = True, pause: float = 0.0) -> Played:
        """One attempt with all that goes wrong on the way: repeats, changed minds, packets that come late."""
        key = secrets.token_hex(16)
        while True:
            status, sheet = self.call("POST", f"/contests/{self.slug}/attempts", {}, self.token, key)
            if status != 202:
                break
            time.sleep(min(1, sheet["retry_after"]))
        if self.chance.random() < 0.2:
            _status, again = self.call("POST", f"/contests/{self.slug}/attempts", {}, self.token, key)
            assert again["attempt"] == sheet["attempt"]
        played = Played(sheet["attempt"], {question["id"]: question for question in sheet["questions"]})
        self.played.append(played)
        late: list[dict[str, Any]] = []
        for number, question in enumerate(sheet["questions"][:answers]):
            first = self._answer(question, seq=2 * number + 1)
            if self.chance.random() < 0.3:
                late.append(first)
                first = self._answer(question, seq=2 * number + 2)
            self.send(played, sheet["token"], [first])
            if self.chance.random() < 0.3:
                self.send(played, sheet["token"], [first])
            if late and self.chance.random() < 0.5:
                self.send(played, sheet["token"], [late.pop()])
            time.sleep(pause)
        self.send(played, sheet["token"], [*late])
        if finishes:
            self.finish(played, sheet["token"], late)
        return played

    def _answer(self, question: dict[str, Any], *, seq: int) -> dict[str, Any]:
        keys = [option["key"] for option in question["options"]]
        response: Any
        if question["kind"] in ("single", "true_false"):
            response = [self.chance.choice(keys)]
        elif question["kind"] == "fill_in":
            response = [self.chance.choice(["对", "错"])] * question["blanks"]
        elif question["kind"] == "ordering":
            response = self.chance.sample(keys, len(keys))
        elif question["kind"] == "matching":
            response = self._pairs(keys)
        else:
            response = sorted(self.chance.sample(keys, self.chance.randint(1, len(keys))))
        return {"question": question["id"], "response": response, "seq": seq, "spent_ms": self.chance.randint(0, 9000)}

    def _pairs(self, keys: list[str]) -> dict[str, str]:
        """Something on the right for one or more on the left."""
        right = [key for key in keys if key.isdigit()]
        left = [key for key in keys if not key.isdigit()]
        chosen = self.chance.sample(left, self.chance.randint(1, len(left)))
        return {key: self.chance.choice(right) for key in sorted(chosen)}

    def send(self, played: Played, token: str, answers: list[dict[str, Any]]) -> None:
        _status, reply = self.call("PUT", f"/attempts/{played.attempt}/answers", {"answers": answers}, token)
        assert reply["rejected"] == []
        for answer, stored in zip(answers, reply["stored"], strict=True):
            self._acknowledge(played, answer, stored)

    @staticmethod
    def _acknowledge(played: Played, answer: dict[str, Any], stored: dict[str, Any]) -> None:
        """What was said to stand is never older than what was acknowledged before, and the same where it is it."""
        question = answer["question"]
        known_seq, known = played.acknowledged.get(question, (0, None))
        response = stored["response"] if stored.get("conflict") else answer["response"]
        assert stored["seq"] >= known_seq
        if stored["seq"] == known_seq:
            assert response == known
        played.acknowledged[question] = (stored["seq"], response)

    def finish(self, played: Played, token: str, late: list[dict[str, Any]] | None = None) -> None:
        """Hand in with the whole sheet again, and what is late besides."""
        sheet = [
            {"question": question, "response": response, "seq": seq}
            for question, (seq, response) in played.acknowledged.items()
        ]
        path = f"/attempts/{played.attempt}/finish"
        _status, played.result = self.call("POST", path, {"answers": sheet + (late or [])}, token)
        _status, again = self.call("POST", path, {"answers": []}, token)
        assert {**again, "place": 0} == {**played.result, "place": 0}

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def expected_points(played: Played) -> int | float:
    """The score by the keys of the review: the whole right answer or nothing."""
    assert played.result
    total = 0
    for question in played.result["review"]:
        response = played.acknowledged.get(question["id"], (0, []))[1]
        if question["kind"] == "fill_in":
            fits = bool(response) and all(
                text in accepted for text, accepted in zip(response, question["key"], strict=True)
            )
        elif question["kind"] in ("ordering", "matching"):
            fits = response == question["key"]
        else:
            fits = bool(response) and set(response) == set(question["key"])
        total += question["full_points"] if fits else 0
    return total
