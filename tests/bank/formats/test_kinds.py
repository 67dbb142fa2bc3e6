"""Words for kinds of question."""

from __future__ import annotations

import pytest

from quizapp.bank.formats.kinds import kind_named, section_heading, take_tag


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("单选", "single"),
        ("单项选择题", "single"),
        (" 多选题（必填）", "multiple"),
        ("不定项选择题", "indefinite"),
        ("是非题", "true_false"),
        ("True/False", "true_false"),
        ("填空题", "fill_in"),
        ("名词解释", "short_text"),
        ("选择题", "choice"),
        ("Multiple Choice", "choice"),
        ("连线题", "matching"),
        ("排序题", "ordering"),
        ("配伍题", "unsupported"),
        ("1", None),
        ("", None),
        ("公共基础知识", None),
    ],
)
def test_cell_names_a_kind(words: str, kind: str | None) -> None:
    assert kind_named(words) == kind


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("一、单选题", "single"),
        ("一、单项选择题（共20题，每题2分，共40分）", "single"),
        ("二、多选题 共10题", "multiple"),
        ("【判断题】", "true_false"),
        ("第三部分 填空题", "fill_in"),
        ("（四）简答题：", "short_text"),
        ("# 不定项选择题", "indefinite"),
        ("五. 排序题", "ordering"),
    ],
)
def test_line_opens_a_section(line: str, kind: str) -> None:
    heading = section_heading(line)
    assert heading is not None and heading.kind == kind


@pytest.mark.parametrize(
    "line", ["单选题的答案是", "判断下列说法是否正确", "选择", "应用", "第一章 总则", "1. 下列属于选择题的是（ ）", ""]
)
def test_line_opens_no_section(line: str) -> None:
    assert section_heading(line) is None


def test_heading_tells_the_key_of_all_its_questions() -> None:
    said = [section_heading(line) for line in ("判断题(正确)", "判断题（错误）", "判断题（每题1分）")]
    assert [heading.answer for heading in said if heading] == ["正确", "错误", ""]


@pytest.mark.parametrize(
    ("stem", "rest", "kind", "points"),
    [
        ("（多选）下列哪些对", "下列哪些对", "multiple", ""),
        ("下列哪些对（多选题）。", "下列哪些对", "multiple", ""),
        ("(单选题, 1.5 分) 下列", "下列", "single", "1.5"),
        ("[判断题]国家", "国家", "true_false", ""),
    ],
)
def test_mark_is_taken_off_a_stem(stem: str, rest: str, kind: str, points: str) -> None:
    left, hint, worth = take_tag(stem)
    assert hint is not None
    assert (left, hint.kind, worth, hint.insists) == (rest, kind, points, True)


def test_ordinary_brackets_are_no_mark() -> None:
    assert take_tag("什么是综合（综合）") == ("什么是综合（综合）", None, "")
