"""One base for every refusal: a room subclasses it by the fact, one handler makes a page or a document of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from quizapp.core.i18n import _


class DomainError(Exception):
    """A refusal a person can act on.

    `code` is stable for programs; `message()` is the sentence for people, in the reader's language;
    `extra` are further members of the problem document (RFC 9457), `retry_after` seconds for 429 and 503.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    retry_after: int | None = None

    def __init__(self, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(self.code)
        self.extra: Mapping[str, Any] = extra or {}

    def message(self) -> str:
        return _("请求不完整或有误，请检查后重试。")


class NotFound(DomainError):
    status, code = 404, "not_found"

    def message(self) -> str:
        return _("没有找到这个页面或内容，可能地址有误，或已被移除。")


class NotAllowed(DomainError):
    status, code = 403, "not_allowed"

    def message(self) -> str:
        return _("您没有进行这项操作的权限。如有需要，请联系管理员。")


class StoreUnavailable(DomainError):
    """Redis or SQL cannot answer now; nothing was lost and the same request may be sent again."""

    status, code = 503, "busy"
    retry_after: int | None = 2

    def message(self) -> str:
        return _("系统正忙，请稍候，页面会自动重试。")


class DiskUnusable(StoreUnavailable):
    """A disk is full or cannot be written; what was sent was not kept. What needs no file goes on."""

    code = "disk"
    retry_after = 60

    def message(self) -> str:
        return _("服务器的磁盘已满或不能写入，刚才发送的内容没有保存。请告诉管理员，磁盘恢复后再试。")


class Invalid(DomainError):
    """Fields of a form or call are wrong; `fields` maps each field's name to what is wrong with it."""

    status, code = 422, "invalid"

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__({"fields": dict(fields)})
        self.fields = dict(fields)

    def message(self) -> str:
        return _("有些内容需要修改：%(fields)s", fields=_("；").join(self.fields.values()))
