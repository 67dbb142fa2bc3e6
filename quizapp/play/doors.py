"""What is served first when more comes than can be served: answers and hand-ins, then beginnings, then the rest."""

from __future__ import annotations

from flask import Flask

from quizapp.core import shedding

ANSWER_SECONDS = 0.5
"""An answer is kept by the phone, which says so and sends it again."""
BEGIN_SECONDS = 5.0
"""Who begins looks at a page that says that everybody comes at once; a phone gives up after ten seconds."""
FORM_SECONDS = 3.0
"""Who has filled in a form would have to send it again by hand."""


def init_app(app: Flask) -> None:
    shedding.init_app(app, patience=patience)


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
