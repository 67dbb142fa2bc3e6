"""The shortest way for what phones ask again and again: live figures and boards that have not changed.

Every phone on a contest's page asks for its figures every few seconds, and most of what that costs is not reading
them (each process does so once a second) but the framework around it. Here the reply that the app made last is given
again while it is fresh, or 304 to whom has it already. The app alone makes replies: an error and what is not public
is never kept, so every rule has one place, and takes effect when the second is over. Whoever is known on a board gets
an own row there and is handed to the app.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from werkzeug.test import run_wsgi_app

from quizapp.core.settings import Settings
from quizapp.core.web import is_known_host
from quizapp.play import figures

FIGURES = re.compile(r"/api/v1/contests/[^/]+/(pulse|boards/[^/]+)")
KEPT = 256
BODY_BYTES = 64 * 1024
OF_THE_BODY = ("content-type", "content-length")

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
StartResponse = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply of the app."""

    status: str
    headers: Headers
    body: bytes
    made_at: float
    """Monotonic seconds."""
    etag: str = ""
    """"" for a reply that is not anybody's, or not for a second time."""
    headers_without_body: Headers = field(default_factory=list)


class FiguresPath:
    """WSGI middleware in front of the app."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._rest = app.wsgi_app
        self._settings = settings
        self._kept: dict[tuple[str, str], Reply] = {}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        found = FIGURES.fullmatch(environ["PATH_INFO"])
        known = environ.get("HTTP_IF_NONE_MATCH", "").removeprefix("W/")
        is_plain = (
            found
            and environ["REQUEST_METHOD"] == "GET"
            and (found[1] == "pulse" or _is_nobody(environ))
            and _is_one_tag(known)
            and is_known_host(environ.get("HTTP_HOST", ""), self._settings)
        )
        if not is_plain:
            return self._rest(environ, start_response)
        name = (environ["PATH_INFO"], environ.get("QUERY_STRING", ""))
        reply = self._kept.get(name)
        if reply is None or time.monotonic() - reply.made_at >= figures.FRESH_SECONDS:
            reply = self._ask(environ)
            self._keep(name, reply)
        own = [("X-Request-Id", secrets.token_hex(8))] if reply.etag else []
        if known and known == reply.etag:
            start_response("304 NOT MODIFIED", reply.headers_without_body + own)
            return []
        start_response(reply.status, reply.headers + own)
        return [reply.body]

    def _ask(self, environ: Environ) -> Reply:
        """The app's reply to somebody who has none yet."""
        asked = {key: value for key, value in environ.items() if key != "HTTP_IF_NONE_MATCH"}
        parts, status, headers = run_wsgi_app(self._rest, asked, buffered=True)
        body, made_at = b"".join(parts), time.monotonic()
        is_public = headers.get("Cache-Control", "").startswith("public") and "Set-Cookie" not in headers
        if not (is_public and status.startswith("200 ") and len(body) <= BODY_BYTES):
            return Reply(status, list(headers), body, made_at)
        headers.remove("X-Request-Id")
        without_body = [(key, value) for key, value in headers if key.lower() not in OF_THE_BODY]
        return Reply(status, list(headers), body, made_at, headers["ETag"], without_body)

    def _keep(self, name: tuple[str, str], reply: Reply) -> None:
        if not reply.etag:
            return
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[name] = reply


def _is_nobody(environ: Environ) -> bool:
    """Whether the caller shows nothing by which a participant is known."""
    return "HTTP_AUTHORIZATION" not in environ and "entry-" not in environ.get("HTTP_COOKIE", "")


def _is_one_tag(text: str) -> bool:
    """Whether an If-None-Match is missing or one tag; lists and * are the app's to judge."""
    return not text or (text.startswith('"') and text.count('"') == 2 and text.endswith('"'))
