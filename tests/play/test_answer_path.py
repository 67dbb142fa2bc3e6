"""The short way of an answer: it replies as the app would, and hands over whatever is not plain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from quizapp.core.web import security_headers
from quizapp.play.answer_path import AnswerPath
from tests.play.makers import Phone, make_contest


def short_way(app: Flask) -> AnswerPath:
    """The layer of the app that is tested here."""
    layer: Any = app.wsgi_app
    while not isinstance(layer, AnswerPath):
        layer = layer._rest
    return layer


class Rest:
    """What the short way hands over, counted, and passed on to the app."""

    def __init__(self, app: Flask) -> None:
        self.short = short_way(app)
        self.app = self.short._rest
        self.calls = 0
        self.short._rest = self

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.calls += 1
        return self.app(environ, start_response)


@pytest.fixture
def phone(app: Flask, client: FlaskClient) -> Phone:
    make_contest(kinds={"single": 8})
    phone = Phone(client)
    phone.enter()
    phone.begin()
    return phone


@pytest.fixture
def rest(app: Flask, phone: Phone) -> Rest:
    return Rest(app)


def put(phone: Phone, *answers: dict[str, Any], **changes: Any) -> TestResponse:
    values: dict[str, Any] = {
        "json": {"answers": list(answers)},
        "headers": {"Authorization": f"Bearer {phone.sheet['token']}"},
    }
    return phone.client.put(f"/api/v1/attempts/{phone.attempt}/answers", **(values | changes))


def item(phone: Phone, place: int = 0, **changes: Any) -> dict[str, Any]:
    question = phone.sheet["questions"][place]
    response = [question["options"][0]["key"]] if question["options"] else ["甲"] * question["blanks"]
    return {"question": question["id"], "response": response, "seq": 1, "spent_ms": 5} | changes


def test_plain_answer_never_reaches_the_framework(phone: Phone, rest: Rest) -> None:
    assert put(phone, item(phone)).status_code == 200
    assert put(phone).status_code == 200
    assert rest.calls == 0


@pytest.mark.parametrize("kind", ["stored", "same", "conflict", "rejected", "heartbeat"])
def test_both_ways_reply_alike(app: Flask, phone: Phone, kind: str) -> None:
    """Each way is asked about a question of its own, so that both find the same state."""
    replies = []
    for place in (0, 1):
        answers = {
            "stored": [item(phone, place)],
            "same": [item(phone, place), item(phone, place)],
            "conflict": [item(phone, place, seq=5), item(phone, place, seq=3, response=[])],
            "rejected": [item(phone, place, response=["nothing"], seq=0)],
            "heartbeat": [],
        }[kind]
        if place == 1:
            app.wsgi_app = short_way(app)._rest  # type: ignore[method-assign]
        replies.append(put(phone, *answers))
    short, long = replies
    known = {str(phone.sheet["questions"][place]["id"]): "id" for place in (0, 1)}

    def shape(reply: TestResponse) -> Any:
        found = reply.get_json()
        found["remaining_ms"] = found["remaining_ms"] > 0
        for part in (*found["stored"], *found["rejected"]):
            part["question"] = known[str(part["question"])]
        return found

    assert short.status_code == long.status_code == 200
    assert shape(short) == shape(long)
    assert {name for name, _ in short.headers} == {name for name, _ in long.headers}
    same = ("Content-Type", "Cache-Control", *security_headers(app.extensions["quizapp.settings"]))
    assert [short.headers[name] for name in same] == [long.headers[name] for name in same]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"headers": {}}, 401),
        ({"headers": {"Authorization": "Bearer made.up"}}, 401),
        ({"headers": {"Authorization": "Basic abc"}}, 401),
        ({"data": b"{}", "json": None, "content_type": "text/plain"}, 415),
        ({"data": b"{", "json": None, "content_type": "application/json"}, 400),
        ({"data": b"\xff", "json": None, "content_type": "application/json"}, 400),
        ({"json": {"answers": 5}}, 422),
        ({"base_url": "http://elsewhere.example"}, 400),
        ({"headers": {"Host": "[:1"}}, 400),
    ],
)
def test_what_is_not_plain_is_judged_by_the_app(phone: Phone, rest: Rest, changes: dict[str, Any], status: int) -> None:
    assert put(phone, item(phone), **changes).status_code == status
    assert rest.calls == 1


def test_body_too_large_is_not_read(phone: Phone, rest: Rest) -> None:
    answer = put(phone, json=None, data=b"[" * 300_000, content_type="application/json")
    assert (answer.status_code, rest.calls) == (413, 1)


def test_refusals_are_the_apps(phone: Phone, rest: Rest) -> None:
    phone.finish()
    rest.calls = 0
    reply = put(phone, item(phone))
    assert (reply.status_code, reply.get_json()["code"], rest.calls) == (409, "finished", 1)


def test_token_of_another_attempt_opens_nothing(app: Flask, phone: Phone, rest: Rest) -> None:
    other = Phone(app.test_client())
    other.enter(nickname="别人")
    other.begin()
    rest.calls = 0
    reply = put(phone, item(phone), headers={"Authorization": f"Bearer {other.sheet['token']}"})
    assert (reply.status_code, rest.calls) == (404, 1)


def test_fault_is_told_by_the_app_as_any_other(phone: Phone, rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("quizapp.play.answering.answer", fail)
    reply = put(phone, item(phone))
    assert (reply.status_code, reply.get_json()["code"]) == (500, "fault")
