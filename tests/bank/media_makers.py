"""Pictures and recordings for tests, made on the spot."""

from __future__ import annotations

import io
import random
import struct
import wave
import zlib
from typing import Any

from PIL import Image


def picture(
    format_name: str = "PNG",
    size: tuple[int, int] = (40, 30),
    colour: Any = (200, 30, 30),
    mode: str = "RGB",
    **options: Any,
) -> bytes:
    """A picture of one colour."""
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, format_name, **options)
    return file.getvalue()


def photo(format_name: str = "JPEG", size: tuple[int, int] = (640, 480), mode: str = "RGB", **options: Any) -> bytes:
    """A picture of noise, which compresses as badly as any."""
    channels = len(mode)
    drawn = Image.frombytes(mode, size, random.Random(7).randbytes(size[0] * size[1] * channels))
    file = io.BytesIO()
    drawn.save(file, format_name, **options)
    return file.getvalue()


def marked(format_name: str = "JPEG", orientation: int = 1) -> bytes:
    """A picture, red on the left and blue on the right, with a place, a name and a comment in its metadata."""
    drawn = Image.new("RGB", (64, 32), (220, 0, 0))
    drawn.paste((0, 0, 220), (32, 0, 64, 32))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x013B] = "Zhang San 13812345678"
    exif.get_ifd(0x8825)[2] = (36.0, 3.0, 40.0)
    file = io.BytesIO()
    drawn.save(file, format_name, exif=exif, comment=b"13812345678", icc_profile=b"profile 13812345678")
    return file.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_claiming(width: int, height: int, pixels: bytes = b"") -> bytes:
    """A PNG whose header says so, whatever its pixels are."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(pixels)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def animation(format_name: str, frames: int, size: tuple[int, int] = (16, 16)) -> bytes:
    drawn = [Image.new("P", size, place % 250) for place in range(frames)]
    for place, frame in enumerate(drawn):
        frame.putpalette([place * 90 % 256, 0, place % 256] * 256)
    file = io.BytesIO()
    drawn[0].save(file, format_name, save_all=True, append_images=drawn[1:])
    return file.getvalue()


def recording(seconds: float = 0.5, *, rate: int = 8000, channels: int = 1) -> bytes:
    """A wav of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(channels)
        written.setsampwidth(2)
        written.setframerate(rate)
        written.writeframes(b"\x00" * int(seconds * rate) * channels * 2)
    return file.getvalue()
