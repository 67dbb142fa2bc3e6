from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import redis
from flask import Flask
from sqlalchemy import select

from quizapp.bank.models import Question
from quizapp.bank.reviewing import hold
from quizapp.contests.actions import choose_questions, draw_questions
from quizapp.contests.checks import Report, check
from quizapp.contests.drafts import SectionDraft
from quizapp.contests.models import Contest
from quizapp.core.db import db
from quizapp.core.embedded import Valkey
from quizapp.core.live import get_live
from tests.contests.makers import NOW, make_bank, make_contest


def look(contest: Contest, **changes: Any) -> Report:
    values: dict[str, Any] = {"now": NOW, "durability": "always", "live": get_live()}
    return check(contest=contest, **(values | changes))


def codes(report: Report) -> dict[str, bool]:
    return {finding.code: finding.stops for finding in report.findings}


def test_a_sound_contest_may_be_published(app: Flask) -> None:
    report = look(make_contest(make_bank(single=100), attempts_per_day=None, opens_at=NOW + timedelta(hours=1)))
    assert report.findings == []
    assert (report.question_count, report.full_hundredths, report.pool_sizes) == (10, 10_000, [100])
    assert report.overlap == pytest.approx(1.0)
    assert report.exposure == (pytest.approx(100), pytest.approx(100))


def test_the_exposure_follows_the_number_of_people(app: Flask) -> None:
    assert look(make_contest(make_bank(single=100)), people=50).exposure == (pytest.approx(5), pytest.approx(5))


def test_a_bank_that_is_too_small_stops_publishing(app: Flask) -> None:
    report = look(make_contest(make_bank(single=9)))
    assert codes(report)["too_few_questions"]
    assert "10" in report.errors[0].message and "9" in report.errors[0].message


def test_sections_that_share_too_few_questions_are_named_together(app: Flask) -> None:
    bank = make_bank(single=10, multiple=20)
    contest = make_contest(
        bank,
        sections=[
            SectionDraft(bank_id=bank.id, kind="multiple", count=20, points_hundredths=100),
            SectionDraft(bank_id=bank.id, kind="single", count=6, points_hundredths=100),
            SectionDraft(bank_id=bank.id, kind="single", difficulty=2, count=6, points_hundredths=100),
        ],
    )
    errors = look(contest).errors
    assert [finding.code for finding in errors] == ["too_few_questions"]
    assert "2、3" in errors[0].message


def test_a_held_question_is_missed(app: Flask) -> None:
    contest = make_contest(make_bank(single=10))
    question = db.session.scalars(select(Question)).first()
    assert question is not None
    hold(question=question, reason="法条已修订")
    assert codes(look(contest))["too_few_questions"]


def test_a_window_that_is_over_stops_publishing_and_one_that_has_begun_is_told(app: Flask) -> None:
    contest = make_contest()
    assert codes(look(contest))["opens_at_once"] is False
    assert codes(look(contest, now=contest.closes_at))["already_over"] is True


def test_a_fixed_paper_needs_exactly_its_questions(app: Flask) -> None:
    contest = make_contest(make_bank(single=30), paper="fixed")
    section = contest.sections[0]
    assert codes(look(contest))["wrong_number_chosen"]
    draw_questions(section=section, seed="s", lock_version=contest.lock_version)
    assert "wrong_number_chosen" not in codes(look(contest))
    held = section.questions[0].question
    hold(question=held, reason="法条已修订")
    report = look(contest)
    assert codes(report)["not_usable"]
    assert str(held.id) in report.errors[0].message


def test_a_question_chosen_in_two_sections_stops_publishing(app: Flask) -> None:
    bank = make_bank(single=4)
    row = SectionDraft(bank_id=bank.id, count=2, points_hundredths=100)
    contest = make_contest(bank, paper="fixed", sections=[row, row])
    first, second = contest.sections
    ids = [question.id for question in db.session.scalars(select(Question))]
    choose_questions(section=first, add=ids[:2], remove=(), lock_version=contest.lock_version)
    choose_questions(section=second, add=ids[2:], remove=(), lock_version=contest.lock_version)
    second.questions[0].question_id = ids[0]
    db.session.flush()
    assert codes(look(contest))["chosen_twice"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"attempts_per_day": 3}, "nickname_is_weak"),
        ({"entry_mode": "form", "entry_fields": ["name"]}, "namesakes"),
        ({"limit_seconds": 60, "sections_count": 20}, "too_hasty"),
    ],
)
def test_what_is_worth_a_second_thought_does_not_stop_publishing(
    app: Flask, changes: dict[str, Any], code: str
) -> None:
    bank = make_bank(single=40)
    count = changes.pop("sections_count", 10)
    contest = make_contest(
        bank, sections=[SectionDraft(bank_id=bank.id, count=count, points_hundredths=100)], **changes
    )
    report = look(contest)
    assert codes(report)[code] is False
    assert report.errors == []


def test_a_small_bank_and_a_fixed_paper_that_shows_its_key_are_told(app: Flask) -> None:
    assert "high_overlap" in codes(look(make_contest(make_bank(single=15))))
    bank = make_bank("另一个", single=15)
    assert "key_gets_out" in codes(look(make_contest(bank, slug="fixed", paper="fixed")))


def test_questions_without_explanation_or_basis_are_counted(app: Flask) -> None:
    contest = make_contest(make_bank(single=20))
    for question in db.session.scalars(select(Question).limit(3)):
        question.latest.explanation, question.latest.articles = "", []
    db.session.flush()
    report = look(contest)
    assert {"no_explanation", "no_basis"} <= codes(report).keys()
    assert all("3" in finding.message for finding in report.warnings if finding.code.startswith("no_"))


def test_a_form_that_asks_for_a_unit_needs_units(app: Flask) -> None:
    assert codes(look(make_contest(entry_mode="form", entry_fields=["name", "unit"])))["no_units"]


@pytest.mark.parametrize(
    ("setting", "value", "durability", "stops"),
    [
        ("appendfsync", "everysec", "always", {"not_durable": True}),
        ("appendfsync", "everysec", "everysec", {"everysec": False}),
        ("appendfsync", "no", "everysec", {"not_durable": True}),
        ("appendonly", "no", "always", {"not_durable": True}),
        ("no-appendfsync-on-rewrite", "yes", "everysec", {"not_durable": True}),
        ("maxmemory-policy", "allkeys-lru", "always", {"not_durable": True}),
        ("maxmemory", "0", "always", {"no_memory_limit": False}),
    ],
)
def test_a_redis_that_may_lose_answers_stops_publishing_unless_it_was_chosen(
    app: Flask, valkey: Valkey, setting: str, value: str, durability: str, stops: dict[str, bool]
) -> None:
    contest = make_contest(make_bank(single=100), attempts_per_day=None, opens_at=NOW + timedelta(hours=1))
    admin = redis.Redis.from_url(valkey.admin_url, decode_responses=True)
    before = admin.config_get(setting)[setting]
    admin.config_set(setting, value)
    try:
        assert codes(look(contest, durability=durability)) == stops
    finally:
        admin.config_set(setting, before)
        admin.close()


def test_a_redis_that_is_gone_stops_publishing(app: Flask) -> None:
    live = type(get_live())("unix:///nowhere/v.sock")
    assert codes(look(make_contest(), live=live))["server_down"]
