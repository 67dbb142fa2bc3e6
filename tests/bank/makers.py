"""Questions for tests."""

from __future__ import annotations

from typing import Any

from quizapp.accounts.models import User
from quizapp.bank.actions import Content, add_questions, get_or_create_bank
from quizapp.bank.models import Bank, Question
from quizapp.bank.reviewing import approve, submit
from quizapp.bank.shelf import Citation
from quizapp.core.clock import utc_now
from quizapp.core.db import db


def make_content(**changes: Any) -> Content:
    values: dict[str, Any] = {
        "kind": "single",
        "stem": "成年人的年龄界限是几周岁？",
        "options": [("A", "十六周岁"), ("B", "十八周岁"), ("C", "二十周岁")],
        "key": ["B"],
        "explanation": "十八周岁以上的自然人为成年人。",
        "citations": [Citation("民法典", "第十七条", None)],
        "topics": ["民事行为能力"],
        "difficulty": 1,
    }
    return Content(**(values | changes))


def make_bank(name: str = "测试题库") -> Bank:
    return get_or_create_bank(name=name, actor=None, now=utc_now())


def make_question(*, bank: Bank | None = None, author: User | None = None, **changes: Any) -> Question:
    """A committed draft."""
    question = add_questions(bank=bank or make_bank(), contents=[make_content(**changes)], actor=author, now=utc_now())[
        0
    ]
    db.session.commit()
    return question


def make_approved(*, reviewer: User, bank: Bank | None = None, **changes: Any) -> Question:
    question = make_question(bank=bank, **changes)
    submit(question=question)
    approve(question=question, reviewer=reviewer, four_eyes=False, comment="", now=utc_now())
    db.session.commit()
    return question
