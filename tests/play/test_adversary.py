"""What somebody tries who wants to cheat, to be somebody else, or to stay on a board."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.contests import queries
from quizapp.core.clock import to_ms, utc_now
from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.play import actions, figures, rebuild, state
from quizapp.play.rules import GRACE_MS, OUTAGE_WAIT_MS
from quizapp.play.state import Shard
from quizapp.play.verify import verify
from tests.play.makers import Phone, make_contest, record_all


def set_gate(contest: Any, *fields: str | int) -> None:
    state.write_gate(get_live(), Shard(contest.id), list(fields))


def told(phone: Phone) -> tuple[bool, bool, bool]:
    """Whether a finished attempt shows its score and its keys, and the board its rows."""
    figures._kept.clear()
    result = phone.look().json
    # As one who is known, whose reply nobody else is given.
    own = {"Authorization": f"Bearer {phone.token}"}
    board = phone.client.get(f"/api/v1/contests/{phone.slug}/boards/overall", headers=own).json
    return result["score"] is not None, result["review"] is not None, not board["hidden"]


@pytest.fixture
def pair(app: Flask, client: FlaskClient) -> tuple[Any, Phone, Phone]:
    """A contest that shows keys after its close; the first has handed in, the second, a friend, still answers."""
    contest = make_contest(feedback="explanations", feedback_time="after_close")
    phones = Phone(client), Phone(client)
    for phone in phones:
        phone.enter()
        phone.begin()
    phones[0].finish()
    return contest, *phones


def test_keys_wait_until_nobodys_answers_are_taken_any_more(pair: tuple[Any, Phone, Phone]) -> None:
    contest, done, answering = pair
    now_ms = to_ms(utc_now())
    set_gate(contest, "closes", now_ms - 500)
    assert answering.send().status_code == 200
    assert told(done) == (False, False, False)
    set_gate(contest, "closes", now_ms - GRACE_MS - 500)
    assert answering.send().status_code == 410
    assert told(done) == (True, True, True)


def test_keys_wait_for_the_end_of_a_pause_that_outlasts_the_contest(pair: tuple[Any, Phone, Phone]) -> None:
    contest, done, _answering = pair
    closed, since = to_ms(utc_now()) - 100_000, to_ms(utc_now()) - 200_000
    set_gate(contest, "closes", closed, "paused", 1, "since", since)
    assert told(done) == (False, False, False)
    set_gate(contest, "paused", 0, "reopened", to_ms(utc_now()))
    assert told(done) == (False, False, False)
    set_gate(contest, "reopened", to_ms(utc_now()) - 61_000)
    assert state.expire(get_live(), Shard(contest.id), wait_ms=OUTAGE_WAIT_MS) == 1
    assert told(done) == (True, True, True)


def test_keys_wait_until_no_paper_is_open_that_an_outage_could_open_for_answers_again(
    app: Flask, pair: tuple[Any, Phone, Phone]
) -> None:
    """The end is long past, and the recorder away: nobody has handed the friend's paper in."""
    app.config["PLAY_OUTAGE_WAIT_MS"] = OUTAGE_WAIT_MS
    contest, done, answering = pair
    set_gate(contest, "closes", to_ms(utc_now()) - 100_000)
    assert told(done) == (False, False, False)
    set_gate(contest, "life", "0" * 40)
    assert told(done) == (False, False, False)
    assert answering.send().status_code == 200
    set_gate(contest, "reopened", to_ms(utc_now()) - OUTAGE_WAIT_MS - 1)
    assert told(done) == (False, False, False)
    assert state.expire(get_live(), Shard(contest.id), wait_ms=OUTAGE_WAIT_MS) == 1
    assert told(done) == (True, True, True)
    # From now on no outage changes anything: there is nobody who could answer.
    set_gate(contest, "life", "1" * 40)
    assert answering.send().status_code == 410
    assert told(done) == (True, True, True)


def test_who_was_forgotten_before_beginning_can_never_begin(app: Flask, client: FlaskClient) -> None:
    contest, phone, shard = make_contest(), Phone(client), Shard(1)
    phone.enter("小明")
    entry = queries.get_entry(contest_id=contest.id, person=phone.entry)
    assert entry
    actions.forget(contest=contest, entry=entry, now=utc_now())
    db.session.commit()
    assert phone.begin().json["code"] == "not_eligible"
    record_all(contest)
    assert verify(contest=contest) == []
    rebuild.rebuild(shard=shard, now=utc_now(), discards=True)
    assert phone.begin().json["code"] == "not_eligible"
    assert verify(contest=contest) == []


@pytest.mark.parametrize("end", ["=", "====", "!", "!!!", "\x7f", "-"])
def test_a_token_counts_only_as_it_was_given(app: Flask, client: FlaskClient, end: str) -> None:
    make_contest()
    phone = Phone(client)
    phone.enter()
    phone.token += end
    assert phone.begin().status_code == 401


def test_a_token_with_another_last_letter_is_another_token(app: Flask, client: FlaskClient) -> None:
    make_contest()
    phone = Phone(client)
    phone.enter()
    token = phone.token
    for letter in set("ABCDEFGHIJKLMNOPQRSTUVWXYZ-_") - {token[-1]}:
        phone.token = token[:-1] + letter
        assert phone.begin().status_code == 401
