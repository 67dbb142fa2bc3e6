"""Short and numerical answers of other systems as the accepted texts of one blank."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from quizapp.bank.formats.characters import shorten
from quizapp.bank.formats.typed import Unfit

_WILDCARD = re.compile(r"(?<!\\)\*")
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][-+]?[0-9]{1,2})?")


def read_accepted(texts: Sequence[str], shares: Sequence[Decimal]) -> tuple[tuple[str, ...], bool]:
    """The texts worth all points, and whether one worth a part of them was left out; raise Unfit.

    A `*` stands for any letters (Moodle), which no blank here can check; `\\*` is the sign itself.
    """
    full = [text for text, share in zip(texts, shares, strict=True) if share >= 100 and text]
    exact = [literal(text) for text in full if not _WILDCARD.search(text)]
    if not exact:
        raise Unfit("answer_pattern", text=shorten(full[0])) if full else Unfit("no_key")
    is_partial = len(exact) < len(full) or any(
        0 < share < 100 and text for text, share in zip(texts, shares, strict=True)
    )
    return tuple(dict.fromkeys(exact)), is_partial


def literal(text: str) -> str:
    return text.replace("\\*", "*")


def as_pattern(text: str) -> str:
    """The answer as Moodle takes it: a star that means itself is marked."""
    return text.replace("*", "\\*")


def read_number(text: str) -> str | None:
    """An exact number as written: 1822, 1822:0 or 4..4; None where a whole range is right."""
    number, _, tolerance = (part.strip(" \t\n") for part in text.partition(":"))
    low, dots, high = number.partition("..")
    if dots and _value(low) is not None and _value(low) == _value(high) and not tolerance:
        return low.strip(" \t\n")
    is_exact = _value(number) is not None and (not tolerance or _value(tolerance) == 0)
    return number if is_exact else None


def spellings(number: str) -> tuple[str, ...]:
    """A number as written, and without zeros that mean nothing where it has some: 1822.0 is 1822."""
    value = _value(number)
    if value is None:
        return (number,)
    return tuple(dict.fromkeys((number, f"{value.normalize():f}")))


def _value(text: str) -> Decimal | None:
    text = text.strip(" \t\n")
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
