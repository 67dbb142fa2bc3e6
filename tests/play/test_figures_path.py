"""The short way of figures and boards: it replies as the app would, and hands over whatever is not plain."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from quizapp.core import express
from quizapp.play import figures, figures_path
from quizapp.play.answer_path import AnswerPath
from quizapp.play.figures_path import EACH_ITS_OWN, KEPT, FiguresPath
from quizapp.play.state import Recovering
from tests.play.makers import Phone, kit_of, make_contest

PULSE = "/api/v1/contests/autumn/pulse"
BOARD = "/api/v1/contests/autumn/boards/overall"


class Rest:
    """What the short way hands over, counted, and passed on to the app."""

    def __init__(self, app: Flask) -> None:
        layer: Any = app.wsgi_app
        while not isinstance(layer, FiguresPath):
            layer = layer._rest
        self.short, self.app = layer, layer._rest
        layer._rest = self
        self.calls = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.calls += 1
        return self.app(environ, start_response)


@pytest.fixture
def phone(client: FlaskClient) -> Phone:
    """Somebody who stands on the board."""
    contest = make_contest(count=2)
    phone = Phone(client)
    phone.enter()
    phone.begin()
    phone.finish(phone.right(kit_of(contest), 0))
    return phone


@pytest.fixture
def rest(app: Flask, phone: Phone) -> Rest:
    return Rest(app)


def make_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on nothing kept is fresh."""
    monkeypatch.setattr(figures, "FRESH_SECONDS", 0.0)


@pytest.mark.parametrize("path", [PULSE, BOARD, f"{BOARD}?top=3"])
def test_fresh_reply_is_given_again_without_the_framework(client: FlaskClient, rest: Rest, path: str) -> None:
    first, again = client.get(path), client.get(path)
    unchanged = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert rest.calls == 1
    assert (first.status_code, again.status_code, unchanged.status_code) == (200, 200, 304)
    assert (again.data, unchanged.data) == (first.data, b"")
    assert len({reply.headers["X-Request-Id"] for reply in (first, again, unchanged)}) == 3


@pytest.mark.parametrize("path", [PULSE, BOARD])
def test_both_ways_reply_alike(client: FlaskClient, rest: Rest, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    def shape(reply: TestResponse) -> Any:
        return reply.status_code, reply.data, sorted(pair for pair in reply.headers if pair[0] not in EACH_ITS_OWN)

    def ask() -> list[Any]:
        first = client.get(path)
        known = {"If-None-Match": first.headers["ETag"]}
        return [shape(first), shape(client.get(path)), shape(client.get(path, headers=known))]

    short = ask()
    monkeypatch.setattr(figures_path, "FIGURES", re.compile("(?!)"))
    assert short == ask()
    assert rest.calls == 4


def test_reply_is_asked_for_anew_when_it_is_not_fresh(
    client: FlaskClient, rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get(PULSE)
    make_stale(monkeypatch)
    assert (client.get(PULSE).status_code, rest.calls) == (200, 2)


def test_weak_tag_of_a_proxy_that_compresses_is_known(client: FlaskClient, rest: Rest) -> None:
    tag = client.get(PULSE).headers["ETag"]
    assert client.get(PULSE, headers={"If-None-Match": f"W/{tag}"}).status_code == 304
    assert client.get(PULSE, headers={"If-None-Match": '"other"'}).status_code == 200
    assert rest.calls == 1


@pytest.mark.parametrize(
    ("path", "changes", "status"),
    [
        (PULSE, {"headers": {"If-None-Match": "*"}}, 304),
        (PULSE, {"headers": {"If-None-Match": '"a", "b"'}}, 200),
        (PULSE, {"base_url": "http://elsewhere.example"}, 400),
        (PULSE, {"method": "HEAD"}, 200),
        (PULSE, {"method": "POST"}, 405),
        (BOARD, {"headers": {"Authorization": "Bearer made.up"}}, 200),
        ("/api/v1/contests/autumn/boards/units", {}, 404),
        ("/api/v1/contests/none/pulse", {}, 404),
        (f"{BOARD}?top=0", {}, 422),
        ("/api/v1/contests/autumn", {}, 200),
    ],
)
def test_what_is_not_plain_is_judged_by_the_app(
    client: FlaskClient, rest: Rest, path: str, changes: dict[str, Any], status: int
) -> None:
    client.get(PULSE)
    client.get(BOARD)
    rest.calls = 0
    assert [client.open(path, **changes).status_code for _ in range(2)] == [status, status]
    assert rest.calls == 2


def test_own_row_is_nobody_elses(app: Flask, phone: Phone, rest: Rest) -> None:
    own = phone.client.get(BOARD, headers={"Authorization": f"Bearer {phone.token}"})
    assert own.json["own"]["place"] == 1
    by_cookie = app.test_client()
    by_cookie.set_cookie("entry-1", phone.token)
    assert by_cookie.get(BOARD).json["own"]["place"] == 1
    assert app.test_client().get(BOARD).json["own"] is None
    assert by_cookie.get(BOARD).json["own"]["place"] == 1
    assert rest.calls == 4


def test_known_participant_reads_the_figures_the_short_way(app: Flask, phone: Phone, rest: Rest) -> None:
    client = app.test_client()
    client.set_cookie("entry-1", phone.token)
    assert [client.get(PULSE).status_code for _ in range(2)] == [200, 200]
    assert rest.calls == 1


def test_board_that_is_hidden_from_now_on_is_not_given_again(
    client: FlaskClient, rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get(BOARD).json["hidden"] is False
    make_stale(monkeypatch)
    monkeypatch.setattr(figures, "_kept", {})
    monkeypatch.setattr(figures, "are_ranks_shown", lambda *_words: False)
    hidden = client.get(BOARD).json
    assert (hidden["hidden"], hidden["rows"]) == (True, [])


def test_outage_is_told_by_the_app_and_not_kept(
    client: FlaskClient, rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_words: Any) -> None:
        raise Recovering

    with monkeypatch.context() as outage:
        outage.setattr(figures, "pulse", fail)
        refused = client.get(PULSE)
        assert (refused.status_code, refused.json["code"], refused.headers["Retry-After"]) == (503, "recovering", "3")
    assert client.get(PULSE).status_code == 200


def test_replies_kept_are_bounded(client: FlaskClient, rest: Rest) -> None:
    for number in range(KEPT + 5):
        client.get(f"{PULSE}?{number}")
    assert len(rest.short._kept) <= KEPT


@pytest.mark.parametrize(
    ("code", "header"),
    [
        ("200 OK", ("Cache-Control", "private, max-age=1")),
        ("200 OK", ("Set-Cookie", "a=b")),
        ("404 NOT FOUND", ("X-Other", "1")),
    ],
)
def test_reply_that_is_not_anybodys_is_not_kept(
    client: FlaskClient, rest: Rest, code: str, header: tuple[str, str]
) -> None:
    def changed(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def start(_status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(code, [*(pair for pair in headers if pair[0] != header[0]), header], *more)

        return rest(environ, start)

    rest.short._rest = changed  # type: ignore[assignment]
    replies = [client.get(PULSE) for _ in range(2)]
    assert [(reply.status, reply.headers[header[0]]) for reply in replies] == [(code, header[1])] * 2
    assert rest.calls == 2


def asked(path: str, *lines: str, method: str = "GET", host: str = "localhost") -> express.Request:
    """A request as the web worker reads it."""
    head = "".join(f"{line}\r\n" for line in (f"{method} {path} HTTP/1.1", f"Host: {host}", *lines))
    found = express.parse(f"{head}\r\n".encode())
    assert found
    return found


def parts_of(reply: bytes | None) -> tuple[str, set[tuple[str, str]], bytes]:
    """Status, headers but those that are every reply's own, and body."""
    assert reply
    head, _gap, body = reply.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {(name, value) for name, _colon, value in (line.partition(": ") for line in lines)}
    own = {name for name, _value in headers}
    assert {"Date", "Connection", "X-Request-Id"} <= own
    return status, {pair for pair in headers if pair[0] not in (*EACH_ITS_OWN, "Connection")}, body


@pytest.mark.parametrize("path", [PULSE, BOARD, f"{BOARD}?top=3"])
def test_worker_gives_a_fresh_reply_again(client: FlaskClient, rest: Rest, path: str) -> None:
    assert rest.short.again(asked(path)) is None
    first = client.get(path)
    tag = f"If-None-Match: {first.headers['ETag']}"
    unchanged = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    for lines, reply, status in (((), first, "200 OK"), ((tag,), unchanged, "304 NOT MODIFIED")):
        known = {pair for pair in reply.headers if pair[0] not in EACH_ITS_OWN}
        assert parts_of(rest.short.again(asked(path, *lines))) == (f"HTTP/1.1 {status}", known, reply.data)
    assert rest.calls == 1


@pytest.mark.parametrize(
    "request_",
    [
        asked(PULSE, "If-None-Match: *"),
        asked(PULSE, 'If-None-Match: "a", "b"'),
        asked(PULSE, host="elsewhere.example"),
        asked(PULSE, method="HEAD"),
        asked(PULSE, method="POST"),
        asked(f"{PULSE}?2"),
        asked(BOARD, "Authorization: Bearer made.up"),
        asked(BOARD, "Cookie: entry-1=x"),
        asked(PULSE.replace("autumn", "a%75tumn")),
        asked("/api/v1/contests/autumn"),
    ],
)
def test_worker_leaves_to_the_app_what_is_not_plain(client: FlaskClient, rest: Rest, request_: express.Request) -> None:
    client.get(PULSE)
    client.get(BOARD)
    assert rest.short.again(request_) is None


def test_worker_gives_nothing_that_is_not_fresh(
    client: FlaskClient, rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get(PULSE)
    assert rest.short.again(asked(PULSE))
    make_stale(monkeypatch)
    assert rest.short.again(asked(PULSE)) is None


def test_answers_and_polls_that_come_together_are_each_replied_to_and_counted(
    app: Flask, phone: Phone, rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[tuple[str, ...]] = []
    etag = phone.client.get(PULSE).headers["ETag"]
    monkeypatch.setattr("quizapp.core.metrics.Durations.add", lambda _self, _seconds, *words: counted.append(words))
    monkeypatch.setattr(
        AnswerPath, "answer", lambda _self, requests: [b"HTTP/1.1 200 OK"] * (len(requests) - 1) + [None]
    )
    put = asked("/api/v1/attempts/x/answers", method="PUT")
    known, other = asked(PULSE, f"If-None-Match: {etag}"), asked("/")
    replies = app.extensions["quizapp.express"].answer([put, known, other, put, asked(PULSE)])
    assert [reply and reply[9:12] for reply in replies] == [b"200", b"304", None, None, b"200"]
    assert counted == [("answer", "200"), ("pulse", "304"), ("pulse", "200")]
