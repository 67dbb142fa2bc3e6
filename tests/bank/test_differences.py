"""What changed between two texts and between two versions of a statute."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.bank.differences import compare_revisions, compare_texts
from quizapp.bank.law_comparison import ArticleChange, compare_versions


def shown(before: str, after: str) -> str:
    marks = {"same": "{}", "gone": "[-{}]", "new": "[+{}]"}
    return "".join(marks[piece.op].format(piece.text) for piece in compare_texts(before, after))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("同样", "同样", "同样"),
        ("", "", ""),
        ("", "新", "[+新]"),
        ("旧", "", "[-旧]"),
        ("成年人的年龄", "未成年人的年龄", "[+未]成年人的年龄"),
        ("年满18周岁", "年满16周岁", "年满[-18][+16]周岁"),
        ("处1,000元罚款", "处1,500元罚款", "处[-1,000][+1,500]元罚款"),
        ("The old law applies", "The new law applies", "The [-old][+new] law applies"),
        ("甲处罚款乙", "丙罚丁", "[-甲处罚款乙][+丙罚丁]"),
        ("A\nB", "A\nC", "A\n[-B][+C]"),
        ("قانون قديم", "قانون جديد", "قانون [-قديم][+جديد]"),
    ],
)
def test_difference_is_shown_by_characters_and_words(before: str, after: str, expected: str) -> None:
    assert shown(before, after) == expected


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_pieces_make_up_both_texts(before: str, after: str) -> None:
    pieces = compare_texts(before, after)
    assert "".join(piece.text for piece in pieces if piece.op != "new") == before
    assert "".join(piece.text for piece in pieces if piece.op != "gone") == after


@pytest.mark.parametrize("letters", ["的", "的了", "甲乙丙丁戊己庚辛" * 20])
def test_long_texts_are_compared_fast(letters: str) -> None:
    chance = random.Random(1)
    before, after = ("".join(chance.choices(letters, k=7900)) for _text in range(2))
    begun = time.process_time()
    compare_texts(before, after)
    assert time.process_time() - begun < 2


def test_revisions_are_compared_field_by_field() -> None:
    before = {"stem": "甲", "option": {"A": "一", "B": "二"}, "key": "A", "explanation": "同"}
    after = {"stem": "乙", "option": {"A": "一", "C": "三"}, "key": "C", "explanation": "同"}
    found = compare_revisions(before, after)
    assert [(difference.name, difference.part) for difference in found] == [
        ("stem", ""),
        ("option", "B"),
        ("option", "C"),
        ("key", ""),
    ]


def test_versions_are_compared_article_by_article() -> None:
    before = {"第一条": "甲", "第二条": "乙 乙", "第三条": "丙", "第四条": "丁", "第五条": "戊", "第六条": ""}
    after = {"第一条": "甲", "第二条": "乙乙", "第三条": "丙丙", "第四条": "新", "第五条": "丁", "第七条": "己"}
    assert compare_versions(before, after) == [
        ArticleChange("第三条", "changed", "丙", "丙丙"),
        ArticleChange("第四条", "moved", "丁", "丁", "第五条"),
        ArticleChange("第五条", "changed", "戊", "丁"),
        ArticleChange("第七条", "new", after="己"),
    ]


def test_article_that_is_gone_is_named() -> None:
    assert compare_versions({"第一条": "甲", "第二条": "乙"}, {"第一条": "甲"}) == [
        ArticleChange("第二条", "gone", "乙")
    ]


def test_full_and_half_width_are_no_change() -> None:
    assert compare_versions({"第一条": "甲（以下称乙），１日"}, {"第一条": "甲(以下称乙)，1日"}) == []
