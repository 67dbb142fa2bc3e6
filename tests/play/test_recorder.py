"""The recorder on SQLite and on PostgreSQL: once, in order, never past a gap, nothing lost that cannot be applied."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from quizapp.bank.models import Question
from quizapp.contests.models import Contest
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.embedded import Valkey
from quizapp.core.live import LiveStoreDown, get_live
from quizapp.play import recorder, state
from quizapp.play.jobs import SIZES, Recorder
from quizapp.play.models import Answer, Attempt, DeadLetter, LiveSample, RecorderPosition
from quizapp.play.rebuild import rebuild
from quizapp.play.recording import Lag, lag_of, pace_of
from quizapp.play.state import Shard
from quizapp.play.verify import verify
from tests.play.makers import Phone, keep_contests, kit_of, make_contest, record_all, turn


@pytest.fixture
def database_url(any_database: str) -> str:
    """On each kind of database."""
    return any_database


def position_of(contest: Contest) -> recorder.Position:
    position = recorder.read_position(Shard(contest.id))
    assert position
    return position


def play(client: FlaskClient, contest: Contest, *, name: str = "小明", finishes: bool = True) -> Phone:
    """One attempt: two right answers, one wrong, one changed."""
    phone, kit = Phone(client), kit_of(contest)
    phone.enter(name)
    phone.begin()
    phone.send(phone.wrong(kit, 0), phone.right(kit, 1))
    phone.send(phone.right(kit, 0), phone.wrong(kit, 2))
    if finishes:
        phone.finish()
    return phone


def test_an_attempt_is_in_sql_as_it_was_played(client: FlaskClient, contest: Contest) -> None:
    phone = play(client, contest)
    result = phone.look().json
    assert record_all(contest) == 4
    attempt = db.session.get(Attempt, phone.attempt)
    assert attempt
    assert (attempt.finish, attempt.score_hundredths, attempt.right, attempt.answered) == ("handed_in", 2000, 2, 3)
    assert (attempt.duration_ms, attempt.person, attempt.number) == (result["duration_ms"], phone.entry, 1)
    assert [drawn[0] for drawn in attempt.paper] == [question["id"] for question in phone.sheet["questions"]]
    answers = db.session.scalars(select(Answer).order_by(Answer.id)).all()
    assert [answer.is_right for answer in answers] == [True, True, False]
    assert {answer.spent_ms for answer in answers} == {1200}
    assert state.count_events(get_live(), Shard(contest.id)) == 0
    assert verify(contest=contest) == []


def test_questions_count_how_often_they_were_answered_and_right(client: FlaskClient, contest: Contest) -> None:
    phones = [play(client, contest, name=f"人{number}") for number in range(3)]
    play(client, contest, name="还在答", finishes=False)
    record_all(contest)
    answered, right = db.session.execute(
        select(func.sum(Question.times_answered), func.sum(Question.times_right))
    ).one()
    assert (int(answered), int(right)) == (len(phones) * 3, len(phones) * 2)


def test_an_ended_attempt_leaves_redis_and_sql_answers_for_it(client: FlaskClient, contest: Contest) -> None:
    phone = play(client, contest)
    before = phone.look().json
    record_all(contest)
    key = state.attempt_key(Shard(contest.id), phone.attempt)
    assert 3500 < get_live().command("TTL", key) <= 3600
    get_live().command("DEL", key)
    assert phone.look().json == before
    # The reply to a hand-in does not tell what is stored.
    del before["stored"]
    assert phone.finish().json == before
    assert phone.send().json["code"] == "finished"


def test_an_open_attempt_stays(client: FlaskClient, contest: Contest) -> None:
    phone = play(client, contest, finishes=False)
    record_all(contest)
    assert get_live().command("TTL", state.attempt_key(Shard(contest.id), phone.attempt)) == -1
    assert verify(contest=contest) == []


# Exactly once


def test_of_two_recorders_with_the_same_batch_one_records_it(client: FlaskClient, contest: Contest) -> None:
    play(client, contest)
    first = second = position_of(contest)
    entries = state.read_events(get_live(), Shard(contest.id), after="0-0", count=100)
    recorder.record_entries(first, entries, now=utc_now())
    with pytest.raises(recorder.FenceLost):
        recorder.record_entries(second, entries, now=utc_now())
    counted = db.session.scalar(select(func.sum(Question.times_answered)))
    assert int(counted or 0) == 3


def test_a_recorder_that_slept_through_many_batches_does_no_harm(client: FlaskClient, contest: Contest) -> None:
    keep_contests()
    sleeper = Recorder(get_live(), wait_ms=0)
    sleeper.turn(utc_now())
    sleeper.close()
    for number in range(5):
        play(client, contest, name=f"人{number}")
        turn()
    play(client, contest, name="最后")
    stale = sleeper.positions[Shard(contest.id)]
    with pytest.raises(recorder.FenceLost):
        recorder.record(get_live(), stale, count=100, now=utc_now())
    assert sleeper.turn(utc_now()) is True
    assert position_of(contest).halted_reason == ""
    record_all(contest)
    assert verify(contest=contest) == []


def test_a_recorder_killed_between_commit_and_trim_counts_nothing_twice(client: FlaskClient, contest: Contest) -> None:
    phone = play(client, contest)
    entries = state.read_events(get_live(), Shard(contest.id), after="0-0", count=100)
    recorder.record_entries(position_of(contest), entries, now=utc_now())
    assert state.count_events(get_live(), Shard(contest.id)) == 4
    turn()
    assert state.count_events(get_live(), Shard(contest.id)) == 0
    assert get_live().command("TTL", state.attempt_key(Shard(contest.id), phone.attempt)) > 0
    assert verify(contest=contest) == []


def test_a_failed_transaction_leaves_nothing_and_is_done_again(
    client: FlaskClient, contest: Contest, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(client, contest)
    before = position_of(contest)

    def break_off(_rows: Any) -> None:
        raise RuntimeError("the power is gone")

    with monkeypatch.context() as patched:
        patched.setattr(recorder, "_end_attempts", break_off)
        with pytest.raises(RuntimeError):
            recorder.record(get_live(), before, count=100, now=utc_now())
    assert position_of(contest) == before
    assert db.session.scalar(select(func.count(Attempt.id))) == 0
    record_all(contest)
    assert verify(contest=contest) == []


def test_a_standby_waits_for_the_lease(contest: Contest) -> None:
    keep_contests()
    first, second = Recorder(get_live(), wait_ms=0), Recorder(get_live(), wait_ms=0)
    first.turn(utc_now())
    second.turn(utc_now())
    assert (Shard(contest.id) in first.positions, second.positions) == (True, {})
    first.close()
    second.turn(utc_now())
    assert Shard(contest.id) in second.positions


@pytest.mark.parametrize("at_once", [True, False])
def test_an_older_answer_never_takes_the_place_of_a_newer_one(
    client: FlaskClient, contest: Contest, at_once: bool
) -> None:
    phone, kit = Phone(client), kit_of(contest)
    phone.enter()
    phone.begin()
    phone.send(phone.right(kit, 0))
    live, shard = get_live(), Shard(contest.id)
    ((_id, _begin), (_id2, answered)) = state.read_events(live, shard, after="0-0", count=10)
    question, revision, *_rest = json.loads(answered["d"])[0]
    newer, older = [question, revision, 9, [], 0, 0, 1], [question, revision, 5, [], 0, 0, 1]
    for number, part in ((3, newer), (4, older)):
        fields = {**answered, "n": str(number), "d": json.dumps([part])}
        live.command("XADD", state.stream_key(shard), "*", *[text for pair in fields.items() for text in pair])
        if not at_once:
            record_all(contest)
    record_all(contest)
    assert db.session.scalars(select(Answer.seq)).all() == [9]


# What cannot be applied


POISON: list[dict[str, str]] = [
    {"v": "1", "k": "answer", "a": "nobody", "t": "1", "d": "[[1,1,1,[],0,0,0]]"},
    {"v": "1", "k": "answer", "a": "nobody", "t": "1", "d": "{broken"},
    {"v": "2", "k": "answer", "a": "nobody", "t": "1", "d": "[]"},
    {"v": "1", "k": "dance", "a": "nobody", "t": "1"},
    {"v": "1", "k": "finish", "a": "nobody", "t": "1", "d": "[]", "how": "handed_in", "at": "1", "score": "1",
     "right": "1", "answered": "1", "points": "1", "duration": "1"},
    {"v": "1", "k": "begin", "a": "x", "t": "1"},
    {"v": "1", "k": "begin", "a": "x", "t": "9" * 30, "p": "p", "i": "1", "kit": "1", "d": "[]", "key": "", "e": "",
     "x": "0", "y": "0", "full": "1"},
    {"v": "1", "k": "answer", "a": "nobody", "t": "1", "d": f"[[1,1,1,[],0,0,0,{'[' * 100_000}{']' * 100_000}]]"},
    {"v": "1", "k": "finish", "a": "nobody", "t": "1", "d": "[]", "how": "by\0magic"},
]  # fmt: skip


@pytest.mark.parametrize("poison", POISON, ids=range(len(POISON)))
def test_an_event_that_cannot_be_applied_is_put_aside_and_the_others_go_on(
    client: FlaskClient, contest: Contest, poison: dict[str, str]
) -> None:
    live, shard = get_live(), Shard(contest.id)
    play(client, contest, name="前")
    number = live.command("HINCRBY", state.keys_of(shard)[0], "number", 1)
    fields = {"n": str(number), **poison}
    live.command("XADD", state.stream_key(shard), "*", *[part for pair in fields.items() for part in pair])
    play(client, contest, name="后")
    assert record_all(contest) == 9
    letter = db.session.scalars(select(DeadLetter)).one()
    assert json.loads(letter.event) == fields
    assert letter.reason
    assert "\0" not in letter.reason
    assert db.session.scalar(select(func.count(Attempt.id)).where(Attempt.finish == "handed_in")) == 2
    assert [difference.subject for difference in verify(contest=contest)] == ["dead letters"]


@pytest.mark.parametrize("word", ["world", b"\xff\xfe"])
def test_what_was_written_by_hand_without_a_number_is_put_aside(
    word: str | bytes, client: FlaskClient, contest: Contest
) -> None:
    play(client, contest, name="前")
    get_live().command("XADD", state.stream_key(Shard(contest.id)), "*", "hello", word)
    play(client, contest, name="后")
    record_all(contest)
    assert db.session.scalar(select(func.count(DeadLetter.id))) == 1
    assert db.session.scalar(select(func.count(Attempt.id))) == 2
    assert position_of(contest).halted_reason == ""


# Redis going back in time


def test_a_gap_in_the_numbers_stops_recording_and_shuts_the_doors(client: FlaskClient, contest: Contest) -> None:
    live, shard = get_live(), Shard(contest.id)
    phone = play(client, contest, name="前", finishes=False)
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
    phone = play(client, contest, finishes=False)
    record_all(contest)
    live.command("HSET", state.keys_of(shard)[0], "number", 1)
    phone.finish()
    turn()
    assert position_of(contest).halted_reason
    assert phone.begin().status_code == 503


def test_a_step_back_is_seen_before_anything_new_happens(client: FlaskClient, contest: Contest) -> None:
    play(client, contest)
    record_all(contest)
    get_live().command("HSET", state.keys_of(Shard(contest.id))[0], "number", 2)
    turn()
    assert "know 2 events where 4 are recorded" in position_of(contest).halted_reason


def test_events_that_vanished_from_the_stream_are_missed(client: FlaskClient, contest: Contest) -> None:
    play(client, contest)
    get_live().command("DEL", state.stream_key(Shard(contest.id)))
    turn()
    assert "missing" in position_of(contest).halted_reason


def test_another_lineage_is_not_recorded(client: FlaskClient, contest: Contest) -> None:
    play(client, contest)
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
    phone, read = play(client, contest), state.read_gate_fields

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
    phone, count = play(client, contest), state.count_events

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
    play(client, contest)
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
    phone = play(client, contest, finishes=False)
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
    phone = play(client, contest, finishes=False)
    record_all(contest)
    halted = recorder.halt(get_live(), position_of(contest), reason="for nothing")
    rebuild(shard=Shard(contest.id), now=utc_now(), discards=True)
    recorder.keep_shut(get_live(), halted)
    assert phone.send(phone.right(kit_of(contest), 3)).status_code == 200


def test_a_word_for_one_gate_changes_no_other(contest: Contest) -> None:
    gate = state.read_gate_fields(get_live(), Shard(contest.id))
    assert not state.write_gate(get_live(), Shard(contest.id), ["lineage", "f" * 32, "halted", 1])
    assert state.read_gate_fields(get_live(), Shard(contest.id)) == gate


# How far it is


def test_the_lag_is_what_waits_and_for_how_long(client: FlaskClient, contest: Contest) -> None:
    live, shard = get_live(), Shard(contest.id)
    assert lag_of(live, shard, now=utc_now()) == Lag(0, 0)
    play(client, contest)
    assert lag_of(live, shard, now=utc_now() + timedelta(seconds=30)).seconds in (30, 31)
    lag = lag_of(live, shard, now=utc_now())
    assert (lag.events, lag.is_late) == (4, False)
    record_all(contest)
    assert lag_of(live, shard, now=utc_now() + timedelta(seconds=30)) == Lag(0, 0)


def test_a_working_recorder_tells_its_pace_and_a_dead_one_does_not(client: FlaskClient, contest: Contest) -> None:
    assert pace_of(get_live()) is None
    play(client, contest)
    keeper = Recorder(get_live(), wait_ms=0)
    keeper.turn(utc_now())
    keeper._duties_due = 0
    keeper.turn(utc_now())
    pace = pace_of(get_live())
    assert pace and (pace.batch, pace.per_second >= 1, pace.batch_ms > 0) == (4, True, True)


# Duties


def test_the_sweeper_hands_in_what_is_overdue(client: FlaskClient, contest: Contest) -> None:
    phone = play(client, contest, finishes=False)
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
    phone = play(client, contest, finishes=False)
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
    phones = [play(client, contest, name=f"人{number}", finishes=False) for number in range(3)]
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
    play(client, contest, finishes=False)
    turn()
    turn()
    sample = db.session.scalars(select(LiveSample)).one()
    assert (sample.visits, sample.visitors, sample.playing, sample.peak) == (1, 1, 1, 1)
    assert sample.peak_at_ms


def test_a_contest_long_over_is_settled_and_costs_nothing(
    client: FlaskClient, contest: Contest, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(client, contest)
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
    play(client, contest)
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
