"""The keys of contests in Redis: the gate of each shard and the copies of kits.

    contests:{c7.0}:gate    hash: lineage, number, kit, opens, closes, paused, capacity, and what play adds
    contests:kit:7:1        string: the stored kit's body in base64 (copies leave after a week and are refilled)

The part in braces is the hash tag: all keys of a shard lie in one slot, so one Lua call may use them all.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from quizapp.contests.shards import Shard
from quizapp.core.live import Live, Script

COPY_SECONDS = 7 * 24 * 3600
_change_gate = Script((Path(__file__).parent / "gate.lua").read_text())


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What of a gate comes from SQL; times are milliseconds since 1970-01-01 UTC."""

    kit: int
    """The kit version that new attempts get."""
    opens_ms: int
    closes_ms: int
    is_paused: bool
    capacity: int
    """How many may play in this shard at the same time; 0: no limit."""


@dataclass(frozen=True, slots=True)
class Gate:
    lineage: str
    """32 hex digits: which life of the live data the event numbers belong to."""
    number: int
    """The last event's number in this shard."""
    settings: GateSettings


def tag(shard: Shard) -> str:
    """The hash tag of a shard, braces included: {c7.0}."""
    return f"{{c{shard.contest_id}.{shard.number}}}"


def gate_key(shard: Shard) -> str:
    return f"contests:{tag(shard)}:gate"


def kit_key(contest_id: int, version: int) -> str:
    return f"contests:kit:{contest_id}:{version}"


def forget(live: Live, *, shards: Iterable[Shard], kits: Iterable[tuple[int, int]]) -> None:
    """Remove gates and the copies of kits, named by contest and version."""
    for key in (*map(gate_key, shards), *(kit_key(*kit) for kit in kits)):
        live.command("UNLINK", key)


def read_gate(live: Live, shard: Shard) -> Gate | None:
    """The gate, or None when Redis has none: never opened, or its data was lost."""
    fields = live.command("HGETALL", gate_key(shard))
    if not fields:
        return None
    return Gate(
        lineage=fields["lineage"],
        number=int(fields["number"]),
        settings=GateSettings(
            kit=int(fields["kit"]),
            opens_ms=int(fields["opens"]),
            closes_ms=int(fields["closes"]),
            is_paused=fields["paused"] == "1",
            capacity=int(fields["capacity"]),
        ),
    )


def settings_fields(settings: GateSettings) -> list[str | int]:
    """Field, value, field, value, … as the gate's hash holds them."""
    return [
        "kit",
        settings.kit,
        "opens",
        settings.opens_ms,
        "closes",
        settings.closes_ms,
        "paused",
        int(settings.is_paused),
        "capacity",
        settings.capacity,
    ]


def change_gate(live: Live, shard: Shard, fields: Sequence[str | int]) -> Literal["ok", "none", "older"]:
    """Change fields of a gate; none: there is no gate; older: it knows a newer `version`, and stays as it is."""
    word: Literal["ok", "none", "older"] = _change_gate.call(live, keys=[gate_key(shard)], arguments=fields)
    return word


def write_kit_copy(live: Live, *, contest_id: int, version: int, body: bytes) -> None:
    live.command("SET", kit_key(contest_id, version), b64encode(body), "EX", COPY_SECONDS)


def read_kit_copy(live: Live, *, contest_id: int, version: int) -> bytes | None:
    text = live.command("GET", kit_key(contest_id, version))
    return b64decode(text) if text else None
