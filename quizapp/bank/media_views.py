"""Pictures and recordings: as browsers fetch them, for staff and participants alike, and as the form sends them."""

from __future__ import annotations

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from quizapp.accounts.access import require
from quizapp.bank import media as kept
from quizapp.bank.blueprint import blueprint
from quizapp.bank.clean_media import ENDINGS, UnusableMedia
from quizapp.bank.models import Media
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.errors import NotFound
from quizapp.core.i18n import _


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


@blueprint.post("/media")
@require("organiser")
def send_media() -> ResponseReturnValue:
    """Keep one picture or recording for the form that is open, as JSON; a refusal is {"message"}."""
    file = request.files.get("file")
    try:
        cleaned = kept.clean_upload(file.read() if file else b"")
    except UnusableMedia as refused:
        return {"message": refused.message()}, refused.status
    stored = kept.store(cleaned, now=utc_now())
    shown = kept.shown_at(stored, at="")
    return {
        **shown,
        "address": url_for("bank.media", sha256=stored.sha256, ending=shown["ending"]),
        "note": _("动图只保留第一帧。") if cleaned.is_first_frame else "",
    }, 201
