"""The bytes of a statute's file into its text: plain text, Markdown, or the paragraphs of a Word document."""

from __future__ import annotations

import re
from typing import Any

from quizapp.bank.formats.archive import member_names, unpack
from quizapp.bank.formats.decoding import decode
from quizapp.bank.formats.parsed import Refused
from quizapp.bank.statutes.parsed import Unreadable
from quizapp.core.xml import UnreadableXml, parse

MOST_BYTES = 2 * 1024 * 1024
DOCUMENT = "word/document.xml"
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SKIPPED = tuple(f"{_WORD}{name}" for name in ("del", "moveFrom", "txbxContent"))
_RUNS = {f"{_WORD}t": "", f"{_WORD}tab": "\t", f"{_WORD}br": "\n", f"{_WORD}cr": "\n"}
"""The elements that are text, and what the empty ones stand for."""
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
    if DOCUMENT not in member_names(content):
        raise Unreadable("unsupported" if member_names(content) else "damaged_file", found="ZIP")
    try:
        body = parse(unpack(content, re.compile(re.escape(DOCUMENT)))[DOCUMENT])
    except (Refused, UnreadableXml):
        raise Unreadable("damaged_file") from None
    return "\n".join(_paragraph(paragraph) for paragraph in body.iter(f"{_WORD}p"))


def _paragraph(paragraph: Any) -> str:
    """The text of a paragraph; what was deleted under tracking, and what floats in a box, is left out."""
    runs = (run for run in paragraph.iter(*_RUNS) if next(run.iterancestors(*_SKIPPED), None) is None)
    return "".join(_RUNS[run.tag] or run.text or "" for run in runs)
