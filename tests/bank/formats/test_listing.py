"""Several things in one cell, as people type them and as exports write them."""

from __future__ import annotations

from datetime import date

import pytest

from quizapp.bank.formats.arranging import read_order, read_pairs
from quizapp.bank.formats.listing import (
    blanks_text,
    citation_text,
    points_text,
    read_blanks_verbatim,
    read_citations_verbatim,
    read_legal_bases,
    read_matches,
    read_rubric,
    read_topics_verbatim,
    topics_text,
)
from quizapp.bank.formats.parsed import ParsedCitation, ParsedCriterion, ParsedOption

DAY = date(2018, 2, 1)


@pytest.mark.parametrize("answer", ["CAB", "C、A、B", "C→A→B", "c > a > b", "C-A-B", "C，A，B。", "Ｃ Ａ Ｂ"])
def test_order_is_read(answer: str) -> None:
    assert read_order(answer, "ABC") == ("C", "A", "B")


@pytest.mark.parametrize("answer", ["AB", "ABCD", "AAB", "ABCC", "1、2、3", "先甲后乙", ""])
def test_what_names_not_each_option_once_is_no_order(answer: str) -> None:
    assert read_order(answer, "ABC") is None


@pytest.mark.parametrize(
    "answer", ["A2、B1", "B1A2", "A-2 B-1", "A→2；B→1", "（A）2，（B）1", "A:2\nB:1", "A——②、B——①", "a2,b01"]
)
def test_pairs_are_read(answer: str) -> None:
    assert read_pairs(answer, "AB", ("1", "2", "3")) == ("A2", "B1")


@pytest.mark.parametrize("answer", ["A2", "A2、B4", "A2、A1", "A2、B1、B3", "A2、B1 或 B3", "AB12", ""])
def test_what_pairs_not_each_on_the_left_once_is_refused(answer: str) -> None:
    assert read_pairs(answer, "AB", ("1", "2", "3")) is None


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("根本法\n基本法", [("1", "根本法"), ("2", "基本法")]),
        ("1. 根本法\n2、基本法", [("1", "根本法"), ("2", "基本法")]),
        ("2. 根本法\n\n3. 基本法", [("2", "根本法"), ("3", "基本法")]),
        ("1. 根本法\n基本法", [("1", "1. 根本法"), ("2", "基本法")]),
        ("3. 根本法\n1. 基本法", [("1", "3. 根本法"), ("2", "1. 基本法")]),
        ("1982年\n1949年", [("1", "1982年"), ("2", "1949年")]),
        ("", []),
    ],
)
def test_right_side_is_read_by_line(text: str, options: list[tuple[str, str]]) -> None:
    assert read_matches(text, verbatim=False) == tuple(ParsedOption(*option) for option in options)


@pytest.mark.parametrize(
    ("text", "criteria"),
    [
        ("说出最高效力（2分）\n举例(1.5 分)", [("说出最高效力", 200), ("举例", 150)]),
        ("言之成理", [("言之成理", None)]),
        ("（2分）", [("（2分）", None)]),
        ("满分（9999分）", [("满分（9999分）", None)]),
        ("", []),
    ],
)
def test_rubric_is_read_by_line(text: str, criteria: list[tuple[str, int | None]]) -> None:
    assert read_rubric(text, verbatim=False) == tuple(ParsedCriterion(*criterion) for criterion in criteria)


@pytest.mark.parametrize(
    ("cells", "citations"),
    [
        (("《宪法》第一条\n《立法法》", "", ""), [("宪法", "第一条", None), ("立法法", "", None)]),
        (
            ("《宗教事务条例》第四十一条（2018年2月1日起施行）\n《宪法》", "", ""),
            [("宗教事务条例", "第四十一条", DAY), ("宪法", "", None)],
        ),
        (("《关于〈宪法〉的决定》", "", ""), [("关于〈宪法〉的决定", "", None)]),
        (("《关于《宪法》的决定》第二条第一款", "", ""), [("关于《宪法》的决定", "第二条第一款", None)]),
        (
            ("宪法\n《条例》", "第一条\n第二条", "2018-02-01\n2018/2/1"),
            [("宪法", "第一条", DAY), ("条例", "第二条", DAY)],
        ),
        (("宪法\n条例", "第一条\n第二条", ""), [("宪法", "第一条", None), ("条例", "第二条", None)]),
        (("宪法\n条例", "第一条", ""), []),
        (("宪法\n条例", "第一条\n第二条", "2018-02-01"), []),
        (("宪法\n条例", "第一条\n第二条", "2018\n2019"), []),
        (("《宪法》第一条规定了国体\n《条例》", "", ""), []),
        (("《宪法》（不详）", "", ""), []),
        (("宪法", "第一条", ""), []),
    ],
)
def test_several_articles_are_read_by_line(
    cells: tuple[str, str, str], citations: list[tuple[str, str, date | None]]
) -> None:
    assert read_legal_bases(*cells) == tuple(ParsedCitation(*citation) for citation in citations)


@pytest.mark.parametrize(
    ("text", "is_read"),
    [
        ("", True),
        ("《甲\\》》乙", True),
        ("甲", False),
        ("《甲》（2018-02-30起施行）", False),
        ("《" + "长" * 129 + "》", False),
    ],
)
def test_verbatim_articles_are_all_or_nothing(text: str, is_read: bool) -> None:
    assert (read_citations_verbatim(text) is not None) == is_read


def test_marks_inside_of_texts_are_escaped_where_the_question_is_verbatim() -> None:
    key = (("甲|乙", "丙；丁"), ("\\",))
    assert read_blanks_verbatim(blanks_text(key, verbatim=True)) == key
    topics = ("甲、乙", "丙\\")
    assert read_topics_verbatim(topics_text(topics, verbatim=True)) == topics
    citation = ParsedCitation("甲》乙《", "第一条（2018-02-01起施行）")
    assert read_citations_verbatim(citation_text(citation, verbatim=True)) == (citation,)


@pytest.mark.parametrize(("hundredths", "text"), [(0, "0"), (200, "2"), (250, "2.5"), (25, "0.25"), (100_000, "1000")])
def test_points_are_written_as_people_do(hundredths: int, text: str) -> None:
    assert points_text(hundredths) == text
