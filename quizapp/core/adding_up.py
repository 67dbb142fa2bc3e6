"""What all processes have counted, added up in Redis, so that an installation is asked in one place.

Every few seconds a process adds what is new to one hash. So it does not matter how many workers there are on how many
machines, a worker that is replaced leaves nothing behind, and the numbers go on over restarts. (The usual way, a file
mapped into memory for each process, tells of one machine, keeps the files of every process that ever was, and costs
several times as much for each count.) While Redis is away the counts wait in their processes. What a process counted in
its last seconds is lost when it is killed: these are measurements, not records.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from prometheus_client.core import Metric

from quizapp.core import metrics
from quizapp.core.clock import to_ms, utc_now
from quizapp.core.errors import StoreUnavailable
from quizapp.core.live import Live, Script
from quizapp.core.metrics import Field
from quizapp.core.shortage import LACKS_MEMORY

ADD_SECONDS = 5.0
ALIVE_SECONDS = 20
"""A process that has added nothing for so long is taken for dead."""
KINDS = ("web", "record")
# One hash tag, so that one call may use both: field → whole number, and process → ms at which it last added.
COUNTED, PROCESSES = "core:{metrics}:counted", "core:{metrics}:processes"
SAMPLES = "core:{metrics}:samples"
"""Sorted set by minute (ms): what the house told in it."""

_add = Script("""
for at = 4, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[at], ARGV[at + 1]) end
redis.call('ZADD', KEYS[2], ARGV[1], ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[3])
""")


class Adder:
    """Adds this process's counts to Redis every few seconds, on a thread of its own."""

    def __init__(self, live: Live, *, kind: str) -> None:
        self._live = live
        self._process = f"{kind}:{socket.gethostname()}:{os.getpid()}"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._add_some()
        while not self._stopping.is_set():
            with suppress(*LACKS_MEMORY):
                self._stopping.wait(ADD_SECONDS)
            self._add_some()

    def _add_some(self) -> None:
        # Without memory for it, it is added the next time.
        with suppress(*LACKS_MEMORY):
            add(self._live, process=self._process)

    def stop(self) -> None:
        """Add what is left."""
        self._stopping.set()
        self._thread.join(ADD_SECONDS)
        self._add_some()


def add(live: Live, *, process: str) -> None:
    """Add what was counted since the last time; keep it for the next time while Redis is away."""
    taken = metrics.take()
    try:
        now_ms = to_ms(utc_now())
        pairs = [part for field, count in taken.items() for part in (field.text, count)]
        _add.call(
            live,
            keys=(COUNTED, PROCESSES),
            arguments=(now_ms, process, now_ms - 10 * ALIVE_SECONDS * 1000, *pairs),
        )
    except (StoreUnavailable, *LACKS_MEMORY) as error:
        metrics.give_back(taken)
        if not isinstance(error, StoreUnavailable):
            raise


def counted(live: Live) -> Iterator[Metric]:
    """Everything that all processes have counted. Raises LiveStoreDown."""
    by_name: dict[str, dict[Field, int]] = {}
    for text, count in live.command("HGETALL", COUNTED).items():
        field = Field.of(text)
        by_name.setdefault(field.name, {})[field] = int(count)
    for instrument in metrics.INSTRUMENTS:
        yield instrument.family(by_name.get(instrument.name, {}))


def processes_alive(live: Live) -> dict[str, int]:
    """How many processes of each kind ("web", "record") have added lately. Raises LiveStoreDown."""
    since = to_ms(utc_now()) - ALIVE_SECONDS * 1000
    alive = dict.fromkeys(KINDS, 0)
    for process in live.command("ZRANGEBYSCORE", PROCESSES, since, "+inf"):
        kind = process.partition(":")[0]
        alive[kind] = alive.get(kind, 0) + 1
    return alive


@dataclass(frozen=True, slots=True)
class Requests:
    """All requests ever, as far as they were counted."""

    responses: int
    faults: int
    """Answered with 5xx, or turned away."""
    microseconds: int
    """In which all of them were served."""


def requests(live: Live) -> Requests:
    """Raises LiveStoreDown."""
    responses = faults = microseconds = 0
    for text, count in live.command("HGETALL", COUNTED).items():
        field = Field.of(text)
        if field.name == metrics.SHED.name:
            faults += int(count)
        elif field.name == metrics.REQUESTS.name and field.part == metrics.SUM:
            microseconds += int(count)
        elif field.name == metrics.REQUESTS.name:
            responses += int(count)
            faults += int(count) if field.labels[1].startswith("5") else 0
    return Requests(responses, faults, microseconds)


# What was told each minute


def keep_sample(live: Live, *, minute_ms: int, text: str, oldest_ms: int) -> None:
    """Keep what is told of a minute that nothing was told of, and forget what is older. Raises LiveStoreDown."""
    if not live.command("ZCOUNT", SAMPLES, minute_ms, minute_ms):
        live.command("ZADD", SAMPLES, minute_ms, f"{minute_ms} {text}")
    live.command("ZREMRANGEBYSCORE", SAMPLES, "-inf", f"({oldest_ms}")


def samples(live: Live, *, since_ms: int) -> Iterator[tuple[int, str]]:
    """(minute, what was told), the oldest first. Raises LiveStoreDown."""
    for kept in live.command("ZRANGEBYSCORE", SAMPLES, since_ms, "+inf"):
        minute_ms, _space, text = kept.partition(" ")
        yield int(minute_ms), text


def newest_sample_ms(live: Live) -> int | None:
    """Raises LiveStoreDown."""
    newest = live.command("ZRANGE", SAMPLES, -1, -1)
    return int(newest[0].partition(" ")[0]) if newest else None
