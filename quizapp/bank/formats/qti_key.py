"""The right choice found by trying: the one that a file's own processing gives the most points.

What is not unique is not a key: two single choices with the same points, or points that cannot be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Points = Callable[[tuple[str, ...]], float | None]


class NoKey(Exception):
    """Nothing that is chosen gives points, or they cannot be told."""


class SeveralKeys(Exception):
    """Several choices are equally right; `keys` are they."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__(", ".join(keys))
        self.keys = keys


@dataclass(frozen=True, slots=True)
class Found:
    key: tuple[str, ...]
    has_partial: bool = False
    """Whether another choice gives points too, though fewer."""


def best_single(choices: Sequence[str], points: Points) -> Found:
    """The one choice with the most points; raise NoKey, SeveralKeys."""
    given = {choice: _known(points((choice,))) for choice in choices}
    most = max(given.values(), default=0.0)
    if most <= 0:
        raise NoKey
    best = [choice for choice in choices if given[choice] == most]
    if len(best) > 1:
        raise SeveralKeys(best)
    return Found((best[0],), any(0 < score < most for score in given.values()))


def best_set(choices: Sequence[str], candidates: Iterable[Iterable[str]], points: Points) -> Found:
    """The smallest set of choices that gives the most points, of `candidates`; raise NoKey, SeveralKeys.

    A set counts only where no choice added gives more, and each one taken away costs points.
    """
    sets = {frozenset(one) & frozenset(choices) for one in candidates}
    scores = {one: _known(points(_in_order(one, choices))) for one in sets if one}
    most = max(scores.values(), default=0.0)
    if most <= 0:
        raise NoKey
    least = min(len(one) for one, score in scores.items() if score == most)
    best = [one for one, score in scores.items() if score == most and len(one) == least]
    if len(best) > 1:
        raise SeveralKeys(["+".join(_in_order(one, choices)) for one in best])
    key = best[0]
    for choice in choices:
        other = _known(points(_in_order(key ^ {choice}, choices)))
        if other > most or (choice in key and other == most):
            raise NoKey
    return Found(_in_order(key, choices))


def _in_order(chosen: Iterable[str], choices: Sequence[str]) -> tuple[str, ...]:
    wanted = set(chosen)
    return tuple(choice for choice in choices if choice in wanted)


def _known(score: float | None) -> float:
    if score is None:
        raise NoKey
    return score
