"""The recorder on SQLite and on PostgreSQL: once, in order, never past a gap, nothing lost that cannot be applied."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from quizapp.bank.models import Question
from quizapp.contests.models import Contest
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.play import recorder, state
from quizapp.play.jobs import Recorder
from quizapp.play.models import Answer, Attempt, DeadLetter
from quizapp.play.recording import Lag, lag_of, pace_of
from quizapp.play.state import Shard
from quizapp.play.verify import verify
from tests.play.makers import Phone, keep_contests, kit_of, play_once, position_of, record_all, turn


@pytest.fixture
def database_url(any_database: str) -> str:
    """On each kind of database."""
    return any_database


def test_an_attempt_is_in_sql_as_it_was_played(client: FlaskClient, contest: Contest) -> None:
    phone = play_once(client, contest)
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
    phones = [play_once(client, contest, name=f"人{number}") for number in range(3)]
    play_once(client, contest, name="还在答", finishes=False)
    record_all(contest)
    answered, right = db.session.execute(
        select(func.sum(Question.times_answered), func.sum(Question.times_right))
    ).one()
    assert (int(answered), int(right)) == (len(phones) * 3, len(phones) * 2)


def test_an_ended_attempt_leaves_redis_and_sql_answers_for_it(client: FlaskClient, contest: Contest) -> None:
    phone = play_once(client, contest)
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
    phone = play_once(client, contest, finishes=False)
    record_all(contest)
    assert get_live().command("TTL", state.attempt_key(Shard(contest.id), phone.attempt)) == -1
    assert verify(contest=contest) == []


# Exactly once


def test_of_two_recorders_with_the_same_batch_one_records_it(client: FlaskClient, contest: Contest) -> None:
    play_once(client, contest)
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
        play_once(client, contest, name=f"人{number}")
        turn()
    play_once(client, contest, name="最后")
    stale = sleeper.positions[Shard(contest.id)]
    with pytest.raises(recorder.FenceLost):
        recorder.record(get_live(), stale, count=100, now=utc_now())
    assert sleeper.turn(utc_now()) is True
    assert position_of(contest).halted_reason == ""
    record_all(contest)
    assert verify(contest=contest) == []


def test_a_recorder_killed_between_commit_and_trim_counts_nothing_twice(client: FlaskClient, contest: Contest) -> None:
    phone = play_once(client, contest)
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
    play_once(client, contest)
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
    play_once(client, contest, name="前")
    number = live.command("HINCRBY", state.keys_of(shard)[0], "number", 1)
    fields = {"n": str(number), **poison}
    live.command("XADD", state.stream_key(shard), "*", *[part for pair in fields.items() for part in pair])
    play_once(client, contest, name="后")
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
    play_once(client, contest, name="前")
    get_live().command("XADD", state.stream_key(Shard(contest.id)), "*", "hello", word)
    play_once(client, contest, name="后")
    record_all(contest)
    assert db.session.scalar(select(func.count(DeadLetter.id))) == 1
    assert db.session.scalar(select(func.count(Attempt.id))) == 2
    assert position_of(contest).halted_reason == ""


# How far it is


def test_the_lag_is_what_waits_and_for_how_long(client: FlaskClient, contest: Contest) -> None:
    live, shard = get_live(), Shard(contest.id)
    assert lag_of(live, shard, now=utc_now()) == Lag(0, 0)
    play_once(client, contest)
    assert lag_of(live, shard, now=utc_now() + timedelta(seconds=30)).seconds in (30, 31)
    lag = lag_of(live, shard, now=utc_now())
    assert (lag.events, lag.is_late) == (4, False)
    record_all(contest)
    assert lag_of(live, shard, now=utc_now() + timedelta(seconds=30)) == Lag(0, 0)


def test_a_working_recorder_tells_its_pace_and_a_dead_one_does_not(client: FlaskClient, contest: Contest) -> None:
    assert pace_of(get_live()) is None
    play_once(client, contest)
    keeper = Recorder(get_live(), wait_ms=0)
    keeper.turn(utc_now())
    keeper._duties_due = 0
    keeper.turn(utc_now())
    pace = pace_of(get_live())
    assert pace and (pace.batch, pace.per_second >= 1, pace.batch_ms > 0) == (4, True, True)
