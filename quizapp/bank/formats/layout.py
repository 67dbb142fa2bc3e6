"""What was recognised of a file's sheets: plain facts, for a form that shows them and lets them be corrected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ReadAs = Literal["table", "text", ""]
SAMPLE_ROWS = 5
MOST_SPELLINGS = 12


@dataclass(frozen=True, slots=True)
class ColumnLayout:
    letter: str
    header: str
    """The text in the header row; empty without one."""
    role: str
    """One of read_options.ROLES, "option A", "blank 1"; empty for a column that is not read."""


@dataclass(frozen=True, slots=True)
class SampleRow:
    number: int
    """As a spreadsheet counts."""
    cells: tuple[str, ...]
    """One text for each of the sheet's columns."""


@dataclass(frozen=True, slots=True)
class SheetLayout:
    name: str
    """What read_options.ReadOptions.sheets calls it; empty for a file without sheets."""
    read_as: ReadAs
    """Rows under columns, or lines of text; empty where the sheet was not read."""
    rows: int
    """Rows with something in them."""
    header_row: int = 0
    """As a spreadsheet counts; 0 where there is none."""
    columns: tuple[ColumnLayout, ...] = ()
    """Of a table, and of a sheet that could be read as one."""
    samples: tuple[SampleRow, ...] = ()
    """The first rows under the header."""
    numbers_from: int | None = None
    """The number that stands for the first option, where answers are numbers."""
    truths: tuple[tuple[str, bool], ...] = ()
    """Spellings of the answers of true or false questions, as they were read. One that stands with both readings
    was read through the text of its option."""
    questions: int = 0
    where: str = ""
    """Its stable place, which `place` puts into words; empty for a file without sheets."""

    @property
    def by_role(self) -> Mapping[str, str]:
        """Role → column letter: the form that read_options.SheetOptions.columns takes."""
        return {column.role: column.letter for column in self.columns if column.role}
