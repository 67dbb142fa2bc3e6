"""Tables of questions: what the export looks like to a clerk, and what only looks like marks."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from typing import Any

import openpyxl
import pytest

from quizapp.bank.formats import ParsedOption, ParsedQuestion, read, write
from quizapp.bank.formats.parsed import LeftOut, ParsedCitation, ParsedCriterion, ParsedMedia
from quizapp.core.tables import CELL_LETTERS
from tests.bank.formats.making import codes, only, texts, xlsx
from tests.bank.formats.strategies import same

SINGLE = ParsedQuestion(
    where="row 2",
    kind="single",
    stem="成年人的年龄界限是几周岁？",
    options=(ParsedOption("A", "十六周岁"), ParsedOption("B", "十八周岁")),
    key=("B",),
)
FULL = replace(
    SINGLE,
    explanation="十八周岁以上的自然人为成年人。",
    citations=(ParsedCitation("民法典", "第十七条", date(2021, 1, 1)),),
    topics=("民事行为能力", "民法"),
    difficulty=1,
    points_hundredths=250,
)
MATCHING = ParsedQuestion(
    where="row 3",
    kind="matching",
    stem="配对",
    options=(*map(ParsedOption, "AB", ("宪法", "民法典")), *map(ParsedOption, "12", ("基本法律", "根本法"))),
    key=("A2", "B1"),
)
WRITTEN = ParsedQuestion(
    where="row 4",
    kind="short_text",
    stem="为什么？",
    options=(),
    key=(),
    passage="某市……",
    rubric=(ParsedCriterion("说出最高效力", 200), ParsedCriterion("言之成理")),
)


def rows_of(*questions: ParsedQuestion) -> list[dict[str, str]]:
    text = write(questions, format="csv").content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_row_is_what_a_clerk_would_type() -> None:
    (row,) = rows_of(FULL)
    assert row == {
        "题型": "单选题",
        "题干": "成年人的年龄界限是几周岁？",
        "选项A": "十六周岁",
        "选项B": "十八周岁",
        "选项C": "",
        "选项D": "",
        "答案": "B",
        "解析": "十八周岁以上的自然人为成年人。",
        "法律依据": "民法典",
        "条款": "第十七条",
        "生效日期": "2021-01-01",
        "知识点": "民事行为能力、民法",
        "难度": "易",
        "分值": "2.5",
    }


def test_rare_columns_are_there_when_a_question_needs_them() -> None:
    first, second = rows_of(MATCHING, WRITTEN)
    assert (first["匹配项"], first["答案"]) == ("1. 基本法律\n2. 根本法", "A2、B1")
    assert (second["案例"], second["评分标准"]) == ("某市……", "说出最高效力（2分）\n言之成理")
    assert not {"匹配项", "案例", "评分标准"} & set(rows_of(SINGLE)[0])


def test_question_with_many_options_widens_the_table() -> None:
    options = tuple(ParsedOption(letter, f"第{letter}项") for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    many = replace(SINGLE, options=options, key=("Z",))
    assert rows_of(many)[0]["选项Z"] == "第Z项"
    assert same(only(read(write([many], format="csv").content)), many)


@pytest.mark.parametrize(
    "changes",
    [
        {"stem": "成年人的年龄界限是（B）。"},
        {"stem": "（多选题，2分）下列正确的是"},
        {"options": (ParsedOption("A", "A. 甲"), ParsedOption("B", "B. 乙"))},
        {"kind": "true_false", "options": (), "key": ("true",), "stem": "地球是圆的（正确）"},
        {"kind": "fill_in", "options": (), "key": (("甲|乙",),), "stem": "____"},
        {"kind": "fill_in", "options": (), "key": (("A；B",),), "stem": "____"},
        {"kind": "short_text", "options": (), "key": (), "stem": "简答题"},
        {"citations": (ParsedCitation("民法典第一条"),)},
        {"citations": (ParsedCitation("《民法典》"),)},
        {"topics": ("甲、乙",)},
        {"kind": "short_text", "options": (), "key": ("甲",), "rubric": (ParsedCriterion("见（2分）"),)},
    ],
)
def test_text_that_looks_like_a_mark_is_marked_verbatim_and_comes_back(changes: dict[str, Any]) -> None:
    question = replace(SINGLE, **changes)
    assert rows_of(question)[0]["题型"].endswith("（原样）")
    for name in ("xlsx", "csv", "tsv"):
        assert same(only(read(write([question], format=name).content)), question)


def test_verbatim_mark_may_be_typed_by_a_person() -> None:
    row = ("单选题（原样）", "填入（A）的是", "A. 甲", "B. 乙", "", "", "b")
    question = only(read(xlsx([("题型", "题干", "选项A", "选项B", "选项C", "选项D", "答案"), row])))
    assert (question.stem, texts(question), question.key) == ("填入（A）的是", {"A": "A. 甲", "B": "B. 乙"}, ("B",))


def test_verbatim_question_is_mended_as_such() -> None:
    row = "单选题（原样）,填入（A）的是,A. 甲,B. 乙,C\n"
    parsed = read(("题型,题干,选项A,选项B,答案\n" + row).encode())
    assert codes(parsed) == ["key_without_option"]
    assert parsed.unusable[0].fields["kind"] == "单选题（原样）"


FORMULAS = ["=1+1", "+86", "-1", "@SUM(A1)", "＝HYPERLINK()", "'=1", "''+1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_formula_is_neutral_in_the_file_and_comes_back_as_it_was(text: str) -> None:
    question = replace(SINGLE, stem=text, options=(ParsedOption("A", text), ParsedOption("B", "乙")), explanation=text)
    sheet = openpyxl.load_workbook(io.BytesIO(write([question], format="xlsx").content)).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row if text in str(cell.value)]
    assert len(cells) == 3
    assert all(cell.data_type == "s" and str(cell.value).startswith("'") for cell in cells)
    assert rows_of(question)[0]["题干"] == "'" + text
    for name in ("xlsx", "csv", "tsv"):
        assert same(only(read(write([question], format=name).content)), question)


def test_cell_that_a_spreadsheet_would_cut_is_left_out_whole() -> None:
    rubric = tuple(ParsedCriterion("长" * 10_000) for _ in range(4))
    long = replace(WRITTEN, rubric=rubric)
    written = write([SINGLE, long], format="xlsx")
    assert written.left_out == (LeftOut(2, "为什么？", "text_too_long"),)
    assert len(read(written.content).questions) == 1
    at_most = replace(WRITTEN, rubric=(ParsedCriterion("长" * (CELL_LETTERS // 2)), ParsedCriterion("长" * 16_000)))
    assert write([at_most], format="xlsx").left_out == ()


def test_what_a_table_cannot_carry_is_listed() -> None:
    question = replace(SINGLE, media=(ParsedMedia("stem", b"x", "picture", "国徽"),))
    assert write([question], format="csv").left_out == (LeftOut(1, SINGLE.stem, "pictures", "国徽"),)


def test_bank_of_texts_alone_is_not_taken_for_a_lying_header() -> None:
    several = [
        replace(WRITTEN, stem=f"为什么第 {n} 条这样规定？", key=(f"因为 {n}",), explanation=f"见 {n}", topics=("A",))
        for n in range(20)
    ]
    back = read(write(several, format="xlsx").content)
    assert codes(back) == []
    assert len(back.questions) == 20 and all(map(same, back.questions, several))
