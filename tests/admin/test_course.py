"""The page with the house's last hour: who sees it, what it draws, what it says when nothing comes."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.accounts.models import User
from quizapp.admin.course import Curve, course
from quizapp.admin.samples import MINUTE_MS
from quizapp.core import adding_up
from quizapp.core.clock import to_ms, utc_now
from quizapp.core.live import Live, get_live
from tests.cast import sign_in

NOW = utc_now().replace(second=30)


def keep(minutes_ago: int, **figures: Any) -> None:
    moment = to_ms(NOW - timedelta(minutes=minutes_ago)) // MINUTE_MS * MINUTE_MS
    whole = {"processes": {"web": 2}, "halted_shards": 0, "dead_letters": None, "disk_free_bytes": 5 * 1024**3}
    adding_up.keep_sample(get_live(), minute_ms=moment, text=json.dumps(whole | figures), oldest_ms=0)


def curves(now: datetime = NOW) -> dict[str, Curve]:
    return {curve.name: curve for curve in course(get_live(), now=now, timezone="Asia/Shanghai").curves}


def heights(curve: Curve) -> list[bool]:
    """Whether there is a bar in each of the last four minutes."""
    return [bar is not None for bar in curve.drawing.bars[-4:]]


def test_counters_are_drawn_as_what_they_gained_each_minute(app: Flask) -> None:
    for minutes_ago, answers in ((3, 100), (2, 130), (1, 130), (0, 1130)):
        keep(minutes_ago, answers=answers)
    found = curves()["answers"]
    assert [text for _minute, text in found.rows] == ["1,000", "30"]
    assert heights(found) == [False, True, False, True]
    assert found.newest == "1,000"


def test_a_counter_that_begins_anew_and_a_minute_that_is_missing_draw_nothing(app: Flask) -> None:
    for minutes_ago, answers in ((3, 100), (2, 7), (0, 50)):
        keep(minutes_ago, answers=answers)
    assert heights(curves()["answers"]) == [False, False, False, False]


def test_levels_are_drawn_as_they_are_and_unknown_ones_left_out(app: Flask) -> None:
    keep(1, playing=12, memory_used_bytes=300 * 1024 * 1024, lag_seconds=None)
    keep(0, playing=None, memory_used_bytes=None, lag_seconds=4)
    found = curves()
    assert [found[name].newest for name in ("playing", "memory", "lag_seconds", "waiting")] == [
        "12",
        "300 MB",
        "4 s",
        "—",
    ]


def test_the_mean_time_is_that_of_the_minutes_own_requests(app: Flask) -> None:
    keep(1, responses=1000, microseconds=9_000_000)
    keep(0, responses=1010, microseconds=9_050_000)
    assert curves()["mean"].newest == "5 ms"


@pytest.mark.parametrize(("name", "status"), [("olga", 403), ("ada", 200)])
def test_the_page_is_for_administrators(client: FlaskClient, ada: User, olga: User, name: str, status: int) -> None:
    sign_in(client, name)
    assert client.get("/admin/course").status_code == status


def test_the_page_shows_what_was_sampled(client: FlaskClient, ada: User) -> None:
    keep(1, answers=10)
    keep(0, answers=4331)
    sign_in(client, "ada")
    page = client.get("/admin/course").text
    assert "4,321" in page
    assert "5.0 GB" in page
    assert page.count('class="chart"') == len(curves())


def test_the_page_says_when_nothing_was_sampled_yet_or_lately(client: FlaskClient, ada: User) -> None:
    sign_in(client, "ada")
    assert 'class="empty"' in client.get("/admin/course").text
    keep(10, answers=4)
    page = client.get("/admin/course").text
    assert "quizapp work" in page
    assert 'class="empty"' not in page


def test_the_page_stands_while_redis_is_away(app: Flask, client: FlaskClient, ada: User) -> None:
    sign_in(client, "ada")
    app.extensions["quizapp.live"] = Live("unix:///nowhere")
    response = client.get("/admin/course")
    assert response.status_code == 503
