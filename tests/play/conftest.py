from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.accounts.models import User
from quizapp.play import figures
from tests.cast import sign_in
from tests.play.makers import Phone, make_contest


@pytest.fixture(autouse=True)
def no_wait_after_outage(request: pytest.FixtureRequest) -> None:
    """The test's Valkey has just been started, which counts as an outage; tests of the wait set their own."""
    if "app" in request.fixturenames:
        app: Flask = request.getfixturevalue("app")
        app.config["PLAY_OUTAGE_WAIT_MS"] = 0


@pytest.fixture
def phone(app: Flask, client: FlaskClient) -> Phone:
    """Somebody who has entered a contest."""
    make_contest()
    phone = Phone(client)
    phone.enter()
    return phone


@pytest.fixture
def organiser(app: Flask, olga: User) -> FlaskClient:
    """The browser of an organiser who has signed in."""
    client = app.test_client()
    sign_in(client, olga.name)
    return client


@pytest.fixture
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages read everything anew."""
    monkeypatch.setattr(figures, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(figures._fresh, "__kwdefaults__", {"seconds": 0.0})
