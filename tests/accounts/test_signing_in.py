"""Signing in: what is refused, how often one may try, and what a session is worth afterwards."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from quizapp.accounts import access, actions, signing_in
from quizapp.accounts.models import EndedSession, User
from quizapp.core.clock import to_ms, utc_now
from quizapp.core.db import db
from quizapp.core.embedded import Valkey
from quizapp.core.settings import Settings
from tests.cast import PASSWORD, csrf_token, make_user, post, sign_in
from tests.conftest import make_settings

PAGE = "/accounts/sign-in"


def text_of(page: str) -> str:
    """The page without what differs from one showing to the next."""
    return re.sub(r'(csrf-token" content|csrf_token" value|name="name"[^>]*value)="[^"]*"', r"\1", page)


def test_the_right_password_leads_to_the_desk(client: FlaskClient, olga: User) -> None:
    response = post(client, PAGE, name=" OLGA ", password=PASSWORD)
    assert (response.status_code, response.location) == (303, "/desk")
    assert client.get("/desk").status_code == 200
    user = db.session.scalars(select(User).where(User.name == "olga")).one()
    assert user.last_sign_in_at is not None


def test_every_refusal_looks_the_same(client: FlaskClient, olga: User) -> None:
    make_user("disa", "reviewer", is_active=False)
    tries = {"olga": "wrong password", "nobody": "wrong password", "disa": PASSWORD, "d" * 256: "x", "'--": PASSWORD}
    answers = {name: post(client, PAGE, name=name, password=password) for name, password in tries.items()}
    assert {response.status_code for response in answers.values()} == {401}
    assert len({text_of(response.text) for response in answers.values()}) == 1
    assert client.get("/desk").status_code == 303


@pytest.mark.parametrize(
    ("name", "password"), [("", ""), ("olga", ""), ("", PASSWORD), ("n" * 300, PASSWORD), ("o\x00lga", "x" * 5000)]
)
def test_bad_input_is_refused_without_a_fault(client: FlaskClient, olga: User, name: str, password: str) -> None:
    assert post(client, PAGE, name=name, password=password).status_code in (401, 422)


def test_a_huge_password_is_only_a_wrong_one(client: FlaskClient, olga: User) -> None:
    assert post(client, PAGE, name="olga", password="x" * 1_000_000).status_code == 401


def test_an_account_takes_ten_tries_and_is_never_locked_for_good(app: Flask, olga: User) -> None:
    client = app.test_client()
    answers = [post(client, PAGE, name="olga", password=f"guess {n}") for n in range(12)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert 0 < int(answers[-1].headers["Retry-After"]) <= signing_in.SPAN_SECONDS
    assert "分钟" in answers[-1].text
    unknown = [post(client, PAGE, name="nobody", password="guess").status_code for _n in range(11)]
    assert unknown == [401] * 10 + [429]


def test_the_owner_gets_in_from_a_known_browser_while_others_guess(app: Flask, olga: User) -> None:
    own, foreign = app.test_client(), app.test_client()
    assert post(own, PAGE, name="olga", password=PASSWORD).status_code == 303
    post(own, "/accounts/sign-out")
    for _n in range(11):
        last = post(foreign, PAGE, name="olga", password="guess")
    assert last.status_code == 429
    assert post(foreign, PAGE, name="olga", password=PASSWORD).status_code == 429
    assert post(own, PAGE, name="olga", password=PASSWORD).status_code == 303


def test_a_browser_known_for_one_account_is_not_known_for_another(app: Flask, olga: User, ada: User) -> None:
    client = app.test_client()
    assert post(client, PAGE, name="olga", password=PASSWORD).status_code == 303
    post(client, "/accounts/sign-out")
    assert [post(client, PAGE, name="ada", password="guess").status_code for _n in range(11)][-1] == 429
    other = app.test_client()
    assert post(other, PAGE, name="ada", password=PASSWORD).status_code == 429


def test_one_network_stops_whatever_the_names(client: FlaskClient, olga: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing_in, "NETWORK_TRIES", 3)
    assert [post(client, PAGE, name=f"name{n}", password="x").status_code for n in range(4)] == [401] * 3 + [429]
    forged = client.post(
        PAGE,
        data={"csrf_token": csrf_token(client), "name": "olga", "password": PASSWORD},
        headers={"X-Forwarded-For": "203.0.113.9"},
    )
    assert forged.status_code == 429


def test_a_try_is_counted_before_it_is_checked(app: Flask, olga: User) -> None:
    """Fifty at once get no more than ten answers."""
    statuses: list[int] = []

    def guess() -> None:
        statuses.append(post(app.test_client(), PAGE, name="olga", password="guess").status_code)

    threads = [threading.Thread(target=guess) for _n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == 30 and statuses.count(401) <= 10 and set(statuses) <= {401, 429, 503}


def test_without_a_place_to_count_nobody_gets_in(settings: Settings, olga: User, tmp_path: Path) -> None:
    from quizapp.app import create_app

    deaf = make_settings(
        database_url=settings.database_url,
        redis_url=settings.redis_url,
        data_dir=tmp_path,
        cache_url=f"unix://{tmp_path}/nobody.sock",
    )
    client = create_app(deaf).test_client()
    response = post(client, PAGE, name="olga", password=PASSWORD)
    assert response.status_code == 503 and response.headers["Retry-After"]


def test_the_session_before_signing_in_is_worth_nothing(client: FlaskClient, olga: User) -> None:
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
        before = dict(session)
    token = csrf_token(client)
    post(client, PAGE, name="olga", password=PASSWORD)
    with client.session_transaction() as session:
        assert "planted" not in session
        assert session["_user_id"] == olga.session_token != before.get("_user_id")
        assert session.get("csrf_token") is None
    assert client.post("/accounts/sign-out", data={"csrf_token": token}).status_code == 403


def test_two_sessions_have_two_ids(app: Flask, olga: User) -> None:
    ids = set()
    for client in (app.test_client(), app.test_client()):
        post(client, PAGE, name="olga", password=PASSWORD)
        with client.session_transaction() as session:
            ids.add(session["session_id"])
    assert len(ids) == 2


def test_signing_out_ends_this_session_and_no_other(app: Flask, olga: User) -> None:
    here, there = app.test_client(), app.test_client()
    sign_in(here, "olga")
    sign_in(there, "olga")
    with here.session_transaction() as session:
        stolen = dict(session)
    assert post(here, "/accounts/sign-out").status_code == 303
    assert here.get("/desk").status_code == 303
    assert there.get("/desk").status_code == 200
    with here.session_transaction() as session:
        session.update(stolen)
    assert here.get("/desk").status_code == 303, "a copy of the old cookie must be worth nothing"
    assert db.session.scalar(select(EndedSession)) is not None


def test_signing_out_needs_a_post_and_a_token(client: FlaskClient, olga: User) -> None:
    sign_in(client, "olga")
    assert client.get("/accounts/sign-out").status_code == 405
    assert client.post("/accounts/sign-out").status_code == 403
    assert client.get("/desk").status_code == 200


@pytest.mark.parametrize(
    ("since", "seen", "is_in"),
    [
        (timedelta(), timedelta(), True),
        (timedelta(hours=11), timedelta(minutes=90), True),
        (timedelta(hours=3), access.IDLE, False),
        (access.ABSOLUTE, timedelta(), False),
    ],
)
def test_a_session_ends_when_idle_or_old(
    client: FlaskClient, olga: User, since: timedelta, seen: timedelta, is_in: bool
) -> None:
    sign_in(client, "olga")
    now = utc_now()
    with client.session_transaction() as session:
        session["since"], session["seen"] = to_ms(now - since), to_ms(now - seen)
    assert (client.get("/desk").status_code == 200) is is_in


def test_use_keeps_a_session_awake_but_not_beyond_its_end(client: FlaskClient, olga: User) -> None:
    sign_in(client, "olga")
    begun, seen = to_ms(utc_now() - timedelta(hours=5)), to_ms(utc_now() - timedelta(hours=1))
    with client.session_transaction() as session:
        session["since"], session["seen"] = begun, seen
    client.get("/desk")
    with client.session_transaction() as session:
        assert session["seen"] > seen and session["since"] == begun


@pytest.mark.parametrize("broken", [{"since": "x"}, {"seen": None}, {"session_id": 7}, {"_user_id": "made up"}])
def test_a_session_with_wrong_contents_is_nobodys(client: FlaskClient, olga: User, broken: dict[str, object]) -> None:
    sign_in(client, "olga")
    with client.session_transaction() as session:
        session.update(broken)
    assert client.get("/desk").status_code == 303


def test_a_role_taken_away_counts_from_the_next_request(client: FlaskClient, ada: User, olga: User) -> None:
    sign_in(client, "olga")
    assert client.get("/accounts/units").status_code == 200
    actions.change_role(user=olga, role="reviewer", lock_version=olga.lock_version, now=utc_now(), actor=ada)
    db.session.commit()
    assert client.get("/accounts/units").status_code == 303


def dismiss(user: User) -> None:
    user.is_active = False


def demote(user: User) -> None:
    user.role = "reviewer"


def renew(user: User) -> None:
    user.session_token = "another"


def ask_for_a_new_password(user: User) -> None:
    user.must_change_password = True


@pytest.mark.parametrize("happens", [dismiss, demote, renew, ask_for_a_new_password])
def test_what_goes_on_after_a_request_stops_with_the_right_to_it(olga: User, happens: Callable[[User], None]) -> None:
    now = utc_now()
    held = access.Pass(olga.session_token, "a-session", to_ms(now))
    assert access.still_opens(held, "organiser", now=now)
    assert not access.still_opens(held, "reviewer", now=now)
    assert not access.still_opens(held, "organiser", now=now + access.ABSOLUTE + timedelta(seconds=1))
    happens(olga)
    db.session.commit()
    assert not access.still_opens(held, "organiser", now=now)


def test_what_goes_on_after_a_request_stops_with_its_session(client: FlaskClient, olga: User) -> None:
    sign_in(client, "olga")
    with client.session_transaction() as session:
        held = access.Pass(session["_user_id"], session["session_id"], session["since"])
    assert access.still_opens(held, "organiser", now=utc_now())
    post(client, "/accounts/sign-out")
    assert not access.still_opens(held, "organiser", now=utc_now())


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "\t//evil.example",
        "/\t/evil.example",
        "http://localhost@evil.example/",
        "///evil.example",
        "evil.example",
        "\\\\evil.example",
        "/%2f%2fevil.example\n",
    ],
)
def test_the_way_back_stays_on_this_site(client: FlaskClient, olga: User, wanted: str) -> None:
    response = post(client, PAGE, name="olga", password=PASSWORD, next=wanted)
    assert response.status_code == 303
    assert response.location in ("/", "/desk")


def test_the_way_back_is_the_page_that_was_asked_for(client: FlaskClient, olga: User) -> None:
    away = client.get("/accounts/units?words=%E5%B8%82")
    assert away.status_code == 303
    page = client.get(away.location)
    assert 'value="/accounts/units?words=%E5%B8%82"' in page.text
    assert (
        post(client, PAGE, name="olga", password=PASSWORD, next="/accounts/units?words=%E5%B8%82").location
        == "/accounts/units?words=%E5%B8%82"
    )


def test_a_form_sent_after_the_session_ended_leads_to_the_desk(client: FlaskClient) -> None:
    response = post(client, "/accounts/units/new", name="某市")
    assert response.status_code == 303 and response.location.endswith("next=/desk")


def test_cookies_of_an_https_site_are_host_bound(settings: Settings, valkey: Valkey, olga: User) -> None:
    from quizapp.app import create_app

    safe = make_settings(database_url=settings.database_url, redis_url=settings.redis_url, data_dir=settings.data_dir)
    object.__setattr__(safe, "public_url", "https://quiz.example")
    client = create_app(safe).test_client()
    base = "https://quiz.example"
    page = client.get(PAGE, base_url=base)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token
    fields = {"csrf_token": token[1], "name": "olga", "password": PASSWORD}
    response = client.post(PAGE, data=fields, base_url=base, headers={"Referer": f"{base}{PAGE}"})
    cookies = response.headers.getlist("Set-Cookie")
    assert response.status_code == 303 and len(cookies) == 2
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert "Secure" in cookie and "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
        assert "Domain" not in cookie and len(cookie) < 4096


def test_signing_in_holds_no_lock_while_it_hashes(app: Flask, olga: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def verify(_password: str, _stored: str | None) -> tuple[bool, str | None]:
        assert not db.session().in_transaction()
        return False, None

    monkeypatch.setattr(signing_in.passwords, "verify", verify)
    assert post(app.test_client(), PAGE, name="olga", password="x").status_code == 401


def test_pages_without_staff_do_not_vary_by_cookie(client: FlaskClient) -> None:
    assert "Cookie" not in client.get("/healthz").headers.get("Vary", "")
