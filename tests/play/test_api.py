"""Every call with its replies and refusals, as a program sees them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier
from typing import Any

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.live import Live, get_live
from quizapp.play import documents, openapi, state
from quizapp.play.state import Shard
from quizapp.play.tokens import new_attempt_id
from quizapp.play.verify import verify
from tests.play.makers import Phone, kit_of, make_contest, record_all


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL statements that run inside."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


@pytest.fixture
def phone(app: Flask, client: FlaskClient) -> Phone:
    make_contest()
    phone = Phone(client)
    phone.enter()
    return phone


def begun(client: FlaskClient, **changes: Any) -> tuple[Any, Phone]:
    contest = make_contest(**changes)
    phone = Phone(client)
    phone.enter()
    assert phone.begin().status_code == 201
    return contest, phone


def refused(response: Any, status: int, code: str) -> None:
    assert (response.status_code, response.json["code"]) == (status, code)
    assert response.content_type == "application/problem+json"
    assert response.json["status"] == status
    assert response.json["title"]


# Entering


def test_an_entry_gives_a_token_and_a_cookie_that_scripts_cannot_read(app: Flask, client: FlaskClient) -> None:
    contest = make_contest(attempts_per_day=3)
    response = Phone(client).enter()
    assert response.status_code == 201
    assert response.json["attempts_left"] == 3
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith(f"entry-{contest.id}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_an_entry_with_wrong_fields_names_each_of_them(app: Flask, client: FlaskClient) -> None:
    make_contest(entry_mode="form", entry_fields=["name", "phone"])
    response = Phone(client).enter(name="", phone="12")
    refused(response, 422, "invalid")
    assert set(response.json["fields"]) == {"name", "phone"}


def test_coming_back_needs_the_resume_code(app: Flask, client: FlaskClient) -> None:
    make_contest(entry_mode="form", entry_fields=["name", "phone"], attempts_total=2)
    person = {"name": "张三", "phone": "13800138000"}
    first = Phone(client)
    code = first.enter(**person).json["resume_code"]
    first.begin()
    refused(Phone(client).enter(**person), 401, "resume_code_required")
    body = {"fields": person, "consent": "1", "resume_code": code}
    again = client.post("/api/v1/contests/autumn/entries", json=body)
    assert again.status_code == 200
    assert again.json["entry"] == first.entry
    assert (again.json["resume_code"], again.json["attempts_left"]) == (None, 1)


def test_entering_a_draft_or_nothing_is_not_found(app: Flask, client: FlaskClient) -> None:
    refused(Phone(client, slug="nothing").enter(), 404, "not_found")


# Bodies


BAD_BODIES: list[tuple[bytes, str, int, str]] = [
    (b"{}", "text/plain", 415, "unsupported_media_type"),
    (b"{}", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    (b"{", "application/json", 400, "bad_json"),
    (b"\xff\xfe", "application/json", 400, "bad_json"),
    (b'{"answers":[]} x', "application/json", 400, "bad_json"),
    (b'{"answers":NaN}', "application/json", 400, "bad_json"),
    (b'{"answers":[{"question":1,"response":"\\ud800","seq":1}]}', "application/json", 400, "bad_json"),
    (b"[" * 100_000, "application/json", 422, "invalid"),
    (b'{"answers":[{"question":1,"response":' + b"[" * 100_000, "application/json", 400, "bad_json"),
    (b"[]", "application/json", 422, "invalid"),
    (b'{"answers":{}}', "application/json", 422, "invalid"),
    (b'{"answers":null}', "application/json", 422, "invalid"),
    (b'{"answers":[{"question":"1","response":[],"seq":1}]}', "application/json", 422, "invalid"),
    (b'{"answers":[{"question":1,"response":[],"seq":true}]}', "application/json", 422, "invalid"),
    (b'{"answers":[{"question":1,"response":[]}]}', "application/json", 422, "invalid"),
    (b'{"answers":[{"question":1,"response":[],"seq":1.5}]}', "application/json", 422, "invalid"),
    (
        json.dumps({"answers": [{"question": 1, "response": [], "seq": 1}] * 401}).encode(),
        "application/json",
        422,
        "invalid",
    ),
    (b" " * 300_000, "application/json", 413, "too_large"),
]


@pytest.mark.parametrize(("body", "kind", "status", "code"), BAD_BODIES)
@pytest.mark.parametrize("call", ["answers", "finish"])
def test_a_bad_body_is_refused_and_changes_nothing(
    phone: Phone, call: str, body: bytes, kind: str, status: int, code: str
) -> None:
    phone.begin()
    before = phone.look().json
    send = phone.client.put if call == "answers" else phone.client.post
    path = f"/api/v1/attempts/{phone.attempt}/{call}"
    response = send(path, data=body, headers=phone.headers() | {"Content-Type": kind})
    refused(response, status, code)
    after = phone.look().json
    assert {**before, "server_now": "", "remaining_ms": 0} == {**after, "server_now": "", "remaining_ms": 0}


def test_a_wrong_type_is_told_with_its_path(phone: Phone) -> None:
    phone.begin()
    response = phone.send({"question": 1, "response": [], "seq": "1"})
    assert "$.answers[0].seq" in response.json["detail"]


def test_unknown_members_are_ignored(phone: Phone) -> None:
    phone.begin()
    answer = phone.give(phone.sheet["questions"][0]["id"], []) | {"score": 100, "is_right": True}
    response = phone.client.put(
        f"/api/v1/attempts/{phone.attempt}/answers",
        json={"answers": [answer], "score": 9, "started_at": 0, "user_id": 1},
        headers=phone.headers(),
    )
    assert response.status_code == 200
    assert "right" not in response.json["stored"][0]


# Who is asking


def test_beginning_needs_an_entry_of_this_contest(app: Flask, client: FlaskClient) -> None:
    make_contest()
    make_contest(slug="winter")
    phone = Phone(client)
    refused(phone.begin(), 401, "entry_required")
    phone.enter()
    refused(Phone(client, slug="winter", token=phone.token).begin(), 401, "entry_required")
    phone.begin()
    refused(Phone(client, token=phone.sheet["token"]).begin(), 401, "entry_required")


def test_somebody_elses_attempt_is_not_found(phone: Phone) -> None:
    phone.begin()
    other = Phone(phone.client)
    other.enter("别人")
    other.begin()
    for token in (other.token, other.sheet["token"]):
        headers = {"Authorization": f"Bearer {token}"}
        path = f"/api/v1/attempts/{phone.attempt}"
        refused(phone.client.get(path, headers=headers), 404, "not_found")
        refused(phone.client.put(f"{path}/answers", json={"answers": []}, headers=headers), 404, "not_found")
        refused(phone.client.post(f"{path}/finish", json={}, headers=headers), 404, "not_found")
    assert phone.look().json["state"] == "open"
    refused(phone.client.get(f"/api/v1/attempts/{phone.attempt}"), 401, "entry_required")


def test_the_entrys_token_also_opens_the_own_attempt(phone: Phone) -> None:
    phone.begin()
    headers = {"Authorization": f"Bearer {phone.token}"}
    assert phone.client.get(f"/api/v1/attempts/{phone.attempt}", headers=headers).json["state"] == "open"


def csrf_token(client: FlaskClient) -> str:
    """A token as a page of ours carries it."""
    from flask_wtf.csrf import generate_csrf

    with client.application.test_request_context():
        from flask import session

        token = generate_csrf()
        raw = session["csrf_token"]
    with client.session_transaction() as stored:
        stored["csrf_token"] = raw
    return str(token)


def test_a_browsers_cookie_needs_the_csrf_header_to_change_anything(app: Flask, client: FlaskClient) -> None:
    contest = make_contest()
    phone = Phone(client)
    phone.enter()
    client.set_cookie(f"entry-{contest.id}", phone.token)
    path = "/api/v1/contests/autumn/attempts"
    refused(client.post(path), 403, "csrf")
    refused(client.post(path, headers={"X-CSRF-Token": "wrong"}), 403, "csrf")
    token = csrf_token(client)
    begun = client.post(path, headers={"X-CSRF-Token": token})
    assert begun.status_code == 201
    attempt = f"/api/v1/attempts/{begun.json['attempt']}"
    refused(client.put(f"{attempt}/answers", json={"answers": []}), 403, "csrf")
    refused(client.post(f"{attempt}/finish", json={"answers": []}), 403, "csrf")
    assert client.get(attempt).json["state"] == "open"
    for name in ("X-CSRF-Token", "X-CSRFToken"):
        assert client.put(f"{attempt}/answers", json={"answers": []}, headers={name: token}).status_code == 200
    assert client.post(f"{attempt}/finish", json={"answers": []}, headers={"X-CSRF-Token": token}).status_code == 200


def test_a_browser_known_in_two_contests_finds_its_attempt(app: Flask, client: FlaskClient) -> None:
    for slug in ("autumn", "winter"):
        contest = make_contest(slug=slug)
        phone = Phone(client, slug=slug)
        phone.enter()
        client.set_cookie(f"entry-{contest.id}", phone.token)
        phone.begin()
        assert client.get(f"/api/v1/attempts/{phone.attempt}").json["attempt"] == phone.attempt
    refused(client.get("/api/v1/attempts/unknown"), 404, "not_found")


# Beginning


def test_a_begin_gives_the_paper_without_keys(phone: Phone) -> None:
    response = phone.begin()
    assert response.status_code == 201
    sheet = response.json
    assert (sheet["number"], len(sheet["questions"]), sheet["stored"]) == (1, 5, [])
    allowed = {"id", "kind", "stem", "options", "points", "blanks"}
    assert all(set(question) <= allowed for question in sheet["questions"])
    for question in sheet["questions"]:
        letters = [option["key"] for option in question["options"]]
        assert letters in ([], ["true", "false"], list("ABCD"), list("ABC1234"))


def test_the_same_key_gives_the_same_attempt_and_another_key_resumes_it(phone: Phone) -> None:
    first = phone.begin("key-1").json
    for key in ("key-1", "key-2"):
        again = phone.begin(key)
        assert again.status_code == 200
        assert again.json["attempt"] == first["attempt"]
        assert again.json["questions"] == first["questions"]


def test_a_begin_whose_reply_was_lost_is_found_again_after_the_hand_in(phone: Phone) -> None:
    phone.begin("key-1")
    phone.finish()
    again = phone.begin("key-1")
    assert (again.status_code, again.json["state"]) == (200, "finished")
    assert phone.begin("key-2").status_code == 201


@pytest.mark.parametrize("key", ["a b", "x" * 65, "钥匙", "\t"])
def test_a_key_that_cannot_be_kept_is_refused(phone: Phone, key: str) -> None:
    path = "/api/v1/contests/autumn/attempts"
    environ = {"HTTP_IDEMPOTENCY_KEY": key.encode().decode("latin-1")}
    headers = {"Authorization": f"Bearer {phone.token}"}
    refused(phone.client.post(path, headers=headers, environ_overrides=environ), 422, "invalid")


@pytest.mark.parametrize(
    ("opens_in", "closes_in"), [(timedelta(hours=1), timedelta(days=1)), (timedelta(hours=-2), timedelta(seconds=50))]
)
def test_nobody_begins_outside_the_window(
    app: Flask, client: FlaskClient, opens_in: timedelta, closes_in: timedelta
) -> None:
    contest = make_contest(opens_in=opens_in, closes_in=closes_in)
    phone = Phone(client)
    phone.enter()
    if closes_in < timedelta(minutes=1):
        state.write_gate(get_live(), Shard(contest.id), ["closes", 1000])
    refused(phone.begin(), 403, "not_open")


def test_the_attempts_of_a_contest_run_out(app: Flask, client: FlaskClient) -> None:
    make_contest(attempts_total=2)
    phone = Phone(client)
    phone.enter()
    left = []
    for _attempt in range(2):
        left.append(phone.begin().json["attempts_left"])
        phone.finish()
    assert left == [1, 0]
    refused(phone.begin(), 409, "no_attempts_left")


def test_the_attempts_of_a_day_run_out_and_come_back_tomorrow(app: Flask, client: FlaskClient) -> None:
    contest = make_contest(attempts_per_day=1)
    phone = Phone(client)
    phone.enter()
    phone.begin()
    phone.finish()
    response = phone.begin()
    refused(response, 409, "no_attempts_left")
    assert response.json["scope"] == "day"
    key = state.person_key(Shard(contest.id), phone.entry)
    yesterday = int(get_live().command("HGET", key, "d")) - 86_400_000
    get_live().command("HSET", key, "d", yesterday)
    assert phone.begin().status_code == 201


@pytest.mark.parametrize("rule", ["attempts_total", "attempts_per_day"])
def test_forty_begins_at_once_grant_exactly_what_is_allowed(app: Flask, client: FlaskClient, rule: str) -> None:
    make_contest(**{rule: 3})
    phone = Phone(client)
    phone.enter()
    barrier = Barrier(40)

    def go(_number: int) -> list[str]:
        with app.test_client() as own:
            mine = Phone(own, token=phone.token)
            barrier.wait()
            created = []
            for _try in range(4):
                response = mine.begin()
                if response.status_code == 201:
                    created.append(mine.attempt)
                if response.status_code in (200, 201):
                    mine.finish()
            return created

    with ThreadPoolExecutor(40) as pool:
        created = [attempt for list_ in pool.map(go, range(40)) for attempt in list_]
    assert len(created) == len(set(created)) == 3


def test_forty_begins_at_once_make_one_attempt(phone: Phone, app: Flask) -> None:
    barrier = Barrier(40)

    def go(_number: int) -> tuple[int, str]:
        with app.test_client() as own:
            mine = Phone(own, token=phone.token)
            barrier.wait()
            return mine.begin().status_code, mine.attempt

    with ThreadPoolExecutor(40) as pool:
        replies = list(pool.map(go, range(40)))
    assert sorted(status for status, _attempt in replies) == [200] * 39 + [201]
    assert len({attempt for _status, attempt in replies}) == 1


def test_later_papers_show_what_was_seen_least(app: Flask, client: FlaskClient) -> None:
    make_contest(kinds={"single": 10}, count=5)
    phone = Phone(client)
    phone.enter()
    seen: list[int] = []
    for _attempt in range(2):
        seen += [question["id"] for question in phone.begin().json["questions"]]
        phone.finish()
    assert len(set(seen)) == 10


def test_a_deleted_person_begins_nothing_more(phone: Phone) -> None:
    phone.begin()
    phone.finish()
    state.forget_person(get_live(), Shard(1), person=phone.entry, name="***")
    refused(phone.begin(), 403, "not_eligible")
    rows = phone.client.get("/api/v1/contests/autumn/boards/overall").json["rows"]
    assert [row["name"] for row in rows] == ["***"]


# The waiting room


def test_a_full_house_lets_people_in_in_order(app: Flask, client: FlaskClient) -> None:
    make_contest(capacity=1)
    phones = [Phone(client) for _number in range(4)]
    for number, phone in enumerate(phones):
        phone.enter(f"人{number}")
    assert phones[0].begin().status_code == 201
    for place, phone in enumerate(phones[1:], start=1):
        response = phone.begin()
        assert (response.status_code, response.json["place"]) == (202, place)
        assert 0 < response.json["expected_seconds"] <= 60 * place, "one was let in during this minute"
        assert response.headers["Retry-After"] == str(response.json["retry_after"])
    assert phones[0].begin().status_code == 200
    phones[0].finish()
    assert phones[2].begin().json["place"] == 2
    assert phones[1].begin().status_code == 201
    assert phones[2].begin().json["place"] == 1
    assert phones[3].begin().json["place"] == 2


def test_who_stops_asking_loses_the_place(app: Flask, client: FlaskClient) -> None:
    contest = make_contest(capacity=1)
    phones = [Phone(client) for _number in range(3)]
    for number, phone in enumerate(phones):
        phone.enter(f"人{number}")
        phone.begin()
    heard = state.keys_of(Shard(contest.id))[6]
    get_live().command("ZADD", heard, 1, phones[1].entry)
    assert phones[2].begin().json["place"] == 1


def test_the_house_empties_when_a_phone_is_not_heard_for_a_minute(app: Flask, client: FlaskClient) -> None:
    contest = make_contest(capacity=1)
    first, second = Phone(client), Phone(client)
    first.enter("甲")
    second.enter("乙")
    first.begin()
    assert second.begin().status_code == 202
    online = state.keys_of(Shard(contest.id))[4]
    get_live().command("ZADD", online, 1, first.attempt)
    assert second.begin().status_code == 201
    assert first.send().status_code == 200


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
    assert phone.look().json == result
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


def test_after_an_outage_late_answers_are_taken(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client)
    overdue(contest, phone, by_ms=50_000)
    app.config["PLAY_OUTAGE_WAIT_MS"] = 86_400_000
    assert phone.send(phone.right(kit_of(contest), 0)).status_code == 200
    app.config["PLAY_OUTAGE_WAIT_MS"] = 0
    refused(phone.send(phone.right(kit_of(contest), 1)), 410, "expired")


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


# Figures and boards


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


# The live state's absence


def test_a_contest_just_published_opens_with_the_first_begin(app: Flask, client: FlaskClient) -> None:
    make_contest(opens=False)
    phone = Phone(client)
    phone.enter()
    assert phone.begin().status_code == 201


def test_without_a_gate_everything_is_recovering(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client)
    get_live().command("DEL", state.keys_of(Shard(contest.id))[0])
    replies = [
        phone.begin(),
        phone.send(),
        phone.finish(),
        phone.look(),
        client.post("/api/v1/contests/autumn/visits"),
    ]
    for response in replies:
        refused(response, 503, "recovering")
        assert int(response.headers["Retry-After"]) > 0
    assert client.get("/api/v1/contests/autumn").json["figures"] is None


# Documents


def test_the_interface_is_described_as_it_is(app: Flask, client: FlaskClient) -> None:
    described = client.get("/api/v1/openapi.json").json
    routes = {
        (rule.rule.replace("<", "{").replace(">", "}").replace("{attempt_id}", "{attempt}"), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("play_api.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    paths = {(path, method) for path, calls in described["paths"].items() for method in calls}
    assert paths == routes
    assert described["openapi"] == "3.1.0"


def test_every_document_has_exactly_the_members_described(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client, feedback_time="at_once")
    kit = kit_of(contest)
    components = openapi.openapi()["components"]["schemas"]
    found: dict[str, Any] = {
        "AttemptReply": phone.begin().json,
        "AnswersReply": phone.send(phone.right(kit, 0), phone.give(10**6, [])).json,
        "ResultReply": phone.finish().json,
        "ContestReply": client.get("/api/v1/contests/autumn").json,
        "PulseReply": client.get("/api/v1/contests/autumn/pulse").json,
        "BoardReply": client.get("/api/v1/contests/autumn/boards/overall").json,
        "EntryReply": Phone(client).enter("又一个").json,
        "Problem": client.get("/api/v1/contests/none/pulse").json,
    }
    for name, document in found.items():
        properties = components[name]["properties"]
        assert set(components[name]["required"]) <= set(document) <= set(properties), name
        assert msgspec.convert(document, getattr(documents, name)), name


def test_times_are_rfc_3339_in_utc(phone: Phone) -> None:
    phone.begin()
    deadline = phone.sheet["deadline"]
    assert deadline.endswith("Z")
    assert len(deadline) == len("2026-11-23T22:14:33.005Z")
    assert deadline > utc_now().isoformat().replace("+00:00", "Z")


def test_attempt_ids_are_long_and_never_alike() -> None:
    ids = {new_attempt_id() for _number in range(10_000)}
    assert len(ids) == 10_000
    assert {len(one) for one in ids} == {22}
    assert len({one[:3] for one in ids}) > 8_000
