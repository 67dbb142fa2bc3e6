"""Small banks and contests for the tests of contests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from quizapp.bank.actions import Content, add_questions, get_or_create_bank
from quizapp.bank.models import Bank, Question
from quizapp.bank.shelf import Citation
from quizapp.contests import actions
from quizapp.contests.drafts import Draft, SectionDraft
from quizapp.contests.models import Contest
from quizapp.core.db import db

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def make_content(
    number: int, *, kind: str = "single", topic: str = "宪法", difficulty: int = 2, **more: Any
) -> Content:
    options = {"true_false": "", "fill_in": "", "short_text": "", "matching": "ABC1234"}.get(kind, "ABCD")
    key: dict[str, list[Any]] = {
        "multiple": ["A", "B"],
        "true_false": ["true"],
        "fill_in": [["宪法"]],
        "ordering": ["C", "A", "D", "B"],
        "matching": ["A2", "B4", "C1"],
        "short_text": [],
    }
    return Content(
        kind=kind,
        stem=f"{kind} 第 {number} 题",
        options=[(letter, f"第 {number} 题的选项 {letter}") for letter in options],
        key=key.get(kind, ["A"]),
        explanation="依据宪法第五条。",
        citations=[Citation("宪法", "第五条", date(1982, 12, 4))],
        topics=[topic],
        difficulty=difficulty,
        **more,
    )


def make_bank(name: str = "民族宗教", *, approved: bool = True, **counts: int) -> Bank:
    """A bank with so many questions of each kind, like make_bank(single=10, multiple=5)."""
    bank = get_or_create_bank(name=name, actor=None, now=NOW)
    contents = [make_content(number, kind=kind) for kind, count in counts.items() for number in range(1, count + 1)]
    for question in add_questions(bank=bank, contents=contents, actor=None, now=NOW):
        if approved:
            approve(question)
    return bank


def approve(question: Question) -> None:
    question.state = "approved"
    question.latest.approved_at = NOW


def make_draft(bank: Bank, **changes: Any) -> Draft:
    """A draft of ten questions of ten points over a bank, open since an hour, for a week."""
    values: dict[str, Any] = {
        "slug": "autumn",
        "title": "秋季法律知识竞赛",
        "opens_at": NOW - timedelta(hours=1),
        "closes_at": NOW + timedelta(days=7),
        "sections": [SectionDraft(bank_id=bank.id, count=10, points_hundredths=1000)],
        "attempts_per_day": 3,
    }
    return Draft(**(values | changes))


def make_contest(bank: Bank | None = None, **changes: Any) -> Contest:
    """A stored draft."""
    draft = make_draft(bank or make_bank(single=20), **changes)
    return actions.create_contest(draft=draft, actor=None, now=NOW)


def make_published(bank: Bank | None = None, **changes: Any) -> Contest:
    contest = make_contest(bank, **changes)
    actions.publish(contest=contest, actor=None, now=NOW)
    db.session.commit()
    return contest
