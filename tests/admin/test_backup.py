"""Backups of an installation under way, restored on either kind of database."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from quizapp.accounts.models import Unit
from quizapp.admin.backup.making import make_backup
from quizapp.bank.models import Media, Topic
from quizapp.contests.models import Contest, Entry
from quizapp.core import portable
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.embedded import Valkey
from quizapp.core.live import get_live
from quizapp.play import recorder, state
from quizapp.play.models import Answer, Attempt, DeadLetter, RecorderPosition
from quizapp.play.rebuild import rebuild
from quizapp.play.state import Shard
from quizapp.play.verify import verify
from tests.admin.backups import Addresses, installation, play_some, restore
from tests.play.makers import Phone, kit_of, make_contest, record_all, turn

KINDS = ("sqlite", "postgresql")


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_everything_acknowledged_comes_back_on_either_database(
    address_of: Addresses, valkey: Valkey, tmp_path: Path, source: str, target: str
) -> None:
    file = tmp_path / "all.backup"
    with installation(address_of(source), valkey, tmp_path) as app:
        contest = make_contest()
        picture = Media(sha256="a" * 64, content_type="image/png", body=bytes(range(256)), created_at=utc_now())
        child, parent = Topic(id=7001, name="子"), Topic(id=7002, name="父")
        db.session.add(picture)
        db.session.add_all([child, parent])
        db.session.flush()
        child.parent_id = parent.id
        db.session.commit()
        done, begun, fresh = play_some(app, contest)
        told = {phone.attempt: phone.look().json for phone in (done, begun, fresh)}
        made = make_backup(file, live=get_live(), now=utc_now())
        assert (made.events, stat.S_IMODE(file.stat().st_mode)) == (4, 0o600)
        names = db.session.scalars(select(Entry.name).order_by(Entry.id)).all()
    with installation(address_of(target), valkey, tmp_path) as app:
        restored = restore(file)
        assert (restored.recorded, restored.set_aside, restored.has_same_secret) == (4, 0, True)
        turn()
        contest = db.session.scalars(select(Contest)).one()
        assert verify(contest=contest) == []
        assert db.session.scalars(select(Entry.name).order_by(Entry.id)).all() == names
        assert db.session.scalar(select(Media.body)) == bytes(range(256))
        assert db.session.scalar(select(Topic.parent_id).where(Topic.id == 7001)) == 7002
        answered = {row.id: row.answered for row in db.session.execute(select(Attempt.id, Attempt.answered))}
        assert answered == {done.attempt: 2, begun.attempt: None, fresh.attempt: 2}
        moment = {"server_now": "", "remaining_ms": 0}
        for phone in (done, begun, fresh):
            phone.client = app.test_client()
            now, then = phone.look().json, told[phone.attempt]
            assert {**now, **moment} == {**then, **moment}
        assert begun.finish().status_code == 200
        # New rows are numbered behind the restored ones.
        Phone(app.test_client()).enter("后来的人")
        db.session.add(Unit(name="新单位", created_at=utc_now()))
        db.session.commit()
        record_all(contest)
        assert verify(contest=contest) == []
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_recorder_may_work_while_a_backup_is_made(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the copy of the events and that of the tables it records and trims all of them, and more come."""
    contest = make_contest()
    play_some(app, contest)
    look_at_tables = portable.all_columns

    def record_meanwhile() -> list[portable.Columns]:
        record_all(contest)
        Phone(app.test_client()).enter("路过")
        return look_at_tables()

    monkeypatch.setattr(portable, "all_columns", record_meanwhile)
    file = tmp_path / "all.backup"
    assert make_backup(file, live=get_live(), now=utc_now()).events == 4
    monkeypatch.undo()
    expected = db.session.scalar(select(func.count(Answer.id)))
    restored = restore(file, replaces=True)
    assert (restored.recorded, restored.set_aside) == (0, 0)
    assert db.session.scalar(select(func.count(Answer.id))) == expected
    turn()
    assert verify(contest=db.session.scalars(select(Contest)).one()) == []


def once(act: Callable[[], object], then: Callable[..., Any]) -> Callable[..., Any]:
    """`then`, with `act` before its first call."""
    acts = [act]

    def first(*arguments: Any, **more: Any) -> Any:
        while acts:
            acts.pop()()
        return then(*arguments, **more)

    return first


@pytest.mark.parametrize("where", ["count_events", "read_events", "read_gate_fields"])
def test_what_is_answered_after_a_rebuild_in_between_is_in_the_backup(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Before the events are copied the live data begin another life, and go on in it."""
    contest, phone = make_contest(), Phone(app.test_client())
    phone.enter()
    phone.begin()

    def rebuild_and_answer() -> None:
        monkeypatch.undo()
        rebuild(shard=Shard(contest.id), now=utc_now(), discards=True)
        assert phone.send(phone.right(kit_of(contest), 0), phone.right(kit_of(contest), 1)).status_code == 200

    monkeypatch.setattr(state, where, once(rebuild_and_answer, getattr(state, where)))
    file = tmp_path / "all.backup"
    make_backup(file, live=get_live(), now=utc_now())
    restored = restore(file, replaces=True)
    assert (restored.recorded, restored.set_aside) == (1, 0)
    assert db.session.scalar(select(func.count(Answer.id))) == 2


def test_a_rebuild_between_the_events_and_the_tables_counts_nothing_twice(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the copy of the events and that of the tables a rebuild records them and begins another life."""
    contest = make_contest()
    play_some(app, contest)

    def rebuild_now() -> None:
        rebuild(shard=Shard(contest.id), now=utc_now(), discards=True)

    monkeypatch.setattr(portable, "all_columns", once(rebuild_now, portable.all_columns))
    file = tmp_path / "all.backup"
    assert make_backup(file, live=get_live(), now=utc_now()).events == 4
    restored = restore(file, replaces=True)
    assert (restored.recorded, restored.set_aside) == (0, 0)
    turn()
    assert verify(contest=db.session.scalars(select(Contest)).one()) == []


def test_events_of_another_life_that_the_records_lack_are_set_aside(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest = make_contest()
    _done, begun, _fresh = play_some(app, contest)
    begun.finish()

    def begin_another_life() -> None:
        db.session.execute(update(RecorderPosition).values(lineage="another"))
        db.session.commit()

    monkeypatch.setattr(portable, "all_columns", once(begin_another_life, portable.all_columns))
    file = tmp_path / "all.backup"
    assert make_backup(file, live=get_live(), now=utc_now()).events == 5
    restored = restore(file, replaces=True)
    assert (restored.recorded, restored.set_aside) == (0, 5)
    assert "another life" in db.session.scalars(select(DeadLetter.reason)).all()[4]


def test_what_was_halted_is_set_aside_and_the_doors_open(app: Flask, tmp_path: Path) -> None:
    contest = make_contest()
    shard = Shard(contest.id)
    play_some(app, contest)
    db.session.execute(update(RecorderPosition).values(halted_reason="a gap"))
    db.session.commit()
    file = tmp_path / "all.backup"
    make_backup(file, live=get_live(), now=utc_now())
    assert restore(file, replaces=True).set_aside == 4
    letters = db.session.scalars(select(DeadLetter.reason)).all()
    assert len(letters) == 4 and "a gap" in letters[0]
    turn()
    assert state.has_gate(get_live(), shard)


def test_a_restored_contest_begins_a_new_lineage(app: Flask, tmp_path: Path) -> None:
    shard = Shard(make_contest().id)
    before = recorder.read_position(shard)
    file = tmp_path / "all.backup"
    make_backup(file, live=get_live(), now=utc_now())
    restore(file, replaces=True)
    after = recorder.read_position(shard)
    assert before and after and before.lineage != after.lineage and after.number == 0
    assert not state.has_gate(get_live(), shard)
