"""Pictures and recordings as browsers fetch them: for staff and for participants alike."""

from __future__ import annotations

from flask import Response, request
from flask.typing import ResponseReturnValue

from quizapp.bank.clean_media import ENDINGS
from quizapp.bank.models import Media
from quizapp.core.db import db
from quizapp.core.errors import NotFound


def media(sha256: str, ending: str) -> ResponseReturnValue:
    """A medium by its digest, which nobody can guess; it never changes. Parts of it are given too: Safari asks so."""
    found = db.session.get(Media, sha256)
    if found is None or ENDINGS[found.content_type] != ending:
        raise NotFound
    response = Response(found.body, content_type=found.content_type)
    response.set_etag(sha256)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response.make_conditional(request, accept_ranges=True, complete_length=len(found.body))
