"""Too many requests: who is turned away, how, and that it ends by itself."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from quizapp.core import shedding
from quizapp.core.shedding import Queue, Shedding
from quizapp.play.doors import ANSWER_SECONDS, BEGIN_SECONDS, FORM_SECONDS

SLOW = shedding.TARGET_SECONDS * 2


class Served:
    """A program that counts what reaches it."""

    def __init__(self, app: Flask, queue: Queue) -> None:
        self.queue = queue
        self.calls = 0
        shed = Shedding(app, queue)
        shed._serve = self
        self.client = Client(shed)

    def __call__(self, environ: dict[str, object], start_response: object) -> Iterator[bytes]:
        self.calls += 1
        start_response("200 OK", [("Content-Length", "0")])  # type: ignore[operator]
        return iter([b""])

    def ask(self, method: str, path: str, *, waited: float, **more: object) -> TestResponse:
        self.queue.note(waited)
        return self.client.open(path, method=method, **more)  # type: ignore[arg-type]


@pytest.fixture
def served(app: Flask) -> Served:
    return Served(app, Queue())


@pytest.fixture
def crowded(served: Served) -> Served:
    """Its queue has stood for longer than a burst may last."""
    served.queue._quick_at -= 2 * shedding.STANDING_SECONDS
    return served


def test_burst_is_served(served: Served) -> None:
    served.queue.note(0.0)
    assert served.ask("GET", "/", waited=3.0).status_code == 200


def test_standing_queue_turns_pages_away_and_ends_by_itself(crowded: Served) -> None:
    assert crowded.ask("GET", "/", waited=SLOW).status_code == 503
    assert crowded.queue.shed == 1
    assert crowded.ask("GET", "/", waited=0.01).status_code == 200
    assert crowded.ask("GET", "/", waited=SLOW).status_code == 200, "one short wait shows that the queue does not stand"
    assert crowded.calls == 2


@pytest.mark.parametrize(
    ("method", "path", "patience"),
    [
        ("GET", "/play/demo", shedding.TARGET_SECONDS),
        ("GET", "/api/v1/contests/demo/pulse", shedding.TARGET_SECONDS),
        ("POST", "/api/v1/contests/demo/visits", shedding.TARGET_SECONDS),
        ("PUT", "/api/v1/attempts/x/answers", ANSWER_SECONDS),
        ("POST", "/api/v1/attempts/x/finish", ANSWER_SECONDS),
        ("POST", "/play/demo/enter", FORM_SECONDS),
        ("POST", "/api/v1/contests/demo/attempts", BEGIN_SECONDS),
        ("POST", "/api/v1/contests/demo/entries", BEGIN_SECONDS),
    ],
)
def test_each_call_waits_as_long_as_it_may(crowded: Served, method: str, path: str, patience: float) -> None:
    assert crowded.ask(method, path, waited=patience - 0.01 if patience > SLOW else 0.0999).status_code == 200
    crowded.queue._quick_at = time.monotonic() - 2 * shedding.STANDING_SECONDS
    assert crowded.ask(method, path, waited=patience + 0.01).status_code == 503


@pytest.mark.parametrize("path", ["/static/css/base.css", "/healthz", "/readyz"])
def test_styles_and_health_are_always_served(crowded: Served, path: str) -> None:
    assert crowded.ask("GET", path, waited=30.0).status_code == 200


def test_program_is_told_what_and_when(crowded: Served) -> None:
    answer = crowded.ask("PUT", "/api/v1/attempts/x/answers", waited=9.0)
    assert answer.content_type == "application/problem+json"
    assert answer.json and answer.json["code"] == "busy"
    assert shedding.RETRY_SECONDS[0] <= int(answer.headers["Retry-After"]) <= shedding.RETRY_SECONDS[1]
    assert "Content-Security-Policy" in answer.headers and answer.headers["Cache-Control"] == "no-store"


def test_page_comes_again_by_itself_and_a_form_does_not(crowded: Served) -> None:
    page = crowded.ask("GET", "/play/demo", waited=9.0)
    assert page.headers["Refresh"] == page.headers["Retry-After"]
    assert "请稍等一下" in page.text and "自动重试" in page.text
    crowded.client.set_cookie("quizapp_language", "en")
    english = crowded.ask("GET", "/play/demo", waited=9.0)
    crowded.client.delete_cookie("quizapp_language")
    assert "请稍等一下" not in english.text
    form = crowded.ask("POST", "/play/demo/enter", waited=9.0)
    assert "Refresh" not in form.headers and "返回上一页" in form.text
    assert crowded.ask("HEAD", "/", waited=9.0).data == b""


def test_refusal_is_rendered_once(crowded: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = []
    original = Shedding._render
    monkeypatch.setattr(Shedding, "_render", lambda self, kind: rendered.append(kind) or original(self, kind))
    for _ in range(20):
        assert crowded.ask("GET", "/", waited=9.0).status_code == 503
    assert len(rendered) == 1


def no_more_files(*_arguments: object) -> None:
    raise OSError(errno.EMFILE, "Too many open files")


def test_a_refusal_needs_no_file_any_more(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    shedding.prepare(app)
    monkeypatch.setattr(app.jinja_env.loader, "get_source", no_more_files)
    served = Served(app, Queue())
    served.queue._quick_at -= 2 * shedding.STANDING_SECONDS
    assert served.ask("GET", "/", waited=9.0).status_code == 503


@pytest.mark.parametrize("part", ["session", "refusal"])
def test_without_memory_for_a_reply_the_refusal_that_is_kept_is_given(
    app: Flask, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    def no_memory(*_arguments: object) -> None:
        raise MemoryError

    shedding.prepare(app)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/asked", "asked", no_memory if part == "refusal" else lambda: "said")
    client = Client(Shedding(app, Queue()))
    if part == "session":
        monkeypatch.setattr(app.session_interface, "save_session", no_memory)
    monkeypatch.setattr("quizapp.core.web.show_refusal", no_memory)
    monkeypatch.setattr(Shedding, "_render", no_more_files)
    monkeypatch.setattr(shedding, "KEEP_SECONDS", -1)
    answer = client.get("/asked")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] and "请稍等一下" in answer.text
