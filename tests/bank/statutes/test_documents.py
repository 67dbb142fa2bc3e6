"""Statutes given out as JSON and Markdown, and read back."""

from __future__ import annotations

import json
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.bank.article_labels import ArticleNumber
from quizapp.bank.formats.characters import clean
from quizapp.bank.statutes import Event, Statute, StatuteArticle, read_statute, read_text
from quizapp.bank.statutes.document import write_json, write_markdown

WORDS = st.text(
    st.sampled_from("第一二三条章节编款项附件序言目录总则甲乙，。；：（）\\#*_ \"'<>!-{}[]%&aZ9ابج😀\u3000"),
    max_size=40,
).map(clean)
LINES = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=30).map(clean) | WORDS
TEXTS = st.lists(LINES.map(lambda line: " ".join(line.split())).filter(bool), min_size=1, max_size=4).map("\n".join)
DATES = st.dates(date(1949, 10, 1), date(2099, 12, 31))


HEADINGS: list[tuple[str, ...]] = [
    (),
    ("第一章 总则",),
    ("第一编 总则", "第二章 登记", "第一节 一般规定"),
    ("人格权编", "第一章 一般规定"),
    ("附则",),
]
ANNEXES: list[tuple[str, ...]] = [(), ("附件一：标准",), ("附表", "附图：甲")]


@st.composite
def statutes(draw: st.DrawFn) -> Statute:
    numbers = sorted(draw(st.sets(st.tuples(st.integers(1, 300), st.integers(0, 2)), min_size=1, max_size=6)))
    headings = draw(
        st.sampled_from([(), ("第一章 总则",), ("第一编 总则", "第二章 登记", "第一节 一般规定"), ("附则",)])
    )
    articles = tuple(
        StatuteArticle(ArticleNumber(*number).label, draw(TEXTS.map(lambda text: f"甲{text}")), headings)
        for number in numbers
    )
    annexes = tuple(
        StatuteArticle(label, "乙" + draw(TEXTS))
        for label in draw(st.sampled_from([(), ("附件一：标准",), ("附表", "附图：甲")]))
    )
    return Statute(
        title=draw(st.sampled_from(["某市养犬管理条例", "中华人民共和国宪法", "关于“扫黄打非”的决定"])),
        history=tuple(draw(st.lists(st.builds(Event, DATES, st.just("某机关通过")), max_size=3))),
        number=draw(st.sampled_from(["", "国务院令第686号", "国办函〔2026〕12号"])),
        issuing_body=draw(st.sampled_from(["", "国务院", "中共中央、国务院"])),
        issued_on=draw(DATES),
        effective_on=draw(DATES),
        effective_is_sure=True,
        preamble=draw(st.just("") | TEXTS.map(lambda text: f"丙{text}")),
        articles=articles,
        annexes=annexes,
    )


def said(statute: Statute) -> tuple[object, ...]:
    pieces = [(piece.label, piece.text, piece.headings) for piece in statute.pieces]
    return (
        statute.title,
        statute.history,
        statute.number,
        statute.issuing_body,
        statute.issued_on,
        statute.effective_on,
        statute.effective_is_sure,
        pieces,
    )


@given(statutes())
@settings(max_examples=150, deadline=None)
def test_statute_given_out_is_read_back_equal(statute: Statute) -> None:
    assert said(read_statute(write_json(statute))) == said(statute)
    written = write_markdown(statute)
    again = read_text(written)
    expected = list(said(statute))
    if not statute.issuing_body:
        # Without one stated, the reader takes what the history tells.
        assert again.issuing_body in ("", "某机关")
        expected[3] = again.issuing_body
    assert list(said(again)) == expected, written


def test_document_keeps_the_states_of_articles() -> None:
    article = StatuteArticle("第一条", "甲。", status="amended", status_on=date(2027, 1, 1), status_note="修订")
    statute = Statute(title="某法", status="repealed", status_note="由新法代替", articles=(article,))
    again = read_statute(write_json(statute))
    assert again.articles == (article,)
    assert (again.status, again.status_note) == ("repealed", "由新法代替")


def test_document_says_what_it_is() -> None:
    document = json.loads(write_json(Statute(title="某法", articles=(StatuteArticle("第一条", "甲。"),))))
    assert document == {"title": "某法", "format": "quizapp-statute", "articles": [{"label": "第一条", "text": "甲。"}]}


def test_document_with_unknown_members_is_refused() -> None:
    statute = read_statute(b'{"title": "a", "format": "quizapp-statute", "key": 1}')
    assert [problem.code for problem in statute.errors] == ["bad_document"]
