"""Styles and scripts are sent compressed to whoever understands that, and are the same files."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from quizapp.core.web import module_url

STATIC = Path(__file__).parents[2] / "static"
STYLE = "/static/css/play.css"
PLAIN: dict[str, str] = {}
ASKED = {"Accept-Encoding": "gzip, deflate, br"}


def get(client: FlaskClient, path: str, headers: dict[str, str]) -> TestResponse:
    """The reply, read to its end."""
    with client.get(path, headers=headers) as reply:
        reply.get_data()
    return reply


def module(app: Flask) -> str:
    with app.test_request_context():
        return module_url("play/contest.js")


@pytest.mark.parametrize("wanted", ["style", "module", "drawing"])
def test_file_comes_compressed_and_is_the_same(app: Flask, client: FlaskClient, wanted: str) -> None:
    path, file = {
        "style": (STYLE, STATIC / "css" / "play.css"),
        "module": (module(app), STATIC / "js" / "play" / "contest.js"),
        "drawing": ("/static/img/waves.svg", STATIC / "img" / "waves.svg"),
    }[wanted]
    is_small = file.stat().st_size < 500
    for _time in range(2):
        reply = get(client, path, ASKED)
        assert reply.headers.get("Content-Encoding") == (None if is_small else "gzip")
        assert (reply.data if is_small else gzip.decompress(reply.data)) == file.read_bytes()
        assert int(reply.headers["Content-Length"]) == len(reply.data)
        assert "Accept-Encoding" in reply.headers["Vary"]


def test_whoever_does_not_understand_gets_the_file_as_it_is(client: FlaskClient) -> None:
    for headers in (PLAIN, {"Accept-Encoding": "br"}, {"Accept-Encoding": "gzip;q=0"}):
        reply = get(client, STYLE, headers)
        assert "Content-Encoding" not in reply.headers
        assert reply.data == (STATIC / "css" / "play.css").read_bytes()


def test_compressed_file_is_known_again_by_its_tag(client: FlaskClient) -> None:
    first = get(client, STYLE, ASKED)
    assert first.headers["ETag"].startswith("W/")
    assert first.headers["ETag"].removeprefix("W/") == get(client, STYLE, PLAIN).headers["ETag"]
    again = get(client, STYLE, ASKED | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_part_of_a_file_is_not_compressed(client: FlaskClient) -> None:
    reply = get(client, STYLE, ASKED | {"Range": "bytes=0-999"})
    assert (reply.status_code, reply.data) == (206, (STATIC / "css" / "play.css").read_bytes()[:1000])
    assert "Content-Encoding" not in reply.headers


@pytest.mark.parametrize("path", ["/", "/api/v1/openapi.json", "/static/css/none.css"])
def test_pages_calls_and_errors_are_never_compressed(client: FlaskClient, path: str) -> None:
    reply = get(client, path, ASKED)
    assert "Content-Encoding" not in reply.headers
