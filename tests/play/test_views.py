"""Pages of participants: what is asked, what is shown, and what is not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from quizapp.accounts.queries import latest_notice
from quizapp.contests.models import Contest, Entry
from quizapp.core.clock import to_ms, utc_now
from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.play import access, state
from quizapp.play.models import RecorderPosition
from quizapp.play.rebuild import open_if_new
from tests.cast import csrf_token, post
from tests.conftest import app_without_store, in_context
from tests.contests.makers import make_bank, make_published
from tests.play.makers import record_all

KEY_WORDS = ("依据宪法第五条", "<small>正确答案", "<small>您选对了", "答对")


def publish(**changes: Any) -> Contest:
    """A contest of five single-choice questions, open since an hour."""
    now = utc_now()
    values: dict[str, Any] = {
        "opens_at": now - timedelta(hours=1),
        "closes_at": now + timedelta(days=2),
        "attempts_per_day": 2,
    }
    return make_published(make_bank(single=20), **(values | changes))


def enter(client: FlaskClient, slug: str, **fields: str) -> TestResponse:
    values = {"consent": "yes", "notice_version": latest_notice().version, "nickname": "小王"} | fields
    return post(client, f"/play/{slug}/entry", **{name: value for name, value in values.items() if value})


def call(client: FlaskClient, method: str, path: str, body: Any = None, token: str = "") -> Any:
    headers = {"X-CSRFToken": csrf_token(client)}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return client.open(f"/api/v1{path}", method=method, json=body, headers=headers)


def play(client: FlaskClient, slug: str, *, hand_in: bool = True) -> str:
    """Begin, answer the first option everywhere, hand in; returns the attempt."""
    begun = call(client, "POST", f"/contests/{slug}/attempts").json
    answers = [
        {"question": question["id"], "response": [question["options"][0]["key"]], "seq": 1}
        for question in begun["questions"]
    ]
    path = f"/attempts/{begun['attempt']}"
    assert call(client, "PUT", f"{path}/answers", {"answers": answers}, begun["token"]).status_code == 200
    if hand_in:
        assert call(client, "POST", f"{path}/finish", {"answers": answers}, begun["token"]).status_code == 200
    return str(begun["attempt"])


def text_of(response: TestResponse) -> str:
    return re.sub(r"\s+", " ", response.text)


def test_home_lists_contests_by_what_they_are_now(client: FlaskClient) -> None:
    now = utc_now()
    bank = make_bank(single=10)
    window = {"opens_at": now - timedelta(days=3), "closes_at": now + timedelta(days=1)}
    make_published(bank, slug="runs", title="正在办的竞赛", **window)
    make_published(bank, slug="comes", title="下周的竞赛", **(window | {"opens_at": now + timedelta(hours=2)}))
    ended = make_published(bank, slug="ended", title="办完的竞赛", **window)
    ended.closes_at = now - timedelta(hours=1)
    db.session.commit()
    page = text_of(client.get("/"))
    places = [
        page.index(words) for words in ("正在进行", "正在办的竞赛", "即将开始", "下周的竞赛", "已经结束", "办完的竞赛")
    ]
    assert places == sorted(places)


def test_home_without_contests_says_so(client: FlaskClient) -> None:
    assert "还没有竞赛" in client.get("/").text


def test_a_contest_tells_its_rules_and_its_notice_before_the_first_field(client: FlaskClient) -> None:
    contest = publish()
    page = client.get(f"/play/{contest.slug}").text
    assert contest.title in page
    assert (
        page.index("每人每天可答 2 次")
        < page.index(latest_notice().body.splitlines()[1])
        < page.index('name="nickname"')
    )


def test_a_draft_is_not_found(client: FlaskClient) -> None:
    contest = publish()
    contest.state = "draft"
    db.session.commit()
    for path in ("", "/answer", "/board", "/me", "/attempts/x"):
        assert client.get(f"/play/{contest.slug}{path}").status_code == 404


def test_entering_with_a_nickname_leads_to_the_questions(client: FlaskClient) -> None:
    contest = publish()
    response = enter(client, contest.slug)
    assert response.status_code == 303
    assert response.headers["Location"] == f"/play/{contest.slug}/answer"
    assert client.get(f"/play/{contest.slug}/answer").status_code == 200
    assert "小王，您好" in client.get(f"/play/{contest.slug}").text


def test_without_consent_nothing_is_stored(client: FlaskClient) -> None:
    contest = publish()
    response = enter(client, contest.slug, consent="")
    assert response.status_code == 422
    assert "请先阅读并同意最新的隐私说明" in response.text
    assert 'value="小王"' in response.text
    assert db.session.scalar(select(Entry)) is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "", "phone": "13800001234"}, "请填写"),
        ({"name": "张建国", "phone": "1380"}, "手机号应为 11 位数字"),
        ({"name": "张建国\u202e", "phone": "13800001234"}, "含有不能显示的字符"),
    ],
)
def test_a_wrong_field_is_named_and_the_others_stay(client: FlaskClient, fields: dict[str, str], words: str) -> None:
    contest = publish(entry_mode="form", entry_fields=("name", "phone"))
    response = enter(client, contest.slug, **fields)
    assert response.status_code == 422
    assert words in response.text
    assert f'value="{fields["phone"]}"' in response.text
    assert db.session.scalar(select(Entry)) is None


def test_an_entry_too_many_from_one_address_keeps_what_was_typed(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest = publish()
    monkeypatch.setitem(access.NETWORK_LIMITS, "entries", 0)
    response = enter(client, contest.slug)
    assert response.status_code == 429
    assert "操作太频繁，请稍候再试" in response.text
    assert 'value="小王"' in response.text
    assert 'name="resume_code"' not in response.text
    assert db.session.scalar(select(Entry)) is None


def test_a_form_without_its_token_is_refused(client: FlaskClient) -> None:
    contest = publish()
    assert client.post(f"/play/{contest.slug}/entry", data={"nickname": "小王"}).status_code == 403


def test_the_resume_code_is_shown_and_asked_for_on_another_device(app: Flask, client: FlaskClient) -> None:
    contest = publish(entry_mode="form", entry_fields=("name", "phone"))
    person = {"name": "张建国", "phone": "13800001234"}
    assert enter(client, contest.slug, **person).headers["Location"] == f"/play/{contest.slug}"
    code = code_on(client, contest)
    assert code

    other = app.test_client()
    response = enter(other, contest.slug, **person)
    assert response.status_code == 401
    assert 'name="resume_code"' in response.text
    assert enter(other, contest.slug, resume_code=code, **person).status_code == 303
    assert "张*，您好" in other.get(f"/play/{contest.slug}").text


@pytest.fixture
def coded(client: FlaskClient) -> Contest:
    """A contest that the client's browser has entered; its page shows the resume code."""
    contest = publish(entry_mode="form", entry_fields=("name", "phone"))
    enter(client, contest.slug, name="张建国", phone="13800001234")
    return contest


def code_on(client: FlaskClient, contest: Contest) -> str | None:
    """The resume code that the contest's page shows."""
    found = re.search(r'data-part="code">(\d{6})<', client.get(f"/play/{contest.slug}").text)
    return found[1] if found else None


def test_the_resume_code_is_shown_until_the_first_begin(client: FlaskClient, coded: Contest) -> None:
    code = code_on(client, coded)
    assert code
    client.get(f"/play/{coded.slug}/answer")
    assert code_on(client, coded) == code, "it stays while nothing was begun"
    play(client, coded.slug, hand_in=False)
    assert code_on(client, coded) is None


def test_the_resume_code_stays_while_one_waits_in_the_queue(app: Flask, client: FlaskClient) -> None:
    contest = publish(entry_mode="form", entry_fields=("name", "phone"), capacity=1)
    first = app.test_client()
    enter(first, contest.slug, name="李秀英", phone="13900001234")
    play(first, contest.slug, hand_in=False)
    enter(client, contest.slug, name="张建国", phone="13800001234")
    assert call(client, "POST", f"/contests/{contest.slug}/attempts").status_code == 202
    assert code_on(client, contest)


def test_who_leaves_takes_the_resume_code_along(client: FlaskClient, coded: Contest) -> None:
    post(client, f"/play/{coded.slug}/me/leave")
    with client.session_transaction() as session:
        assert [name for name in session if name.startswith("resume_code")] == []


def test_the_resume_code_of_one_is_not_shown_to_the_next(app: Flask, client: FlaskClient, coded: Contest) -> None:
    other = app.test_client()
    person = {"name": "李秀英", "phone": "13900001234"}
    enter(other, coded.slug, **person)
    assert enter(client, coded.slug, **person, resume_code=code_on(other, coded) or "").status_code == 303
    assert "李*，您好" in client.get(f"/play/{coded.slug}").text
    assert code_on(client, coded) is None


@pytest.mark.parametrize("path", ["/answer", "/me", "/me/data", "/attempts/abc"])
def test_who_has_not_entered_is_led_to_the_contest(client: FlaskClient, path: str) -> None:
    contest = publish()
    response = client.get(f"/play/{contest.slug}{path}")
    assert (response.status_code, response.headers["Location"]) == (303, f"/play/{contest.slug}")


def test_a_result_shows_score_answers_and_articles(client: FlaskClient) -> None:
    contest = publish()
    enter(client, contest.slug)
    attempt = play(client, contest.slug)
    page = text_of(client.get(f"/play/{contest.slug}/attempts/{attempt}"))
    for words in (
        "满分 100",
        "名次",
        "逐题回顾",
        "正确答案",
        "依据宪法第五条",
        "《宪法》第五条",
        "· 1982-12-04 起施行",
        "再答一次",
    ):
        assert words in page


def test_a_result_is_its_owners_alone(app: Flask, client: FlaskClient) -> None:
    contest = publish()
    enter(client, contest.slug)
    attempt = play(client, contest.slug)
    other = app.test_client()
    enter(other, contest.slug, nickname="小李")
    assert other.get(f"/play/{contest.slug}/attempts/{attempt}").status_code == 404


def test_an_open_attempt_has_no_result_yet(client: FlaskClient) -> None:
    contest = publish()
    enter(client, contest.slug)
    attempt = play(client, contest.slug, hand_in=False)
    response = client.get(f"/play/{contest.slug}/attempts/{attempt}")
    assert (response.status_code, response.headers["Location"]) == (303, f"/play/{contest.slug}/answer")
    assert "继续作答" in client.get(f"/play/{contest.slug}").text


@pytest.mark.parametrize(
    ("feedback", "feedback_time", "words"),
    [
        ("nothing", "after_finish", "这场竞赛不公布个人成绩"),
        ("explanations", "after_close", "成绩在竞赛结束后公布"),
    ],
)
def test_what_the_rule_hides_is_on_no_page(client: FlaskClient, feedback: str, feedback_time: str, words: str) -> None:
    contest = publish(feedback=feedback, feedback_time=feedback_time)
    enter(client, contest.slug)
    attempt = play(client, contest.slug)
    page = client.get(f"/play/{contest.slug}/attempts/{attempt}").text
    assert words in page
    for path in (f"/attempts/{attempt}", "", "/board", "/me", "/me/data", "/answer"):
        shown = client.get(f"/play/{contest.slug}{path}").text
        shown = shown[: shown.find("<template")] if "<template" in shown else shown
        assert not [word for word in (*KEY_WORDS, "满分 100</small>", "最好成绩") if word in shown], path
    assert "小王" not in client.get(f"/play/{contest.slug}/board").text


def test_explanations_open_later_on_the_same_page(client: FlaskClient) -> None:
    contest = publish(feedback_time="after_close")
    enter(client, contest.slug)
    attempt = play(client, contest.slug)
    address = f"/play/{contest.slug}/attempts/{attempt}"
    assert "逐题回顾" not in client.get(address).text
    contest.closes_at = utc_now() - timedelta(seconds=10)
    db.session.commit()
    for shard in contest.shards:
        state.write_gate(get_live(), shard, ["closes", to_ms(contest.closes_at)])
    assert "逐题回顾" in client.get(address).text


@pytest.mark.parametrize("why", ["grace", "sent again", "paused", "another shard", "no gate", "", "long over"])
def test_own_scores_wait_until_nobodys_answers_are_taken_any_more(
    app: Flask, client: FlaskClient, why: str, nothing_kept: None
) -> None:
    app.extensions["quizapp.settings"] = replace(app.extensions["quizapp.settings"], shards=3)
    contest = publish(feedback_time="after_close")
    enter(client, contest.slug)
    for shard in contest.shards:
        open_if_new(shard=shard, now=utc_now())
    address = f"/play/{contest.slug}/attempts/{play(client, contest.slug)}"
    record_all(contest)
    own, now_ms = contest.shards.of(db.session.scalars(select(Entry.person)).one()), to_ms(utc_now())
    other = next(shard for shard in contest.shards if shard != own)
    contest.closes_at = utc_now() - timedelta(seconds=1 if why == "grace" else 100)
    db.session.commit()
    for shard in contest.shards:
        state.write_gate(get_live(), shard, ["closes", to_ms(contest.closes_at)])
    changed = {"sent again": ["reopened", now_ms], "paused": ["paused", 1, "since", now_ms - 200_000]}
    state.write_gate(get_live(), own, changed.get(why, ["reopened", 0]))
    state.write_gate(get_live(), other, ["reopened", now_ms if why == "another shard" else 0])
    if why in ("no gate", "long over"):
        get_live().command("DEL", state.keys_of(other)[0])
    if why == "long over":
        # Then nobody needs to be asked.
        db.session.execute(update(RecorderPosition).values(is_settled=True))
        db.session.commit()
        why = ""
    document = client.get(f"/play/{contest.slug}/me/data").json
    assert [attempt["score"] is None for attempt in document["attempts"]] == [bool(why)]
    assert ('<b class="num">' in client.get(f"/play/{contest.slug}/me").text) == (not why)
    assert ("所有试卷交齐以后公布" in client.get(address).text) == bool(why)


def test_a_board_masks_names_and_marks_the_own_row(client: FlaskClient) -> None:
    contest = publish(entry_mode="form", entry_fields=("name", "phone"))
    enter(client, contest.slug, name="张建国", phone="13800001234")
    play(client, contest.slug)
    page = client.get(f"/play/{contest.slug}/board").text
    assert "张*" in page
    assert "张建国" not in page
    assert '<tr class="is-own">' in page


def test_an_empty_board_says_so(client: FlaskClient) -> None:
    contest = publish()
    client.get(f"/play/{contest.slug}")
    call(client, "POST", f"/contests/{contest.slug}/visits")
    assert "还没有人交卷" in client.get(f"/play/{contest.slug}/board").text


def test_own_attempts_are_listed_before_they_are_recorded(client: FlaskClient) -> None:
    contest = publish()
    enter(client, contest.slug)
    first, second = play(client, contest.slug), play(client, contest.slug, hand_in=False)
    page = client.get(f"/play/{contest.slug}/me").text
    assert "第 2 次" in page
    assert second != first
    # Not to the answer page, which on another device would ask to begin, where somebody only goes on.
    assert re.search(rf'href="/play/{contest.slug}">\s*<span>\s*第 2 次\s*<span[^>]*>作答中', page)
    assert "继续作答" in client.get(f"/play/{contest.slug}").text


def test_own_data_is_handed_out_without_keys(client: FlaskClient) -> None:
    contest = publish(entry_mode="form", entry_fields=("name", "phone"))
    enter(client, contest.slug, name="张建国", phone="13800001234")
    response = client.get(f"/play/{contest.slug}/me/data")
    assert "attachment" in response.headers["Content-Disposition"]
    document = json.loads(response.text)
    assert (document["entry"]["name"], document["entry"]["phone"]) == ("张建国", "13800001234")
    assert document["consents"][0]["notice_version"] == latest_notice().version
    assert "138****1234" in client.get(f"/play/{contest.slug}/me").text


def test_erasing_takes_the_personal_fields_away_and_keeps_the_row(client: FlaskClient) -> None:
    contest = publish(entry_mode="form", entry_fields=("name", "phone"))
    enter(client, contest.slug, name="张建国", phone="13800001234")
    play(client, contest.slug)
    assert post(client, f"/play/{contest.slug}/me/erase").headers["Location"] == f"/play/{contest.slug}/me"
    entry = db.session.scalars(select(Entry)).one()
    assert entry.name == "张建国"
    response = post(client, f"/play/{contest.slug}/me/erase", sure="yes")
    assert response.headers["Location"] == f"/play/{contest.slug}"
    db.session.refresh(entry)
    assert (entry.name, entry.phone, entry.masked_name) == (None, None, "***")
    page = client.get(f"/play/{contest.slug}").text
    assert "您的个人信息已经删除" in page
    assert 'name="name"' in page


def test_leaving_makes_the_browser_nobody_again(client: FlaskClient) -> None:
    contest = publish()
    enter(client, contest.slug)
    post(client, f"/play/{contest.slug}/me/leave")
    assert 'name="nickname"' in client.get(f"/play/{contest.slug}").text
    assert db.session.scalars(select(Entry)).one().name == "小王"


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"attempts_per_day": 1}, "今天的次数已经用完，明天再来"),
        ({"attempts_per_day": None, "attempts_total": 1}, "次数已经用完"),
    ],
)
def test_used_up_attempts_are_told_apart_from_those_of_today(
    client: FlaskClient, limits: dict[str, Any], words: str
) -> None:
    contest = publish(**limits)
    enter(client, contest.slug)
    play(client, contest.slug)
    assert re.search(rf"<button [^>]*disabled>{words}</button>", client.get(f"/play/{contest.slug}").text)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"paused_at": utc_now()}, "竞赛暂停中"),
        ({"opens_at": utc_now() + timedelta(hours=1)}, "先来登记"),
        ({"closes_at": utc_now() - timedelta(minutes=1)}, "看排行榜"),
    ],
)
def test_a_contest_page_says_how_it_stands(client: FlaskClient, changes: dict[str, Any], words: str) -> None:
    contest = publish()
    for name, value in changes.items():
        setattr(contest, name, value)
    db.session.commit()
    assert words in client.get(f"/play/{contest.slug}").text


def test_large_text_is_remembered(client: FlaskClient) -> None:
    response = client.post("/elder", data={"elder": "1", "next": "/?a=1"})
    assert (response.status_code, response.headers["Location"]) == (303, "/?a=1")
    assert "data-elder>" in client.get("/").text


@pytest.mark.parametrize(("colour", "status"), [("1f5fa8", 200), ("1F5FA8", 404), ("1f5fa", 404), ("red;}x", 404)])
def test_an_accent_is_a_style_sheet_of_a_colour_only(client: FlaskClient, colour: str, status: int) -> None:
    response = client.get(f"/play/accent/{colour}.css")
    assert response.status_code == status
    assert (response.mimetype == "text/css") == (status == 200)


@pytest.fixture
def app_without_redis(tmp_path: Path, settings: Any) -> Iterator[Flask]:
    with in_context(app_without_store(settings.database_url, tmp_path)) as app:
        yield app


def test_the_contest_page_stands_while_the_live_store_is_away(app: Flask, app_without_redis: Flask) -> None:
    with app.app_context():
        contest = publish()
        slug = contest.slug
    response = app_without_redis.test_client().get(f"/play/{slug}")
    assert response.status_code == 200
    assert "每人每天可答 2 次" in response.text
