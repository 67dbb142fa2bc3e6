"""A contest that somebody plays, what a refusal of the HTTP interface looks like, and what a call asks of SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import event

from quizapp.core.db import db
from tests.play.makers import Phone, make_contest


def begun(client: FlaskClient, **changes: Any) -> tuple[Any, Phone]:
    """A contest and the phone of somebody who has begun it."""
    contest = make_contest(**changes)
    phone = Phone(client)
    phone.enter()
    assert phone.begin().status_code == 201
    return contest, phone


def refused(response: Any, status: int, code: str) -> None:
    """The reply is a problem document of this status and code."""
    assert (response.status_code, response.json["code"]) == (status, code)
    assert response.content_type == "application/problem+json"
    assert response.json["status"] == status
    assert response.json["title"]


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL statements that run inside."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
