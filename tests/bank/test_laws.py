"""Laws and the texts of their articles in the bank."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select

from quizapp.accounts.models import AuditEvent, User
from quizapp.bank import laws
from quizapp.bank.law_queries import article_lines, bases_of, law_lines, laws_found, search_articles
from quizapp.bank.models import Article, Law
from quizapp.bank.statutes import read_statute, read_text
from quizapp.bank.statutes.document import write_json, write_markdown
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from tests.bank.law_makers import RULES, SINCE, TITLE, article_of, cite, facts_of, store
from tests.bank.makers import make_approved, make_bank, make_question

NEXT = RULES.replace("2018-02-01", "2027-01-01").replace("依照章程开展活动", "依照法律和章程开展活动")


def labels(law: Law) -> list[str]:
    return [article.label for article in sorted(law.articles, key=lambda article: article.place) if article.place]


def test_statute_is_stored_with_articles_in_order_below_their_headings(app: Flask) -> None:
    law = store()
    assert (law.number, law.issuing_body, law.issued_on) == ("国务院令第686号", "国务院", date(2017, 8, 26))
    assert law.history == [{"on": "2017-08-26", "text": "中华人民共和国国务院令第686号公布"}]
    assert labels(law) == ["第一条", "第二条", "第三条", "第三条之一", "第四条"]
    article = article_of(law, "第二条")
    assert (article.chapter, article.place) == ("第一章 总则", 2)
    assert article.text == "公民有宗教信仰自由。\n任何组织或者个人不得强制公民信仰宗教。"


@pytest.mark.parametrize("title", ["宗教事务条例", "《宗教事务条例》", "中华人民共和国宗教事务条例"])
def test_statute_fills_the_law_that_citations_made(app: Flask, title: str) -> None:
    first = make_question(citations=cite("第二条", law=title))
    second = make_question(stem="另一道题", citations=cite("第三条第一款", law=title))
    law = store()
    assert db.session.scalar(select(func.count(Law.id))) == 1
    assert first.latest.articles[0].text.startswith("公民有宗教信仰自由")
    assert second.latest.articles[0].label == "第三条第一款"
    lines = {line.label: line for line in article_lines(law)}
    assert lines["第二条"].question_ids == {first.id}
    assert lines["第三条"].question_ids == {second.id}
    assert [row.label for row in lines["第三条"].cited_as] == ["第三条第一款"]
    assert lines["第三条之一"].question_ids == set()


def test_statute_stored_again_changes_texts_and_doubles_nothing(app: Flask) -> None:
    store()
    statute = read_text(RULES.replace("每年报告一次", "每年报告两次"))
    stored = laws.store_statute(statute=statute, facts=facts_of(statute), actor=None, now=utc_now())
    assert (stored.is_new, stored.added, stored.changed) == (False, [], ["第三条之一"])
    assert db.session.scalar(select(func.count(Article.id))) == 5
    trail = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "bank.store_statute")).all()
    assert trail[-1].detail["changed"] == ["第三条之一"]


def test_later_version_is_a_law_of_its_own(app: Flask) -> None:
    old, new = store(), store(NEXT)
    assert old.id != new.id
    assert laws.versions_of("中华人民共和国宗教事务条例") == [old, new]


def test_parts_of_a_code_add_up(app: Flask) -> None:
    head = "# 民法典\n\n施行日期：2021-01-01\n\n"
    store(head + "第五条 戊。\n\n第六条 己。")
    law = store(head + "第一条 甲。\n\n第二条 乙。")
    assert labels(law) == ["第一条", "第二条", "第五条", "第六条"]


def test_statute_with_errors_is_refused_and_nothing_stored(app: Flask) -> None:
    statute = read_text("# 某法\n\n第一条 甲。\n\n第一条 乙。")
    with pytest.raises(laws.StatuteUnusable) as refusal:
        laws.store_statute(statute=statute, facts=facts_of(statute), actor=None, now=utc_now())
    assert "第一条出现了两次" in refusal.value.message()
    assert db.session.scalar(select(func.count(Law.id))) == 0


def test_law_given_out_is_taken_in_again_equal(app: Flask) -> None:
    make_question(citations=cite("第二条第二款"))
    statute = laws.statute_of(store())
    assert read_statute(write_json(statute)).pieces == statute.pieces
    again = read_text(write_markdown(statute))
    assert [(piece.label, piece.text, piece.headings) for piece in again.pieces] == [
        (piece.label, piece.text, piece.headings) for piece in statute.pieces
    ]
    assert (again.number, again.effective_on) == (statute.number, statute.effective_on)


# Facts


def test_law_is_corrected_with_a_trail(app: Flask) -> None:
    law = store()
    facts = {name: getattr(law, name) for name in laws.FACTS}
    laws.change_law(law=law, facts=facts | {"issuing_body": "中华人民共和国国务院"}, actor=None, now=utc_now())
    laws.change_law(law=law, facts=facts | {"issuing_body": "中华人民共和国国务院"}, actor=None, now=utc_now())
    db.session.commit()
    trail = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "bank.change_law")).all()
    assert [event.detail["issuing_body"] for event in trail] == [["国务院", "中华人民共和国国务院"]]


def test_law_may_not_become_another_one(app: Flask) -> None:
    old, new = store(), store(NEXT)
    facts = {name: getattr(new, name) for name in laws.FACTS}
    with pytest.raises(laws.LawExists):
        laws.change_law(law=new, facts=facts | {"effective_on": old.effective_on}, actor=None, now=utc_now())
    with pytest.raises(laws.LawExists):
        laws.add_law(facts=facts | {"title": "中华人民共和国宗教事务条例"}, actor=None, now=utc_now())


def test_cited_law_is_not_deleted(app: Flask) -> None:
    make_question(citations=cite("第二条"))
    with pytest.raises(laws.LawStillCited):
        laws.delete_law(law=store(), actor=None, now=utc_now())
    other = store(NEXT)
    laws.delete_law(law=other, actor=None, now=utc_now())
    assert [law.effective_on for law in laws.versions_of(TITLE)] == [SINCE]


def test_text_written_by_hand_takes_its_place_among_the_articles(app: Flask) -> None:
    make_question(citations=cite("第三条"))
    make_question(stem="又一题", citations=cite("第三条第一款"))
    law = laws.versions_of(TITLE)[0]
    laws.change_text(article=article_of(law, "第三条"), text="宗教团体依照章程开展活动。", actor=None, now=utc_now())
    laws.change_text(article=article_of(law, "第三条第一款"), text="宗教团体。", actor=None, now=utc_now())
    assert labels(law) == ["第三条"]


# Citations without a version


def test_citations_without_a_date_join_their_version(app: Flask) -> None:
    first = make_question(citations=[*cite("第二条", effective_on=None), *cite("第二条")])
    second = make_question(stem="另一道题", citations=cite("第三条第一款", effective_on=None))
    law = store()
    dateless = laws.versions_of(TITLE)[-1]
    assert dateless.effective_on is None
    moved = laws.merge_laws(source=dateless, target=law, actor=None, now=utc_now())
    db.session.commit()
    db.session.expire_all()
    assert moved == 1
    assert laws.versions_of(TITLE) == [law]
    assert [article.law_id for question in (first, second) for article in question.latest.articles] == [law.id] * 2


# Search and lists


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("宗教 2", ["第二条"]),
        ("宗教事务条例第三条", ["第三条", "第三条之一"]),
        ("第三条之一", ["第三条之一"]),
        ("强制公民", ["第二条"]),
        ("宗教 章程", ["第三条"]),
        ("宗教团体 报告", ["第三条之一"]),
        ("中华人民共和国宗教事务条例 第四条", ["第四条"]),
        ("宪法", []),
        ("100%", []),
        ("", []),
    ],
)
def test_articles_are_found(app: Flask, text: str, found: list[str]) -> None:
    store()
    store("# 某法\n\n施行日期：2020-01-01\n\n第一条 别的。")
    assert [article.label for article in search_articles(text)] == found


def test_search_puts_the_law_that_is_named_first_and_its_newest_version_before_the_old(app: Flask) -> None:
    store("# 关于宪法宣誓的决定\n\n施行日期：2022-01-01\n\n第一条 宪法宣誓。")
    store("# 宪法\n\n施行日期：1982-12-04\n\n第一条 甲。")
    store("# 宪法\n\n施行日期：2018-03-11\n\n第一条 乙。")
    assert [(article.law.title, article.text) for article in search_articles("宪法")] == [
        ("宪法", "乙。"),
        ("宪法", "甲。"),
        ("关于宪法宣誓的决定", "宪法宣誓。"),
    ]
    assert len(search_articles("宪法", limit=1)) == 1


def test_list_counts_articles_and_the_questions_that_stand_on_them_now(app: Flask, rita: User) -> None:
    bank = make_bank()
    make_approved(reviewer=rita, bank=bank, citations=cite("第二条"))
    make_question(bank=bank, stem="两处", citations=[*cite("第二条"), *cite("第三条第一款")])
    store()
    store("# 某法\n\n施行日期：2020-01-01\n\n第一条 别的。")
    lines = law_lines(list(db.session.scalars(laws_found(words="宗教", status="in_force"))))
    assert [(line.law.title, line.articles, line.questions) for line in lines] == [(TITLE, 5, 2)]
    assert list(db.session.scalars(laws_found(words="", status="repealed"))) == []


# What a question rests on


def test_basis_of_a_paragraph_is_its_article_with_the_next_version(app: Flask) -> None:
    question = make_question(citations=cite("第三条第一款"))
    old, new = store(), store(NEXT)
    basis = bases_of(question.latest)[0]
    assert (basis.article, basis.version, basis.status) == (article_of(old, "第三条"), old, "in_force")
    assert basis.newer is article_of(new, "第三条")


def test_basis_without_a_date_shows_the_newest_version_and_says_so(app: Flask) -> None:
    question = make_question(citations=cite("第三条", effective_on=None))
    store()
    new = store(NEXT)
    basis = bases_of(question.latest)[0]
    assert (basis.article, basis.version) == (article_of(new, "第三条"), new)
    assert basis.cited.law is not new
