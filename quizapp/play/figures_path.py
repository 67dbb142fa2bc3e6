"""The shortest way for what phones ask again and again: live figures and boards that have not changed.

Every phone on a contest's page asks for its figures every few seconds, and most of what that costs is not reading
them (each process does so once a second) but the framework around it. Here the reply that the app made last is given
again while it is fresh, or 304 to whom has it already: by the web worker itself (`again`, see core/express.py), or
where it is not fresh, in front of the app, which makes it anew. The app alone makes replies: an error and what is not
public is never kept, so every rule has one place, and takes effect when the second is over. Whoever is known on a
board gets an own row there and is handed to the app.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from flask import Flask
from werkzeug.test import run_wsgi_app

from quizapp.core import express
from quizapp.core.settings import Settings
from quizapp.core.web import is_known_host
from quizapp.play import figures

FIGURES = re.compile(r"/api/v1/contests/[^/]+/(pulse|boards/[^/]+)")
KEPT = 256
BODY_BYTES = 64 * 1024
EACH_ITS_OWN = ("X-Request-Id", "Date")
"""Headers that a reply which is given again has anew."""
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


class Asked(NamedTuple):
    """What is looked at of a request."""

    method: str
    path: str
    query: str
    host: str
    known: str
    """The ETag that the caller has."""
    is_nobody: bool


class FiguresPath:
    """WSGI middleware in front of the app, and what the worker asks before."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._rest = app.wsgi_app
        self._settings = settings
        self._kept: dict[tuple[str, str], Reply] = {}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        asked = Asked(
            method=environ["REQUEST_METHOD"],
            path=environ["PATH_INFO"],
            query=environ.get("QUERY_STRING", ""),
            host=environ.get("HTTP_HOST", ""),
            known=environ.get("HTTP_IF_NONE_MATCH", "").removeprefix("W/"),
            is_nobody=_is_nobody(environ.get("HTTP_AUTHORIZATION"), environ.get("HTTP_COOKIE", "")),
        )
        if not self._is_plain(asked):
            return self._rest(environ, start_response)
        reply = self._fresh(asked)
        if reply is None:
            reply = self._ask(environ)
            self._keep(asked, reply)
        own = [("X-Request-Id", secrets.token_hex(8))] if reply.etag else []
        if asked.known and asked.known == reply.etag:
            start_response("304 NOT MODIFIED", reply.headers_without_body + own)
            return []
        start_response(reply.status, reply.headers + own)
        return [reply.body]

    def again(self, request: express.Request) -> bytes | None:
        """The whole reply to a plain request while a fresh one is kept."""
        path, _mark, query = request.target.partition("?")
        headers = request.headers
        asked = Asked(
            method=request.method,
            path=path,
            query=query,
            host=headers.get("host", ""),
            known=headers.get("if-none-match", "").removeprefix("W/"),
            is_nobody=_is_nobody(headers.get("authorization"), headers.get("cookie", "")),
        )
        if not self._is_plain(asked) or "%" in path or request.body:
            return None
        reply = self._fresh(asked)
        if reply is None:
            return None
        own = f"X-Request-Id: {secrets.token_hex(8)}\r\n"
        if asked.known and asked.known == reply.etag:
            return express.reply("304 NOT MODIFIED", _lines(reply.headers_without_body) + own)
        return express.reply(reply.status, _lines(reply.headers) + own, reply.body)

    def _is_plain(self, asked: Asked) -> bool:
        found = FIGURES.fullmatch(asked.path)
        return bool(
            found
            and asked.method == "GET"
            and (found[1] == "pulse" or asked.is_nobody)
            and _is_one_tag(asked.known)
            and is_known_host(asked.host, self._settings)
        )

    def _fresh(self, asked: Asked) -> Reply | None:
        reply = self._kept.get((asked.path, asked.query))
        if reply is None or time.monotonic() - reply.made_at >= figures.FRESH_SECONDS:
            return None
        return reply

    def _ask(self, environ: Environ) -> Reply:
        """The app's reply to somebody who has none yet."""
        asked = {key: value for key, value in environ.items() if key != "HTTP_IF_NONE_MATCH"}
        parts, status, headers = run_wsgi_app(self._rest, asked, buffered=True)
        body, made_at = b"".join(parts), time.monotonic()
        is_public = headers.get("Cache-Control", "").startswith("public") and "Set-Cookie" not in headers
        if not (is_public and status.startswith("200 ") and len(body) <= BODY_BYTES):
            return Reply(status, list(headers), body, made_at)
        for name in EACH_ITS_OWN:
            headers.remove(name)
        without_body = [(key, value) for key, value in headers if key.lower() not in OF_THE_BODY]
        return Reply(status, list(headers), body, made_at, headers["ETag"], without_body)

    def _keep(self, asked: Asked, reply: Reply) -> None:
        if not reply.etag:
            return
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[asked.path, asked.query] = reply


def _is_nobody(authorization: str | None, cookie: str) -> bool:
    """Whether the caller shows nothing by which a participant is known."""
    return authorization is None and "entry-" not in cookie


def _lines(headers: Headers) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers)


def _is_one_tag(text: str) -> bool:
    """Whether an If-None-Match is missing or one tag; lists and * are the app's to judge."""
    return not text or (text.startswith('"') and text.count('"') == 2 and text.endswith('"'))
