"""Rows of texts, as every kind of table gives them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    """From 1, as a spreadsheet counts."""
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Merged:
    """Cells of one column, below each other, that show as one; only the first has the text."""

    column: int
    first_row: int
    last_row: int


def cell(row: Row, place: int | None) -> str:
    """The text at a place (from 0); empty behind the row's end and for no place."""
    return row.cells[place] if place is not None and place < len(row.cells) else ""


def column_letters(place: int) -> str:
    """The name of a column by its place from 0: 0 is A, 26 is AA."""
    letters, rest = "", place + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


def column_place(letters: str) -> int:
    """The place from 0 of a column by its name: A is 0, AA is 26."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1
