"""What a zip file may be before anything reads it: whole, plain, of sane size, without tricks in its XML.

The parts are unpacked here, each against its declared size and sum; what a reader behind sees is exactly what was
checked.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator

from quizapp.bank.formats.parsed import Refused
from quizapp.bank.formats.places import FILE
from quizapp.bank.formats.workbook import MOST_CELLS, MOST_COLUMNS, MOST_ROWS
from quizapp.core.extents import BadSheet, sheet_extent

MOST_MEMBERS = 2_000
MOST_UNPACKED = 100 * 1024 * 1024
RATIO_COUNTS_FROM = 10 * 1024 * 1024
MOST_RATIO = 300
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    OSError,
    NotImplementedError,
    RuntimeError,
    KeyError,
    IndexError,
    OverflowError,
)
"""What zipfile raises for a file that is broken."""
_STORED, _DEFLATED = 0, 8
_OF_A_WORKBOOK = re.compile(r"\[Content_Types\]\.xml|_rels/\.rels|xl/.*\.(?:xml|rels)", re.IGNORECASE)
_SHEET_DATA = b"sheetData"
_EQUALS = rb"\br\s{0,3}=\s{0,3}[\"']"
_CELL = rb"<(?:[A-Za-z0-9]{1,20}:)?c"
_EMPTY_CELL = re.compile(_CELL + rb"\s[^<>]{0,200}/>")
_CELL_WITHOUT_PLACE = re.compile(_CELL + rb"(?:/?>|\s(?![^<>]{0,200}?" + _EQUALS + rb"))")


def member_names(content: bytes) -> list[str]:
    """The names in a zip's directory; empty for what is no zip."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.namelist()
    except DAMAGE:
        return []


def repack_workbook(content: bytes) -> bytes:
    """Return the checked parts of a workbook as a plain zip; raise Refused for a file that is not safe to read."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as clean:
        for name, data in _parts(content, _OF_A_WORKBOOK):
            if _SHEET_DATA in data:
                data = _without_empty_cells(data)
                _check_extent(data)
            clean.writestr(name, data)
    return packed.getvalue()


def unpack(content: bytes, wanted: re.Pattern[str]) -> dict[str, bytes]:
    """Return the checked parts whose whole names match; raise Refused for a file that is not safe to read."""
    return dict(_parts(content, wanted))


def check_directory(members: list[zipfile.ZipInfo], size: int, *, most_members: int = MOST_MEMBERS) -> None:
    """Look at what a zip of `size` bytes says of itself, before anything is unpacked; raise Refused."""
    if len(members) > most_members:
        raise Refused(FILE, "unsafe_archive", found=f"{len(members)} members")
    if any(member.flag_bits & 0x1 for member in members):
        raise Refused(FILE, "encrypted")
    link = next((member.filename for member in members if stat.S_ISLNK(member.external_attr >> 16)), None)
    if link is not None:
        raise Refused(FILE, "unsafe_archive", found=f"link, {link[:40]}")
    names = [member.filename for member in members]
    for name in names:
        if name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or ":" in name:
            raise Refused(FILE, "unsafe_archive", found=name[:40])
    if len(set(names)) < len(names):
        raise Refused(FILE, "unsafe_archive", found="repeated names")
    unpacked = sum(member.file_size for member in members)
    if unpacked > MOST_UNPACKED or (unpacked > RATIO_COUNTS_FROM and unpacked > MOST_RATIO * size):
        raise Refused(FILE, "unpacks_too_large", limit=str(MOST_UNPACKED // 1024 // 1024))


def _parts(content: bytes, wanted: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            check_directory(members, len(content))
            for member in members:
                if wanted.fullmatch(member.filename) and not member.is_dir():
                    yield member.filename, _read(archive, member)
    except DAMAGE:
        raise Refused(FILE, "damaged_file") from None


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.compress_type not in (_STORED, _DEFLATED):
        raise Refused(FILE, "unsafe_archive", found=member.filename[:40])
    data = archive.read(member)
    if len(data) != member.file_size:
        raise Refused(FILE, "damaged_file")
    if member.filename.lower().endswith((".xml", ".rels")) and (
        b"<!DOCTYPE" in data or b"<!ENTITY" in data or _in_utf16(data)
    ):
        raise Refused(FILE, "unsafe_archive", found=f"DOCTYPE, {member.filename[:40]}")
    return data


def _in_utf16(data: bytes) -> bool:
    """XML in another encoding than UTF-8 would hide its declarations from the look above."""
    return data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in data[:64]


def _without_empty_cells(data: bytes) -> bytes:
    """A sheet without its merely formatted cells, of which there can be very many; untouched where places count on."""
    return data if _CELL_WITHOUT_PLACE.search(data) else _EMPTY_CELL.sub(b"", data)


def _check_extent(data: bytes) -> None:
    """Whether the filled cells of a sheet span a block that memory holds."""
    try:
        rows, columns = sheet_extent(data)
    except BadSheet:
        raise Refused(FILE, "damaged_file") from None
    if rows > MOST_ROWS and columns < MOST_COLUMNS:
        raise Refused(FILE, "too_many_rows", limit=str(MOST_ROWS))
    if rows * columns > MOST_CELLS:
        raise Refused(FILE, "sheet_too_large", rows=str(rows), columns=str(columns))
