"""A board whose key is lost in Redis, alone, is counted anew."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from quizapp.contests.models import Contest
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.core.settings import Settings
from quizapp.leaderboards.state import board_key
from quizapp.play import figures, recorder, recount, state, watching
from quizapp.play.jobs import Recorder
from quizapp.play.verify import verify
from tests.play.makers import Phone, kit_of, make_contest, played, record_all, turn


@pytest.fixture
def settings(settings_in_shards: Settings) -> Settings:
    """On each kind of database, in one shard and in three."""
    return settings_in_shards


def lose_boards(contest: Contest) -> None:
    for shard in contest.shards:
        get_live().command("DEL", board_key(shard, "overall"))


def board_of(client: FlaskClient) -> tuple[bool, int, int]:
    """Whether the board is counted, its rows and its people as everybody is told."""
    board = client.get("/api/v1/contests/autumn/boards/overall").json
    return board["counted"], len(board["rows"]), board["people"]


def lineages() -> list[str]:
    return list(db.session.scalars(select(recorder.RecorderPosition.lineage).order_by("shard")))


@pytest.mark.usefixtures("nothing_kept")
def test_a_lost_board_is_counted_anew_with_the_doors_open(app: Flask, client: FlaskClient) -> None:
    """By the records; not before they have the hand-ins that were on the board when it was lost."""
    contest, phones = played(client)
    begin, counting = lineages(), "正在重新统计"
    assert board_of(client) == (True, 6, 6)
    assert phones[5].finish().status_code == 200
    lose_boards(contest)
    assert board_of(client) == (False, 0, 0), "nobody has noticed, and it is told all the same"
    phones[0].begin()
    assert phones[0].finish().status_code == 200
    assert board_of(client) == (False, 0, 0), "now it has one row"
    assert watching.top(get_live(), contest=contest) == watching.Top((), is_hidden=False, is_counted=False)
    turn()
    assert board_of(client) == (False, 0, 0)
    page = client.get("/play/autumn/board").text
    assert counting in page and 'data-part="counting" hidden' not in page
    assert figures.place_of(get_live(), contest.shards, person=phones[0].entry) is None
    turn()
    assert verify(contest=contest) == []
    assert board_of(client) == (True, 6, 6)
    top = watching.top(get_live(), contest=contest)
    assert top and top.is_counted and len(top.rows) == 6
    assert 'data-part="counting" hidden' in client.get("/play/autumn/board").text
    assert lineages() == begin


def test_a_board_that_is_gone_is_noticed_within_a_second(app: Flask, client: FlaskClient) -> None:
    """Also when nobody hands in any more."""
    contest, _phones = played(client)
    keeper = Recorder(get_live(), wait_ms=0)
    keeper.turn(utc_now())
    lose_boards(contest)
    keeper._duties_due, keeper._minute_due = 0.0, float("inf")
    keeper.turn(utc_now())
    assert verify(contest=contest) == []
    assert all(recount.counted_from(get_live(), shard) is None for shard in contest.shards)


def test_a_board_that_lacks_somebody_is_noticed_within_a_minute(app: Flask, client: FlaskClient) -> None:
    contest, phones = played(client)
    get_live().command("ZREM", board_key(contest.shards.of(phones[0].entry), "overall"), phones[0].entry)
    turn()
    assert verify(contest=contest) == []


def test_a_first_hand_in_loses_no_board(app: Flask, client: FlaskClient) -> None:
    contest = make_contest()
    phone = Phone(client)
    phone.enter()
    phone.begin()
    phone.finish()
    turn()
    assert all(recount.counted_from(get_live(), shard) is None for shard in contest.shards)


def test_who_hands_in_while_a_board_is_counted_keeps_the_better_rank(app: Flask, client: FlaskClient) -> None:
    contest, phones = played(client)
    shard = contest.shards.of(phones[0].entry)
    recount.note_lost(get_live(), shard)
    phones[0].begin()
    phones[0].send(*(phones[0].right(kit_of(contest), number) for number in range(5)))
    phones[0].finish()
    position = recorder.read_position(shard)
    assert position and recount.count_anew(get_live(), position)
    record_all(contest)
    turn()
    turn()
    assert verify(contest=contest) == []


def test_a_board_is_not_counted_while_somebody_marks_anew(app: Flask, client: FlaskClient) -> None:
    """Ranks may get lower then, and what was read before would bring the former ones back."""
    contest, phones = played(client)
    shard = contest.shards.of(phones[0].entry)
    position = recorder.read_position(shard)
    assert position
    recount.note_lost(get_live(), shard)
    assert state.lock_for_rebuild(get_live(), shard, token="another")
    assert not recount.count_anew(get_live(), position)
    assert not recount.rank(get_live(), shard, token="mine", ranks={phones[0].entry: 1})
    state.unlock(get_live(), shard, token="another")
    assert recount.count_anew(get_live(), position)


def test_a_settled_contest_gets_its_lost_board_back(app: Flask, client: FlaskClient) -> None:
    contest, _phones = played(client)
    db.session.execute(update(recorder.RecorderPosition).values(is_settled=True))
    db.session.commit()
    lose_boards(contest)
    turn()
    assert verify(contest=contest) == []
