"""Live state made anew from SQL, on both databases, and the comparison that finds what is wrong with it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, update

from quizapp.cli import main
from quizapp.contests.models import Contest
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.embedded import Valkey
from quizapp.core.live import Live, get_live
from quizapp.core.settings import Settings, get_settings
from quizapp.leaderboards.state import board_key
from quizapp.play import events, figures, jobs, rebuild, recorder, recount, state, watching
from quizapp.play.jobs import Recorder
from quizapp.play.models import Answer, Attempt, DeadLetter
from quizapp.play.state import Shard
from quizapp.play.verify import verify
from tests.conftest import empty
from tests.play.makers import Phone, kit_of, make_contest, record_all, turn

KINDS = {"single": 4, "fill_in": 4, "true_false": 3, "ordering": 3, "matching": 3}


@pytest.fixture
def settings(settings_in_shards: Settings) -> Settings:
    """On each kind of database, in one shard and in three."""
    return settings_in_shards


def played(client: FlaskClient) -> tuple[Contest, list[Phone]]:
    """A contest in full swing: ended and open attempts of all kinds of question, a used-up person, ties."""
    contest = make_contest(attempts_per_day=2, kinds=KINDS)
    kit = kit_of(contest)
    phones = []
    for number in range(6):
        phone = Phone(client)
        phone.enter(f"人{number}")
        for attempt in range(1 + number % 2):
            phone.begin()
            phone.send(phone.right(kit, 0), phone.wrong(kit, 1), phone.right(kit, 1 + number % 4))
            if number < 4 or attempt == 0:
                phone.finish()
        phones.append(phone)
    long = next((q["id"] for q in phones[5].sheet["questions"] if q["kind"] == "fill_in"), None)
    if long:
        phones[5].send(phones[5].give(long, ["长" * 100]))
    client.post("/api/v1/contests/autumn/visits")
    turn()
    record_all(contest)
    return contest, phones


def test_all_live_data_lost_comes_back_from_the_records(app: Flask, client: FlaskClient, valkey: Valkey) -> None:
    contest, phones = played(client)
    sheets = [phone.look().json for phone in phones]
    board = client.get("/api/v1/contests/autumn/boards/overall").json
    left = [phone.begin().json for phone in phones[1:4:2]]
    assert [reply["code"] for reply in left] == ["no_attempts_left"] * 2
    assert verify(contest=contest) == []
    empty(valkey)
    assert phones[0].begin().json["code"] == "recovering"
    turn()
    assert verify(contest=contest) == []
    for phone, sheet in zip(phones, sheets, strict=True):
        now = phone.look().json
        moving = {"server_now": "", "remaining_ms": 0, "place": 0}
        assert {**now, **moving} == {**sheet, **moving}
    assert [phone.begin().json["code"] for phone in phones[1:4:2]] == ["no_attempts_left"] * 2
    kit = kit_of(contest)
    assert phones[5].send(phones[5].right(kit, 4)).status_code == 200
    phones[5].finish()
    record_all(contest)
    assert verify(contest=contest) == []
    assert client.get("/api/v1/contests/autumn/pulse").json["visits"] == 1
    assert len(client.get("/api/v1/contests/autumn/boards/overall").json["rows"]) == len(board["rows"])


def test_a_lost_gate_alone_loses_no_event(app: Flask, client: FlaskClient) -> None:
    contest, phones = played(client)
    kit = kit_of(contest)
    phones[5].send(phones[5].right(kit, 3))
    get_live().command("DEL", state.keys_of(contest.shards.of(phones[5].entry))[0])
    turn()
    record_all(contest)
    assert verify(contest=contest) == []
    assert phones[5].look().status_code == 200
    answered = db.session.scalar(select(func.count(Answer.id)).where(Answer.attempt_id == phones[5].attempt))
    assert answered == len(phones[5].look().json["stored"])


def test_a_repeated_begin_finds_its_attempt_after_a_rebuild(app: Flask, client: FlaskClient, valkey: Valkey) -> None:
    contest = make_contest()
    phone = Phone(client)
    phone.enter()
    first = phone.begin("my-key").json
    record_all(contest)
    empty(valkey)
    turn()
    again = phone.begin("my-key").json
    assert (again["attempt"], again["questions"]) == (first["attempt"], first["questions"])


def test_a_rebuild_by_hand_opens_a_halted_contest_and_keeps_what_it_leaves_out(app: Flask, client: FlaskClient) -> None:
    contest, phones = played(client)
    live, shard = get_live(), contest.shards.of(phones[5].entry)
    live.command("HINCRBY", state.keys_of(shard)[0], "number", 5)
    phones[5].finish()
    turn()
    assert phones[5].begin().status_code == 503
    done = rebuild.rebuild(shard=shard, now=utc_now(), discards=True)
    assert (done.discarded, db.session.scalar(select(func.count(DeadLetter.id)))) == (1, 1)
    assert phones[5].look().json["state"] == "open"
    phones[5].finish()
    turn()
    record_all(contest)
    assert [difference.what for difference in verify(contest=contest)] == ["recording"]


@pytest.mark.parametrize("lineage", ["", "f" * 32])
def test_a_rebuild_by_hand_keeps_nothing_aside_that_follows(app: Flask, client: FlaskClient, lineage: str) -> None:
    """Unless it belongs to another life of the live data."""
    contest, phones = played(client)
    live, shard, kit = get_live(), contest.shards.of(phones[5].entry), kit_of(contest)
    position = recorder.read_position(shard)
    assert position
    recorder.halt(live, position, reason="for nothing")
    live.command("HDEL", state.keys_of(shard)[0], "halted")
    assert phones[5].send(phones[5].right(kit, 3)).status_code == 200
    assert phones[5].finish().status_code == 200
    live.command("HINCRBY", state.keys_of(shard)[0], "number", 5)
    phones[5].begin()
    if lineage:
        live.command("HSET", state.keys_of(shard)[0], "lineage", lineage)
    waiting = state.count_events(live, shard)
    assert waiting >= 2
    done = rebuild.rebuild(shard=shard, now=utc_now(), discards=True)
    follow = 0 if lineage else 2
    assert (done.recorded, done.discarded) == (follow, waiting - follow)
    assert db.session.scalar(select(func.count(DeadLetter.id))) == waiting - follow
    assert (phones[5].look().json["state"] == "open") == bool(lineage)


def test_what_was_recorded_before_a_gap_is_counted_too(app: Flask, client: FlaskClient) -> None:
    contest, phones = played(client)
    live, shard, kit = get_live(), contest.shards.of(phones[5].entry), kit_of(contest)
    assert phones[5].send(phones[5].right(kit, 3)).status_code == 200
    live.command("HINCRBY", state.keys_of(shard)[0], "number", 5)
    assert phones[5].finish().status_code == 200
    done = rebuild.rebuild(shard=shard, now=utc_now(), discards=True)
    assert (done.recorded, done.discarded) == (1, 1)


# A rebuild of a halted shard that is broken off


class Killed(BaseException):
    """As a process is killed: nothing is tidied up behind it."""


def die_at(monkeypatch: pytest.MonkeyPatch, module: object, name: str, times: int) -> None:
    """Let a function of a module kill its process when it is called for the nth time."""
    act, calls = getattr(module, name), iter(range(1, times))

    def act_or_die(*args: Any, **named: Any) -> Any:
        if next(calls, None) is None:
            raise Killed
        return act(*args, **named)

    monkeypatch.setattr(module, name, act_or_die)


def halted(client: FlaskClient) -> tuple[Contest, Phone, Shard, list[str]]:
    """A contest with a halted shard: three events in its stream follow on the records, four more do not.

    Returns the contest, who made these events, the shard, and the stream ids of the four.
    """
    contest, phones = played(client)
    phone, kit, live = phones[5], kit_of(contest), get_live()
    shard = contest.shards.of(phone.entry)
    position = recorder.read_position(shard)
    assert position
    recorder.halt(live, position, reason="for nothing")
    gate = state.keys_of(shard)[0]
    live.command("HDEL", gate, "halted")
    for place in range(3):
        assert phone.send(phone.right(kit, place)).status_code == 200
    live.command("HINCRBY", gate, "number", 5)
    for place in range(3):
        assert phone.send(phone.wrong(kit, place)).status_code == 200
    assert phone.finish().status_code == 200
    ids = [stream_id for stream_id, _fields in state.read_events(live, shard, after="0-0", count=100)]
    assert len(ids) == 7
    return contest, phone, shard, ids[3:]


def must_be_as_unbroken(contest: Contest, phone: Phone, aside: list[str]) -> None:
    """The three are recorded and no more, the four kept aside once, and the doors are open."""
    assert list(db.session.scalars(select(DeadLetter.stream_id).order_by(DeadLetter.id))) == aside
    assert phone.look().json["state"] == "open"
    right = select(func.count(Answer.id)).where(Answer.attempt_id == phone.attempt, Answer.is_right)
    assert db.session.scalar(right) == 3
    assert phone.finish().status_code == 200
    record_all(contest)
    # That some are kept aside is a difference.
    assert [difference.what for difference in verify(contest=contest)] == ["recording"]


BREAKS: dict[str, tuple[object, str, int]] = {
    "the gate is gone": (state, "former_gate", 1),
    "one event is recorded": (recorder, "record_entries", 2),
    "all that follow are recorded": (rebuild, "_discard_rest", 1),
    "some are kept aside": (recorder, "set_aside", 4),
    "all are kept aside": (rebuild, "mark_anew", 1),
    "the live data are gone": (rebuild, "_begin_lineage", 1),
    "a lineage is begun": (rebuild, "_restore", 1),
    "all but the gate is there": (rebuild, "open_doors", 1),
}
"""When a rebuild breaks off → the function in which it does, and at which of its calls."""


@pytest.mark.parametrize("when", BREAKS)
def test_a_broken_off_rebuild_of_a_halted_shard_is_as_good_when_run_again(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    contest, phone, shard, aside = halted(client)
    monkeypatch.setattr(rebuild, "EVENTS_AT_ONCE", 1)
    with monkeypatch.context() as patched:
        die_at(patched, *BREAKS[when])
        with pytest.raises(Killed):
            rebuild.rebuild(shard=shard, now=utc_now(), discards=True)
    db.session.rollback()
    assert phone.look().status_code == 503
    with pytest.raises(rebuild.RebuildTakenOver):
        rebuild.rebuild(shard=shard, now=utc_now(), discards=True)
    get_live().command("DEL", state.base_of(shard) + "rebuilding")
    # The recorder comes by in between: it decides nothing, or goes on where the lineage is begun.
    turn()
    if not state.has_gate(get_live(), shard):
        rebuild.rebuild(shard=shard, now=utc_now(), discards=True)
    must_be_as_unbroken(contest, phone, aside)
    assert get_live().command("EXISTS", state.base_of(shard) + "former") == 0


def test_what_follows_and_cannot_be_read_is_no_part_of_what_is_left_out(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is kept aside for what is wrong with it, and only what stands before the halt is compared with the records."""
    _contest, _phone, shard, aside = halted(client)
    poison_id, poison = state.read_events(get_live(), shard, after="0-0", count=2)[1]
    rows_of = events.rows_of

    def rows_or_poison(fields: Mapping[str, str], **named: Any) -> Any:
        if fields["n"] == poison["n"]:
            raise events.BadEvent("poison")
        return rows_of(fields, **named)

    monkeypatch.setattr(events, "rows_of", rows_or_poison)
    done = rebuild.rebuild(shard=shard, now=utc_now(), discards=True)
    assert (done.recorded, done.discarded) == (3, len(aside))
    letters = {letter.stream_id: letter.reason for letter in db.session.scalars(select(DeadLetter))}
    assert letters.keys() == {poison_id, *aside}
    assert "poison" in letters[poison_id]


def test_events_that_a_killed_recorder_left_untrimmed_are_not_kept_aside(app: Flask, client: FlaskClient) -> None:
    contest, phones = played(client)
    phone, live, kit = phones[5], get_live(), kit_of(contest)
    shard = contest.shards.of(phone.entry)
    position = recorder.read_position(shard)
    assert position
    assert phone.send(phone.right(kit, 3)).status_code == 200
    assert phone.finish().status_code == 200
    entries = state.read_events(live, shard, after="0-0", count=100)
    after, _ended = recorder.record_entries(position, entries, now=utc_now())
    recorder.halt(live, after, reason="for nothing")
    done = rebuild.rebuild(shard=shard, now=utc_now(), discards=True)
    assert (done.recorded, done.discarded) == (0, 0)
    assert verify(contest=contest) == []


KILLED = """
import os, signal, sys
from quizapp.cli import main
from quizapp.play import rebuild
rebuild._discard_rest = lambda *_args: os.kill(os.getpid(), signal.SIGKILL)
main(["play", "rebuild", "autumn"])
"""


def test_a_killed_command_says_when_to_run_it_again(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is really killed, when what follows is recorded and nothing is kept aside yet."""
    contest, phone, _shard, aside = halted(client)
    for name in ("database_url", "redis_url", "secret_key", "field_key", "data_dir", "shards"):
        monkeypatch.setenv(f"QUIZAPP_{name.upper()}", str(getattr(get_settings(), name)))
    db.session.rollback()
    killed = subprocess.run([sys.executable, "-c", KILLED], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    early = CliRunner().invoke(main, ["play", "rebuild", "autumn"])
    assert (early.exit_code, "run this again in 25 seconds" in early.stderr) == (1, True)
    for one in contest.shards:
        get_live().command("DEL", state.base_of(one) + "rebuilding")
    again = CliRunner().invoke(main, ["play", "rebuild", "autumn"])
    assert "4 kept aside" in again.stdout
    must_be_as_unbroken(contest, phone, aside)


def test_without_a_persons_word_nothing_is_left_out(app: Flask, client: FlaskClient) -> None:
    contest, phones = played(client)
    live, shard = get_live(), contest.shards.of(phones[5].entry)
    live.command("HINCRBY", state.keys_of(shard)[0], "number", 5)
    phones[5].finish()
    turn()
    live.command("DEL", state.keys_of(shard)[0])
    with pytest.raises(rebuild.RebuildNeedsDecision):
        rebuild.rebuild(shard=shard, now=utc_now(), discards=False)
    assert state.count_events(live, shard) == 1


def test_doors_that_were_opened_meanwhile_stay_open(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recorder saw a gate missing, and the correction that had taken it away was done before it had the lock."""
    contest, phones = played(client)
    live, shard = get_live(), contest.shards.of(phones[5].entry)
    gate, lock = state.read_gate_fields(live, shard), state.lock_for_rebuild
    position = recorder.read_position(shard)

    def lock_once_open(live: Live, shard: Shard, **named: Any) -> bool:
        live.command("HSET", state.keys_of(shard)[0], *(part for pair in gate.items() for part in pair))
        return lock(live, shard, **named)

    live.command("DEL", state.keys_of(shard)[0])
    monkeypatch.setattr(state, "lock_for_rebuild", lock_once_open)
    turn()
    monkeypatch.undo()
    assert (state.read_gate_fields(live, shard), recorder.read_position(shard)) == (gate, position)
    assert state.lock_for_rebuild(live, shard, token="the lock was given back")


def test_a_rebuild_goes_on_from_where_the_recorder_has_come_meanwhile(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest, phones = played(client)
    shard, lock = contest.shards.of(phones[5].entry), state.lock_for_rebuild
    phones[5].finish()

    def record_and_lock(*args: Any, **named: Any) -> bool:
        record_all(contest)
        get_live().command("DEL", state.keys_of(shard)[0])
        return lock(*args, **named)

    with monkeypatch.context() as patched:
        patched.setattr(state, "lock_for_rebuild", record_and_lock)
        rebuild.rebuild(shard=shard, now=utc_now(), discards=False)
    assert verify(contest=contest) == []


def test_a_rebuild_that_slept_while_another_was_done_removes_nothing(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest, phones = played(client)
    shard, mark_anew = contest.shards.of(phones[5].entry), rebuild.mark_anew

    def sleep_after_marking(*args: Any, **named: Any) -> Any:
        yield from mark_anew(*args, **named)
        monkeypatch.undo()
        get_live().command("DEL", state.base_of(shard) + "rebuilding")
        rebuild.rebuild(shard=shard, now=utc_now(), discards=False)

    monkeypatch.setattr(rebuild, "mark_anew", sleep_after_marking)
    with pytest.raises(rebuild.RebuildTakenOver):
        rebuild.rebuild(shard=shard, now=utc_now(), discards=False)
    assert verify(contest=contest) == []
    assert phones[5].look().status_code == 200


def test_two_rebuilds_at_once_are_one(app: Flask, client: FlaskClient) -> None:
    contest, _phones = played(client)
    live, shard = get_live(), contest.shards.of("anybody")
    assert state.lock_for_rebuild(live, shard, token="somebody")
    with pytest.raises(rebuild.RebuildTakenOver):
        rebuild.rebuild(shard=shard, now=utc_now(), discards=False)
    assert state.restore(live, shard, token="another", commands=[["SET", "x", "1"]]) is False
    assert state.open_gate(live, shard, token="another", fields=["lineage", "f"], is_rebuilt=True) is False
    state.unlock(live, shard, token="somebody")
    rebuild.rebuild(shard=shard, now=utc_now(), discards=True)
    assert verify(contest=contest) == []


def test_a_rebuild_that_fails_leaves_the_doors_shut_and_the_next_one_opens_them(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest, phones = played(client)
    shard = contest.shards.of(phones[0].entry)
    get_live().command("DEL", state.keys_of(shard)[0])

    def break_off(*_args: object, **_more: object) -> bool:
        raise RuntimeError("the power is gone")

    with monkeypatch.context() as patched:
        patched.setattr(state, "open_gate", break_off)
        with pytest.raises(RuntimeError):
            rebuild.rebuild(shard=shard, now=utc_now(), discards=False)
    assert phones[0].begin().status_code == 503
    turn()
    assert verify(contest=contest) == []


def test_a_settled_contest_whose_data_are_gone_gets_its_board_back(
    app: Flask, client: FlaskClient, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One shard first: nobody whose contest is on waits for all that are over."""
    contest, _phones = played(client)
    db.session.execute(update(recorder.RecorderPosition).values(is_settled=True))
    db.session.commit()
    empty(valkey)
    monkeypatch.setattr(jobs, "DUTY_SECONDS", 0.0)
    keeper = Recorder(get_live())
    keeper.turn(utc_now())
    assert sum(state.has_gate(get_live(), shard) for shard in contest.shards) == 1
    keeper.turn(utc_now())
    assert all(state.has_gate(get_live(), shard) for shard in contest.shards)
    assert verify(contest=contest) == []


# A board that is lost alone


def lose_boards(contest: Contest) -> None:
    for shard in contest.shards:
        get_live().command("DEL", board_key(shard, "overall"))


def board_of(client: FlaskClient) -> tuple[bool, int, int]:
    """Whether the board is counted, its rows and its people as everybody is told."""
    board = client.get("/api/v1/contests/autumn/boards/overall").json
    return board["counted"], len(board["rows"]), board["people"]


def lineages() -> list[str]:
    return list(db.session.scalars(select(recorder.RecorderPosition.lineage).order_by("shard")))


@pytest.mark.usefixtures("nothing_kept")
def test_a_lost_board_is_counted_anew_with_the_doors_open(app: Flask, client: FlaskClient) -> None:
    """By the records; not before they have the hand-ins that were on the board when it was lost."""
    contest, phones = played(client)
    begin, counting = lineages(), "正在重新统计"
    assert board_of(client) == (True, 6, 6)
    assert phones[5].finish().status_code == 200
    lose_boards(contest)
    assert board_of(client) == (False, 0, 0), "nobody has noticed, and it is told all the same"
    phones[0].begin()
    assert phones[0].finish().status_code == 200
    assert board_of(client) == (False, 0, 0), "now it has one row"
    assert watching.top(get_live(), contest=contest) == watching.Top((), is_hidden=False, is_counted=False)
    turn()
    assert board_of(client) == (False, 0, 0)
    page = client.get("/play/autumn/board").text
    assert counting in page and 'data-part="counting" hidden' not in page
    assert figures.place_of(get_live(), contest.shards, person=phones[0].entry) is None
    turn()
    assert verify(contest=contest) == []
    assert board_of(client) == (True, 6, 6)
    top = watching.top(get_live(), contest=contest)
    assert top and top.is_counted and len(top.rows) == 6
    assert 'data-part="counting" hidden' in client.get("/play/autumn/board").text
    assert lineages() == begin


def test_a_board_that_is_gone_is_noticed_within_a_second(app: Flask, client: FlaskClient) -> None:
    """Also when nobody hands in any more."""
    contest, _phones = played(client)
    keeper = Recorder(get_live(), wait_ms=0)
    keeper.turn(utc_now())
    lose_boards(contest)
    keeper._duties_due, keeper._minute_due = 0.0, float("inf")
    keeper.turn(utc_now())
    assert verify(contest=contest) == []
    assert all(recount.counted_from(get_live(), shard) is None for shard in contest.shards)


def test_a_board_that_lacks_somebody_is_noticed_within_a_minute(app: Flask, client: FlaskClient) -> None:
    contest, phones = played(client)
    get_live().command("ZREM", board_key(contest.shards.of(phones[0].entry), "overall"), phones[0].entry)
    turn()
    assert verify(contest=contest) == []


def test_a_first_hand_in_loses_no_board(app: Flask, client: FlaskClient) -> None:
    contest = make_contest()
    phone = Phone(client)
    phone.enter()
    phone.begin()
    phone.finish()
    turn()
    assert all(recount.counted_from(get_live(), shard) is None for shard in contest.shards)


def test_who_hands_in_while_a_board_is_counted_keeps_the_better_rank(app: Flask, client: FlaskClient) -> None:
    contest, phones = played(client)
    shard = contest.shards.of(phones[0].entry)
    recount.note_lost(get_live(), shard)
    phones[0].begin()
    phones[0].send(*(phones[0].right(kit_of(contest), number) for number in range(5)))
    phones[0].finish()
    position = recorder.read_position(shard)
    assert position and recount.count_anew(get_live(), position)
    record_all(contest)
    turn()
    turn()
    assert verify(contest=contest) == []


def test_a_board_is_not_counted_while_somebody_marks_anew(app: Flask, client: FlaskClient) -> None:
    """Ranks may get lower then, and what was read before would bring the former ones back."""
    contest, phones = played(client)
    shard = contest.shards.of(phones[0].entry)
    position = recorder.read_position(shard)
    assert position
    recount.note_lost(get_live(), shard)
    assert state.lock_for_rebuild(get_live(), shard, token="another")
    assert not recount.count_anew(get_live(), position)
    assert not recount.rank(get_live(), shard, token="mine", ranks={phones[0].entry: 1})
    state.unlock(get_live(), shard, token="another")
    assert recount.count_anew(get_live(), position)


def test_a_settled_contest_gets_its_lost_board_back(app: Flask, client: FlaskClient) -> None:
    contest, _phones = played(client)
    db.session.execute(update(recorder.RecorderPosition).values(is_settled=True))
    db.session.commit()
    lose_boards(contest)
    turn()
    assert verify(contest=contest) == []


# What verify finds


SPOILERS = {
    "board": "ZINCRBY {board} 1 {ended.entry}",
    "board, somebody missing": "ZREM {board} {ended.entry}",
    "counter": "HINCRBY {counters} answers 1",
    "person": "HINCRBY {person} m -1",
    "person, gone": "DEL {person}",
    "attempt": "HINCRBY {attempt} c 1",
    "attempt, without a deadline": "ZREM {deadlines} {open.attempt}",
    "attempt, a stranger": "HSET {stranger} p x",
    "recording": "HINCRBY {gate} number 1",
    "recording, an event waits": "XADD {stream} * a b",
}


@pytest.mark.parametrize("what", SPOILERS)
def test_what_is_wrong_in_live_state_is_found(app: Flask, client: FlaskClient, what: str) -> None:
    contest, phones = played(client)
    ended, open_ = phones[0], phones[5]
    shard, other = contest.shards.of(ended.entry), contest.shards.of(open_.entry)
    words = SPOILERS[what].format(
        ended=ended,
        open=open_,
        board=board_key(shard, "overall"),
        counters=state.counters_key(shard),
        person=state.person_key(shard, ended.entry),
        attempt=state.attempt_key(other, open_.attempt),
        stranger=state.attempt_key(shard, "stranger"),
        deadlines=state.deadlines_key(other),
        gate=state.keys_of(shard)[0],
        stream=state.stream_key(shard),
    )
    get_live().command(*words.split())
    found = verify(contest=contest)
    assert {difference.what for difference in found} == {what.partition(",")[0]}
    assert all(str(difference) for difference in found)


def test_what_is_wrong_in_the_records_is_found(app: Flask, client: FlaskClient) -> None:
    contest, phones = played(client)
    wrong = select(Answer.id).where(Answer.is_right.is_(False)).limit(1).scalar_subquery()
    db.session.execute(update(Answer).where(Answer.id == wrong).values(points_hundredths=5))
    db.session.commit()
    assert {"mark", "result"} >= {difference.what for difference in verify(contest=contest)} - {"attempt"} != set()
    db.session.execute(delete(Answer).where(Answer.attempt_id == phones[0].attempt))
    db.session.execute(update(Attempt).where(Attempt.id == phones[0].attempt).values(score_hundredths=9900))
    db.session.commit()
    assert {"result", "board"} <= {difference.what for difference in verify(contest=contest)}
