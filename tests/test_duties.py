"""Timed duties on an installation's own data."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from quizapp import duties
from quizapp.admin.models import Site
from quizapp.core.db import db
from quizapp.core.settings import Settings

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def keep_logs_in(app: Flask, settings: Settings, folder: Path) -> None:
    app.extensions["quizapp.settings"] = replace(settings, log_dir=folder)
    for day in ("2026-05-23", "2026-05-24", "2026-11-13", "2026-11-23"):
        (folder / f"{day}.log").touch()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.log"))


def test_logs_of_half_a_year_are_kept_by_default(app: Flask, settings: Settings, tmp_path: Path) -> None:
    keep_logs_in(app, settings, tmp_path)
    assert duties.delete_old_logs(NOW) == ["2026-05-23.log"]
    assert names(tmp_path) == ["2026-05-24.log", "2026-11-13.log", "2026-11-23.log"]


def test_site_may_keep_them_for_another_time(app: Flask, settings: Settings, tmp_path: Path) -> None:
    keep_logs_in(app, settings, tmp_path)
    db.session.add(Site(log_retention_days=365))
    db.session.commit()
    assert duties.delete_old_logs(NOW) == []


def test_nothing_is_deleted_where_lines_go_to_stderr(app: Flask) -> None:
    assert duties.delete_old_logs(NOW) == []


def test_every_duty_can_be_done_twice_on_an_empty_installation(app: Flask) -> None:
    for _time in range(2):
        for duty in duties.all_duties():
            duty.act(NOW)
    assert len({duty.name for duty in duties.all_duties()}) == len(duties.all_duties())
