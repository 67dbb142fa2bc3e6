"""What this machine gives: how fast its disk confirms a write, its room, its memory, its clock. Only looks."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from quizapp.core.embedded import MEGABYTE

SYNCS = 60
SYNCED_BYTES = 512


@dataclass(frozen=True, slots=True)
class SyncTimes:
    """How long the disk took to confirm small writes."""

    median_ms: float
    worst_ms: float


def measure_syncs(folder: Path, *, count: int = SYNCS) -> SyncTimes:
    """Append to a file of its own in `folder` and sync, `count` times, as a server's log does; raise OSError."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _turn in range(count):
            file.write(b"x" * SYNCED_BYTES)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - began) * 1000)
    times.sort()
    return SyncTimes(times[len(times) // 2], times[-1])


def filesystem_of(path: Path, *, mounts: Path = Path("/proc/mounts")) -> str:
    """The kind of file system a path lies on, like ext4 or tmpfs; empty where the system does not say."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return ""
    best, kind = -1, ""
    for line in lines:
        point, name = line.split()[1:3]
        place = Path(point.encode().decode("unicode_escape"))
        if path.absolute().is_relative_to(place) and len(place.parts) >= best:
            best, kind = len(place.parts), name
    return kind


def free_disk_bytes(path: Path) -> int:
    """Room for this user on the disk of a path; raise OSError."""
    disk = os.statvfs(path)
    return disk.f_bavail * disk.f_frsize


def available_memory_bytes(*, meminfo: Path = Path("/proc/meminfo")) -> int | None:
    """Memory that can be had without swapping; None where the system does not say."""
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None


def overcommits(*, setting: Path = Path("/proc/sys/vm/overcommit_memory")) -> bool:
    """Whether a process may be copied while memory is more than half full, as a Redis that rewrites its log is."""
    try:
        return setting.read_text().strip() == "1"
    except OSError:
        return True


def megabytes(count: float) -> int:
    return round(count / MEGABYTE)
