"""A contest on a primary with a replica: what is acknowledged when, what is recorded, and what a failover leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from quizapp.contests.correcting import VOID
from quizapp.contests.models import Contest, Entry
from quizapp.core import live_servers
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.errors import StoreUnavailable
from quizapp.core.live import LiveStoreDown, get_live
from quizapp.core.settings import Settings
from quizapp.play import actions, correcting, recorder, rescoring, state
from quizapp.play.jobs import Recorder
from quizapp.play.models import Answer, Attempt, Correction, RecorderPosition
from quizapp.play.state import Shard
from quizapp.play.verify import verify
from tests import valkeys
from tests.play.makers import Phone, keep_contests, kit_of, record_all
from tests.ports import HOST
from tests.valkeys import Replicated, in_the_end

WAIT_MS, GRACE_MS = 6_000, 5_000


@pytest.fixture
def servers() -> Iterator[Replicated]:
    with valkeys.primary_with_replica() as running:
        yield running


@pytest.fixture
def settings(settings: Settings, servers: Replicated, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(live_servers, "REPLICAS_MS", 400)
    return replace(settings, redis_url=servers.url, replicas=1)


@pytest.fixture
def contest(contest: Contest) -> Contest:
    keep_contests()
    return contest


@pytest.fixture
def phone(client: FlaskClient, contest: Contest) -> Phone:
    phone = Phone(client)
    phone.enter()
    replied(lambda: phone.begin("first"), 200, 201)
    return phone


def replied(act: Callable[[], TestResponse], *statuses: int) -> TestResponse:
    """Call until the reply has one of some statuses, and is nothing but busy before."""
    replies: list[TestResponse] = []

    def is_done() -> bool:
        replies.append(act())
        assert replies[-1].status_code in (503, *statuses), replies[-1].text
        return replies[-1].status_code in statuses

    valkeys.wait_until(is_done)
    return replies[-1]


def record_by(keeper: Recorder, shard: Shard) -> None:
    """Let a recorder take turns until nothing waits any more."""
    valkeys.wait_until(
        lambda: in_the_end(lambda: not keeper.turn(utc_now()) and not state.count_events(get_live(), shard))
    )


def fail_over(servers: Replicated) -> None:
    """Lose the primary; the replica takes over with what it has."""
    former = servers.kill_primary()
    for node in servers.servers:
        if node is not former:
            node.thaw()
    servers.wait_for_failover(former)


def restore(servers: Replicated) -> None:
    """Give the primary of now a replica again."""
    [former] = servers.replicas()
    former.start()
    former.admin.replicaof(HOST, servers.primary().port)
    valkeys.wait_until(lambda: valkeys.is_linked(former))


def test_a_begin_counts_when_a_replica_has_it(client: FlaskClient, contest: Contest, servers: Replicated) -> None:
    phone = Phone(client)
    phone.enter()
    [replica] = servers.replicas()
    replica.freeze()
    refused = phone.begin("one")
    assert (refused.status_code, refused.json["code"]) == (503, "busy")
    assert refused.headers["Retry-After"]
    replica.thaw()
    again = replied(lambda: phone.begin("one"), 200, 201)
    assert again.json["number"] == 1
    assert replica.admin.exists(state.attempt_key(Shard(contest.id), phone.attempt))
    # A repetition writes nothing but the marker, and still waits.
    replica.freeze()
    assert phone.begin("one").status_code == 503


def test_nobody_learns_of_a_hand_in_that_a_replica_lacks(contest: Contest, phone: Phone, servers: Replicated) -> None:
    [replica] = servers.replicas()
    answer = phone.right(kit_of(contest), 0)
    replica.freeze()
    replied(lambda: phone.send(answer), 200)
    assert phone.finish(answer).status_code == 503
    assert phone.finish().status_code == 503
    assert phone.look().status_code == 503
    replica.thaw()
    result = replied(phone.finish, 200)
    assert replied(phone.look, 200).json["score"] == result.json["score"]
    key = state.attempt_key(Shard(contest.id), phone.attempt)
    assert replica.admin.hget(key, "f") == "handed_in"


def test_nobody_is_forgotten_before_a_replica_has_forgotten(
    contest: Contest, phone: Phone, servers: Replicated
) -> None:
    """The primary that alone had forgotten a name may be lost, and nothing would take the name away again."""
    replied(phone.finish, 200)
    record_all(contest)
    [replica] = servers.replicas()
    replica.freeze()
    contest, entry = db.session.get_one(Contest, contest.id), db.session.scalars(select(Entry)).one()
    with pytest.raises(StoreUnavailable):
        actions.forget(contest=contest, entry=entry, now=utc_now())
    db.session.rollback()
    replica.thaw()
    in_the_end(lambda: actions.forget(contest=contest, entry=entry, now=utc_now()))
    db.session.commit()
    fail_over(servers)
    board = "/api/v1/contests/autumn/boards/overall"
    valkeys.wait_until(lambda: phone.client.get(board).status_code == 200)
    assert [row["name"] for row in phone.client.get(board).json["rows"]] == ["***"]


def test_who_answers_learns_of_an_end_only_when_a_replica_has_it(
    app: Flask, contest: Contest, phone: Phone, servers: Replicated
) -> None:
    """A phone that hears of an end forgets its answers; the primary that knows of it alone may be lost."""
    app.config["PLAY_OUTAGE_WAIT_MS"] = 0
    [replica] = servers.replicas()
    answer = phone.right(kit_of(contest), 0)
    replica.freeze()
    ends = int(utc_now().timestamp() * 1000) - GRACE_MS - 1000
    get_live().command("HSET", state.attempt_key(Shard(contest.id), phone.attempt), "e", ends)
    refused = [phone.send(answer) for _once_more in range(2)]
    assert [(one.status_code, one.json["code"]) for one in refused] == [(503, "busy")] * 2
    replica.thaw()
    replied(lambda: phone.send(answer), 410)
    assert replica.admin.hget(state.attempt_key(Shard(contest.id), phone.attempt), "f") == "expired"


def test_the_recorder_waits_for_the_replica(contest: Contest, phone: Phone, servers: Replicated) -> None:
    [replica] = servers.replicas()
    in_the_end(lambda: record_all(contest))
    replica.freeze()
    replied(lambda: phone.send(phone.right(kit_of(contest), 0)), 200)
    with pytest.raises(LiveStoreDown):
        record_all(contest)
    assert db.session.scalar(select(func.count()).select_from(Answer)) == 0
    replica.thaw()
    assert in_the_end(lambda: record_all(contest)) == 1


def test_after_a_failover_the_records_go_on_from_what_the_replica_had(
    contest: Contest, phone: Phone, servers: Replicated
) -> None:
    kit, keeper = kit_of(contest), Recorder(get_live(), wait_ms=0)
    first, second, third = (phone.right(kit, place) for place in range(3))
    replied(lambda: phone.send(first), 200)
    record_by(keeper, Shard(contest.id))
    servers.cut_off()
    # Acknowledged by the primary alone, which is what single answers are: the failover takes it back.
    replied(lambda: phone.send(second), 200)
    keeper.turn(utc_now())
    fail_over(servers)
    restore(servers)
    replied(lambda: phone.send(third), 200)
    record_by(keeper, Shard(contest.id))
    assert db.session.scalar(select(RecorderPosition.halted_reason)) == ""
    assert len(replied(phone.look, 200).json["stored"]) == 2
    # The hand-in brings the whole sheet.
    assert replied(lambda: phone.finish(first, second, third), 200).json["answered"] == 3
    record_by(keeper, Shard(contest.id))
    assert db.session.scalar(select(Attempt.answered)) == 3
    assert verify(contest=contest) == []


def test_records_that_ran_ahead_of_the_replica_would_be_taken_for_a_rollback(
    contest: Contest, phone: Phone, servers: Replicated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above: the same without waiting."""
    monkeypatch.setattr(get_live(), "replicas", 0)
    keeper = Recorder(get_live(), wait_ms=0)
    record_by(keeper, Shard(contest.id))
    servers.cut_off()
    replied(lambda: phone.send(phone.right(kit_of(contest), 0)), 200)
    keeper.turn(utc_now())
    fail_over(servers)

    def halts() -> bool:
        keeper.turn(utc_now())
        return bool(db.session.scalar(select(RecorderPosition.halted_reason)))

    valkeys.wait_until(halts)


def test_what_was_tidied_up_on_the_former_primary_alone_is_tidied_up_again(
    contest: Contest, phone: Phone, servers: Replicated, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard, keeper = Shard(contest.id), Recorder(get_live(), wait_ms=0)

    def trim_unseen(*arguments: object, **named: object) -> None:
        servers.cut_off()
        original(*arguments, **named)  # type: ignore[arg-type]

    original = state.trim_events
    replied(phone.finish, 200)
    with monkeypatch.context() as patched:
        patched.setattr(state, "trim_events", trim_unseen)
        valkeys.wait_until(lambda: keeper.turn(utc_now()))
    fail_over(servers)
    restore(servers)
    assert servers.primary().admin.xlen(state.stream_key(shard)) == 2
    keeper.turn(utc_now())
    assert servers.primary().admin.xlen(state.stream_key(shard)) == 2
    keeper._duties_due = keeper._minute_due = 0
    record_by(keeper, shard)


def test_after_a_failover_phones_get_time_to_send_again(
    app: Flask, contest: Contest, phone: Phone, servers: Replicated
) -> None:
    """The phone is quicker than the recorder, which may wait for SQL."""
    shard, live, keeper = Shard(contest.id), get_live(), Recorder(get_live(), wait_ms=WAIT_MS)
    app.config["PLAY_OUTAGE_WAIT_MS"] = WAIT_MS
    keeper.turn(utc_now())
    # The server runs for long enough: nothing but the takeover can speak for waiting.
    valkeys.wait_until(lambda: servers.replicas()[0].admin.info("server")["uptime_in_seconds"] * 1000 > WAIT_MS)
    ends = utc_now().timestamp() * 1000 - 4_000
    live.command("HSET", state.attempt_key(shard, phone.attempt), "e", int(ends))
    live.replicated("ZADD", state.deadlines_key(shard), int(ends), phone.attempt, marker=state.marker_key(shard))
    fail_over(servers)
    restore(servers)
    valkeys.wait_until(lambda: utc_now().timestamp() * 1000 > ends + GRACE_MS)
    replied(lambda: phone.send(phone.right(kit_of(contest), 0)), 200)
    keeper._duties_due = 0
    keeper.turn(utc_now())
    assert state.count_open(live, shard) == 1
    replied(lambda: phone.send(phone.right(kit_of(contest), 1)), 200)

    def sweeps() -> bool:
        keeper.turn(utc_now())
        return state.count_open(live, shard) == 0

    valkeys.wait_until(sweeps)


def reopen(keeper: Recorder, shard: Shard) -> None:
    """Let a recorder take turns until there is a gate."""
    valkeys.wait_until(lambda: in_the_end(lambda: not keeper.turn(utc_now()) and state.has_gate(get_live(), shard)))


def void_first(contest: Contest, phone: Phone) -> int:
    """Ask for the first question of a phone to be voided; returns the correction's id."""
    contest = db.session.get_one(Contest, contest.id)
    made = correcting.ask(
        contest=contest,
        question_id=phone.sheet["questions"][0]["id"],
        what=VOID,
        key=[],
        reason="题目有误",
        lock_version=contest.lock_version,
        actor=None,
        now=utc_now(),
    )
    db.session.commit()
    return made.id


def test_a_correction_shuts_doors_that_no_successor_opens_again(
    contest: Contest, phone: Phone, servers: Replicated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failover just after would bring the gate back, and with it the former kit. Who plays is not disturbed by it."""
    monkeypatch.setattr(rescoring, "PATIENCE_SECONDS", 1.5)
    live, shard = get_live(), Shard(contest.id)
    [replica] = servers.replicas()
    correction = void_first(contest, phone)
    in_the_end(lambda: record_all(contest))
    replica.freeze()
    with pytest.raises(StoreUnavailable):
        rescoring.rescore(correction, now=utc_now(), tell=lambda _done, _total: None)
    assert db.session.get_one(Correction, correction).kit_version is None
    assert state.has_gate(live, shard), "the doors were shut for a correction that could not be made"
    replica.thaw()
    keeper = Recorder(live, wait_ms=0)
    reopen(keeper, shard)
    in_the_end(lambda: rescoring.rescore(correction, now=utc_now(), tell=lambda _done, _total: None))
    assert verify(contest=contest) == []


def test_a_correction_is_not_carried_on_where_a_part_of_it_was_lost(
    contest: Contest, phone: Phone, servers: Replicated, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, shard, bring_in_line = get_live(), Shard(contest.id), rescoring._bring_in_line
    correction = void_first(contest, phone)
    in_the_end(lambda: record_all(contest))

    def bring_in_line_unseen(*arguments: Any) -> None:
        monkeypatch.setattr(rescoring, "_bring_in_line", bring_in_line)
        servers.cut_off()
        bring_in_line(*arguments)
        fail_over(servers)
        restore(servers)

    monkeypatch.setattr(rescoring, "_bring_in_line", bring_in_line_unseen)
    with pytest.raises(StoreUnavailable):
        rescoring.rescore(correction, now=utc_now(), tell=lambda _done, _total: None)
    keeper = Recorder(live, wait_ms=0)
    reopen(keeper, shard)
    assert in_the_end(lambda: verify(contest=contest)) == []
    assert replied(phone.look, 200).json["voided"]


def test_a_successor_without_the_event_vouches_for_nothing(contest: Contest, phone: Phone) -> None:
    live, shard = get_live(), Shard(contest.id)
    entries = state.read_events(live, shard, after="0-0", count=10)
    state.hold_for_replicas(live, shard, last=entries[-1])
    stream_id, fields = entries[-1]
    for other in ((stream_id, fields | {"t": "1"}), ("99-1", fields)):
        with pytest.raises(LiveStoreDown):
            state.hold_for_replicas(live, shard, last=other)
    assert recorder.read_position(shard) is not None
