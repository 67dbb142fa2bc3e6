"""Styles, scripts and drawings compressed for whoever understands that, also where no proxy in front does it.

Each is compressed once in a process and kept. Pages and calls are not compressed: they hold tokens beside words that
a stranger may have chosen, and the length of both together would tell about the token (BREACH).
"""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

ENDPOINTS = ("static", "bootstrap.static", "core.module")
TYPES = ("text/css", "text/javascript", "image/svg+xml")
LEAST_BYTES = 500
"""Below that the saving is less than what a packet takes anyway."""
KEPT = 512

_kept: dict[tuple[str, str], bytes] = {}


def init_app(app: Flask) -> None:
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if request.endpoint not in ENDPOINTS or response.mimetype not in TYPES:
        return response
    response.vary.add("Accept-Encoding")
    length = response.content_length or 0
    if response.status_code != 200 or length < LEAST_BYTES or not request.accept_encodings["gzip"]:
        return response
    etag, _is_weak = response.get_etag()
    name = (request.path, etag or "")
    body = _kept.get(name)
    if body is None:
        response.direct_passthrough = False
        body = gzip.compress(response.get_data(), mtime=0)
        if len(_kept) >= KEPT:
            _kept.clear()
        _kept[name] = body
    else:
        response.close()
    response.set_data(body)
    response.headers["Content-Encoding"] = "gzip"
    response.headers.pop("Accept-Ranges", None)
    # The same file in other bytes: a strong tag would be wrong.
    response.set_etag(etag or "", weak=True)
    return response
