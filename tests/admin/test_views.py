"""The site's settings, logo, verification files, desk and health page."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from quizapp.accounts.models import AuditEvent, User
from quizapp.admin.health import Redis
from quizapp.admin.models import Site, VerificationFile
from quizapp.admin.queries import get_site
from quizapp.bank.models import Question
from quizapp.contests.actions import create_contest
from quizapp.core.clock import to_ms, utc_now
from quizapp.core.db import db
from quizapp.core.live import Live, get_live
from quizapp.play.models import DeadLetter, RecorderPosition
from quizapp.play.state import Shard, stream_key
from tests.admin.test_pictures import picture
from tests.cast import post, sign_in
from tests.contests.makers import make_bank, make_contest, make_draft

FIELDS = {
    "name": "某市普法",
    "host_unit": "某市司法局",
    "icp_number": "豫ICP备12345678号-1",
    "police_number": "豫公网安备41010502000000号",
    "accent": "#1F5FA8",
    "log_retention_days": "200",
}


@pytest.fixture
def admin(client: FlaskClient, ada: User) -> FlaskClient:
    sign_in(client, "ada")
    return client


def site() -> Site:
    db.session.expire_all()
    return get_site()


def test_settings_are_shown_on_every_page_and_noted(admin: FlaskClient) -> None:
    assert "某市司法局" not in admin.get("/").text
    assert post(admin, "/admin/site", **FIELDS, lock_version=1).status_code == 303
    page = admin.get("/").text
    for text in ("某市普法", "某市司法局", "豫ICP备12345678号-1", "豫公网安备41010502000000号"):
        assert text in page
    assert "1f5fa8" in page
    noted = db.session.scalars(select(AuditEvent)).one()
    assert noted.action == "admin.change_site"
    assert noted.detail["log_retention_days"] == {"before": 183, "after": 200}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": "名" * 65}, "最多 64"),
        ({"host_unit": "名" * 129}, "最多 128"),
        ({"accent": "red"}, "六位"),
        ({"accent": "#12345"}, "六位"),
        ({"accent": "#1f5fa8;}body{display:none"}, "六位"),
        ({"accent": "#ffd54f"}, "太浅"),
        ({"log_retention_days": "30"}, "六个月"),
        ({"log_retention_days": "182"}, "六个月"),
        ({"log_retention_days": "99999"}, "六个月"),
        ({"log_retention_days": "-1"}, "六个月"),
        ({"log_retention_days": "x"}, "六个月"),
        ({"log_retention_days": ""}, "六个月"),
        ({"lock_version": ""}, "过时"),
    ],
)
def test_bad_settings_are_refused_and_nothing_stored(admin: FlaskClient, fields: dict[str, str], reason: str) -> None:
    page = post(admin, "/admin/site", **{**FIELDS, "lock_version": "1", **fields})
    assert page.status_code == 422 and reason in page.text
    assert db.session.scalar(select(func.count()).select_from(Site)) == 0


def test_two_administrators_do_not_overwrite_each_other(admin: FlaskClient) -> None:
    assert post(admin, "/admin/site", **FIELDS, lock_version=1).status_code == 303
    assert post(admin, "/admin/site", **{**FIELDS, "name": "另一个"}, lock_version=1).status_code == 409
    assert site().name == "某市普法"


def test_a_logo_is_served_as_nothing_but_a_picture(admin: FlaskClient) -> None:
    assert admin.get("/site/logo.png").status_code == 404
    post(admin, "/admin/site", **FIELDS, lock_version=1, logo=(BytesIO(picture() + b"<script>"), "../../x.html"))
    page = admin.get("/").text
    address = re.search(r'src="(/site/logo\.png\?v=\w+)"', page)
    assert address
    response = admin.get(address[1])
    assert response.data == picture()
    assert response.content_type == "image/png"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in response.headers and "immutable" in response.headers["Cache-Control"]
    assert post(admin, "/admin/site", **FIELDS, lock_version=2).status_code == 303
    assert site().logo == picture(), "a form without a new logo keeps the old one"
    assert post(admin, "/admin/site", **FIELDS, lock_version=3, drop_logo="y").status_code == 303
    assert admin.get("/site/logo.png").status_code == 404


@pytest.mark.parametrize("content", [b"<svg/>", b"", b"\x89PNG\r\n\x1a\n", picture()[:-1]])
def test_a_file_that_is_no_picture_is_refused(admin: FlaskClient, content: bytes) -> None:
    page = post(admin, "/admin/site", **FIELDS, lock_version=1, logo=(BytesIO(content), "logo.png"))
    assert page.status_code == 422
    assert site().logo is None


def test_a_verification_file_stands_at_the_root_as_plain_text(app: Flask, admin: FlaskClient) -> None:
    for name in ("MP_verify_AbC123.txt", "baidu_verify_x-1.html"):
        assert post(admin, "/admin/site/files", name=name, content="<b>AbC123</b>").status_code == 303
        response = app.test_client().get(f"/{name}")
        assert response.text == "<b>AbC123</b>"
        assert response.content_type == "text/plain; charset=utf-8"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert post(admin, "/admin/site/files", name="MP_verify_AbC123.txt", content="x").status_code == 422
    row = db.session.scalars(select(VerificationFile).where(VerificationFile.name.endswith(".txt"))).one()
    assert post(admin, f"/admin/site/files/{row.id}/delete").status_code == 303
    assert app.test_client().get("/MP_verify_AbC123.txt").status_code == 404


@pytest.mark.parametrize(
    "name",
    ["", "x", ".txt", "../x.txt", "a/b.txt", "x.js", "x.txt.php", "名.txt", "x.TXT", "a b.txt", "n" * 60 + ".txt",
     "index.html", "Robots.txt", "x.txt\n", "%2e.txt"],
)  # fmt: skip
def test_other_file_names_are_refused(admin: FlaskClient, name: str) -> None:
    assert post(admin, "/admin/site/files", name=name.replace("\n", "\nx"), content="x").status_code == 422
    assert db.session.scalar(select(VerificationFile.id)) is None


@pytest.mark.parametrize("content", ["", "x" * 513])
def test_other_contents_are_refused(admin: FlaskClient, content: str) -> None:
    assert post(admin, "/admin/site/files", name="a.txt", content=content).status_code == 422


@pytest.mark.parametrize("address", ["/secret.txt", "/index.html", "/a.html", "/%00.txt", "/a%20b.txt", "/x.js"])
def test_only_stored_names_stand_at_the_root(client: FlaskClient, address: str) -> None:
    assert client.get(address).status_code == 404


def test_health_shows_durability_positions_and_what_could_not_be_recorded(admin: FlaskClient) -> None:
    contest = make_contest()
    reason = "event 7 after 9"
    db.session.add(RecorderPosition(contest_id=contest.id, shard=0, lineage="a" * 32, halted_reason=reason))
    letter = DeadLetter(contest_id=contest.id, shard=0, stream_id="7-1", event="{}", reason="<b>bad</b>", at=utc_now())
    db.session.add(letter)
    db.session.commit()
    page = admin.get("/admin/health").text
    assert "appendfsync" in page and "noeviction" in page and contest.title in page
    assert "分片" not in page
    contest.shard_count = 3
    db.session.add(RecorderPosition(contest_id=contest.id, shard=2, lineage="b" * 32))
    db.session.commit()
    page = admin.get("/admin/health").text
    assert "分片 1 / 3" in page and "分片 3 / 3" in page
    assert "&lt;b&gt;bad&lt;/b&gt;" in page and "7-1" in page and reason in page
    assert contest.title in admin.get("/desk").text, "the desk says that recording has stopped"


def test_health_tells_how_long_the_oldest_event_has_waited_and_that_nobody_records(admin: FlaskClient) -> None:
    contest, live = make_contest(), get_live()
    db.session.add(RecorderPosition(contest_id=contest.id, shard=0, lineage="a" * 32))
    db.session.commit()
    waiting_since = to_ms(utc_now()) - 75_000
    live.command("XADD", stream_key(Shard(contest.id)), f"{waiting_since}-0", "k", "answer")
    page = admin.get("/admin/health").text
    assert "75 秒" in page or "76 秒" in page
    assert "落后" in page and "入库进程没有在运行" in page


def test_health_warns_before_the_live_store_is_full() -> None:
    assert [Redis(True, used_megabytes=used, limit_megabytes=100).is_nearly_full for used in (79, 80)] == [False, True]
    assert not Redis(True, used_megabytes=500, limit_megabytes=0).is_nearly_full


def test_health_answers_while_redis_does_not(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(admin.application.extensions, "quizapp.live", Live("unix:///nowhere/at/all.sock"))
    page = admin.get("/admin/health")
    assert page.status_code == 200 and "没有响应" in page.text


def test_the_desk_tells_each_role_what_waits(client: FlaskClient, olga: User, rita: User) -> None:
    sign_in(client, "olga")
    assert "现在没有待办的事" in client.get("/desk").text
    bank = make_bank(approved=False, single=12)
    for question in db.session.scalars(select(Question)):
        question.state = "in_review"
    create_contest(draft=make_draft(bank), actor=olga, now=utc_now())
    db.session.commit()
    page = client.get("/desk").text
    assert "有 12 道题目等待审核" in page and "秋季法律知识竞赛" in page
    sign_in(client, "rita")
    page = client.get("/desk").text
    assert "有 12 道题目等待审核" in page and "秋季法律知识竞赛" not in page


def test_api_answers_cost_no_statement_for_the_look_of_the_site(app: Flask, client: FlaskClient) -> None:
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    client.get("/healthz")
    assert statements == []
    for _time in range(3):
        client.get("/accounts/sign-in")
    assert len([text for text in statements if "FROM site" in text]) <= 1


def test_pages_are_shown_while_sql_does_not_answer(app: Flask, client: FlaskClient) -> None:
    db.session.remove()
    db.engine.dispose()
    app.extensions["quizapp.site"].forget()
    with db.engine.begin() as connection:
        connection.exec_driver_sql("drop table site")
    assert client.get("/no/such/page").status_code == 404
    assert client.get("/accounts/sign-in").status_code == 200
