"""What is deleted when its time is over, and what is not."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from quizapp.accounts import audit
from quizapp.accounts.models import AuditEvent, Consent, EndedSession, UnitImport, User
from quizapp.admin.jobs import DUTIES, delete_expired
from quizapp.admin.models import Site
from quizapp.core.clock import utc_now
from quizapp.core.db import db

NOW = utc_now()


def note(days: int) -> None:
    audit.record(
        action=f"test.{days}",
        subject_kind="x",
        subject_id="1",
        detail={},
        now=NOW - timedelta(days=days),
        actor=None,
    )


@pytest.mark.parametrize(("kept_days", "left"), [(183, ["test.1", "test.182"]), (30, ["test.1", "test.182"]),
                                                 (200, ["test.1", "test.182", "test.184"])])  # fmt: skip
def test_audit_rows_stay_as_long_as_set_and_at_least_six_months(app: Flask, kept_days: int, left: list[str]) -> None:
    db.session.add(Site(id=1, log_retention_days=kept_days))
    for days in (1, 182, 184, 400):
        note(days)
    db.session.commit()
    delete_expired(NOW)
    assert list(db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id))) == left


def test_an_installation_without_settings_keeps_six_months(app: Flask) -> None:
    note(182)
    note(184)
    db.session.commit()
    delete_expired(NOW)
    assert list(db.session.scalars(select(AuditEvent.action))) == ["test.182"]


def test_ended_sessions_and_forgotten_lists_go_and_consents_stay(app: Flask, olga: User) -> None:
    for hours in (1, 13):
        db.session.add(EndedSession(id=str(hours), ended_at=NOW - timedelta(hours=hours)))
        staged_at = NOW - timedelta(hours=hours * 2)
        db.session.add(UnitImport(file_name=str(hours), content=b"x", created_by_id=olga.id, created_at=staged_at))
    db.session.add(Consent(notice_version="1", subject="s", purpose="contest:1", given_at=NOW - timedelta(days=900)))
    db.session.commit()
    delete_expired(NOW)
    assert list(db.session.scalars(select(EndedSession.id))) == ["1"]
    assert list(db.session.scalars(select(UnitImport.file_name))) == ["1"]
    assert db.session.scalar(select(Consent.id)) is not None


def test_old_log_files_go(app: Flask, tmp_path: Path) -> None:
    app.extensions["quizapp.settings"] = dataclasses.replace(app.extensions["quizapp.settings"], log_dir=tmp_path)
    names = [f"{NOW - timedelta(days=days):%Y-%m-%d}.log" for days in (0, 180, 190)]
    for name in names:
        (tmp_path / name).write_text("{}")
    delete_expired(NOW)
    assert sorted(path.name for path in tmp_path.glob("*.log")) == sorted(names[:2])


def test_the_duty_is_offered_to_the_worker() -> None:
    assert [duty.act for duty in DUTIES] == [delete_expired]
