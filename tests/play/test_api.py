"""What holds for every call: who may, bodies, refusals, the described documents."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.accounts.queries import latest_notice_version
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.play import documents, openapi, state
from quizapp.play.state import Shard
from quizapp.play.tokens import new_attempt_id
from tests.play.calls import begun, refused, statements
from tests.play.makers import Phone, kit_of, make_contest

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


def test_an_entry_takes_two_looks_and_two_rows(app: Flask, client: FlaskClient) -> None:
    make_contest()
    body = {"fields": {"nickname": "小强"}, "consent": latest_notice_version()}
    db.session.rollback()
    with statements() as seen:
        assert client.post("/api/v1/contests/autumn/entries", json=body).status_code == 201
    assert [statement.split()[0] for statement in seen] == ["BEGIN", "SELECT", "SELECT", "INSERT", "INSERT"]


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
