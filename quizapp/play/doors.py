"""What sorts of requests there are, and which are served first when more comes than can be served.

Answers and hand-ins come first, then beginnings, then the rest.
"""

from __future__ import annotations

from flask import Flask

from quizapp.core import http_metrics, shedding

ANSWER_SECONDS = 0.5
"""An answer is kept by the phone, which says so and sends it again."""
BEGIN_SECONDS = 5.0
"""Who begins looks at a page that says that everybody comes at once; a phone gives up after ten seconds."""
FORM_SECONDS = 3.0
"""Who has filled in a form would have to send it again by hand."""
API = "/api/v1/"
CALLS = {
    "answers": "answer",
    "finish": "finish",
    "attempts": "begin",
    "entries": "enter",
    "visits": "visit",
    "pulse": "pulse",
}
"""The last word of a call's path → its sort."""
STAFF_PAGES = ("monitor", "corrections")
"""Below a contest's address, but not participants'."""


def init_app(app: Flask) -> None:
    shedding.init_app(app, patience=patience)
    http_metrics.init_app(app, sort=sort_of)


def patience(method: str, path: str) -> float | None:
    """Seconds that a request may wait while the queue stands; None for one that is always served."""
    if path.startswith("/static/") or path in ("/healthz", "/readyz"):
        return None
    if method in ("GET", "HEAD", "OPTIONS") or path.endswith("/visits"):
        return shedding.TARGET_SECONDS
    if not path.startswith("/api/"):
        return FORM_SECONDS
    if path.endswith(("/answers", "/finish")):
        return ANSWER_SECONDS
    return BEGIN_SECONDS


def sort_of(_method: str, path: str) -> str:
    """A word for what a request is about, one of a dozen whatever the path."""
    if path.startswith(API):
        kind, _slash, rest = path.removeprefix(API).partition("/")
        if "/boards/" in rest:
            return "board"
        return CALLS.get(rest.rpartition("/")[2]) or {"contests": "contest", "attempts": "attempt"}.get(kind, "other")
    if path.startswith(("/static/", "/modules/", "/bootstrap/")):
        return "static"
    if path in ("/healthz", "/readyz"):
        return "health"
    is_participants = path.startswith("/play/") and path.split("/")[3:4] not in [[page] for page in STAFF_PAGES]
    return "page" if path == "/" or is_participants else "other"
