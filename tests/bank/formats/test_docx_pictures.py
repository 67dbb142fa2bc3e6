"""Word documents: pictures and formulas."""

from __future__ import annotations

import pytest

from quizapp.bank.formats import ReadOptions, read
from tests.bank.formats.making import codes, error, only, texts
from tests.bank.formats.making_docx import OPTIONS, PNG, docx, lines, p, picture

WITH_PICTURE = (("rIdP", "image", "media/image1.png", False),)


def test_picture_belongs_to_the_text_it_stands_in() -> None:
    body = (
        p("1. 看图", picture(alt="路标"), "（ ）")
        + p("A. ", picture())
        + p("B. 乙")
        + p("答案：A")
        + p("解析：", picture())
    )
    question = only(read(docx(body, parts={"media/image1.png": PNG}, relations=WITH_PICTURE)))
    assert [(medium.at, medium.content, medium.alt) for medium in question.media] == [
        ("stem", PNG, "路标"),
        ("A", PNG, ""),
        ("explanation", PNG, ""),
    ]
    assert (question.stem, texts(question), question.explanation) == ("看图（ ）", {"A": "", "B": "乙"}, "")


def test_stem_of_nothing_but_a_picture_gets_a_word() -> None:
    body = p("1. ", picture()) + OPTIONS + lines("答案：A")
    question = only(read(docx(body, parts={"media/image1.png": PNG}, relations=WITH_PICTURE)))
    assert question.stem == "（见图）" and question.media[0].at == "stem"


def test_pictures_of_a_passage_go_to_each_of_its_questions() -> None:
    body = p("材料一：", picture()) + lines(
        "1. 题（ ）", "A. 甲", "B. 乙", "答案：A", "2. 题二（ ）", "A. 甲", "B. 乙", "答案：A"
    )
    parsed = read(docx(body, parts={"media/image1.png": PNG}, relations=WITH_PICTURE))
    assert [[medium.at for medium in question.media] for question in parsed.questions] == [["passage"], ["passage"]]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\x01\x00\x00\x00" + bytes(36) + b" EMF", "image1.png"),
        (b"\xd7\xcd\xc6\x9a", "image1.png"),
        (None, "image1.png"),
    ],
)
def test_picture_that_cannot_be_shown_keeps_its_question_out(content: bytes | None, name: str) -> None:
    parts = {"media/image1.png": content} if content else {}
    body = lines("1. 题（ ）", "A. 甲") + p("B. ", picture()) + lines("答案：A")
    parsed = read(docx(body, parts=parts, relations=WITH_PICTURE))
    problem = error(parsed)
    assert problem.code == "picture_unreadable" and name in problem.message
    mend = {parsed.unusable[0].where: {"options": "A. 甲\nB. 乙"}}
    assert only(read(docx(body, parts=parts, relations=WITH_PICTURE), options=ReadOptions(mends=mend))).key == ("A",)


def test_picture_that_cannot_be_shown_in_an_explanation_is_told() -> None:
    body = lines("1. 题（ ）", "A. 甲", "B. 乙", "答案：A") + p("解析：见图", picture())
    parsed = read(docx(body))
    assert codes(parsed) == ["picture_left_out"] and only(parsed).explanation == "见图"


def test_picture_from_elsewhere_is_not_fetched() -> None:
    body = p("1. 题", picture(), "（ ）") + OPTIONS + lines("答案：A")
    outside = (("rIdP", "image", "http://127.0.0.1:9/x.png", True),)
    assert error(read(docx(body, relations=outside))).code == "picture_unreadable"


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("<m:f><m:num>{a}</m:num><m:den>{b}</m:den></m:f>", "a+1/b"),
        ("<m:sSup><m:e>{b}</m:e><m:sup>{b}</m:sup></m:sSup>", "b^b"),
        ("<m:sSubSup><m:e>{b}</m:e><m:sub>{a}</m:sub><m:sup>{b}</m:sup></m:sSubSup>", "b_(a+1)^b"),
        ("<m:rad><m:deg/><m:e>{a}</m:e></m:rad>", "√(a+1)"),
        ('<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{b}</m:sub><m:sup/><m:e>{b}</m:e></m:nary>', "∑_bb"),
        ("<m:d><m:e>{a}</m:e></m:d>", "(a+1)"),
        ("<m:m><m:mr><m:e>{b}</m:e><m:e>{b}</m:e></m:mr><m:mr><m:e>{b}</m:e></m:mr></m:m>", "[b, b; b]"),
        ("<m:func><m:fName>{b}</m:fName><m:e>{a}</m:e></m:func>", "b(a+1)"),
    ],
)
def test_formula_is_one_line_of_text(formula: str, text: str) -> None:
    parts = {"a": "<m:r><m:t>a+1</m:t></m:r>", "b": "<m:r><m:t>b</m:t></m:r>"}
    body = p("1. 算", f"<m:oMath>{formula.format(**parts)}</m:oMath>", "（ ）") + OPTIONS + lines("答案：A")
    stem = only(read(docx(body))).stem
    assert stem == f"算{text}（ ）".replace("a+1/b", "(a+1)/b")
