"""Logos: what is kept of a PNG, and what is refused."""

from __future__ import annotations

import struct
import zlib

import pytest

from quizapp.admin.pictures import MOST_BYTES, SIGNATURE, UnusablePicture, clean_png


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def header(width: int = 3, height: int = 2, depth: int = 8, colour: int = 6, interlace: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))


def picture(first: bytes = header(), pixels: bytes = b"\x00" * 26, *more: bytes) -> bytes:
    return SIGNATURE + first + b"".join(more) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def test_a_plain_picture_is_kept_as_it_is() -> None:
    assert clean_png(picture()) == picture()


def test_only_what_draws_the_picture_is_kept() -> None:
    secret = chunk(b"tEXt", b"Author\x00Olga, 13812345678"), chunk(b"eXIf", b"MM\x00*GPS"), chunk(b"acTL", b"\x00" * 8)
    behind = b"<script>alert(1)</script>PK\x03\x04"
    assert clean_png(picture(header(), b"\x00" * 26, *secret) + behind) == picture()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not_png"),
        (b"GIF89a<script>", "not_png"),
        (b"<svg onload=alert(1)>", "not_png"),
        (b"\xff\xd8\xff\xe0JFIF", "not_png"),
        (SIGNATURE, "damaged"),
        (SIGNATURE + b"\x00" * MOST_BYTES, "too_large"),
        (picture()[:-4], "damaged"),
        (picture()[:40] + b"\xff" + picture()[41:], "damaged"),
        (SIGNATURE + chunk(b"IEND", b""), "damaged"),
        (picture(header(width=0)), "damaged"),
        (picture(header(colour=5)), "damaged"),
        (picture(header(depth=3)), "damaged"),
        (picture(header(width=50_000, height=50_000)), "too_big"),
        (picture(header(width=1025)), "too_big"),
        (picture(header(interlace=1)), "too_big"),
        (picture(header(), b"\x00" * 25), "damaged"),
        (picture(header(), b"\x00" * 27), "damaged"),
        (picture(header(), b"\x00" * 50_000_000), "damaged"),
        (SIGNATURE + header() + chunk(b"IDAT", b"no deflate") + chunk(b"IEND", b""), "damaged"),
        (SIGNATURE + struct.pack(">I", 2**31) + b"IHDR", "damaged"),
    ],
)
def test_what_is_no_sane_picture_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(UnusablePicture) as refused:
        clean_png(content)
    assert refused.value.reason == reason
