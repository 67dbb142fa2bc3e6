"""Writing tables as files: csv and xlsx, row by row in constant memory, safe to open in a spreadsheet.

A cell that starts with a character from which a spreadsheet begins a formula (or that hides one: tab, line
end) is written with a leading apostrophe, as OWASP ASVS 1.2.10 asks. The library for xlsx takes dict
values by position, so every row here has the header's keys in the header's order.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from rustpy_xlsxwriter import FastExcel, Format

FORMULA_STARTS = frozenset("=+-@\t\r\n")
SHEET_ROWS = 1_048_575
"""Rows below the header that a sheet of xlsx can hold."""
CELL_LETTERS = 32_767
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")

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
    widths: Sequence[float] = ()
    """In letters, one a column; long texts are then wrapped. Empty: the sheet's own width."""
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Column → what may stand in it, offered as a list in xlsx; anything else may be typed too."""


def neutralise(value: Any) -> Any:
    """The value, made harmless when it is a text that a spreadsheet could take for a formula.

    Apostrophes before such a text get one more, so that `restore` knows which is ours.
    """
    if not isinstance(value, str) or not value or _is_plain(value):
        return value
    kept = _CONTROLS.sub("", value)
    return ("'" + kept if _opens_formula(kept.lstrip("'")) else kept)[:CELL_LETTERS]


def _is_plain(text: str) -> bool:
    """Whether nothing can be wrong with a text, which is true of nearly all, and quickly seen."""
    return text[:1].isalnum() and text.isprintable() and len(text) <= CELL_LETTERS


def _harmless(row: Row) -> list[Any]:
    """A row with each of its texts neutralised; of millions of cells most are seen to be plain at once."""
    return [neutralise(value) if isinstance(value, str) and not _is_plain(value) else value for value in row]


def restore(text: str) -> str:
    """The text that `neutralise` was given, for what it only put an apostrophe before."""
    return text[1:] if text.startswith("'") and _opens_formula(text.lstrip("'")) else text


def _opens_formula(text: str) -> bool:
    return unicodedata.normalize("NFKC", text.lstrip(" ")[:1]) in FORMULA_STARTS


def write_csv(file: TextIO, table: Table) -> None:
    """Write RFC 4180 with a header line; `file` must be opened with newline=""."""
    writer = csv.writer(file)
    writer.writerow(table.columns)
    for row in table.rows:
        writer.writerow(["" if value is None else value for value in _harmless(row)])


def write_xlsx(file: Path | BinaryIO, tables: Sequence[Table]) -> None:
    """Write each table as a sheet, continued on further sheets where one is full."""
    book = FastExcel(file).freeze(row=1)
    for table in tables:
        rows = iter(table.rows)
        look = _look(table)
        for number in range(1 + max(0, table.count - 1) // SHEET_ROWS):
            name = table.name if number == 0 else f"{table.name} {number + 1}"
            book = book.sheet(name, _records(table.columns, islice(rows, SHEET_ROWS)), **look)
    book.save()


def _look(table: Table) -> dict[str, Any]:
    if not table.widths:
        return {}
    wrapped = Format().set_text_wrap().set_align("top")
    return {
        "column_widths": list(table.widths),
        "column_formats": [wrapped] * len(table.columns),
        "header_format": Format().set_bold().set_background_color("#F2EDE3"),
        "data_validations": {
            column: {"type": "list", "values": list(values), "error_style": "information"}
            for column, values in table.choices.items()
        },
    }


def _records(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """The rows as the dicts the library wants; an empty row when there are none, or the header would be missing."""
    is_empty = True
    for row in rows:
        is_empty = False
        yield dict(zip(columns, _harmless(row), strict=True))
    if is_empty:
        yield dict.fromkeys(columns)
