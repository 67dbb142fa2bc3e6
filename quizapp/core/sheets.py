"""Reading a small table from an uploaded xlsx or csv file as rows of text, with bounds on everything.

The reader of xlsx holds a sheet as one block from its first to its last cell, so two cells far apart would take
all memory: the archive's directory and the extent of every sheet are looked at before it is called.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from dataclasses import dataclass
from datetime import date, datetime

import python_calamine as calamine

from quizapp.core.errors import DomainError
from quizapp.core.extents import sheet_extent
from quizapp.core.i18n import _, _l

MOST_BYTES = 5 * 1024 * 1024
MOST_UNPACKED = 60 * 1024 * 1024
MOST_MEMBERS = 500
MOST_ROWS = 50_000
MOST_COLUMNS = 64
MOST_CELLS = 2_000_000
DELIMITERS = ",\t;"
SHEET_DATA = b"sheetData"
"""Stands in every sheet, whatever its part is called."""

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
_REASONS = {
    "empty": _l("文件是空的，请选择有内容的文件。"),
    "too_large": _l("文件太大，最多 5 MB。请拆成几个文件。"),
    "unknown": _l("只能读取 Excel 工作簿（.xlsx）和逗号分隔的表格（.csv）。请在表格软件里另存为其中一种再上传。"),
    "damaged": _l("文件打不开，可能已损坏或设了密码。请在表格软件里打开，另存为新的 .xlsx 再上传。"),
    "unsafe": _l("文件里有不该有的内容，没有读取。请在表格软件里新建一个工作簿，只粘贴表格内容再上传。"),
    "too_wide": _l("表格太大，最多 50000 行、64 列。请删去多余的行和列再上传。"),
    "encoding": _l("认不出文件的文字编码。请在表格软件里另存为 .xlsx，或以 UTF-8 编码另存为 .csv 再上传。"),
    "quotes": _l("表格里有没有配对的引号或过长的内容，无法分出各列。请另存为 .xlsx 再上传。"),
}


class UnreadableTable(DomainError):
    """The file cannot be read as a table; `reason` is a key of `_REASONS`."""

    status, code = 422, "unreadable_table"

    def __init__(self, reason: str) -> None:
        super().__init__({"reason": reason})
        self.reason = reason

    def message(self) -> str:
        return str(_REASONS[self.reason])


@dataclass(frozen=True, slots=True)
class SheetRow:
    number: int
    """As a spreadsheet counts: 1 for the first."""
    cells: list[str]


def read_rows(content: bytes) -> list[SheetRow]:
    """The rows with something in them of the first sheet or of the csv text; raise UnreadableTable."""
    if not content.strip():
        raise UnreadableTable("empty")
    if len(content) > MOST_BYTES:
        raise UnreadableTable("too_large")
    if content.startswith(b"PK"):
        rows = _read_xlsx(content)
    elif content.startswith((b"\xd0\xcf\x11\xe0", b"%PDF", b"{\\rtf", b"<")):
        raise UnreadableTable("unknown")
    else:
        rows = _read_csv(content)
    kept = [row for row in rows if any(row.cells)]
    if not kept:
        raise UnreadableTable("empty")
    if len(kept) > MOST_ROWS or any(len(row.cells) > MOST_COLUMNS for row in kept):
        raise UnreadableTable("too_wide")
    return kept


def _read_xlsx(content: bytes) -> list[SheetRow]:
    _check_archive(content)
    try:
        with calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            sheets = [entry.name for entry in book.sheets_metadata if entry.typ == calamine.SheetTypeEnum.WorkSheet]
            if not sheets:
                raise UnreadableTable("empty")
            data = book.get_sheet_by_name(sheets[0])
            if data.start is None:
                return []
            row, column = data.start
            return [
                SheetRow(row + offset + 1, _trimmed([""] * column + [_cell_text(value) for value in values]))
                for offset, values in enumerate(data.iter_rows())
            ]
    except (calamine.CalamineError, *_BROKEN):
        raise UnreadableTable("damaged") from None
    except BaseException as fault:
        # A panic of the reader's own language reaches Python as a BaseException.
        if type(fault).__name__ == "PanicException":
            raise UnreadableTable("damaged") from None
        raise


def _check_archive(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if "xl/workbook.xml" not in {member.filename for member in members}:
                raise UnreadableTable("unknown")
            if len(members) > MOST_MEMBERS or sum(member.file_size for member in members) > MOST_UNPACKED:
                raise UnreadableTable("unsafe")
            for member in members:
                data = archive.read(member)
                if member.filename.endswith((".xml", ".rels")) or SHEET_DATA in data:
                    _check_part(data)
    except _BROKEN:
        raise UnreadableTable("damaged") from None


def _check_part(data: bytes) -> None:
    """No declarations of entities (nor an encoding that would hide them) and no block that no memory holds."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"\x00" in data:
        raise UnreadableTable("unsafe")
    if SHEET_DATA in data:
        rows, columns = sheet_extent(data)
        if rows * columns > MOST_CELLS:
            raise UnreadableTable("too_wide")


def _cell_text(value: object) -> str:
    """A cell as it is shown: 1200.0 is 1200, a date is 2026-11-23."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip()


def _read_csv(content: bytes) -> list[SheetRow]:
    text = _decode(content)
    first_line = text.lstrip().partition("\n")[0]
    delimiter = max(DELIMITERS, key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[SheetRow] = []
    try:
        for cells in reader:
            rows.append(SheetRow(reader.line_num, _trimmed([cell.strip() for cell in cells])))
            if len(rows) > MOST_ROWS:
                raise UnreadableTable("too_wide")
    except csv.Error:
        raise UnreadableTable("quotes") from None
    return rows


def _decode(content: bytes) -> str:
    """UTF-8 or UTF-16 by its mark, else UTF-8, else GB18030, in which Chinese spreadsheets save csv."""
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeError:
            continue
        if all(letter >= " " or letter in "\t\r\n" for letter in text):
            return text.replace("\r\n", "\n").replace("\r", "\n")
        raise UnreadableTable("unknown")
    raise UnreadableTable("encoding")


def _trimmed(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells


def row_place(number: int) -> str:
    """Where a problem is, for people."""
    return _("第 %(number)s 行", number=number)
