"""Live state made anew from SQL, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.embedded import Valkey
from quizapp.core.live import Live, get_live
from quizapp.core.settings import Settings
from quizapp.play import jobs, rebuild, recorder, state
from quizapp.play.jobs import Recorder
from quizapp.play.models import Answer, DeadLetter
from quizapp.play.state import Shard
from quizapp.play.verify import verify
from tests.conftest import empty
from tests.play.makers import Phone, kit_of, make_contest, played, record_all, turn


@pytest.fixture
def settings(settings_in_shards: Settings) -> Settings:
    """On each kind of database, in one shard and in three."""
    return settings_in_shards


def test_all_live_data_lost_comes_back_from_the_records(app: Flask, client: FlaskClient, valkey: Valkey) -> None:
    contest, phones = played(client)
    sheets = [phone.look().json for phone in phones]
    board = client.get("/api/v1/contests/autumn/boards/overall").json
    left = [phone.begin().json for phone in phones[1:4:2]]
    assert [reply["code"] for reply in left] == ["no_attempts_left"] * 2
    assert verify(contest=contest) == []
    empty(valkey)
    assert phones[0].begin().json["code"] == "recovering"
    turn()
    assert verify(contest=contest) == []
    for phone, sheet in zip(phones, sheets, strict=True):
        now = phone.look().json
        moving = {"server_now": "", "remaining_ms": 0, "place": 0}
        assert {**now, **moving} == {**sheet, **moving}
    assert [phone.begin().json["code"] for phone in phones[1:4:2]] == ["no_attempts_left"] * 2
    kit = kit_of(contest)
    assert phones[5].send(phones[5].right(kit, 4)).status_code == 200
    phones[5].finish()
    record_all(contest)
    assert verify(contest=contest) == []
    assert client.get("/api/v1/contests/autumn/pulse").json["visits"] == 1
    assert len(client.get("/api/v1/contests/autumn/boards/overall").json["rows"]) == len(board["rows"])


def test_a_lost_gate_alone_loses_no_event(app: Flask, client: FlaskClient) -> None:
    contest, phones = played(client)
    kit = kit_of(contest)
    phones[5].send(phones[5].right(kit, 3))
    get_live().command("DEL", state.keys_of(contest.shards.of(phones[5].entry))[0])
    turn()
    record_all(contest)
    assert verify(contest=contest) == []
    assert phones[5].look().status_code == 200
    answered = db.session.scalar(select(func.count(Answer.id)).where(Answer.attempt_id == phones[5].attempt))
    assert answered == len(phones[5].look().json["stored"])


def test_a_repeated_begin_finds_its_attempt_after_a_rebuild(app: Flask, client: FlaskClient, valkey: Valkey) -> None:
    contest = make_contest()
    phone = Phone(client)
    phone.enter()
    first = phone.begin("my-key").json
    record_all(contest)
    empty(valkey)
    turn()
    again = phone.begin("my-key").json
    assert (again["attempt"], again["questions"]) == (first["attempt"], first["questions"])


def test_a_rebuild_by_hand_opens_a_halted_contest_and_keeps_what_it_leaves_out(app: Flask, client: FlaskClient) -> None:
    contest, phones = played(client)
    live, shard = get_live(), contest.shards.of(phones[5].entry)
    live.command("HINCRBY", state.keys_of(shard)[0], "number", 5)
    phones[5].finish()
    turn()
    assert phones[5].begin().status_code == 503
    done = rebuild.rebuild(shard=shard, now=utc_now(), discards=True)
    assert (done.discarded, db.session.scalar(select(func.count(DeadLetter.id)))) == (1, 1)
    assert phones[5].look().json["state"] == "open"
    phones[5].finish()
    turn()
    record_all(contest)
    assert [difference.what for difference in verify(contest=contest)] == ["recording"]


@pytest.mark.parametrize("lineage", ["", "f" * 32])
def test_a_rebuild_by_hand_keeps_nothing_aside_that_follows(app: Flask, client: FlaskClient, lineage: str) -> None:
    """Unless it belongs to another life of the live data."""
    contest, phones = played(client)
    live, shard, kit = get_live(), contest.shards.of(phones[5].entry), kit_of(contest)
    position = recorder.read_position(shard)
    assert position
    recorder.halt(live, position, reason="for nothing")
    live.command("HDEL", state.keys_of(shard)[0], "halted")
    assert phones[5].send(phones[5].right(kit, 3)).status_code == 200
    assert phones[5].finish().status_code == 200
    live.command("HINCRBY", state.keys_of(shard)[0], "number", 5)
    phones[5].begin()
    if lineage:
        live.command("HSET", state.keys_of(shard)[0], "lineage", lineage)
    waiting = state.count_events(live, shard)
    assert waiting >= 2
    done = rebuild.rebuild(shard=shard, now=utc_now(), discards=True)
    follow = 0 if lineage else 2
    assert (done.recorded, done.discarded) == (follow, waiting - follow)
    assert db.session.scalar(select(func.count(DeadLetter.id))) == waiting - follow
    assert (phones[5].look().json["state"] == "open") == bool(lineage)


def test_what_was_recorded_before_a_gap_is_counted_too(app: Flask, client: FlaskClient) -> None:
    contest, phones = played(client)
    live, shard, kit = get_live(), contest.shards.of(phones[5].entry), kit_of(contest)
    assert phones[5].send(phones[5].right(kit, 3)).status_code == 200
    live.command("HINCRBY", state.keys_of(shard)[0], "number", 5)
    assert phones[5].finish().status_code == 200
    done = rebuild.rebuild(shard=shard, now=utc_now(), discards=True)
    assert (done.recorded, done.discarded) == (1, 1)


def test_without_a_persons_word_nothing_is_left_out(app: Flask, client: FlaskClient) -> None:
    contest, phones = played(client)
    live, shard = get_live(), contest.shards.of(phones[5].entry)
    live.command("HINCRBY", state.keys_of(shard)[0], "number", 5)
    phones[5].finish()
    turn()
    live.command("DEL", state.keys_of(shard)[0])
    with pytest.raises(rebuild.RebuildNeedsDecision):
        rebuild.rebuild(shard=shard, now=utc_now(), discards=False)
    assert state.count_events(live, shard) == 1


def test_doors_that_were_opened_meanwhile_stay_open(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recorder saw a gate missing, and the correction that had taken it away was done before it had the lock."""
    contest, phones = played(client)
    live, shard = get_live(), contest.shards.of(phones[5].entry)
    gate, lock = state.read_gate_fields(live, shard), state.lock_for_rebuild
    position = recorder.read_position(shard)

    def lock_once_open(live: Live, shard: Shard, **named: Any) -> bool:
        live.command("HSET", state.keys_of(shard)[0], *(part for pair in gate.items() for part in pair))
        return lock(live, shard, **named)

    live.command("DEL", state.keys_of(shard)[0])
    monkeypatch.setattr(state, "lock_for_rebuild", lock_once_open)
    turn()
    monkeypatch.undo()
    assert (state.read_gate_fields(live, shard), recorder.read_position(shard)) == (gate, position)
    assert state.lock_for_rebuild(live, shard, token="the lock was given back")


def test_a_rebuild_goes_on_from_where_the_recorder_has_come_meanwhile(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest, phones = played(client)
    shard, lock = contest.shards.of(phones[5].entry), state.lock_for_rebuild
    phones[5].finish()

    def record_and_lock(*args: Any, **named: Any) -> bool:
        record_all(contest)
        get_live().command("DEL", state.keys_of(shard)[0])
        return lock(*args, **named)

    with monkeypatch.context() as patched:
        patched.setattr(state, "lock_for_rebuild", record_and_lock)
        rebuild.rebuild(shard=shard, now=utc_now(), discards=False)
    assert verify(contest=contest) == []


def test_a_rebuild_that_slept_while_another_was_done_removes_nothing(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest, phones = played(client)
    shard, mark_anew = contest.shards.of(phones[5].entry), rebuild.mark_anew

    def sleep_after_marking(*args: Any, **named: Any) -> Any:
        yield from mark_anew(*args, **named)
        monkeypatch.undo()
        get_live().command("DEL", state.base_of(shard) + "rebuilding")
        rebuild.rebuild(shard=shard, now=utc_now(), discards=False)

    monkeypatch.setattr(rebuild, "mark_anew", sleep_after_marking)
    with pytest.raises(rebuild.RebuildTakenOver):
        rebuild.rebuild(shard=shard, now=utc_now(), discards=False)
    assert verify(contest=contest) == []
    assert phones[5].look().status_code == 200


def test_two_rebuilds_at_once_are_one(app: Flask, client: FlaskClient) -> None:
    contest, _phones = played(client)
    live, shard = get_live(), contest.shards.of("anybody")
    assert state.lock_for_rebuild(live, shard, token="somebody")
    with pytest.raises(rebuild.RebuildTakenOver):
        rebuild.rebuild(shard=shard, now=utc_now(), discards=False)
    assert state.restore(live, shard, token="another", commands=[["SET", "x", "1"]]) is False
    assert state.open_gate(live, shard, token="another", fields=["lineage", "f"], is_rebuilt=True) is False
    state.unlock(live, shard, token="somebody")
    rebuild.rebuild(shard=shard, now=utc_now(), discards=True)
    assert verify(contest=contest) == []


def test_a_rebuild_that_fails_leaves_the_doors_shut_and_the_next_one_opens_them(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest, phones = played(client)
    shard = contest.shards.of(phones[0].entry)
    get_live().command("DEL", state.keys_of(shard)[0])

    def break_off(*_args: object, **_more: object) -> bool:
        raise RuntimeError("the power is gone")

    with monkeypatch.context() as patched:
        patched.setattr(state, "open_gate", break_off)
        with pytest.raises(RuntimeError):
            rebuild.rebuild(shard=shard, now=utc_now(), discards=False)
    assert phones[0].begin().status_code == 503
    turn()
    assert verify(contest=contest) == []


def test_a_settled_contest_whose_data_are_gone_gets_its_board_back(
    app: Flask, client: FlaskClient, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One shard first: nobody whose contest is on waits for all that are over."""
    contest, _phones = played(client)
    db.session.execute(update(recorder.RecorderPosition).values(is_settled=True))
    db.session.commit()
    empty(valkey)
    monkeypatch.setattr(jobs, "DUTY_SECONDS", 0.0)
    keeper = Recorder(get_live())
    keeper.turn(utc_now())
    assert sum(state.has_gate(get_live(), shard) for shard in contest.shards) == 1
    keeper.turn(utc_now())
    assert all(state.has_gate(get_live(), shard) for shard in contest.shards)
    assert verify(contest=contest) == []
