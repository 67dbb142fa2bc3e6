"""What a file is, told by its bytes: names and endings lie too often."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from quizapp.bank.formats import (
    aiken,
    clean_text,
    csv_file,
    docx,
    gift,
    gift_signs,
    json_file,
    moodle_xml,
    other_json,
    qti,
    text,
    xls,
    xlsx,
)
from quizapp.bank.formats.archive import member_names
from quizapp.bank.formats.csv_file import find_delimiter
from quizapp.bank.formats.decoding import decode
from quizapp.bank.formats.parsed import Refused

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLD_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")
_MAGIC = {
    b"%PDF": "PDF", b"{\\rtf": "RTF", b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z", b"\x1f\x8b": "gzip", b"SQLite format 3": "SQLite",
}  # fmt: skip
_MARKUP = re.compile(r"\s*<(?:\?xml|!doctype|[A-Za-z_][\w.:-]{0,60}[\s/>])", re.IGNORECASE)
_HTML = re.compile(r"<(?:!doctype html|html|table|body|head|meta)\b", re.IGNORECASE)

# The formats with a sign of their own, tried in this order before a file is taken for a table or for lines. A
# predicate must be quick, must not raise and must be sure: what it takes, no other reader gets.
PACKAGES: tuple[tuple[str, Callable[[Sequence[str]], bool]], ...] = ((qti.NAME, qti.is_package),)
"""A format's name, and whether the names in a zip's directory are those of one of its files."""
TEXTS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    (json_file.NAME, json_file.is_own),
    (json_file.NAME_OF_LINES, json_file.is_own_lines),
    (moodle_xml.NAME, moodle_xml.is_moodle),
    (qti.NAME, qti.is_document),
    (text.NAME, clean_text.is_own),
    (gift.NAME, gift_signs.is_gift),
    (aiken.NAME, aiken.is_aiken),
)
"""A format's name, and whether a decoded text (XML, JSON or lines) is one of its files."""


@dataclass(frozen=True, slots=True)
class Found:
    """The name of what was found, or the code of the problem with it."""

    name: str
    problem: str | None = None


def look_at(content: bytes) -> Found:
    """Tell the format of a file, or why it is not read."""
    if content.startswith(_ZIP):
        return _look_into_zip(content)
    if content.startswith(_OLE):
        return _look_into_compound(content)
    if content.startswith(_OLD_BIFF):
        return Found("Excel 4", "unsupported_format")
    for magic, name in _MAGIC.items():
        if content.startswith(magic):
            return Found(name, "unsupported_format")
    try:
        return _look_at_text(decode(content))
    except Refused as refusal:
        if content.lstrip().startswith(b"<?xml"):  # it may declare an encoding that only readers of XML know
            return _look_at_text(content.decode("latin-1"))
        return Found("", refusal.problem.code)


def _look_into_zip(content: bytes) -> Found:
    names = member_names(content)
    if not names:
        return Found("zip", "damaged_file")
    if any(name.startswith("xl/") for name in names):
        return _kind_of_workbook(names)
    for name, is_one in PACKAGES:
        if is_one(names):
            return Found(name)
    if any(name.startswith("word/") for name in names):
        has_macros = any(name.lower().startswith("word/vbaproject") for name in names)
        return Found("docm", "with_macros") if has_macros else Found(docx.NAME)
    for start, name in (
        ("ppt/", "PowerPoint (.pptx)"),
        ("content.xml", "OpenDocument (.ods, .odt)"),
    ):
        if any(entry.startswith(start) for entry in names):
            return Found(name, "unsupported_format")
    return Found("zip", "unsupported_format")


def _kind_of_workbook(names: list[str]) -> Found:
    lower = {name.lower() for name in names}
    if "xl/vbaproject.bin" in lower or any(name.startswith("xl/macrosheets/") for name in lower):
        return Found("xlsm", "with_macros")
    if "xl/workbook.bin" in lower:
        return Found("Excel (.xlsb)", "unsupported_format")
    return Found(xlsx.NAME)


def _look_into_compound(content: bytes) -> Found:
    """The directory of a compound file names its streams in UTF-16."""

    def has(stream: str) -> bool:
        return stream.encode("utf-16-le") + b"\x00\x00" in content

    if has("EncryptedPackage"):
        return Found(xlsx.NAME, "encrypted")
    if has("Workbook") or has("Book"):
        return Found(xls.NAME)
    if has("WordDocument"):
        return Found("Word 97–2003 (.doc)", "old_document")
    if has("PowerPoint Document"):
        return Found("PowerPoint 97–2003 (.ppt)", "unsupported_format")
    return Found("", "unknown_format")


def _look_at_text(decoded: str) -> Found:
    for name, is_one in TEXTS:
        if is_one(decoded):
            return Found(name)
    head = decoded[:4_000]
    if _MARKUP.match(head):
        return Found("HTML" if _HTML.search(head) else "XML", "unsupported_format")
    if _is_json(decoded):
        return Found(other_json.NAME)
    delimiter = find_delimiter(decoded)
    return Found(csv_file.NAME if delimiter else text.NAME)


def _is_json(decoded: str) -> bool:
    """One document, or one a line; a broken one still opens like a list or object of strings."""
    start = decoded.lstrip()[:200]
    if not start.startswith(("{", "[")):
        return False
    if re.match(r"[\[{]\s*(?:[\[{]\s*)*(?:\"[^\"]{0,100}\"\s*[:,\]]|[\]}])", start):
        return True
    try:
        json.loads(decoded.strip().split("\n", 1)[0])
    except ValueError:
        return False
    except RecursionError:
        return True
    return True
