"""A rebuild of a halted shard, also one that is broken off."""

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
from sqlalchemy import func, select

from quizapp.cli import main
from quizapp.contests.models import Contest
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.core.settings import Settings, get_settings
from quizapp.play import events, rebuild, recorder, state
from quizapp.play.models import Answer, DeadLetter
from quizapp.play.state import Shard
from quizapp.play.verify import verify
from tests.play.makers import Phone, kit_of, played, record_all, turn


@pytest.fixture
def settings(settings_in_shards: Settings) -> Settings:
    """On each kind of database, in one shard and in three."""
    return settings_in_shards


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
