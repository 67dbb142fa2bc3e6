"""Ordering and matching, cases and marking by criteria, in tables and texts."""

from __future__ import annotations

import pytest

from quizapp.bank.formats import read
from quizapp.bank.formats.arranging import read_order
from quizapp.bank.formats.pairing import order_of_places_or_texts, pairs_either_way, split_sides
from tests.bank.formats.making import HEADER, error, only, texts, xlsx

FOUR = {"A": "提出法律案", "B": "审议", "C": "表决", "D": "公布"}
LEFT, RIGHT = {"A": "宪法", "B": "民法典"}, {"1": "1982年", "2": "2021年"}
LISTS = LEFT | RIGHT


@pytest.mark.parametrize(
    "answer", ["3124", "3,1,2,4", "③①②④", "3→1→2→4", "表决→提出法律案→审议→公布", "表决；提出法律案；审议；公布。"]
)
def test_order_is_read_by_places_and_texts(answer: str) -> None:
    assert order_of_places_or_texts(answer, FOUR) == ("C", "A", "B", "D")


@pytest.mark.parametrize("answer", ["0123", "3125", "312", "甲→乙", "表决→审议", ""])
def test_order_that_does_not_name_each_once_is_none(answer: str) -> None:
    assert order_of_places_or_texts(answer, FOUR) is None and read_order(answer, FOUR) is None


@pytest.mark.parametrize(
    "answer",
    ["A1B2", "A1 B2", "A-1,B-2", "A—1；B—2", "A→1，B→2", "A:1\nB:2", "1-A 2-B", "1.A 2.B", "A①B②", "(A1)(B2)", "AB"],
)
def test_pairs_are_read_in_every_spelling(answer: str) -> None:
    assert pairs_either_way(answer, LEFT, RIGHT) == (LISTS, ("A1", "B2"))


def test_rights_without_a_partner_are_allowed() -> None:
    right = {**RIGHT, "3": "1997年"}
    assert pairs_either_way("A3 B1", LEFT, right) == (LEFT | right, ("A3", "B1"))


def test_numbered_side_that_is_complete_becomes_the_left() -> None:
    letters, numbers = {"A": "1997年", "B": "1982年", "C": "2021年"}, {"1": "宪法", "2": "民法典"}
    assert pairs_either_way("1B 2C", letters, numbers) == (
        {"A": "宪法", "B": "民法典", "1": "1997年", "2": "1982年", "3": "2021年"},
        ("A2", "B3"),
    )


@pytest.mark.parametrize("answer", ["A1", "A1 A2", "A1 C2", "A1 B9", "甲乙", "1", "A1 B2 也可"])
def test_pairs_that_leave_something_open_are_none(answer: str) -> None:
    assert pairs_either_way(answer, LEFT, RIGHT) is None


@pytest.mark.parametrize(
    "text",
    [
        "A. 宪法\nB. 民法典\n1. 1982年\n2. 2021年",
        "A. 宪法   1. 1982年\nB. 民法典   2. 2021年",
        "A、宪法\t（1）1982年\nB、民法典\t（2）2021年",
        "（A）宪法 （B）民法典 ①1982年 ②2021年",
    ],
)
def test_two_lists_are_divided(text: str) -> None:
    assert dict(split_sides(text)) == LISTS


@pytest.mark.parametrize(
    "text", ["A. 宪法\nB. 民法典", "1. 甲 2. 乙", "", "A. 甲 1. 乙", "先看 A. 甲 B. 乙 1. 丙 2. 丁"]
)
def test_text_without_two_lists_is_not_divided(text: str) -> None:
    assert split_sides(text) == []


# In files --------------------------------------------------------------------------------------------------------


def test_ordering_in_a_sheet() -> None:
    question = only(read(xlsx([HEADER, ("排序题", "立法程序", *FOUR.values(), "CABD")])))
    assert (question.kind, question.key, texts(question)) == ("ordering", ("C", "A", "B", "D"), FOUR)


def test_ordering_with_an_order_that_is_not_whole_is_told() -> None:
    problem = error(read(xlsx([HEADER, ("排序题", "立法程序", *FOUR.values(), "CAB")])))
    assert problem.code == "order_incomplete" and "CAB" in problem.message


def test_choice_under_a_heading_of_ordering_stays_a_choice() -> None:
    text = "一、排序题\n1. 顺序正确的是（ ）\nA. ①②③\nB. ②①③\n答案：B\n"
    assert only(read(text.encode())).kind == "single"


def test_matching_in_one_cell_and_in_the_stem() -> None:
    lists = "A. 宪法\nB. 民法典\n1. 1982年\n2. 2021年"
    for row in (("连线题", "配对", lists, "A1 B2"), ("连线题", f"配对\n{lists}", "", "A1 B2")):
        question = only(read(xlsx([("题型", "题干", "选项", "答案"), row])))
        assert (question.stem, texts(question), question.key) == ("配对", LISTS, ("A1", "B2"))


def test_matching_with_a_pair_missing_is_told() -> None:
    lists = "A. 宪法\nB. 民法典\n1. 1982年\n2. 2021年"
    problem = error(read(xlsx([("题型", "题干", "选项", "答案"), ("匹配题", "配对", lists, "A1")])))
    assert problem.code == "pairs_incomplete"


@pytest.mark.parametrize(
    "lists",
    [
        "A. 宪法\nB. 民法典\n1. 1982年\n2. 2021年",
        "A. 宪法      1. 1982年\nB. 民法典    2. 2021年",
        "A. 宪法\nB. 民法典\n（1）1982年\n（2）2021年",
    ],
)
def test_matching_in_a_text(lists: str) -> None:
    text = f"一、匹配题\n1. 把法律和年份配对\n{lists}\n答案：A1，B2\n解析：略\n2. 再配一次\n{lists}\n答案：A2，B1\n"
    parsed = read(text.encode())
    assert [(question.stem, question.key) for question in parsed.questions] == [
        ("把法律和年份配对", ("A1", "B2")),
        ("再配一次", ("A2", "B1")),
    ]
    assert all(texts(question) == LISTS for question in parsed.questions) and parsed.problems == ()


def test_ordering_in_a_text() -> None:
    text = "1.【排序题】立法程序\nA. 提出法律案\nB. 审议\nC. 表决\nD. 公布\n答案：A→B→C→D\n"
    assert only(read(text.encode())).key == ("A", "B", "C", "D")


def test_case_in_a_column_goes_with_its_questions() -> None:
    header = ("案例", "题型", "题干", "A", "B", "答案")
    rows = [("张某借款", "单选", "题一（ ）", "甲", "乙", "A"), ("张某借款", "判断", "题二", "", "", "对")]
    assert [question.passage for question in read(xlsx([header, *rows])).questions] == ["张某借款"] * 2
