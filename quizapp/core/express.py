"""Requests that need no thread: they are recognised by their bytes, and answered many at a time.

The web worker (`gunicorn_worker.py`) asks the app's `Express` about every request. What it does not take goes the
usual way as if it had not been asked, so that an express has to know only the plainest form of a request: whatever is
unusual about one is left to the parser that knows all forms.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.utils import formatdate
from functools import lru_cache
from typing import NamedTuple, Protocol

from quizapp.core.clock import to_ms, utc_now

LONGEST_HEAD = 4096
_HEAD = re.compile(
    rb"([A-Z]+) (/[!-~]*) HTTP/1\.1\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*\r\n)*)\r\n",
)
_FIELD = re.compile(rb"([^:]+):([\t -~]*)\r\n")
UNUSUAL = {"transfer-encoding", "expect", "upgrade", "trailer", "te"}


class Request(NamedTuple):
    """A whole request as plain as can be: one header of a name, a body of a told length or none."""

    method: str
    target: str
    headers: dict[str, str]
    """By names in small letters."""
    body: bytes
    rest: bytes
    """What has come behind it."""


class Express(Protocol):
    """What an app offers as `extensions["quizapp.express"]`."""

    def answer(self, requests: Sequence[Request]) -> Sequence[bytes | None]:
        """A whole reply for each request, and None for one that is to go the usual way. Never raises."""


def parse(gathered: bytes) -> Request | None:
    """The request at the beginning of what has come; None for one that is not plain, or not whole."""
    found = _HEAD.match(gathered, 0, LONGEST_HEAD)
    if not found:
        return None
    method, target, lines = found.groups()
    fields = _FIELD.findall(lines)
    headers = {name.decode().lower(): value.decode().strip(" \t") for name, value in fields}
    length = headers.get("content-length", "0")
    is_plain = (
        len(headers) == len(fields)
        and UNUSUAL.isdisjoint(headers)
        and headers.get("connection", "keep-alive").lower() == "keep-alive"
        and length.isdecimal()
        and len(length) < 10
    )
    end = found.end() + int(length) if is_plain else 0
    if not is_plain or len(gathered) < end:
        return None
    return Request(method.decode(), target.decode(), headers, gathered[found.end() : end], gathered[end:])


def reply(status: str, headers: str, body: bytes = b"") -> bytes:
    """A whole reply that keeps the connection; `headers` are lines with their ends, with the length of a body."""
    date = _date(to_ms(utc_now()) // 1000)
    return f"HTTP/1.1 {status}\r\nDate: {date}\r\nConnection: keep-alive\r\n{headers}\r\n".encode() + body


@lru_cache(maxsize=2)
def _date(now: int) -> str:
    return formatdate(now, usegmt=True)
