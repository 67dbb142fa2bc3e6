"""Excel workbooks (.xlsx): a zip of XML parts."""

from __future__ import annotations

from quizapp.bank.formats.archive import repack_workbook
from quizapp.bank.formats.parsed import Parsed, ReadOptions, Refused
from quizapp.bank.formats.sheets import read_workbook

NAME = "xlsx"


def read(content: bytes, options: ReadOptions) -> Parsed:
    """Read the questions of a workbook."""
    try:
        checked = repack_workbook(content)
    except Refused as refusal:
        return Parsed(NAME, (), (refusal.problem,))
    return read_workbook(checked, format_name=NAME, options=options)
