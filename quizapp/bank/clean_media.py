"""Pictures and recordings after cleaning, and why one is refused. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from quizapp.core.errors import DomainError
from quizapp.core.i18n import _

ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "audio/mpeg": "mp3"}
"""The content types that are kept, and how their addresses end."""


@dataclass(frozen=True, slots=True)
class CleanMedia:
    """A picture or a recording encoded anew, without metadata."""

    content_type: str
    body: bytes
    width: int | None = None
    height: int | None = None
    """In pixels; None for recordings."""
    duration_ms: int | None = None
    is_first_frame: bool = False
    """The picture was an animation, of which this is the first frame."""

    @property
    def sha256(self) -> str:
        return sha256(self.body).hexdigest()


class UnusableMedia(DomainError):
    """A picture or recording that cannot be taken."""

    status, code = 422, "unusable_media"


class EmptyMedia(UnusableMedia):
    code = "empty_media"

    def message(self) -> str:
        return _("这个文件是空的，请选择有内容的图片或录音。")


class MediaTooLarge(UnusableMedia):
    code = "media_too_large"

    def __init__(self, most_bytes: int) -> None:
        super().__init__()
        self.most_bytes = most_bytes

    def message(self) -> str:
        return _(
            "文件太大，一个图片或录音最多 %(size)s MB。请压缩后再上传。", size=str(self.most_bytes // 1024 // 1024)
        )


class DamagedMedia(UnusableMedia):
    """It begins like a picture or a recording but cannot be decoded to its end."""

    code = "media_damaged"

    def message(self) -> str:
        return _("这个文件不完整或已损坏，打不开。请在看图或播放软件里确认能打开，另存一份再上传。")
