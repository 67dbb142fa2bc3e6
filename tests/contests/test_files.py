from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from quizapp.accounts.models import Unit
from quizapp.bank.models import PLAYABLE_KINDS, Bank
from quizapp.contests import presets
from quizapp.contests.drafts import SectionDraft, complaints
from quizapp.contests.files import draft_of_preset, read_contest
from quizapp.core.db import db
from quizapp.core.errors import Invalid
from tests.contests.makers import NOW, make_bank

DOCUMENT: dict[str, Any] = {
    "title": "宪法知识竞赛",
    "slug": "xianfa-2026",
    "opens_at": "2026-12-04T08:00",
    "closes_at": "2026-12-11T22:00",
    "sections": [{"bank": "民族宗教", "kind": "single", "topic": "宪法", "difficulty": 2, "count": 10, "points": 2.5}],
}


@pytest.fixture
def bank(app: Flask) -> Bank:
    return make_bank(single=20)


def read(**changes: Any) -> Any:
    return read_contest(json.dumps(DOCUMENT | changes).encode(), site_timezone="Asia/Shanghai")


def test_a_file_gives_a_draft_with_names_looked_up(bank: Bank) -> None:
    draft = read(pass_mark=15, limit_minutes=None)
    assert complaints(draft) == []
    assert draft.opens_at == datetime(2026, 12, 4, 0, 0, tzinfo=UTC)
    assert (draft.pass_mark_hundredths, draft.limit_seconds, draft.timezone) == (1500, None, "Asia/Shanghai")
    (section,) = draft.sections
    assert (section.bank_id, section.kind, section.difficulty, section.points_hundredths) == (bank.id, "single", 2, 250)
    assert section.topic_id is not None


def test_an_offset_in_a_time_goes_before_the_zone(bank: Bank) -> None:
    assert read(opens_at="2026-12-04T08:00:00+00:00").opens_at == datetime(2026, 12, 4, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(("kind", "codes"), [*((kind, []) for kind in PLAYABLE_KINDS), ("short_text", ["choice"])])
def test_a_section_may_ask_for_every_kind_that_can_be_played(bank: Bank, kind: str, codes: list[str]) -> None:
    draft = read(sections=[{"bank": "民族宗教", "kind": kind, "count": 5, "points": 2}])
    assert [complaint.code for complaint in complaints(draft)] == codes


def test_a_preset_is_the_ground_that_the_file_changes(bank: Bank) -> None:
    sections = [{"bank": "民族宗教", "count": 20, "points": 5}]
    draft = read(preset="henan", sections=sections, attempts_total=2)
    assert (draft.limit_seconds, draft.attempts_total, draft.entry_mode) == (2400, 2, "form")
    assert draft.sections == [SectionDraft(bank_id=bank.id, count=20, points_hundredths=500)]


def test_a_unit_is_found_by_its_name(bank: Bank) -> None:
    unit = Unit(name="示例市", kind="region", created_at=NOW)
    db.session.add(unit)
    db.session.flush()
    assert read(unit_root="示例市").unit_root_id == unit.id


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"titel": "x"}, "file"),
        ({"sections": [{"bank": "民族宗教", "count": "10", "points": 10}]}, "file"),
        ({"sections": [{"bank": "民族宗教", "count": True, "points": 10}]}, "file"),
        ({"sections": None}, "file"),
        ({"limit_minutes": 10.5}, "file"),
        ({"preset": "mars"}, "preset"),
        ({"preset": ["mars"]}, "preset"),
        ({"opens_at": ""}, "opens_at"),
        ({"opens_at": "tomorrow"}, "opens_at"),
        ({"closes_at": "2026-02-30T08:00"}, "closes_at"),
        ({"opens_at": "0001-01-01T00:00"}, "opens_at"),
        ({"timezone": "America/New_York", "opens_at": "2026-03-08T02:30"}, "opens_at"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"unit_root": "没有的单位"}, "unit_root"),
        ({"sections": [{"bank": "没有的题库", "count": 1, "points": 1}]}, "sections-0-bank"),
        ({"sections": [{"bank": "民族宗教", "topic": "没有", "count": 1, "points": 1}]}, "sections-0-topic"),
        ({"sections": [{"bank": "民族宗教", "count": 1, "points": 0.001}]}, "sections-0-points"),
        ({"sections": [{"bank": "民族宗教", "count": 1, "points": 1e300}]}, "sections-0-points"),
        ({"pass_mark": 33.333}, "pass_mark"),
    ],
)
def test_a_wrong_file_is_refused_with_the_field(bank: Bank, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read(**changes)
    assert field in refusal.value.fields


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"a": NaN}',
        b"[" * 100_000,
        b'{"sections": [], "x": "\\ud800"}',
        b"{} {}",
    ],
)
def test_what_is_no_contest_file_is_refused(app: Flask, content: bytes) -> None:
    with pytest.raises(Invalid) as refusal:
        read_contest(content, site_timezone="Asia/Shanghai")
    assert list(refusal.value.fields) == ["file"]


def from_preset(name: str, bank: Bank) -> Any:
    preset = presets.find(name)
    assert preset is not None
    return draft_of_preset(preset=preset, bank=bank, slug="from", title="模板", now=NOW, timezone="Asia/Shanghai")


def test_hunan_draws_ten_of_ten_points_in_ten_minutes_three_times_a_day_for_a_week(bank: Bank) -> None:
    draft = from_preset("hunan-2024", bank)
    assert complaints(draft) == []
    assert [(row.kind, row.count, row.points_hundredths) for row in draft.sections] == [(None, 10, 1000)]
    assert (draft.full_hundredths, draft.limit_seconds) == (10_000, 600)
    assert (draft.attempts_per_day, draft.attempts_total, draft.entry_mode) == (3, None, "nickname")
    assert (draft.opens_at, draft.closes_at) == (
        datetime(2026, 11, 23, 5, 0, tzinfo=UTC),
        datetime(2026, 11, 30, 14, 0, tzinfo=UTC),
    )


def test_henan_has_twenty_single_and_ten_multiple_in_forty_minutes_ten_times(bank: Bank) -> None:
    draft = from_preset("henan", bank)
    assert complaints(draft) == []
    assert [(row.kind, row.count, row.points_hundredths) for row in draft.sections] == [
        ("single", 20, 300),
        ("multiple", 10, 400),
    ]
    assert (draft.full_hundredths, draft.limit_seconds, draft.attempts_total) == (10_000, 2400, 10)


def test_every_preset_has_a_title_and_a_draft_without_complaints(bank: Bank) -> None:
    assert {preset.name for preset in presets.all_presets()} == set(presets.TITLES)
    for preset in presets.all_presets():
        assert str(preset.title)
        assert complaints(from_preset(preset.name, bank)) == []
