"""A recording as the bank keeps it: decoded, mixed to one channel and encoded anew as MP3, without metadata. Pure."""

from __future__ import annotations

import lameenc
import miniaudio

from quizapp.bank.clean_media import CleanMedia, DamagedMedia, EmptyMedia, MediaTooLarge, UnusableMedia
from quizapp.core.i18n import _

MOST_BYTES = 20 * 1024 * 1024
MOST_SECONDS = 300
SAMPLE_RATE = 32_000
KBIT_PER_SECOND = 64
FRAMES_AT_ONCE = 16_384

OTHERS = (b"#!AMR", b"OggS", b"\xff\xf1", b"\xff\xf9", b"FORM", b"MThd", b"\x30\x26\xb2\x75")
"""How AMR, Opus, AAC, AIFF, MIDI and WMA begin."""


class NoRecording(UnusableMedia):
    """The content is none of the formats that are taken; phones write m4a, amr and aac by themselves."""

    code = "not_a_recording"

    def message(self) -> str:
        return _(
            "这个文件不是能用的录音。请上传 mp3、wav、flac 或 ogg；手机录的 m4a、amr、aac 等，"
            "请在录音软件里选“导出为 MP3”，或在电脑上用播放、剪辑软件另存为 mp3 后再上传。"
        )


class RecordingTooLong(UnusableMedia):
    code = "recording_too_long"

    def message(self) -> str:
        return _("录音太长，最多 %(minutes)s 分钟。请剪短后再上传。", minutes=str(MOST_SECONDS // 60))


def clean_audio(content: bytes) -> CleanMedia:
    """The recording as mono MP3 of 64 kbit/s; at most MOST_SECONDS are ever decoded. Raises UnusableMedia."""
    if not content:
        raise EmptyMedia
    if len(content) > MOST_BYTES:
        raise MediaTooLarge(MOST_BYTES)
    if not _is_recording(content):
        raise NoRecording
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(1)
    encoder.set_in_sample_rate(SAMPLE_RATE)
    encoder.set_bit_rate(KBIT_PER_SECOND)
    encoder.set_quality(5)
    body, frames = bytearray(), 0
    try:
        for samples in miniaudio.stream_memory(
            content, nchannels=1, sample_rate=SAMPLE_RATE, frames_to_read=FRAMES_AT_ONCE
        ):
            frames += len(samples)
            if frames > MOST_SECONDS * SAMPLE_RATE:
                raise RecordingTooLong
            body += encoder.encode(samples.tobytes())
    except miniaudio.MiniaudioError:
        raise DamagedMedia from None
    if not frames:
        raise DamagedMedia
    body += encoder.flush()
    return CleanMedia("audio/mpeg", bytes(body), duration_ms=frames * 1000 // SAMPLE_RATE)


def sounds(content: bytes) -> bool:
    """Whether it begins like a recording, also one of the kinds that are not taken."""
    is_of_phone = content[4:8] == b"ftyp" and content[8:11] in (b"M4A", b"mp4", b"iso", b"3gp", b"qt ")
    return _is_recording(content) or is_of_phone or content.startswith(OTHERS) or b"#!SILK" in content[:10]


def _is_recording(content: bytes) -> bool:
    """Whether it begins like wav, flac, ogg with Vorbis, or mp3 (an ID3 tag or a frame of layer III)."""
    if content[:4] == b"RIFF":
        return content[8:12] == b"WAVE"
    if content[:4] == b"OggS":
        return b"\x01vorbis" in content[:64] or b"\x7fFLAC" in content[:64]
    is_frame = content[:1] == b"\xff" and content[1:2] >= b"\xe0" and (content[1] & 0x06) == 0x02
    return content.startswith((b"fLaC", b"ID3")) or is_frame
