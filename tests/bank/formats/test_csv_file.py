"""Text tables."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from quizapp.bank.formats import Parsed, read
from quizapp.bank.formats.parsed import ParsedCitation
from tests.bank.formats.making import codes, error, only, texts

OWN_HEADER = "题型,题干,选项A,选项B,选项C,选项D,选项E,选项F,答案,解析,法律,条款,生效日期,知识点,难度"
PLAIN = "题干,A,B,答案\n根本法是,宪法,刑法,A\n"


def own(*rows: list[str]) -> Parsed:
    """A file with the product's own header."""
    file = io.StringIO()
    csv.writer(file).writerows([OWN_HEADER.split(","), *rows])
    return read(file.getvalue().encode())


def test_own_header_gives_back_every_field() -> None:
    law = ["见总纲。", "宗教事务条例", "第四十一条", "2018-02-01", "宗教、场所", "难"]
    options = ["甲", "乙", "丙", "丁", "", ""]
    none = [""] * 6
    parsed = own(
        ["单选", "单选题干（ ）", *options, "A", *law],
        ["多选", "多选题干（ ）", *options, "ABD", *law],
        ["不定项", "不定项题干（ ）", *options, "C", *law],
        ["判断", "判断题干", *none, "正确", *law],
        ["判断", "又一判断题干", *none, "错误", *law],
        ["填空", "____和____", *none, "30|三十；民法典", *law],
        ["简答", "简述", *none, "参考答案", *law],
    )
    assert codes(parsed) == []
    assert [(question.kind, question.key) for question in parsed.questions] == [
        ("single", ("A",)),
        ("multiple", ("A", "B", "D")),
        ("indefinite", ("C",)),
        ("true_false", ("true",)),
        ("true_false", ("false",)),
        ("fill_in", (("30", "三十"), ("民法典",))),
        ("short_text", ("参考答案",)),
    ]
    for question in parsed.questions:
        assert question.explanation == "见总纲。"
        assert question.citations == (ParsedCitation("宗教事务条例", "第四十一条", date(2018, 2, 1)),)
        assert (question.topics, question.difficulty) == (("宗教", "场所"), 3)
    assert texts(parsed.questions[1]) == {"A": "甲", "B": "乙", "C": "丙", "D": "丁"}


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "，", "|"])
def test_delimiter_is_found(delimiter: str) -> None:
    parsed = read(PLAIN.replace(",", delimiter).encode())
    assert parsed.format == "csv" and texts(only(parsed)) == {"A": "宪法", "B": "刑法"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encoding_and_line_ends_make_no_difference(encoding: str, end: str) -> None:
    question = only(read(PLAIN.replace("\n", end).encode(encoding)))
    assert (question.stem, question.where) == ("根本法是", "row 2")


def test_line_breaks_and_quotes_inside_a_value_stay() -> None:
    parsed = read('题干,A,B,答案\n"第一行\n""第二行""",宪法,刑法,A\n下一题,甲,乙,B\n'.encode())
    assert [(question.where, question.stem) for question in parsed.questions] == [
        ("row 2", '第一行\n"第二行"'),
        ("row 3", "下一题"),
    ]


def test_ragged_rows_and_trailing_delimiters_are_read() -> None:
    parsed = read("题干,A,B,C,答案,,\n一,甲,乙,,A,,\n二,甲,乙,丙,C\n三,甲\n".encode())
    assert [question.key for question in parsed.questions] == [("A",), ("C",)]
    assert error(parsed).where == "row 4"


def test_quote_that_is_never_closed_is_told_with_its_line() -> None:
    problem = error(read('题干,A,B,答案\n一,甲,乙,A\n"二,甲,乙,A\n三,甲,乙,A\n'.encode()))
    assert (problem.code, problem.where) == ("unclosed_quote", "line 3")


def test_quote_in_the_midst_of_a_value_is_text() -> None:
    parsed = read('题干,A,B,答案\n"甲"乙,宪法,刑法,A\n'.encode())
    assert only(parsed).key == ("A",)


def test_nul_bytes_are_dropped() -> None:
    assert only(read(PLAIN.replace("根本", "根\x00本").encode())).stem == "根本法是"


def test_header_alone_says_that_nothing_was_found() -> None:
    assert codes(read((OWN_HEADER + "\n").encode())) == ["no_questions"]


def test_table_without_header_or_shape_is_refused() -> None:
    parsed = read("甲,乙,丙\n丁,戊,己\n庚,辛,壬\n癸,子,丑\n".encode())
    assert error(parsed).code == "no_header"


def test_values_that_begin_like_formulas_stay_text() -> None:
    rows = "题干,A,B,答案\n=HYPERLINK(1),+1,-1,A\n@x,甲,乙,B\n"
    assert [question.stem for question in read(rows.encode()).questions] == ["=HYPERLINK(1)", "@x"]
