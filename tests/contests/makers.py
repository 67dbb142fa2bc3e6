"""Small banks for the tests of contests."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from quizapp.bank.actions import Citation, Content, add_questions, get_or_create_bank
from quizapp.bank.models import Bank, Question

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def make_content(number: int, *, kind: str = "single", topic: str = "宪法", difficulty: int = 2) -> Content:
    options = {"single": "ABCD", "multiple": "ABCD", "indefinite": "ABCD"}.get(kind, "")
    key: dict[str, list[Any]] = {
        "multiple": ["A", "B"],
        "true_false": ["true"],
        "fill_in": [["宪法"]],
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
