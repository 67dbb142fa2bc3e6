"""Finding questions by words, filters and order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from quizapp.bank.finding import Filter, find_ids, load_questions
from quizapp.bank.models import Question
from quizapp.bank.shelf import Citation
from quizapp.bank.topics import add_topic
from quizapp.core.db import db
from tests.bank.makers import make_question
from tests.conftest import app_without_store, in_context


def found(question: Question, **wanted: Any) -> list[int]:
    return find_ids(bank_id=question.bank_id, wanted=Filter(**wanted))


@pytest.mark.parametrize(
    "words", ["宪法", "根本", "ABC公司", "abc公司", "ＡＢＣ", "宪法 公司", "甲项", "依据总纲", "案情", "ئاساسى"]
)
def test_words_are_found_wherever_the_question_says_them(app: Flask, words: str) -> None:
    question = make_question(
        stem="宪法是ABC公司的根本法吗",
        options=[("A", "甲项"), ("B", "乙项")],
        key=["A"],
        explanation="依据总纲",
        passage="案情如下",
        translations={"ug": {"stem": "ئاساسىي قانۇن", "options": {}, "explanation": "", "passage": ""}},
    )
    make_question(stem="另一道题")
    assert found(question, words=words) == [question.id]


@pytest.mark.parametrize("words", ["%", "_", "宪_", "' or 1=1 --", "宪法 没有的词", "\\"])
def test_words_are_taken_as_they_are_written(app: Flask, words: str) -> None:
    assert found(make_question(stem="宪法是根本法吗"), words=words) == []


def test_two_characters_are_found_on_postgresql_too(postgresql_url: str, tmp_path: Path) -> None:
    with in_context(app_without_store(postgresql_url, tmp_path)):
        question, other = make_question(stem="《宪法》ＡＢ是根本法"), make_question(stem="民法典")
        assert (found(question, words="宪法 ab"), found(question, words="%")) == ([question.id], [])
        assert found(question, order="rate", descending=False) == [other.id, question.id]


def test_words_of_an_older_revision_are_not_found(app: Flask) -> None:
    from quizapp.bank.actions import revise
    from quizapp.core.clock import utc_now
    from tests.bank.makers import make_content

    question = make_question(stem="旧的说法")
    revise(question=question, content=make_content(stem="新的说法"), actor=None, now=utc_now())
    assert (found(question, words="旧的"), found(question, words="新的")) == ([], [question.id])


def test_topic_is_found_with_all_below_it(app: Flask) -> None:
    top = add_topic(name="民法", parent_id=None)
    below = add_topic(name="婚姻", parent_id=top.id)
    question = make_question(topics=["婚姻"])
    other = make_question(stem="另一道题", topics=[])
    assert found(question, topic_id=top.id) == found(question, topic_id=below.id) == [question.id]
    assert found(question, topic_id=0) == [other.id]
    assert found(question, topic_id=999) == []


@pytest.mark.parametrize(
    ("law", "is_found"), [("民法", True), ("《民法典》第十七条", True), ("民法典 第十八条", False), ("%", False)]
)
def test_law_is_found_by_title_and_article(app: Flask, law: str, is_found: bool) -> None:
    question = make_question()
    make_question(stem="另一道题", citations=[Citation("宪法", "第十八条", None)])
    assert found(question, law=law) == ([question.id] if is_found else [])


def test_use_and_right_rate_narrow_and_order(app: Flask) -> None:
    never, half, all_right = make_question(stem="一"), make_question(stem="二"), make_question(stem="三")
    half.times_answered, half.times_right = 10, 5
    all_right.times_answered, all_right.times_right = 4, 4
    db.session.commit()
    assert found(never, use="unused") == [never.id]
    assert found(never, use="used") == [all_right.id, half.id]
    assert (found(never, rate="middle"), found(never, rate="full")) == ([half.id], [all_right.id])
    assert found(never, order="rate") == [all_right.id, half.id, never.id]
    assert found(never, order="answered", descending=False) == [never.id, all_right.id, half.id]


def test_kind_state_difficulty_and_mark_narrow(app: Flask) -> None:
    question = make_question(difficulty=3, is_sensitive=True)
    make_question(stem="另一道题", kind="true_false", options=[], key=["true"])
    question.state = "in_review"
    db.session.commit()
    for wanted in ({"kind": "single"}, {"state": "in_review"}, {"difficulty": 3}, {"sensitive": True}):
        assert found(question, **wanted) == [question.id]
    question.held_reason = "条文修改"
    db.session.commit()
    assert found(question, state="held") == [question.id]


def test_questions_come_in_the_order_asked_for(app: Flask) -> None:
    first, second = make_question(stem="一"), make_question(stem="二")
    assert [question.id for question in load_questions([second.id, 999, first.id])] == [second.id, first.id]
