"""What is kept of a recording, and what is refused."""

from __future__ import annotations

import time

import lameenc
import miniaudio
import pytest

from quizapp.bank.clean_media import UnusableMedia
from quizapp.bank.recordings import clean_audio
from tests.bank.media_makers import recording


def mp3(seconds: int = 1) -> bytes:
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(2)
    encoder.set_in_sample_rate(44_100)
    encoder.set_bit_rate(128)
    return bytes(encoder.encode(b"\x00" * 44_100 * 4 * seconds)) + bytes(encoder.flush())


ID3 = b"ID3\x03\x00\x00\x00\x00\x00\x21TPE1\x00\x00\x00\x17\x00\x00\x00Zhang San 13812345678\x00"


@pytest.mark.parametrize("content", [recording(2), recording(2, rate=48_000, channels=2), mp3(2), ID3 + mp3(2)])
def test_a_recording_becomes_a_mono_mp3_of_the_same_length(content: bytes) -> None:
    cleaned = clean_audio(content)
    found = miniaudio.mp3_get_info(cleaned.body)
    assert (cleaned.content_type, found.nchannels) == ("audio/mpeg", 1)
    assert cleaned.duration_ms == pytest.approx(2000, abs=100)
    assert len(cleaned.body) == pytest.approx(2 * 64_000 / 8, rel=0.1)


def test_no_metadata_is_left() -> None:
    assert b"13812345678" not in clean_audio(ID3 + mp3()).body


def test_an_mp3_cut_off_keeps_what_it_has() -> None:
    duration = clean_audio(mp3(2)[:20_000]).duration_ms
    assert duration is not None
    assert 1000 < duration < 1500


CORPUS = {
    "nothing": (b"", "empty_media"),
    "zeros": (b"\x00" * 500, "not_a_recording"),
    "a page": (b"<html><script>alert(1)</script>", "not_a_recording"),
    "an m4a": (b"\x00\x00\x00\x20ftypM4A " + b"\x00" * 99, "not_a_recording"),
    "an amr": (b"#!AMR\n" + b"\x00" * 99, "not_a_recording"),
    "a voice message of a chat": (b"\x02#!SILK_V3" + b"\x00" * 99, "not_a_recording"),
    "an aac stream": (b"\xff\xf1\x50\x80" + b"\x00" * 99, "not_a_recording"),
    "an opus": (b"OggS" + b"\x00" * 24 + b"OpusHead" + b"\x00" * 99, "not_a_recording"),
    "a picture in a riff": (b"RIFF\x00\x00\x00\x00WEBP" + b"\x00" * 99, "not_a_recording"),
    "one byte": (b"\xff", "not_a_recording"),
    "only the head of a wav": (b"RIFF\x00\x00\x00\x00WAVE", "media_damaged"),
    "a wav of no length": (recording(0), "media_damaged"),
    "only the signature of a flac": (b"fLaC" + b"\x00" * 99, "media_damaged"),
    "only the head of an ogg": (b"OggS" + b"\x00" * 24 + b"\x1e\x01vorbis" + b"\x00" * 99, "media_damaged"),
    "a tag without sound": (ID3 + b"\x00" * 999, "media_damaged"),
    "five minutes and a second": (recording(301), "recording_too_long"),
    "half a day in a small file": (recording(20 * 60 * 60, rate=100), "recording_too_long"),
    "too many bytes": (b"ID3" + b"\x00" * 20 * 1024 * 1024, "media_too_large"),
}


@pytest.mark.parametrize("name", CORPUS)
def test_what_is_no_sane_recording_is_refused(name: str) -> None:
    content, code = CORPUS[name]
    began = time.process_time()
    with pytest.raises(UnusableMedia) as refused:
        clean_audio(content)
    assert refused.value.code == code
    assert refused.value.message().endswith("。")
    assert time.process_time() - began < 2
