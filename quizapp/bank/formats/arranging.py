"""The answers of ordering and matching questions: an order of letters, pairs of a letter and a number."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from quizapp.bank.formats.characters import fold

_BETWEEN = re.compile(r"[\s,，、;；.．。|/→➔➜⇒>＞<\-—–−~～]+")
_PAIR = re.compile(r"[(（]?\s?([A-Z])\s{0,2}[-—–−~:=→➔⇒>.、与配对)）]{0,4}\s{0,2}[(（]?\s?([0-9]{1,2})\s?[)）]?")


def read_order(answer: str, letters: Collection[str]) -> tuple[str, ...] | None:
    """`C、A、B`, `CAB`, `C→A→B`: every letter once, in the order written; None for anything else."""
    order = tuple(_BETWEEN.sub("", fold(answer)))
    return order if len(order) == len(letters) and set(order) == set(letters) else None


def read_pairs(answer: str, left: Collection[str], right: Collection[str]) -> tuple[str, ...] | None:
    """`A2、B1`, `A-2 B-1`, `A→2；B→1`: one pair for each on the left, in their order; None for anything else."""
    folded = fold(answer)
    pairs = {found[1]: str(int(found[2])) for found in _PAIR.finditer(folded)}
    rest = _BETWEEN.sub("", _PAIR.sub("", folded))
    fits = set(pairs) == set(left) and set(pairs.values()) <= set(right)
    if rest or not fits or len(pairs) != len(_PAIR.findall(folded)):
        return None
    return tuple(letter + pairs[letter] for letter in sorted(left))


def in_order(option_ids: Iterable[str]) -> list[str]:
    """Letters, then the numbers of the right side by their value."""
    return sorted(option_ids, key=lambda option_id: (option_id.isdigit(), len(option_id), option_id))
