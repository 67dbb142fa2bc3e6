"""The settings of Redis on which it rests that an acknowledged answer survives: what they are, and what they must be.

Publishing, the health page and `quizapp doctor` all read them here.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    """The bound on memory in bytes: without one the system kills the server when memory runs out."""
    value = read_settings(live, "maxmemory").get("maxmemory", "")
    return Setting("maxmemory", value, "> 0", value.isdigit() and int(value) > 0)


def read_settings(live: Live, *names: str) -> dict[str, str]:
    """These settings of the server; none where the app's user may not read them. Raises `LiveStoreDown`."""
    found: dict[str, str] = {}
    try:
        for name in names:
            found |= live.command("CONFIG", "GET", name)
    except NoPermissionError:
        return {}
    return found
