"""A contest that somebody plays, and what a refusal of the HTTP interface looks like."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

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
