"""A PNG as the site keeps it: checked by its content, of sane size, without anything but the picture. Pure.

A file that begins like a PNG may carry other things: text with places and names, a second file behind the end, a
picture that unpacks to gigabytes. What is kept is built anew from the few chunks that draw the picture.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_BYTES = 300_000
MOST_SIDE = 1024
KEPT = (b"IHDR", b"PLTE", b"tRNS", b"sRGB", b"gAMA", b"IDAT", b"IEND")
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""Samples a pixel and allowed bits a sample, by colour type (PNG, third edition, §11.2.1)."""


class UnusablePicture(Exception):
    """`reason` is not_png, too_large (bytes), too_big (pixels) or damaged."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def clean_png(content: bytes) -> bytes:
    """The same picture with only the chunks that draw it; raise UnusablePicture."""
    if not content.startswith(SIGNATURE):
        raise UnusablePicture("not_png")
    if len(content) > MOST_BYTES:
        raise UnusablePicture("too_large")
    chunks = [(name, data) for name, data in _chunks(content) if name in KEPT]
    names = [name for name, _data in chunks]
    if names[0] != b"IHDR" or names.count(b"IHDR") != 1 or names[-1] != b"IEND":
        raise UnusablePicture("damaged")
    _check_pixels(dict(chunks)[b"IHDR"], b"".join(data for name, data in chunks if name == b"IDAT"))
    return SIGNATURE + b"".join(_chunk(name, data) for name, data in chunks)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and data of each chunk up to the end chunk; what stands behind it is not looked at."""
    at = len(SIGNATURE)
    while at + 12 <= len(content):
        length, name = struct.unpack(">I4s", content[at : at + 8])
        data, check = content[at + 8 : at + 8 + length], content[at + 8 + length : at + 12 + length]
        if len(check) < 4 or struct.unpack(">I", check)[0] != zlib.crc32(name + data):
            raise UnusablePicture("damaged")
        yield name, data
        if name == b"IEND":
            return
        at += 12 + length
    raise UnusablePicture("damaged")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _check_pixels(header: bytes, packed: bytes) -> None:
    """The header is sane, and the pixels unpack to exactly as many bytes as it says."""
    if len(header) != 13:
        raise UnusablePicture("damaged")
    width, height, depth, colour, packing, filtering, interlace = struct.unpack(">IIBBBBB", header)
    if colour not in DEPTHS or depth not in DEPTHS[colour] or packing or filtering or not width or not height:
        raise UnusablePicture("damaged")
    if width > MOST_SIDE or height > MOST_SIDE or interlace:
        raise UnusablePicture("too_big")
    expected = height * (1 + (width * depth * SAMPLES[colour] + 7) // 8)
    unpacker = zlib.decompressobj()
    try:
        pixels = unpacker.decompress(packed, expected + 1)
    except zlib.error:
        raise UnusablePicture("damaged") from None
    if len(pixels) != expected:
        raise UnusablePicture("damaged")
