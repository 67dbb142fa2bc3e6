"""Beginning an attempt, and the waiting room before it, as a program sees them."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.contests.models import Contest
from quizapp.core.clock import to_ms, utc_now
from quizapp.core.db import db
from quizapp.core.errors import StoreUnavailable
from quizapp.core.live import get_live
from quizapp.play import access, actions, rebuild, rules, state
from quizapp.play.state import Shard
from tests.play.calls import refused
from tests.play.makers import Phone, make_contest, turn

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


def test_a_begin_that_came_back_to_an_attempt_is_found_again_after_the_hand_in(phone: Phone) -> None:
    """Each device has a key of its own; what one of them repeats must not use another attempt up."""
    devices = [f"device-{number}" for number in range(6)]
    attempts = {phone.begin(key).json["attempt"] for key in devices}
    assert len(attempts) == 1
    phone.finish()
    for key in (devices[0], *devices[-3:]):
        again = phone.begin(key)
        assert (again.status_code, again.json["state"]) == (200, "finished")
        assert {again.json["attempt"]} == attempts
    assert phone.begin("device").status_code == 201


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
def test_forty_begins_at_once_grant_exactly_what_is_allowed(
    app: Flask, client: FlaskClient, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "BEGINS", 160)
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


def test_who_has_left_the_queue_is_not_counted_as_waiting(app: Flask, client: FlaskClient) -> None:
    """Also where nobody asks any more, as in a pause."""
    shard = Shard(make_contest(capacity=1).id)
    phones = [Phone(client) for _number in range(3)]
    for number, phone in enumerate(phones):
        phone.enter(f"人{number}")
        phone.begin()
    assert state.figures(get_live(), shard).waiting == 2
    get_live().command("ZADD", state.keys_of(shard)[6], 1, phones[1].entry)
    state.sample(get_live(), shard, playing=1)
    assert state.figures(get_live(), shard).waiting == 1


def unheard(shard: Shard) -> None:
    """As after some minutes in which nobody could be heard."""
    _waiting, heard = state.keys_of(shard)[state.QUEUE]
    for key in (heard, state.keys_of(shard)[4]):
        for name in get_live().command("ZRANGE", key, 0, -1):
            get_live().command("ZADD", key, 1, name)


def full_house(client: FlaskClient) -> tuple[Contest, list[Phone]]:
    """A house for one person, with two in the queue."""
    contest = make_contest(capacity=1)
    phones = [Phone(client) for _number in range(3)]
    for number, phone in enumerate(phones):
        phone.enter(f"人{number}")
        phone.begin()
    return contest, phones


@pytest.mark.parametrize("comes_first", ["a phone", "the recorder"])
def test_an_outage_empties_neither_house_nor_queue(app: Flask, client: FlaskClient, comes_first: str) -> None:
    contest, phones = full_house(client)
    shard = Shard(contest.id)
    unheard(shard)
    state.write_gate(get_live(), shard, ["life", "0" * 40])
    if comes_first == "the recorder":
        turn()
        assert state.figures(get_live(), shard).waiting == 2
    assert [phone.begin().json["place"] for phone in phones[:0:-1]] == [2, 1]
    # Who does not come back within the minute has gone, from the house and from the queue.
    unheard(shard)
    state.write_gate(get_live(), shard, ["reopened", to_ms(utc_now()) - rules.ONLINE_MS])
    assert phones[2].begin().status_code == 201


def test_a_rebuild_keeps_the_queue_and_fills_no_house_twice(app: Flask, client: FlaskClient) -> None:
    contest, phones = full_house(client)
    shard = Shard(contest.id)
    rebuild.rebuild(shard=shard, now=utc_now(), discards=True)
    assert state.figures(get_live(), shard).waiting == 2
    assert [phone.begin().json["place"] for phone in phones[:0:-1]] == [2, 1]
    phones[0].finish()
    assert phones[2].begin().json["place"] == 2
    assert phones[1].begin().status_code == 201


def test_who_begins_too_often_is_refused_alone(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All come from one address, like a school; who waits in the queue begins again and again."""
    monkeypatch.setattr(access, "BEGINS", 3)
    make_contest(capacity=1)
    phones = [Phone(client) for _number in range(4)]
    for number, phone in enumerate(phones):
        phone.enter(f"人{number}")
    assert phones[0].begin().status_code == 201
    for _time in range(3):
        assert [phone.begin().json["place"] for phone in phones[1:]] == [1, 2, 3]
    response = phones[1].begin()
    refused(response, 429, "too_many_requests")
    assert response.headers["Retry-After"] == str(access.BEGIN_SECONDS)
    late = Phone(client)
    late.enter("后来的")
    assert late.begin().json["place"] == 4


def test_a_subscriber_is_one_however_many_addresses_there_are(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each visit leaves a mark in the answers' memory for half an hour; an IPv6 subscriber has 2^64 addresses."""
    monkeypatch.setitem(access.NETWORK_LIMITS, "visits", 2)
    make_contest()

    def visit(address: str) -> int:
        client.environ_base["REMOTE_ADDR"] = address
        return client.post("/api/v1/contests/autumn/visits", json={}).status_code

    assert [visit(f"2001:db8:1:2::{number}") for number in range(3)] == [204, 204, 429]
    assert visit("2001:db8:1:3::1") == 204


def test_the_limits_let_a_school_in_and_keep_places() -> None:
    """2,000 phones behind one address; they wait up to 20% longer than told in the queue, 50% after a refusal."""
    school, devices = 2000, 3
    assert access.NETWORK_LIMITS["entries"] >= 1.5 * school
    assert access.NETWORK_LIMITS["visits"] >= 3 * school
    soonest, latest = rules.retry_after(place=1), rules.retry_after(place=school)
    assert devices * math.ceil(access.BEGIN_SECONDS / soonest) <= access.BEGINS
    assert 1000 * (1.2 * latest + 1.5 * access.BEGIN_SECONDS) < rules.ONLINE_MS
    begins = sum(60 / rules.retry_after(place=place) for place in range(1, school + 1))
    assert begins == pytest.approx(9600, rel=0.01), "as the docstring of limit_begins says"


def test_a_begin_is_let_through_when_it_cannot_be_counted(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "BEGINS", 0)
    refused(phone.begin(), 429, "too_many_requests")

    def fail(**_counter: object) -> bool:
        raise StoreUnavailable

    monkeypatch.setattr(access, "count_try", fail)
    assert phone.begin().status_code == 201


def test_a_pause_keeps_everybodys_place(app: Flask, client: FlaskClient) -> None:
    contest = make_contest(capacity=1)
    phones = [Phone(client) for _number in range(4)]
    for number, phone in enumerate(phones):
        phone.enter(f"人{number}")
    for phone in phones[:3]:
        phone.begin()
    phones[0].finish()
    actions.pause(contest=contest, actor=None, now=utc_now())
    db.session.commit()
    # They were heard the last time long before; whoever asks in the pause is heard.
    get_live().command("ZADD", state.keys_of(Shard(contest.id))[6], 1, phones[1].entry, 1, phones[2].entry)
    waiting = phones[2].begin()
    assert (waiting.status_code, waiting.json["place"]) == (202, 2)
    assert phones[1].begin().json["place"] == 1
    assert phones[3].begin().status_code == 403
    actions.resume(contest=contest, actor=None, now=utc_now())
    db.session.commit()
    assert phones[3].begin().json["place"] == 3
    assert phones[2].begin().json["place"] == 2
    assert phones[1].begin().status_code == 201


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
