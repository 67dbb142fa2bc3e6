from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from quizapp.accounts.models import AuditEvent
from quizapp.contests.actions import NotPublished
from quizapp.contests.models import Contest, Entry
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.errors import Invalid
from quizapp.core.live import get_live
from quizapp.play import actions, state
from quizapp.play.verify import verify
from tests.play.makers import Phone, kit_of, make_contest, record_all, turn


@pytest.fixture(params=[1, 3])
def contest(app: Flask, request: pytest.FixtureRequest) -> Contest:
    """In one shard and in three."""
    return make_contest(shards=request.param)


def pause(contest: Contest, *, ago: timedelta = timedelta()) -> None:
    actions.pause(contest=contest, actor=None, now=utc_now() - ago)
    db.session.commit()


def test_while_paused_nobody_begins_and_answers_are_asked_for_again(
    contest: Contest, player: Phone, client: FlaskClient
) -> None:
    pause(contest)
    for response in (player.send(player.right(kit_of(contest), 0)), player.send(), player.finish()):
        assert (response.status_code, response.json["code"]) == (503, "paused")
        assert response.headers["Retry-After"] == "5"
    other = Phone(client)
    other.enter("别人")
    assert other.begin().json["code"] == "not_open"
    assert player.begin().status_code == 200
    assert player.look().json["state"] == "open"


def test_a_pause_gives_its_time_back_and_is_not_time_used(contest: Contest, player: Phone) -> None:
    before = player.send().json["remaining_ms"]
    pause(contest, ago=timedelta(minutes=20))
    assert abs(player.look().json["remaining_ms"] - before - 20 * 60_000) < 3_000
    actions.resume(contest=contest, actor=None, now=utc_now())
    db.session.commit()
    after = player.send().json["remaining_ms"]
    assert abs(after - before - 20 * 60_000) < 3_000
    live, shard = get_live(), contest.shards.of(player.entry)
    started = int(live.command("HGET", state.attempt_key(shard, player.attempt), "s"))
    live.command("HSET", state.attempt_key(shard, player.attempt), "s", started - 21 * 60_000)
    assert 60_000 <= player.finish().json["duration_ms"] < 64_000


def test_nothing_is_handed_in_while_paused(contest: Contest, player: Phone) -> None:
    pause(contest, ago=timedelta(hours=1))
    live, shard = get_live(), contest.shards.of(player.entry)
    live.command("ZADD", state.deadlines_key(shard), 1, player.attempt)
    turn()
    assert player.look().json["state"] == "open"


def test_a_pause_outlives_a_rebuild(contest: Contest, player: Phone) -> None:
    pause(contest, ago=timedelta(minutes=5))
    actions.resume(contest=contest, actor=None, now=utc_now())
    db.session.commit()
    record_all(contest)
    before = player.send().json["remaining_ms"]
    get_live().command("DEL", state.keys_of(contest.shards.of(player.entry))[0])
    turn()
    assert abs(player.send().json["remaining_ms"] - before) < 3_000
    assert verify(contest=contest) == []


def test_a_later_end_moves_the_open_deadlines(app: Flask, client: FlaskClient) -> None:
    contest = make_contest(closes_in=timedelta(minutes=5))
    phone = Phone(client)
    phone.enter()
    phone.begin()
    assert phone.send().json["remaining_ms"] < 300_000
    actions.extend(contest=contest, actor=None, now=utc_now(), closes_at=utc_now() + timedelta(hours=1))
    db.session.commit()
    assert 590_000 < phone.send().json["remaining_ms"] <= 600_000


def test_a_gift_of_time_reaches_open_attempts_and_no_later_ones(
    contest: Contest, player: Phone, client: FlaskClient
) -> None:
    actions.extend(contest=contest, actor=None, now=utc_now(), gift=timedelta(minutes=5))
    db.session.commit()
    assert 890_000 < player.send().json["remaining_ms"] <= 900_000
    other = Phone(client)
    other.enter("别人")
    assert other.begin().json["remaining_ms"] == 600_000
    record_all(contest)
    assert verify(contest=contest) == []


def test_closing_ends_open_attempts_with_what_was_saved(contest: Contest, player: Phone) -> None:
    player.send(player.right(kit_of(contest), 0))
    actions.close(contest=contest, actor=None, now=utc_now() - timedelta(seconds=6))
    db.session.commit()
    turn()
    result = player.look().json
    assert (result["finish"], result["score"]) == ("expired", 10)
    assert player.begin().json["code"] == "not_open"
    record_all(contest)
    assert verify(contest=contest) == []


def test_every_act_is_on_the_audit_trail(contest: Contest) -> None:
    pause(contest)
    actions.resume(contest=contest, actor=None, now=utc_now())
    actions.extend(contest=contest, actor=None, now=utc_now(), gift=timedelta(minutes=1))
    actions.close(contest=contest, actor=None, now=utc_now())
    db.session.commit()
    acts = db.session.scalars(select(AuditEvent.action).where(AuditEvent.action.startswith("play."))).all()
    assert acts == ["play.pause", "play.resume", "play.extend", "play.close"]


def test_acts_that_make_no_sense_are_refused(contest: Contest) -> None:
    now = utc_now()
    with pytest.raises(actions.NotPaused):
        actions.resume(contest=contest, actor=None, now=now)
    pause(contest)
    with pytest.raises(actions.AlreadyPaused):
        actions.pause(contest=contest, actor=None, now=now)
    for closes_at in (now - timedelta(days=1), contest.closes_at, contest.opens_at + timedelta(days=400)):
        with pytest.raises(Invalid):
            actions.extend(contest=contest, actor=None, now=now, closes_at=closes_at)
    for gift in (timedelta(), timedelta(minutes=-1), timedelta(hours=4)):
        with pytest.raises(Invalid):
            actions.extend(contest=contest, actor=None, now=now, gift=gift)
    actions.close(contest=contest, actor=None, now=now)
    for act in (actions.pause, actions.close):
        with pytest.raises(actions.AlreadyClosed):
            act(contest=contest, actor=None, now=now)
    contest.state = "draft"
    db.session.flush()
    for act in (actions.pause, actions.resume, actions.close):
        with pytest.raises(NotPublished):
            act(contest=contest, actor=None, now=now)


def test_a_forgotten_person_stands_on_the_board_without_a_name(contest: Contest, player: Phone) -> None:
    player.finish()
    entry = db.session.scalars(select(Entry)).one()
    actions.forget(contest=contest, entry=entry, now=utc_now())
    db.session.commit()
    rows = player.client.get("/api/v1/contests/autumn/boards/overall").json["rows"]
    assert [row["name"] for row in rows] == ["***"]
    assert player.begin().json["code"] == "not_eligible"
    record_all(contest)
    assert verify(contest=contest) == []
