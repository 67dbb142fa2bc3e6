from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.accounts.models import User
from quizapp.contests.models import Contest
from quizapp.core.embedded import Valkey
from quizapp.core.settings import Settings
from quizapp.play import figures
from tests.cast import sign_in
from tests.conftest import make_settings
from tests.play.makers import Phone, make_contest


@pytest.fixture(autouse=True)
def no_wait_after_outage(request: pytest.FixtureRequest) -> None:
    """The test's Valkey has just been started, which counts as an outage; tests of the wait set their own."""
    if "app" in request.fixturenames:
        app: Flask = request.getfixturevalue("app")
        app.config["PLAY_OUTAGE_WAIT_MS"] = 0


@pytest.fixture
def settings_in_shards(any_database: str, valkey: Valkey, tmp_path: Path) -> Settings:
    """Each kind of database; contests have one shard on SQLite and three on PostgreSQL."""
    shards = 1 if any_database.startswith("sqlite") else 3
    return make_settings(database_url=any_database, redis_url=valkey.url, data_dir=tmp_path, shards=shards)


@pytest.fixture
def contest(app: Flask) -> Contest:
    """A contest that is open."""
    return make_contest()


@pytest.fixture
def phone(contest: Contest, client: FlaskClient) -> Phone:
    """Somebody who has entered the contest."""
    phone = Phone(client)
    phone.enter()
    return phone


@pytest.fixture
def player(phone: Phone) -> Phone:
    """Somebody who has begun."""
    assert phone.begin().status_code == 201
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
