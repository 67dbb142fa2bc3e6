"""How long PostgreSQL is waited for: no request hangs because the server says nothing."""

from __future__ import annotations

import os
import signal
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from gunicorn.util import import_app
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from quizapp.contests.models import Contest
from quizapp.core import postgresql
from quizapp.core.db import db
from quizapp.core.launcher import web_command
from quizapp.core.postgresql import Line, Waits, lengthy
from quizapp.reports.files import write_results
from quizapp.reports.results import Results
from tests.conftest import app_without_store, in_context, make_settings, put_into_environment

HASTY = Waits(lock=0.2, statement=0.4, reply=0.8)


@pytest.fixture
def hasty_app(postgresql_url: str, tmp_path: Path) -> Iterator[Flask]:
    with in_context(app_without_store(postgresql_url, tmp_path, waits=HASTY)) as app:
        yield app


def backend() -> int:
    """The process at the other end of the session's connection."""
    return int(db.session.scalar(text("select pg_backend_pid()")) or 0)


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_server_that_says_nothing_is_waited_for_a_moment_only(hasty_app: Flask) -> None:
    pid = backend()
    with frozen(pid), pytest.raises(OperationalError) as raised:
        db.session.execute(text("select 1"))
    assert raised.value.connection_invalidated


def test_connection_that_was_given_up_is_used_no_more(hasty_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "AWAY_SECONDS", 0.0)
    pid = backend()
    with frozen(pid):
        with pytest.raises(OperationalError):
            db.session.execute(text("select 1"))
        db.session.rollback()
        assert backend() != pid


def test_frozen_connection_of_the_pool_is_found_out_when_it_is_taken(hasty_app: Flask) -> None:
    pid = backend()
    db.session.remove()
    with frozen(pid):
        reply = hasty_app.test_client().get("/readyz")
    assert (reply.status_code, reply.json["checks"]["sql"]) == (503, False)  # type: ignore[index]


def test_nobody_else_waits_for_a_server_that_says_nothing(hasty_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "AWAY_SECONDS", 3600.0)
    with frozen(backend()), pytest.raises(OperationalError):
        db.session.execute(text("select 1"))
    db.session.rollback()
    with pytest.raises(OperationalError, match="does not reply"):
        db.session.execute(text("select 1"))


def test_one_at_a_time_tries_a_silent_server(hasty_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(HASTY)
    others: list[str] = []

    def connect(*_arguments: object) -> psycopg.Connection:
        with pytest.raises(psycopg.OperationalError, match="does not reply"):
            line.connect(None, None, [], {})
        others.append("refused")
        raise psycopg.errors.ConnectionTimeout

    monkeypatch.setattr(postgresql, "AWAY_SECONDS", 0.0)
    monkeypatch.setattr(postgresql.Connection, "connect", connect)
    line.leave_alone()
    for _time in range(2):
        with pytest.raises(psycopg.errors.ConnectionTimeout):
            line.connect(None, None, [], {})
    assert others == ["refused", "refused"]


def test_everybody_may_connect_again_when_the_server_has_said_something(monkeypatch: pytest.MonkeyPatch) -> None:
    """That it refuses, for example: such tries cost nobody's time."""
    line = Line(HASTY)
    inside: list[str] = []

    def refuse(*_arguments: object) -> psycopg.Connection:
        inside.append("asked")
        if len(inside) == 2:
            with pytest.raises(psycopg.OperationalError, match="too many"):
                line.connect(None, None, [], {})
        raise psycopg.OperationalError("too many clients")

    monkeypatch.setattr(postgresql, "AWAY_SECONDS", 0.0)
    monkeypatch.setattr(postgresql.Connection, "connect", refuse)
    line.leave_alone()
    for _time in range(2):
        with pytest.raises(psycopg.OperationalError, match="too many"):
            line.connect(None, None, [], {})
    assert inside == ["asked"] * 3


def test_lock_of_somebody_else_ends_the_statement_and_not_the_connection(hasty_app: Flask, postgresql_url: str) -> None:
    pid = backend()
    with psycopg.connect(postgresql_url.replace("+psycopg", "")) as other:
        other.execute("lock table answer")
        with pytest.raises(OperationalError, match="lock timeout") as raised:
            db.session.execute(text("select * from answer"))
        assert not raised.value.connection_invalidated
        db.session.rollback()
    assert backend() == pid


def test_slow_statement_is_ended_by_the_server(hasty_app: Flask) -> None:
    with pytest.raises(OperationalError, match="statement timeout") as raised:
        db.session.execute(text("select pg_sleep(30)"))
    assert not raised.value.connection_invalidated


def test_who_has_nothing_else_to_do_waits(postgresql_url: str, tmp_path: Path) -> None:
    with in_context(app_without_store(postgresql_url, tmp_path)):
        assert db.session.scalar(text("show statement_timeout")) == "30s"
        assert db.session.connection().connection.dbapi_connection.line.reply_seconds is None  # type: ignore[union-attr]


def test_web_workers_are_the_ones_in_a_hurry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = make_settings(database_url="postgresql://nowhere/q", redis_url="unix:///nowhere", data_dir=tmp_path)
    names = ("database_url", "redis_url", "secret_key", "field_key", "data_dir", "public_url")
    put_into_environment(monkeypatch, settings, *names)
    app = import_app(web_command(bind="nowhere", workers=None, preload=False)[-1])
    assert "statement_timeout=3000" in app.config["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"]["options"]


def test_a_file_of_a_whole_contest_may_take_longer(hasty_app: Flask) -> None:
    pid = backend()
    with lengthy(db.session.connection()):
        db.session.execute(text("select pg_sleep(:seconds)"), {"seconds": HASTY.statement + (HASTY.reply or 0)})
    db.session.rollback()
    with pytest.raises(OperationalError) as raised:
        db.session.execute(text("select pg_sleep(:seconds)"), {"seconds": HASTY.statement * 2})
    assert not raised.value.connection_invalidated
    db.session.rollback()
    started = time.monotonic()
    with frozen(pid), pytest.raises(OperationalError):
        db.session.execute(text("select 1"))
    assert time.monotonic() - started < postgresql.LONG_SECONDS / 2


def test_results_are_written_in_such_time(hasty_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(_results: Results) -> Iterator[dict[str, object]]:
        db.session.execute(text("select pg_sleep(:seconds)"), {"seconds": HASTY.statement * 2})
        yield from ()

    monkeypatch.setattr(Results, "attempts_with_answers", slow)
    write_results(results=Results(Contest(id=1)), format_name="jsonl", path=tmp_path / "file")


def test_a_forked_process_has_connections_of_its_own(hasty_app: Flask) -> None:
    """The web workers are forked from a process that has rendered pages."""
    former = backend()
    db.session.remove()
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        try:
            os.write(write, str(backend()).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read) as told:
        own = int(told.read())
    assert own != former
    assert backend() == former


def test_a_page_that_was_made_is_shown_though_the_server_goes_away_behind_it(
    hasty_app: Flask, postgresql_url: str
) -> None:
    @hasty_app.get("/made")
    def made() -> str:
        with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as other:
            other.execute("select pg_terminate_backend(%s, 5000)", [backend()])
        return "made"

    response = hasty_app.test_client().get("/made", headers={"Host": "localhost"})
    assert (response.status_code, response.text) == (200, "made")
    assert backend()
