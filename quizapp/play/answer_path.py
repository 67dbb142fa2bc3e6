"""The shortest way for the call that is made most: one answer, without the rest of the web framework.

Nine calls in ten of a contest are `PUT /api/v1/attempts/<id>/answers` with the attempt's own token, and most of what
such a call cost was not the answer but the framework around it: routing, session, hooks, headers, a response object.
Here the call is taken before all that. Whatever is not the plain case (no such token, another type of content, a
refusal, a fault) is handed to the app as if nothing had been done, which is safe since the same answer may be given
any number of times; so every refusal and every error has one place where it is made, and one where it is tested.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

import msgspec
from flask import Flask

from quizapp.core.clock import to_ms, utc_now
from quizapp.core.live import Live
from quizapp.core.settings import Settings
from quizapp.core.web import is_known_host, security_headers
from quizapp.play import access, answering, documents, tokens
from quizapp.play.state import Shard

PATH, END = "/api/v1/attempts/", "/answers"
BODY_BYTES = 256 * 1024

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(documents.AnswersCall)


class AnswerPath:
    """WSGI middleware in front of the whole app."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._rest = app.wsgi_app
        self._settings = settings
        self._live: Live = app.extensions["quizapp.live"]
        self._headers = [
            *security_headers(settings).items(),
            ("Content-Type", "application/json"),
            ("Cache-Control", "no-store"),
        ]

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "PUT" or not environ["PATH_INFO"].endswith(END):
            return self._rest(environ, start_response)
        token = _bearer(environ.get("HTTP_AUTHORIZATION", ""))
        length = environ.get("CONTENT_LENGTH") or ""
        is_plain = (
            token
            and environ["PATH_INFO"].startswith(PATH)
            and environ.get("CONTENT_TYPE") == "application/json"
            and "HTTP_TRANSFER_ENCODING" not in environ
            and length.isdecimal()
            and int(length) <= BODY_BYTES
            and is_known_host(environ.get("HTTP_HOST", ""), self._settings)
        )
        if not is_plain:
            return self._rest(environ, start_response)
        body = environ["wsgi.input"].read(int(length))
        reply = self._answer(environ["PATH_INFO"][len(PATH) : -len(END)], token, body)
        if reply is None:
            environ["wsgi.input"] = BytesIO(body)
            return self._rest(environ, start_response)
        own = [("Content-Length", str(len(reply))), ("X-Request-Id", secrets.token_hex(8))]
        start_response("200 OK", self._headers + own)
        return [reply]

    def _answer(self, attempt_id: str, bearer: str, body: bytes) -> bytes | None:
        """The reply to an answer that was stored; None for anything else, which the app is to judge."""
        with self._app.app_context():
            try:
                token = tokens.read_attempt(bearer, now_ms=to_ms(utc_now()))
                if token.attempt_id != attempt_id:
                    return None
                taken = answering.answer(
                    live=self._live,
                    shard=Shard(token.contest_id, token.shard),
                    attempt_id=attempt_id,
                    person=token.person,
                    given=_decoder.decode(body).answers,
                    wait_ms=access.wait_ms(),
                )
                return _encode(documents.answers_reply(taken))
            except Exception:
                # Refusals and faults alike: the app meets them again, and answers, logs and counts them.
                return None


def _bearer(header: str) -> str:
    return header[7:] if header.startswith("Bearer ") else ""
