"""A picture as the bank keeps it: told by its content, drawn anew, of sane size, nothing but pixels. Pure.

What was sent may carry places and names (EXIF), a second file behind the picture, or pixels that fill the memory.
Nothing of it is kept: the pixels are decoded under limits and encoded again. A colour profile is dropped too.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Literal

from PIL import Image, JpegImagePlugin

from quizapp.bank.clean_media import CleanMedia, DamagedMedia, EmptyMedia, MediaTooLarge, UnusableMedia
from quizapp.core.i18n import _

MOST_BYTES = 15 * 1024 * 1024
MOST_PIXELS = 16_000_000
MOST_PIXELS_OF_PHOTO = 50_000_000
"""A baseline JPEG is decoded at a fraction of its size, so that a photo of a good phone needs little memory."""
LONGEST_SIDE = 1600
SMALLER_SIDES = (1600, 1200, 800)
TARGET_BYTES = 300_000
FEW_COLOURS = 4096
"""Drawings and pictures of text have fewer colours and stay sharp as PNG; photos have more."""
QUALITIES = (85, 70, 55)
SIGNATURES = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF87a": "GIF", b"GIF89a": "GIF", b"BM": "BMP"}
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by the value of the EXIF tag Orientation (Exif 2.32, 4.6.4)."""
UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    OverflowError,
    EOFError,
    struct.error,
    zlib.error,
)
"""What Pillow's decoders raise for bytes that are no picture."""


class NoPicture(UnusableMedia):
    """The content is none of the formats that are taken."""

    code = "not_a_picture"

    def message(self) -> str:
        return _(
            "这个文件不是能用的图片。请上传 PNG、JPEG、WebP、GIF 或 BMP；HEIC、TIFF 等其他格式请先另存为 JPEG 或 PNG。"
        )


class SvgPicture(UnusableMedia):
    """SVG is a document that can hold scripts and addresses, not only a picture."""

    code = "svg_picture"

    def message(self) -> str:
        return _("SVG 图片可能含有脚本，不能使用。请在绘图软件里另存为 PNG 再上传。")


class PictureTooBig(UnusableMedia):
    """More pixels than may be decoded."""

    code = "picture_too_big"

    def message(self) -> str:
        return _(
            "图片的像素太多（照片最多 %(photo)s 万，其他图片最多 %(other)s 万）。"
            "请先缩小到长边 %(side)s 像素左右再上传。",
            photo=str(MOST_PIXELS_OF_PHOTO // 10_000),
            other=str(MOST_PIXELS // 10_000),
            side=str(LONGEST_SIDE),
        )


def clean_picture(content: bytes) -> CleanMedia:
    """The picture upright, at most LONGEST_SIDE on the longer side and about TARGET_BYTES, without metadata.

    Of an animation the first frame is kept. Drawings stay PNG; photos become JPEG, which every programme reads that
    questions may be given to; only what is transparent and too large as PNG becomes WebP. Raises UnusableMedia.
    """
    if not content:
        raise EmptyMedia
    if len(content) > MOST_BYTES:
        raise MediaTooLarge(MOST_BYTES)
    format_name = _recognise(content)
    if format_name == "WEBP":
        # Pillow makes room for the whole canvas when it opens the file.
        _check_size(*_webp_size(content), MOST_PIXELS)
    try:
        with Image.open(io.BytesIO(content), formats=(format_name,)) as opened:
            _check_size(*opened.size, _most_pixels(opened))
            # Photos of some phones hold a second one for depth or brightness: nothing that moves.
            is_first_frame = format_name != "JPEG" and bool(getattr(opened, "is_animated", False))
            drawn = _decode(opened)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureTooBig from None
    except UNREADABLE:
        raise DamagedMedia from None
    content_type, body, size = _encode(drawn)
    return CleanMedia(content_type, body, width=size[0], height=size[1], is_first_frame=is_first_frame)


def _recognise(content: bytes) -> str:
    for signature, name in SIGNATURES.items():
        if content.startswith(signature):
            return name
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    raise SvgPicture if b"<svg" in content[:4096].replace(b"\x00", b"").lower() else NoPicture


def _webp_size(content: bytes) -> tuple[int, int]:
    """Width and height of the canvas (RFC 9649, 2.7, 3.4; RFC 6386, 9.1)."""
    head = content[:30].ljust(30, b"\x00")
    match head[12:16]:
        case b"VP8X":
            return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
    raise DamagedMedia


def _most_pixels(opened: Image.Image) -> int:
    is_baseline = isinstance(opened, JpegImagePlugin.JpegImageFile) and "progressive" not in opened.info
    return MOST_PIXELS_OF_PHOTO if is_baseline else MOST_PIXELS


def _check_size(width: int, height: int, most: int) -> None:
    if width * height > most:
        raise PictureTooBig


def _decode(opened: Image.Image) -> Image.Image:
    """The pixels as L, RGB or, where something shows through, RGBA; upright and small enough."""
    # JPEG is decoded at a fraction of its size, as long as both sides stay above this.
    opened.draft(None, (LONGEST_SIDE, LONGEST_SIDE))
    plain = _plain(opened)
    turn = TURNS.get(_orientation(opened.info.get("exif", b"")))
    plain.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    if turn is not None:
        plain = plain.transpose(turn)
    # A fresh picture has no profile, comment or text that an encoder would write again.
    fresh = Image.new(plain.mode, plain.size)
    fresh.paste(plain)
    return fresh


def _orientation(exif: bytes) -> int:
    """The tag in the first directory of an EXIF block; 1 (upright) where the block is absent or broken."""
    block = exif.removeprefix(b"Exif\x00\x00")
    order: Literal["little", "big"] = "little" if block[:2] == b"II" else "big"
    start = int.from_bytes(block[4:8], order)
    for at in range(start + 2, start + 2 + 12 * int.from_bytes(block[start : start + 2], order), 12):
        if int.from_bytes(block[at : at + 2], order) == ORIENTATION:
            return int.from_bytes(block[at + 8 : at + 10], order)
    return 1


def _plain(opened: Image.Image) -> Image.Image:
    if opened.mode.startswith("I"):
        # Sixteen bits of grey: the upper eight are shown.
        return opened.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if opened.mode in ("1", "L") and "transparency" not in opened.info:
        return opened.convert("L")
    if "A" in opened.mode or "transparency" in opened.info:
        shown = opened.convert("RGBA")
        is_opaque = shown.getchannel("A").getextrema()[0] == 255
        return shown.convert("RGB") if is_opaque else shown
    return opened.convert("RGB")


def _encode(drawn: Image.Image) -> tuple[str, bytes, tuple[int, int]]:
    """Content type, bytes and size: the first of ever smaller tries that meets TARGET_BYTES, else the smallest."""
    for side in SMALLER_SIDES:
        drawn.thumbnail((side, side), Image.Resampling.LANCZOS)
        for content_type, body in _tries(drawn):
            if len(body) <= TARGET_BYTES:
                return content_type, body, drawn.size
    return content_type, body, drawn.size


def _tries(drawn: Image.Image) -> Iterator[tuple[str, bytes]]:
    is_transparent = drawn.mode == "RGBA"
    if is_transparent or drawn.getcolors(FEW_COLOURS) is not None:
        yield "image/png", _saved(drawn, "PNG")
    for quality in QUALITIES:
        if is_transparent:
            yield "image/webp", _saved(drawn, "WEBP", quality=quality, method=2)
        else:
            yield "image/jpeg", _saved(drawn, "JPEG", quality=quality, optimize=True)


def _saved(drawn: Image.Image, format_name: str, **options: object) -> bytes:
    file = io.BytesIO()
    drawn.save(file, format_name, **options)
    return file.getvalue()
