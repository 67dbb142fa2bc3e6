"""Excel 97–2003 workbooks (.xls): a compound file with one stream of binary records.

Before the reader gets the stream its records are walked: numbers by which it would reserve memory (the extent of
a sheet, the count of strings) must be true, and sheets must begin where records do.
Records after [MS-XLS], https://learn.microsoft.com/openspecs/office_file_formats/ms-xls.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from quizapp.bank.formats.compound import pack_stream, read_stream
from quizapp.bank.formats.parsed import Parsed, ReadOptions, Refused
from quizapp.bank.formats.places import FILE
from quizapp.bank.formats.sheets import read_workbook
from quizapp.bank.formats.workbook import MOST_CELLS

NAME = "xls"
_STREAMS = ("Workbook", "Book")
_STARTS = (0x0809, 0x0409, 0x0209, 0x0009)
_PASSWORD, _SHEET, _STRINGS, _EXTENT = 0x002F, 0x0085, 0x00FC, 0x0200
_SEVERAL_NUMBERS = 0x00BD
# Formula, number, label, error or truth, short number, string by index, rich string.
_CELLS = frozenset((0x0006, 0x0203, 0x0204, 0x0205, 0x027E, 0x00FD, 0x00D6, _SEVERAL_NUMBERS))
_LEAST_BYTES_OF_A_STRING = 3


def read(content: bytes, options: ReadOptions) -> Parsed:
    """Read the questions of a workbook."""
    try:
        name, stream = read_stream(content, _STREAMS)
        checked = pack_stream(name, _Records(stream).checked())
    except Refused as refusal:
        return Parsed(NAME, (), (refusal.problem,))
    return read_workbook(checked, format_name=NAME, options=options)


@dataclass(slots=True)
class _Records:
    """One walk over the records of a workbook."""

    stream: bytes
    starts: set[int] = field(default_factory=set)
    sheets: list[int] = field(default_factory=list)
    extents: list[int] = field(default_factory=list)
    """Places of the records that say how far a sheet reaches."""
    rows: int = 0
    columns: int = 0

    def checked(self) -> bytes:
        """The stream up to its last record, with harmless extents; raise Refused for one that is not sound."""
        at, end = 0, len(self.stream)
        while at + 4 <= end:
            kind, size = struct.unpack_from("<2H", self.stream, at)
            if at + 4 + size > end or not (kind or size):
                break
            self._look(kind, size, at)
            at += 4 + size
        if not self.starts or not set(self.sheets) <= self.starts:
            raise Refused(FILE, "damaged_file")
        return self._without_extents(at)

    def _look(self, kind: int, size: int, at: int) -> None:
        if kind in _CELLS and size >= 4:
            row, column = struct.unpack_from("<2H", self.stream, at + 4)
            more = (size - 6) // 6 if kind == _SEVERAL_NUMBERS else 0
            self.rows, self.columns = max(self.rows, row + 1), max(self.columns, column + 1 + more)
            if self.rows * self.columns > MOST_CELLS:
                raise Refused(FILE, "sheet_too_large", rows=str(self.rows), columns=str(self.columns))
        elif kind in _STARTS:
            self.starts.add(at)
            self.rows = self.columns = 0
        elif kind == _SHEET and size >= 4:
            self.sheets.append(struct.unpack_from("<I", self.stream, at + 4)[0])
        elif kind == _PASSWORD:
            raise Refused(FILE, "encrypted")
        elif kind == _STRINGS and size >= 8:
            (count,) = struct.unpack_from("<I", self.stream, at + 8)
            if count * _LEAST_BYTES_OF_A_STRING > len(self.stream):
                raise Refused(FILE, "damaged_file")
        elif kind == _EXTENT:
            self.extents.append(at)

    def _without_extents(self, end: int) -> bytes:
        """An extent is only a hint how much to reserve; an empty one serves every sheet."""
        stream = bytearray(self.stream[:end])
        for at in self.extents:
            (size,) = struct.unpack_from("<H", stream, at + 2)
            stream[at + 4 : at + 4 + size] = bytes(size)
        return bytes(stream)
