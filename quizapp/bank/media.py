"""Pictures and recordings of questions: kept once by their digest, named by revisions, dropped when nothing names them.

What cleans them is pure and may run in a child process: `clean`. What keeps them flushes and never commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Text, cast, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import undefer

from quizapp.bank.clean_media import ENDINGS, CleanMedia, UnusableMedia
from quizapp.bank.formats.parsed import ParsedMedia
from quizapp.bank.models import ImportRow, Media, QuestionImport, QuestionRevision
from quizapp.bank.pictures import clean_picture
from quizapp.bank.recordings import clean_audio, sounds
from quizapp.core.db import db

UNUSED_FOR = timedelta(days=1)
"""How long a medium that no revision names is kept for forms still being written."""

__all__ = ["CleanMedia", "UnusableMedia", "clean", "clean_audio", "clean_picture", "clean_upload"]


def clean(medium: ParsedMedia) -> CleanMedia:
    """A picture or recording of a file, cleaned; raises UnusableMedia."""
    return clean_picture(medium.content) if medium.kind == "picture" else clean_audio(medium.content)


def clean_upload(content: bytes) -> CleanMedia:
    """A file that a person sent, picture or recording by its content, cleaned; raises UnusableMedia."""
    return clean_audio(content) if sounds(content) else clean_picture(content)


def store(cleaned: CleanMedia, *, now: datetime) -> Media:
    """Keep a cleaned medium; one that is kept already only counts as new again, so that it is not dropped."""
    values = {
        "sha256": cleaned.sha256,
        "content_type": cleaned.content_type,
        "body": cleaned.body,
        "width": cleaned.width,
        "height": cleaned.height,
        "duration_ms": cleaned.duration_ms,
        "created_at": now,
    }
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    written = insert(Media).values(values)
    db.session.execute(written.on_conflict_do_update(index_elements=["sha256"], set_={"created_at": now}))
    return db.session.scalars(
        select(Media).where(Media.sha256 == cleaned.sha256), execution_options={"populate_existing": True}
    ).one()


def shown_at(stored: Media, *, at: str, alt: str = "") -> dict[str, Any]:
    """What a revision says of a medium (models.QuestionRevision.media): enough to show it without asking SQL."""
    return {
        "at": at,
        "sha256": stored.sha256,
        "ending": ENDINGS[stored.content_type],
        "kind": "audio" if stored.content_type.startswith("audio/") else "picture",
        "alt": alt,
        "width": stored.width,
        "height": stored.height,
        "duration_ms": stored.duration_ms,
    }


def keep(digests: Iterable[str], *, now: datetime) -> dict[str, Media]:
    """The media of these digests that are there, by digest, each kept for another day.

    To be called before a revision names them: whoever drops unused ones at the same moment then leaves them.
    """
    wanted = sorted(set(digests))
    db.session.execute(update(Media).where(Media.sha256.in_(wanted)).values(created_at=now))
    return find(wanted)


def find(digests: Iterable[str]) -> dict[str, Media]:
    """The media of these digests that are there, by digest, without their bytes."""
    return {row.sha256: row for row in db.session.scalars(select(Media).where(Media.sha256.in_(set(digests))))}


def load(media: Iterable[Mapping[str, Any]]) -> dict[str, Media]:
    """The media that revisions name, by digest; for exports."""
    wanted = {str(medium["sha256"]) for medium in media}
    rows = db.session.scalars(select(Media).where(Media.sha256.in_(wanted)).options(undefer(Media.body)))
    return {row.sha256: row for row in rows}


def as_parsed(media: Sequence[Mapping[str, Any]], loaded: Mapping[str, Media]) -> tuple[ParsedMedia, ...]:
    """A revision's media with their bytes, as writers of formats take them."""
    return tuple(
        ParsedMedia(at=medium["at"], content=loaded[medium["sha256"]].body, kind=medium["kind"], alt=medium["alt"])
        for medium in media
    )


def drop_unused(*, now: datetime) -> int:
    """Drop what no revision names, no page of an import shows, and nobody has stored or held for UNUSED_FOR.

    Returns how many were dropped.
    """
    in_revisions = select(QuestionRevision.media).where(cast(QuestionRevision.media, Text) != "[]")
    in_imports = (
        select(ImportRow.content)
        .join(QuestionImport)
        .where(
            QuestionImport.state.in_(("reading", "staged", "importing")),
            cast(ImportRow.content, Text).contains('"sha256"'),
        )
    )
    found = [*db.session.scalars(in_revisions)]
    found += [content.get("question", {}).get("media", []) for content in db.session.scalars(in_imports)]
    named = {medium["sha256"] for media in found for medium in media}
    is_old = Media.created_at < now - UNUSED_FOR
    unused = [digest for digest in db.session.scalars(select(Media.sha256).where(is_old)) if digest not in named]
    dropped = 0
    for digest in unused:
        # Asked again: a form may have been sent meanwhile.
        gone = delete(Media).where(Media.sha256 == digest, is_old).returning(Media.sha256)
        dropped += db.session.scalar(gone) is not None
    return dropped
