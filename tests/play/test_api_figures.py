"""Visits, the pulse and boards, as a program sees them."""

from __future__ import annotations

import secrets
import time
from math import inf

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.core.live import get_live
from quizapp.play import rules, state
from quizapp.play.state import Shard
from tests.play.calls import begun, refused
from tests.play.makers import Phone, kit_of, make_contest

VISITOR_BYTES = 48
"""Of live memory, until a visit is over."""


def test_a_visit_counts_once_in_half_an_hour(app: Flask, client: FlaskClient) -> None:
    contest = make_contest()
    path = "/api/v1/contests/autumn/visits"
    for _time in range(3):
        response = client.post(path)
        assert (response.status_code, response.data) == (204, b"")
    visitor = secrets.token_urlsafe(16)
    for _time in range(2):
        with app.test_client() as program:
            program.post(path, headers={"X-Visitor": visitor})
    figures = state.figures(get_live(), Shard(contest.id))
    assert (figures.counters["visits"], figures.visitors) == (2, 2)


def test_a_visit_lasts_until_the_visitor_was_away_for_the_gap(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "VISIT_GAP_SECONDS", 1)
    live, shard = get_live(), Shard(make_contest().id)
    visits, last = 0, (-inf, -inf)
    # The short pauses together are longer than two gaps, so that a border of the stretches of marks lies in between.
    for pause in (0, 0.5, 0.5, 0.5, 0.5, 0.5, 1.05, 0):
        time.sleep(pause)
        began = time.monotonic()
        state.count_visit(live, shard, visitor="somebody")
        ended = time.monotonic()
        counted = state.figures(live, shard).counters["visits"] - visits
        # On a busy machine it can remain open which of both it was.
        if began - last[1] > 1.01:
            assert counted == 1
        elif ended - last[0] < 0.99:
            assert counted == 0
        visits, last = visits + counted, (began, ended)


def test_marks_of_visitors_lie_together_and_expire(app: Flask) -> None:
    live, shard = get_live(), Shard(make_contest().id)
    before = {key for keys in state.stored_keys(live, shard) for key in keys}
    for _visitor in range(600):
        state.count_visit(live, shard, visitor=secrets.token_urlsafe(16))
    added = {key for keys in state.stored_keys(live, shard) for key in keys} - before
    marks = [key for key in added if live.command("TTL", key) != -1]
    assert len(added) <= 5
    assert marks
    assert all(live.command("TTL", key) <= 2 * rules.VISIT_GAP_SECONDS for key in marks)
    assert sum(live.command("MEMORY", "USAGE", key, "SAMPLES", 0) for key in marks) <= 600 * VISITOR_BYTES


def test_the_pulse_can_be_asked_for_by_its_etag(phone: Phone) -> None:
    first = phone.client.get("/api/v1/contests/autumn/pulse")
    assert first.headers["Cache-Control"] == "public, max-age=1"
    assert "Cookie" not in first.headers.get("Vary", "")
    again = phone.client.get("/api/v1/contests/autumn/pulse", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_board_ranks_by_score_and_time_with_ties_and_the_own_row(app: Flask, client: FlaskClient) -> None:
    contest = make_contest(kinds={"single": 5}, count=2)
    kit, shard = kit_of(contest), Shard(contest.id)
    phones = []
    for number, (right, used_ms) in enumerate([(1, 5000), (2, 9000), (1, 5000), (1, 4000), (0, 1)]):
        phone = Phone(client)
        phone.enter(f"人{number}")
        started = phone.begin() and int(get_live().command("TIME")[0]) * 1000
        state_key = state.attempt_key(shard, phone.attempt)
        get_live().command("HSET", state_key, "e", started - used_ms * 0 + 1, "s", started + 1 - used_ms)
        get_live().command("ZADD", state.deadlines_key(shard), started + 1, phone.attempt)
        phone.finish(*(phone.right(kit, place) for place in range(right)))
        phones.append(phone)
    reply = client.get(
        "/api/v1/contests/autumn/boards/overall?top=4", headers={"Authorization": f"Bearer {phones[4].token}"}
    )
    rows = [(row["place"], row["score"], row["duration_ms"]) for row in reply.json["rows"]]
    assert rows == [(1, 20, 9000), (2, 10, 4000), (3, 10, 5000), (3, 10, 5000)]
    assert {row["name"] for row in reply.json["rows"][2:]} == {"人0", "人2"}
    assert reply.json["own"] == {"place": 5, "name": "人4", "score": 0, "duration_ms": 1, "own": True}
    assert (reply.json["people"], reply.headers["Cache-Control"]) == (5, "private, max-age=1")


@pytest.mark.parametrize("top", ["0", "-1", "a", "1e9", "201", "1000000", " 5"])
def test_a_number_of_rows_that_makes_no_sense_is_refused(phone: Phone, top: str) -> None:
    refused(phone.client.get("/api/v1/contests/autumn/boards/overall", query_string={"top": top}), 422, "invalid")


def test_a_board_that_is_not_there_is_not_found(phone: Phone) -> None:
    refused(phone.client.get("/api/v1/contests/autumn/boards/units"), 404, "not_found")


@pytest.mark.parametrize(("feedback", "feedback_time"), [("nothing", "after_finish"), ("explanations", "after_close")])
def test_a_board_is_hidden_while_scores_are(app: Flask, client: FlaskClient, feedback: str, feedback_time: str) -> None:
    _contest, phone = begun(client, feedback=feedback, feedback_time=feedback_time)
    result = phone.finish().json
    assert (result["score"], result["place"], result["right"], result["review"]) == (None, None, None, None)
    board = client.get(
        "/api/v1/contests/autumn/boards/overall", headers={"Authorization": f"Bearer {phone.token}"}
    ).json
    assert (board["rows"], board["hidden"], board["own"]) == ([], True, None)
