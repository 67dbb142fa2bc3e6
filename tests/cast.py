"""The cast of the tests: Ada administers, Olga organises, Rita reviews."""

from __future__ import annotations

from functools import lru_cache

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select
from werkzeug.test import TestResponse

from quizapp.accounts import access, passwords
from quizapp.accounts.models import User
from quizapp.core.clock import utc_now
from quizapp.core.db import db

PASSWORD = "一只青蛙 jumps over 7 hills"


@pytest.fixture
def ada(app: Flask) -> User:
    return make_user("ada", "admin", display_name="Ada")


@pytest.fixture
def olga(app: Flask) -> User:
    return make_user("olga", "organiser", display_name="Olga")


@pytest.fixture
def rita(app: Flask) -> User:
    return make_user("rita", "reviewer", display_name="Rita")


def make_user(name: str, role: str, *, display_name: str = "", is_active: bool = True) -> User:
    """A committed account with PASSWORD, without the cost of hashing it again."""
    user = User(
        name=name,
        display_name=display_name or name,
        role=role,
        password_hash=_password_hash(),
        session_token=f"token-of-{name}",
        is_active=is_active,
        created_at=utc_now(),
    )
    db.session.add(user)
    db.session.commit()
    return user


def sign_in(client: FlaskClient, name: str) -> None:
    """Give the client a session of this account, as the sign-in page would; the page itself has its own tests."""
    user = db.session.scalars(select(User).where(User.name == name)).one()
    fields = access.session_fields(user, now=utc_now())
    db.session.rollback()
    with client.session_transaction() as session:
        session.update(fields)
    # The tests' app context outlives a request, and with it what Flask-Login remembers of the one before.
    g.pop("_login_user", None)


def csrf_token(client: FlaskClient) -> str:
    """A token that the client's session accepts, for the field csrf_token or the header X-CSRFToken."""
    with client.session_transaction() as session:
        raw = session.setdefault("csrf_token", "0123456789abcdef0123456789abcdef01234567")
    secret = client.application.config["SECRET_KEY"]
    return str(URLSafeTimedSerializer(secret, salt="wtf-csrf-token").dumps(raw))


@lru_cache(maxsize=1)
def _password_hash() -> str:
    return passwords.hash_password(PASSWORD)


def post(client: FlaskClient, address: str, **fields: object) -> TestResponse:
    """Send a form as a page would, with its token."""
    data = {name: value for name, value in fields.items() if value is not None}
    return client.post(address, data={"csrf_token": csrf_token(client), **data})
