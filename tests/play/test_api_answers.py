"""Answering, handing in and feedback, as a program sees them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.core.clock import to_ms, utc_now
from quizapp.core.db import db
from quizapp.core.live import Live, get_live
from quizapp.play import state
from quizapp.play.state import Shard
from quizapp.play.verify import verify
from tests.play.calls import begun, refused, statements
from tests.play.makers import Phone, kit_of, make_contest, record_all

# Answering


def test_an_answer_is_stored_and_comes_back_in_the_letters_shown(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client)
    answers = [phone.right(kit_of(contest), place) for place in range(5)]
    response = phone.send(*answers)
    assert response.json["stored"] == [{"question": a["question"], "seq": a["seq"]} for a in answers]
    assert response.json["rejected"] == []
    assert 0 < response.json["remaining_ms"] <= 600_000
    stored = {one["question"]: one["response"] for one in phone.look().json["stored"]}
    assert stored == {a["question"]: a["response"] for a in answers}
    assert phone.begin().json["stored"] == phone.look().json["stored"]


def test_the_sequence_number_decides_which_answer_stands(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client, kinds={"single": 5})
    question = phone.sheet["questions"][0]["id"]
    assert phone.send(phone.give(question, ["A"], 5)).json["stored"] == [{"question": question, "seq": 5}]
    assert phone.send(phone.give(question, ["A"], 5)).json["stored"] == [{"question": question, "seq": 5}]
    assert phone.send(phone.give(question, ["A"], 3)).json["stored"] == [{"question": question, "seq": 5}]
    conflict = {"question": question, "seq": 5, "conflict": True, "response": ["A"]}
    assert phone.send(phone.give(question, ["B"], 5)).json["stored"] == [conflict]
    assert phone.send(phone.give(question, ["B"], 4)).json["stored"] == [conflict]
    assert phone.send(phone.give(question, ["B"], 6)).json["stored"] == [{"question": question, "seq": 6}]
    both = phone.send(phone.give(question, ["C"], 7), phone.give(question, ["D"], 8)).json["stored"]
    assert [one["seq"] for one in both] == [7, 8]
    assert phone.look().json["stored"] == [{"question": question, "seq": 8, "response": ["D"]}]
    assert phone.send(phone.give(question, [], 9)).json["stored"] == [{"question": question, "seq": 9}]
    assert phone.finish().json["answered"] == 0
    record_all(contest)


def test_repeats_and_heartbeats_make_no_events(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client)
    answer = phone.right(kit_of(contest), 0)
    phone.send(answer)
    before = state.count_events(get_live(), Shard(contest.id))
    for _time in range(3):
        phone.send(answer)
        assert phone.send().json["stored"] == []
    assert state.count_events(get_live(), Shard(contest.id)) == before


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (["E"], "unknown_option"),
        (["A", "B"], "too_many_options"),
        (["A", "A"], "repeated_option"),
        (["A"] * 10_000, "repeated_option"),
        ("A", "not_a_list"),
        ({"A": 1}, "not_a_list"),
        ([1], "not_a_list"),
        (None, "not_a_list"),
        ([None], "not_a_list"),
        (["a"], "unknown_option"),
        ([""], "unknown_option"),
    ],
)
def test_a_bad_response_is_rejected_alone(app: Flask, client: FlaskClient, response: Any, code: str) -> None:
    _contest, phone = begun(client, kinds={"single": 5})
    good, bad = (phone.sheet["questions"][place]["id"] for place in (0, 1))
    reply = phone.send(phone.give(bad, response), phone.give(good, ["B"])).json
    assert reply["rejected"] == [{"question": bad, "code": code}]
    assert [one["question"] for one in reply["stored"]] == [good]
    assert [one["question"] for one in phone.look().json["stored"]] == [good]


@pytest.mark.parametrize("seq", [0, -1, 2**53, 2**63, 2**70])
def test_a_number_that_cannot_be_kept_is_rejected(phone: Phone, seq: int) -> None:
    phone.begin()
    question = phone.sheet["questions"][0]["id"]
    response = phone.send({"question": question, "response": [], "seq": seq})
    if response.status_code == 200:
        assert response.json["rejected"] == [{"question": question, "code": "bad_seq"}]
    else:
        refused(response, 422, "invalid")
    assert phone.look().json["stored"] == []


def test_the_greatest_number_is_kept_exactly(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client, kinds={"single": 5})
    question = phone.sheet["questions"][0]["id"]
    phone.send(phone.give(question, ["A"], 2**53 - 2))
    assert phone.send(phone.give(question, ["B"], 2**53 - 1)).json["stored"] == [
        {"question": question, "seq": 2**53 - 1}
    ]
    assert phone.send(phone.give(question, ["C"], 2**53 - 2)).json["stored"][0]["conflict"] is True
    record_all(contest)


def test_a_question_of_another_paper_is_rejected(phone: Phone) -> None:
    phone.begin()
    reply = phone.send(phone.give(10**6, ["A"])).json
    assert reply["rejected"] == [{"question": 10**6, "code": "unknown_question"}]


def test_long_texts_are_kept_whole(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client, kinds={"fill_in": 5})
    first, second = (phone.sheet["questions"][place]["id"] for place in (0, 1))
    long = ["长" * 200]
    phone.send(phone.give(first, long), phone.give(second, ["短"]))
    phone.send(phone.give(second, long))
    phone.send(phone.give(second, ["又短"]))
    stored = {one["question"]: one["response"] for one in phone.look().json["stored"]}
    assert stored == {first: long, second: ["又短"]}
    assert phone.send(phone.give(first, ["x" * 201])).json["rejected"][0]["code"] == "too_long"
    record_all(contest)


# Handing in


def test_a_hand_in_takes_the_whole_sheet_and_tells_the_result(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client, pass_mark_hundredths=3000)
    kit = kit_of(contest)
    phone.send(phone.right(kit, 0))
    result = phone.finish(phone.right(kit, 0), phone.right(kit, 1), phone.right(kit, 2), phone.wrong(kit, 3)).json
    facts = {name: result[name] for name in ("score", "full_score", "right", "answered", "place", "passed", "finish")}
    assert facts == {
        "score": 30,
        "full_score": 50,
        "right": 3,
        "answered": 4,
        "place": 1,
        "passed": True,
        "finish": "handed_in",
    }
    assert phone.finish(phone.right(kit, 4)).json == result
    assert {**phone.look().json, "stored": None} == {**result, "stored": None}
    refused(phone.send(phone.right(kit, 4)), 409, "finished")
    refused(phone.send(), 409, "finished")


def test_a_hand_in_without_a_body_is_one(phone: Phone) -> None:
    phone.begin()
    response = phone.client.post(f"/api/v1/attempts/{phone.attempt}/finish", headers=phone.headers())
    assert (response.status_code, response.json["answered"]) == (200, 0)


def overdue(contest: Any, phone: Phone, *, by_ms: int, moves_start: bool = True) -> None:
    """Move an attempt's deadline, and its start with it, so that it was so long ago."""
    live, shard = get_live(), Shard(contest.id)
    seconds, micros = live.command("TIME")
    ends = int(seconds) * 1000 + int(micros) // 1000 - by_ms
    live.command("HSET", state.attempt_key(shard, phone.attempt), "e", ends)
    if moves_start:
        live.command("HSET", state.attempt_key(shard, phone.attempt), "s", ends - 600_000)
    live.command("ZADD", state.deadlines_key(shard), ends, phone.attempt)


def test_within_the_grace_an_answer_is_taken_and_after_it_none(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client)
    kit = kit_of(contest)
    overdue(contest, phone, by_ms=4_000)
    response = phone.send(phone.right(kit, 0))
    assert (response.status_code, response.json["remaining_ms"]) == (200, 0)
    overdue(contest, phone, by_ms=5_000)
    refused(phone.send(phone.right(kit, 1)), 410, "expired")
    result = phone.finish(phone.right(kit, 2)).json
    assert (result["finish"], result["answered"], result["duration_ms"]) == ("expired", 1, 600_000)
    refused(phone.send(), 410, "expired")


@pytest.mark.parametrize("feedback", ["nothing", "explanations"])
def test_a_result_that_is_read_tells_what_was_stored_and_no_verdict(
    app: Flask, client: FlaskClient, feedback: str
) -> None:
    """Also when live memory has let it go. The hand-in itself does not, to stay short."""
    contest, phone = begun(client, feedback=feedback)
    answers = [phone.right(kit_of(contest), 0), phone.wrong(kit_of(contest), 1)]
    phone.send(*answers)
    assert "stored" not in phone.finish().json
    wanted = {a["question"]: {name: a[name] for name in ("question", "seq", "response")} for a in answers}
    assert {one["question"]: one for one in phone.look().json["stored"]} == wanted
    record_all(contest)
    get_live().command("DEL", state.attempt_key(contest.shards.of(phone.entry), phone.attempt))
    assert {one["question"]: one for one in phone.look().json["stored"]} == wanted


def test_a_late_hand_in_gets_the_result_without_what_came_too_late(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client)
    overdue(contest, phone, by_ms=5_001)
    result = phone.finish(phone.right(kit_of(contest), 0)).json
    assert (result["finish"], result["answered"], result["score"]) == ("expired", 0, 0)


def test_a_hand_in_within_the_grace_ends_at_the_deadline(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client)
    overdue(contest, phone, by_ms=3_000)
    result = phone.finish(phone.right(kit_of(contest), 0)).json
    assert (result["finish"], result["answered"], result["duration_ms"]) == ("handed_in", 1, 600_000)


@pytest.mark.parametrize("comes_first", ["answer", "begin", "recorder"])
def test_after_another_server_has_taken_over_late_answers_are_taken_for_a_while(
    app: Flask, client: FlaskClient, comes_first: str
) -> None:
    """Whoever comes first to the new server; a day, so that no pace of this machine decides."""
    contest, phone = begun(client)
    overdue(contest, phone, by_ms=50_000)
    shard = Shard(contest.id)
    app.config["PLAY_OUTAGE_WAIT_MS"] = 86_400_000
    state.write_gate(get_live(), shard, ["life", "0" * 40])
    match comes_first:
        case "begin":
            assert phone.begin().json["attempt"] == phone.attempt
        case "recorder":
            assert state.expire(get_live(), shard, wait_ms=86_400_000) == 0
    assert phone.send(phone.right(kit_of(contest), 0)).status_code == 200
    assert state.expire(get_live(), shard, wait_ms=86_400_000) == 0
    assert phone.send(phone.right(kit_of(contest), 1)).status_code == 200
    state.write_gate(get_live(), shard, ["reopened", to_ms(utc_now()) - 86_400_001])
    refused(phone.send(phone.right(kit_of(contest), 2)), 410, "expired")


def test_a_hand_in_to_a_server_that_has_taken_over_brings_what_was_kept(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client)
    overdue(contest, phone, by_ms=50_000)
    app.config["PLAY_OUTAGE_WAIT_MS"] = 86_400_000
    state.write_gate(get_live(), Shard(contest.id), ["life", "0" * 40])
    result = phone.finish(phone.right(kit_of(contest), 0)).json
    assert (result["finish"], result["answered"]) == ("handed_in", 1)


def test_on_the_server_that_opened_the_doors_nothing_is_taken_late(app: Flask, client: FlaskClient) -> None:
    """Also when it runs for less than a minute: nobody was kept from anything."""
    contest, phone = begun(client)
    overdue(contest, phone, by_ms=6_000)
    app.config["PLAY_OUTAGE_WAIT_MS"] = 86_400_000
    refused(phone.send(phone.right(kit_of(contest), 0)), 410, "expired")


def test_an_overdue_attempt_does_not_keep_one_from_beginning_again(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client)
    old = phone.attempt
    overdue(contest, phone, by_ms=6_000)
    assert phone.begin().status_code == 201
    assert phone.attempt != old
    assert phone.sheet["number"] == 2


def test_answer_hand_in_and_sweeper_at_once_leave_one_result(app: Flask, client: FlaskClient) -> None:
    contest = make_contest(count=2, kinds={"single": 4})
    kit, shard = kit_of(contest), Shard(contest.id)
    for round_ in range(20):
        phone = Phone(client)
        phone.enter(f"人{round_}")
        phone.begin()
        overdue(contest, phone, by_ms=4_995, moves_start=False)
        answer = phone.right(kit, 0)
        barrier = Barrier(4)

        def together(act: Callable[[Phone], Any], phone: Phone = phone, barrier: Barrier = barrier) -> Any:
            with app.test_client() as own, app.app_context():
                mine = Phone(own, token=phone.token, sheet=phone.sheet)
                barrier.wait()
                return act(mine)

        acts: list[Callable[[Phone], Any]] = [
            lambda mine, a=answer: mine.send(a).status_code,  # type: ignore[misc]
            lambda mine, a=answer: mine.finish(a).json,  # type: ignore[misc]
            lambda _mine: state.expire(get_live(), shard, wait_ms=0),
            lambda mine: mine.finish().json,
        ]
        with ThreadPoolExecutor(4) as pool:
            sent, first, _swept, second = list(pool.map(together, acts))
        assert sent in (200, 409, 410)
        final = phone.finish().json
        for result in (first, second):
            assert {**result, "place": 0} == {**final, "place": 0}
        if sent == 200:
            assert final["score"] == 10
    assert record_all(contest) > 0
    assert verify(contest=contest) == []


# Feedback


def test_feedback_at_once_says_right_or_wrong_and_locks(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client, feedback="explanations", feedback_time="at_once", kinds={"single": 5})
    kit = kit_of(contest)
    wrong, right = phone.wrong(kit, 0), phone.right(kit, 0)
    stored = phone.send(wrong).json["stored"][0]
    assert (stored["locked"], stored["right"], stored["key"]) == (True, False, right["response"])
    assert stored["explanation"] == "依据宪法第五条。"
    assert stored["basis"][0]["article"] == "第五条"
    again = phone.send(right).json["stored"][0]
    assert (again["conflict"], again["response"], again["right"]) == (True, wrong["response"], False)
    looked = phone.look().json["stored"][0]
    assert (looked["locked"], looked["key"]) == (True, right["response"])
    assert phone.finish(right).json["score"] == 0


def test_feedback_at_once_without_explanations_gives_none(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client, feedback="answers", feedback_time="at_once", kinds={"single": 5})
    stored = phone.send(phone.right(kit_of(contest), 0)).json["stored"][0]
    assert stored["right"] is True
    assert "explanation" not in stored
    assert "basis" not in stored
    review = phone.finish().json["review"]
    assert {question["explanation"] for question in review} == {None}


# No SQL on the way of an answer


def test_the_way_of_an_answer_needs_no_sql(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client)
    kit = kit_of(contest)
    db.session.rollback()
    with statements() as seen:
        assert phone.begin().status_code == 200
        assert phone.send(phone.right(kit, 0), phone.wrong(kit, 1)).status_code == 200
        assert phone.send().status_code == 200
        assert phone.look().status_code == 200
        assert phone.finish(phone.right(kit, 2)).status_code == 200
        assert phone.look().status_code == 200
        assert phone.begin().status_code == 201
        assert client.get("/api/v1/contests/autumn/pulse").status_code == 200
        assert client.get("/api/v1/contests/autumn/boards/overall").status_code == 200
    assert seen == []


def test_an_answer_is_one_call_to_redis(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    contest, phone = begun(client)
    answer = phone.right(kit_of(contest), 0)
    commands: list[Any] = []
    send = Live.command

    def note(live: Live, *words: Any) -> Any:
        commands.append(words[0])
        return send(live, *words)

    monkeypatch.setattr(Live, "command", note)
    assert phone.send(answer).status_code == 200
    assert commands == ["EVALSHA"]
