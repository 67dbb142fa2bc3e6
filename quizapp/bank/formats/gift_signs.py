"""Telling GIFT from other text, by its signs alone."""

from __future__ import annotations

import re

from quizapp.bank.formats.csv_file import DELIMITERS
from quizapp.bank.formats.gift_syntax import pieces
from quizapp.bank.formats.rows import Row
from quizapp.bank.formats.table import find_header

_MAY_BE = re.compile(r"[{]|^[ \t]*(?:::|\$CATEGORY:|\[(?:html|markdown|moodle|plain)\])", re.MULTILINE)
_OPENS_JSON = re.compile(r"\s*[\[{]\s*[\[{\"]")
_OPENS_PIECE = re.compile(r"\s*(?:::.*?::|\[(?:html|markdown|moodle|plain)\])", re.DOTALL)
_LABEL = re.compile(r"^[ \t]*(?:【?(?:正确|参考)?答案|ANSWER|解析)[ \t]*】?[ \t]*[:：]", re.MULTILINE)
_BLOCK = re.compile(r"\{\s*(?:[=~#][^{}]*|(?:T|TRUE|F|FALSE)\s*(?:#[^{}]*)?)?\}", re.IGNORECASE)


def is_gift(text: str) -> bool:
    """Whether most pieces of a text hold an answer block, or begin as only GIFT does."""
    sample = text[:200_000].lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not _MAY_BE.search(sample) or _OPENS_JSON.match(sample) or _is_table(sample):
        return False
    signs = other = lines = 0
    for piece in pieces(sample):
        if piece.category is not None:
            signs += 1
            continue
        blocks, outside = len(_BLOCK.findall(piece.text)), _BLOCK.sub("", piece.text)
        lines += outside.count("\n") + 1
        has_sign = bool(blocks and outside.strip()) or bool(_OPENS_PIECE.match(piece.text))
        if has_sign and not _LABEL.search(outside):
            signs += max(blocks, 1)
        elif not blocks:
            other += 1
    return signs > other and lines <= 8 * signs


def _is_table(sample: str) -> bool:
    """Whether the text opens with the header of a table of questions, whose cells may hold anything."""
    lines = [line for line in sample[:4_000].split("\n") if line.strip()][:3]
    return any(
        find_header([Row(number, line.split(mark)) for number, line in enumerate(lines, 1)])[0] >= 0
        for mark in DELIMITERS
    )
