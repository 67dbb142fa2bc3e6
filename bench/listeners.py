"""P9: people who listen to live figures: `python -m bench.listeners [--listeners N,N] [--seconds S] [--json]`.

So many connections, all of one web worker, listen to the monitor of the demo's contest. Each event says when its state
was read; it is late by the time until it has come, on the same clock. The first event of each connection is what it is
told at once, and not counted. Processor time and memory are the worker's, by event told and by listener; the kernel's
part of a connection is not in it.
"""

from __future__ import annotations

import argparse
import re
import selectors
import time
from contextlib import ExitStack, closing
from typing import Any

from bench import machine
from bench.installation import groups
from bench.telling import percentiles, tell
from tests.listening import Ear, Staff
from tests.stack import Stack

EVENTS = "/play/demo/monitor/events"
SETTLE_SECONDS = 3.0
_ID = re.compile(rb"^id: (\d+)$", re.MULTILINE)


def hear(ears: list[Ear], *, seconds: float) -> list[float]:
    """How late each event came, in milliseconds, over all listeners."""
    selector = selectors.DefaultSelector()
    begun: dict[int, bytes] = {}
    for ear in ears:
        selector.register(ear.connection, selectors.EVENT_READ)
    late: list[float] = []
    give_up_at = time.monotonic() + seconds
    while (left := give_up_at - time.monotonic()) > 0:
        for key, _events in selector.select(left):
            connection: Any = key.fileobj
            came = connection.recv(65536)
            if not came:
                raise SystemExit("a listener was let go")
            now_ms = time.time() * 1000
            *whole, begun[key.fd] = (begun.get(key.fd, b"") + came).split(b"\n\n")
            late += [now_ms - int(found[1]) for event in whole if (found := _ID.search(event))]
    selector.close()
    return late


def measure(*, listeners: int, seconds: float) -> dict[str, Any]:
    places = {"QUIZAPP_LISTENERS": str(listeners)}
    with Stack.running("--demo", "--workers", "1", settings=places) as stack, ExitStack() as opened:
        assert stack.process
        staff = Staff(stack)
        web = groups(stack.process.pid)["web"]
        ears = [opened.enter_context(closing(staff.listen(EVENTS)))]
        ears[0].hear()
        empty = machine.resident_bytes(web)
        for _ in range(listeners - 1):
            # One after the other: a crowd of readers at once is asked to come again.
            ears.append(opened.enter_context(closing(staff.listen(EVENTS))))
            ears[-1].hear()
        hear(ears, seconds=SETTLE_SECONDS)
        before = machine.processor_seconds(web)
        late = hear(ears, seconds=seconds)
        used = machine.processor_seconds(web) - before
        grown = machine.resident_bytes(web) - empty
    return {
        "events": len(late),
        "events_wanted": round(listeners * seconds),
        **percentiles(late),
        "web_ms_per_event": round(1000 * used / len(late), 4),
        "web_share_of_a_core": round(used / seconds, 3),
        "web_kib_per_listener": round(grown / 1024 / listeners, 1),
    }


def run(*, sizes: list[int], seconds: float) -> dict[str, Any]:
    return {"sizes": sizes, "seconds": seconds} | {
        str(size): measure(listeners=size, seconds=seconds) for size in sizes
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", default="300")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    sizes = [int(number) for number in asked.listeners.split(",")]
    tell("listeners", run(sizes=sizes, seconds=asked.seconds), as_json=asked.json)


if __name__ == "__main__":
    main()
