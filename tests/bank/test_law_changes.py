"""Laws that change: what is put on hold, why, and how it gets free again. On both kinds of database."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from quizapp.accounts.models import AuditEvent, User
from quizapp.bank import actions, law_changes, laws, reviewing
from quizapp.bank.law_changes import Change
from quizapp.bank.law_queries import article_lines, count_held, held_among, held_causes, search_articles
from quizapp.bank.law_words import cause_sentence
from quizapp.bank.models import Law, Question
from quizapp.bank.queries import usable_questions
from quizapp.bank.statutes import read_statute
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from tests.bank.law_makers import TITLE, article_of, cite, facts_of, store
from tests.bank.makers import make_approved, make_bank, make_content, make_question

AMENDED = Change("amended", date(2027, 1, 1), "新条例公布")


@pytest.fixture
def database_url(any_database: str) -> str:
    """On each kind of database."""
    return any_database


def mark(law: Law, *labels: str, change: Change = AMENDED) -> list[Question]:
    held = law_changes.mark_articles(law=law, labels=labels, change=change, actor=None, now=utc_now())
    db.session.commit()
    return held


def ids(*questions: Question) -> list[int]:
    return sorted(question.id for question in questions)


def test_marked_article_holds_what_cites_it_or_a_paragraph_of_it(app: Flask, rita: User) -> None:
    bank = make_bank()
    whole = make_approved(reviewer=rita, bank=bank, stem="一", citations=cite("第三条"))
    paragraph = make_approved(reviewer=rita, bank=bank, stem="二", citations=cite("第三条第二款"))
    number = make_approved(reviewer=rita, bank=bank, stem="三", citations=cite("第3条"))
    several = make_approved(reviewer=rita, bank=bank, stem="四", citations=cite("第二条至第四条"))
    inserted = make_approved(reviewer=rita, bank=bank, stem="五", citations=cite("第三条之一"))
    other = make_approved(reviewer=rita, bank=bank, stem="六", citations=cite("第三十条"))
    elsewhere = make_approved(reviewer=rita, bank=bank, stem="七", citations=cite("第三条", law="宪法"))
    assert ids(*mark(store(), "第三条")) == ids(whole, paragraph, number, several)
    assert ids(*usable_questions(bank_id=bank.id)) == ids(inserted, other, elsewhere)
    assert whole.held_reason == "《宗教事务条例》第三条自 2027-01-01 起修改：新条例公布"
    assert {question.held_article for question in (whole, paragraph, number, several)} == {
        article_of(laws.versions_of(TITLE)[0], "第三条")
    }


def test_newest_or_approved_revision_counts_and_no_older_one(app: Flask, rita: User) -> None:
    bank = make_bank()
    approved = make_approved(reviewer=rita, bank=bank, stem="一", citations=cite("第三条"))
    newest = make_approved(reviewer=rita, bank=bank, stem="二", citations=cite("第二条"))
    older = make_approved(reviewer=rita, bank=bank, stem="三", citations=cite("第三条"))
    for question, label in ((approved, "第二条"), (newest, "第三条"), (older, "第二条")):
        content = make_content(stem=question.latest.stem, citations=cite(label))
        actions.revise(question=question, content=content, actor=None, now=utc_now())
    reviewing.submit(question=older)
    reviewing.approve(question=older, reviewer=rita, four_eyes=False, comment="", now=utc_now())
    db.session.commit()
    assert ids(*mark(store(), "第三条")) == ids(approved, newest)


def test_retired_question_is_left_alone(app: Flask, rita: User) -> None:
    question = make_approved(reviewer=rita, citations=cite("第三条"))
    actions.retire(question=question)
    assert mark(store(), "第三条") == []
    assert question.held_reason == ""


def test_citation_without_a_version_is_held_too(app: Flask, rita: User) -> None:
    question = make_approved(reviewer=rita, citations=cite("第三条第一款", effective_on=None))
    assert mark(store(), "第三条") == [question]
    assert [law.articles[0].status for law in laws.versions_of(TITLE) if law.effective_on is None] == ["in_force"]
    assert law_changes.withdraw(law=laws.versions_of(TITLE)[0], labels=["第三条"], actor=None, now=utc_now()) == [
        question
    ]


def test_marking_is_one_audited_act(app: Flask, rita: User) -> None:
    questions = [make_approved(reviewer=rita, stem=stem, citations=cite("第三条")) for stem in ("一", "二")]
    mark(store(), "第二条", "第三条")
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "bank.change_article")).one()
    assert event.detail == {
        "law": TITLE,
        "articles": ["第二条", "第三条"],
        "status": "amended",
        "on": "2027-01-01",
        "note": "新条例公布",
        "held": ids(*questions),
    }


def test_marking_nothing_is_refused(app: Flask) -> None:
    with pytest.raises(law_changes.NothingMarked):
        mark(store())


def test_article_known_from_paragraphs_alone_can_be_marked(app: Flask, rita: User) -> None:
    question = make_approved(reviewer=rita, citations=cite("第九条第一款"))
    law = laws.versions_of(TITLE)[0]
    assert mark(law, "第九条") == [question]
    assert {line.label: line.status for line in article_lines(law)} == {"第九条": "amended"}


def test_marked_law_holds_everything_that_cites_it(app: Flask, rita: User) -> None:
    held = [make_approved(reviewer=rita, stem=label, citations=cite(label)) for label in ("第二条", "第三条第一款", "")]
    make_approved(reviewer=rita, stem="别的", citations=cite("第二条", law="宪法"))
    law = store()
    change = Change("repealed", date(2027, 1, 1))
    found = law_changes.mark_law(law=law, change=change, actor=None, now=utc_now())
    assert ids(*found) == ids(*held)
    assert {question.held_reason for question in held} == {"《宗教事务条例》自 2027-01-01 起废止"}
    assert (law.status, article_of(law, "第二条").status) == ("repealed", "in_force")


def test_other_reason_for_a_hold_is_kept(app: Flask, rita: User) -> None:
    question = make_approved(reviewer=rita, citations=[*cite("第二条"), *cite("第三条")])
    reviewing.hold(question=question, reason="等待答复")
    law = store()
    mark(law, "第二条")
    mark(law, "第三条")
    mark(law, "第三条")
    reason = "等待答复；《宗教事务条例》第二条自 2027-01-01 起修改：新条例公布；《宗教事务条例》第三条自"
    assert question.held_reason.startswith(reason)
    assert question.held_reason.count("第三条") == 1
    for label in ("第三条", "第二条"):
        assert law_changes.withdraw(law=law, labels=[label], actor=None, now=utc_now()) == []
    assert (question.held_reason, question.held_article_id) == ("等待答复", None)


def test_mark_taken_back_frees_what_nothing_else_holds(app: Flask, rita: User) -> None:
    one = make_approved(reviewer=rita, stem="一", citations=cite("第三条"))
    two = make_approved(reviewer=rita, stem="二", citations=[*cite("第二条"), *cite("第三条")])
    law = store()
    mark(law, "第二条", "第三条")
    freed = law_changes.withdraw(law=law, labels=["第三条"], actor=None, now=utc_now())
    assert freed == [one]
    assert (one.held_reason, article_of(law, "第三条").status) == ("", "in_force")
    assert two.held_article is article_of(law, "第二条")
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "bank.withdraw_change")).one()
    assert event.detail["released"] == [one.id]


def test_law_marked_by_mistake_is_taken_back(app: Flask, rita: User) -> None:
    question = make_approved(reviewer=rita, citations=cite("第三条"))
    law = store()
    law_changes.mark_law(law=law, change=AMENDED, actor=None, now=utc_now())
    assert law_changes.withdraw(law=law, labels=(), actor=None, now=utc_now()) == [question]
    assert (law.status, question.held_reason, question.held_article_id) == ("in_force", "", None)


# What becomes of the held ones


def test_released_question_is_usable_again_and_keeps_the_trail(app: Flask, rita: User) -> None:
    question = make_approved(reviewer=rita, citations=cite("第三条"))
    mark(store(), "第三条")
    law_changes.release(questions=[question], comment="只改了别的款", actor=rita, now=utc_now())
    db.session.commit()
    assert usable_questions(bank_id=question.bank_id) == [question]
    assert (question.held_article_id, question.reviews[-1].verdict) == (None, "comment")
    assert question.reviews[-1].comment.endswith("新条例公布\n只改了别的款")
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "bank.release")).one()
    assert "第三条" in event.detail["before"]
    with pytest.raises(law_changes.NotHeld):
        law_changes.release(questions=[question], comment="", actor=rita, now=utc_now())


def test_released_question_is_held_again_by_the_next_change(app: Flask, rita: User) -> None:
    question = make_approved(reviewer=rita, citations=cite("第三条"))
    law = store()
    mark(law, "第三条")
    law_changes.release(questions=[question], comment="", actor=rita, now=utc_now())
    assert mark(law, "第三条", change=Change("repealed", date(2028, 1, 1))) == [question]


def test_approval_of_a_revision_on_the_law_in_force_frees_the_question(app: Flask, rita: User) -> None:
    question = make_approved(reviewer=rita, citations=cite("第三条"))
    mark(store(), "第三条")
    content = make_content(citations=cite("第三条", effective_on=date(2027, 1, 1)))
    actions.revise(question=question, content=content, actor=None, now=utc_now())
    reviewing.submit(question=question)
    assert question.held_reason
    reviewing.approve(question=question, reviewer=rita, four_eyes=True, comment="", now=utc_now())
    assert (question.held_reason, question.held_article_id) == ("", None)


def test_approval_of_a_revision_on_the_changed_article_frees_nothing(app: Flask, rita: User) -> None:
    question = make_approved(reviewer=rita, citations=cite("第三条第一款"))
    mark(store(), "第三条")
    content = make_content(stem="改了题干", citations=cite("第三条第一款"))
    actions.revise(question=question, content=content, actor=None, now=utc_now())
    reviewing.submit(question=question)
    reviewing.approve(question=question, reviewer=rita, four_eyes=True, comment="", now=utc_now())
    assert question.state == "approved"
    assert question.held_reason


def test_approval_frees_no_question_held_for_another_reason(app: Flask, rita: User) -> None:
    question = make_question(citations=cite("第三条"))
    reviewing.hold(question=question, reason="等待答复")
    reviewing.submit(question=question)
    reviewing.approve(question=question, reviewer=rita, four_eyes=True, comment="", now=utc_now())
    assert question.held_reason == "等待答复"


# Lists of causes


def test_causes_are_listed_by_article_with_other_reasons_last(app: Flask, rita: User) -> None:
    bank = make_bank()
    two = make_approved(reviewer=rita, bank=bank, stem="二", citations=cite("第二条"))
    three = [make_approved(reviewer=rita, bank=bank, stem=stem, citations=cite("第三条")) for stem in "甲乙"]
    other = make_approved(reviewer=rita, bank=make_bank("别处"), stem="别的")
    law = store()
    mark(law, "第三条")
    mark(law, "第二条", change=Change("repealed", date(2027, 1, 1)))
    reviewing.hold(question=other, reason="等待答复")
    causes = held_causes()
    assert [(cause.article and cause.article.label, list(cause.question_ids)) for cause in causes] == [
        ("第二条", ids(two)),
        ("第三条", ids(*three)),
        (None, ids(other)),
    ]
    assert [cause_sentence(count=cause.count, article=cause.article) for cause in causes] == [
        "1 道题因《宗教事务条例》第二条废止而暂停使用",
        "2 道题因《宗教事务条例》第三条修改而暂停使用",
        "1 道题已暂停使用",
    ]
    assert [cause.question_ids for cause in held_among([three[0].id, other.id, 999])] == [(three[0].id,), (other.id,)]
    assert [cause.count for cause in held_causes(bank_id=bank.id)] == [1, 2]
    assert count_held() == 4


# Storage


def test_statutes_of_a_collection_are_stored_whole(app: Flask, shared_data: Path) -> None:
    for name in ("宪法.md", "国旗法(2020-10-17).md", "民法典/总则.md"):
        statute = read_statute((shared_data / "laws" / name).read_bytes())
        law = laws.store_statute(statute=statute, facts=facts_of(statute), actor=None, now=utc_now()).law
        db.session.commit()
        db.session.expire_all()
        stored = [(piece.label, piece.text, piece.headings) for piece in laws.statute_of(law).pieces]
        assert stored == [(piece.label, piece.text, piece.headings) for piece in statute.pieces]
    assert [article.label for article in search_articles("宪法第三十六条")] == ["第三十六条"]
