"""Contests to play, and phones that play them through the test client."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from quizapp.accounts.queries import latest_notice
from quizapp.bank.rules import split_pair
from quizapp.contests import actions
from quizapp.contests.drafts import Draft, SectionDraft
from quizapp.contests.kit import Kit
from quizapp.contests.kits import get_kit
from quizapp.contests.models import Contest
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.core.settings import get_settings
from quizapp.play import rebuild, recorder
from quizapp.play.jobs import Recorder
from quizapp.play.state import Shard
from tests.contests.makers import make_bank

PLAYED_KINDS = {"single": 4, "fill_in": 4, "true_false": 3, "ordering": 3, "matching": 3}
DEFAULT_KINDS = {"single": 6, "multiple": 4, "true_false": 3, "fill_in": 3, "ordering": 2, "matching": 2}


def make_contest(
    *,
    slug: str = "autumn",
    kinds: dict[str, int] | None = None,
    count: int = 5,
    points_hundredths: int = 1000,
    now: datetime | None = None,
    opens_in: timedelta = timedelta(hours=-1),
    closes_in: timedelta = timedelta(days=1),
    opens: bool = True,
    shards: int | None = None,
    **changes: Any,
) -> Contest:
    """A published contest, committed, by default with its gate open and `count` questions drawn from a bank.

    It has as many shards as the app's settings say, which `shards` changes.
    """
    if shards:
        current_app.extensions["quizapp.settings"] = replace(get_settings(), shards=shards)
    now = now or utc_now()
    bank = make_bank(f"题库 {slug}", **(kinds or DEFAULT_KINDS))
    section = SectionDraft(bank_id=bank.id, count=count, points_hundredths=points_hundredths)
    values: dict[str, Any] = {"limit_seconds": 600, "attempts_per_day": None, "attempts_total": None}
    draft = Draft(
        slug=slug,
        title="秋季竞赛",
        opens_at=now + opens_in,
        closes_at=now + closes_in,
        sections=[section],
        **(values | changes),
    )
    contest = actions.create_contest(draft=draft, actor=None, now=now + opens_in - timedelta(days=1))
    actions.publish(contest=contest, actor=None, now=now + opens_in - timedelta(hours=1))
    db.session.commit()
    if opens:
        assert all(rebuild.open_if_new(shard=shard, now=now) for shard in contest.shards)
    return contest


def kit_of(contest: Contest) -> Kit:
    return get_kit(contest_id=contest.id, version=contest.kit_version)


def record_all(contest: Contest) -> int:
    """Record everything that waits, as the recorder does; return how many events there were."""
    return sum(_record_shard(shard) for shard in contest.shards)


def _record_shard(shard: Shard) -> int:
    total = 0
    position = recorder.read_position(shard)
    assert position
    while True:
        position, count = recorder.record(get_live(), position, count=100, now=utc_now())
        total += count
        if not count:
            return total


def keep_contests() -> None:
    """Before a turn of a recorder, which ends the session: the contests that a test holds stay as SQL has them now."""
    for contest in db.session.scalars(select(Contest).execution_options(populate_existing=True)).all():
        db.session.expunge(contest)


def turn(wait_ms: int = 0) -> Recorder:
    """One turn of a fresh recorder, duties included."""
    keep_contests()
    keeper = Recorder(get_live(), wait_ms=wait_ms)
    keeper.turn(utc_now())
    keeper.close()
    return keeper


@dataclass
class Phone:
    """A participant with bearer tokens; `sheet` is the last reply to a begin."""

    client: FlaskClient
    slug: str = "autumn"
    token: str = ""
    entry: str = ""
    sheet: dict[str, Any] = field(default_factory=dict)
    seq: int = 0

    def enter(self, nickname: str = "小明", **fields: str) -> TestResponse:
        body = {"fields": fields or {"nickname": nickname}, "consent": latest_notice().version}
        response = self.client.post(f"/api/v1/contests/{self.slug}/entries", json=body)
        if response.status_code < 300:
            self.token, self.entry = response.json["token"], response.json["entry"]
        self.client.delete_cookie("entry-1")
        return response

    def begin(self, key: str | None = None) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key or secrets.token_hex(16)}
        response = self.client.post(f"/api/v1/contests/{self.slug}/attempts", headers=headers)
        if response.status_code in (200, 201):
            self.sheet = response.json
        return response

    @property
    def attempt(self) -> str:
        return str(self.sheet["attempt"])

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.sheet['token']}"}

    def give(self, question: int, response: Any, seq: int | None = None) -> dict[str, Any]:
        self.seq += 1
        return {"question": question, "response": response, "seq": seq or self.seq, "spent_ms": 1200}

    def send(self, *answers: dict[str, Any]) -> TestResponse:
        return self.client.put(
            f"/api/v1/attempts/{self.attempt}/answers", json={"answers": list(answers)}, headers=self.headers()
        )

    def finish(self, *answers: dict[str, Any]) -> TestResponse:
        return self.client.post(
            f"/api/v1/attempts/{self.attempt}/finish", json={"answers": list(answers)}, headers=self.headers()
        )

    def look(self) -> TestResponse:
        return self.client.get(f"/api/v1/attempts/{self.attempt}", headers=self.headers())

    def right(self, kit: Kit, place: int) -> dict[str, Any]:
        """The right answer to a question of the paper, in the letters shown."""
        shown = self.sheet["questions"][place]
        question = kit.questions[shown["id"]]
        if question.kind == "fill_in":
            return self.give(question.id, [accepted[0] for accepted in question.key])
        if question.kind == "true_false":
            return self.give(question.id, list(question.key))
        texts, keys = dict(question.options), {option["text"]: option["key"] for option in shown["options"]}
        wanted = [str(option_id) for option_id in question.key]
        if question.kind == "matching":
            pairs = [[keys[texts[option_id]] for option_id in split_pair(pair)] for pair in wanted]
            return self.give(question.id, dict(pairs))
        response = [keys[texts[option_id]] for option_id in wanted]
        return self.give(question.id, response if question.kind == "ordering" else sorted(response))

    def wrong(self, kit: Kit, place: int) -> dict[str, Any]:
        """A wrong answer to a question of the paper, in the letters shown."""
        shown = self.sheet["questions"][place]
        question = kit.questions[shown["id"]]
        if question.kind == "fill_in":
            return self.give(question.id, ["不对"] * shown["blanks"])
        if question.kind == "true_false":
            return self.give(question.id, ["false" if question.key == ["true"] else "true"])
        if question.kind == "matching":
            return self.give(question.id, dict([*self.right(kit, place)["response"].items()][1:]))
        if question.kind == "ordering":
            return self.give(question.id, self.right(kit, place)["response"][::-1])
        texts = dict(question.options)
        keys = {texts[str(option_id)] for option_id in question.key}
        return self.give(question.id, [next(o["key"] for o in shown["options"] if o["text"] not in keys)])


def played(client: FlaskClient) -> tuple[Contest, list[Phone]]:
    """A contest in full swing: ended and open attempts of all kinds of question, a used-up person, ties."""
    contest = make_contest(attempts_per_day=2, kinds=PLAYED_KINDS)
    kit = kit_of(contest)
    phones = []
    for number in range(6):
        phone = Phone(client)
        phone.enter(f"人{number}")
        for attempt in range(1 + number % 2):
            phone.begin()
            phone.send(phone.right(kit, 0), phone.wrong(kit, 1), phone.right(kit, 1 + number % 4))
            if number < 4 or attempt == 0:
                phone.finish()
        phones.append(phone)
    long = next((q["id"] for q in phones[5].sheet["questions"] if q["kind"] == "fill_in"), None)
    if long:
        phones[5].send(phones[5].give(long, ["长" * 100]))
    client.post("/api/v1/contests/autumn/visits")
    turn()
    record_all(contest)
    return contest, phones


def play_once(client: FlaskClient, contest: Contest, *, name: str = "小明", finishes: bool = True) -> Phone:
    """One attempt: two right answers, one wrong, one changed."""
    phone, kit = Phone(client), kit_of(contest)
    phone.enter(name)
    phone.begin()
    phone.send(phone.wrong(kit, 0), phone.right(kit, 1))
    phone.send(phone.right(kit, 0), phone.wrong(kit, 2))
    if finishes:
        phone.finish()
    return phone


def position_of(contest: Contest) -> recorder.Position:
    position = recorder.read_position(Shard(contest.id))
    assert position
    return position
