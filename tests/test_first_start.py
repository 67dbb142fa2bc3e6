"""What a stranger finds after the first start."""

from __future__ import annotations

import re

from flask import Flask
from sqlalchemy import func, select

from quizapp import first_start
from quizapp.accounts.models import PrivacyNotice, User
from quizapp.bank.models import Question
from quizapp.contests.models import Contest
from quizapp.core.clock import utc_now
from quizapp.core.db import db


def prepare(*, demo: bool) -> str:
    return "\n".join(first_start.prepare(demo=demo, now=utc_now(), command="quizapp"))


def test_demo_gives_a_published_contest_questions_and_three_sign_ins(app: Flask) -> None:
    text = prepare(demo=True)
    db.session.rollback()
    staff = {name: role for name, role in db.session.execute(select(User.name, User.role))}  # noqa: C416
    assert staff == {"admin": "admin", "organiser": "organiser", "reviewer": "reviewer"}
    contest = db.session.scalars(select(Contest)).one()
    assert contest.is_published
    assert f"/play/{contest.slug}" in text
    assert (db.session.scalar(select(func.count(Question.id))) or 0) >= 240


def test_passwords_are_shown_once_and_stored_hashed(app: Flask) -> None:
    shown = re.findall(r"^  (\w+) +(\S+)$", prepare(demo=True), re.MULTILINE)
    assert len({password for _name, password in shown}) == 3
    hashes = " ".join(db.session.scalars(select(User.password_hash)))
    assert not [password for _name, password in shown if password in hashes]
    again = prepare(demo=True)
    assert not [password for _name, password in shown if password in again]
    assert "user password" in again
    assert db.session.scalar(select(func.count(User.id))) == 3


def test_without_demo_it_says_how_to_make_the_first_administrator(app: Flask) -> None:
    assert "quizapp user add NAME --role admin" in prepare(demo=False)
    db.session.rollback()
    assert db.session.scalar(select(func.count(User.id))) == 0
    assert db.session.scalar(select(func.count(PrivacyNotice.id))) == 1


def test_demo_is_not_loaded_into_an_installation_that_has_staff(app: Flask) -> None:
    from quizapp.accounts.actions import create_user

    create_user(name="ada", display_name="Ada", role="admin", password="wolke-7-fährt-ab", now=utc_now())
    prepare(demo=True)
    assert db.session.scalar(select(func.count(Contest.id))) == 0
