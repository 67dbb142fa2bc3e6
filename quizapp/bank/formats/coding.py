"""How answers that are no plain letters or words are meant in one table: told by all its rows, or by a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from quizapp.bank.formats.answers import compact
from quizapp.bank.formats.read_options import SheetOptions


@dataclass(frozen=True, slots=True)
class Coding:
    first: int | None = None
    """The number of the first option; None where no number can be one."""
    is_certain: bool = False
    """A question with three or more options shows it, or a person said it."""
    truths: Mapping[str, bool] = field(default_factory=dict)
    """Spellings of right and wrong that a person told, folded."""

    def truth(self, answer: str) -> bool | None:
        return self.truths.get(compact(answer)) if self.truths else None


def told_coding(sheet: SheetOptions) -> Coding:
    """What a person said of the answers of a sheet."""
    truths = {compact(sheet.right): True, compact(sheet.wrong): False} if sheet.right else {}
    return Coding(first=sheet.numbers_from, is_certain=sheet.numbers_from is not None, truths=truths)


def read_coding(answered: Iterable[tuple[Sequence[int], int, int]], sheet: SheetOptions) -> Coding:
    """Whether answers given as numbers count options from 0 or from 1, told by all rows together.

    `answered`: for each row the numbers of its answer, how many places for options it has and how many are filled.
    """
    told = told_coding(sheet)
    if told.is_certain:
        return told
    counted = [(numbers, places, texts) for numbers, places, texts in answered if numbers and texts >= 2]
    if not counted or any(number > places for numbers, places, _ in counted for number in numbers):
        return told
    from_zero = any(0 in numbers for numbers, _, _ in counted)
    reaches_last = any(number == places for numbers, places, _ in counted for number in numbers)
    if from_zero and reaches_last:
        return told
    is_certain = any(texts > 2 and (0 in numbers or max(numbers) == places) for numbers, places, texts in counted)
    return Coding(first=0 if from_zero else 1, is_certain=is_certain, truths=told.truths)
