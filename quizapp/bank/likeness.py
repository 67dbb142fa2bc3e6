"""Questions that say nearly the same: found without comparing each with each. Pure.

Ten thousand new questions beside fifty thousand known ones are half a billion pairs. Two texts that are alike share
most of their pairs of neighbouring letters, so they share some of those that are rare; only texts that have rare
pairs in common are compared letter by letter. Every step is bounded, whatever the texts are: what many have in common
tells nothing and is not followed. So a likeness may be missed, but none is told that is not there.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from rapidfuzz import fuzz

LEAST_PERCENT = 85
"""How much of two texts is the same letters in the same order, from where on people want to see both."""
LEAST_LETTERS = 8
MOST_LETTERS = 600
"""Of a text is compared its beginning."""
RARE_PAIRS = 24
MOST_SHARING = 48
"""A pair of letters that this many texts have among their rare ones leads to no more of them."""
MOST_COMPARED = 12
_NO_LETTERS = re.compile(r"[\W_]+")


def likeness_text(stem: str, options: Iterable[str]) -> str:
    """What is compared of a question: its stem, and its options in an order that does not depend on theirs."""
    return "".join([_letters(stem), *sorted(_letters(text) for text in options)])[:MOST_LETTERS]


def _letters(text: str) -> str:
    """Without width, case, spaces and punctuation; quicker than rules.normalise_text, and no answer depends on it."""
    return _NO_LETTERS.sub("", unicodedata.normalize("NFKC", text).casefold())


def find_similar(
    known: Sequence[str], new: Sequence[str], *, tell: Callable[[int, int], None] | None = None
) -> dict[int, tuple[int, int]]:
    """For the new texts that have one: the place of the text most like it, and how much, in percent.

    Places count through the known texts and then the new ones; a new text is compared with those before it. `tell`
    is called with how many new texts are done, of how many.
    """
    common: Counter[str] = Counter()
    for texts in (known, new):
        for text in texts:
            common.update(_pairs(text))
    sharing: dict[str, list[int]] = {}
    for place, text in enumerate(known):
        _note(sharing, _rare(text, common), place)
    found = {}
    for number, text in enumerate(new):
        rare = _rare(text, common)
        near: Counter[int] = Counter()
        for pair in rare:
            near.update(sharing.get(pair, ()))
        best = _best(text, [(place, _at(place, known, new)) for place, _ in near.most_common(MOST_COMPARED)])
        if best:
            found[number] = best
        _note(sharing, rare, len(known) + number)
        if tell:
            tell(number + 1, len(new))
    return found


def _pairs(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(len(text) - 1)}


def _rare(text: str, common: Counter[str]) -> list[str]:
    """The pairs of a text that the fewest texts have; none of a text too short to tell anything."""
    if len(text) < LEAST_LETTERS:
        return []
    return sorted(_pairs(text), key=lambda pair: (common[pair], pair))[:RARE_PAIRS]


def _note(sharing: dict[str, list[int]], rare: Iterable[str], place: int) -> None:
    for pair in rare:
        places = sharing.setdefault(pair, [])
        if len(places) < MOST_SHARING:
            places.append(place)


def _at(place: int, known: Sequence[str], new: Sequence[str]) -> str:
    return known[place] if place < len(known) else new[place - len(known)]


def _best(text: str, candidates: Iterable[tuple[int, str]]) -> tuple[int, int] | None:
    best: tuple[int, int] | None = None
    for place, other in candidates:
        percent = fuzz.ratio(text, other, score_cutoff=max(LEAST_PERCENT, best[1] + 1 if best else 0))
        if percent:
            best = (place, int(percent))
    return best
