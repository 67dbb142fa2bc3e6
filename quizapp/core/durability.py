"""The settings of Redis on which it rests that an acknowledged answer survives: what they are, and what they must be.

Publishing, the health page and `quizapp doctor` all read them here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis.exceptions import NoPermissionError

from quizapp.core.live import Live

WANTED = {
    "appendonly": ("yes",),
    "no-appendfsync-on-rewrite": ("no",),
    "maxmemory-policy": ("noeviction",),
}
SYNCED = {"always": ("always",), "everysec": ("always", "everysec")}
"""What the installation asks for (QUIZAPP_DURABILITY) → what `appendfsync` may be."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of the server."""

    name: str
    value: str
    """As the server says it; empty when the app's user may not read settings."""
    wanted: str
    is_good: bool


def durability_settings(live: Live, *, durability: str) -> tuple[Setting, ...]:
    """The settings that decide whether an acknowledged answer survives a power cut; raise `LiveStoreDown`."""
    wanted = {**WANTED, "appendfsync": SYNCED[durability]}
    found = read_settings(live, *wanted)
    return tuple(
        Setting(name, found.get(name, ""), values[0], found.get(name, "") in values) for name, values in wanted.items()
    )


def memory_setting(live: Live) -> Setting:
    """The bound on memory in bytes, of all servers of a cluster together; 0 when one of them has none.

    Without it the system kills the server when memory runs out.
    """
    limits = [reply.get("maxmemory", "") for reply in _read(live, "maxmemory")]
    if not all(limit.isdigit() for limit in limits):
        return Setting("maxmemory", "", "> 0", is_good=False)
    is_good = all(int(limit) > 0 for limit in limits)
    return Setting("maxmemory", str(sum(map(int, limits)) if is_good else 0), "> 0", is_good)


def read_settings(live: Live, *names: str) -> dict[str, str]:
    """These settings of the server; none where the app's user may not read them. Raises `LiveStoreDown`.

    Where the servers of a cluster differ, their values stand beside each other.
    """
    found: dict[str, str] = {}
    for name in names:
        values = {reply[name] for reply in _read(live, name) if name in reply}
        if not values:
            return {}
        found[name] = ", ".join(sorted(values))
    return found


def _read(live: Live, name: str) -> list[dict[str, str]]:
    """What each server says of one setting; {} of one that may not be asked."""
    try:
        return live.everywhere("CONFIG", "GET", name)
    except NoPermissionError:
        return [{}]


@dataclass(frozen=True, slots=True)
class Replication:
    """Of the server that stands worst, where there are several."""

    replicas: int
    """Connected and up to date."""
    needed_to_write: int
    """With fewer the server itself refuses writes (min-replicas-to-write)."""


def replication_of(live: Live) -> Replication:
    """How many replicas there are and must be; none where the app's user may not ask. Raises `LiveStoreDown`."""
    try:
        counts = [_count_replicas(reply) for reply in live.everywhere("INFO", "replication")]
    except NoPermissionError:
        counts = [0]
    name = "min-replicas-to-write"
    needed = [int(reply.get(name, 0)) for reply in _read(live, name)]
    return Replication(min(counts), min(needed))


def _count_replicas(said: Mapping[str, Any]) -> int:
    replicas = (said.get(f"slave{number}") for number in range(int(said["connected_slaves"])))
    return sum(isinstance(replica, dict) and replica.get("state") == "online" for replica in replicas)
