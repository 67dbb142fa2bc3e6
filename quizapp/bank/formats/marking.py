"""Right answers that a document shows by nothing but their looks: bold, coloured, highlighted, underlined."""

from __future__ import annotations

import re
from collections.abc import Sequence

from quizapp.bank.formats.line_kinds import Line, Mark

MANNERS = ("highlighted", "coloured", "bold", "underlined")
"""The surest sign first."""
_UNDERLINED = MANNERS[-1]
_LEAST_SHARE = 0.6
"""How much of an option's text must stand out; less is a word that the question is about."""
_CHUNK = 12


def marked_letters(lines: Sequence[Line], options: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
    """The letters of the options that stand out among the others, and the manner in which they do.

    None where none or all do, or where two manners say different things.
    """
    if not any(line.marks for line in lines):
        return None
    text, marks = _joined(lines)
    spans = _spans(text, options)
    if spans is None:
        return None
    said: dict[str, str] = {}
    for manner in MANNERS:
        own = [mark for mark in marks if mark.manner == manner]
        letters = "".join(letter for letter, start, label_end, end in spans if _stands_out(own, start, label_end, end))
        if letters and len(letters) < len(spans):
            said[manner] = letters
    if len(set(said.values())) != 1:
        return None
    manner = next(iter(said))
    return said[manner], manner


def underlined_texts(lines: Sequence[Line]) -> list[str]:
    """The texts with a line under them, from the first to the last; runs that touch are one."""
    texts: list[str] = []
    for line in lines:
        end = -1
        for mark in line.marks:
            part = line.text[mark.start : mark.end]
            if mark.manner == _UNDERLINED and part.strip():
                if mark.start == end and texts:
                    texts[-1] += part
                else:
                    texts.append(part)
                end = mark.end
    return [text.strip() for text in texts]


def _joined(lines: Sequence[Line]) -> tuple[str, list[Mark]]:
    text = "\n".join(line.text for line in lines)
    marks: list[Mark] = []
    at = 0
    for line in lines:
        marks.extend(Mark(at + mark.start, at + mark.end, mark.manner) for mark in line.marks)
        at += len(line.text) + 1
    return text, marks


def _spans(text: str, options: Sequence[tuple[str, str]]) -> list[tuple[str, int, int, int]] | None:
    """Letter, start of the label, its end and the end of the text on that line, for each option with a text."""
    spans, at = [], 0
    for letter, option in options:
        chunk = option.split("\n")[0][:_CHUNK]
        if not chunk:
            continue
        wide = chr(ord(letter) + 0xFEE0)
        label = rf"[{letter}{letter.lower()}{wide}]\s{{0,3}}[.．、:：)）\]】,，]?\s{{0,8}}"
        found = re.compile(label + re.escape(chunk)).search(text, at)
        if not found:
            return None
        line_end = text.find("\n", found.end())
        end = found.end() - len(chunk) + len(option)
        spans.append(
            (letter, found.start(), found.end() - len(chunk), min(end, line_end if line_end >= 0 else len(text)))
        )
        at = found.end()
    return spans


def _stands_out(marks: Sequence[Mark], start: int, label_end: int, end: int) -> bool:
    """The letter alone, or most of the text."""
    covered = sum(max(0, min(mark.end, end) - max(mark.start, label_end)) for mark in marks)
    has_letter = any(mark.start <= start < mark.end for mark in marks)
    is_text = end > label_end and covered >= _LEAST_SHARE * (end - label_end)
    return is_text or (has_letter and not covered)
