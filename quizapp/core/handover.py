"""Handing over from old web workers to new ones while the code is replaced (HUP).

Gunicorn tells the old workers to go as soon as the new ones are forked, seconds before those have loaded the app:
whoever comes in between waits. Here the old ones go on until all the new ones take requests. The master and its
workers share what is needed for that in memory: up to which age (the number of a worker, counted by the master)
workers are being replaced, by how many, and for each age whether that worker has loaded the app.
"""

from __future__ import annotations

import mmap
import struct

LOAD_SECONDS = 60.0
_PLAN = struct.Struct("qq")
_SLOTS = 256
_shared = mmap.mmap(-1, _PLAN.size + _SLOTS)


def begin(*, newest_age: int, workers: int) -> None:
    """In the master: workers up to this age are replaced by as many new ones, whose ages follow."""
    for age in range(newest_age + 1, newest_age + 1 + workers):
        _shared[_slot(age)] = 0
    _PLAN.pack_into(_shared, 0, newest_age, workers)


def note_loaded(*, age: int) -> None:
    """In a worker: it has loaded the app and is about to take requests."""
    _shared[_slot(age)] = 1


def must_wait(*, age: int) -> bool:
    """Whether a worker that is told to go is replaced by workers that are not ready; never when all are stopped."""
    newest_age, workers = _PLAN.unpack_from(_shared, 0)
    if age > newest_age:
        return False
    return not all(_shared[_slot(new)] for new in range(newest_age + 1, newest_age + 1 + workers))


def _slot(age: int) -> int:
    return _PLAN.size + age % _SLOTS
