"""What real banks hold, kind by kind: the cases that no other file here shows."""

from __future__ import annotations

from typing import Any

import openpyxl
import pytest

from quizapp.bank.formats import Parsed, read
from tests.bank.formats.making import HEADER, codes, error, only, saved, texts, xlsx

FOUR = {"A": "一", "B": "二", "C": "三", "D": "四"}


def text(content: str) -> Parsed:
    return read(content.encode(), format="text")


# Where the answer stands --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rest",
    [
        "答案：C\nA.一B.二C.三D.四\n",
        "答案：C\nA.一B.二\nC.三D.四\n",
        "答案：C\nA一\nB二\nC三\nD四\n",
        "A.一\tB.二\tC.三\tD.四\n答案 C\n",
        "A.一   B.二   C.三   D.四   C\n",
        "A.一\nB.二\nC.三\nD.四（C）\n",
        "A.一\nB.二\nC.三\nD.四\nC\n解析：略\n",
        "A.一\nB.二\nC.三\nD.四（答案：C）\n",
        "A.一\nB.二\nC.三\nD.四\n我的答案:A正确答案:C\n",
        "A.一\nB.二\nC.三\nD.四\n我的答案: A:一;正确答案: C:三;\n1.0分\n",
        "A 一    B 二    C 三    D 四\n答案：C\n",
        "（A）一（B）二（C）三（D）四\n答案：Ｃ\n",
    ],
)
def test_answer_and_options_are_found_in_every_order(rest: str) -> None:
    question = only(text(f"1.期限是（ ）。\n{rest}"))
    assert (question.stem, texts(question), question.key) == ("期限是（ ）。", FOUR, ("C",))


def test_key_in_brackets_at_the_start_of_a_stem_is_no_option() -> None:
    for options in ("A、一 B、二 C、三 D、四", "A、一\nB、二\nC、三\nD、四"):
        question = only(text(f"2、（C）是主管部门。\n{options}\n"))
        assert (question.stem, question.key) == ("（　）是主管部门。", ("C",))
    assert only(text("2、（C）是主管部门。A、一 B、二 C、三 D、四\n")).key == ("C",)


@pytest.mark.parametrize(
    "rest",
    [
        "参考答案\n1. C 2. B\n",
        "答案：1-2 CB\n",
        "答案：\n1、C；2、B\n",
        "【参考答案】\n一、单选题\n1.C  2.B\n",
        "参考答案：\n单选题：1-2：C B\n",
    ],
)
def test_answers_may_stand_together_behind_all_questions(rest: str) -> None:
    parsed = text(f"一、单选题\n1.甲（ ）\nA.一 B.二 C.三\n2.乙（ ）\nA.一 B.二 C.三\n{rest}")
    assert [question.key for question in parsed.questions] == [("C",), ("B",)]


def test_answers_behind_all_questions_go_by_section_and_number() -> None:
    parsed = text(
        "一、多选题\n1.甲（ ）\nA.一 B.二 C.三\n2.乙（ ）\nA.一 B.二 C.三\n二、判断题\n1.丙\n2.丁\n"
        "参考答案\n一、多选题\n1-2 AB ABC\n二、判断题\n1.√ 2.×\n"
    )
    assert [question.key for question in parsed.questions] == [("A", "B"), ("A", "B", "C"), ("true",), ("false",)]


def test_answer_behind_all_questions_without_its_question_is_told() -> None:
    parsed = text("1.甲（ ）\nA.一 B.二\n2.乙（ ）\nA.一 B.二\n答案\n1.A 2.B 3.A\n")
    assert len(parsed.questions) == 2 and error(parsed).code == "line_not_read"


def test_points_of_a_last_answer_are_no_list_of_keys() -> None:
    parsed = text("一、简答题\n1.何为甲？\n答案：\n1. 一是\n2. 二是\n")
    assert only(parsed).key == ("1. 一是\n2. 二是",)


# How it is spelled --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["GATS", "D、GATS", "D. GATS", "D"])
def test_option_whose_text_is_nothing_but_letters_may_be_the_answer(answer: str) -> None:
    assert only(read(xlsx([HEADER, ("单选题", "协定是（ ）", "GATT", "TRIMs", "TRIPs", "GATS", answer)]))).key == ("D",)


@pytest.mark.parametrize("stem", ["说法（T）", "说法。（√）", "说法（✔）", "说法(正确)", "说法（True）"])
def test_sign_in_the_stem_of_a_statement_is_its_answer(stem: str) -> None:
    assert only(text(f"一、判断题\n1. {stem}\n")).key == ("true",)


def test_letter_in_a_stem_is_read_through_right_and_wrong() -> None:
    assert only(text("1. 说法（B）\nA.错误 B.正确\n")).key == ("true",)


@pytest.mark.parametrize("answer", ["正确；√", "对，正确", "√ 正确"])
def test_answer_said_twice_is_read_without_a_word(answer: str) -> None:
    parsed = read(xlsx([HEADER, ("判断题", "说法", "", "", "", "", answer)]))
    assert (only(parsed).key, codes(parsed)) == (("true",), [])


def test_answer_said_both_ways_is_an_error() -> None:
    assert error(read(xlsx([HEADER, ("判断题", "说法", "", "", "", "", "正确；×")]))).code == "bad_truth"


# How options are laid out ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("A.3日 B.5日 C.7日", ["3日", "5日", "7日"]),
        ("A.3日B.5日C.7日", ["3日", "5日", "7日"]),
        ("A、1988B、1993C、1999", ["1988", "1993", "1999"]),
        ("A.服用维生素B、维生素C B.多喝水 C.休息", ["服用维生素B、维生素C", "多喝水", "休息"]),
        ("A.甲；B.乙；C.丙", ["甲", "乙", "丙"]),
        ("A．甲|B．乙|C．丙", ["甲", "乙", "丙"]),
        ("【A】甲【B】乙【C】丙", ["甲", "乙", "丙"]),
    ],
)
def test_options_on_one_line_are_divided_at_their_labels(line: str, found: list[str]) -> None:
    assert list(texts(only(text(f"1. 题（ ）\n{line}\n答案：A\n"))).values()) == found


def test_options_of_a_statement_in_the_cell_of_its_stem_are_divided() -> None:
    question = only(read(xlsx([("题型", "题干", "答案"), ("判断题", "说法\nA、错误\nB、正确", "B")])))
    assert (question.stem, question.key) == ("说法", ("true",))


@pytest.mark.parametrize(
    "below",
    [
        [("", "A.一"), ("", "B.二"), ("", "C.三"), ("", "D.四")],
        [("", "A.一 B.二"), ("", "C.三 D.四")],
        [("", "A.一；B.二；C.三；D.四")],
    ],
)
def test_options_below_their_stem_may_stand_in_its_own_column(below: list[tuple[Any, ...]]) -> None:
    rows = [("序号", "题目", "答案"), (1, "题一（ ）", "A"), *below, (2, "题二（ ）", "B"), *below]
    parsed = read(xlsx(rows))
    assert [(texts(question), question.key) for question in parsed.questions] == [(FOUR, ("A",)), (FOUR, ("B",))]


def test_header_of_two_rows_is_read_as_one() -> None:
    rows = [
        ("题型", "题干", "选项", "", "", "", "答案"),
        ("", "", "A", "B", "C", "D", ""),
        ("单选", "题", *"一二三四", "C"),
    ]
    parsed = read(xlsx(rows))
    assert (texts(only(parsed)), only(parsed).key) == (FOUR, ("C",))
    assert parsed.sheets[0].header_row == 2 and parsed.sheets[0].by_role["stem"] == "B"


# Numbering ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head", ["2.2024年", "2：2024年", "第2题：1978年以后", "2．12月4日", "2.50毫安的", "2：12月4日"]
)
def test_number_may_run_into_a_figure(head: str) -> None:
    parsed = text(f"1. 题（ ）\nA.一 B.二\n答案：A\n{head}是（ ）\nA.一 B.二\n答案：B\n")
    assert [question.key for question in parsed.questions] == [("A",), ("B",)]


@pytest.mark.parametrize("line", ["2.5米以上。", "2:30以前。", "2、略\n3、略"])
def test_figure_inside_an_explanation_opens_nothing(line: str) -> None:
    parsed = text(f"1. 题（ ）\nA.一 B.二\n答案：A\n解析：高度是\n{line}\n")
    assert (len(parsed.questions), parsed.problems) == (1, ())


def test_question_without_an_answer_does_not_become_part_of_the_one_before() -> None:
    parsed = text("一、填空题\n1. ____是____。答案：甲；乙\n2、丙 丁 年。\n")
    assert parsed.questions[0].key == (("甲",), ("乙",))
    assert (error(parsed).code, error(parsed).where) == ("no_key", "line 3")


# Lines that are no question -------------------------------------------------------------------------------------


def test_options_in_small_letters_are_no_page_header() -> None:
    content = "一、判断题\n" + "".join(f"{n}. 说法{n}\na.正确\nb.错误\n答案：B\n" for n in range(1, 9))
    assert [question.key for question in text(content).questions] == [("false",)] * 8


def test_page_header_behind_a_bare_number_is_left_too() -> None:
    stems = [f"关于{word}的问题（ ）" for word in "甲乙丙丁戊己庚辛壬癸子丑"]
    lines: list[str] = []
    for number, stem in enumerate(stems, 1):
        lines += [str(number)] + ["考核题库 第 1 页"] * (number == 3) + [stem, "A.一", "B.二", "答案：A"]
        lines += [f"考核题库 第 {number} 页"] * (number % 2)
    assert [question.stem for question in text("\n".join(lines)).questions] == stems


def test_labels_of_points_and_outlines_are_answers() -> None:
    question = only(text("一、简答题\n1、特征是什么？\n答案要点：\n（1）根本法；\n（2）最高效力。\n"))
    assert question.key == ("（1）根本法；\n（2）最高效力。",)


# Cases ----------------------------------------------------------------------------------------------------------


def test_case_above_the_line_that_calls_for_it_goes_with_its_questions() -> None:
    parsed = text(
        "1. 前题（ ）\nA.一 B.二\n答案：A\n解析：略\n\n张某违约。\n李某起诉。\n根据以上材料，回答2-3题。\n"
        "2. 题二（ ）\nA.一 B.二\n答案：A\n3. 题三（ ）\nA.一 B.二\n答案：B\n4. 题四（ ）\nA.一 B.二\n答案：B\n"
    )
    assert [bool(question.passage) for question in parsed.questions] == [False, True, True, False]
    assert parsed.questions[1].passage.startswith("张某违约。\n李某起诉。") and parsed.questions[0].explanation == "略"


def test_case_may_end_with_the_call_for_its_questions() -> None:
    parsed = text("一、案例分析题\n（一）张某借款。根据以上材料，回答1—2题。\n1. 题（ ）\nA.一 B.二\n答案：A\n")
    assert only(parsed).passage.startswith("（一）张某借款。")


def test_case_in_merged_cells_goes_with_each_of_their_rows() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ("案例", "题型", "题干", "A", "B", "答案"),
        ("张某借款", "单选", "题一（ ）", "甲", "乙", "A"),
        ("", "", "题二（ ）", "甲", "乙", "B"),
        ("", "判断", "题三", "", "", "对"),
        ("", "判断", "题四", "", "", "错"),
    ):
        sheet.append(row)
    sheet.merge_cells("A2:A4")
    sheet.merge_cells("B2:B3")
    questions = read(saved(book)).questions
    assert [question.passage for question in questions] == ["张某借款"] * 3 + [""]
    assert [question.kind for question in questions] == ["single", "single", "true_false", "true_false"]


# Sheets -----------------------------------------------------------------------------------------------------------


def test_word_that_stands_all_over_is_no_option_of_a_table_without_header() -> None:
    rows = [(f"第{n}个问题的内容（ ）", "ABC"[n % 3], f"甲{n}", f"乙{n}", f"丙{n}", "略") for n in range(9)]
    parsed = read(xlsx(rows))
    assert {len(question.options) for question in parsed.questions} == {3}


def test_table_without_header_and_without_keys_is_refused() -> None:
    rows = [(f"第{n}个问题的内容（ ）", f"甲{n}", f"乙{n}", "丙", "丁") for n in range(30)]
    assert codes(read(xlsx(rows))) == ["no_header"]
