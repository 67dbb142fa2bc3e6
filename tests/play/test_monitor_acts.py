"""The acts on a running contest: what they say before, what they do, and what they refuse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from quizapp.core.clock import to_ms, utc_now
from quizapp.core.db import db
from quizapp.play.models import ContestClock
from tests.play.monitoring import (
    ACTS,
    act,
    begin,
    call,
    enter,
    events,
    gate,
    local,
    publish,
    record,
    stored,
)

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
