from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask

from quizapp.contests.models import Contest
from quizapp.core.web import LANGUAGE_COOKIE
from quizapp.play.words import duration_text, figure_text, window_text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0′00″"), (59_999, "0′59″"), (222_000, "3′42″"), (3_600_000, "1:00′00″"), (None, "—")],
)
def test_a_duration_is_written_in_minutes_and_seconds(milliseconds: int | None, text: str) -> None:
    assert duration_text(milliseconds) == text


@pytest.mark.parametrize(
    ("language", "number", "text"),
    [("zh_Hans", 70_318, "70,318"), ("zh_Hans", 802_314, "80.2 万"), ("en", 802_314, "802,314")],
)
def test_a_great_figure_is_written_as_the_language_counts(app: Flask, language: str, number: int, text: str) -> None:
    with app.test_request_context("/", headers={"Cookie": f"{LANGUAGE_COOKIE}={language}"}):
        assert figure_text(number) == text


def test_a_window_is_written_in_the_zone_of_the_contest(app: Flask) -> None:
    contest = Contest(
        timezone="Asia/Shanghai",
        opens_at=datetime(2026, 11, 23, 0, 0, tzinfo=UTC),
        closes_at=datetime(2026, 11, 30, 14, 0, tzinfo=UTC),
    )
    with app.test_request_context("/"):
        text = window_text(contest)
    assert "2026-11-23 08:00</time> 至 <time" in text
    assert "2026-11-30 22:00</time>" in text
