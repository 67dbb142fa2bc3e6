"""How media are kept, fetched and dropped."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from quizapp.bank import media
from quizapp.bank.actions import revise
from quizapp.bank.formats.parsed import ParsedMedia
from quizapp.bank.jobs import drop_unused_media
from quizapp.bank.models import Media
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from tests.bank.makers import make_content, make_question
from tests.bank.media_makers import picture, recording

NOW = utc_now()
LATER = NOW + timedelta(days=1, minutes=1)


@pytest.fixture
def database_url(any_database: str) -> str:
    """On each kind of database."""
    return any_database


def make_medium(colour: str = "red") -> Media:
    stored = media.store(media.clean_picture(picture(colour=colour)), now=NOW)
    db.session.commit()
    return stored


def digests() -> set[str]:
    db.session.expire_all()
    return set(db.session.scalars(select(Media.sha256)))


def address(stored: Media, ending: str = "png") -> str:
    return f"/media/{stored.sha256}.{ending}"


def test_the_same_picture_is_kept_once(app: Flask) -> None:
    assert make_medium().sha256 == make_medium().sha256
    assert db.session.scalar(select(func.count()).select_from(Media)) == 1


def test_media_of_a_file_come_back_with_their_bytes(app: Flask) -> None:
    sent = [
        ParsedMedia("stem", picture(), "picture", "红色方块"),
        ParsedMedia("B", recording(), "audio"),
    ]
    shown = [media.shown_at(media.store(media.clean(one), now=NOW), at=one.at, alt=one.alt) for one in sent]
    question = make_question(media=shown)
    found = question.latest.media
    assert [(one["at"], one["kind"], one["ending"], one["width"]) for one in found] == [
        ("stem", "picture", "png", 40),
        ("B", "audio", "mp3", None),
    ]
    given = media.as_parsed(found, media.load(found))
    assert [(one.at, one.kind, one.alt) for one in given] == [("stem", "picture", "红色方块"), ("B", "audio", "")]
    assert next(media.clean(one).sha256 for one in given) == found[0]["sha256"]


def test_everybody_may_fetch_a_medium_and_keep_it(client: FlaskClient) -> None:
    stored = make_medium()
    answer = client.get(address(stored))
    assert (answer.status_code, answer.content_type, answer.data) == (200, "image/png", stored.body)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "Set-Cookie" not in answer.headers
    assert "Vary" not in answer.headers
    again = client.get(address(stored), headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_part_of_a_recording_is_given(client: FlaskClient) -> None:
    stored = media.store(media.clean_audio(recording()), now=NOW)
    db.session.commit()
    answer = client.get(address(stored, "mp3"), headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.data) == (206, stored.body[:2])


@pytest.mark.parametrize("path", ["0" * 64 + ".png", "x.png", "%00.png", "..%2f..%2fsecret.png", "0" * 70_000 + ".png"])
def test_what_is_not_kept_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(f"/media/{path}").status_code == 404


def test_another_ending_is_not_found(client: FlaskClient) -> None:
    assert client.get(address(make_medium(), "mp3")).status_code == 404


def test_what_no_revision_names_is_dropped_after_a_day(app: Flask) -> None:
    named, unnamed = make_medium("red"), make_medium("blue")
    make_question(media=[media.shown_at(named, at="stem")])
    kept = {named.sha256}
    drop_unused_media(NOW + timedelta(hours=23))
    assert digests() == kept | {unnamed.sha256}
    drop_unused_media(LATER)
    assert digests() == kept


def test_what_an_older_revision_names_stays(app: Flask) -> None:
    named = make_medium()
    question = make_question(media=[media.shown_at(named, at="stem")])
    revise(question=question, content=make_content(), actor=None, now=NOW)
    db.session.commit()
    drop_unused_media(LATER)
    assert digests() == {named.sha256}


@pytest.mark.parametrize("how", ["stored again", "kept"])
def test_what_a_form_still_uses_stays_another_day(app: Flask, how: str) -> None:
    digest = make_medium().sha256
    if how == "kept":
        assert set(media.keep([digest, "0" * 64], now=LATER)) == {digest}
    else:
        media.store(media.clean_picture(picture(colour="red")), now=LATER)
    db.session.commit()
    drop_unused_media(LATER)
    assert digests() == {digest}
