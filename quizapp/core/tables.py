"""Writing tables as files: csv and xlsx, row by row in constant memory, safe to open in a spreadsheet.

A cell that starts with a character from which a spreadsheet begins a formula (or that hides one: tab, line
end) is written with a leading apostrophe, as OWASP ASVS 1.2.10 asks. The library for xlsx takes dict
values by position, so every row here has the header's keys in the header's order.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from rustpy_xlsxwriter import FastExcel

FORMULA_STARTS = frozenset("=+-@\t\r\n")
SHEET_ROWS = 1_048_575
"""Rows below the header that a sheet of xlsx can hold."""
CELL_LETTERS = 32_767

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A named table whose rows may come from a generator; each row has one value a column.

    `count` is the number of rows, which a format that limits a sheet has to know beforehand.
    """

    name: str
    columns: Sequence[str]
    rows: Iterable[Row]
    count: int


def neutralise(value: Any) -> Any:
    """The value, made harmless when it is a text that a spreadsheet could take for a formula."""
    if not isinstance(value, str) or not value:
        return value
    kept = "".join(letter for letter in value if letter >= " " or letter in "\t\r\n")
    first = unicodedata.normalize("NFKC", kept.lstrip(" ")[:1])
    return ("'" + kept if first in FORMULA_STARTS else kept)[:CELL_LETTERS]


def write_csv(file: TextIO, table: Table) -> None:
    """Write RFC 4180 with a header line; `file` must be opened with newline=""."""
    writer = csv.writer(file)
    writer.writerow(table.columns)
    for row in table.rows:
        writer.writerow(["" if value is None else neutralise(value) for value in row])


def write_xlsx(path: Path, tables: Sequence[Table]) -> None:
    """Write each table as a sheet, continued on further sheets where one is full."""
    book = FastExcel(str(path)).freeze(row=1)
    for table in tables:
        rows = iter(table.rows)
        for number in range(1 + max(0, table.count - 1) // SHEET_ROWS):
            name = table.name if number == 0 else f"{table.name} {number + 1}"
            book = book.sheet(name, _records(table.columns, islice(rows, SHEET_ROWS)))
    book.save()


def _records(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """The rows as the dicts the library wants; an empty row when there are none, or the header would be missing."""
    is_empty = True
    for row in rows:
        is_empty = False
        yield dict(zip(columns, (neutralise(value) for value in row), strict=True))
    if is_empty:
        yield dict.fromkeys(columns)
