"""The shortest way for the call that is made most: answers, many at a time, without the rest of the web framework.

Nine calls in ten of a contest are `PUT /api/v1/attempts/<id>/answers` with the attempt's own token, and most of what
such a call cost was not the answer: routing, session, hooks, headers, a thread of its own, a call of its own to the
live store. Here the calls that have come since the last time are taken together (`core/express.py`) and sent to the
live store in one go; nobody is told anything before all of it is on its disk. Whatever is not the plain case (no such
token, another type of content, a paper that this worker does not have, a refusal, a fault) goes to the app as if
nothing had been done, which is safe since the same answer may be given any number of times; so every refusal and
every error has one place where it is made, and one where it is tested.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Sequence

import msgspec
from flask import Flask

from quizapp.core import express
from quizapp.core.clock import to_ms, utc_now
from quizapp.core.live import Live, Words
from quizapp.core.metrics import SCRIPTS
from quizapp.core.settings import Settings
from quizapp.core.web import is_known_host, security_headers
from quizapp.play import access, answering, documents, tokens
from quizapp.play.state import Shard

PATH = re.compile(r"/api/v1/attempts/([A-Za-z0-9_-]+)/answers")
BODY_BYTES = 256 * 1024
SHORT_BYTES = 16 * 1024
"""A longer call must not hold up everybody else's here: the app has threads for it."""

_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(documents.AnswersCall)


class AnswerPath:
    """An `Express` of answers."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._live: Live = app.extensions["quizapp.live"]
        lines = {**security_headers(settings), "Content-Type": "application/json", "Cache-Control": "no-store"}
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in lines.items())

    def answer(self, requests: Sequence[express.Request]) -> Sequence[bytes | None]:
        with self._app.app_context():
            marked = [self._mark(request) for request in requests]
            sent = [one.words for one in marked if one]
            if not sent:
                return [None] * len(requests)
            asked = time.perf_counter()
            found = iter(self._send(sent))
            waited = time.perf_counter() - asked
            replies = [self._reply(one, next(found)) if one else None for one in marked]
        for _reply in filter(None, replies):
            SCRIPTS.add(waited, "answer")
        return replies

    def _send(self, commands: Sequence[Words]) -> Sequence[object]:
        try:
            return self._live.at_once(commands)
        except Exception:
            # As below; nobody has been told anything.
            return [None] * len(commands)

    def _mark(self, request: express.Request) -> answering.Marked | None:
        """The answers of a call, ready to be sent; None for anything that the app is to judge."""
        headers = request.headers
        path = PATH.fullmatch(request.target)
        bearer = headers.get("authorization", "")
        is_plain = (
            path
            and request.method == "PUT"
            and bearer.startswith("Bearer ")
            and headers.get("content-type") == "application/json"
            and len(request.body) <= SHORT_BYTES
            and is_known_host(headers.get("host", ""), self._settings)
        )
        if not path or not is_plain:
            return None
        try:
            token = tokens.read_attempt(bearer.removeprefix("Bearer "), now_ms=to_ms(utc_now()))
            if token.attempt_id != path[1]:
                return None
            return answering.mark_at_once(
                live=self._live,
                shard=Shard(token.contest_id, token.shard),
                attempt_id=token.attempt_id,
                person=token.person,
                given=_decoder.decode(request.body).answers,
                wait_ms=access.wait_ms(),
            )
        except Exception:
            # Refusals and faults alike: the app meets them again, and answers, logs and counts them.
            return None

    def _reply(self, marked: answering.Marked, reply: object) -> bytes | None:
        """The reply to answers that were stored; None for anything else."""
        try:
            if not isinstance(reply, list):
                return None
            taken = answering.taken(marked, reply)
            if taken is None:
                return None
            body = _encode(documents.answers_reply(taken))
        except Exception:
            return None
        own = f"Content-Length: {len(body)}\r\nX-Request-Id: {secrets.token_hex(8)}\r\n"
        return express.reply("200 OK", self._headers + own, body)
