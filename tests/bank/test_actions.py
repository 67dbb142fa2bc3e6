"""Questions, revisions and reviews."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from quizapp.accounts.models import User
from quizapp.bank import actions, reviewing
from quizapp.bank.models import Article, Law, Topic
from quizapp.bank.queries import banks_with_counts, count_usable, usable_questions
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from tests.bank.makers import make_approved, make_bank, make_content, make_question


def test_topics_laws_and_articles_are_made_once(app: Flask) -> None:
    make_question()
    make_question(stem="另一道题")
    assert [db.session.scalar(select(func.count()).select_from(table)) for table in (Topic, Law, Article)] == [1, 1, 1]


def test_revision_leaves_the_approved_one_in_use(app: Flask, rita: User) -> None:
    question = make_approved(reviewer=rita)
    actions.revise(question=question, content=make_content(stem="新的题干"), actor=None, now=utc_now())
    assert question.approved is not None
    assert (question.approved.number, question.latest.number, question.state) == (1, 2, "draft")
    assert [found.id for found in usable_questions(bank_id=question.bank_id)] == [question.id]


def test_kind_of_a_question_never_changes(app: Flask) -> None:
    question = make_question()
    with pytest.raises(actions.WrongState):
        actions.revise(question=question, content=make_content(kind="multiple"), actor=None, now=utc_now())


def test_only_approved_playable_free_questions_are_usable(app: Flask, rita: User) -> None:
    bank = make_bank()
    good = make_approved(reviewer=rita, bank=bank)
    make_question(bank=bank, stem="草稿")
    make_approved(reviewer=rita, bank=bank, stem="简答", kind="short_text", options=[], key=[])
    reviewing.hold(question=make_approved(reviewer=rita, bank=bank, stem="暂停"), reason="条例已修订")
    actions.retire(question=make_approved(reviewer=rita, bank=bank, stem="停用"))
    make_approved(reviewer=rita, bank=make_bank("别的题库"), stem="别处")
    db.session.commit()
    assert [question.id for question in usable_questions(bank_id=bank.id)] == [good.id]
    assert count_usable(bank_id=bank.id) == 1
    assert [(found.name, total, usable) for found, total, usable in banks_with_counts()] == [
        ("别的题库", 1, 1),
        ("测试题库", 5, 1),
    ]


def test_filters_narrow_what_is_usable(app: Flask, rita: User) -> None:
    bank = make_bank()
    easy = make_approved(reviewer=rita, bank=bank)
    make_approved(reviewer=rita, bank=bank, stem="难题", difficulty=3, topics=["继承"])
    topic = easy.topics[0]
    assert [found.id for found in usable_questions(bank_id=bank.id, topic_id=topic.id)] == [easy.id]
    assert count_usable(bank_id=bank.id, difficulty=3) == 1
    assert count_usable(bank_id=bank.id, kind="multiple") == 0
