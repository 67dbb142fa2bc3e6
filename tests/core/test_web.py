"""What every page and call shares."""

from __future__ import annotations

import errno
import sqlite3
from io import RawIOBase

import psycopg
import pytest
from flask import Flask, request, session
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from gunicorn.http.errors import InvalidChunkSize
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError, ResourceClosedError

from quizapp.core.db import db
from quizapp.core.web import csrf, zone_name


def test_health_answers(client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json == {"status": "ok", "checks": {"sql": True, "redis": True}}


def test_who_sends_no_session_costs_no_key_and_who_does_is_known(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    original = SecureCookieSessionInterface.get_signing_serializer
    monkeypatch.setattr(
        SecureCookieSessionInterface,
        "get_signing_serializer",
        lambda self, app: made.append(app) or original(self, app),
    )
    with app.test_request_context():
        assert not session
        assert made == []
    kept = original(app.session_interface, app).dumps({"who": "me"})
    name = app.config["SESSION_COOKIE_NAME"]
    with app.test_request_context(headers={"Cookie": f"{name}={kept}"}):
        assert session["who"] == "me"


def test_time_zones_are_called_what_people_call_them(app: Flask) -> None:
    with app.test_request_context():
        assert zone_name("Asia/Shanghai") == "北京时间"
        assert zone_name("Europe/Berlin") == "Europe/Berlin", "its own name where there is no word for it"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OperationalError("SELECT", {}, psycopg.OperationalError()), 503, "busy"),
        (ProgrammingError("SELECT", {}, psycopg.ProgrammingError("in transaction")), 503, "busy"),
        (ResourceClosedError("no rows"), 503, "busy"),
        (ProgrammingError("SELECT", {}, psycopg.errors.UndefinedFunction("no equality")), 500, "fault"),
    ],
)
def test_sql_that_is_away_is_told_from_a_statement_that_is_wrong(
    error: Exception, status: int, code: str, app: Flask
) -> None:
    def fail() -> str:
        raise error

    app.add_url_rule("/api/fail", "fail", fail)
    response = app.test_client().get("/api/fail")
    assert (response.status_code, response.json["code"]) == (status, code)  # type: ignore[index]


FULL = sqlite3.OperationalError("database or disk is full")
FULL.sqlite_errorname = "SQLITE_FULL"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OSError(errno.EMFILE, "Too many open files"), 503, "busy"),
        (OSError(errno.ENFILE, "Too many open files in system"), 503, "busy"),
        (MemoryError(), 503, "busy"),
        (OSError(errno.ENOSPC, "No space left on device"), 503, "disk"),
        (OSError(errno.EROFS, "Read-only file system"), 503, "disk"),
        (OperationalError("insert", {}, FULL), 503, "disk"),
        (OperationalError("insert", {}, sqlite3.OperationalError("database is locked")), 503, "busy"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), 500, "fault"),
    ],
    ids=repr,
)
def test_what_the_system_lacks_is_no_fault_of_ours(app: Flask, error: Exception, status: int, code: str) -> None:
    """It may be otherwise in a moment, and who has sent a form is told why it was not kept."""

    def lack() -> str:
        raise error

    app.config["WTF_CSRF_ENABLED"] = False
    app.add_url_rule("/api/lack", "called", lack, methods=["POST"])
    app.add_url_rule("/lack", "sent", lack, methods=["POST"])
    called, sent = app.test_client().post("/api/lack"), app.test_client().post("/lack")
    assert (called.status_code, called.json["code"], sent.status_code) == (status, code, status)
    assert ("Retry-After" in called.headers) == (status == 503)
    assert ("磁盘" in sent.text) == (code == "disk")


class BrokenBody(RawIOBase):
    """What the server's parser makes of a chunk without a length."""

    def readinto(self, _buffer: object) -> int:
        raise InvalidChunkSize(b"zz")


def test_a_body_that_breaks_off_is_the_senders_fault(app: Flask, client: FlaskClient) -> None:
    app.post("/api/v1/read")(csrf.exempt(lambda: request.get_data()))
    response = client.post("/api/v1/read", environ_overrides={"wsgi.input": BrokenBody(), "CONTENT_LENGTH": "9"})
    assert response.status_code == 400
    assert response.json and response.json["code"] == "bad_request"


def test_why_sql_was_away_is_written_down(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that is missing looks like a server that is away, to all but the log."""

    said: list[tuple[str, object]] = []
    monkeypatch.setattr("quizapp.core.web.log.error", lambda event, **words: said.append((event, words)))

    @app.get("/missing-table")
    def missing_table() -> str:
        return str(db.session.execute(text("select * from nowhere")).all())

    assert client.get("/missing-table").status_code == 503
    assert said == [("database_unavailable", {"error": "OperationalError", "reason": "no such table: nowhere"})]
