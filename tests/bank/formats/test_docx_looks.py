"""Word documents: answers that are told by colours, bold and underlined words."""

from __future__ import annotations

import pytest

from quizapp.bank.formats import read
from tests.bank.formats.making import codes, error, only
from tests.bank.formats.making_docx import docx, lines, p, part, run

RED, BOLD, LINE = '<w:color w:val="FF0000"/>', "<w:b/>", '<w:u w:val="single"/>'


@pytest.mark.parametrize(
    ("properties", "manner"),
    [(RED, "颜色"), (BOLD, "粗体"), ('<w:highlight w:val="yellow"/>', "底色"), (LINE, "下划线")],
)
@pytest.mark.parametrize("is_whole_line", [True, False])
def test_option_that_stands_out_is_the_answer(properties: str, manner: str, is_whole_line: bool) -> None:
    marked = p(run("B. 乙", properties)) if is_whole_line else p("B. ", run("乙", properties))
    parsed = read(docx(lines("1. 题（ ）", "A. 甲") + marked + lines("C. 丙")))
    assert only(parsed).key == ("B",)
    (warning,) = parsed.problems
    assert warning.code == "key_from_looks" and manner in warning.message


def test_several_options_that_stand_out_are_the_answer() -> None:
    body = p("1. 题（ ）") + p("A. 甲 ", run("B. 乙 ", RED), "C. 丙 ", run("D. 丁", RED))
    assert only(read(docx(body))).key == ("B", "D")


@pytest.mark.parametrize(
    "options",
    [
        p(run("A. 甲", BOLD)) + p(run("B. 乙", BOLD)),  # all look the same
        p(run("A. 甲", BOLD)) + p(run("B. 乙", RED)),  # two manners say different things
        p("A. 甲有", run("很", BOLD), "多的话要说") + p("B. 乙"),  # a word, not the option
        p(run("A. 甲", '<w:b w:val="0"/>')) + p("B. 乙"),
        p(run("A. 甲", '<w:color w:val="333333"/>')) + p("B. 乙"),
    ],
)
def test_looks_that_say_nothing_clear_leave_the_question_without_a_key(options: str) -> None:
    assert error(read(docx(p("1. 题（ ）") + options))).code == "no_key"


def test_written_answer_wins_over_looks() -> None:
    body = lines("1. 题（ ）", "A. 甲") + p(run("B. 乙", RED)) + lines("答案：A")
    parsed = read(docx(body))
    assert (only(parsed).key, codes(parsed)) == (("A",), [])


def test_looks_come_from_styles_too() -> None:
    styles = part("styles", f'<w:style w:type="character" w:styleId="Right"><w:rPr>{BOLD}</w:rPr></w:style>')
    body = lines("1. 题（ ）", "A. 甲") + p(run("B. 乙", '<w:rStyle w:val="Right"/>'))
    assert only(read(docx(body, parts={"styles.xml": styles}))).key == ("B",)


def test_looks_that_are_the_manner_of_the_file_are_told_once() -> None:
    body = "".join(lines(f"{number}. 第{number}题（ ）", "A. 甲") + p(run("B. 乙", RED)) for number in range(1, 9))
    parsed = read(docx(body))
    assert [question.key for question in parsed.questions] == [("B",)] * 8
    assert codes(parsed) == ["keys_from_looks"] and "8" in parsed.problems[0].message


def test_underlined_text_fills_the_blanks() -> None:
    body = lines("一、填空题") + p("1. 宪法于", run("1982", LINE), "年由", run("全国人大", LINE), "通过。")
    question = only(read(docx(body)))
    assert (question.stem, question.key) == ("宪法于____年由____通过。", (("1982",), ("全国人大",)))


def test_underlined_spaces_are_a_blank() -> None:
    body = lines("一、填空题") + p("1. 宪法于", run("      ", LINE), "年通过。") + lines("答案：1982")
    question = only(read(docx(body)))
    assert (question.stem, question.key) == ("宪法于____年通过。", (("1982",),))
