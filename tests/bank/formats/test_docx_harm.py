"""Word documents that do harm: refused quickly, and nothing is fetched."""

from __future__ import annotations

import time

import pytest

from quizapp.bank.formats import read
from tests.bank.formats.making import codes, error, only, with_parts
from tests.bank.formats.making_docx import OPTIONS, docx, lines, numbering, p, part, picture, relationships, run

SECONDS = 2.0


def nested(opening: str, closing: str, depth: int, inside: str) -> str:
    return opening * depth + inside + closing * depth


@pytest.mark.parametrize(
    "body",
    [
        nested("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>", 1000, p("甲")),
        nested("<w:sdt><w:sdtContent>", "</w:sdtContent></w:sdt>", 3000, p("甲")),
        p(nested("<m:oMath><m:f><m:num>", "</m:num></m:f></m:oMath>", 1000, "<m:r><m:t>a</m:t></m:r>")),
    ],
)
def test_deep_nesting_is_refused(body: str) -> None:
    began = time.process_time()
    assert codes(read(docx(body))) == ["document_too_large"]
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize(
    "body",
    [
        nested("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>", 80, p("1. 说法（对）")),
        nested("<w:sdt><w:sdtContent>", "</w:sdtContent></w:sdt>", 120, p("1. 说法（对）")),
        p("1. ", nested("<m:sSup><m:e>", "</m:e></m:sSup>", 120, "<m:r><m:t>说法</m:t></m:r>"), "（对）"),
        p(nested("<w:hyperlink>", "</w:hyperlink>", 240, run("1. 说法（对）"))),
        nested(
            "<w:p><w:r><w:pict><v:shape><v:textbox><w:txbxContent>",
            "</w:txbxContent></v:textbox></v:shape></w:pict></w:r></w:p>",
            40,
            p("1. 说法（对）"),
        ),
    ],
)
def test_nesting_as_deep_as_the_parser_lets_through_is_read(body: str) -> None:
    assert only(read(docx(p("判断题") + body))).key == ("true",)


def test_a_million_runs_are_refused_quickly() -> None:
    runs = "".join(f"<w:r><w:t>{number}</w:t></w:r>" for number in range(1_000_000))
    content = docx(f"<w:p>{runs}</w:p>")
    began = time.process_time()
    assert codes(read(content)) == ["document_too_large"]
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize(
    "name", ["document.xml", "numbering.xml", "styles.xml", "_rels/document.xml.rels", "footnotes.xml"]
)
@pytest.mark.parametrize(
    "payload",
    [
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x/>',
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x><x/>'.encode("utf-16"),
    ],
)
def test_document_type_in_any_part_is_refused(name: str, payload: bytes) -> None:
    content = docx(
        p("1. 说法（对）"), parts={"numbering.xml": numbering(("decimal", "%1.")), "styles.xml": part("styles", "")}
    )
    assert codes(read(with_parts(content, {f"word/{name}": payload}))) == ["unsafe_archive"]


@pytest.mark.parametrize("broken", [b"", b"<w:document", b"<a/>" * 3, b"\xff\xfe\x00", b"<a>&undefined;</a>"])
def test_broken_body_gives_a_problem_and_no_exception(broken: bytes) -> None:
    (code,) = codes(read(with_parts(docx(p("x")), {"word/document.xml": broken})))
    assert code in ("damaged_file", "no_text_questions", "unsafe_archive")


def test_relationship_out_of_the_zip_finds_nothing() -> None:
    outside = relationships(("rIdP", "image", "../../../../etc/hostname", False))
    body = p("1. 题", picture(), "（ ）") + OPTIONS + lines("答案：A")
    content = with_parts(docx(body), {"word/_rels/document.xml.rels": outside})
    assert error(read(content)).code == "picture_unreadable"
