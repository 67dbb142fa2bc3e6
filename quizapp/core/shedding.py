"""More requests than can be served: some are turned away at once, so that the others stay fast.

A request that finds no free thread waits in the worker's queue. A burst may do so for a moment; when even the shortest
wait of a whole second is too long, the queue stands and everybody in it is late (the idea of CoDel, RFC 8289). Then
whoever has waited longer than a call of that sort may is told to come again: 503 with Retry-After, made without the
rest of the program, at a fraction of what serving costs. Nothing has been done for such a request, and every page and
phone of ours sends it again by itself.

Who meets a program that has no memory left, not even for saying so, gets the same refusal, from what is kept; there
something may have been done already, as with a reply that is lost.

How long a sort of call may wait is for the rooms to say (`init_app`); how long one has waited is for the worker
(`gunicorn_worker.py`), which also puts `Shedding` in front of the program.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import product, starmap
from typing import Any, NamedTuple

from flask import Flask
from werkzeug.http import parse_cookie

from quizapp.core.errors import StoreUnavailable
from quizapp.core.i18n import LANGUAGES
from quizapp.core.lacks import note_lack
from quizapp.core.logs import get_logger
from quizapp.core.metrics import SHED
from quizapp.core.shortage import LACKS_MEMORY
from quizapp.core.web import LANGUAGE_COOKIE, show_refusal

TARGET_SECONDS = 0.3
"""A wait that nobody minds: while some request of the last second waited no longer, the queue does not stand."""
STANDING_SECONDS = 1.0
RETRY_SECONDS = (2, 6)
"""Who was turned away comes again after a time between these, so that not all come at once."""
KEEP_SECONDS = 60
"""How long a refusal that was rendered is used before it is rendered anew, where that is possible."""

log = get_logger("core")

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Patience = Callable[[str, str], float | None]
"""(method, path) → seconds that such a request may wait while the queue stands; None for one that is always served."""


def init_app(app: Flask, *, patience: Patience) -> None:
    app.extensions["quizapp.patience"] = patience


def prepare(app: Flask) -> None:
    """Make all refusals: when one is needed there may be no open file left for a template, and no memory."""
    shedding = Shedding(app, Queue())
    for kind in starmap(_Kind, product((True, False), (True, False), LANGUAGES)):
        shedding._refusal(kind)


REFUSE = "quizapp.refuse"
"""True in an environ that the worker has no place for."""


class Queue:
    """How long requests of this worker wait for a thread. Written by many threads; a lost update does no harm."""

    def __init__(self) -> None:
        self.shed = 0
        """How many requests were turned away since the worker's start."""
        self._quick_at = time.monotonic()
        self._own = threading.local()

    def note(self, seconds: float) -> None:
        """The request that this thread takes up now has waited so long."""
        self._own.waited = seconds
        if seconds <= TARGET_SECONDS:
            self._quick_at = time.monotonic()

    @property
    def waited(self) -> float:
        """How long this thread's request has waited."""
        return float(getattr(self._own, "waited", 0.0))

    @property
    def stands(self) -> bool:
        return time.monotonic() - self._quick_at > STANDING_SECONDS


class _Kind(NamedTuple):
    """What a refusal depends on."""

    is_api: bool
    is_read: bool
    language: str


class _Refusal(NamedTuple):
    made_at: float
    headers: list[tuple[str, str]]
    body: bytes


class Shedding:
    """WSGI middleware of one worker, in front of everything else."""

    def __init__(self, app: Flask, queue: Queue) -> None:
        self._app = app
        self._serve: Callable[..., Iterable[bytes]] = app
        self._queue = queue
        self._patience: Patience = app.extensions["quizapp.patience"]
        self._refusals: dict[_Kind, _Refusal] = app.extensions.setdefault("quizapp.refusals", {})

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get(REFUSE):
            return self._turn_away(environ, start_response)
        if self._queue.waited > TARGET_SECONDS and self._queue.stands:
            patience = self._patience(environ["REQUEST_METHOD"], environ["PATH_INFO"])
            if patience is not None and self._queue.waited > patience:
                return self._turn_away(environ, start_response)
        has_begun = False

        def begin(*words: Any) -> Any:
            nonlocal has_begun
            has_begun = True
            return start_response(*words)

        try:
            return self._serve(environ, begin)
        except LACKS_MEMORY as error:
            if has_begun:
                raise
            with suppress(*LACKS_MEMORY):
                note_lack(error)
        return self._refuse(environ, start_response)

    def _turn_away(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self._queue.shed += 1
        SHED.add()
        return self._refuse(environ, start_response)

    def _refuse(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        refusal = self._refusal(_kind_of(environ))
        seconds = str(random.randint(*RETRY_SECONDS))  # noqa: S311
        headers = [(name, seconds if name in ("Retry-After", "Refresh") else value) for name, value in refusal.headers]
        start_response("503 SERVICE UNAVAILABLE", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [refusal.body]

    def _refusal(self, kind: _Kind) -> _Refusal:
        kept = self._refusals.get(kind)
        if kept is None or time.monotonic() - kept.made_at > KEEP_SECONDS:
            try:
                kept = self._refusals[kind] = self._render(kind)
            except Exception as error:
                # No memory, no file, no SQL for it: what there is says what is to be said, and goes on to.
                if kept is None:
                    raise
                with suppress(*LACKS_MEMORY):
                    self._refusals[kind] = kept._replace(made_at=time.monotonic())
                    log.warning("refusal_not_renewed", reason=type(error).__name__)
        return kept

    def _render(self, kind: _Kind) -> _Refusal:
        """The refusal as the app would give it: the same words, page and headers."""
        request = self._app.test_request_context(
            "/api/" if kind.is_api else "/",
            method="GET" if kind.is_read else "POST",
            base_url=self._app.extensions["quizapp.settings"].public_url,
            headers={"Cookie": f"{LANGUAGE_COOKIE}={kind.language}"},
        )
        with self._app.app_context(), request:
            response = self._app.process_response(self._app.make_response(show_refusal(StoreUnavailable())))
            headers = [pair for pair in response.headers.items() if pair[0] not in ("X-Request-Id", "Set-Cookie")]
            return _Refusal(time.monotonic(), headers, response.get_data())


def _kind_of(environ: Environ) -> _Kind:
    chosen = parse_cookie(environ.get("HTTP_COOKIE", "")).get(LANGUAGE_COOKIE, "")
    return _Kind(
        is_api=environ["PATH_INFO"].startswith("/api/"),
        is_read=environ["REQUEST_METHOD"] in ("GET", "HEAD"),
        language=chosen if chosen in LANGUAGES else next(iter(LANGUAGES)),
    )
