"""Sheets of a workbook, xlsx or xls, as rows of texts; the bytes are read by calamine.

calamine keeps a sheet as one block from its first to its last cell, so a stray cell in a far corner would take all
memory: `archive` looks at the extent before. A broken file makes it raise, or panic, which Python sees as a
BaseException of its own.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import python_calamine as calamine

from quizapp.bank.formats.characters import clean, shorten
from quizapp.bank.formats.parsed import Problem, Refused
from quizapp.bank.formats.places import FILE, row_place
from quizapp.bank.formats.rows import Merged, Row, column_letters
from quizapp.core.tables import restore

MOST_ROWS = 200_000
MOST_COLUMNS = 256
MOST_CELLS = 5_000_000
MOST_SHEETS = 200

Cell = int | float | str | bool | time | date | datetime | timedelta


@dataclass(slots=True)
class Sheet:
    name: str
    is_hidden: bool = False
    rows: list[Row] = field(default_factory=list)
    """Rows with something in them."""
    problems: list[Problem] = field(default_factory=list)
    merged: list[Merged] = field(default_factory=list)


def read_sheets(content: bytes) -> Iterator[Sheet]:
    """Give each sheet in order; raise Refused where the workbook cannot be read."""
    try:
        with calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            sheets = [entry for entry in book.sheets_metadata if entry.typ == calamine.SheetTypeEnum.WorkSheet]
            if len(sheets) > MOST_SHEETS:
                raise Refused(FILE, "unsafe_archive", found=f"{len(sheets)} sheets")
            for entry in sheets:
                yield _read_sheet(book, entry)
    except calamine.PasswordError:
        raise Refused(FILE, "encrypted") from None
    except (calamine.CalamineError, OSError, ValueError, OverflowError):
        raise Refused(FILE, "damaged_file") from None
    except BaseException as fault:
        if type(fault).__name__ == "PanicException":
            raise Refused(FILE, "damaged_file") from None
        raise


def _read_sheet(book: calamine.CalamineWorkbook, entry: calamine.SheetMetadata) -> Sheet:
    hidden = entry.visible != calamine.SheetVisibleEnum.Visible
    sheet = Sheet(clean(entry.name) or entry.name, hidden)
    data = book.get_sheet_by_name(entry.name)
    if data.start is None or data.end is None:
        return sheet
    first_row, first_column = data.start
    if data.height * data.width > MOST_CELLS:
        raise Refused(f"sheet {sheet.name}", "sheet_too_large", rows=str(data.height), columns=str(data.width))
    if data.height > MOST_ROWS:
        raise Refused(f"sheet {sheet.name}", "too_many_rows", limit=str(MOST_ROWS))
    for (top, left), (bottom, right) in data.merged_cell_ranges or ():
        if left == right and top < bottom:
            sheet.merged.append(Merged(left, top + 1, bottom + 1))
    for offset, values in enumerate(data.iter_rows()):
        _take_row(sheet, first_row + offset + 1, first_column, values)
    return sheet


def _take_row(sheet: Sheet, number: int, first_column: int, values: list[Cell]) -> None:
    if not any(value != "" for value in values):
        return
    cells = [""] * first_column + [cell_text(value) for value in values]
    wide = next((place for place in range(MOST_COLUMNS, len(cells)) if cells[place]), None)
    if wide is not None:
        where = row_place(number, sheet=sheet.name, column=column_letters(wide))
        sheet.problems.append(
            Problem(where, "too_many_columns", {"limit": str(MOST_COLUMNS), "text": shorten(cells[wide])})
        )
    del cells[MOST_COLUMNS:]
    while cells and not cells[-1]:
        cells.pop()
    if cells:
        sheet.rows.append(Row(number, cells))


def cell_text(value: Cell) -> str:
    """A cell as it is shown: 1.0 is 1, 1e-05 is 0.00001, a date is 2018-02-01."""
    if isinstance(value, str):
        return restore(clean(value))
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        return format(Decimal(repr(value)), "f") if abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
