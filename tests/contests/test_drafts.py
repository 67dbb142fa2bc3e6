from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from quizapp.contests.drafts import Draft, SectionDraft, complaints
from quizapp.contests.words import COMPLAINTS

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
ROW = SectionDraft(bank_id=1, count=10, points_hundredths=1000)
GOOD = Draft(slug="autumn", title="秋季竞赛", opens_at=NOW, closes_at=NOW + timedelta(days=7), sections=(ROW,))


def test_a_plain_draft_has_nothing_wrong() -> None:
    assert complaints(GOOD) == []


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"slug": "Herbst"}, "slug", "slug"),
        ({"slug": ""}, "slug", "slug"),
        ({"title": " "}, "title", "title_empty"),
        ({"title": "字" * 129}, "title", "title_too_long"),
        ({"title": "a\u202eb"}, "title", "title_bad_characters"),
        ({"host_name": "字" * 129}, "host_name", "host_name"),
        ({"introduction": "字" * 5001}, "introduction", "introduction_too_long"),
        ({"introduction": "a\x00b"}, "introduction", "bad_characters"),
        ({"accent": "red"}, "accent", "accent"),
        ({"accent": "#808080"}, "accent", "accent"),
        ({"timezone": "Mars/Base"}, "timezone", "timezone"),
        ({"timezone": "../etc/passwd"}, "timezone", "timezone"),
        ({"timezone": ""}, "timezone", "timezone"),
        ({"closes_at": NOW}, "closes_at", "closes_before_opens"),
        ({"closes_at": NOW - timedelta(days=1)}, "closes_at", "closes_before_opens"),
        ({"closes_at": NOW + timedelta(days=367)}, "closes_at", "window_too_long"),
        ({"opens_at": datetime(1, 1, 2, tzinfo=UTC)}, "opens_at", "moment"),
        ({"closes_at": datetime(9999, 12, 30, tzinfo=UTC)}, "closes_at", "moment"),
        ({"limit_seconds": None, "closes_at": NOW + timedelta(days=25)}, "limit_seconds", "untimed_window"),
        ({"limit_seconds": 59}, "limit_seconds", "limit"),
        ({"limit_seconds": 10801}, "limit_seconds", "limit"),
        ({"limit_seconds": -600}, "limit_seconds", "limit"),
        ({"attempts_total": 0}, "attempts_total", "attempts"),
        ({"attempts_per_day": 1001}, "attempts_per_day", "attempts"),
        ({"pass_mark_hundredths": 0}, "pass_mark_hundredths", "pass_mark"),
        ({"pass_mark_hundredths": 10_001}, "pass_mark_hundredths", "pass_mark"),
        ({"feedback": "all"}, "feedback", "choice"),
        ({"feedback_time": "never"}, "feedback_time", "choice"),
        ({"feedback": "score", "feedback_time": "at_once"}, "feedback_time", "at_once_needs_answers"),
        ({"entry_mode": "anybody"}, "entry_mode", "choice"),
        ({"entry_mode": "form"}, "entry_fields", "name_needed"),
        ({"entry_mode": "form", "entry_fields": ("name", "religion")}, "entry_fields", "choice"),
        ({"entry_fields": ("name", "audience")}, "audience_groups", "groups_needed"),
        ({"audience_groups": ("学生", "学生")}, "audience_groups", "groups"),
        ({"audience_groups": ("字" * 33,)}, "audience_groups", "groups"),
        ({"audience_groups": tuple(f"第 {n} 组" for n in range(31))}, "audience_groups", "too_many_groups"),
        ({"capacity": 0}, "capacity", "capacity"),
        ({"retention_days": 0}, "retention_days", "retention_days"),
        ({"paper": "oral"}, "paper", "choice"),
        ({"sections": ()}, "sections", "no_sections"),
        ({"sections": (ROW,) * 21}, "sections", "too_many_sections"),
        ({"sections": (replace(ROW, count=0),)}, "sections-0-count", "count"),
        ({"sections": (ROW, replace(ROW, count=-1))}, "sections-1-count", "count"),
        ({"sections": (replace(ROW, points_hundredths=0),)}, "sections-0-points_hundredths", "points"),
        ({"sections": (replace(ROW, points_hundredths=-100),)}, "sections-0-points_hundredths", "points"),
        ({"sections": (replace(ROW, kind="short_text"),)}, "sections-0-kind", "choice"),
        ({"sections": (replace(ROW, difficulty=4),)}, "sections-0-difficulty", "choice"),
        ({"sections": (replace(ROW, count=150),) * 2}, "sections", "too_many_questions"),
        ({"sections": (replace(ROW, count=42, points_hundredths=100_000),)}, "sections", "full_score"),
    ],
)
def test_a_wrong_field_is_named_with_its_reason(changes: dict[str, Any], field: str, code: str) -> None:
    found = complaints(replace(GOOD, **changes))
    assert (field, code) in [(complaint.field, complaint.code) for complaint in found]
    assert str(COMPLAINTS[code])


@pytest.mark.parametrize(
    "changes",
    [
        {"limit_seconds": None},
        {"limit_seconds": 60},
        {"limit_seconds": 10800},
        {"accent": "#b3261e"},
        {"introduction": "第一行\n第二行\t说明"},
        {"entry_mode": "form", "entry_fields": ("name", "audience"), "audience_groups": ("学生", "村（居）民")},
        {"sections": (replace(ROW, count=41, points_hundredths=100_000),)},
        {"timezone": "America/New_York", "pass_mark_hundredths": 10_000},
    ],
)
def test_values_at_the_limits_are_taken(changes: dict[str, Any]) -> None:
    assert complaints(replace(GOOD, **changes)) == []
