"""How administrators manage staff, and people their own account."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from quizapp.accounts.models import AuditEvent, User
from quizapp.core.db import db
from tests.cast import PASSWORD, make_user, post, sign_in


@pytest.fixture
def admin(client: FlaskClient, ada: User) -> FlaskClient:
    sign_in(client, "ada")
    return client


def stored(name: str) -> User:
    db.session.expire_all()
    return db.session.scalars(select(User).where(User.name == name)).one()


def actions_noted() -> list[str]:
    return list(db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


def shown_password(page: str) -> str:
    found = re.search(r"<output[^>]*>([^<]+)</output>", page)
    assert found
    return found[1]


def test_a_new_account_gets_a_password_shown_once(app: Flask, admin: FlaskClient) -> None:
    page = post(admin, "/accounts/users/new", name="Zhang.San", display_name=" 张三 ", role="organiser")
    password = shown_password(page.text)
    user = stored("zhang.san")
    assert (user.display_name, user.role, user.must_change_password) == ("张三", "organiser", True)
    assert password not in admin.get(f"/accounts/users/{user.id}").text
    assert actions_noted() == ["accounts.create_user"]

    own = app.test_client()
    assert post(own, "/accounts/sign-in", name="zhang.san", password=password).location == "/accounts/me/password"
    assert own.get("/accounts/units").location == "/accounts/me/password", "first a password of one's own"
    new = "三只老虎跑得真快呀"
    assert post(own, "/accounts/me/password", current=password, password=new, again=new).status_code == 303
    assert own.get("/accounts/units").status_code == 200


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": ""}, "请填写登录名"),
        ({"name": "a"}, "登录名须为"),
        ({"name": "two words"}, "登录名须为"),
        ({"name": "<script>"}, "登录名须为"),
        ({"name": "n" * 65}, "最多 64 个字符"),
        ({"name": "OLGA"}, "已经有人使用"),
        ({"name": "ｏｌｇａ"}, "已经有人使用"),
        ({"display_name": " \u200b "}, "请填写姓名或称呼"),
        ({"display_name": "字" * 65}, "最多 64 个字"),
        ({"role": "owner"}, "选择一个角色"),
        ({"role": None}, "选择一个角色"),
    ],
)
def test_a_bad_new_account_is_refused_beside_its_field(
    admin: FlaskClient, olga: User, fields: dict[str, str | None], reason: str
) -> None:
    page = post(admin, "/accounts/users/new", **{"name": "new", "display_name": "新人", "role": "reviewer", **fields})
    assert page.status_code == 422
    assert reason in page.text
    assert db.session.scalar(select(func.count(User.id))) == 2
    assert actions_noted() == []


def test_extra_fields_change_nothing(admin: FlaskClient) -> None:
    fields = {"is_active": "", "id": "99", "password_hash": "x", "must_change_password": "", "session_token": "mine"}
    post(admin, "/accounts/users/new", name="newcomer", display_name="新人", role="reviewer", **fields)
    user = stored("newcomer")
    assert user.id != 99 and user.is_active and user.must_change_password
    assert user.session_token != "mine" and user.password_hash.startswith("$argon2id$")


def test_a_new_role_ends_the_sessions_of_its_holder(app: Flask, admin: FlaskClient, olga: User) -> None:
    own = app.test_client()
    sign_in(own, "olga")
    post(admin, f"/accounts/users/{olga.id}/role", role="reviewer", lock_version=1)
    assert stored("olga").role == "reviewer"
    assert own.get("/desk").status_code == 303
    assert db.session.scalars(select(AuditEvent)).one().detail == {
        "name": "olga",
        "before": "organiser",
        "after": "reviewer",
    }


def test_disabling_ends_sessions_and_enabling_does_not_bring_them_back(
    app: Flask, admin: FlaskClient, olga: User
) -> None:
    own = app.test_client()
    sign_in(own, "olga")
    assert post(admin, f"/accounts/users/{olga.id}/state", state="disabled", lock_version=1).status_code == 303
    assert own.get("/desk").status_code == 303
    assert post(own, "/accounts/sign-in", name="olga", password=PASSWORD).status_code == 401
    post(admin, f"/accounts/users/{olga.id}/state", state="active", lock_version=2)
    assert own.get("/desk").status_code == 303
    assert post(own, "/accounts/sign-in", name="olga", password=PASSWORD).status_code == 303


def test_a_reset_password_replaces_the_old_one_and_ends_sessions(app: Flask, admin: FlaskClient, olga: User) -> None:
    own = app.test_client()
    sign_in(own, "olga")
    page = post(admin, f"/accounts/users/{olga.id}/password", lock_version=1)
    password = shown_password(page.text)
    assert page.headers["Cache-Control"] == "no-store"
    assert own.get("/desk").status_code == 303
    assert post(own, "/accounts/sign-in", name="olga", password=PASSWORD).status_code == 401
    assert post(own, "/accounts/sign-in", name="olga", password=password).location == "/accounts/me/password"


@pytest.mark.parametrize("act", ["role", "state", "password"])
def test_nobody_manages_the_own_account(admin: FlaskClient, ada: User, act: str) -> None:
    make_user("adam", "admin")
    page = post(admin, f"/accounts/users/{ada.id}/{act}", role="reviewer", state="disabled", lock_version=1)
    assert page.status_code == 409 and "另一位管理员" in page.text
    assert (stored("ada").role, stored("ada").is_active) == ("admin", True)


@pytest.mark.parametrize(("act", "fields"), [("role", {"role": "reviewer"}), ("state", {"state": "disabled"})])
def test_the_last_administrator_stays(
    app: Flask, admin: FlaskClient, ada: User, act: str, fields: dict[str, str]
) -> None:
    """Adam's page was open before Ada was disabled: his act on her is the last one that counts."""
    adam = make_user("adam", "admin")
    make_user("disa", "admin", is_active=False)
    assert post(admin, f"/accounts/users/{adam.id}/{act}", lock_version=1, **fields).status_code == 303
    assert stored("adam").role == "reviewer" or not stored("adam").is_active
    with app.test_client() as other:
        sign_in(other, "adam")
        assert post(other, f"/accounts/users/{ada.id}/{act}", lock_version=1, **fields).status_code in (303, 403)
    assert (stored("ada").role, stored("ada").is_active) == ("admin", True)


def test_an_administrator_who_is_alone_is_told_so(app: Flask, ada: User) -> None:
    from quizapp.accounts import actions
    from quizapp.core.clock import utc_now

    adam = make_user("adam", "admin", is_active=False)
    with pytest.raises(actions.LastAdministrator):
        actions.set_active(user=ada, is_active=False, lock_version=1, now=utc_now(), actor=adam)
    with pytest.raises(actions.LastAdministrator):
        actions.change_role(user=ada, role="reviewer", lock_version=ada.lock_version, now=utc_now(), actor=adam)


@pytest.mark.parametrize(("act", "fields"), [("role", {"role": "reviewer"}), ("state", {"state": "disabled"})])
def test_an_act_on_an_older_state_is_refused(admin: FlaskClient, olga: User, act: str, fields: dict[str, str]) -> None:
    olga.lock_version = 5
    db.session.commit()
    page = post(admin, f"/accounts/users/{olga.id}/{act}", lock_version=4, **fields)
    assert page.status_code == 409 and "别人已经改过" in page.text
    assert (stored("olga").role, stored("olga").is_active) == ("organiser", True)


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 40, "1; drop table"])
@pytest.mark.parametrize("act", ["role", "state", "password"])
def test_a_broken_version_changes_nothing(admin: FlaskClient, olga: User, act: str, version: str) -> None:
    page = post(admin, f"/accounts/users/{olga.id}/{act}", lock_version=version, role="reviewer", state="disabled")
    assert page.status_code in (409, 422)
    assert (stored("olga").role, stored("olga").lock_version) == ("organiser", 1)


@pytest.mark.parametrize("number", ["0", "99", "999999999999999999999999", "x", "1.5", "-1"])
def test_an_account_that_is_not_there_is_not_found(admin: FlaskClient, number: str) -> None:
    assert admin.get(f"/accounts/users/{number}").status_code == 404


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["ada", "olga", "rita"]),
        ("words=LG", ["olga"]),
        ("words=%25", []),
        ("words=_", []),
        ("words=' or 1=1--", []),
        ("role=reviewer", ["rita"]),
        ("state=disabled", []),
        ("role=x&state=y", []),
        ("words=" + "a" * 1000, []),
    ],
)
def test_staff_are_found_by_name_role_and_state(
    admin: FlaskClient, olga: User, rita: User, query: str, names: list[str]
) -> None:
    page = admin.get(f"/accounts/users?{query}").text
    assert [name for name in ("ada", "olga", "rita") if f"<td>{name}</td>" in page] == names


@pytest.mark.parametrize("number", ["0", "-1", "a", "1000000000", "99999999999999999999999999"])
def test_a_page_that_is_not_there_is_not_found(admin: FlaskClient, number: str) -> None:
    assert admin.get(f"/accounts/users?page={number}").status_code == 404


def test_names_are_shown_and_never_run(admin: FlaskClient) -> None:
    make_user("xena", "reviewer", display_name='<img src=x onerror="alert(1)">{{7*7}}%s')
    page = admin.get("/accounts/users").text
    assert "&lt;img src=x onerror=&#34;alert(1)&#34;&gt;{{7*7}}%s" in page and "<img src=x" not in page


def test_the_own_name_is_changed_and_noted(client: FlaskClient, rita: User) -> None:
    sign_in(client, "rita")
    assert post(client, "/accounts/me", display_name="丽塔").status_code == 303
    assert stored("rita").display_name == "丽塔"
    assert actions_noted() == ["accounts.change_display_name"]
    assert post(client, "/accounts/me", display_name="  ").status_code == 422


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"current": "wrong one"}, "现在的密码不对"),
        ({"current": ""}, "请填写现在的密码"),
        ({"again": "something else"}, "不一样"),
        ({"password": "short", "again": "short"}, "至少要 8 个字符"),
        ({"password": "12345678", "again": "12345678"}, "顺序"),
        ({"password": "olga2026!", "again": "olga2026!"}, "与本平台有关"),
        ({"password": PASSWORD, "again": PASSWORD}, "相同"),
        ({"password": "x1" * 65, "again": "x1" * 65}, "最多 128"),
        ({"password": "", "again": ""}, "请填写新密码"),
    ],
)
def test_a_bad_new_password_is_refused_and_nobody_is_signed_out(
    client: FlaskClient, olga: User, fields: dict[str, str], reason: str
) -> None:
    sign_in(client, "olga")
    good = {"current": PASSWORD, "password": "三只老虎跑得真快呀", "again": "三只老虎跑得真快呀"}
    page = post(client, "/accounts/me/password", **{**good, **fields})
    assert page.status_code == 422 and reason in page.text
    assert client.get("/desk").status_code == 200
    assert actions_noted() == []


def test_a_new_password_signs_out_other_browsers_and_keeps_this_one(app: Flask, olga: User) -> None:
    here, there = app.test_client(), app.test_client()
    sign_in(here, "olga")
    sign_in(there, "olga")
    with here.session_transaction() as session:
        before = session["session_id"]
    new = "三只老虎跑得真快呀"
    assert post(here, "/accounts/me/password", current=PASSWORD, password=new, again=new).location == "/desk"
    assert here.get("/desk").status_code == 200
    assert there.get("/desk").status_code == 303
    with here.session_transaction() as session:
        assert session["session_id"] != before


def test_the_own_password_cannot_be_guessed_from_an_open_session(client: FlaskClient, olga: User) -> None:
    sign_in(client, "olga")
    new = "三只老虎跑得真快呀"
    pages = [post(client, "/accounts/me/password", current=f"guess {n}", password=new, again=new) for n in range(11)]
    assert "现在的密码不对" in pages[9].text
    assert "次数太多" in pages[10].text
