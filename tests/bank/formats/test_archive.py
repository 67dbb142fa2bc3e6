"""Workbooks made to do harm, or broken: refused with a reason, in little time and memory."""

from __future__ import annotations

import io
import struct
import time
import zipfile

import pytest

from quizapp.bank.formats import read
from quizapp.bank.formats.archive import MOST_MEMBERS
from tests.bank.formats.making import HEADER, codes, error, only, sheet_xml, with_parts, xls, xlsx

ROW = ("单选题", "题（ ）", "甲", "乙", "", "", "A")
WORKBOOK = xlsx([HEADER, ROW])
SHEET = "xl/worksheets/sheet1.xml"
SECONDS = 2.0


def cell(place: str, text: str = "x") -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def with_sheet(body: str) -> bytes:
    return with_parts(WORKBOOK, {SHEET: sheet_xml(body)})


@pytest.mark.parametrize(
    "body",
    [
        f'<row r="1">{cell("A1")}</row><row r="1048576">{cell("XFD1048576")}</row>',
        f'<row r="1">{cell("XFD1")}</row><row r="100000">{cell("A100000")}</row>',
        f'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576">{"<c><v>1</v></c>" * 400}</row>',
    ],
)
def test_cells_far_apart_are_refused_before_they_take_memory(body: str) -> None:
    began = time.process_time()
    assert error(read(with_sheet(body))).code == "sheet_too_large"
    assert time.process_time() - began < SECONDS


def test_formatted_empty_cells_to_the_last_column_cost_little() -> None:
    from quizapp.bank.formats.rows import column_letters

    letters = [column_letters(place) for place in range(16_382)]
    empty = "".join(
        f'<row r="{row}">' + "".join(f'<c r="{letter}{row}" s="1"/>' for letter in letters) + "</row>"
        for row in range(2, 40)
    )
    head = f'<row r="1">{cell("A1", "题干")}{cell("B1", "答案")}</row>'
    content = with_sheet(head + empty + f'<row r="40">{cell("A40", "地球是圆的")}{cell("B40", "对")}</row>')
    began = time.process_time()
    assert only(read(content)).where == "sheet 题库 row 40"
    assert time.process_time() - began < SECONDS


def test_part_that_unpacks_to_very_much_is_refused() -> None:
    bomb = with_parts(WORKBOOK, {"xl/sharedStrings.xml": b"<sst>" + b" " * 105_000_000})
    began = time.process_time()
    assert error(read(bomb)).code == "unpacks_too_large"
    assert time.process_time() - began < SECONDS


def test_part_longer_than_it_says_is_refused() -> None:
    data = bytearray(with_parts(WORKBOOK, {SHEET: sheet_xml(cell("A1") * 5_000)}))
    at = data.rfind(SHEET.encode()) - 46
    struct.pack_into("<I", data, at + 24, 100)
    assert error(read(bytes(data))).code == "damaged_file"


def test_wrong_check_sum_is_refused() -> None:
    data = bytearray(WORKBOOK)
    at = data.rfind(SHEET.encode()) - 46
    struct.pack_into("<I", data, at + 16, 12345)
    assert error(read(bytes(data))).code == "damaged_file"


@pytest.mark.parametrize("name", ["../evil.xml", "/etc/passwd", "xl/../../x.xml", "C:\\x.xml", "..\\x.xml"])
def test_path_that_leaves_the_archive_is_refused(name: str) -> None:
    assert error(read(with_parts(WORKBOOK, {name: b"x"}))).code == "unsafe_archive"


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", "xl/sharedStrings.xml", SHEET, "[Content_Types].xml", "xl/styles.xml"]
)
def test_document_type_in_any_part_is_refused(part: str) -> None:
    xml = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>'
    assert error(read(with_parts(WORKBOOK, {part: xml}))).code == "unsafe_archive"
    assert error(read(with_parts(WORKBOOK, {part: xml.decode().encode("utf-16")}))).code == "unsafe_archive"


def test_more_members_than_any_workbook_has_are_refused() -> None:
    parts = {f"xl/media/{n}.png": b"" for n in range(MOST_MEMBERS)}
    assert error(read(with_parts(WORKBOOK, parts))).code == "unsafe_archive"


def test_repeated_member_is_refused() -> None:
    file = io.BytesIO(WORKBOOK)
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(SHEET, "x")
    assert error(read(file.getvalue())).code == "unsafe_archive"


def test_encrypted_member_is_refused() -> None:
    data = bytearray(WORKBOOK)
    at = data.rfind(SHEET.encode()) - 46
    struct.pack_into("<H", data, at + 8, 1)
    assert error(read(bytes(data))).code == "encrypted"


@pytest.mark.parametrize(
    "body",
    [
        '<row r="1"><c r="A1" t="s"><v>999</v></c></row>',
        "<row",
        '<row r="1"><c r="A1" t="s"><v>abc</v></c></row>',
        '<row r="0"><c r="A0"><v>1</v></c></row>',
        '<row r="1"><c r="99"><v>1</v></c></row>',
        '<row r="x"><c r="ZZZZ1"><v>1</v></c></row>',
    ],
)
def test_broken_sheet_gives_problems_and_no_exception(body: str) -> None:
    parsed = read(with_sheet(body))
    assert parsed.questions == () and codes(parsed)


def test_formula_without_a_stored_value_is_an_empty_cell() -> None:
    row = f'<row r="2">{cell("A2", "题（ ）")}{cell("B2", "甲")}{cell("C2", "乙")}<c r="D2"><f>"A"</f></c></row>'
    head = "".join(cell(f"{letter}1", name) for letter, name in zip("ABCD", ("题干", "A", "B", "答案"), strict=True))
    assert error(read(with_sheet(f'<row r="1">{head}</row>{row}'))).code == "no_key"


def test_cut_old_workbook_is_refused() -> None:
    content = xls([HEADER, ROW])
    for length in (600, 1500, 3000, len(content) - 600):
        parsed = read(content[:length])
        assert parsed.questions == () and codes(parsed)
