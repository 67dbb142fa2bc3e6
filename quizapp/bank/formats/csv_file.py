"""Tables as text: values between commas, tabs or semicolons, quoted where they hold one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from quizapp.bank.formats.characters import clean, shorten
from quizapp.bank.formats.collect import Collected
from quizapp.bank.formats.columns import Columns
from quizapp.bank.formats.decoding import decode
from quizapp.bank.formats.parsed import Parsed, ParsedQuestion, Problem, ReadOptions, Refused
from quizapp.bank.formats.places import FILE, row_place
from quizapp.bank.formats.rows import Row, column_letters
from quizapp.bank.formats.table import HEADER_WITHIN, Table, find_header
from quizapp.bank.formats.table_writing import layout_for, rows_of
from quizapp.bank.formats.workbook import MOST_COLUMNS, MOST_ROWS
from quizapp.core.tables import neutralise, restore

NAME, NAME_WITH_TABS = "csv", "tsv"
DELIMITERS = (",", "\t", ";", "，", "|")
MOST_LINES_OF_A_RECORD = 1_000
"""A record of more lines has lost its closing quote."""
_SAMPLE_LETTERS = 200_000
_LEAST_COLUMNS = 3
_EVEN = 0.9


def read(content: bytes, options: ReadOptions) -> Parsed:
    """Read the questions of a text table."""
    collected = Collected(options)
    try:
        text = decode(content)
        delimiter = find_delimiter(text) or ","
        table = Table(_rows(text, delimiter, collected), told=options.sheet(""))
        if table.rows and not table.read_into(collected):
            collected.report(Problem(row_place(table.rows[0].number), "no_header", {"rows": str(len(table.rows))}))
            collected.sheets.append(table.layout())
    except Refused as refusal:
        collected.report(refusal.problem)
    return collected.parsed(NAME)


def write(questions: Sequence[ParsedQuestion]) -> bytes:
    """Values between commas, with the mark by which spreadsheets know UTF-8."""
    return _write(questions, ",")


def write_with_tabs(questions: Sequence[ParsedQuestion]) -> bytes:
    return _write(questions, "\t")


def _write(questions: Sequence[ParsedQuestion], delimiter: str) -> bytes:
    layout = layout_for(questions)
    content = io.BytesIO()
    file = io.TextIOWrapper(content, "utf-8-sig", newline="", write_through=True)
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(layout.headers)
    for row in rows_of(questions, layout):
        writer.writerow(map(neutralise, row))
    return content.getvalue()


def find_delimiter(text: str) -> str | None:
    """The delimiter under which a header of questions appears, or else one that gives even rows; None for no table."""
    sample = text[:_SAMPLE_LETTERS]
    best, most = None, Columns()
    for delimiter in DELIMITERS:
        rows = [
            Row(number, [clean(value) for value in values])
            for number, values in enumerate(_sample(sample, delimiter), 1)
        ]
        at, columns = find_header(rows)
        if at >= 0 and columns.score > most.score:
            best, most = delimiter, columns
    return best or _even_delimiter(sample)


def _even_delimiter(sample: str) -> str | None:
    for delimiter in DELIMITERS[:3]:
        widths = [len(values) for values in _sample(sample, delimiter, rows=50) if any(values)][:-1]
        usual = max(set(widths), key=widths.count, default=0)
        if len(widths) > 2 and usual >= _LEAST_COLUMNS and widths.count(usual) >= _EVEN * len(widths):
            return delimiter
    return None


def _sample(sample: str, delimiter: str, *, rows: int = HEADER_WITHIN) -> Iterable[Sequence[str]]:
    reader = csv.reader(
        io.StringIO(sample.replace("\r\n", "\n").replace("\r", "\n"), newline="\n"), delimiter=delimiter
    )
    try:
        for number, values in enumerate(reader):
            if number >= rows:
                return
            yield values
    except csv.Error:
        return


def _rows(text: str, delimiter: str, collected: Collected) -> list[Row]:
    """All rows with something in them; a row counts as a spreadsheet shows it, however many lines it has."""
    rows: list[Row] = []
    for number, values in _records(text, delimiter):
        if number > MOST_ROWS:
            raise Refused(FILE, "too_many_rows", limit=str(MOST_ROWS))
        wide = next((place for place in range(MOST_COLUMNS, len(values)) if values[place].strip()), None)
        if wide is not None:
            params = {"limit": str(MOST_COLUMNS), "text": shorten(values[wide])}
            collected.report(Problem(row_place(number, column=column_letters(wide)), "too_many_columns", params))
        cells = [restore(clean(value)) for value in values[:MOST_COLUMNS]]
        if any(cells):
            rows.append(Row(number, cells))
    return rows


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records with their numbers; raise Refused at a quote that is never closed or a value beyond all measure.

    Reading is strict first, since only that tells an open quote; a quote in the midst of a value is then let pass.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        records = _parse(text, delimiter, strict=True)
    except Refused as refusal:
        if refusal.problem.code != "damaged_file":
            raise
        records = _parse(text, delimiter, strict=False)
    yield from enumerate(records, 1)


def _parse(text: str, delimiter: str, *, strict: bool) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter, strict=strict)
    records: list[list[str]] = []
    start = 1
    try:
        for values in reader:
            if reader.line_num - start > MOST_LINES_OF_A_RECORD:
                raise Refused(f"line {start}", "unclosed_quote")
            records.append(values)
            if len(records) > MOST_ROWS:
                raise Refused(FILE, "too_many_rows", limit=str(MOST_ROWS))
            start = reader.line_num + 1
    except csv.Error as fault:
        is_one_line = reader.line_num == start
        if is_one_line and "field larger" in str(fault):
            value = text.split("\n", start)[start - 1].lstrip(f'{delimiter}"')
            params = {"text": shorten(value[:200]), "limit": str(csv.field_size_limit())}
            raise Refused(f"line {start}", "text_too_long", **params) from None
        is_open = reader.line_num - start > MOST_LINES_OF_A_RECORD or "end of data" in str(fault) or not strict
        raise Refused(f"line {start}", "unclosed_quote" if is_open else "damaged_file") from None
    return records
