"""A pause that the end of the contest passes in: nothing is lost, and somebody says how it goes on."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient

from quizapp.cli import main
from quizapp.contests import queries
from quizapp.contests.models import Contest
from quizapp.core.clock import to_ms, utc_now
from quizapp.core.db import db
from quizapp.core.errors import Invalid
from quizapp.core.live import LiveStoreDown, get_live
from quizapp.play import actions, figures, rules, state, wide_state
from quizapp.play.verify import verify
from tests.play.makers import Phone, kit_of, make_contest, record_all, turn
from tests.play.monitoring import act, events, local, stored

MINUTE = timedelta(minutes=1)


@pytest.fixture(params=[1, 3])
def contest(app: Flask, request: pytest.FixtureRequest) -> Contest:
    return make_contest(shards=request.param, feedback="explanations", feedback_time="after_close")


@pytest.fixture
def phones(contest: Contest, client: FlaskClient) -> tuple[Phone, Phone]:
    """One has handed in, one has an answer stored; then comes the pause, and the end in it."""
    done, open_ = Phone(client), Phone(client)
    for name, phone in (("交了", done), ("没交", open_)):
        phone.enter(name)
        phone.begin()
        phone.send(phone.right(kit_of(contest), 0))
    done.finish()
    outlast(contest)
    return done, open_


def outlast(contest: Contest) -> None:
    """Pause the contest, let its end pass, and bring the gates up to date."""
    actions.pause(contest=contest, actor=None, now=utc_now())
    assert contest.paused_at
    contest.closes_at = contest.paused_at + timedelta(milliseconds=1)
    db.session.commit()
    turn()


def let_the_minute_pass(contest: Contest) -> None:
    """As if it had gone on a minute ago: phones have had their time to send again."""
    for shard in contest.shards:
        state.write_gate(get_live(), shard, ["reopened", to_ms(utc_now()) - rules.OUTAGE_WAIT_MS - 1])


def test_it_stays_paused_for_everybody(
    contest: Contest, phones: tuple[Phone, Phone], client: FlaskClient, organiser: FlaskClient
) -> None:
    done, open_ = phones
    assert queries.stage_of(contest, now=utc_now()) == "paused"
    assert client.get("/api/v1/contests/autumn").json["stage"] == "paused"
    assert open_.send(open_.right(kit_of(contest), 1)).json["code"] == "paused"
    assert open_.look().json["state"] == "open"
    assert Phone(client).enter("新来").status_code == 201
    assert done.look().json["score"] is None
    page = client.get("/play/autumn").text
    assert "原定的结束时间已经过了" in page
    assert "看排行榜" not in page
    monitor = organiser.get("/play/autumn/monitor").text
    assert "要接着答，请点“恢复”" in monitor
    assert [name for name in ("pause", "resume", "extend", "close") if f"monitor/{name}" in monitor] == [
        "resume",
        "extend",
        "close",
    ]
    assert organiser.get("/play/autumn/monitor/figures").json["stage"] == "paused"


def test_resuming_asks_for_a_new_end_and_proposes_one(
    contest: Contest, phones: tuple[Phone, Phone], organiser: FlaskClient
) -> None:
    page = organiser.get("/play/autumn/monitor/resume").text
    paused_for = utc_now() - (contest.paused_at or utc_now())
    assert local(contest.closes_at + paused_for + MINUTE) in page
    assert "不想再继续" in page
    assert "选填" not in page
    for sent in ({"closes_at": ""}, {}, {"closes_at": "2020-01-01T08:00"}):
        refused = act(organiser, "resume", **sent)
        assert (refused.status_code, refused.text.count('id="closes_at-error"')) == (422, 1)
    for closes_at in (None, contest.closes_at, utc_now() - MINUTE, utc_now() + timedelta(days=400)):
        with pytest.raises(Invalid):
            actions.resume(contest=stored(), actor=None, now=utc_now(), closes_at=closes_at)
    assert stored().paused_at is not None


def test_after_resuming_papers_go_on_with_the_time_they_had(
    contest: Contest, phones: tuple[Phone, Phone], client: FlaskClient, organiser: FlaskClient
) -> None:
    _done, open_ = phones
    end = (utc_now() + timedelta(hours=1)).replace(second=0, microsecond=0)
    assert act(organiser, "resume", closes_at=local(end)).status_code == 303
    assert (stored().paused_at, stored().closes_at) == (None, end)
    assert events("play.resume")[0].detail.keys() == {"closes_before", "closes", "paused_ms"}
    assert 590_000 < open_.send(open_.right(kit_of(contest), 1)).json["remaining_ms"] <= 600_000
    other = Phone(client)
    other.enter("后来")
    assert other.begin().status_code == 201
    assert open_.finish().json["finish"] == "handed_in"
    record_all(contest)
    assert verify(contest=contest) == []


def test_extending_first_and_resuming_then_comes_to_the_same(
    contest: Contest, phones: tuple[Phone, Phone], organiser: FlaskClient
) -> None:
    _done, open_ = phones
    gift = act(organiser, "extend", gift="5", closes_at=local(contest.closes_at))
    assert "加时要同时延长" in gift.text
    assert "恢复以后才能答题" in organiser.get("/play/autumn/monitor/extend").text
    assert act(organiser, "extend", closes_at=local(utc_now() + timedelta(hours=1))).status_code == 303
    assert open_.send().json["code"] == "paused"
    assert 'name="closes_at"' not in organiser.get("/play/autumn/monitor/resume").text
    assert act(organiser, "resume").status_code == 303
    assert open_.send().json["remaining_ms"] > 590_000


def test_after_closing_everything_settles_and_results_appear(
    app: Flask, contest: Contest, phones: tuple[Phone, Phone], organiser: FlaskClient, nothing_kept: None
) -> None:
    app.config["PLAY_OUTAGE_WAIT_MS"] = rules.OUTAGE_WAIT_MS
    done, open_ = phones
    end = contest.closes_at
    assert "结束时间仍是原定的" in organiser.get("/play/autumn/monitor/close").text
    assert act(organiser, "close", reason="不再继续", confirm="y").status_code == 303
    assert (stored().paused_at, stored().closes_at) == (None, end)
    assert queries.stage_of(stored(), now=utc_now()) == "closed"
    # For a minute phones send what they could not; nobody is told anything by then.
    turn(rules.OUTAGE_WAIT_MS)
    assert open_.send(open_.right(kit_of(contest), 1)).status_code == 200
    assert done.look().json["score"] is None
    stored().closes_at -= timedelta(milliseconds=rules.GRACE_MS)
    db.session.commit()
    let_the_minute_pass(contest)
    turn()
    result = open_.look().json
    assert (result["finish"], result["score"], result["answered"]) == ("expired", 20, 2)
    assert len(result["review"]) == 5
    assert done.look().json["score"] == 10
    assert not figures.board(get_live(), contest.shards, board="overall", top=5).is_hidden
    record_all(contest)
    assert verify(contest=stored()) == []


def test_time_after_the_end_is_not_taken_off_the_time_used(app: Flask, client: FlaskClient) -> None:
    """Begun 40 minutes ago, paused 30 minutes ago, over 20 minutes ago: ten minutes were used, and not none."""
    contest = make_contest(limit_seconds=3600)
    phone, shard, now = Phone(client), contest.shards.of(""), utc_now()
    phone.enter()
    phone.begin()
    started = {"s": to_ms(now - 40 * MINUTE), "e": to_ms(now + 20 * MINUTE)}
    for name, moment in started.items():
        get_live().command("HSET", state.attempt_key(shard, phone.attempt), name, moment)
    actions.pause(contest=contest, actor=None, now=now - 30 * MINUTE)
    contest.closes_at = now - 20 * MINUTE
    db.session.flush()
    actions.close(contest=contest, actor=None, now=now)
    db.session.commit()
    let_the_minute_pass(contest)
    turn()
    result = phone.look().json
    assert (result["finish"], result["duration_ms"]) == ("expired", 10 * 60_000)
    assert result["finished_at"][:19] == contest.closes_at.isoformat()[:19]


def test_the_command_line_goes_the_same_way(commands: None, client: FlaskClient) -> None:
    outlast(make_contest())

    def call(*words: str) -> Result:
        return CliRunner().invoke(main, ["contest", *words])

    assert json.loads(call("status", "autumn", "--json").stdout)["stage"] == "paused"
    refused = call("resume", "autumn")
    assert (refused.exit_code, "请填写新的结束时间" in refused.stderr) == (1, True)
    end = local(utc_now() + timedelta(days=2)).replace("T", " ")
    assert call("resume", "autumn", "--until", end).stdout.startswith(f"autumn: goes on until {end} ")
    outlast(stored())
    assert call("close", "autumn").exit_code == 0
    assert json.loads(call("status", "autumn", "--json").stdout)["stage"] == "closed"


def test_what_is_closed_without_a_pause_cannot_be_paused_or_closed_again(app: Flask) -> None:
    contest = make_contest()
    contest.closes_at = utc_now() - MINUTE
    db.session.flush()
    for refused in (actions.pause, actions.close):
        with pytest.raises(actions.AlreadyClosed):
            refused(contest=contest, actor=None, now=utc_now())


def test_who_has_paused_for_longer_than_a_contest_may_last_is_told_what_is_left(
    app: Flask, organiser: FlaskClient
) -> None:
    outlast(make_contest(limit_seconds=None))
    contest = stored()
    contest.opens_at = utc_now() - actions.longest(contest) - MINUTE
    db.session.commit()
    for end in (utc_now() + MINUTE, contest.opens_at + actions.longest(contest)):
        with pytest.raises(Invalid) as refused:
            actions.resume(contest=contest, actor=None, now=utc_now(), closes_at=end)
        assert "立即结束" in refused.value.fields["closes_at"]
        contest = stored()
    assert organiser.get("/play/autumn/monitor/resume").status_code == 200
    actions.close(contest=stored(), actor=None, now=utc_now())


def test_a_pause_is_measured_by_the_clock_that_decides(
    app: Flask, organiser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest, hour, told = make_contest(), timedelta(hours=1), utc_now() + 5 * MINUTE
    monkeypatch.setattr(actions, "utc_now", lambda: utc_now() + hour)
    assert abs(actions.moment_of_act(contest) - utc_now()) < MINUTE
    with monkeypatch.context() as patched:
        patched.setattr(wide_state, "time_of", lambda _live, _shard: told)
        assert act(organiser, "pause", reason="试试", confirm="y").status_code == 303
    assert stored().paused_at == told

    def away(*_arguments: object) -> None:
        raise LiveStoreDown

    monkeypatch.setattr(wide_state, "time_of", away)
    assert actions.moment_of_act(stored()) > utc_now() + hour - MINUTE


def test_a_pause_that_ends_before_it_began_takes_time_from_nobody(app: Flask) -> None:
    contest = make_contest()
    actions.pause(contest=contest, actor=None, now=utc_now() + MINUTE)
    actions.resume(contest=contest, actor=None, now=utc_now())
    db.session.commit()
    [shard] = contest.shards
    gate = state.read_gate_fields(get_live(), shard)
    assert (gate["shift"], gate["still"]) == ("0", "0")
