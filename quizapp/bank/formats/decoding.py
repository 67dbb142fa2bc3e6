"""Bytes of a text file into text."""

from __future__ import annotations

import codecs

from quizapp.bank.formats.parsed import Refused
from quizapp.bank.formats.places import FILE

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MOST_ODD_LETTERS = 0.02
"""Share of control characters above which bytes are no text, though they can be decoded."""


def decode(content: bytes) -> str:
    """Read UTF-8, UTF-16 or GB18030 text, told by its mark or by trying; raise Refused where it is none of them."""
    text = _decode(content)
    if text is None or _is_binary(text):
        raise Refused(FILE, "undecodable")
    return text.replace("\x00", "")


def _decode(content: bytes) -> str | None:
    marked = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), None)
    encodings = (marked,) if marked else (_unmarked_utf16(content), "utf-8", "gb18030")
    for encoding in encodings:
        if encoding:
            try:
                return content.decode(encoding)
            except UnicodeError:
                continue
    return None


def _unmarked_utf16(content: bytes) -> str | None:
    """UTF-16 without a mark shows by its line ends and digits: every other byte of them is 0."""
    head = content[:4096]
    if len(head) < 4 or len(content) % 2:
        return None
    high, low = head[0::2].count(0), head[1::2].count(0)
    least = max(2, len(head) // 40)
    if low >= least and high * 8 <= low:
        return "utf-16-le"
    if high >= least and low * 8 <= high:
        return "utf-16-be"
    return None


def _is_binary(text: str) -> bool:
    head = text[:20_000]
    odd = sum(1 for letter in head if letter < " " and letter not in "\t\n\r\x0b\x0c\x00")
    return odd > len(head) * _MOST_ODD_LETTERS
