"""What a person corrects: how sheets are read, and single rows mended in their places."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quizapp.bank.formats import Parsed, ReadOptions, SheetOptions, read
from quizapp.bank.formats.read_options import BadOptions
from tests.bank.formats.making import HEADER, codes, error, only, texts, xlsx

GOOD = ("单选题", "哪一个（ ）", "甲", "乙", "", "", "B")
BROKEN = ("单选题", "另一个（ ）", "甲", "乙", "", "", "E")
SHEET = "题库"


def read_as(content: bytes, name: str = SHEET, **told: Any) -> Parsed:
    return read(content, options=ReadOptions(sheets={name: SheetOptions(**told)}))


def mended(content: bytes, where: str, **fields: str) -> Parsed:
    return read(content, options=ReadOptions(mends={where: fields}))


# What was recognised ------------------------------------------------------------------------------------------


def test_layout_tells_header_columns_and_first_rows() -> None:
    (sheet,) = read(xlsx([["我的题库"], [*HEADER, "备注"], [*GOOD, "好"]])).sheets
    assert (sheet.name, sheet.read_as, sheet.rows, sheet.header_row, sheet.questions) == (SHEET, "table", 3, 2, 1)
    assert sheet.by_role["stem"] == "B" and sheet.by_role["option A"] == "C" and sheet.by_role["answer"] == "G"
    assert [(column.letter, column.header, column.role) for column in sheet.columns][-1] == ("H", "备注", "")
    assert sheet.samples[0].number == 3 and sheet.samples[0].cells[1] == "哪一个（ ）"


def test_layout_tells_how_numbers_and_truths_were_read() -> None:
    rows = [
        HEADER,
        ("单选题", "甲题（ ）", "一", "二", "三", "", 3),
        ("判断题", "乙题", "", "", "", "", 0),
        ("判断题", "丙题", "", "", "", "", "对"),
    ]
    (sheet,) = read(xlsx(rows)).sheets
    assert sheet.numbers_from == 1
    assert set(sheet.truths) == {("0", False), ("对", True)}


def test_sheet_that_is_not_read_is_in_the_layout_too() -> None:
    parsed = read(xlsx([HEADER, GOOD], 说明=[["a", "b", "c"], ["d", "e", "f"]], 副本=[HEADER, GOOD]))
    assert [(sheet.name, sheet.read_as) for sheet in parsed.sheets] == [(SHEET, "table"), ("说明", ""), ("副本", "")]
    assert [column.letter for column in parsed.sheets[1].columns] == ["A", "B", "C"]


def test_text_has_one_sheet_without_a_name() -> None:
    (sheet,) = read("1. 题（ ）\nA. 甲\nB. 乙\n答案：A\n".encode()).sheets
    assert (sheet.name, sheet.read_as, sheet.rows, sheet.questions) == ("", "text", 4, 1)


# How sheets are read ------------------------------------------------------------------------------------------


def test_columns_told_are_taken_whatever_the_header_says() -> None:
    content = xlsx([("一", "二", "三", "四"), ("甲", "题（ ）", "乙", "A")])
    assert read(content).questions == ()
    question = only(
        read_as(content, columns={"option A": "A", "stem": "B", "option B": "C", "answer": "D"}, header_row=1)
    )
    assert (question.stem, texts(question), question.key) == ("题（ ）", {"A": "甲", "B": "乙"}, ("A",))


def test_column_far_away_is_empty() -> None:
    assert codes(read_as(xlsx([HEADER, GOOD]), columns={"stem": "B", "answer": "ZZ"})) == ["no_key"]


def test_told_header_row_leaves_out_what_stands_above() -> None:
    content = xlsx([HEADER, GOOD, HEADER, (*GOOD[:1], "第二部分的题（ ）", *GOOD[2:])])
    assert only(read_as(content, header_row=3)).stem == "第二部分的题（ ）"


def test_no_header_reads_the_first_row_too() -> None:
    rows = [("题型", "题干", "A")]
    columns = {"stem": "B", "answer": "C"}
    assert codes(read_as(xlsx(rows), columns=columns)) == ["no_questions"]
    assert codes(read_as(xlsx(rows), columns=columns, header_row=0)) == ["key_without_options"]


def test_sheet_told_not_to_be_read_is_left_without_a_word() -> None:
    content = xlsx([HEADER, GOOD], 附表=[HEADER, ("单选题", "另外一题（ ）", "甲", "乙", "", "", "A")])
    parsed = read_as(content, is_read=False)
    assert (len(parsed.questions), parsed.problems) == (1, ())
    assert [sheet.read_as for sheet in parsed.sheets] == ["", "table"]


def test_repeated_sheet_told_to_be_read_is_read() -> None:
    parsed = read_as(xlsx([HEADER, GOOD], 副本=[HEADER, GOOD]), "副本", is_read=True)
    assert len(parsed.questions) == 2


def test_kind_told_holds_for_all_rows() -> None:
    question = only(read_as(xlsx([HEADER, GOOD]), kind="indefinite"))
    assert question.kind == "indefinite"
    text = "1. 题（ ）\nA. 甲\nB. 乙\n答案：A\n".encode()
    assert only(read_as(text, "", kind="indefinite")).kind == "indefinite"


def test_numbers_told_count_from_zero() -> None:
    content = xlsx([HEADER, ("单选题", "题（ ）", "一", "二", "三", "", 1)])
    assert only(read(content)).key == ("A",)
    parsed = read_as(content, numbers_from=0)
    assert (only(parsed).key, codes(parsed), parsed.sheets[0].numbers_from) == (("B",), [], 0)


@pytest.mark.parametrize(("right", "wrong"), [("0", "1"), ("A", "B"), ("Y", "N"), ("√", "x"), ("通过", "否")])
@pytest.mark.parametrize("kind", ["判断题", ""])
def test_spellings_told_of_right_and_wrong_are_taken(right: str, wrong: str, kind: str) -> None:
    content = xlsx([HEADER, (kind, "说法一", "", "", "", "", right), (kind, "说法二", "", "", "", "", wrong)])
    parsed = read_as(content, right=right, wrong=wrong)
    assert [(question.kind, question.key) for question in parsed.questions] == [
        ("true_false", ("true",)),
        ("true_false", ("false",)),
    ]
    assert codes(parsed) == []


def test_spellings_told_do_not_touch_choice_questions() -> None:
    content = xlsx([HEADER, GOOD])
    assert only(read_as(content, right="B", wrong="A")).key == ("B",)


# Mends --------------------------------------------------------------------------------------------------------


def test_row_with_an_error_is_given_as_it_stands() -> None:
    (row,) = read(xlsx([HEADER, BROKEN])).unusable
    assert (row.where, row.codes) == ("sheet 题库 row 2", ("key_without_option",))
    assert row.source == ("单选题", "另一个（ ）", "甲", "乙", "E")
    assert row.fields == {"kind": "single", "stem": "另一个（ ）", "options": "A. 甲\nB. 乙", "answer": "E"}


def test_key_in_the_stem_of_an_unusable_row_is_given_back_in_the_stem() -> None:
    (row,) = read("1. 题是（A）\nA. 甲\n\n".encode()).unusable
    assert row.fields["stem"] == "题是（A）" and "answer" not in row.fields


@pytest.mark.parametrize(
    ("fields", "kind", "key"),
    [
        ({"answer": "B"}, "single", ("B",)),
        ({"options": "A. 甲\nB. 乙\nC. 丙\nD. 丁\nE. 戊"}, "single", ("E",)),
        ({"kind": "multiple", "answer": "AB"}, "multiple", ("A", "B")),
        ({"kind": "判断题", "options": "", "answer": "对"}, "true_false", ("true",)),
        ({"kind": "", "stem": "填____", "options": "", "answer": "甲；"}, "fill_in", (("甲",),)),
    ],
)
def test_mended_row_is_judged_anew(fields: dict[str, str], kind: str, key: tuple[Any, ...]) -> None:
    question = only(mended(xlsx([HEADER, BROKEN]), "sheet 题库 row 2", **fields))
    assert (question.kind, question.key, question.where) == (kind, key, "sheet 题库 row 2")


def test_mended_row_with_another_error_is_told_anew() -> None:
    parsed = mended(xlsx([HEADER, BROKEN]), "sheet 题库 row 2", answer="F")
    assert error(parsed).code == "key_without_option" and parsed.unusable[0].fields["answer"] == "F"


def test_good_row_can_be_mended_too() -> None:
    question = only(
        mended(xlsx([HEADER, GOOD]), "sheet 题库 row 2", explanation="见第二条", law="宪法", article="第二条")
    )
    assert question.explanation == "见第二条" and question.citations[0].law == "宪法"


def test_question_of_a_text_is_mended_at_its_line() -> None:
    content = "1. 题（ ）\nA. 甲\nB. 乙\n答案：E\n2. 题二（ ）\nA. 甲\nB. 乙\n答案：A\n".encode()
    (piece,) = read(content).unusable
    assert piece.source == ("1. 题（ ）", "A. 甲", "B. 乙", "答案：E")
    parsed = mended(content, piece.where, answer="B")
    assert [question.key for question in parsed.questions] == [("B",), ("A",)]


def test_mend_at_a_place_without_a_question_changes_nothing() -> None:
    assert only(mended(xlsx([HEADER, GOOD]), "sheet 题库 row 9", answer="A")).key == ("B",)


# As a document ------------------------------------------------------------------------------------------------


def test_options_go_into_a_document_and_come_back() -> None:
    told = SheetOptions(
        is_read=True, header_row=0, columns={"stem": "B", "option A": "AA"}, kind="single", numbers_from=0
    )
    options = ReadOptions(
        default_kind="multiple", sheets={"甲": told, "": SheetOptions(right="0", wrong="1")}, mends={"row 2": {}}
    )
    document = json.loads(json.dumps(options.as_document()))
    assert ReadOptions.from_document(document, {"row 2": {}}) == options
    assert ReadOptions.from_document({}) == ReadOptions()


@pytest.mark.parametrize(
    "document",
    [
        {"unknown": 1},
        {"default_kind": "essay"},
        {"sheets": []},
        {"sheets": {"甲": {"kind": 1}}},
        {"sheets": {"甲": {"is_read": "yes"}}},
        {"sheets": {"甲": {"header_row": -1}}},
        {"sheets": {"甲": {"header_row": True}}},
        {"sheets": {"甲": {"numbers_from": 2}}},
        {"sheets": {"甲": {"columns": {"stem": "1"}}}},
        {"sheets": {"甲": {"columns": {"stamm": "A"}}}},
        {"sheets": {"甲": {"right": "1"}}},
        {"sheets": {"甲": {"right": "1", "wrong": "1"}}},
    ],
)
def test_document_that_makes_no_sense_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(BadOptions):
        ReadOptions.from_document(document)


@pytest.mark.parametrize("mends", [{"row 2": "A"}, {"row 2": {"where": "x"}}, {"row 2": {"answer": 1}}])
def test_mend_that_makes_no_sense_is_refused(mends: dict[str, Any]) -> None:
    with pytest.raises(BadOptions):
        ReadOptions.from_document({}, mends)
