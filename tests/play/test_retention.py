"""People are forgotten when their time is over, also on the boards."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from quizapp.contests.models import Contest, Entry
from quizapp.core.db import db
from quizapp.core.live import LiveStoreDown
from quizapp.play import actions
from quizapp.play.retention import DUTIES
from tests.play.makers import Phone, record_all


def test_duty_takes_names_from_records_and_boards(app: Flask, contest: Contest, player: Phone) -> None:
    player.finish()
    record_all(contest)
    db.session.commit()
    over = contest.closes_at + timedelta(days=contest.retention_days)
    assert [duty.act(over - timedelta(seconds=1)) for duty in DUTIES] == [0]
    assert [duty.act(over) for duty in DUTIES] == [1]
    entry = db.session.scalars(select(Entry)).one()
    assert (entry.name, entry.masked_name) == (None, "***")
    rows = player.client.get("/api/v1/contests/autumn/boards/overall").json["rows"]
    assert [row["name"] for row in rows] == ["***"]


def test_nobody_is_half_forgotten_while_redis_is_away(
    app: Flask, contest: Contest, player: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    player.finish()
    record_all(contest)
    db.session.commit()

    def unreachable(*_args: object, **_kwargs: object) -> None:
        raise LiveStoreDown

    monkeypatch.setattr(actions.state, "forget_person", unreachable)
    with pytest.raises(LiveStoreDown):
        DUTIES[0].act(contest.closes_at + timedelta(days=contest.retention_days))
    db.session.rollback()
    assert db.session.scalars(select(Entry.name)).one() == "小明"
