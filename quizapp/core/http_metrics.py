"""How many requests of which sort were answered how, and how long that took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from quizapp.core.metrics import REQUESTS

Sort = Callable[[str, str], str]
"""(method, path) → one of a few words."""


def init_app(app: Flask, *, sort: Sort) -> None:
    """Measure whatever the app serves; to be called when everything else is in front of it."""
    app.wsgi_app = Measured(app.wsgi_app, sort)  # type: ignore[method-assign]


class Measured:
    """WSGI middleware; what is sent after the beginning of a response is not waited for."""

    def __init__(self, rest: Callable[..., Iterable[bytes]], sort: Sort) -> None:
        self._rest, self._sort = rest, sort

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        began, status = time.perf_counter(), "500"

        def note(line: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            nonlocal status
            status = line[:3]
            return start_response(line, headers, *error)

        try:
            return self._rest(environ, note)
        finally:
            sort = self._sort(environ["REQUEST_METHOD"], environ["PATH_INFO"])
            REQUESTS.add(time.perf_counter() - began, sort, status)
