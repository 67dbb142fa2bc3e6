"""Small kits for the tests of what works without a database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quizapp.contests.kit import Basis, Kit, KitQuestion, KitSection

IDS = {"true_false": "", "fill_in": "", "matching": "ABC1234"}
KEYS: dict[str, list[Any]] = {
    "true_false": ["true"],
    "fill_in": [["宪法"]],
    "multiple": ["A", "B"],
    "ordering": ["C", "A", "D", "B"],
    "matching": ["A2", "B4", "C1"],
}


def make_question(question_id: int, kind: str = "single", **more: Any) -> KitQuestion:
    """Options are called 选项A and so on; those of matching A to C on the left and 1 to 4 on the right."""
    return KitQuestion(
        id=question_id,
        revision=question_id + 1000,
        kind=kind,
        stem=f"第 {question_id} 题",
        options=tuple((option_id, f"选项{option_id}") for option_id in IDS.get(kind, "ABCD")),
        key=KEYS.get(kind, ["A"]),
        explanation="因为如此。",
        basis=(Basis("宪法", "第五条", "1982-12-04"),),
        topics=("宪法",),
        **more,
    )


def make_kit(
    *pools: Sequence[int],
    counts: Sequence[int],
    paper: str = "random",
    kinds: dict[int, str] | None = None,
    **changes: Any,
) -> Kit:
    ids = sorted({question_id for pool in pools for question_id in pool})
    values: dict[str, Any] = {
        "contest_id": 7,
        "version": 1,
        "slug": "autumn",
        "title": "秋季竞赛",
        "host_name": "示例市司法局",
        "introduction": "",
        "timezone": "Asia/Shanghai",
        "paper": paper,
        "shuffle_questions": True,
        "shuffle_options": True,
        "limit_seconds": 600,
        "attempts_total": None,
        "attempts_per_day": 3,
        "pass_mark_hundredths": None,
        "feedback": "explanations",
        "feedback_time": "after_finish",
        "entry_mode": "nickname",
        "accent": "",
        "sections": tuple(
            KitSection(kind=None, count=count, points_hundredths=1000, question_ids=tuple(pool))
            for pool, count in zip(pools, counts, strict=True)
        ),
        "questions": {
            question_id: make_question(question_id, (kinds or {}).get(question_id, "single")) for question_id in ids
        },
    }
    return Kit(**(values | changes))
