"""The bytes of a statute's file into its text: plain text, Markdown, or the paragraphs of a Word document."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import iterparse

from quizapp.bank.formats.decoding import decode
from quizapp.bank.formats.parsed import Refused
from quizapp.bank.statutes.parsed import Unreadable

MOST_BYTES = 5 * 1024 * 1024
MOST_UNPACKED = 40 * 1024 * 1024
DOCUMENT = "word/document.xml"
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SKIPPED = {f"{_WORD}{name}" for name in ("del", "moveFrom", "txbxContent", "footnote", "instrText")}
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    OSError,
    NotImplementedError,
    RuntimeError,
    KeyError,
    ParseError,
)
_OTHERS = (
    (b"%PDF", "PDF"),
    (b"\xd0\xcf\x11\xe0", ".doc"),
    (b"{\\rtf", "RTF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
)
_HTML = re.compile(rb"\s*<(?:!doctype\s+html|html|head|body|\?xml)", re.IGNORECASE)


def text_of(content: bytes) -> str:
    """Return the text of a file; raise Unreadable where it holds none that this program reads."""
    if not content.strip(b"\x00\t\n\r \xef\xbb\xbf\xff\xfe"):
        raise Unreadable("empty_file")
    if len(content) > MOST_BYTES:
        raise Unreadable("file_too_large", limit=str(MOST_BYTES // 1024 // 1024))
    for start, name in _OTHERS:
        if content.startswith(start):
            raise Unreadable("unsupported", found=name)
    if _HTML.match(content):
        raise Unreadable("unsupported", found="HTML, XML")
    if content.startswith(b"PK"):
        return _document_text(content)
    try:
        return decode(content)
    except Refused:
        raise Unreadable("undecodable") from None


def _document_text(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if DOCUMENT not in archive.namelist():
                raise Unreadable("unsupported", found="ZIP")
            with archive.open(DOCUMENT) as part:
                xml = part.read(MOST_UNPACKED + 1)
    except _DAMAGE:
        raise Unreadable("damaged_file") from None
    if len(xml) > MOST_UNPACKED:
        raise Unreadable("damaged_file")
    try:
        return "\n".join(_paragraphs(xml))
    except _DAMAGE:
        raise Unreadable("damaged_file") from None


def _paragraphs(xml: bytes) -> list[str]:
    """The text of each paragraph, tables included, in order; what was deleted under tracking is left out."""
    lines: list[str] = []
    words: list[str] = []
    skipping = 0
    for event, element in iterparse(io.BytesIO(xml), events=("start", "end"), forbid_dtd=True):
        if element.tag in _SKIPPED:
            skipping += 1 if event == "start" else -1
        elif event == "end" and not skipping:
            _take(element, words, lines)
        if event == "end" and element.tag == f"{_WORD}p":
            element.clear()
    return lines


def _take(element: Element, words: list[str], lines: list[str]) -> None:
    match element.tag.removeprefix(_WORD):
        case "t":
            words.append(element.text or "")
        case "tab":
            words.append("\t")
        case "br" | "cr":
            words.append("\n")
        case "p":
            lines.append("".join(words))
            words.clear()
