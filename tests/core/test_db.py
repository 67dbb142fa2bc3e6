"""The session and what hangs on its commit."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from quizapp.accounts.models import PrivacyNotice
from quizapp.core.clock import utc_now
from quizapp.core.db import after_commit, db


def test_act_runs_after_the_commit_and_only_once(app: Flask) -> None:
    done: list[str] = []
    db.session.execute(text("select 1"))
    after_commit(lambda: done.append("act"))
    assert done == []
    db.session.commit()
    db.session.execute(text("select 1"))
    db.session.commit()
    assert done == ["act"]


def test_act_is_forgotten_by_a_rollback(app: Flask) -> None:
    done: list[str] = []
    db.session.execute(text("select 1"))
    after_commit(lambda: done.append("act"))
    db.session.rollback()
    db.session.execute(text("select 1"))
    db.session.commit()
    assert done == []


def test_naive_moment_is_refused(app: Flask) -> None:
    db.session.add(PrivacyNotice(version="1", body="…", published_at=datetime(2026, 1, 1)))  # noqa: DTZ001
    with pytest.raises(Exception, match="time zone"):
        db.session.flush()


def test_moment_comes_back_aware(app: Flask) -> None:
    now = utc_now()
    notice = PrivacyNotice(version="1", body="…", published_at=now)
    db.session.add(notice)
    db.session.commit()
    assert notice.published_at == now


def test_sql_that_goes_away_at_the_commit_is_told_as_away(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def commit() -> None:
        raise OperationalError("COMMIT", {}, Exception("server closed the connection"))

    app.config["WTF_CSRF_ENABLED"] = False
    app.add_url_rule("/written", "written", lambda: str(db.session.scalar(text("select 1"))), methods=["POST"])
    monkeypatch.setattr(db.session, "commit", commit)
    response = app.test_client().post("/written", headers={"Accept": "application/json"})
    assert response.status_code == 503
    assert "Retry-After" in response.headers
