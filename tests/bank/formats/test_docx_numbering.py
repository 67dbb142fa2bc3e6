"""Word documents: numbers that are not in the text."""

from __future__ import annotations

import pytest

from quizapp.bank.formats import read
from quizapp.bank.formats.docx_numbering import Numbering, spell
from quizapp.core.xml import parse
from tests.bank.formats.making import only, texts
from tests.bank.formats.making_docx import OPTIONS, docx, lines, numbering, p, part


def test_automatic_numbers_and_letters_open_questions_and_options() -> None:
    body = ""
    for stem in ("甲题（ ）", "乙题（ ）"):
        body += p(stem, number=(1, 0)) + p("一", number=(1, 1)) + p("二", number=(1, 1)) + lines("答案：B")
    parsed = read(docx(body, parts={"numbering.xml": numbering(("decimal", "%1."), ("upperLetter", "%2．"))}))
    assert [(question.stem, texts(question)) for question in parsed.questions] == [
        ("甲题（ ）", {"A": "一", "B": "二"}),
        ("乙题（ ）", {"A": "一", "B": "二"}),
    ]


def test_numbers_from_a_style_are_found() -> None:
    styles = part(
        "styles",
        '<w:style w:type="paragraph" w:styleId="Base"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="Q"><w:basedOn w:val="Base"/></w:style>',
    )
    body = p("题（ ）", style="Q") + OPTIONS + lines("答案：A")
    content = docx(body, parts={"numbering.xml": numbering(("decimal", "第%1题")), "styles.xml": styles})
    assert only(read(content)).stem == "题（ ）"


def test_section_heading_may_be_numbered_automatically() -> None:
    body = p("判断题", number=(1, 0)) + lines("1. 说法（√）")
    parsed = read(docx(body, parts={"numbering.xml": numbering(("chineseCounting", "%1、"))}))
    assert only(parsed).kind == "true_false"


@pytest.mark.parametrize(("again", "labels"), [(False, ["1.", "2.", "3."]), (True, ["1.", "2.", "1."])])
def test_instances_count_on_unless_one_starts_anew(again: bool, labels: list[str]) -> None:
    counted = Numbering(parse(numbering(("decimal", "%1."), start_again=again)))
    assert [counted.label(instance, 0).strip() for instance in ("1", "1", "2")] == labels


def test_deeper_level_starts_anew_behind_a_higher_one() -> None:
    counted = Numbering(parse(numbering(("decimal", "%1"), ("decimal", "%1.%2"), ("bullet", "•"))))
    found = [counted.label("1", level).strip() for level in (0, 1, 1, 2, 0, 1)]
    assert found == ["1", "1.1", "1.2", "", "2", "2.1"]
    assert counted.label("9", 0) == "" and counted.label("1", 8) == ""


@pytest.mark.parametrize(
    ("form", "number", "text"),
    [
        ("decimal", 12, "12"),
        ("decimalZero", 3, "03"),
        ("upperLetter", 28, "BB"),
        ("lowerLetter", 2, "b"),
        ("upperRoman", 1994, "MCMXCIV"),
        ("lowerRoman", 4, "iv"),
        ("chineseCounting", 10, "十"),
        ("chineseCountingThousand", 12, "十二"),
        ("japaneseCounting", 103, "一百零三"),
        ("chineseCounting", 110, "一百一十"),
        ("ideographDigital", 20, "二〇"),
        ("chineseLegalSimplified", 12, "壹拾贰"),
        ("ideographTraditional", 2, "乙"),
        ("decimalFullWidth", 12, "１２"),
        ("decimalEnclosedCircle", 3, "③"),
        ("decimalEnclosedParen", 3, "⑶"),
        ("decimalEnclosedFullstop", 3, "⒊"),
        ("ideographTraditional", 99, "99"),
        ("unknown", 5, "5"),
        ("none", 5, ""),
    ],
)
def test_number_is_spelled_in_its_form(form: str, number: int, text: str) -> None:
    assert spell(number, form) == text
