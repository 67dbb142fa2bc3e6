"""What a file is, by its bytes."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from quizapp.bank.formats import FORMATS, MOST_BYTES, read, recognise
from tests.bank.formats.making import HEADER, codes, error, with_parts, xls, xlsx

ROW = ("单选题", "题（ ）", "甲", "乙", "", "", "A")
WORKBOOK = xlsx([HEADER, ROW])
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def zip_of(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return file.getvalue()


def compound(stream: str) -> bytes:
    return OLE + stream.encode("utf-16-le") + bytes(400)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (WORKBOOK, "xlsx"),
        (xls([HEADER, ROW]), "xls"),
        ("题干,A,B,答案\n题,甲,乙,A\n".encode(), "csv"),
        ("题干\t答案\n题\t对\n".encode("gb18030"), "csv"),
        ("1. 题（ ），有逗号，很多，很多\nA. 甲\nB. 乙\n答案：A\n".encode(), "text"),
        (b"::q1:: What? {=yes ~no}", "gift"),
        (b"What?\nA) yes\nB) no\nANSWER: A\n", "aiken"),
        (b'{"questions": []}', "other-json"),
        (json.dumps([{"question": "题"}]).encode(), "other-json"),
        (b'{"question": "q", "options": []}\n{"question": "r"}\n', "other-json"),
        (b'[\n  {\n    "title": "x",', "other-json"),
        (b"<?xml version='1.0'?><quiz/>", "moodle-xml"),
        (b"<?xml version='1.0'?><exam/>", None),
        (b"%PDF-1.7", None),
        (b"", "text"),
    ],
)
def test_format_is_told_by_the_bytes(content: bytes, name: str | None) -> None:
    assert recognise(content) == name
    assert name is None or name in FORMATS


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"<exam><question/></exam>", "XML"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "HTML"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html></html>", "HTML"),
        (zip_of(ppt__presentation=b"x"), "PowerPoint (.pptx)"),
        (
            zip_of(**{"content.xml": b"x", "mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}),
            "OpenDocument",
        ),
        (zip_of(**{"xl__workbook.bin": b"x"}), "Excel (.xlsb)"),
        (zip_of(notes=b"x"), "zip"),
        (compound("PowerPoint Document"), "PowerPoint 97–2003 (.ppt)"),
        (b"%PDF-1.4 ...", "PDF"),
        (b"{\\rtf1 text}", "RTF"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
    ],
)
def test_other_format_is_named_in_its_refusal(content: bytes, found: str) -> None:
    parsed = read(content)
    problem = error(parsed)
    assert (problem.code, parsed.questions) == ("unsupported_format", ())
    assert found in problem.message and ".xlsx" in problem.message


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"\xef\xbb\xbf \r\n", "empty_file"),
        (compound("EncryptedPackage"), "encrypted"),
        (with_parts(WORKBOOK, {"xl/vbaProject.bin": b"x"}), "with_macros"),
        (compound("WordDocument"), "old_document"),
        (zip_of(word__document=b"x"), "damaged_file"),
        (zip_of(**{"word/document.xml": b"x", "word/vbaProject.bin": b"x"}), "with_macros"),
        (OLE, "unknown_format"),
        (compound("Workbook"), "damaged_file"),
        (WORKBOOK[: len(WORKBOOK) // 2], "damaged_file"),
        (b"PK\x03\x04" + bytes(50), "damaged_file"),
        (bytes(range(256)) * 30, "undecodable"),
        (b"a" * (MOST_BYTES + 1), "file_too_large"),
    ],
)
def test_file_that_cannot_be_read_is_refused_with_its_reason(content: bytes, code: str) -> None:
    parsed = read(content)
    assert codes(parsed) == [code]
    assert parsed.problems[0].where == "file" and parsed.problems[0].message


def test_old_document_is_refused_with_the_way_out() -> None:
    assert ".docx" in error(read(compound("WordDocument"))).message


def test_format_asked_for_against_the_bytes_is_refused() -> None:
    problem = error(read(WORKBOOK, format="csv"))
    assert problem.code == "other_format"
    assert "CSV" in problem.message and ".xlsx" in problem.message


def test_text_asked_for_is_read_as_text_though_it_has_commas() -> None:
    content = "1. 甲,乙,丙（ ）\nA. 一\nB. 二\n答案：A\n".encode()
    assert read(content, format="text").format == "text"
    assert read("题干,答案\n题,对\n".encode(), format="csv").format == "csv"
