from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from quizapp.accounts.models import AuditEvent
from quizapp.accounts.queries import latest_notice
from quizapp.contests import jobs
from quizapp.contests.actions import enter
from quizapp.contests.entering import anonymise
from quizapp.contests.models import Contest, Entry
from quizapp.core.db import db
from quizapp.core.live_servers import LiveStoreDown
from tests.contests.makers import NOW, make_bank, make_published


def forget(*, contest: Contest, entry: Entry, now: datetime) -> None:
    anonymise(entry=entry, now=now)


def fill(contest: Contest, people: int) -> None:
    for number in range(people):
        fields = {"nickname": f"小明{number}"}
        enter(contest=contest, fields=fields, notice_version=latest_notice().version, resume_code=None, now=NOW)
    db.session.commit()


def test_fields_are_deleted_when_their_days_are_over_and_not_before(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BATCH", 2)
    bank = make_bank(single=10)
    contest = make_published(bank, retention_days=30)
    other = make_published(bank, slug="other", retention_days=31)
    fill(contest, 5)
    fill(other, 1)
    over = contest.closes_at + timedelta(days=30)
    assert jobs.delete_expired_fields(over - timedelta(seconds=1), forget=forget) == 0
    assert jobs.delete_expired_fields(over, forget=forget) == 5
    assert jobs.delete_expired_fields(over, forget=forget) == 0
    entries = db.session.scalars(select(Entry).order_by(Entry.id)).all()
    assert [entry.name for entry in entries] == [None] * 5 + ["小明0"]
    assert {entry.masked_name for entry in entries[:5]} == {"***"}


def test_each_deletion_is_on_the_trail_without_names(app: Flask) -> None:
    contest = make_published(make_bank(single=10))
    fill(contest, 3)
    jobs.delete_expired_fields(contest.closes_at + timedelta(days=180), forget=forget)
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "contests.delete_expired_fields")).one()
    assert (event.actor_name, event.detail) == ("system", {"entries": 3, "retention_days": 180})


def test_a_contest_whose_store_is_away_does_not_keep_the_others_names(app: Flask) -> None:
    bank = make_bank(single=10)
    away, other = make_published(bank), make_published(bank, slug="other")
    fill(away, 2)
    fill(other, 3)

    def forget_some(*, contest: Contest, entry: Entry, now: datetime) -> None:
        forget(contest=contest, entry=entry, now=now)
        if contest.slug == away.slug:
            raise LiveStoreDown

    with pytest.raises(LiveStoreDown):
        jobs.delete_expired_fields(other.closes_at + timedelta(days=180), forget=forget_some)
    db.session.rollback()
    names = db.session.execute(select(Entry.contest_id, Entry.name).order_by(Entry.id)).all()
    assert [name for contest_id, name in names if contest_id == away.id] == ["小明0", "小明1"]
    assert [name for contest_id, name in names if contest_id == other.id] == [None] * 3
