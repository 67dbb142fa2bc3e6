"""A contest that is watched: its play, what its pages show, and its acts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from quizapp.accounts.models import AuditEvent
from quizapp.accounts.queries import latest_notice
from quizapp.contests.models import Contest
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.play import jobs, state
from quizapp.play.state import Shard
from tests.cast import csrf_token, post
from tests.contests.makers import make_bank, make_published
from tests.play.makers import keep_contests

ACTS = ("pause", "resume", "extend", "capacity", "close")


def publish(**changes: Any) -> Contest:
    """A contest of ten single-choice questions, open since an hour, for two days."""
    now = utc_now()
    values: dict[str, Any] = {
        "opens_at": now - timedelta(hours=1),
        "closes_at": now + timedelta(days=2),
        "attempts_per_day": 3,
    }
    return make_published(make_bank(single=10), **(values | changes))


def call(client: FlaskClient, method: str, path: str, body: Any = None, token: str = "") -> Any:
    headers = {"X-CSRFToken": csrf_token(client)}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return client.open(f"/api/v1{path}", method=method, json=body, headers=headers).json


def enter(client: FlaskClient, slug: str, **fields: str) -> None:
    values = {"consent": "yes", "notice_version": latest_notice().version, "nickname": "小王"} | fields
    assert post(client, f"/play/{slug}/entry", **values).status_code == 303


def begin(client: FlaskClient, slug: str, *, right: int = 10) -> tuple[str, str, list[Any]]:
    """Begin and answer all questions, so many of them right; returns attempt, token, answers."""
    begun = call(client, "POST", f"/contests/{slug}/attempts")
    answers = []
    for place, question in enumerate(begun["questions"]):
        texts = {option["text"][-1]: option["key"] for option in question["options"]}
        answers.append({"question": question["id"], "response": [texts["A" if place < right else "B"]], "seq": 1})
    call(client, "PUT", f"/attempts/{begun['attempt']}/answers", {"answers": answers}, begun["token"])
    return begun["attempt"], begun["token"], answers


def hand_in(client: FlaskClient, slug: str, *, right: int = 10) -> str:
    attempt, token, answers = begin(client, slug, right=right)
    call(client, "POST", f"/attempts/{attempt}/finish", {"answers": answers}, token)
    return attempt


def record() -> None:
    """Carry what was played into SQL."""
    keep_contests()
    recorder = jobs.Recorder(get_live())
    while recorder.turn(utc_now()):
        pass
    recorder.close()


def figures(client: FlaskClient, slug: str) -> dict[str, str]:
    document: Any = client.get(f"/play/{slug}/monitor/figures").json
    return {name: figure["text"] for name, figure in document["figures"].items()}


def act(client: FlaskClient, name: str, **fields: object) -> TestResponse:
    """Send the form of an act as it was opened now."""
    return post(client, f"/play/autumn/monitor/{name}", **({"lock_version": stored().lock_version} | fields))


def stored(slug: str = "autumn") -> Contest:
    """The contest as SQL has it now."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Contest).where(Contest.slug == slug)).one()


def gate(contest: Contest) -> dict[str, str]:
    return state.read_gate_fields(get_live(), Shard(contest.id))


def events(action: str) -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.action == action)))


def local(moment: datetime, zone: str = "Asia/Shanghai") -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}"
