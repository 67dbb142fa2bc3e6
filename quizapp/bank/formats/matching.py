"""Matching between our two sides with ids and the pairs of other systems."""

from __future__ import annotations

from collections.abc import Iterator

from quizapp.bank.formats.parsed import ParsedQuestion
from quizapp.bank.rules import sides


def pairs_of(question: ParsedQuestion) -> Iterator[tuple[str, str]]:
    """Id on the left, id on the right; "" on the left for what is matched by nothing.

    The right ones come in the order of their first pair to who reads them again: where that is another order than
    ours, all of them stand alone before the pairs.
    """
    left, right = sides(option.id for option in question.options)
    right_of = {pair[0]: pair[1:] for pair in map(str, question.key)}
    used = list(dict.fromkeys(right_of[letter] for letter in left))
    in_order = right[: len(used)] == used
    if not in_order:
        yield from (("", number) for number in right)
    yield from ((letter, right_of[letter]) for letter in left)
    if in_order:
        yield from (("", number) for number in right[len(used) :])
