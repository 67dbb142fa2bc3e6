from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.accounts.models import User
from quizapp.bank.models import Bank
from quizapp.core.db import db
from tests.bank.makers import make_bank
from tests.cast import sign_in


@pytest.fixture
def staff(client: FlaskClient, olga: User) -> FlaskClient:
    """The browser of an organiser who has signed in."""
    sign_in(client, olga.name)
    return client


@pytest.fixture
def bank(app: Flask) -> Bank:
    """An empty bank, committed."""
    bank = make_bank()
    db.session.commit()
    return bank
