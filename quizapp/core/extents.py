"""How far the filled cells of a worksheet reach, found before a reader holds the sheet as one block. Pure."""

from __future__ import annotations

import re
from xml.parsers import expat

WITH_CONTENT = ("v", "is", "f")
_REFERENCE = re.compile(r"([A-Za-z]{1,9})([0-9]{1,9})")
_NUMBER = re.compile(r"[0-9]{1,9}")


class BadSheet(ValueError):
    """The sheet is no XML, or a cell or row stands nowhere."""


def sheet_extent(data: bytes) -> tuple[int, int]:
    """Rows and columns of the block from A1 to the farthest cell with something in it, at least 1 and 1.

    `data` is a sheet's XML, by the rules of XML: a reference may be written in many ways, and a cell without one
    stands behind the one before. Callers refuse declarations of entities before. Raises BadSheet.
    """
    extent = _Extent()
    parser = expat.ParserCreate()
    parser.StartElementHandler = extent.start
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise BadSheet(str(error)) from None
    return extent.rows, extent.columns


class _Extent:
    def __init__(self) -> None:
        self.rows = self.columns = 1
        self._row = 0
        self._place = (0, 0)
        """Row and column of the cell that was opened last."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        kind = name.rpartition(":")[2]
        if kind == "c":
            self._place = self._place_of(attributes.get("r"))
        elif kind in WITH_CONTENT:
            self.rows, self.columns = max(self.rows, self._place[0]), max(self.columns, self._place[1])
        elif kind == "row":
            self._row = _row_number(attributes["r"]) if "r" in attributes else self._row + 1
            self._place = (self._row, 0)

    def _place_of(self, reference: str | None) -> tuple[int, int]:
        if reference is None:
            return self._row, self._place[1] + 1
        found = _REFERENCE.fullmatch(reference)
        if found is None:
            raise BadSheet(reference)
        return int(found[2]), _column_number(found[1])


def _row_number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise BadSheet(text)
    return int(text)


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number
