"""The organisers' pages of a running contest: who may see them, what they show, what the acts do."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from quizapp.accounts.models import AuditEvent, Headcount, Unit, User
from quizapp.accounts.queries import latest_notice
from quizapp.contests.models import Contest, Entry
from quizapp.core.clock import to_ms, utc_now
from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.play import jobs, state, totals
from quizapp.play.models import Attempt, ContestClock, RecorderPosition
from quizapp.play.state import Shard
from tests.cast import csrf_token, post, sign_in
from tests.contests.makers import make_bank, make_published

ACTS = ("pause", "resume", "extend", "capacity", "close")


def publish(**changes: Any) -> Contest:
    """A contest of ten single-choice questions, open since an hour, for two days."""
    now = utc_now()
    values: dict[str, Any] = {
        "opens_at": now - timedelta(hours=1),
        "closes_at": now + timedelta(days=2),
        "attempts_per_day": 3,
    }
    return make_published(make_bank(single=10), **(values | changes))


def call(client: FlaskClient, method: str, path: str, body: Any = None, token: str = "") -> Any:
    headers = {"X-CSRFToken": csrf_token(client)}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return client.open(f"/api/v1{path}", method=method, json=body, headers=headers).json


def enter(client: FlaskClient, slug: str, **fields: str) -> None:
    values = {"consent": "yes", "notice_version": latest_notice().version, "nickname": "小王"} | fields
    assert post(client, f"/play/{slug}/entry", **values).status_code == 303


def begin(client: FlaskClient, slug: str, *, right: int = 10) -> tuple[str, str, list[Any]]:
    """Begin and answer all questions, so many of them right; returns attempt, token, answers."""
    begun = call(client, "POST", f"/contests/{slug}/attempts")
    answers = []
    for place, question in enumerate(begun["questions"]):
        texts = {option["text"][-1]: option["key"] for option in question["options"]}
        answers.append({"question": question["id"], "response": [texts["A" if place < right else "B"]], "seq": 1})
    call(client, "PUT", f"/attempts/{begun['attempt']}/answers", {"answers": answers}, begun["token"])
    return begun["attempt"], begun["token"], answers


def hand_in(client: FlaskClient, slug: str, *, right: int = 10) -> str:
    attempt, token, answers = begin(client, slug, right=right)
    call(client, "POST", f"/attempts/{attempt}/finish", {"answers": answers}, token)
    return attempt


def record() -> None:
    """Carry what was played into SQL."""
    recorder = jobs.Recorder(get_live())
    while recorder.turn(utc_now()):
        pass
    recorder.close()


def figures(client: FlaskClient, slug: str) -> dict[str, str]:
    document: Any = client.get(f"/play/{slug}/monitor/figures").json
    return {name: figure["text"] for name, figure in document["figures"].items()}


def act(client: FlaskClient, name: str, **fields: object) -> TestResponse:
    """Send the form of an act as it was opened now."""
    return post(client, f"/play/autumn/monitor/{name}", **({"lock_version": stored().lock_version} | fields))


def stored(slug: str = "autumn") -> Contest:
    """The contest as SQL has it now."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Contest).where(Contest.slug == slug)).one()


def gate(contest: Contest) -> dict[str, str]:
    return state.read_gate_fields(get_live(), Shard(contest.id))


def events(action: str) -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.action == action)))


def local(moment: datetime, zone: str = "Asia/Shanghai") -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}"


@pytest.fixture
def organiser(app: Flask, olga: User) -> FlaskClient:
    client = app.test_client()
    sign_in(client, olga.name)
    return client


# Who may


@pytest.mark.parametrize(
    ("name", "status"), [(None, 303), ("rita", 403), ("olga", 200), ("ada", 200)], ids=["a stranger", "r", "o", "a"]
)
def test_the_pages_are_for_organisers(
    client: FlaskClient, ada: User, olga: User, rita: User, name: str | None, status: int
) -> None:
    publish()
    if name:
        sign_in(client, name)
    responses = [client.get(f"/play/autumn/monitor{path}") for path in ("", "/figures", *(f"/{act}" for act in ACTS))]
    assert [response.status_code for response in responses] == [status] * len(responses)
    assert name or all(response.headers["Location"].startswith("/accounts/sign-in") for response in responses)


@pytest.mark.parametrize("name", ACTS)
def test_no_act_is_done_for_a_reviewer_or_without_the_token(client: FlaskClient, rita: User, name: str) -> None:
    contest = publish()
    before = contest.lock_version
    sign_in(client, "rita")
    fields = {"reason": "试试", "confirm": "y", "capacity": "5", "closes_at": local(utc_now() + timedelta(days=9))}
    assert act(client, name, **fields).status_code == 403
    assert client.post(f"/play/{contest.slug}/monitor/{name}", data=fields).status_code == 403
    assert stored().lock_version == before


@pytest.mark.parametrize("path", ["", "/figures", "/pause"])
def test_a_draft_has_no_monitor(organiser: FlaskClient, path: str) -> None:
    contest = publish()
    contest.state = "draft"
    db.session.commit()
    assert organiser.get(f"/play/{contest.slug}/monitor{path}").status_code == 404


def test_an_unknown_act_is_not_found(organiser: FlaskClient) -> None:
    assert organiser.get(f"/play/{publish().slug}/monitor/explode").status_code == 404


# What it shows


def test_the_figures_follow_the_play(app: Flask, organiser: FlaskClient) -> None:
    contest = publish(pass_mark_hundredths=6000)
    slug = contest.slug
    people = [app.test_client() for _number in range(3)]
    for number, person in enumerate(people):
        call(person, "POST", f"/contests/{slug}/visits")
        enter(person, slug, nickname=f"选手{number}")
    hand_in(people[0], slug, right=10)
    hand_in(people[0], slug, right=4)
    hand_in(people[1], slug, right=5)
    begin(people[2], slug)
    record()
    found = figures(organiser, slug)
    assert found == {
        "playing": "1",
        "begun": "4",
        "finished": "3",
        "answers": "40",
        "knowledge_points": "40",
        "visits": "3",
        "visitors": "3",
        "participants": "2",
        "mean": "75",
        "passed": "50.0%",
    }
    page = organiser.get(f"/play/{slug}/monitor").text
    assert "峰值 1 · " in page
    assert "作答记录已全部写入数据库" in page
    assert "更新于 " in page
    for definition in ("最近 60 秒内有答题动作、还没交卷的人数", "误差约 0.8%", "达到合格线的人数 ÷ 参与人数"):
        assert definition in page
    assert re.search(r"选手0</td>\s*<td class=\"num\">100<", page)


def test_a_queue_is_shown_where_places_are_limited(app: Flask, organiser: FlaskClient) -> None:
    contest = publish(capacity=1)
    for name in ("小王", "小李"):
        person = app.test_client()
        enter(person, contest.slug, nickname=name)
        call(person, "POST", f"/contests/{contest.slug}/attempts")
    assert figures(organiser, contest.slug)["waiting"] == "1"


def test_a_flagged_attempt_is_left_out_and_told(app: Flask, client: FlaskClient, organiser: FlaskClient) -> None:
    contest = publish()
    enter(client, contest.slug)
    attempt = hand_in(client, contest.slug)
    record()
    db.session.get_one(Attempt, attempt).is_flagged = True
    db.session.commit()
    document: Any = organiser.get(f"/play/{contest.slug}/monitor/figures").json
    assert document["figures"]["participants"]["text"] == "0"
    assert document["figures"]["mean"]["text"] == "—"
    assert "1 次作答被标记为疑似异常" in document["warnings"][0]["text"]


def test_what_is_not_recorded_yet_is_told_and_warned_of_when_it_takes_long(
    client: FlaskClient, organiser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest = publish()
    enter(client, contest.slug)
    hand_in(client, contest.slug)
    document: Any = organiser.get(f"/play/{contest.slug}/monitor/figures").json
    assert document["recording"] == "还有 3 条作答记录正在写入数据库"
    assert document["warnings"] == []
    later = utc_now() + timedelta(seconds=40)
    monkeypatch.setattr("quizapp.play.monitor.utc_now", lambda: later)
    document = organiser.get(f"/play/{contest.slug}/monitor/figures").json
    assert "有 3 条作答记录还没有写入数据库，最早的一条等了 4" in document["warnings"][0]["text"]


def test_a_halted_recording_is_told(client: FlaskClient, organiser: FlaskClient) -> None:
    contest = publish()
    enter(client, contest.slug)
    hand_in(client, contest.slug)
    record()
    db.session.scalars(select(RecorderPosition)).one().halted_reason = "event 7 is missing"
    db.session.commit()
    state.write_gate(get_live(), Shard(contest.id), ["halted", 1])
    page = organiser.get(f"/play/{contest.slug}/monitor")
    assert page.status_code == 200
    assert "作答记录已经停止" in page.text
    assert "排行榜暂时读不到" in page.text
    assert figures(organiser, contest.slug)["participants"] == "1"


def test_a_contest_just_published_is_said_to_get_ready(organiser: FlaskClient) -> None:
    publish()
    document: Any = organiser.get("/play/autumn/monitor/figures").json
    assert document["figures"]["playing"]["text"] == "—"
    assert [(notice["tone"], "正在准备" in notice["text"]) for notice in document["warnings"]] == [("info", True)]


def test_the_page_stands_before_anybody_came(organiser: FlaskClient) -> None:
    contest = publish()
    record()
    page = organiser.get(f"/play/{contest.slug}/monitor").text
    assert "这段时间没有人交卷" in page
    assert "还没有人交卷。" in page


@pytest.mark.parametrize(("span", "words"), [("hour", "每分钟"), ("day", "每半小时"), ("all", "每天"), ("x", "每分钟")])
def test_hand_ins_are_drawn_and_written_as_numbers(
    client: FlaskClient, organiser: FlaskClient, span: str, words: str
) -> None:
    contest = publish()
    enter(client, contest.slug)
    hand_in(client, contest.slug)
    hand_in(client, contest.slug)
    record()
    page = organiser.get(f"/play/{contest.slug}/monitor?span={span}").text
    assert f"{words}交卷的份数，共 2 份" in page
    assert '<rect class="chart-bar"' in page
    assert re.search(r'<td class="num">[12]</td>', page)
    assert "style=" not in page


def test_the_board_of_the_organiser_is_open_when_that_of_participants_is_not(
    client: FlaskClient, organiser: FlaskClient
) -> None:
    contest = publish(feedback_time="after_close")
    enter(client, contest.slug)
    hand_in(client, contest.slug)
    page = organiser.get(f"/play/{contest.slug}/monitor").text
    assert "参赛者现在看不到成绩和名次" in page
    assert "<td>小王</td>" in page


# Units


def make_unit(name: str, parent: Unit | None = None, *, headcount: int | None = None) -> Unit:
    unit = Unit(name=name, parent=parent, kind="unit", created_at=utc_now())
    db.session.add(unit)
    db.session.flush()
    if headcount is not None:
        unit.headcounts = [Headcount(people=headcount, valid_from=date(2026, 1, 1))]
    return unit


def add_result(contest: Contest, unit: Unit, score: int, *, number: int = 1, person: str = "") -> None:
    """A recorded attempt of a person of a unit; noise for the live state, which it does not touch."""
    count = len(list(db.session.scalars(select(Attempt.id))))
    person = person or f"person{count}"
    now_ms = to_ms(utc_now())
    if number == 1:
        entry = Entry(person=person, contest_id=contest.id, masked_name="张*", unit_id=unit.id, entered_at=utc_now())
        db.session.add(entry)
    db.session.add(
        Attempt(
            id=f"attempt{count}",
            contest_id=contest.id,
            shard=0,
            person=person,
            number=number,
            kit_version=1,
            paper=[],
            started_ms=now_ms - 60_000,
            finished_ms=now_ms,
            finish="handed_in",
            score_hundredths=score,
            full_hundredths=10_000,
        )
    )
    db.session.flush()


def test_units_show_participants_by_headcount_with_the_units_below(organiser: FlaskClient) -> None:
    county = make_unit("会宁县", headcount=10)
    school = make_unit("教育局", county, headcount=4)
    office = make_unit("司法局", county, headcount=1)
    empty, silent = make_unit("乡政府", county, headcount=20), make_unit("退役局", county)
    contest = publish(
        entry_mode="form", entry_fields=("name", "unit"), pass_mark_hundredths=6000, unit_root_id=None, slug="units"
    )
    add_result(contest, school, 5000, person="a")
    add_result(contest, school, 9000, person="a", number=2)
    add_result(contest, school, 5000, person="b")
    add_result(contest, office, 8000)
    add_result(contest, office, 8000)
    rows = {row.path: row for row in totals.unit_rows(contest, day=date(2026, 11, 23))}
    assert rows["会宁县"].results.people == 4
    assert rows["会宁县"].percent == 40.0
    assert rows["会宁县"].results.mean_hundredths == 7500
    assert rows["会宁县 / 教育局"].percent == 50.0
    assert rows["会宁县 / 教育局"].results.pass_percent == 50.0
    assert rows["会宁县 / 司法局"].is_over
    assert rows["会宁县 / 司法局"].percent is None
    assert rows["会宁县 / 乡政府"].percent == 0.0
    assert f"会宁县 / {silent.name}" not in rows
    db.session.commit()
    page = organiser.get(f"/play/{contest.slug}/monitor").text
    assert "200.0%" not in page
    assert "超过应参人数" in page
    assert "有 1 个单位的参与人数多于应参人数" in page
    assert page.index("会宁县 / 教育局") < page.index(f"会宁县 / {empty.name}") < page.index("会宁县 / 司法局")


def test_units_below_the_contests_own_root_are_listed_alone(app: Flask) -> None:
    county, other = make_unit("会宁县"), make_unit("靖远县", headcount=9)
    school = make_unit("教育局", county, headcount=4)
    contest = publish(entry_mode="form", entry_fields=("name", "unit"), unit_root_id=county.id)
    add_result(contest, school, 5000)
    rows = totals.unit_rows(contest, day=date(2026, 11, 23))
    assert [row.path for row in rows] == ["教育局"]
    assert other.name not in rows[0].path


def test_the_headcount_of_the_day_is_used(app: Flask) -> None:
    unit = make_unit("司法局", headcount=4)
    unit.headcounts.append(Headcount(people=8, valid_from=date(2026, 6, 1)))
    contest = publish(entry_mode="form", entry_fields=("name", "unit"))
    add_result(contest, unit, 5000)
    found = [totals.unit_rows(contest, day=day)[0].headcount for day in (date(2026, 5, 31), date(2026, 6, 1))]
    assert found == [4, 8]


def test_units_are_not_shown_where_they_are_not_asked_for(organiser: FlaskClient) -> None:
    make_unit("司法局", headcount=4)
    assert "单位参与" not in organiser.get(f"/play/{publish().slug}/monitor").text


# Acts


@pytest.mark.parametrize("name", ACTS)
def test_an_act_says_first_what_it_does_and_does_nothing(
    client: FlaskClient, organiser: FlaskClient, name: str
) -> None:
    contest = publish()
    enter(client, contest.slug)
    begin(client, contest.slug)
    if name == "resume":
        act(organiser, "pause", reason="停电")
    version = stored().lock_version
    page = organiser.get(f"/play/{contest.slug}/monitor/{name}").text
    assert "现在有 1 份试卷正在作答" in page
    assert "会发生什么" in page
    assert stored().lock_version == version


def test_pausing_and_resuming_reach_the_gate_and_the_audit_trail(client: FlaskClient, organiser: FlaskClient) -> None:
    contest = publish()
    enter(client, contest.slug)
    attempt, token, answers = begin(client, contest.slug)
    response = act(organiser, "pause", reason=" 学校  断网 ")
    assert (response.status_code, response.headers["Location"]) == (303, f"/play/{contest.slug}/monitor")
    assert stored().paused_at is not None
    assert gate(contest)["paused"] == "1"
    assert events("play.pause")[0].detail == {"reason": "学校 断网"}
    assert events("play.pause")[0].actor_name == "olga"
    page = organiser.get(f"/play/{contest.slug}/monitor").text
    assert "已暂停" in page
    assert "竞赛已暂停。" in page
    newer = [answer | {"seq": 2} for answer in answers]
    assert call(client, "PUT", f"/attempts/{attempt}/answers", {"answers": newer}, token)["code"] == "paused"

    assert act(organiser, "resume").status_code == 303
    assert stored().paused_at is None
    assert gate(contest)["paused"] == "0"
    assert len(events("play.resume")) == 1
    assert "stored" in call(client, "PUT", f"/attempts/{attempt}/answers", {"answers": newer}, token)


def test_extending_moves_the_end_in_the_contests_zone(organiser: FlaskClient) -> None:
    contest = publish(timezone="Asia/Urumqi")
    record()
    end = (contest.closes_at + timedelta(days=3)).replace(second=0, microsecond=0)
    page = organiser.get(f"/play/{contest.slug}/monitor/extend").text
    assert f'value="{local(contest.closes_at, "Asia/Urumqi")}"' in page
    assert act(organiser, "extend", closes_at=local(end, "Asia/Urumqi")).status_code == 303
    assert stored().closes_at == end
    assert gate(contest)["closes"] == str(to_ms(end))


def test_time_alone_can_be_given(client: FlaskClient, organiser: FlaskClient) -> None:
    contest = publish()
    enter(client, contest.slug)
    begin(client, contest.slug)
    end = contest.closes_at
    assert act(organiser, "extend", closes_at=local(end), gift="15").status_code == 303
    assert stored().closes_at == end
    assert db.session.get_one(ContestClock, contest.id).shift_ms == 15 * 60_000
    assert gate(contest)["shift"] == str(15 * 60_000)


def test_closing_needs_a_reason_and_a_confirmation(organiser: FlaskClient) -> None:
    contest = publish()
    record()
    end = contest.closes_at
    refused = act(organiser, "close", reason="")
    assert refused.status_code == 422
    assert "请写明原因" in refused.text
    assert "请先勾选确认" in refused.text
    assert stored().closes_at == end
    assert act(organiser, "close", reason="按通知提前结束", confirm="y").status_code == 303
    assert stored().closes_at <= utc_now()
    assert events("play.close")[0].detail["reason"] == "按通知提前结束"
    assert "已结束" in organiser.get(f"/play/{contest.slug}/monitor").text


def test_a_closed_contest_can_be_opened_again_by_extending(organiser: FlaskClient) -> None:
    contest = publish()
    act(organiser, "close", reason="误操作", confirm="y")
    page = organiser.get(f"/play/{contest.slug}/monitor/extend").text
    assert "竞赛会重新开放" in page
    assert "加时" not in page.split("会发生什么")[1].split("page-acts")[0]
    end = (utc_now() + timedelta(days=1)).replace(second=0, microsecond=0)
    assert act(organiser, "extend", closes_at=local(end)).status_code == 303
    assert stored().closes_at == end


@pytest.mark.parametrize(("typed", "capacity"), [("300", 300), ("", None)])
def test_the_capacity_is_changed(organiser: FlaskClient, typed: str, capacity: int | None) -> None:
    contest = publish(capacity=7)
    record()
    assert act(organiser, "capacity", capacity=typed).status_code == 303
    assert stored().capacity == capacity
    assert gate(contest)["capacity"] == str(capacity or 0)


# Bad input


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"closes_at": "2020-01-01T08:00"}, "新的结束时间要晚于现在，也要晚于原来的结束时间"),
        ({"closes_at": "{sooner}"}, "新的结束时间要晚于现在，也要晚于原来的结束时间"),
        ({"closes_at": "2099-01-01T08:00"}, "一场竞赛最长 366 天"),
        ({"closes_at": "9999-12-31T23:59"}, "一场竞赛最长 366 天"),
        ({"closes_at": "0001-01-01T00:00"}, "夏令时"),
        ({"closes_at": "明天"}, "请填写日期和时间"),
        ({"closes_at": "2026-02-30T08:00"}, "没有这样的日期或时间"),
        ({}, "请填写新的结束时间，或给正在答题的人加时"),
        ({"gift": "0"}, "加时请填 1 到 180 分钟"),
        ({"gift": "181"}, "加时请填 1 到 180 分钟"),
        ({"gift": "一刻钟"}, "请填写整数"),
        ({"gift": "99999999999999999999"}, "请填写整数"),
    ],
)
def test_a_bad_extension_is_told_at_its_field_and_changes_nothing(
    organiser: FlaskClient, fields: dict[str, str], words: str
) -> None:
    contest = publish()
    end, version = contest.closes_at, contest.lock_version
    sent = {name: text.format(sooner=local(end - timedelta(hours=1))) for name, text in fields.items()}
    response = act(organiser, "extend", **sent)
    assert response.status_code == 422
    assert words in response.text
    name = next(iter(fields), "closes_at")
    assert f'id="{name}-error"' in response.text
    assert (stored().closes_at, stored().lock_version) == (end, version)
    assert events("play.extend") == []


def test_an_end_that_the_clocks_leave_out_is_refused(organiser: FlaskClient) -> None:
    opens = datetime(2027, 3, 1, tzinfo=UTC)
    publish(timezone="Europe/Berlin", opens_at=opens, closes_at=opens + timedelta(days=3))
    response = act(organiser, "extend", closes_at="2027-03-28T02:30")
    assert response.status_code == 422
    assert "这一时刻因夏令时调整而不存在" in response.text
    assert act(organiser, "extend", closes_at="2027-03-28T03:30").status_code == 303
    assert stored().closes_at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reason", "words"),
    [("", "请写明原因"), ("  ", "请写明原因"), ("长" * 201, "原因最多 200 个字"), ("断\x00网", "控制字符")],
)
def test_a_bad_reason_pauses_nothing(organiser: FlaskClient, reason: str, words: str) -> None:
    publish()
    response = act(organiser, "pause", reason=reason)
    assert response.status_code == 422
    assert words in response.text
    assert stored().paused_at is None
    assert events("play.pause") == []


@pytest.mark.parametrize("typed", ["0", "-3", "1000001", "许多", "1.5"])
def test_a_bad_capacity_changes_nothing(organiser: FlaskClient, typed: str) -> None:
    publish(capacity=7)
    response = act(organiser, "capacity", capacity=typed)
    assert response.status_code == 422
    assert 'id="capacity-error"' in response.text
    assert stored().capacity == 7


@pytest.mark.parametrize("name", ACTS)
def test_an_act_on_what_a_colleague_has_changed_is_refused(organiser: FlaskClient, name: str) -> None:
    contest = publish()
    end = contest.closes_at
    fields = {"reason": "停电", "confirm": "y", "capacity": "5", "closes_at": local(end + timedelta(days=1))}
    response = act(organiser, name, lock_version=contest.lock_version - 1, **fields)
    assert response.status_code == 303
    assert "另一位同事修改了这场竞赛" in organiser.get(f"/play/{contest.slug}/monitor").text
    assert (stored().closes_at, stored().paused_at, stored().capacity) == (end, None, None)


@pytest.mark.parametrize("name", ["pause", "capacity", "close", "resume"])
def test_an_act_that_makes_no_sense_any_more_is_not_offered(organiser: FlaskClient, name: str) -> None:
    contest = publish()
    contest.closes_at = utc_now() - timedelta(minutes=1)
    db.session.commit()
    assert "不需要也不能做这一步" in organiser.get(f"/play/{contest.slug}/monitor/{name}").text
    assert f"monitor/{name}" not in organiser.get(f"/play/{contest.slug}/monitor").text
