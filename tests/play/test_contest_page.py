"""The contest's page: most of it is rendered once, nothing of a reader is kept, and every change is seen at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from flask import Flask, template_rendered
from flask.testing import FlaskClient

from quizapp.accounts.actions import publish_notice
from quizapp.accounts.models import User
from quizapp.accounts.queries import latest_notice_version
from quizapp.admin.queries import get_site, site_cache
from quizapp.contests import kits
from quizapp.contests.models import Contest
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.frames import get_frames
from quizapp.core.web import LANGUAGE_COOKIE
from quizapp.play import actions
from quizapp.play.contest_page import ELDER_COOKIE, SECOND_LANGUAGE_COOKIE
from tests.cast import post
from tests.play.calls import statements
from tests.play.makers import Phone, make_contest, turn
from tests.play.test_views import code_on, enter

PAGE = "/play/autumn"
OWN = re.compile(r'(csrf-token" content|csrf_token" value|entry_key" value|data-now)="([^"]+)"')
"""What a page has for its reader alone: what it is, and its value."""


@contextmanager
def pages_rendered(app: Flask) -> Iterator[list[str]]:
    """The templates that are rendered inside."""
    names: list[str] = []

    def note(_app: Flask, template: Any, **_rest: Any) -> None:
        names.append(template.name)

    with template_rendered.connected_to(note, app):
        yield names


def same_for_all(page: str) -> str:
    return OWN.sub(r"\1", page)


def test_the_page_is_rendered_once_for_all_who_have_not_entered(app: Flask, client: FlaskClient) -> None:
    make_contest()
    with pages_rendered(app) as names:
        pages = [one.get(PAGE).text for one in (client, app.test_client(), app.test_client())]
    assert names == ["play/contest.html"]
    assert len(set(map(same_for_all, pages))) == 1
    for what in ("csrf-token", "csrf_token", "entry_key"):
        values = [value for page in pages for name, value in OWN.findall(page) if name.startswith(what)]
        assert len(set(values)) == 3, what


def test_a_form_of_a_kept_page_can_be_sent(app: Flask, client: FlaskClient) -> None:
    make_contest()
    app.test_client().get(PAGE)
    page = client.get(PAGE).text
    sent = {name: re.search(rf'name="{name}" value="([^"]*)"', page)[1] for name in ("csrf_token", "entry_key")}  # type: ignore[index]
    sent |= {"notice_version": latest_notice_version(), "consent": "yes", "nickname": "小王"}
    for _twice in range(2):
        assert client.post(f"{PAGE}/entry", data=sent).status_code == 303
    assert "小王，您好" in client.get(PAGE).text


def paused(contest: Contest) -> None:
    actions.pause(contest=contest, reason="停电", actor=None, now=utc_now())


def closed(contest: Contest) -> None:
    actions.close(contest=contest, reason="提前", actor=None, now=utc_now())


def extended(contest: Contest) -> None:
    contest.closes_at += timedelta(days=1)


def renamed(contest: Contest) -> None:
    contest.title = "冬季竞赛"


def told_otherwise(contest: Contest) -> None:
    contest.introduction = "请带身份证"


def coloured(contest: Contest) -> None:
    contest.accent = "#1f5fa8"


def with_a_new_kit(contest: Contest) -> None:
    contest.kit_version = 2
    kits.store_kit(
        kit=msgspec.structs.replace(kits.get_kit(contest_id=contest.id, version=1), version=2, limit_seconds=1200),
        now=utc_now(),
    )


def called_otherwise(_contest: Contest) -> None:
    site = get_site()
    site.name = "某市普法"
    db.session.add(site)
    site_cache().forget()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (paused, "竞赛暂停中"),
        (closed, "看排行榜"),
        (extended, None),
        (renamed, "<h1>冬季竞赛</h1>"),
        (told_otherwise, "请带身份证"),
        (coloured, "accent/1f5fa8.css"),
        (with_a_new_kit, "限时 20 分钟"),
        (called_otherwise, "某市普法"),
    ],
)
def test_a_change_is_seen_by_the_next_reader(
    app: Flask, client: FlaskClient, change: Callable[[Contest], None], words: str | None
) -> None:
    contest = make_contest()
    before = same_for_all(client.get(PAGE).text)
    assert words is None or words not in before
    change(contest)
    db.session.commit()
    after = same_for_all(app.test_client().get(PAGE).text)
    assert after != before
    assert words is None or words in after


def test_a_new_notice_is_asked_consent_to_at_once(app: Flask, client: FlaskClient, ada: User) -> None:
    make_contest()
    client.get(PAGE)
    version = latest_notice_version()
    publish_notice(body="# 新的说明\n只收昵称。", body_en="", after_version=version, now=utc_now(), actor=ada)
    db.session.commit()
    page = client.get(PAGE).text
    assert "只收昵称。" in page
    assert f'name="notice_version" value="{latest_notice_version()}"' in page


def test_the_page_turns_when_the_contest_opens_and_closes(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is stored when it does: only the clock goes on."""
    contest = make_contest(opens_in=timedelta(hours=1), closes_in=timedelta(hours=3), opens=False)
    words = {"未开始": 0, "进行中": 2, "已结束": 4}
    for state, hours in words.items():
        moment = contest.opens_at - timedelta(hours=1) + timedelta(hours=hours)
        monkeypatch.setattr("quizapp.play.views.utc_now", lambda now=moment: now)
        assert f"<span data-before-turn>{state}</span>" in client.get(PAGE).text


@pytest.mark.usefixtures("nothing_kept")
def test_figures_and_the_first_three_are_those_of_now(app: Flask, client: FlaskClient) -> None:
    make_contest()
    assert 'data-figure="finished">0<' in client.get(PAGE).text
    phone = Phone(app.test_client())
    phone.enter("小强")
    phone.begin()
    phone.finish()
    turn()
    page = client.get(PAGE).text
    assert 'data-figure="finished">1<' in page
    assert "小强" in page


VARIANTS: list[tuple[str, dict[str, str]]] = [
    ("", {}),
    ("?a=1&b=%22%3E", {}),
    ("", {LANGUAGE_COOKIE: "en"}),
    ("", {ELDER_COOKIE: "1"}),
    ("", {SECOND_LANGUAGE_COOKIE: "ug"}),
]


def test_readers_who_come_in_turns_get_each_their_own_page(app: Flask) -> None:
    """Kept or not, the page is the same."""
    contest = make_contest(entry_mode="form", entry_fields=["name"])
    readers = []
    for query, cookies in VARIANTS:
        for name in ("", "张建国"):
            reader = app.test_client()
            if name:
                enter(reader, contest.slug, name=f"{name}{len(readers)}")
            for cookie, value in cookies.items():
                reader.set_cookie(cookie, value)
            readers.append((reader, PAGE + query))
    fresh = []
    for reader, path in readers:
        get_frames()._kept.clear()
        fresh.append(same_for_all(reader.get(path).text))
    assert len(set(fresh)) == len(fresh) - 2, "but for the language that this contest does not have, all differ"
    for _twice in range(2):
        assert [same_for_all(reader.get(path).text) for reader, path in readers] == fresh


def test_nothing_of_who_reads_is_kept(app: Flask, client: FlaskClient) -> None:
    contest = make_contest(entry_mode="form", entry_fields=["name", "phone"])
    enter(client, contest.slug, name="张建国", phone="12345")
    enter(client, contest.slug, name="张建国", phone="13800001234")
    page, code = client.get(f"{PAGE}?from=poster").text, code_on(client, contest)
    assert code
    for own in ("张*，您好", code, "from=poster"):
        assert own in page
    kept = repr([frame._parts for _made_of, frame in get_frames()._kept.values()])
    assert "怎么答" in kept
    for own in ("张*", "张建国", code, "12345", "from=poster", *(value for _name, value in OWN.findall(page))):
        assert own not in kept


def test_what_one_typed_and_was_told_is_not_shown_to_the_next(app: Flask, client: FlaskClient) -> None:
    contest = make_contest(entry_mode="form", entry_fields=["name", "phone"])
    refused = enter(client, contest.slug, name="张建国", phone="12345").text
    assert 'value="张建国"' in refused
    assert "手机号应为 11 位数字" in refused
    page = app.test_client().get(PAGE).text
    assert "张建国" not in page
    assert "手机号应为 11 位数字" not in page
    enter(client, contest.slug, name="张建国", phone="13800001234")
    post(client, f"{PAGE}/me/erase", sure="yes")
    assert "您的个人信息已经删除" in client.get(PAGE).text
    assert "您的个人信息已经删除" not in client.get(PAGE).text


def test_the_page_takes_two_statements_and_one_for_who_has_entered(app: Flask, client: FlaskClient) -> None:
    make_contest()
    for reader, count in ((app.test_client(), 2), (client, 1)):
        if reader is client:
            enter(reader, "autumn")
        reader.get(PAGE)
        db.session.rollback()
        with statements() as seen:
            assert reader.get(PAGE).status_code == 200
        assert [statement.split()[0] for statement in seen] == ["BEGIN"] + count * ["SELECT"]
