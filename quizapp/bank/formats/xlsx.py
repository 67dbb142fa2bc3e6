"""Excel workbooks (.xlsx): a zip of XML parts."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from quizapp.bank.formats.archive import repack_workbook
from quizapp.bank.formats.parsed import Parsed, ParsedQuestion, ReadOptions, Refused
from quizapp.bank.formats.problems import KIND_NAMES
from quizapp.bank.formats.sheets import read_workbook
from quizapp.bank.formats.table_writing import DIFFICULTIES, HEADERS, Layout, layout_for, rows_of
from quizapp.core.tables import Table, write_xlsx

NAME = "xlsx"
SHEET = "题目"
WIDTHS = {"题干": 44, "匹配项": 24, "答案": 14, "解析": 36, "法律依据": 26, "案例": 36, "评分标准": 26}
_OPTION_WIDTH, _WIDTH = 18, 11


def read(content: bytes, options: ReadOptions) -> Parsed:
    """Read the questions of a workbook."""
    try:
        checked = repack_workbook(content)
    except Refused as refusal:
        return Parsed(NAME, (), (refusal.problem,))
    return read_workbook(checked, format_name=NAME, options=options)


def write(questions: Sequence[ParsedQuestion]) -> bytes:
    """A workbook with one sheet, as a clerk would have typed it."""
    layout = layout_for(questions)
    file = io.BytesIO()
    write_xlsx(file, [sheet_of(SHEET, layout, rows_of(questions, layout), len(questions))])
    return file.getvalue()


def sheet_of(name: str, layout: Layout, rows: Iterable[Sequence[str]], count: int) -> Table:
    """A sheet of questions with widths and a list of kinds and difficulties to choose from."""
    headers = layout.headers
    return Table(
        name,
        headers,
        rows,
        count,
        widths=[WIDTHS.get(header, _OPTION_WIDTH if header.startswith("选项") else _WIDTH) for header in headers],
        choices={
            HEADERS["kind"]: list(KIND_NAMES.values()),
            HEADERS["difficulty"]: list(DIFFICULTIES.values()),
        },
    )
