"""A contest made by the command line alone, from a file that says in each option's text which option it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.stack import Stack

KEYS: dict[str, list[Any]] = {
    "single": ["B"],
    "multiple": ["A", "C"],
    "indefinite": ["D"],
    "true_false": ["true"],
    "fill_in": [["对"]],
    "ordering": ["C", "A", "D", "B"],
    "matching": ["A3", "B1"],
}
IDS = {"true_false": "", "fill_in": "", "matching": "AB123"}


def write_bank(path: Path) -> None:
    """42 questions of seven kinds; the text of an option ends with its id."""
    questions = [
        {
            "kind": kind,
            "stem": f"第{number}号题目说的是什么？" if kind != "fill_in" else f"第{number}号题目的说法是____的。",
            "options": [{"id": letter, "text": f"{number}号选项{letter}"} for letter in IDS.get(kind, "ABCD")],
            "key": KEYS[kind],
            "explanation": "因为如此。",
            "citations": [{"law": "宪法", "article": "第五条", "effective_on": "2018-03-11"}],
            "topics": ["总纲"],
            "difficulty": 1,
        }
        for number, kind in enumerate([*KEYS] * 6, start=1)
    ]
    path.write_text(json.dumps(questions, ensure_ascii=False))


def make_contest(stack: Stack, *, slug: str = "blackbox", count: int = 10, attempts: int = 2) -> None:
    bank = stack.data / "bank.json"
    write_bank(bank)
    stack.run_cli("bank", "import", str(bank), "--bank", "黑盒", "--json")
    contest = {
        "title": "黑盒竞赛",
        "sections": [{"bank": "黑盒", "count": count, "points": 10}],
        "limit_minutes": 60,
        "attempts_total": attempts,
        "attempts_per_day": None,
        "feedback": "explanations",
        "feedback_time": "after_finish",
        "entry_mode": "nickname",
    }
    stack.make_contest(slug, **contest)
