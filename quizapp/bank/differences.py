"""What changed between two texts, and between two revisions of a question. Pure.

Chinese is compared character by character, other scripts word by word: half a changed word reads badly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

MOST_TOKENS = 8_000
"""Above, texts are compared line by line."""
FEW_TOKENS = 500
"""Above, characters that come very often no longer serve as hold: else the time would grow with the square."""
_TOKENS = re.compile(r"[0-9]+(?:[.,][0-9]+)*|[^\W\d_\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+|\s+|.", re.DOTALL)
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_SHORTEST_ISLAND = 2
"""A single character left equal between two changes is shown as changed too."""

Op = Literal["same", "gone", "new"]


@dataclass(frozen=True, slots=True)
class Piece:
    op: Op
    text: str


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """How one part of a question differs; `name` is stem, passage, explanation, option, key, …"""

    name: str
    part: str
    """The option's id, the language, or ""."""
    pieces: tuple[Piece, ...]


def compare_texts(before: str, after: str) -> tuple[Piece, ...]:
    """The pieces that make up both texts: without the new ones the old text, without the gone ones the new one."""
    if before == after:
        return (Piece("same", after),) if after else ()
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    if len(old) > MOST_TOKENS or len(new) > MOST_TOKENS:
        old, new = _LINES.findall(before), _LINES.findall(after)
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    pieces = [Piece("same", "".join(old[:start]))]
    pieces += _changed(old[start : len(old) - end], new[start : len(new) - end])
    pieces.append(Piece("same", "".join(old[len(old) - end :])))
    return tuple(piece for piece in pieces if piece.text)


def is_changed(pieces: Sequence[Piece]) -> bool:
    return any(piece.op != "same" for piece in pieces)


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    shortest = min(len(old), len(new))
    return next((place for place in range(shortest) if old[place] != new[place]), shortest)


def _changed(old: Sequence[str], new: Sequence[str]) -> list[Piece]:
    matcher = SequenceMatcher(None, old, new, autojunk=len(new) > FEW_TOKENS)
    pieces: list[Piece] = []
    gone, come = "", ""
    codes = matcher.get_opcodes()
    for number, (op, first, last, new_first, new_last) in enumerate(codes):
        was, now = "".join(old[first:last]), "".join(new[new_first:new_last])
        is_island = 0 < number < len(codes) - 1 and last - first < _SHORTEST_ISLAND
        if op == "equal" and not is_island:
            pieces += [Piece("gone", gone), Piece("new", come), Piece("same", now)]
            gone, come = "", ""
        else:
            gone, come = gone + was, come + now
    pieces += [Piece("gone", gone), Piece("new", come)]
    return pieces


def compare_revisions(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FieldDifference]:
    """The fields in which two revisions differ, in the order in which a question is read.

    Both are documents: a name → text or name → {part: text}, parts in order.
    """
    found = []
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name, ""), after.get(name, "")
        old = old if isinstance(old, Mapping) else {"": old}
        new = new if isinstance(new, Mapping) else {"": new}
        for part in dict.fromkeys([*old, *new]):
            pieces = compare_texts(old.get(part, ""), new.get(part, ""))
            if is_changed(pieces):
                found.append(FieldDifference(name, part, pieces))
    return found
