"""Files made to do harm or merely broken: each with the code of the one error it gives; None where it is read."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import openpyxl

from quizapp.bank.formats import MOST_BYTES
from tests.bank.formats.making import HEADER, saved, sheet_xml, with_parts, xlsx
from tests.bank.formats.making_docx import docx, lines, numbering, p, picture, relationships

ROW = ("单选题", "题（ ）", "甲", "乙", "", "", "A")
WORKBOOK = xlsx([HEADER, ROW])
SHEET = "xl/worksheets/sheet1.xml"
CSV = "题干,A,B,答案\n题（ ）,甲,乙,A\n"
OPTIONS = lines("A. 甲", "B. 乙", "答案：A")
DTD = b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://127.0.0.1:%d/x.dtd"><x/>'
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'


def cell(place: str, text: str = "x") -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def with_sheet(body: str) -> bytes:
    return with_parts(WORKBOOK, {SHEET: sheet_xml(body)})


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return file.getvalue()


def overlapping() -> bytes:
    """Every member of the directory points at the same local entry."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(200):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", b"<a>%d" % number * 500)
        entries = archive.infolist()
        for entry in entries:
            entry.header_offset = entries[0].header_offset
    return file.getvalue()


def size_lie() -> bytes:
    data = bytearray(with_sheet(cell("A1") * 5_000))
    at = data.rfind(SHEET.encode()) - 46
    struct.pack_into("<I", data, at + 24, 100)
    return bytes(data)


def ten_thousand_styles() -> bytes:
    formats = "".join(f'<numFmt numFmtId="{number}" formatCode="0.{number}"/>' for number in range(200, 10_200))
    styles = f'<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts>{formats}</numFmts></styleSheet>'
    return with_parts(WORKBOOK, {"xl/styles.xml": styles.encode()})


def dates_of_1904() -> bytes:
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    for row in ([*HEADER, "法律", "生效日期"], [*ROW, "宪法", "2018-02-01"]):
        book.active.append(row)
    return saved(book)


def hidden(state: str) -> bytes:
    book = openpyxl.Workbook()
    for row in (HEADER, ROW):
        book.active.append(row)
    other = book.create_sheet("别的")
    other.append(("a",))
    book.active.sheet_state = state
    book.active = other
    return saved(book)


def deep(opening: str, closing: str, depth: int = 1_000) -> bytes:
    return docx(opening * depth + p("甲") + closing * depth)


TEXTS: dict[str, tuple[Callable[[], bytes], str | None]] = {
    "empty": (lambda: b"", "empty_file"),
    "blanks": (lambda: b"\xef\xbb\xbf\r\n \r\n", "empty_file"),
    "nul bytes alone": (lambda: bytes(10_000), "empty_file"),
    "too large": (lambda: b'"' + b"a," * (MOST_BYTES // 2 + 1), "file_too_large"),
    "header alone": (lambda: b"\xe9\xa2\x98\xe5\xb9\xb2,A,B,\xe7\xad\x94\xe6\xa1\x88\n", "no_questions"),
    "latin letters of another encoding": (lambda: "Größe,Änderung,Straße,é\n".encode("latin-1") * 9, "undecodable"),
    "mixed encodings": (lambda: CSV.encode() + "又一题\n".encode("gb18030") + "再一题".encode(), "undecodable"),
    "quote never closed": (lambda: CSV.encode() + b'"' + b"x,y\n" * 200_000, "unclosed_quote"),
    "one value of ten megabytes": (lambda: CSV.encode() + b"x" * 10_000_000 + b",a,b,A\n", "text_too_long"),
    "one quoted value of ten megabytes": (
        lambda: CSV.encode() + b'"' + b"x" * 10_000_000 + b'",a,b,A\n',
        "text_too_long",
    ),
    "many columns": (lambda: (CSV.strip() + "," * 100_000 + "x\n").encode(), "too_many_columns"),
    "many rows": (lambda: CSV.encode() + b"a,b,c,A\n" * 2_000_000, "too_many_rows"),
    "many empty rows": (lambda: CSV.encode() + b"\n" * 3_000_000, "too_many_rows"),
    "many lines": (lambda: b"1. x\n" * 2_000_000, "too_many_rows"),
    "one endless line": (lambda: "1. 题".encode() + b"A. x " * 1_000_000, "text_too_long"),
    "brackets without end": (lambda: "1. 题".encode() + b"(" * 19_000 + b"\nA. x\nB. y\n" + "答案：A\n".encode(), None),
    "blanks without end": (lambda: b"1. x" + b" " * 19_000 + b"y\nA. x\nB. y\n" + "答案：A\n".encode(), None),
    "labels without end": (lambda: b"1. x\nA. x\nB. y\n" + "答案：".encode() * 6_000, "bad_key"),
    "headings without end": (lambda: "一、单选题\n".encode() * 100_000, "no_text_questions"),
    "combining letters without end": (
        lambda: ("1. 题" + "\u0301" * 19_000 + "\nA. 甲\nB. 乙\n答案：A\n").encode(),
        None,
    ),
    "points that are none": (lambda: "题干,答案,分值\n题,对,1e309\n题二,对,-1\n题三,对,NaN\n".encode(), None),
}

WORKBOOKS: dict[str, tuple[Callable[[], bytes], str | None]] = {
    "one cell in the far corner": (
        lambda: with_sheet(f'<row r="1">{cell("A1")}</row><row r="1048576">{cell("XFD1048576")}</row>'),
        "sheet_too_large",
    ),
    "one text of 105 megabytes": (
        lambda: with_sheet(f'<row r="1">{cell("A1", "x" * 105_000_000)}</row>'),
        "unpacks_too_large",
    ),
    "billion laughs": (lambda: with_parts(WORKBOOK, {"xl/sharedStrings.xml": LAUGHS}), "unsafe_archive"),
    "four hundred thousand rows": (
        lambda: with_sheet("".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 400_001))),
        "too_many_rows",
    ),
    "many members": (lambda: zipped(**{f"xl__m{n}.xml": b"x" for n in range(3_000)}), "unsafe_archive"),
    "overlapping members": (overlapping, "damaged_file"),
    "size that lies": (size_lie, "damaged_file"),
    "zip in a zip": (lambda: zipped(**{"book.xlsx": WORKBOOK}), "unsupported_format"),
    "string that is not there": (lambda: with_sheet('<row r="1"><c r="A1" t="s"><v>999</v></c></row>'), "damaged_file"),
    "ten thousand styles": (ten_thousand_styles, None),
    "dates of 1904": (dates_of_1904, None),
    "hidden sheet": (lambda: hidden("hidden"), "no_header"),
    "very hidden sheet": (lambda: hidden("veryHidden"), "no_header"),
    "macros": (lambda: with_parts(WORKBOOK, {"xl/vbaProject.bin": b"x"}), "with_macros"),
    "half a file": (lambda: WORKBOOK[: len(WORKBOOK) // 2], "damaged_file"),
}

DOCUMENTS: dict[str, tuple[Callable[[], bytes], str | None]] = {
    "tables in each other": (lambda: deep("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>"), "document_too_large"),
    "boxes in each other": (
        lambda: deep(
            "<w:p><w:r><w:pict><v:shape><v:textbox><w:txbxContent>",
            "</w:txbxContent></v:textbox></v:shape></w:pict></w:r></w:p>",
        ),
        "document_too_large",
    ),
    "a million runs": (
        lambda: docx("<w:p>" + "".join(f"<w:r><w:t>{n}</w:t></w:r>" for n in range(1_000_000)) + "</w:p>"),
        "document_too_large",
    ),
    "many paragraphs": (
        lambda: docx("".join(f"<w:p><w:r><w:t>{n}</w:t></w:r></w:p>" for n in range(300_000))),
        "too_many_rows",
    ),
    "many runs in many paragraphs": (
        lambda: docx("".join(f"<w:p>{f'<w:r><w:t>{n}</w:t></w:r>' * 20}</w:p>" for n in range(15_000))),
        "no_text_questions",
    ),
    "more runs in many paragraphs": (
        lambda: docx("".join(f"<w:p>{f'<w:r><w:t>{n}</w:t></w:r>' * 20}</w:p>" for n in range(40_000))),
        "document_too_large",
    ),
    "one text of 90 megabytes": (lambda: docx(p("x" * 90_000_000)), "unpacks_too_large"),
    "billion laughs": (lambda: with_parts(docx(p("x")), {"word/document.xml": LAUGHS}), "unsafe_archive"),
    "numbers without end": (
        lambda: docx(
            "".join(p("x", number=(1, 0)) for _ in range(20_000)),
            parts={"numbering.xml": numbering(("decimal", "%1" * 20))},
        ),
        "no_text_questions",
    ),
    "style based on itself": (
        lambda: docx(
            p("1. 题（ ）", style="a") + OPTIONS,
            parts={
                "styles.xml": b'<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
                b'<w:style w:styleId="a"><w:basedOn w:val="a"/></w:style></w:styles>'
            },
        ),
        None,
    ),
    "half a file": (lambda: docx(p("x"))[:500], "damaged_file"),
    "no body": (lambda: zipped(word__other=b"<a/>"), "damaged_file"),
}


def that_call(port: int) -> dict[str, bytes]:
    """Files that name addresses of a server on this machine in every place where a program might fetch one."""
    address = f"http://127.0.0.1:{port}"
    outside = relationships(
        ("rIdP", "image", f"{address}/picture.png", True),
        ("rId9", "attachedTemplate", f"{address}/template.dotm", True),
        ("rId8", "externalLinkPath", f"{address}/book.xlsx", True),
        ("rId7", "connections", f"{address}/data", True),
    )
    body = p("1. 题", picture(), "（ ）") + OPTIONS
    link = b'<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
    dde = with_sheet(f'<row r="1"><c r="A1"><f>cmd|"/c curl {address}"!A1</f><v>1</v></c></row>')
    image = with_sheet(f'<row r="1"><c r="A1"><f>WEBSERVICE("{address}/x")</f></c></row>')
    files = {
        "external link": with_parts(
            WORKBOOK,
            {"xl/externalLinks/externalLink1.xml": link, "xl/externalLinks/_rels/externalLink1.xml.rels": outside},
        ),
        "dde": dde,
        "web formula": image,
        "picture from elsewhere": with_parts(docx(body), {"word/_rels/document.xml.rels": outside}),
        "template from elsewhere": with_parts(
            docx(body), {"word/settings.xml": b"<x/>", "word/_rels/settings.xml.rels": outside}
        ),
    }
    for part in ("xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml", "[Content_Types].xml", "_rels/.rels"):
        files[f"dtd of {part}"] = with_parts(WORKBOOK, {part: DTD % port})
    for part in ("document.xml", "numbering.xml", "settings.xml", "styles.xml", "_rels/document.xml.rels"):
        files[f"dtd of word/{part}"] = with_parts(docx(body), {f"word/{part}": DTD % port})
    return files
