"""The short way of answers: it replies as the app would, and leaves to the app whatever is not plain."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from quizapp.core import express
from quizapp.core.live import get_live
from quizapp.core.live_servers import LiveStoreDown
from quizapp.core.web import security_headers
from quizapp.play.answer_path import SHORT_BYTES, AnswerPath
from tests.play.makers import Phone, make_contest

HOST = "localhost"


@pytest.fixture
def phone(app: Flask, client: FlaskClient) -> Phone:
    make_contest(kinds={"single": 8})
    phone = Phone(client)
    phone.enter()
    phone.begin()
    # The script is known to the server once it was called the long way.
    assert phone.send().status_code == 200
    return phone


@pytest.fixture
def short(app: Flask, phone: Phone) -> AnswerPath:
    return AnswerPath(app, app.extensions["quizapp.settings"])


def put(phone: Phone, *answers: dict[str, Any], **headers: str) -> express.Request:
    """The request as the worker reads it; a header given as "" is left out."""
    return with_body(phone, json.dumps({"answers": answers}).encode(), **headers)


def with_body(phone: Phone, body: bytes, **headers: str) -> express.Request:
    given = {
        "host": HOST,
        "authorization": f"Bearer {phone.sheet['token']}",
        "content-type": "application/json",
        "content-length": str(len(body)),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value)
    found = express.parse(f"PUT /api/v1/attempts/{phone.attempt}/answers HTTP/1.1\r\n{lines}\r\n".encode() + body)
    assert found
    return found


def item(phone: Phone, place: int = 0, **changes: Any) -> dict[str, Any]:
    question = phone.sheet["questions"][place]
    response = [question["options"][0]["key"]] if question["options"] else ["甲"] * question["blanks"]
    return {"question": question["id"], "response": response, "seq": 1, "spent_ms": 5} | changes


def read(reply: bytes | None) -> tuple[dict[str, str], Any]:
    """Headers and document of a whole reply."""
    assert reply
    head, _gap, body = reply.decode().partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    assert status == "HTTP/1.1 200 OK"
    headers = dict(line.split(": ", 1) for line in lines)
    assert int(headers.pop("Content-Length")) == len(body.encode())
    assert headers.pop("Connection") == "keep-alive"
    assert headers.pop("Date").endswith(" GMT")
    return headers, json.loads(body)


def test_many_are_answered_in_one_go(short: AnswerPath, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    ask = get_live().at_once
    monkeypatch.setattr(get_live(), "at_once", lambda words: sent.append(len(words)) or ask(words))
    replies = short.answer([put(phone, item(phone, place)) for place in range(5)] + [put(phone)])
    assert sent == [6]
    found = [read(reply)[1]["stored"] for reply in replies]
    assert [stored[0]["question"] for stored in found[:5]] == [one["id"] for one in phone.sheet["questions"][:5]]
    assert found[5] == []
    assert len(phone.look().get_json()["stored"]) == 5


@pytest.mark.parametrize("kind", ["stored", "same", "conflict", "rejected", "heartbeat"])
def test_both_ways_reply_alike(app: Flask, short: AnswerPath, phone: Phone, kind: str) -> None:
    """Each way is asked about a question of its own, so that both find the same state."""

    def answers(place: int) -> Sequence[dict[str, Any]]:
        return {
            "stored": [item(phone, place)],
            "same": [item(phone, place), item(phone, place)],
            "conflict": [item(phone, place, seq=5), item(phone, place, seq=3, response=[])],
            "rejected": [item(phone, place, response=["nothing"], seq=0)],
            "heartbeat": [],
        }[kind]

    def shape(found: Any) -> Any:
        found["remaining_ms"] = found["remaining_ms"] > 0
        for part in (*found["stored"], *found["rejected"]):
            part["question"] = part["question"] in [one["id"] for one in phone.sheet["questions"][:2]]
        return found

    [reply] = short.answer([put(phone, *answers(0))])
    headers, document = read(reply)
    long: TestResponse = phone.send(*answers(1))
    assert shape(document) == shape(long.get_json())
    assert headers.keys() | {"Content-Length"} == {name for name, _ in long.headers}
    same = ("Content-Type", "Cache-Control", *security_headers(app.extensions["quizapp.settings"]))
    assert [headers[name] for name in same] == [long.headers[name] for name in same]


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": ""},
        {"authorization": "Bearer made.up"},
        {"authorization": "Basic abc"},
        {"content_type": "text/plain"},
        {"host": "elsewhere.example"},
        {"host": "[:1"},
        {"host": ""},
    ],
)
def test_headers_that_are_not_plain_are_the_apps_to_judge(
    short: AnswerPath, phone: Phone, headers: dict[str, str]
) -> None:
    assert short.answer([put(phone, item(phone), **headers)]) == [None]
    assert phone.look().get_json()["stored"] == []


@pytest.mark.parametrize("body", [b"{", b"\xff", b"", b'{"answers": 5}', b"[" * 300_000])
def test_bodies_that_are_not_plain_are_the_apps_to_judge(short: AnswerPath, phone: Phone, body: bytes) -> None:
    assert short.answer([with_body(phone, body)]) == [None]


def test_a_call_with_unusually_many_answers_holds_up_nobody_elses(short: AnswerPath, phone: Phone) -> None:
    """The app has threads for it; what a phone can have gathered goes the short way."""
    many = [item(phone, seq=seq) for seq in range(1, 6)]
    more = [item(phone, place % 5, seq=place + 1) for place in range(len(phone.sheet["questions"]) + 1)]
    assert short.answer([put(phone, *many), put(phone, *more)]) == [None, None]
    assert short.answer([put(phone, item(phone, note="x" * SHORT_BYTES))]) == [None]
    assert phone.look().get_json()["stored"] == []
    assert read(short.answer([put(phone, *many[:4])])[0])[1]["stored"][3]["seq"] == 4
    assert read(short.answer([put(phone, *more[:5])])[0])[1]["stored"]
    assert phone.send(*many, item(phone, 1, note="x" * SHORT_BYTES)).status_code == 200


def test_refusals_are_the_apps_and_keep_nobody_elses_answer_back(app: Flask, short: AnswerPath, phone: Phone) -> None:
    other = Phone(app.test_client())
    other.enter(nickname="别人")
    other.begin()
    phone.finish()
    first, second = short.answer([put(phone, item(phone)), put(other, item(other))])
    assert first is None
    assert read(second)[1]["stored"]


def test_token_of_another_attempt_opens_nothing(app: Flask, short: AnswerPath, phone: Phone) -> None:
    other = Phone(app.test_client())
    other.enter(nickname="别人")
    other.begin()
    assert short.answer([put(phone, item(phone), authorization=f"Bearer {other.sheet['token']}")]) == [None]


def test_a_paper_that_this_worker_does_not_have_is_the_apps_to_find(
    app: Flask, short: AnswerPath, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And then it has it."""
    monkeypatch.setattr("quizapp.play.papers._papers", {})
    assert short.answer([put(phone, item(phone))]) == [None]
    assert phone.send(item(phone)).status_code == 200
    assert read(short.answer([put(phone, item(phone))])[0])[1]["stored"]


def test_a_worker_keeps_papers_of_so_many_questions_and_lets_the_oldest_go(
    app: Flask, short: AnswerPath, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quizapp.play.papers.KEPT_QUESTIONS", 2 * len(phone.sheet["questions"]))
    others = [Phone(app.test_client()) for _ in range(2)]
    for number, other in enumerate(others):
        other.enter(nickname=f"同学{number}")
        other.begin()
    assert short.answer([put(phone, item(phone))]) == [None]
    for other in others:
        assert read(short.answer([put(other, item(other))])[0])[1]["stored"]


@pytest.mark.parametrize("fault", [LiveStoreDown(), ZeroDivisionError()])
def test_faults_are_told_by_the_app_as_any_other(
    short: AnswerPath, phone: Phone, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    monkeypatch.setattr(get_live(), "at_once", lambda words: [fault] * len(words))
    assert short.answer([put(phone, item(phone))]) == [None]

    def fail(_words: object) -> None:
        raise fault

    monkeypatch.setattr(get_live(), "at_once", fail)
    assert short.answer([put(phone, item(phone))]) == [None]
