"""Compound files: the container of old Office files, a small file system in one file.

The reader behind follows sector chains wherever they lead; one that leads in a circle would take all memory. So
the stream wanted is taken out here, with every chain checked, and handed on alone in a container made anew.
Layout after [MS-CFB], https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from quizapp.bank.formats.parsed import Refused
from quizapp.bank.formats.places import FILE

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADER_BYTES, _ENTRY_BYTES = 512, 128
_FREE, _END, _FAT_SECTOR = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_MINI_SHIFT, _MINI_CUTOFF = 6, 4096
_SECTOR = 512
_NUMBERS = _SECTOR // 4
_STREAM, _ROOT = 2, 5


class _Broken(Exception):
    """A chain or a directory that contradicts itself."""


def read_stream(content: bytes, names: Sequence[str]) -> tuple[str, bytes]:
    """Return the first stream with one of these names, and its name; raise Refused where none can be had."""
    try:
        return _Container(content).stream(names)
    except (_Broken, struct.error, IndexError, MemoryError):
        raise Refused(FILE, "damaged_file") from None


class _Container:
    def __init__(self, content: bytes) -> None:
        if len(content) < _HEADER_BYTES or not content.startswith(MAGIC):
            raise _Broken
        self.content = content
        self.shift = struct.unpack_from("<H", content, 30)[0]
        if self.shift not in (9, 12):
            raise _Broken
        self.fat = self._numbers(self._fat_sectors())
        first_directory, _, _, first_mini = struct.unpack_from("<4I", content, 48)
        self.directory = self._chained(first_directory)
        self.mini_fat = self._numbers(self._chain(first_mini, self.fat)) if first_mini < _FAT_SECTOR else []

    def stream(self, names: Sequence[str]) -> tuple[str, bytes]:
        entries = list(self._entries())
        for wanted in names:
            for name, kind, start, size in entries:
                if kind == _STREAM and name == wanted:
                    return name, self._data(start, size, entries)
        raise _Broken

    def _sector(self, number: int) -> bytes:
        at = (number + 1) << self.shift
        if at >= len(self.content):
            raise _Broken
        return self.content[at : at + (1 << self.shift)].ljust(1 << self.shift, b"\x00")

    def _numbers(self, sectors: Sequence[int]) -> list[int]:
        data = b"".join(map(self._sector, sectors))
        return list(struct.unpack(f"<{len(data) // 4}I", data))

    def _fat_sectors(self) -> list[int]:
        """The sectors that hold the table of chains: 109 in the header, more in a chain of their own."""
        sectors = list(struct.unpack_from("<109I", self.content, 76))
        following, _ = struct.unpack_from("<2I", self.content, 68)
        most = len(self.content) >> self.shift
        seen = 0
        while following < _FAT_SECTOR:
            seen += 1
            if seen > most:
                raise _Broken
            numbers = self._numbers([following])
            sectors.extend(numbers[:-1])
            following = numbers[-1]
        sectors = [sector for sector in sectors if sector < _FAT_SECTOR]
        if len(sectors) > most:
            raise _Broken
        return sectors

    @staticmethod
    def _chain(start: int, table: Sequence[int]) -> list[int]:
        sectors: list[int] = []
        while start != _END:
            if start >= len(table) or len(sectors) > len(table):
                raise _Broken
            sectors.append(start)
            start = table[start]
        return sectors

    def _chained(self, start: int) -> bytes:
        return b"".join(map(self._sector, self._chain(start, self.fat)))

    def _entries(self) -> Iterator[tuple[str, int, int, int]]:
        for at in range(0, len(self.directory) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
            entry = self.directory[at : at + _ENTRY_BYTES]
            length, kind = struct.unpack_from("<HB", entry, 64)
            start, size = struct.unpack_from("<2I", entry, 116)
            yield entry[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace"), kind, start, size

    def _data(self, start: int, size: int, entries: Sequence[tuple[str, int, int, int]]) -> bytes:
        if size > len(self.content):
            raise _Broken
        if size >= _MINI_CUTOFF:
            return self._chained(start)[:size]
        root = next((entry for entry in entries if entry[1] == _ROOT), None)
        if root is None:
            raise _Broken
        minis = self._chained(root[2])
        places = [sector << _MINI_SHIFT for sector in self._chain(start, self.mini_fat)]
        return b"".join(minis[at : at + (1 << _MINI_SHIFT)] for at in places)[:size]


def pack_stream(name: str, data: bytes) -> bytes:
    """A container with this one stream; short data are filled up with zeros to a full-size stream."""
    data = data.ljust(_MINI_CUTOFF, b"\x00")
    sectors = -(-len(data) // _SECTOR)
    fats = 1
    while fats * _NUMBERS < sectors + 1 + fats:
        fats += 1
    difats = -(-max(0, fats - 109) // (_NUMBERS - 1))
    while fats * _NUMBERS < sectors + 1 + fats + difats:
        fats += 1
        difats = -(-max(0, fats - 109) // (_NUMBERS - 1))
    first_fat, first_difat = sectors + 1, sectors + 1 + fats
    fat = [*range(1, sectors), _END, _END, *[_FAT_SECTOR] * fats, *[_FAT_SECTOR - 1] * difats]
    fat += [_FREE] * (fats * _NUMBERS - len(fat))
    places = list(range(first_fat, first_fat + fats))
    header = struct.pack("<8s16x5H6x", MAGIC, 0x3E, 3, 0xFFFE, 9, _MINI_SHIFT)
    header += struct.pack("<9I", 0, fats, sectors, 0, _MINI_CUTOFF, _END, 0, first_difat if difats else _END, difats)
    header += struct.pack("<109I", *(places[:109] + [_FREE] * (109 - len(places[:109]))))
    directory = _entry("Root Entry", _ROOT, 1, _END, 0) + _entry(name, _STREAM, _FREE, 0, len(data))
    return b"".join(
        (
            header,
            data.ljust(sectors * _SECTOR, b"\x00"),
            directory.ljust(_SECTOR, b"\x00"),
            struct.pack(f"<{len(fat)}I", *fat),
            _difat(places[109:], first_difat, difats),
        )
    )


def _difat(places: Sequence[int], first: int, count: int) -> bytes:
    data = b""
    for number in range(count):
        part = list(places[number * (_NUMBERS - 1) : (number + 1) * (_NUMBERS - 1)])
        part += [_FREE] * (_NUMBERS - 1 - len(part))
        part.append(first + number + 1 if number + 1 < count else _END)
        data += struct.pack(f"<{_NUMBERS}I", *part)
    return data


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = name.encode("utf-16-le") + b"\x00\x00"
    return struct.pack("<64sHBB3I36x3I", text, len(text), kind, 1, _FREE, _FREE, child, start, size, 0)
