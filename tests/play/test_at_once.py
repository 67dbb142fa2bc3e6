"""Organisers, the recorder and who opens doors at work on one contest at once, on both databases: no act is undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Thread
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select, update

from quizapp.contests import actions as contests
from quizapp.contests.models import Contest
from quizapp.core.clock import to_ms, utc_now
from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.play import actions, jobs, queries, rebuild, recorder, state
from quizapp.play.models import ContestClock, RecorderPosition
from quizapp.play.state import Shard
from tests.play.makers import Phone, make_contest, turn
from tests.play.monitoring import act

LATER = timedelta(hours=1)


@pytest.fixture
def database_url(any_database: str) -> str:
    """On each kind of database."""
    return any_database


def closed(ago: timedelta) -> None:
    """The end was so long ago, which no gate knows yet."""
    past = utc_now() - ago
    db.session.execute(update(Contest).values(opens_at=past - LATER, closes_at=past))
    db.session.commit()


def extend(now: datetime) -> None:
    actions.extend(contest=db.session.get_one(Contest, 1), actor=None, now=now, closes_at=now + LATER)
    db.session.commit()


def after(step: Callable[..., Any], act: Callable[[], None]) -> Callable[..., Any]:
    """A step after which somebody acts, once."""
    acts = [act]

    def step_and_act(*args: Any, **named: Any) -> Any:
        done = step(*args, **named)
        while acts:
            acts.pop()()
        return done

    return step_and_act


def before(step: Callable[..., Any], act: Callable[[], None]) -> Callable[..., Any]:
    """A step before which somebody acts."""

    def act_and_step(*args: Any, **named: Any) -> Any:
        act()
        return step(*args, **named)

    return act_and_step


def gate() -> dict[str, str]:
    return state.read_gate_fields(get_live(), Shard(1))


def in_thread(app: Flask, act: Callable[[], Any]) -> Thread:
    """Somebody else acts, with a session of their own; returns when that is done or waits for us."""

    def run() -> None:
        with app.app_context():
            act()
            db.session.remove()

    thread = Thread(target=run)
    thread.start()
    thread.join(0.5)
    return thread


# The recorder and an organiser


@pytest.mark.parametrize(
    ("module", "step"),
    [
        pytest.param(jobs, "_active_contests", id="before the recorder has read the contest again"),
        pytest.param(queries, "gate_settings", id="between its reading and its writing"),
    ],
)
def test_a_turn_of_the_recorder_does_not_undo_what_an_organiser_does_meanwhile(
    player: Phone, monkeypatch: pytest.MonkeyPatch, module: ModuleType, step: str
) -> None:
    closed(timedelta(seconds=6))
    now = utc_now()
    monkeypatch.setattr(module, step, after(getattr(module, step), lambda: extend(now)))
    turn()
    assert gate()["closes"] == str(to_ms(now + LATER))
    assert player.look().json["state"] == "open"


def test_doors_that_open_while_an_organiser_acts_know_of_it(contest: Contest, monkeypatch: pytest.MonkeyPatch) -> None:
    now = utc_now()

    def pause() -> None:
        actions.pause(contest=db.session.get_one(Contest, 1), actor=None, now=now)
        db.session.commit()

    monkeypatch.setattr(state, "open_gate", before(state.open_gate, pause))
    rebuild.rebuild(shard=Shard(1), now=now, discards=True)
    assert gate()["paused"] == "1"


@pytest.mark.parametrize("place", ["before the row is taken", "after it is taken"])
def test_a_contest_that_is_opened_again_meanwhile_is_not_settled(
    app: Flask, contest: Contest, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    closed(timedelta(hours=2))
    now, others = utc_now(), []

    def opens_again() -> None:
        others.append(in_thread(app, lambda: extend(now)))

    if place == "before the row is taken":
        monkeypatch.setattr(state, "count_open", after(state.count_open, opens_again))
    else:
        monkeypatch.setattr(recorder, "at", before(recorder.at, opens_again))
    turn()
    [other] = others
    other.join()
    assert db.session.scalar(select(RecorderPosition.is_settled)) is False
    assert jobs._active_contests()


def test_contest_and_clock_are_of_one_look(contest: Contest) -> None:
    asked: list[str] = []
    db.session.rollback()

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    queries.gate_settings(1, Shard(1))
    event.remove(db.engine, "before_cursor_execute", note)
    assert len([statement for statement in asked if statement.startswith("SELECT")]) == 1


# Two organisers


def crossing(contest: Contest, monkeypatch: pytest.MonkeyPatch, *acts: Callable[..., None]) -> None:
    """Commit acts one after the other; their writes to the gate arrive the other way round."""
    writes: list[Any] = []
    with monkeypatch.context() as patched:
        patched.setattr(state, "write_gate", lambda *arguments: writes.append(arguments))
        for act in acts:
            act(contest=contest, actor=None, now=utc_now())
            db.session.commit()
    assert len(writes) == len(acts)
    for arguments in reversed(writes):
        state.write_gate(*arguments)


def give(**named: Any) -> None:
    actions.extend(gift=timedelta(minutes=5), **named)


def test_of_two_acts_that_cross_the_newer_stays(contest: Contest, monkeypatch: pytest.MonkeyPatch) -> None:
    crossing(contest, monkeypatch, actions.pause, actions.resume, give)
    assert (gate()["paused"], int(gate()["shift"]) >= 300_000) == ("0", True)


def test_phones_get_time_to_send_again_whoever_tells_the_gate_that_a_pause_is_over(
    contest: Contest, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.pause(contest=contest, actor=None, now=utc_now())
    db.session.commit()
    assert (gate()["paused"], gate()["reopened"]) == ("1", "0")
    crossing(contest, monkeypatch, actions.resume, give)
    assert (gate()["paused"], int(gate()["reopened"]) > 0) == ("0", True)
    told = gate()["reopened"]
    give(contest=contest, actor=None, now=utc_now())
    db.session.commit()
    assert gate()["reopened"] == told


def test_a_capacity_told_late_leaves_the_window_alone(contest: Contest) -> None:
    """The window is play's; who tells the gate of another capacity may have read an older one."""
    write = contests._gate_writer(contest)
    now = utc_now()
    actions.extend(contest=contest, actor=None, now=now, closes_at=contest.closes_at + LATER)
    db.session.commit()
    known = gate()
    write()
    assert gate() == known


def test_two_acts_at_once_are_both_done(app: Flask, contest: Contest) -> None:
    actions.pause(contest=contest, actor=None, now=utc_now() - timedelta(minutes=2))
    db.session.commit()
    actions.resume(contest=contest, actor=None, now=utc_now())

    def give_and_commit() -> None:
        give(contest=db.session.get_one(Contest, 1), actor=None, now=utc_now())
        db.session.commit()

    other = in_thread(app, give_and_commit)
    db.session.commit()
    other.join()
    clock, known = db.session.get_one(ContestClock, 1), db.session.get_one(Contest, 1)
    assert (round(clock.shift_ms, -4), round(clock.still_ms, -4), known.lock_version) == (420_000, 120_000, 5)
    shift_ms = clock.shift_ms
    turn()
    assert gate()["shift"] == str(shift_ms)


def test_of_two_organisers_who_saw_the_same_the_second_is_told(app: Flask, organiser: FlaskClient) -> None:
    contest = make_contest()
    seen = contest.lock_version
    give(contest=contest, actor=None, now=utc_now())
    replies: list[Any] = []
    other = in_thread(app, lambda: replies.append(act(organiser, "pause", reason="停电", lock_version=seen)))
    db.session.commit()
    other.join()
    assert replies[0].status_code == 303
    assert "另一位同事修改了这场竞赛" in organiser.get("/play/autumn/monitor").text
    assert db.session.scalar(select(func.count(Contest.paused_at))) == 0
