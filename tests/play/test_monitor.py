"""The organisers' pages of a running contest: who may see them, and what they show."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from quizapp.accounts.models import Headcount, Unit, User
from quizapp.contests.models import Contest, Entry
from quizapp.core.clock import to_ms, utc_now
from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.play import recount, state, totals
from quizapp.play.models import Attempt, RecorderPosition
from quizapp.play.state import Shard
from tests.cast import sign_in
from tests.play.monitoring import (
    ACTS,
    act,
    begin,
    call,
    enter,
    figures,
    hand_in,
    local,
    publish,
    record,
    stored,
)

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


@pytest.mark.usefixtures("nothing_kept")
def test_a_board_that_is_counted_anew_is_said_to_be(client: FlaskClient, organiser: FlaskClient) -> None:
    contest = publish()
    enter(client, contest.slug)
    hand_in(client, contest.slug)
    recount.note_lost(get_live(), Shard(contest.id, 0))
    page = organiser.get(f"/play/{contest.slug}/monitor").text
    assert "排行榜正在重新统计" in page
    assert "小王" not in page


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
