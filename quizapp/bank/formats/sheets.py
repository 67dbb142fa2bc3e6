"""The sheets of a workbook, each a table of questions, a copy of another, or something else."""

from __future__ import annotations

from collections.abc import Iterator

from quizapp.bank.formats.collect import Collected
from quizapp.bank.formats.kinds import Hint, kind_named
from quizapp.bank.formats.layout import SheetLayout
from quizapp.bank.formats.line_kinds import Line
from quizapp.bank.formats.lines import read_if_certain
from quizapp.bank.formats.parsed import Parsed, Problem, ReadOptions, Refused, SheetOptions
from quizapp.bank.formats.places import row_place
from quizapp.bank.formats.table import Table
from quizapp.bank.formats.workbook import Sheet, read_sheets

LEAST_CELLS_OF_A_TABLE = 3
GUIDE_HEADER = ("列名", "怎么填写")
"""The first row of the sheet of instructions in our own template, which is no loss when it is not read."""


def read_workbook(content: bytes, *, format_name: str, options: ReadOptions) -> Parsed:
    """Read every visible sheet; a workbook that cannot be read gives one problem."""
    collected = Collected(options)
    try:
        _read_all(read_sheets(content), collected)
    except Refused as refusal:
        collected.report(refusal.problem)
    return collected.parsed(format_name)


def _read_all(sheets: Iterator[Sheet], collected: Collected) -> None:
    seen: dict[tuple[tuple[str, ...], ...], str] = {}
    unread: list[Sheet] = []
    for sheet in sheets:
        if not sheet.rows or tuple(sheet.rows[0].cells) == GUIDE_HEADER:
            continue
        table = _table(sheet, collected.options.sheet(sheet.name))
        rows = tuple(tuple(row.cells) for row in sheet.rows)
        is_told, where = table.told.is_read, f"sheet {sheet.name}"
        if is_told is False:
            collected.sheets.append(table.layout())
            continue
        for problem in sheet.problems:
            collected.report(problem)
        if rows in seen and not is_told:
            collected.report(Problem(where, "sheet_repeated", {"first": seen[rows]}, "warning"))
            collected.sheets.append(table.layout())
        elif sheet.is_hidden and not is_told:
            collected.report(Problem(where, "sheet_hidden", severity="warning"))
            collected.sheets.append(table.layout())
        elif not table.read_into(collected) and not _read_as_text(sheet, collected):
            unread.append(sheet)
            collected.sheets.append(table.layout())
        seen.setdefault(rows, sheet.name)
    for sheet in unread:
        collected.report(_not_read(sheet, is_only_one=not collected.questions))


def _table(sheet: Sheet, told: SheetOptions) -> Table:
    kind = kind_named(sheet.name)
    section = Hint(kind, insists=False, words=sheet.name) if kind else None
    part = f"sheet {sheet.name}"
    return Table(sheet.rows, told=told, name=sheet.name, part=part, section=section, merged=sheet.merged)


def _read_as_text(sheet: Sheet, collected: Collected) -> bool:
    """A sheet may hold the lines of a text, a line or an option a cell; taken when nearly all of it reads so."""
    text_lines = [
        Line(row_place(row.number, sheet=sheet.name), "\t".join(text for text in row.cells if text))
        for row in sheet.rows
    ]
    return read_if_certain(
        text_lines, collected, layout=SheetLayout(sheet.name, "text", len(sheet.rows), where=f"sheet {sheet.name}")
    )


def _not_read(sheet: Sheet, *, is_only_one: bool) -> Problem:
    """A sheet of words for a drop-down list is no loss; a table without a header is."""
    is_table = any(sum(1 for text in row.cells if text) >= LEAST_CELLS_OF_A_TABLE for row in sheet.rows)
    if is_table or is_only_one:
        return Problem(row_place(sheet.rows[0].number, sheet=sheet.name), "no_header", {"rows": str(len(sheet.rows))})
    return Problem(f"sheet {sheet.name}", "sheet_not_read", {"rows": str(len(sheet.rows))}, "warning")
