"""A key corrected and a question voided while people play: everything recorded and live agrees afterwards."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from quizapp.accounts.models import AuditEvent
from quizapp.bank.models import Question
from quizapp.contests.actions import StaleVersion
from quizapp.contests.correcting import KEY, VOID
from quizapp.contests.models import Contest
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.embedded import Valkey
from quizapp.core.errors import DomainError
from quizapp.core.live import get_live
from quizapp.core.settings import Settings
from quizapp.play import correcting, impact, rebuild, recorder, remarking, rescoring, state
from quizapp.play.models import Correction
from quizapp.play.state import Shard
from quizapp.play.verify import verify
from tests.conftest import empty
from tests.jobs import do_jobs
from tests.play.makers import Phone, kit_of, make_contest, record_all, turn


@pytest.fixture
def settings(settings_in_shards: Settings) -> Settings:
    """On each kind of database, in one shard and in three."""
    return settings_in_shards


def fixed(**changes: Any) -> Contest:
    """Three single-choice questions of 10 points on every paper; the right answer of each is A."""
    return make_contest(kinds={"single": 3}, count=3, **changes)


def ask(
    contest: Contest,
    question: int,
    what: str,
    key: list[Any] | None = None,
    reason: str = "题目有误",
    *,
    seen: int | None = None,
) -> int:
    """Ask for a correction by what the contest is now, or by an older version that was `seen`; returns its id."""
    db.session.refresh(contest)
    correction = correcting.ask(
        contest=contest,
        question_id=question,
        what=what,
        key=key or [],
        reason=reason,
        lock_version=contest.lock_version if seen is None else seen,
        actor=None,
        now=utc_now(),
    )
    db.session.commit()
    return correction.id


def letter(phone: Phone, question: int, option: str) -> list[str]:
    """The letter under which a phone shows an option of the bank."""
    contest = db.session.scalar(select(Contest))
    assert contest
    text = dict(kit_of(contest).questions[question].options)[option]
    shown = next(one for one in phone.sheet["questions"] if one["id"] == question)
    return [next(one["key"] for one in shown["options"] if one["text"] == text)]


def begun(client: FlaskClient, name: str) -> Phone:
    phone = Phone(client)
    phone.enter(name)
    phone.begin()
    return phone


def answer(phone: Phone, **options: str) -> None:
    """answer(phone, q1="A", q2="B")."""
    given = [phone.give(int(name[1:]), letter(phone, int(name[1:]), option)) for name, option in options.items()]
    assert phone.send(*given).status_code == 200


def score(phone: Phone) -> int:
    return int(phone.look().json["score"])


def uses(question: int) -> tuple[int, int]:
    row = db.session.execute(select(Question.times_answered, Question.times_right).where(Question.id == question)).one()
    return row[0], row[1]


def test_a_corrected_key_reaches_what_is_recorded_unrecorded_and_open(app: Flask, client: FlaskClient) -> None:
    contest = fixed()
    first, second, third = (begun(client, name) for name in ("甲", "乙", "丙"))
    answer(first, q1="A", q2="A")
    first.finish()
    record_all(contest)
    answer(second, q1="B", q2="A")
    second.finish()
    answer(third, q1="B", q3="A")
    assert [score(first), score(second)] == [20, 20 - 10]
    times = [phone.look().json["duration_ms"] for phone in (first, second)]
    made = ask(contest, 1, KEY, ["B"])
    assert do_jobs(rescoring.KINDS) == 1
    assert verify(contest=contest) == []
    assert [score(first), score(second)] == [10, 20]
    assert [phone.look().json["duration_ms"] for phone in (first, second)] == times
    assert third.finish().json["score"] == 20
    record_all(contest)
    assert verify(contest=contest) == []
    assert uses(1) == (3, 2)
    correction = db.session.get_one(Correction, made)
    assert (correction.outcome["papers"], correction.outcome["open"]) == (3, 1)
    assert (correction.outcome["raised"], correction.outcome["lowered"]) == (1, 1)
    board = client.get("/api/v1/contests/autumn/boards/overall").json["rows"]
    assert [row["score"] for row in board] == [20, 20, 10]


def test_an_open_paper_is_told_of_a_voided_question(app: Flask, client: FlaskClient) -> None:
    contest = fixed()
    phone = begun(client, "甲")
    assert "voided" not in phone.send().json
    ask(contest, 1, VOID)
    do_jobs(rescoring.KINDS)
    heartbeat, answered = phone.send(), phone.send(phone.give(2, letter(phone, 2, "A")))
    assert heartbeat.json["voided"] == answered.json["voided"] == [1]
    assert phone.begin().json["voided"] == phone.look().json["voided"] == [1]
    assert "right" not in heartbeat.get_data(as_text=True)


def test_a_voided_question_gives_everybody_its_points(app: Flask, client: FlaskClient) -> None:
    contest = fixed(pass_mark_hundredths=2000)
    right, wrong, silent, later = (begun(client, name) for name in ("甲", "乙", "丙", "丁"))
    answer(right, q1="A", q2="A", q3="A")
    right.finish()
    answer(wrong, q1="B", q2="A")
    wrong.finish()
    silent.finish()
    answer(later, q1="B")
    record_all(contest)
    assert uses(1) == (2, 1)
    ask(contest, 1, VOID)
    do_jobs(rescoring.KINDS)
    assert verify(contest=contest) == []
    assert [score(phone) for phone in (right, wrong, silent)] == [30, 20, 10]
    assert [phone.look().json["right"] for phone in (right, wrong, silent)] == [3, 2, 1]
    answer(later, q1="A", q2="A")
    assert later.finish().json["score"] == 20
    after = begun(client, "戊")
    answer(after, q1="B", q2="A", q3="A")
    assert after.finish().json["score"] == 30
    record_all(contest)
    assert verify(contest=contest) == []
    assert uses(1) == (0, 0)


def test_a_voided_question_is_drawn_no_more_where_the_pool_allows_it(app: Flask, client: FlaskClient) -> None:
    contest = make_contest(kinds={"single": 4}, count=3)
    ask(contest, 2, VOID)
    do_jobs(rescoring.KINDS)
    drawn = [question["id"] for number in range(4) for question in begun(client, f"人{number}").sheet["questions"]]
    assert set(drawn) == {1, 3, 4}


def test_two_corrections_after_one_another_end_with_the_last(app: Flask, client: FlaskClient) -> None:
    contest = fixed()
    phone, other = begun(client, "甲"), begun(client, "乙")
    answer(phone, q1="C", q2="B")
    answer(other, q1="B", q2="A")
    phone.finish()
    ask(contest, 1, KEY, ["B"])
    ask(contest, 2, VOID)
    assert do_jobs(rescoring.KINDS) == 2
    ask(contest, 1, KEY, ["C"])
    do_jobs(rescoring.KINDS)
    assert verify(contest=contest) == []
    assert score(phone) == 20
    assert other.finish().json["score"] == 10
    record_all(contest)
    assert verify(contest=contest) == []
    assert [uses(1), uses(2)] == [(2, 1), (0, 0)]


def test_a_question_is_voided_once(app: Flask, client: FlaskClient) -> None:
    contest = fixed()
    ask(contest, 1, VOID)
    with pytest.raises(correcting.StillWaiting):
        ask(contest, 1, VOID)
    do_jobs(rescoring.KINDS)
    for what, key in ((VOID, []), (KEY, ["B"])):
        with pytest.raises(correcting.AlreadyVoid):
            ask(contest, 1, what, key)


def test_a_better_attempt_that_falls_leaves_the_board_to_the_other(app: Flask, client: FlaskClient) -> None:
    contest = fixed()
    phone = begun(client, "甲")
    answer(phone, q1="A", q2="A")
    phone.finish()
    phone.begin()
    answer(phone, q1="B", q3="B")
    phone.finish()
    ask(contest, 1, KEY, ["C"])
    do_jobs(rescoring.KINDS)
    assert verify(contest=contest) == []
    assert client.get("/api/v1/contests/autumn/boards/overall").json["rows"][0]["score"] == 10


def test_what_was_marked_by_the_former_key_is_marked_again(app: Flask, client: FlaskClient) -> None:
    """A worker that keeps the former kit meets a gate that names the new one."""
    contest = fixed()
    phone = begun(client, "甲")
    answer(phone, q2="A")
    ask(contest, 1, KEY, ["B"])
    do_jobs(rescoring.KINDS)
    answer(phone, q1="B")
    stored = state.read(get_live(), contest.shards.of(phone.entry), attempt_id=phone.attempt)
    assert stored
    assert stored.attempt.score_hundredths == 2000
    assert phone.finish(phone.give(3, letter(phone, 3, "A"))).json["score"] == 30


BREAKS = {
    "before the kit": (rescoring, "_apply"),
    "after the kit": (rescoring, "mark_anew"),
    "after the first portion": (rescoring, "_bring_in_line"),
    "before the doors": (rescoring, "_open_doors"),
}


@pytest.mark.parametrize("place", BREAKS)
@pytest.mark.parametrize("is_emptied", [False, True])
def test_a_job_that_is_killed_ends_in_the_same_state(
    app: Flask, client: FlaskClient, valkey: Valkey, monkeypatch: pytest.MonkeyPatch, place: str, is_emptied: bool
) -> None:
    contest = fixed()
    monkeypatch.setattr(remarking, "PEOPLE_AT_ONCE", 2)
    phones = [begun(client, f"人{number}") for number in range(6)]
    for number, phone in enumerate(phones):
        answer(phone, q1="AB"[number % 2], q2="A")
        if number < 4:
            phone.finish()
    record_all(contest)
    correction = ask(contest, 1, KEY, ["B"])

    def die(*_args: object, **_more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(*BREAKS[place], die)
        with pytest.raises(KeyboardInterrupt):
            rescoring.rescore(correction, now=utc_now(), tell=lambda _done, _total: None)
    db.session.rollback()
    assert phones[5].look().status_code == 503
    if is_emptied:
        empty(valkey)
    else:
        for shard in contest.shards:
            get_live().command("DEL", state.base_of(shard) + "rebuilding")
    turn()
    rescoring.rescore(correction, now=utc_now(), tell=lambda _done, _total: None)
    assert [score(phone) for phone in phones[:4]] == [10, 20, 10, 20]
    assert phones[5].finish().json["score"] == 20
    record_all(contest)
    assert verify(contest=contest) == []
    assert uses(1) == (5, 3)
    assert db.session.scalar(select(func.count()).where(AuditEvent.action == "play.rescore")) == 1


def stop_recording(shard: Shard) -> None:
    """Another one finds that something is wrong with the shard."""
    position = recorder.read_position(shard)
    assert position
    recorder.halt(get_live(), position, reason="found by another")


def doors(contest: Contest) -> list[dict[str, str]]:
    return [state.read_gate_fields(get_live(), shard) for shard in contest.shards]


def test_no_doors_are_opened_when_recording_is_halted_meanwhile(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest = fixed()
    shards, correction, apply = list(contest.shards), ask(contest, 1, VOID), rescoring._apply

    def stop_and_apply(*args: Any) -> None:
        stop_recording(shards[-1])
        apply(*args)

    with monkeypatch.context() as patched, pytest.raises(rescoring.TakenOver):
        patched.setattr(rescoring, "_apply", stop_and_apply)
        rescoring.rescore(correction, now=utc_now(), tell=lambda _done, _total: None)
    assert doors(contest) == [{}] * len(shards)
    assert db.session.get_one(Correction, correction).kit_version is None
    with pytest.raises(rescoring.RecordingHalted):
        rescoring.rescore(correction, now=utc_now(), tell=lambda _done, _total: None)


def test_doors_that_open_while_recording_is_halted_are_shut_again(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest, open_gate = fixed(), state.open_gate
    correction = ask(contest, 1, VOID)

    def stop_and_open(live: Any, shard: Shard, **named: Any) -> bool:
        stop_recording(shard)
        return open_gate(live, shard, **named)

    with monkeypatch.context() as patched:
        patched.setattr(state, "open_gate", stop_and_open)
        rescoring.rescore(correction, now=utc_now(), tell=lambda _done, _total: None)
    assert all("halted" in gate for gate in doors(contest))


def test_the_locks_outlive_a_long_look_at_what_will_change(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest, worth_of = fixed(), impact.worth_of
    for name in ("甲", "乙", "丙"):
        begun(client, name).finish()
    correction = ask(contest, 1, VOID)
    locks = [state.base_of(shard) + "rebuilding" for shard in contest.shards]
    left: list[int] = []

    def look_long(*args: Any) -> int:
        """As if all but a moment of a lock's time went by with each attempt."""
        for key in locks:
            left.append(get_live().command("PTTL", key))
            get_live().command("PEXPIRE", key, 5000)
        return worth_of(*args)

    monkeypatch.setattr(impact, "ROWS_AT_ONCE", 1)
    with monkeypatch.context() as patched:
        patched.setattr(impact, "worth_of", look_long)
        rescoring.rescore(correction, now=utc_now(), tell=lambda _done, _total: None)
    # Twice for each attempt, marked by the former and the new key.
    assert len(left) == 2 * 3 * len(locks)
    firsts = [milliseconds for place, milliseconds in enumerate(left) if place // len(locks) % 2 == 0]
    assert min(firsts) > 5000


def test_a_recorder_that_is_quicker_breaks_off_no_correction(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest, renew = fixed(), rescoring._renew
    phone = begun(client, "甲")
    answer(phone, q1="B")
    correction = ask(contest, 1, KEY, ["B"])

    def record_and_renew(*args: Any) -> None:
        record_all(contest)
        renew(*args)

    with monkeypatch.context() as patched:
        patched.setattr(rescoring, "_renew", record_and_renew)
        rescoring.rescore(correction, now=utc_now(), tell=lambda _done, _total: None)
    assert phone.finish().json["score"] == 10


def test_shards_rebuilt_at_once_mark_everybody_once(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job died with all doors shut; two rebuild different shards, and each marks the people of all of them first."""
    contest = fixed(shards=3)
    phones = [begun(client, f"人{number}") for number in range(9)]
    for number, phone in enumerate(phones):
        answer(phone, q1="AB"[number % 2])
        phone.finish()
    record_all(contest)
    correction = ask(contest, 1, KEY, ["B"])
    shards = list(contest.shards)

    def die(*_args: object, **_more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(rescoring, "mark_anew", die)
        rescoring.rescore(correction, now=utc_now(), tell=lambda _done, _total: None)
    db.session.rollback()
    for shard in shards:
        get_live().command("DEL", state.base_of(shard) + "rebuilding")
    together, mark = Barrier(3), remarking._mark_people

    def mark_slowly(*args: Any) -> Any:
        time.sleep(0.5)
        return mark(*args)

    def rebuild_one(shard: Shard) -> None:
        with app.app_context():
            together.wait(20)
            rebuild.rebuild(shard=shard, now=utc_now(), discards=False)
            db.session.remove()

    monkeypatch.setattr(remarking, "_mark_people", mark_slowly)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(rebuild_one, shards))
    assert verify(contest=contest) == []
    assert [score(phone) for phone in phones[:2]] == [0, 10]
    assert uses(1) == (9, 4)


# Two organisers at once


def test_of_two_who_correct_a_question_at_once_one_is_told(app: Flask, client: FlaskClient) -> None:
    contest = fixed()
    contest_id, seen, together = contest.id, contest.lock_version, Barrier(2)
    db.session.rollback()

    def correct(key: str) -> str:
        with app.app_context():
            together.wait(20)
            try:
                ask(db.session.get_one(Contest, contest_id), 1, KEY, [key], seen=seen)
            except DomainError as refusal:
                return refusal.code
            finally:
                db.session.remove()
            return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(correct, "BC")) == ["done", "still_waiting"]
    assert db.session.scalar(select(func.count(Correction.id))) == 1
    assert db.session.scalar(select(func.count(AuditEvent.id)).where(AuditEvent.action == "play.correct_key")) == 1
    assert do_jobs(rescoring.KINDS) == 1


def test_who_has_seen_the_contest_before_another_correction_is_told(app: Flask, client: FlaskClient) -> None:
    """Also where that one came in the moment between looking and asking."""
    contest = fixed()
    seen = contest.lock_version
    ask(contest, 2, VOID)
    do_jobs(rescoring.KINDS)
    contest = db.session.scalars(select(Contest)).one()
    with pytest.raises(StaleVersion):
        ask(contest, 1, KEY, ["B"], seen=seen)
    db.session.rollback()
    assert db.session.scalar(select(func.count(Correction.id))) == 1
    assert do_jobs(rescoring.KINDS) == 0


def test_people_enter_while_all_attempts_are_looked_through(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking through those of a city takes seconds: neither the contest nor the database is locked meanwhile."""
    contest = fixed()
    record_all(contest)
    impact_of, entered = correcting.impact_of, []

    def enter(name: str) -> int:
        with app.app_context():
            return Phone(app.test_client()).enter(name).status_code

    def look_slowly(**what: Any) -> impact.Impact:
        with ThreadPoolExecutor(1) as pool:
            entered.append(pool.submit(enter, "甲").result(timeout=10))
        return impact_of(**what)

    monkeypatch.setattr(correcting, "impact_of", look_slowly)
    ask(contest, 1, VOID)
    assert entered == [201]
