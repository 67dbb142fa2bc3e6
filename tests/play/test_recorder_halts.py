"""Redis going back in time, on SQLite and on PostgreSQL: recording stops, the doors are shut, a person decides."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from quizapp.contests.models import Contest
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.live import LiveStoreDown, get_live
from quizapp.play import recorder, state
from quizapp.play.models import Attempt
from quizapp.play.rebuild import rebuild
from quizapp.play.state import Shard
from tests.play.makers import Phone, kit_of, make_contest, play_once, position_of, record_all, turn


@pytest.fixture
def database_url(any_database: str) -> str:
    """On each kind of database."""
    return any_database


def test_a_gap_in_the_numbers_stops_recording_and_shuts_the_doors(client: FlaskClient, contest: Contest) -> None:
    live, shard = get_live(), Shard(contest.id)
    phone = play_once(client, contest, name="前", finishes=False)
    record_all(contest)
    live.command("HINCRBY", state.keys_of(shard)[0], "number", 1)
    phone.finish()
    turn()
    position = position_of(contest)
    assert "number 5" in position.halted_reason
    assert (position.number, db.session.scalar(select(func.count(Attempt.finish)))) == (3, 0)
    assert phone.begin().json["code"] == "recovering"
    turn()
    assert state.count_events(live, shard) == 1


def test_a_step_back_of_the_numbers_stops_recording(client: FlaskClient, contest: Contest) -> None:
    live, shard = get_live(), Shard(contest.id)
    phone = play_once(client, contest, finishes=False)
    record_all(contest)
    live.command("HSET", state.keys_of(shard)[0], "number", 1)
    phone.finish()
    turn()
    assert position_of(contest).halted_reason
    assert phone.begin().status_code == 503


def test_a_step_back_is_seen_before_anything_new_happens(client: FlaskClient, contest: Contest) -> None:
    play_once(client, contest)
    record_all(contest)
    get_live().command("HSET", state.keys_of(Shard(contest.id))[0], "number", 2)
    turn()
    assert "know 2 events where 4 are recorded" in position_of(contest).halted_reason


def test_events_that_vanished_from_the_stream_are_missed(client: FlaskClient, contest: Contest) -> None:
    play_once(client, contest)
    get_live().command("DEL", state.stream_key(Shard(contest.id)))
    turn()
    assert "missing" in position_of(contest).halted_reason


def test_another_lineage_is_not_recorded(client: FlaskClient, contest: Contest) -> None:
    play_once(client, contest)
    get_live().command("HSET", state.keys_of(Shard(contest.id))[0], "lineage", "f" * 32)
    turn()
    assert "lineage" in position_of(contest).halted_reason
    assert db.session.scalar(select(func.count(Attempt.id))) == 0


def test_one_halted_contest_does_not_hold_up_the_others(client: FlaskClient, contest: Contest) -> None:
    other = make_contest(slug="winter")
    get_live().command("HSET", state.keys_of(Shard(contest.id))[0], "lineage", "f" * 32)
    phone = Phone(client, slug="winter")
    phone.enter()
    phone.begin()
    turn()
    assert (position_of(contest).halted_reason != "", position_of(other).number) == (True, 1)


def test_a_gate_that_is_taken_away_in_the_midst_of_a_look_stops_nothing(
    client: FlaskClient, contest: Contest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who rebuilds or marks anew shuts the doors at any moment."""
    phone, read = play_once(client, contest), state.read_gate_fields

    def take_away_and_read(live: Any, shard: Shard) -> dict[str, str]:
        live.command("DEL", state.keys_of(shard)[0])
        return read(live, shard)

    with monkeypatch.context() as patched:
        patched.setattr(state, "read_gate_fields", take_away_and_read)
        turn()
    assert position_of(contest).halted_reason == ""
    turn()
    assert phone.begin().status_code == 201


def test_all_that_is_lost_in_the_midst_of_a_look_comes_back_by_itself(
    client: FlaskClient, contest: Contest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate was seen, then all is gone: these are no events that are missing while the rest is there."""
    phone, count = play_once(client, contest), state.count_events

    def lose_all_and_count(live: Any, shard: Shard) -> int:
        live.command("DEL", *state.keys_of(shard))
        return count(live, shard)

    with monkeypatch.context() as patched:
        patched.setattr(state, "count_events", lose_all_and_count)
        turn()
    assert position_of(contest).halted_reason == ""
    turn()
    assert phone.begin().status_code == 201


def test_who_has_not_heard_that_recording_is_halted_records_nothing(client: FlaskClient, contest: Contest) -> None:
    play_once(client, contest)
    old = position_of(contest)
    recorder.halt(get_live(), old, reason="a reason " * 50)
    for _again in range(2):
        with pytest.raises(recorder.FenceLost):
            recorder.record(get_live(), old, count=100, now=utc_now())
    assert db.session.scalar(select(func.count(Attempt.id))) == 0
    recorder.hold(position_of(contest), now=utc_now())


def test_doors_that_could_not_be_shut_are_shut_when_the_live_store_is_back(
    client: FlaskClient, contest: Contest, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = play_once(client, contest, finishes=False)
    record_all(contest)
    get_live().command("HINCRBY", state.keys_of(Shard(contest.id))[0], "number", 1)
    phone.send(phone.right(kit_of(contest), 3))

    def be_away(*_args: Any, **_more: Any) -> None:
        raise LiveStoreDown

    with monkeypatch.context() as patched:
        patched.setattr(state, "write_gate", be_away)
        turn()
    assert position_of(contest).halted_reason
    assert phone.send().status_code == 200
    turn()
    assert phone.send().json["code"] == "recovering"


def test_an_old_word_of_a_halt_shuts_no_doors_that_a_person_has_opened_since(
    client: FlaskClient, contest: Contest
) -> None:
    phone = play_once(client, contest, finishes=False)
    record_all(contest)
    halted = recorder.halt(get_live(), position_of(contest), reason="for nothing")
    rebuild(shard=Shard(contest.id), now=utc_now(), discards=True)
    recorder.keep_shut(get_live(), halted)
    assert phone.send(phone.right(kit_of(contest), 3)).status_code == 200


def test_a_word_for_one_gate_changes_no_other(contest: Contest) -> None:
    gate = state.read_gate_fields(get_live(), Shard(contest.id))
    assert not state.write_gate(get_live(), Shard(contest.id), ["lineage", "f" * 32, "halted", 1])
    assert state.read_gate_fields(get_live(), Shard(contest.id)) == gate
