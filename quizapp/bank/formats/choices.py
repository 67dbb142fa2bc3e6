"""Choice questions of other systems: which options are right, told by shares of the points in percent."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from quizapp.bank.formats.typed import Unfit

_FULL = Decimal(100)
_ROUNDING = Decimal(1)
"""Three times 33.33 percent is the whole."""


def read_shares(
    letters: Sequence[str], shares: Sequence[Decimal], *, one_only: bool
) -> tuple[str, tuple[str, ...], bool]:
    """Kind, key, and whether an option that is worth a part of the points was taken for wrong; raise Unfit.

    With one choice allowed, the option worth all points is right. With several, those worth anything are right
    together; where that is a single one, nobody is told so beforehand: that is an indefinite question.
    """
    worth = [(letter, share) for letter, share in zip(letters, shares, strict=True) if share > 0]
    if not worth:
        raise Unfit("no_key")
    if one_only:
        right = tuple(letter for letter, share in worth if share >= _FULL)
        if len(right) != 1:
            raise Unfit("shares_several" if right else "shares_none", letters="、".join(right))
        return "single", right, len(worth) > 1
    if abs(sum(share for _, share in worth) - _FULL) > _ROUNDING:
        raise Unfit("shares_sum", letters="、".join(f"{letter} {share.normalize():f}%" for letter, share in worth))
    right = tuple(letter for letter, _ in worth)
    return "multiple" if len(right) > 1 else "indefinite", right, False


def share_of(right: int) -> str:
    """The share in percent of each of so many right options, as Moodle spells it: 50, 33.33333, 16.66667."""
    share = (_FULL / right).quantize(Decimal("0.00001"), ROUND_HALF_UP)
    return f"{share.normalize():f}"
