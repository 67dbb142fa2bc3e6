"""A contest made by the command line alone, from a table that says in each option's text which option it is."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.stack import Stack

HEADER = (
    *("题型", "题干", "选项A", "选项B", "选项C", "选项D", "答案"),
    *("解析", "法律", "条款", "生效日期", "知识点", "难度"),
)


def write_bank(path: Path) -> None:
    """40 questions of five kinds; the text of an option ends with its letter."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(1, 41):
            kind = ("单选", "多选", "不定项", "判断", "填空")[number % 5]
            options = (
                [f"{number}号选项{letter}" for letter in "ABCD"] if kind in ("单选", "多选", "不定项") else [""] * 4
            )
            answer = {"单选": "B", "多选": "AC", "不定项": "D", "判断": "对", "填空": "对"}[kind]
            stem = f"第{number}号题目说的是什么（　　）？" if kind != "填空" else f"第{number}号题目的说法是____的。"
            writer.writerow([kind, stem, *options, answer, "因为如此。", "宪法", "第五条", "2018-03-11", "总纲", "易"])


def make_contest(stack: Stack, *, slug: str = "blackbox", count: int = 10, attempts: int = 2) -> None:
    bank = stack.data / "bank.csv"
    write_bank(bank)
    stack.run_cli("bank", "import", str(bank), "--bank", "黑盒", "--json")
    now = datetime.now(UTC)
    contest = {
        "title": "黑盒竞赛",
        "slug": slug,
        "opens_at": (now - timedelta(minutes=1)).isoformat(timespec="seconds"),
        "closes_at": (now + timedelta(days=1)).isoformat(timespec="seconds"),
        "sections": [{"bank": "黑盒", "count": count, "points": 10}],
        "limit_minutes": 60,
        "attempts_total": attempts,
        "attempts_per_day": None,
        "feedback": "explanations",
        "feedback_time": "after_finish",
        "entry_mode": "nickname",
    }
    file = stack.data / "contest.json"
    file.write_text(json.dumps(contest))
    stack.run_cli("contest", "create", str(file))
    stack.run_cli("contest", "publish", slug)
