"""A program behind the web worker, for test_gunicorn_worker: it tells what it was asked, slowly if asked so."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from quizapp.core import express, shedding

LEFT_BEHIND = ContextVar("left_behind", default="nobody")


class Express:
    """Answers /plain, and cannot stand /unbearable."""

    def answer(self, requests: Sequence[express.Request]) -> Sequence[bytes | None]:
        if any(request.target == "/unbearable" for request in requests):
            raise RuntimeError("broken before any reply")
        return [reply_to(request.body or b"plain") if request.target == "/plain" else None for request in requests]


def reply_to(body: bytes) -> bytes:
    return express.reply("200 OK", f"X-Express: yes\r\nContent-Length: {len(body)}\r\n", body)


class App:
    """Flask's part that the worker asks for: how long a request may wait while the queue stands."""

    def __init__(self) -> None:
        self.extensions = {"quizapp.patience": self.patience, "quizapp.express": Express()}
        self.asked_for: list[str] = []

    def patience(self, _method: str, path: str) -> None:
        """Everything is served; that somebody has waited for too long is only noted."""
        self.asked_for.append(path)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        environ["late"] = " ".join(self.asked_for).encode()
        return serve(environ, start_response)


def refuse(_shedding: shedding.Shedding, _kind: object) -> shedding._Refusal:
    """Without the app's pages."""
    return shedding._Refusal(time.monotonic(), [("Retry-After", "")], b"busy")


shedding.Shedding._render = refuse  # type: ignore[method-assign]
if (loaded := Path(os.environ.get("SERVED_LOADS_ONCE", os.devnull))) != Path(os.devnull):
    # All but the first workers are slow.
    time.sleep(20 if loaded.exists() else 0)
    loaded.touch()
app = App()


def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    asked = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    time.sleep(float(asked.get("seconds", 0)))
    path = environ["PATH_INFO"]
    if path == "/broken":
        raise RuntimeError("broken before its reply")
    if path == "/parts":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return parts(breaks="breaks" in asked)
    if path == "/file":
        start_response("200 OK", [("Content-Length", "9")])
        return environ["wsgi.file_wrapper"](BytesIO(b"some file"))
    if path == "/nothing":
        start_response("204 No Content", [])
        return []
    read = environ["wsgi.input"].read
    if path == "/left-behind":
        body, _left = LEFT_BEHIND.get().encode(), LEFT_BEHIND.set("somebody")
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]
    if path == "/no-memory-after-the-head":
        start_response("200 OK", [("Content-Length", "5")])
        raise MemoryError
    if path == "/no-memory":
        raise MemoryError
    bodies = {"/echo": read, "/plain": read, "/late": lambda: environ["late"], "/who": lambda: b"%d" % os.getpid()}
    body = bodies.get(path, lambda: b"hello")()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def parts(*, breaks: bool) -> Iterator[bytes]:
    yield b"one "
    if breaks:
        raise RuntimeError("broken in the middle")
    yield b"two"
