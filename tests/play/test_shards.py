"""A contest in three shards is one contest: sums, boards, acts and corrections, also when something breaks off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from quizapp.contests.correcting import KEY
from quizapp.contests.models import Contest
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.live import Live, LiveStoreDown, get_live
from quizapp.leaderboards.rules import in_order, pack, placed
from quizapp.play import actions, correcting, figures, rescoring, rules, state
from quizapp.play.jobs import Recorder
from quizapp.play.models import Attempt, LiveSample, RecorderPosition
from quizapp.play.state import Shard
from quizapp.play.verify import verify
from tests.jobs import do_jobs
from tests.play.makers import Phone, kit_of, make_contest, record_all, turn

API = "/api/v1/contests/autumn"


@pytest.fixture
def contest(app: Flask) -> Contest:
    """Three single-choice questions on every paper."""
    return make_contest(kinds={"single": 3}, count=3, shards=3)


@pytest.fixture
def crowd(contest: Contest, client: FlaskClient) -> list[Phone]:
    return crowd_of(contest, client)


def crowd_of(contest: Contest, client: FlaskClient) -> list[Phone]:
    """Two phones of each shard with an open attempt, shard by shard."""
    found: dict[Shard, list[Phone]] = {shard: [] for shard in contest.shards}
    number = 0
    while any(len(phones) < 2 for phones in found.values()):
        phone, number = Phone(client), number + 1
        phone.enter(f"人{number}")
        phones = found[contest.shards.of(phone.entry)]
        if len(phones) < 2:
            assert phone.begin().status_code == 201
            phones.append(phone)
    return [phone for phones in found.values() for phone in phones]


def gates(contest: Contest) -> list[dict[str, str]]:
    return [state.read_gate_fields(get_live(), shard) for shard in contest.shards]


def codes(phones: list[Phone]) -> list[int]:
    return [phone.send().status_code for phone in phones]


def dies_at(call: int, act: Callable[..., Any], error: type[BaseException] = KeyboardInterrupt) -> Callable[..., Any]:
    """`act` that dies at a call, and never comes to life again."""
    calls = 0

    def dying(*args: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls >= call:
            raise error
        return act(*args, **more)

    return dying


# One contest


def test_a_whole_contest_in_three_shards(contest: Contest, crowd: list[Phone], client: FlaskClient) -> None:
    kit = kit_of(contest)
    for number in range(20):
        assert client.post(f"{API}/visits", headers={"X-Visitor": f"visitor-{number:016}"}).status_code == 204
    turn()
    for number, phone in enumerate(crowd):
        phone.send(*(phone.right(kit, place) for place in range(1 + number % 2)))
    for phone in crowd[:5]:
        assert phone.finish().status_code == 200
    turn()
    record_all(contest)
    assert verify(contest=contest) == []
    pulse = figures.pulse(get_live(), contest.shards)
    assert (pulse.begun, pulse.finished, pulse.playing, pulse.peak) == (6, 5, 1, 6)
    assert (pulse.visits, pulse.visitors, pulse.answers) == (20, 20, 9)
    assert {shard.number for shard in map(contest.shards.of, (phone.entry for phone in crowd))} == {0, 1, 2}
    board = client.get(f"{API}/boards/overall?top=4", headers={"Authorization": f"Bearer {crowd[4].token}"}).json
    ended = select(Attempt.person, Attempt.score_hundredths, Attempt.duration_ms).where(Attempt.finish.is_not(None))
    ranks = [(person, pack(score_hundredths=s, duration_ms=d)) for person, s, d in db.session.execute(ended)]
    expected = [(place, person) for place, person, _packed in placed(in_order(ranks))]
    own = {phone.entry: phone for phone in crowd}
    assert [(row["place"], row["name"]) for row in board["rows"]] == [
        (place, figures.state.names(get_live(), contest.shards, people=[person])[person])
        for place, person in expected[:4]
    ]
    assert board["people"] == 5
    assert {person: own[person].look().json["place"] for _place, person in expected} == {
        person: place for place, person in expected
    }
    assert board["own"]["place"] == {person: place for place, person in expected}[crowd[4].entry]


def test_each_shard_keeps_its_own_figures_of_the_minute(
    contest: Contest, crowd: list[Phone], client: FlaskClient
) -> None:
    for number in range(12):
        client.post(f"{API}/visits", headers={"X-Visitor": f"visitor-{number:016}"})
    turn()
    turn()
    samples = db.session.scalars(select(LiveSample).order_by(LiveSample.shard)).all()
    assert [sample.shard for sample in samples] == [0, 1, 2]
    assert sum(sample.visits for sample in samples) == sum(sample.visitors for sample in samples) == 12
    assert [sample.playing for sample in samples] == [2, 2, 2]
    assert [sample.peak for sample in samples] == [6, 6, 6]


def test_one_lost_shard_comes_back_without_the_others(
    contest: Contest, crowd: list[Phone], client: FlaskClient
) -> None:
    for number in range(12):
        client.post(f"{API}/visits", headers={"X-Visitor": f"visitor-{number:016}"})
    turn()
    before = gates(contest)
    lost = list(contest.shards)[1]
    for keys in state.stored_keys(get_live(), lost):
        get_live().command("UNLINK", *keys)
    get_live().command("DEL", state.keys_of(lost)[0])
    assert codes(crowd) == [200, 200, 503, 503, 200, 200]
    assert client.get(f"{API}/pulse").status_code == 503, "a part of the figures would be wrong"
    turn()
    assert codes(crowd) == [200] * 6
    assert [new["lineage"] == old["lineage"] for new, old in zip(gates(contest), before, strict=True)] == [
        True,
        False,
        True,
    ]
    record_all(contest)
    assert verify(contest=contest) == []
    assert client.get(f"{API}/pulse").json["visits"] == 12


def test_a_person_in_the_wrong_shard_is_found(contest: Contest, crowd: list[Phone]) -> None:
    record_all(contest)
    assert verify(contest=contest) == []
    db.session.execute(update(Attempt).where(Attempt.person == crowd[0].entry).values(shard=1))
    db.session.commit()
    assert f"{crowd[0].entry} shard" in {one.subject for one in verify(contest=contest)}


def test_a_board_put_together_wrongly_is_found(
    contest: Contest, crowd: list[Phone], monkeypatch: pytest.MonkeyPatch
) -> None:
    for phone in crowd:
        phone.finish()
    record_all(contest)
    assert verify(contest=contest) == []
    monkeypatch.setattr("quizapp.leaderboards.state.rules.in_order", lambda rows: rows)
    assert {(one.what, one.subject) for one in verify(contest=contest)} == {("board", "merged top")}


def test_a_contest_is_kept_until_its_last_shard_is_settled(contest: Contest, crowd: list[Phone]) -> None:
    past = utc_now() - timedelta(hours=2)
    db.session.execute(update(Contest).values(opens_at=past - timedelta(hours=1), closes_at=past))
    db.session.commit()
    turn()
    assert {phone.look().json["finish"] for phone in crowd} == {"expired"}
    settled = select(func.count()).where(RecorderPosition.is_settled.is_(True))
    db.session.execute(update(RecorderPosition).where(RecorderPosition.shard != 2).values(is_settled=True))
    db.session.commit()
    keeper = turn()
    assert db.session.scalar(settled) == 3
    keeper = Recorder(get_live(), wait_ms=0)
    keeper.turn(utc_now())
    assert keeper.positions == {}


# The waiting room


def test_seats_are_split_and_everybody_is_let_in_in_the_order_of_the_shard(app: Flask, client: FlaskClient) -> None:
    contest = make_contest(capacity=300, shards=3)
    db.session.execute(update(Contest).values(capacity=4))
    db.session.commit()
    turn()
    assert [gate["capacity"] for gate in gates(contest)] == ["2", "1", "1"]
    queue: list[Phone] = []
    playing: list[Phone] = []
    while len(queue) < 4:
        phone = Phone(client)
        phone.enter(f"人{len(queue) + len(playing)}")
        if contest.shards.of(phone.entry).number == 1:
            response = phone.begin()
            (queue if response.status_code == 202 else playing).append(phone)
    assert len(playing) == 1
    assert [phone.begin().json["place"] for phone in queue] == [1, 4, 7, 10]
    playing[0].finish()
    assert queue[1].begin().json["place"] == 4
    assert queue[0].begin().status_code == 201
    assert queue[1].begin().json["place"] == 1


@pytest.mark.parametrize(("place", "shards", "told"), [(1, 1, 1), (9, 1, 9), (1, 3, 1), (2, 3, 4)])
def test_the_place_told_is_about_that_of_the_whole_queue(place: int, shards: int, told: int) -> None:
    assert rules.queue_place(place=place, shards=shards) == told


# Acts


def test_an_act_that_breaks_off_between_two_gates_is_finished_by_the_recorder(
    contest: Contest, crowd: list[Phone], monkeypatch: pytest.MonkeyPatch
) -> None:
    record_all(contest)
    with monkeypatch.context() as patched:
        patched.setattr(state, "write_gate", dies_at(2, state.write_gate, LiveStoreDown))
        actions.pause(contest=contest, actor=None, now=utc_now() - timedelta(minutes=3))
        db.session.commit()
    assert codes(crowd) == [503, 503, 200, 200, 200, 200]
    turn()
    assert codes(crowd) == [503] * 6
    contest = db.session.get_one(Contest, 1)
    with monkeypatch.context() as patched:
        patched.setattr(state, "write_gate", dies_at(2, state.write_gate, LiveStoreDown))
        actions.resume(contest=contest, actor=None, now=utc_now())
        db.session.commit()
    assert codes(crowd) == [200, 200, 503, 503, 503, 503]
    turn()
    assert codes(crowd) == [200] * 6
    left = [phone.send().json["remaining_ms"] for phone in crowd]
    assert max(left) - min(left) < 60_000 and min(left) > 10 * 60_000, "the pause was given back to everybody"
    assert all(int(gate["reopened"]) > 0 for gate in gates(contest)), "everybody may send again what was kept"
    record_all(contest)
    assert verify(contest=contest) == []


def test_a_gift_of_time_and_a_later_end_reach_all_shards(contest: Contest, crowd: list[Phone]) -> None:
    actions.extend(
        contest=contest,
        actor=None,
        now=utc_now(),
        gift=timedelta(minutes=5),
        closes_at=contest.closes_at + timedelta(hours=1),
    )
    db.session.commit()
    assert all(phone.send().json["remaining_ms"] > 800_000 for phone in crowd)
    assert len({gate["closes"] for gate in gates(contest)}) == 1
    record_all(contest)
    assert verify(contest=contest) == []


# Corrections


def ask(contest: Contest) -> int:
    """The right answer of the first question, A so far, is B."""
    correction = correcting.ask(
        contest=contest,
        question_id=1,
        what=KEY,
        key=["B"],
        reason="题目有误",
        lock_version=contest.lock_version,
        actor=None,
        now=utc_now(),
    )
    db.session.commit()
    return correction.id


def choose(phone: Phone, kit: Any, option: str) -> None:
    text = dict(kit.questions[1].options)[option]
    shown = next(one for one in phone.sheet["questions"] if one["id"] == 1)
    key = next(one["key"] for one in shown["options"] if one["text"] == text)
    assert phone.send(phone.give(1, [key])).status_code == 200


def half_right(contest: Contest, crowd: list[Phone]) -> None:
    """In each shard one chooses A and hands in, the other chooses B and plays on."""
    kit = kit_of(contest)
    for number, phone in enumerate(crowd):
        choose(phone, kit, "AB"[number % 2])
        if number % 2 == 0:
            assert phone.finish().json["score"] == 10


def assert_corrected(contest: Contest, crowd: list[Phone]) -> None:
    assert [phone.look().json["score"] for phone in crowd[::2]] == [0, 0, 0]
    assert [phone.finish().json["score"] for phone in crowd[1::2]] == [10, 10, 10]
    record_all(contest)
    assert verify(contest=contest) == []


def correct_and_die(contest: Contest, monkeypatch: pytest.MonkeyPatch, *, step: str, call: int) -> None:
    """Carry a correction out in a process that dies at a call of one of its steps."""
    correction = ask(contest)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(rescoring, step, dies_at(call, getattr(rescoring, step)))
        rescoring.rescore(correction, now=utc_now(), tell=lambda _done, _total: None)
    db.session.rollback()


def let_locks_run_out(contest: Contest) -> None:
    """As if the time of the dead process's locks were over."""
    for shard in contest.shards:
        get_live().command("DEL", state.base_of(shard) + "rebuilding")


def test_a_correction_shuts_all_doors_before_it_marks_anew(
    contest: Contest, crowd: list[Phone], monkeypatch: pytest.MonkeyPatch
) -> None:
    half_right(contest, crowd)
    ask(contest)
    shards = contest.shards
    db.session.rollback()
    seen: list[Any] = []

    def looking(name: str) -> Callable[..., Any]:
        act = getattr(rescoring, name)

        def look_and_act(*args: Any, **more: Any) -> Any:
            waiting = sum(state.count_events(get_live(), shard) for shard in shards)
            seen.append((name, [state.has_gate(get_live(), shard) for shard in shards], waiting))
            return act(*args, **more)

        return look_and_act

    for name in ("_apply", "_bring_in_line"):
        monkeypatch.setattr(rescoring, name, looking(name))
    assert do_jobs(rescoring.KINDS) == 1
    assert {name for name, _gates, _waiting in seen} == {"_apply", "_bring_in_line"}
    assert all(doors == [False] * 3 and waiting == 0 for _name, doors, waiting in seen)
    assert_corrected(contest, crowd)


def test_a_correction_that_dies_between_two_doors_is_finished_by_the_recorder(
    contest: Contest, crowd: list[Phone], monkeypatch: pytest.MonkeyPatch
) -> None:
    half_right(contest, crowd)
    correct_and_die(contest, monkeypatch, step="_open_doors", call=2)
    assert codes(crowd) == [409, 200, 503, 503, 503, 503]
    let_locks_run_out(contest)
    turn()
    assert codes(crowd[1::2]) == [200] * 3
    assert_corrected(contest, crowd)


def test_a_correction_that_dies_while_it_shuts_doors_has_changed_nothing(
    contest: Contest, crowd: list[Phone], monkeypatch: pytest.MonkeyPatch
) -> None:
    half_right(contest, crowd)
    correct_and_die(contest, monkeypatch, step="_shut", call=3)
    assert [bool(gate) for gate in gates(contest)] == [False, False, True]
    let_locks_run_out(contest)
    turn()
    assert verify(contest=contest) == []
    assert codes(crowd[1::2]) == [200] * 3
    assert do_jobs(rescoring.KINDS) == 1
    assert_corrected(contest, crowd)


def test_a_correction_takes_all_locks_or_none(
    contest: Contest, crowd: list[Phone], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one shard is somebody else's, the people of the others play on."""
    half_right(contest, crowd)
    correction = ask(contest)
    last = list(contest.shards)[2]
    assert state.lock_for_rebuild(get_live(), last, token="somebody")
    monkeypatch.setattr(rescoring, "PATIENCE_SECONDS", 0.3)
    with pytest.raises(rescoring.TakenOver):
        rescoring.rescore(correction, now=utc_now(), tell=lambda _done, _total: None)
    assert codes(crowd[1::2]) == [200] * 3
    for shard in list(contest.shards)[:2]:
        assert state.lock_for_rebuild(get_live(), shard, token="another")
        state.unlock(get_live(), shard, token="another")
    state.unlock(get_live(), last, token="somebody")
    assert do_jobs(rescoring.KINDS) == 1
    assert_corrected(contest, crowd)


# What waits for the close


def test_results_wait_for_the_last_shard_that_takes_answers(app: Flask, client: FlaskClient) -> None:
    """A shard whose doors were shut by an outage takes answers a while longer; nobody may know the keys by then."""
    contest = make_contest(kinds={"single": 3}, count=3, shards=3, feedback_time="after_close")
    crowd = crowd_of(contest, client)
    for phone in crowd:
        phone.finish()
    for shard in contest.shards:
        state.write_gate(get_live(), shard, ["closes", 1])
    assert all(phone.look().json["review"] for phone in crowd)
    assert not figures.board(get_live(), contest.shards, board="overall", top=5).is_hidden
    last = list(contest.shards)[2]
    for is_paused in (1, 0):
        state.write_gate(get_live(), last, ["paused", is_paused])
    assert not any(phone.look().json["review"] for phone in crowd)
    assert figures.board(get_live(), contest.shards, board="overall", top=6).is_hidden
    get_live().command("DEL", state.keys_of(last)[0])
    assert not any(phone.look().json["review"] for phone in crowd[:4]), "what cannot be asked might take answers"


# A server that is away


def cut_off(shard: Shard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server of a shard does not reply from now on."""
    command = Live.command

    def command_or_fail(self: Live, *words: Any, **more: Any) -> Any:
        if any(f"{{c{shard.contest_id}.{shard.number}}}" in str(word) for word in words):
            raise LiveStoreDown
        return command(self, *words, **more)

    monkeypatch.setattr(Live, "command", command_or_fail)


def test_the_other_shards_play_on_and_are_recorded(
    contest: Contest, crowd: list[Phone], client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(list(contest.shards)[1], monkeypatch)
    assert codes(crowd) == [200, 200, 503, 503, 200, 200]
    result = crowd[0].finish()
    assert (result.status_code, result.json["score"], result.json["place"]) == (200, 0, None)
    assert crowd[2].finish().status_code == 503
    for name in ("pulse", "boards/overall"):
        assert client.get(f"{API}/{name}").status_code == 503
    assert client.get("/play/autumn").status_code == 200
    actions.pause(contest=contest, actor=None, now=utc_now())
    db.session.commit()
    assert codes(crowd[4:]) == [503, 503]
    turn()
    recorded = select(Attempt.shard, func.count(), func.count(Attempt.finish)).group_by(Attempt.shard)
    assert [tuple(row) for row in db.session.execute(recorded.order_by(Attempt.shard))] == [(0, 2, 1), (2, 2, 0)]


def test_a_shard_that_goes_away_between_two_duties_holds_up_no_other(
    contest: Contest, crowd: list[Phone], monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Recorder(get_live(), wait_ms=0)
    keeper.turn(utc_now())
    contest = db.session.get_one(Contest, 1)
    shards, kit = list(contest.shards), kit_of(contest)
    for phone in crowd:
        phone.send(phone.right(kit, 0))
    cut_off(shards[1], monkeypatch)
    keeper.turn(utc_now())
    assert [state.count_events(get_live(), shard) for shard in (shards[0], shards[2])] == [0, 0]
