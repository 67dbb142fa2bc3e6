"""Reading small tables from uploaded files, whatever they hold."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from quizapp.core import sheets
from quizapp.core.sheets import UnreadableTable, read_rows
from quizapp.core.tables import Table, write_xlsx

TEXT = "单位,人数\n司法局,12\n"
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


def cells(content: bytes) -> list[list[str]]:
    return [row.cells for row in read_rows(content)]


def workbook(tmp_path: Path, **parts: str) -> bytes:
    """A workbook of two rows, with parts put in the place of its own (named without their folders' slashes)."""
    path = tmp_path / "w.xlsx"
    write_xlsx(path, [Table("单位", ["单位", "人数"], [["司法局", 12]], 1)])
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            data = source.read(member)
            key = member.filename.replace("/", "_").replace(".", "_")
            target.writestr(member.filename, parts.get(key, "") or data)
        for name in (name for name in parts if name.startswith("extra")):
            target.writestr(f"xl/{name}.xml", parts[name])
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("gb18030"),
        TEXT.encode("utf-16"),
        TEXT.replace(",", "\t").encode(),
        TEXT.replace(",", ";").encode("gbk"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        ("\n\n" + TEXT.replace("\n", ",,\n")).encode(),
        '"单位","人数"\n"司法局" ,"12"\n'.replace('" ,', '",').encode(),
    ],
)
def test_texts_of_all_usual_kinds_are_read(app: Flask, content: bytes) -> None:
    assert cells(content) == [["单位", "人数"], ["司法局", "12"]]


def test_a_workbook_is_read_with_the_numbers_of_its_rows(app: Flask, tmp_path: Path) -> None:
    assert [(row.number, row.cells) for row in read_rows(workbook(tmp_path))] == [
        (1, ["单位", "人数"]),
        (2, ["司法局", "12"]),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (b",,,\n,,\n", "empty"),
        (b"x" * (sheets.MOST_BYTES + 1), "too_large"),
        (b"\x00\x01\x02", "unknown"),
        (b"a\x00b,c\n", "unknown"),
        (b"%PDF-1.7", "unknown"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "unknown"),
        (b"<html><table>", "unknown"),
        (b"PK\x03\x04" + b"\x00" * 50, "damaged"),
        (b"\xff\xfe\x00", "encoding"),
        (b"\x80\x81\xff\xff\xff", "encoding"),
        (b'a,b\n"open and never closed', "quotes"),
        (b'a,b\n"x"y,z\n', "quotes"),
        (b'"' + b"y" * 200_000 + b'"', "quotes"),
        (b",".join(b"c%d" % n for n in range(65)), "too_wide"),
        (b"a\n" * (sheets.MOST_ROWS + 1), "too_wide"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_reason(app: Flask, content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableTable) as refused:
        read_rows(content)
    assert refused.value.reason == reason
    assert refused.value.message().endswith("。")


@pytest.mark.parametrize(
    ("sheet", "reason"),
    [
        ('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', "too_wide"),
        ('<row r="1"><c r="&#88;FD1048576"><v>1</v></c></row>', "too_wide"),
    ],
)
def test_cells_far_apart_are_refused_before_they_take_memory(
    app: Flask, tmp_path: Path, sheet: str, reason: str
) -> None:
    began = time.perf_counter()
    with pytest.raises(UnreadableTable) as refused:
        read_rows(workbook(tmp_path, xl_worksheets_sheet1_xml=SHEET.format(sheet)))
    assert refused.value.reason == reason
    assert time.perf_counter() - began < 1


def test_entities_and_huge_parts_are_refused(app: Flask, tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet/>'
    for parts in ({"xl_worksheets_sheet1_xml": bomb}, {"extra1": " " * (sheets.MOST_UNPACKED + 1)}):
        with pytest.raises(UnreadableTable) as refused:
            read_rows(workbook(tmp_path, **parts))
        assert refused.value.reason == "unsafe"


def test_a_zip_that_is_no_workbook_is_told_so(app: Flask) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    with pytest.raises(UnreadableTable) as refused:
        read_rows(packed.getvalue())
    assert refused.value.reason == "unknown"


def test_a_cut_or_changed_workbook_is_damaged_or_read(app: Flask, tmp_path: Path) -> None:
    whole = workbook(tmp_path)
    for cut in range(0, len(whole), 97):
        for content in (whole[:cut], whole[:cut] + b"\xff\xff" + whole[cut + 2 :]):
            try:
                read_rows(content)
            except UnreadableTable as refused:
                assert refused.reason in ("empty", "damaged", "unknown", "unsafe", "encoding")


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fault(content: bytes) -> None:
    try:
        read_rows(content)
    except UnreadableTable as refused:
        assert refused.reason
