"""What is kept of a picture, and what is refused."""

from __future__ import annotations

import io
import subprocess
import sys
import time

import pytest
from PIL import Image

from quizapp.bank.clean_media import CleanMedia, UnusableMedia
from quizapp.bank.pictures import LONGEST_SIDE, TARGET_BYTES, clean_picture
from tests.bank.media_makers import animation, marked, photo, picture, png_claiming


def opened(cleaned: CleanMedia) -> Image.Image:
    found = Image.open(io.BytesIO(cleaned.body))
    assert found.size == (cleaned.width, cleaned.height)
    return found


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_every_accepted_format_comes_out_as_png_or_jpeg(format_name: str) -> None:
    cleaned = clean_picture(picture(format_name))
    assert (cleaned.content_type, opened(cleaned).size) == ("image/png", (40, 30))
    assert opened(cleaned).convert("RGB").getpixel((5, 5)) == pytest.approx((200, 30, 30), abs=4)


def test_photos_become_jpeg_of_bounded_size() -> None:
    cleaned = clean_picture(photo(size=(2400, 1800), quality=95))
    assert (cleaned.content_type, opened(cleaned).format) == ("image/jpeg", "JPEG")
    assert max(opened(cleaned).size) <= LONGEST_SIDE
    assert len(cleaned.body) <= 2 * TARGET_BYTES, "pure noise at the last quality; photos meet the target"


def test_transparency_stays() -> None:
    small = clean_picture(picture("PNG", mode="RGBA", colour=(9, 99, 9, 100)))
    large = clean_picture(photo("PNG", size=(300, 300), mode="RGBA"))
    assert (small.content_type, large.content_type) == ("image/png", "image/webp")
    assert [opened(cleaned).mode for cleaned in (small, large)] == ["RGBA", "RGBA"]


def test_an_alpha_channel_through_which_nothing_shows_is_dropped() -> None:
    assert opened(clean_picture(picture("PNG", mode="RGBA", colour=(9, 99, 9, 255)))).mode == "RGB"


@pytest.mark.parametrize(("mode", "colour"), [("1", 1), ("L", 120), ("LA", (120, 50)), ("P", 3), ("I;16", 40_000)])
def test_every_mode_of_png_is_read(mode: str, colour: object) -> None:
    assert opened(clean_picture(picture("PNG", mode=mode, colour=colour))).size == (40, 30)


def test_sixteen_bits_of_grey_keep_their_brightness() -> None:
    assert opened(clean_picture(picture("PNG", mode="I;16", colour=32_768))).getpixel((3, 3)) == 128


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP"])
def test_no_metadata_is_left(format_name: str) -> None:
    sent = marked(format_name)
    assert b"13812345678" in sent
    assert 0x8825 in Image.open(io.BytesIO(sent)).getexif()
    cleaned = clean_picture(sent)
    assert b"13812345678" not in cleaned.body
    assert set(opened(cleaned).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert dict(opened(cleaned).getexif()) == {}


@pytest.mark.parametrize(
    ("orientation", "size", "red"), [(3, (64, 32), (60, 16)), (6, (32, 64), (16, 4)), (8, (32, 64), (16, 60))]
)
def test_a_photo_taken_with_the_phone_turned_stands_upright(
    orientation: int, size: tuple[int, int], red: tuple[int, int]
) -> None:
    shown = opened(clean_picture(marked("JPEG", orientation))).convert("RGB")
    assert shown.size == size
    assert shown.getpixel(red) == pytest.approx((220, 0, 0), abs=12)


@pytest.mark.filterwarnings("ignore:.*EXIF data")
def test_a_broken_metadata_block_does_not_cost_the_picture() -> None:
    sent = picture("JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff" + b"\xff" * 40)
    assert clean_picture(sent).content_type == "image/png"


@pytest.mark.parametrize("format_name", ["GIF", "WEBP", "PNG"])
def test_an_animation_keeps_its_first_frame_and_says_so(format_name: str) -> None:
    cleaned = clean_picture(animation(format_name, 3))
    assert cleaned.is_first_frame
    assert not hasattr(opened(cleaned), "n_frames") or opened(cleaned).n_frames == 1  # type: ignore[attr-defined]
    assert not clean_picture(picture(format_name)).is_first_frame


@pytest.mark.parametrize(
    ("behind", "format_name"),
    [(b"<script>alert(1)</script>", "GIF"), (b"<html><body onload=alert(1)>", "PNG"), (b"PK\x03\x04 a zip", "JPEG")],
)
def test_a_second_file_behind_the_picture_is_gone(behind: bytes, format_name: str) -> None:
    cleaned = clean_picture(picture(format_name) + behind)
    assert behind not in cleaned.body


def test_a_script_in_a_gif_comment_is_gone() -> None:
    sent = picture("GIF", comment=b"*/=1;alert(1)//")
    assert b"alert" in sent
    assert b"alert" not in clean_picture(sent).body


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
CORPUS = {
    "nothing": (b"", "empty_media"),
    "zeros": (b"\x00" * 500, "not_a_picture"),
    "a page": (b"<html><script>alert(1)</script>", "not_a_picture"),
    "a heic photo": (b"\x00\x00\x00\x18ftypheic" + b"\x00" * 99, "not_a_picture"),
    "a tiff": (b"II*\x00" + b"\x00" * 99, "not_a_picture"),
    "a pdf": (b"%PDF-1.7", "not_a_picture"),
    "an svg": (SVG, "svg_picture"),
    "an svg in sixteen bits": (SVG.decode().encode("utf-16"), "svg_picture"),
    "an svg behind a comment": (b"<!--" + b" " * 3000 + b"-->" + SVG, "svg_picture"),
    "only the signature of a png": (b"\x89PNG\r\n\x1a\n", "media_damaged"),
    "only the signature of a jpeg": (b"\xff\xd8\xff\xe0", "media_damaged"),
    "only the signature of a bmp": (b"BM", "media_damaged"),
    "only the signature of a webp": (b"RIFF\x00\x00\x00\x00WEBP", "media_damaged"),
    "only the signature of a gif": (b"GIF89a", "media_damaged"),
    "a png cut off": (photo("PNG", (64, 64))[:-2000], "media_damaged"),
    "a jpeg cut off": (photo("JPEG", (640, 480))[:20_000], "media_damaged"),
    "a gif cut off": (photo("GIF", (64, 64), "L")[:-2000], "media_damaged"),
    "a webp cut off": (photo("WEBP", (64, 64))[:-500], "media_damaged"),
    "a bmp cut off": (photo("BMP", (64, 64))[:-5000], "media_damaged"),
    "a png of 50,000 by 50,000": (png_claiming(50_000, 50_000), "picture_too_big"),
    "a png of 12,000 by 12,000": (png_claiming(12_000, 12_000), "picture_too_big"),
    "a png of a little too many": (png_claiming(4001, 4000), "picture_too_big"),
    "a png of no height": (png_claiming(10, 0), "media_damaged"),
    "a png with too few pixels": (png_claiming(300, 300, b"\x00" * 100), "media_damaged"),
    "a webp of 16,384 by 16,384": (
        b"RIFF\xff\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\xff\x3f\x00\xff\x3f\x00" + b"\x00" * 99,
        "picture_too_big",
    ),
    "a gif of 65,535 by 65,535": (b"GIF89a\xff\xff\xff\xff\x00\x00\x00," + b"\x00" * 99, "picture_too_big"),
    "too many bytes": (b"\x89PNG\r\n\x1a\n" + b"\x00" * 15 * 1024 * 1024, "media_too_large"),
    "a name instead of a picture": ("../../con.png\x00\u202e".encode(), "not_a_picture"),
}


@pytest.mark.parametrize("name", CORPUS)
def test_what_is_no_sane_picture_is_refused(name: str) -> None:
    content, code = CORPUS[name]
    began = time.process_time()
    with pytest.raises(UnusableMedia) as refused:
        clean_picture(content)
    assert refused.value.code == code
    assert refused.value.message().endswith("。")
    assert time.process_time() - began < 2


MEASURE = """
import resource, sys, time
from quizapp.bank.clean_media import UnusableMedia
from quizapp.bank.pictures import clean_picture
from tests.bank import media_makers
content = eval(sys.argv[1], vars(media_makers))
before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
try:
    clean_picture(content)
except UnusableMedia:
    pass
print(time.process_time() - began, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.parametrize(
    "made",
    [
        "animation('GIF', 10_000)",
        "png_claiming(50_000, 50_000, bytes(40_000_000))",
        "picture('PNG', (4000, 4000), (1, 2, 3, 4), 'RGBA')",
        "picture('JPEG', (8000, 6000))",
        "picture('JPEG', (4000, 4000), progressive=True)",
        "picture('WEBP', (4000, 4000))",
        "picture('PNG', (1, 65_000))",
    ],
)
def test_no_picture_takes_long_or_much_memory(made: str) -> None:
    output = subprocess.run([sys.executable, "-c", MEASURE, made], capture_output=True, text=True, check=True).stdout
    seconds, megabytes = map(float, output.split())
    assert seconds < 2
    assert megabytes < 200


CANVAS = """
import resource
from quizapp.bank.pictures import PictureTooBig, clean_picture
from tests.bank.media_makers import picture
sent = bytearray(picture("WEBP", (16, 16), (1, 2, 3, 4), "RGBA"))
assert sent[12:16] == b"VP8X"
sent[24:30] = (12_999).to_bytes(3, "little") * 2
pages = int(open("/proc/self/statm").read().split()[0])
room = pages * resource.getpagesize() + 200 * 1024 * 1024
resource.setrlimit(resource.RLIMIT_AS, (room, room))
try:
    clean_picture(bytes(sent))
except PictureTooBig:
    print("refused")
"""


def test_a_canvas_is_refused_before_room_is_made_for_it() -> None:
    done = subprocess.run([sys.executable, "-c", CANVAS], capture_output=True, text=True, check=False)
    assert done.stdout == "refused\n", done.stderr
