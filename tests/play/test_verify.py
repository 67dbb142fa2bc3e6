"""The comparison of live state with the records, and what of each is found to be wrong."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update

from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.core.settings import Settings
from quizapp.leaderboards.state import board_key
from quizapp.play import state
from quizapp.play.models import Answer, Attempt
from quizapp.play.verify import verify
from tests.play.makers import played


@pytest.fixture
def settings(settings_in_shards: Settings) -> Settings:
    """On each kind of database, in one shard and in three."""
    return settings_in_shards


SPOILERS = {
    "board": "ZINCRBY {board} 1 {ended.entry}",
    "board, somebody missing": "ZREM {board} {ended.entry}",
    "counter": "HINCRBY {counters} answers 1",
    "person": "HINCRBY {person} m -1",
    "person, gone": "DEL {person}",
    "attempt": "HINCRBY {attempt} c 1",
    "attempt, without a deadline": "ZREM {deadlines} {open.attempt}",
    "attempt, a stranger": "HSET {stranger} p x",
    "recording": "HINCRBY {gate} number 1",
    "recording, an event waits": "XADD {stream} * a b",
}


@pytest.mark.parametrize("what", SPOILERS)
def test_what_is_wrong_in_live_state_is_found(app: Flask, client: FlaskClient, what: str) -> None:
    contest, phones = played(client)
    ended, open_ = phones[0], phones[5]
    shard, other = contest.shards.of(ended.entry), contest.shards.of(open_.entry)
    words = SPOILERS[what].format(
        ended=ended,
        open=open_,
        board=board_key(shard, "overall"),
        counters=state.counters_key(shard),
        person=state.person_key(shard, ended.entry),
        attempt=state.attempt_key(other, open_.attempt),
        stranger=state.attempt_key(shard, "stranger"),
        deadlines=state.deadlines_key(other),
        gate=state.keys_of(shard)[0],
        stream=state.stream_key(shard),
    )
    get_live().command(*words.split())
    found = verify(contest=contest)
    assert {difference.what for difference in found} == {what.partition(",")[0]}
    assert all(str(difference) for difference in found)


def test_what_is_wrong_in_the_records_is_found(app: Flask, client: FlaskClient) -> None:
    contest, phones = played(client)
    wrong = select(Answer.id).where(Answer.is_right.is_(False)).limit(1).scalar_subquery()
    db.session.execute(update(Answer).where(Answer.id == wrong).values(points_hundredths=5))
    db.session.commit()
    assert {"mark", "result"} >= {difference.what for difference in verify(contest=contest)} - {"attempt"} != set()
    db.session.execute(delete(Answer).where(Answer.attempt_id == phones[0].attempt))
    db.session.execute(update(Attempt).where(Attempt.id == phones[0].attempt).values(score_hundredths=9900))
    db.session.commit()
    assert {"result", "board"} <= {difference.what for difference in verify(contest=contest)}
