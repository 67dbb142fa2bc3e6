from __future__ import annotations

from flask import Flask

from quizapp.contests import state
from quizapp.contests.shards import Shard
from quizapp.core.live import get_live

SETTINGS = state.GateSettings(kit=2, opens_ms=1_000, closes_ms=2_000, is_paused=True, capacity=50)


def make_gate(contest_id: int) -> None:
    """A gate as play's first opening makes it."""
    old = state.GateSettings(kit=1, opens_ms=1, closes_ms=2, is_paused=False, capacity=0)
    fields = ["lineage", "ab" * 16, "number", 41, *state.settings_fields(old)]
    get_live().command("HSET", state.gate_key(Shard(contest_id)), *fields)


def test_all_keys_of_a_shard_carry_its_hash_tag() -> None:
    assert state.tag(Shard(7)) == "{c7.0}"
    assert state.gate_key(Shard(7, 3)) == "contests:{c7.3}:gate"
    assert state.kit_key(7, 2) == "contests:kit:7:2"


def test_a_missing_gate_is_none_and_is_not_made_by_settings(app: Flask) -> None:
    assert state.change_gate(get_live(), Shard(7), state.settings_fields(SETTINGS)) == "none"
    assert state.read_gate(get_live(), Shard(7)) is None


def test_settings_change_a_gate_but_not_its_lineage_and_number(app: Flask) -> None:
    make_gate(7)
    make_gate(8)
    assert state.change_gate(get_live(), Shard(7), state.settings_fields(SETTINGS)) == "ok"
    assert state.read_gate(get_live(), Shard(7)) == state.Gate("ab" * 16, 41, SETTINGS)
    other = state.read_gate(get_live(), Shard(8))
    assert other is not None and other.settings.kit == 1


def test_of_two_writers_the_gate_keeps_the_newer_version(app: Flask) -> None:
    live, shard = get_live(), Shard(7)
    make_gate(7)
    assert state.change_gate(live, shard, ["version", 9, "closes", 9]) == "ok"
    assert state.change_gate(live, shard, ["version", 9, "closes", 99]) == "ok"
    assert state.change_gate(live, shard, ["version", 10, "closes", 100]) == "ok"
    assert state.change_gate(live, shard, ["version", 9, "closes", 9]) == "older"
    assert state.change_gate(live, shard, ["capacity", 5]) == "ok"
    gate = state.read_gate(live, shard)
    assert gate is not None and (gate.settings.closes_ms, gate.settings.capacity) == (100, 5)


def test_the_version_of_the_kit_never_goes_back(app: Flask) -> None:
    live, shard = get_live(), Shard(7)
    make_gate(7)
    for fields in (["kit", 3], ["kit", 2, "capacity", 8], ["version", 1, "kit", 1]):
        assert state.change_gate(live, shard, fields) == "ok"
    gate = state.read_gate(live, shard)
    assert gate is not None and (gate.settings.kit, gate.settings.capacity) == (3, 8)


def test_a_kit_copy_comes_back_as_it_was_and_leaves_after_a_week(app: Flask) -> None:
    body = bytes(range(256))
    state.write_kit_copy(get_live(), contest_id=7, version=1, body=body)
    assert state.read_kit_copy(get_live(), contest_id=7, version=1) == body
    assert state.read_kit_copy(get_live(), contest_id=7, version=2) is None
    assert 0 < get_live().command("TTL", state.kit_key(7, 1)) <= state.COPY_SECONDS
