"""Excel 97–2003 workbooks (.xls): a compound file with one stream of binary records."""

from __future__ import annotations

from quizapp.bank.formats.parsed import Parsed, ReadOptions
from quizapp.bank.formats.sheets import read_workbook

NAME = "xls"


def read(content: bytes, options: ReadOptions) -> Parsed:
    """Read the questions of a workbook."""
    return read_workbook(content, format_name=NAME, options=options)
