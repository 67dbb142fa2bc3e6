"""The clean layout of text: read letter by letter, and told line by line where it is not kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from quizapp.bank.formats import ParsedQuestion, read, write
from quizapp.bank.formats.parsed import ParsedCitation, ParsedCriterion
from tests.bank.formats.making import codes, error, only, texts
from tests.bank.formats.strategies import same
from tests.bank.formats.test_table_writing import FULL, MATCHING, SINGLE, WRITTEN

HEAD = "【题库文本格式 1】\n"


def body_of(*questions: ParsedQuestion) -> str:
    text = write(questions, format="text").content.decode("utf-8-sig")
    assert "\r\n" in text
    return text.replace("\r\n", "\n").split("\n\n", 1)[1].strip()


def test_question_is_written_as_a_person_would() -> None:
    assert body_of(FULL) == (
        "1.（单选题）成年人的年龄界限是几周岁？\n"
        "A. 十六周岁\n"
        "B. 十八周岁\n"
        "答案：B\n"
        "解析：十八周岁以上的自然人为成年人。\n"
        "法律依据：《民法典》第十七条（2021-01-01起施行）\n"
        "知识点：民事行为能力、民法\n"
        "难度：易\n"
        "分值：2.5"
    )


def test_case_is_written_once_for_the_questions_that_follow_each_other() -> None:
    text = body_of(WRITTEN, replace(WRITTEN, stem="何以见得？"), SINGLE, WRITTEN)
    assert text.count("案例：某市……") == 2 and text.count("案例同上") == 1
    assert "评分标准：说出最高效力（2分）\n评分标准：言之成理" in text


def test_layout_without_its_first_line_is_read_by_its_looks() -> None:
    plain = replace(FULL, citations=(ParsedCitation("民法典", "第十七条"),))
    assert same(only(read(body_of(plain).encode())), plain)


def test_clerk_may_write_it_by_hand() -> None:
    parsed = read(
        (
            HEAD + "# 我的题目\n"
            "1、(多选题，2分) 下列正确的是\n"
            "\t（A）和（B）？\n"
            "A．甲\nB、 乙\n\n"
            "C.丙\n"
            "答案: ABC\n"
            "法律依据：宪法\n条款：第一条\n生效日期：2018年3月11日\n"
            "知识点：甲\n知识点：乙\n"
            "2.（匹配题）配对\nA. 甲\nB. 乙\n匹配项：丙\n匹配项：丁\n答案：A-2 B-1\n"
            "3.（填空题）____和____\n答案：甲|乙\n答案：丙\n"
            "4.（排序题）先后\nA. 甲\nB. 乙\n答案：B→A\n"
        ).encode()
    )
    assert codes(parsed) == []
    several, matching, blanks, ordering = parsed.questions
    assert several.stem == "下列正确的是\n（A）和（B）？" and several.points_hundredths == 200
    assert texts(several) == {"A": "甲", "B": "乙", "C": "丙"} and several.key == ("A", "B", "C")
    assert several.citations == (ParsedCitation("宪法", "第一条", date(2018, 3, 11)),)
    assert several.topics == ("甲", "乙")
    assert matching.key == ("A2", "B1") and texts(matching) == {"A": "甲", "B": "乙", "1": "丙", "2": "丁"}
    assert blanks.key == (("甲", "乙"), ("丙",))
    assert ordering.key == ("B", "A")


@pytest.mark.parametrize(
    ("lines", "where", "code"),
    [
        ("前言\n1.（判断题）题\n答案：对\n", "line 2", "line_not_in_layout"),
        ("1.（判断题）题\n答案：对\n出处：某书\n", "line 4", "line_not_in_layout"),
        ("1.（判断题）题\n答案：对\n2. 没有题型\n", "line 4", "line_not_in_layout"),
        ("1.（判断题）题\n答案：对\n案例同上\n", "line 4", "line_not_in_layout"),
        ("1.（古文题）题\n答案：对\n", "line 2", "kind_unsupported"),
        ("1.（单选题）题\nA. 甲\nB. 乙\n答案：C\n", "line 2", "key_without_option"),
        ("1.（单选题）题\nA. 甲\nA. 乙\n答案：A\n", "line 2", "option_letter_repeated"),
        ("1.（填空题）____\n答案：\n", "line 2", "no_key"),
    ],
)
def test_line_that_breaks_the_layout_is_told(lines: str, where: str, code: str) -> None:
    problem = error(read((HEAD + lines).encode()))
    assert (problem.where, problem.code) == (where, code)


def test_first_line_alone_is_no_question() -> None:
    assert codes(read(HEAD.encode())) == ["no_questions"]


def test_empty_lines_inside_of_a_text_stay() -> None:
    question = replace(WRITTEN, stem="一\n\n\n二", rubric=(ParsedCriterion("甲\n\n乙"),))
    trimmed = "\n".join(line.rstrip() for line in write([question], format="text").content.decode().splitlines())
    assert same(only(read(trimmed.encode())), question)


def test_pairs_keep_their_order() -> None:
    assert same(only(read(write([MATCHING], format="text").content)), MATCHING)
