"""What the recorder does besides recording: it sweeps, brings gates up to date, samples and settles."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from quizapp.contests.models import Contest
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.embedded import Valkey
from quizapp.core.live import get_live
from quizapp.play import recorder, state
from quizapp.play.jobs import SIZES, Recorder
from quizapp.play.models import LiveSample, RecorderPosition
from quizapp.play.state import Shard
from tests.play.makers import kit_of, play_once, position_of, record_all, turn


@pytest.fixture
def database_url(any_database: str) -> str:
    """On each kind of database."""
    return any_database


def test_the_sweeper_hands_in_what_is_overdue(client: FlaskClient, contest: Contest) -> None:
    phone = play_once(client, contest, finishes=False)
    live, shard = get_live(), Shard(contest.id)
    ends = int(live.command("TIME")[0]) * 1000 - 6_000
    live.command("HSET", state.attempt_key(shard, phone.attempt), "e", ends, "s", ends - 600_000)
    live.command("ZADD", state.deadlines_key(shard), ends, phone.attempt)
    # Another server has taken over, so that phones are waited for.
    state.write_gate(live, shard, ["life", "0" * 40])
    turn(86_400_000)
    turn(86_400_000)
    assert phone.look().json["state"] == "open"
    turn()
    result = phone.look().json
    assert (result["finish"], result["score"], result["duration_ms"]) == ("expired", 20, 600_000)


def test_full_memory_with_overdue_papers_keeps_nothing_from_being_recorded(
    client: FlaskClient, contest: Contest, valkey: Valkey
) -> None:
    """They cannot be handed in until recording has freed memory."""
    phone = play_once(client, contest, finishes=False)
    live, shard, answer = get_live(), Shard(contest.id), phone.right(kit_of(contest), 1)
    keeper = Recorder(live, wait_ms=0)
    keeper.turn(utc_now())
    assert phone.send(answer).status_code == 200
    live.command("ZADD", state.deadlines_key(shard), 1, phone.attempt)
    admin = redis.Redis.from_url(valkey.admin_url)
    most = admin.config_get("maxmemory")["maxmemory"]
    try:
        admin.config_set("maxmemory", 1)
        for _turn in range(2):
            keeper._duties_due = 0
            keeper.turn(utc_now())
        assert (state.count_events(live, shard), state.count_open(live, shard)) == (0, 1)
    finally:
        admin.config_set("maxmemory", most)
        admin.close()
    keeper._duties_due = 0
    keeper.turn(utc_now())
    assert state.count_open(live, shard) == 0


def test_the_sweeper_hands_in_everything_after_the_close(client: FlaskClient, contest: Contest) -> None:
    phones = [play_once(client, contest, name=f"人{number}", finishes=False) for number in range(3)]
    db.session.execute(update(Contest).values(closes_at=utc_now() - timedelta(seconds=6)))
    db.session.commit()
    turn()
    turn()
    assert {phone.look().json["finish"] for phone in phones} == {"expired"}
    assert position_of(contest).number == 3 * 4


def test_the_gate_follows_sql(contest: Contest) -> None:
    contest.capacity = 77
    db.session.commit()
    turn()
    assert state.read_gate_fields(get_live(), Shard(contest.id))["capacity"] == "77"


def test_the_minutes_figures_are_kept(client: FlaskClient, contest: Contest) -> None:
    client.post("/api/v1/contests/autumn/visits")
    play_once(client, contest, finishes=False)
    turn()
    turn()
    sample = db.session.scalars(select(LiveSample)).one()
    assert (sample.visits, sample.visitors, sample.playing, sample.peak) == (1, 1, 1, 1)
    assert sample.peak_at_ms


def test_a_contest_long_over_is_settled_and_costs_nothing(
    client: FlaskClient, contest: Contest, monkeypatch: pytest.MonkeyPatch
) -> None:
    play_once(client, contest)
    past = utc_now() - timedelta(hours=2)
    db.session.execute(update(Contest).values(opens_at=past - timedelta(hours=1), closes_at=past))
    db.session.commit()
    keeper = turn()
    keeper.close()
    turn()
    assert db.session.scalar(select(RecorderPosition.is_settled)) is True
    keeper = Recorder(get_live(), wait_ms=0)
    asked: list[Shard] = []
    monkeypatch.setattr(state, "read_events", lambda _live, shard, **_more: asked.append(shard) or [])
    keeper.turn(utc_now())
    assert (keeper.positions, asked) == ({}, [])


def test_a_transaction_grows_while_it_is_quick_and_shrinks_when_it_is_slow(contest: Contest) -> None:
    sizes = SIZES[db.engine.dialect.name]
    keeper = Recorder(get_live(), count=sizes.fewest)
    keeper._adapt(0.001, sizes.fewest)
    assert keeper.count == 2 * sizes.fewest
    keeper._adapt(0.001, sizes.fewest)
    assert keeper.count == 2 * sizes.fewest
    for _slow in range(3):
        keeper._adapt(2 * sizes.slow_seconds, keeper.count)
    assert keeper.count == sizes.fewest


def test_a_position_that_moved_cannot_be_halted_by_an_old_view(client: FlaskClient, contest: Contest) -> None:
    play_once(client, contest)
    old = position_of(contest)
    record_all(contest)
    with pytest.raises(recorder.FenceLost):
        recorder.halt(get_live(), replace(old), reason="an old view")
    assert position_of(contest).halted_reason == ""


def test_the_recorder_waits_for_the_live_store_without_a_transaction(
    app: Flask, contest: Contest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite an open one would keep everybody else from writing for as long as the live store is silent."""
    open_ones: list[bool] = []
    expire = state.expire

    def look(*arguments: Any, **named: Any) -> int:
        open_ones.append(db.session().in_transaction())
        return expire(*arguments, **named)

    monkeypatch.setattr(state, "expire", look)
    turn()
    assert open_ones == [False]
