"""One number for a rank: the score above the tie value, exact in the double that a sorted set keeps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

SCORE_LIMIT_HUNDREDTHS = 2**22 - 1
"""41,943.03 points: what 22 bits hold."""
TIE_LIMIT_MS = 2**31 - 1
"""24.8 days: what 31 bits hold. 22 + 31 bits are the 53 of a double."""

Member = TypeVar("Member")


class CannotBeRanked(ValueError):
    """Scores or times of a contest do not fit into a rank; publishing refuses such a contest."""


@dataclass(frozen=True, slots=True)
class Rank:
    score_hundredths: int
    duration_ms: int
    """The tie value: less time is better."""


def pack(*, score_hundredths: int, duration_ms: int) -> int:
    """The number that decides the order, greater is better; values outside the bits are clamped."""
    rank = quantise(score_hundredths=score_hundredths, duration_ms=duration_ms)
    return rank.score_hundredths * (TIE_LIMIT_MS + 1) + TIE_LIMIT_MS - rank.duration_ms


def unpack(packed: int) -> Rank:
    score, rest = divmod(packed, TIE_LIMIT_MS + 1)
    return Rank(score, TIE_LIMIT_MS - rest)


def quantise(*, score_hundredths: int, duration_ms: int) -> Rank:
    """Score and time as the rank knows them: a score below zero counts as zero, a time is cut at 24.8 days."""
    return Rank(min(max(score_hundredths, 0), SCORE_LIMIT_HUNDREDTHS), min(max(duration_ms, 0), TIE_LIMIT_MS))


def require_fit(*, full_hundredths: int, longest_ms: int) -> None:
    """Raise CannotBeRanked when some result of a contest would be clamped."""
    if not 0 <= full_hundredths <= SCORE_LIMIT_HUNDREDTHS:
        raise CannotBeRanked(f"a full score of {full_hundredths} hundredths is above {SCORE_LIMIT_HUNDREDTHS}")
    if not 0 <= longest_ms <= TIE_LIMIT_MS:
        raise CannotBeRanked(f"an attempt of {longest_ms} ms is longer than {TIE_LIMIT_MS}")


def placed(rows: Iterable[tuple[Member, int]]) -> Iterator[tuple[int, Member, int]]:
    """(place, member, packed) of rows that stand in order from the top: equal numbers share a place, 1 1 3."""
    place, before = 0, None
    for count, (member, packed) in enumerate(rows, start=1):
        if packed != before:
            place, before = count, packed
        yield place, member, packed


def in_order(rows: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """The order of a board: the greater number first, rows of one place by member from the last to the first.

    The same as a sorted set read from its top, which compares members byte by byte.
    """
    return sorted(rows, key=lambda row: (row[1], row[0].encode()), reverse=True)
