"""The audit trail and the privacy notices."""

from __future__ import annotations

from datetime import timedelta

import flask_babel
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from quizapp.accounts import actions, audit, notice_text
from quizapp.accounts.models import AuditEvent, Consent, PrivacyNotice, User
from quizapp.accounts.queries import latest_notice
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from tests.cast import post, sign_in

NOW = utc_now()


@pytest.fixture
def admin(client: FlaskClient, ada: User) -> FlaskClient:
    sign_in(client, "ada")
    return client


def note(action: str, subject_id: str, *, actor: User | None = None, **detail: object) -> None:
    audit.record(action=action, subject_kind="contest", subject_id=subject_id, detail=detail, now=NOW, actor=actor)


def test_the_trail_says_who_did_what(admin: FlaskClient, olga: User) -> None:
    note("contests.publish", "7", actor=olga, version=3, title="<b>秋季</b>")
    note("contests.extend", "8")
    db.session.commit()
    page = admin.get("/accounts/audit").text
    assert "竞赛 7</a>" in page and "olga" in page and "&lt;b&gt;秋季&lt;/b&gt;" in page and "命令行" in page


def test_facts_are_told_in_words(admin: FlaskClient) -> None:
    note("accounts.change_role", "1", before="organiser", after="admin")
    note("contests.update", "2", changed=["title", "opens_at"])
    note("admin.change_site", "1", accent={"before": "", "after": "#b3261e"})
    note("play.extend", "3", closes="2026-12-04T00:00:00+00:00", gift_seconds=60.0)
    note("play.resume", "3", paused_ms=61_000)
    note("play.correct_key", "4", raised_by_hundredths=250)
    note("reports.export", "5", in_full=True, reason="")
    note("later.act", "6", later_fact=7)
    db.session.commit()
    page = admin.get("/accounts/audit").text
    for name, value in (
        ("原来", "组织者"),
        ("改动", "名称、开始时间"),
        ("主题色", "— → #b3261e"),
        ("结束时间", "2026-12-04 08:00"),
        ("暂停秒数", "61"),
        ("最多加分", "2.5"),
        ("显示完整的姓名和手机号", "是"),
        ("原因", "—"),
        ("later_fact", "7"),
    ):
        assert f"<b>{name}</b> {value}</span>" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("actor=olga", ["7"]),
        ("actor=%25", []),
        ("action=contests.extend", ["8"]),
        ("action=' or 1=1--", []),
        ("subject=contest:7", ["7"]),
        ("subject=contest", ["7", "8"]),
        ("subject=:", ["7", "8"]),
        ("actor=" + "x" * 5000, []),
    ],
)
def test_the_trail_is_narrowed(admin: FlaskClient, olga: User, query: str, found: list[str]) -> None:
    note("contests.publish", "7", actor=olga)
    note("contests.extend", "8")
    db.session.commit()
    page = admin.get(f"/accounts/audit?{query}").text
    assert [number for number in ("7", "8") if f">竞赛 {number}</a>" in page] == found


def test_the_trail_is_shown_in_pages(admin: FlaskClient) -> None:
    for number in range(60):
        note("contests.extend", f"n{number}n")
    db.session.commit()
    first, second = admin.get("/accounts/audit").text, admin.get("/accounts/audit?page=2").text
    assert "n59n" in first and "n5n" not in first and "n5n" in second
    assert admin.get("/accounts/audit?page=3").status_code == 404


def test_acts_inside_a_request_carry_its_id(admin: FlaskClient) -> None:
    response = post(admin, "/accounts/me", display_name="阿达")
    row = db.session.scalars(select(AuditEvent)).one()
    assert row.request_id == response.headers["X-Request-Id"]
    assert row.actor_name == "ada"


def test_a_new_installation_has_a_notice_before_one_is_stored(app: Flask) -> None:
    assert latest_notice().body == notice_text.CHINESE
    stored = actions.ensure_notice(now=NOW)
    assert actions.ensure_notice(now=NOW + timedelta(days=1)) is stored
    assert latest_notice().version == stored.version == notice_text.VERSION


def test_a_consent_names_its_version(app: Flask) -> None:
    actions.record_consent(subject="opaque", purpose="contest:7", notice_version="1", now=NOW)
    row = db.session.scalars(select(Consent)).one()
    assert (row.subject, row.purpose, row.notice_version, row.given_at) == ("opaque", "contest:7", "1", NOW)


def test_a_notice_is_looked_at_before_it_is_published(app: Flask, admin: FlaskClient) -> None:
    fields = {"body": "# 新的\n\n只收集昵称。<script>", "body_en": "# New", "after_version": "1"}
    preview = post(admin, "/accounts/notices", **fields, act="preview")
    assert preview.status_code == 200
    assert "<h2>新的</h2>" in preview.text and "只收集昵称。&lt;script&gt;" in preview.text
    assert db.session.scalar(select(func.count(PrivacyNotice.id))) == 0
    assert post(admin, "/accounts/notices", **fields, act="publish").status_code == 303
    assert latest_notice().version == "2"
    public = app.test_client().get("/accounts/privacy").text
    assert "第 2 版" in public and public.index("只收集昵称") < public.index("<h2>New</h2>")
    reader = app.test_client()
    reader.set_cookie("quizapp_language", "en")
    flask_babel.refresh()
    public = reader.get("/accounts/privacy").text
    assert public.index("<h2>New</h2>") < public.index("只收集昵称"), "who reads English is shown it first"
    assert admin.get("/accounts/notices/1").status_code == 200, "consents name it, so it stays"
    assert admin.get("/accounts/notices/3").status_code == 404


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"body": ""}, 422),
        ({"body": " \n "}, 422),
        ({"body": "字" * 20_001}, 422),
        ({"body_en": "x" * 20_001}, 422),
        ({"after_version": "0"}, 409),
        ({"after_version": None}, 409),
    ],
)
def test_a_bad_or_outdated_notice_is_refused(admin: FlaskClient, fields: dict[str, str | None], status: int) -> None:
    good: dict[str, str | None] = {"body": "新的", "body_en": "", "after_version": "1", "act": "publish"}
    assert post(admin, "/accounts/notices", **{**good, **fields}).status_code == status
    assert db.session.scalar(select(func.count(PrivacyNotice.id))) == 0
