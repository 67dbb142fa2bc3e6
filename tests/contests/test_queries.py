from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask

from quizapp.accounts.models import Unit
from quizapp.contests import queries
from quizapp.contests.models import Contest
from quizapp.core.db import db
from quizapp.core.errors import NotFound
from tests.contests.makers import NOW, make_bank, make_contest, make_published

OPENS, CLOSES = NOW + timedelta(hours=1), NOW + timedelta(hours=2)


@pytest.mark.parametrize(
    ("state", "paused_at", "now", "stage"),
    [
        ("draft", None, OPENS, "draft"),
        ("published", None, OPENS - timedelta(seconds=1), "waiting"),
        ("published", None, OPENS, "open"),
        ("published", NOW, OPENS, "paused"),
        ("published", NOW, OPENS - timedelta(seconds=1), "paused"),
        ("published", None, CLOSES, "closed"),
        ("published", NOW, CLOSES, "paused"),
    ],
)
def test_the_stage_follows_from_the_clock_in_python_and_in_sql(
    app: Flask, state: str, paused_at: datetime | None, now: datetime, stage: str
) -> None:
    contest = make_contest(make_bank(single=1), opens_at=OPENS, closes_at=CLOSES)
    contest.state, contest.paused_at = state, paused_at
    db.session.flush()
    assert queries.stage_of(contest, now=now) == stage
    stages = ("draft", "waiting", "open", "paused", "closed")
    found = {name: _count(name, now) for name in stages}
    assert found == dict.fromkeys(stages, 0) | {stage: 1}


def _count(stage: str, now: datetime) -> int:
    return len(list(db.session.scalars(queries.contests_in_stage(stage=stage, words="", now=now))))


def test_a_draft_is_not_found_where_only_published_contests_are_shown(app: Flask) -> None:
    make_contest()
    assert queries.get_contest("autumn").slug == "autumn"
    for slug in ("autumn", "nothing"):
        with pytest.raises(NotFound):
            queries.get_published(slug)


def test_published_contests_come_with_the_newest_first(app: Flask) -> None:
    bank = make_bank(single=10)
    make_contest(bank, slug="draft")
    make_published(bank, slug="older", opens_at=NOW - timedelta(days=2))
    make_published(bank, slug="newer")
    assert [contest.slug for contest in queries.published_contests()] == ["newer", "older"]


def test_the_entry_form_is_told_with_its_choices(app: Flask) -> None:
    unit = Unit(name="教育局", created_at=NOW)
    db.session.add(unit)
    db.session.flush()
    contest = make_contest(
        entry_mode="form", entry_fields=["name", "phone", "unit", "audience"], audience_groups=["学生"]
    )
    fields = queries.entry_fields(contest)
    assert [(field.name, field.label, field.kind, field.required) for field in fields] == [
        ("name", "姓名", "text", True),
        ("phone", "手机号", "phone", True),
        ("unit", "单位", "choice", True),
        ("audience", "人群", "choice", True),
    ]
    assert fields[2].choices == [(str(unit.id), "教育局")]
    assert fields[3].choices == [("学生", "学生")]


def test_a_nickname_contest_asks_for_the_nickname_alone(app: Flask) -> None:
    assert [field.name for field in queries.entry_fields(Contest(entry_mode="nickname"))] == ["nickname"]
