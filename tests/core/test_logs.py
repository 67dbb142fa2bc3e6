"""Log lines: JSON, one a line, one file a day, deleted after a while."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from quizapp.core import logs


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Path]:
    """The folder that log lines go to for the time of a test."""
    kept = logging.root.handlers[:]
    logs.configure(level="INFO", folder=tmp_path)
    yield tmp_path
    logs.configure(level="INFO")
    logging.root.handlers[:] = kept


def read(folder: Path) -> list[dict[str, object]]:
    (path,) = folder.glob("*.log")
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_control_characters_forge_no_line(lines: Path) -> None:
    logs.get_logger("play").info("visit", who='x\n{"event": "forged"}\r\x1b[31m')
    logging.getLogger("library").warning("first\nsecond %s", "\r\nthird")
    events = read(lines)
    assert [event["event"] for event in events] == ["visit", "first\nsecond \r\nthird"]
    assert events[0]["room"] == "play"


def test_lines_of_several_writers_go_into_one_file_of_the_day(tmp_path: Path) -> None:
    first, second = logs.DailyFile(tmp_path), logs.DailyFile(tmp_path)
    first.write("甲\n")
    second.write("乙\n")
    first.write("丙\n")
    (path,) = tmp_path.iterdir()
    assert path.read_text() == "甲\n乙\n丙\n"
    assert path.stat().st_mode & 0o077 == 0


def test_a_line_that_the_disk_does_not_take_stops_nobody(
    lines: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.get_logger("play").info("before")
    (path,) = lines.iterdir()
    path.rename(lines / "kept")
    lines.rename(lines.with_name("away"))
    lines.touch()
    monkeypatch.setattr(logs, "utc_now", lambda: datetime(2031, 1, 1, tzinfo=UTC))
    logs.get_logger("play").info("no folder")
    lines.unlink()
    lines.mkdir()
    (lines / "2031-01-01.log").symlink_to("/dev/full")
    logs.get_logger("play").info("disk full")
    (lines / "2031-01-01.log").unlink()
    monkeypatch.setattr(logs, "utc_now", lambda: datetime(2031, 1, 2, tzinfo=UTC))
    logs.get_logger("play").info("after")
    assert [event["event"] for event in read(lines)] == ["after"]
    told = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert told == ["no folder", "disk full"]


def test_old_days_are_deleted_and_nothing_else(tmp_path: Path) -> None:
    for name in ("2026-01-01.log", "2026-05-24.log", "2026-05-25.log", "2026-11-23.log", "notes.txt"):
        (tmp_path / name).touch()
    gone = logs.delete_old(tmp_path, keep_days=182, today=date(2026, 11, 23))
    assert gone == ["2026-01-01.log", "2026-05-24.log"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2026-05-25.log", "2026-11-23.log", "notes.txt"]
