"""Threads that empty a queue: as many at a time as do not stand in each other's way, and more when those are stuck.

Threads of one interpreter share one processor, so that more than a few at work make nothing faster and everything
dearer. But whoever waits for a database works on nothing, and nobody shall wait behind somebody who waits.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Generic, TypeVar

from quizapp.core.shortage import LACKS_MEMORY

AT_WORK = 4
STUCK_SECONDS = 0.05
"""Who has been at one thing for so long waits for something, and is not counted as at work."""

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True, eq=False)
class Serving(Generic[Thing]):
    """One thing being served since a moment. The thing may be put in again before the end of its serving is noted."""

    thing: Thing
    since: float


class Pool(Generic[Thing]):
    """Serves each thing that is put into it once, in order."""

    def __init__(self, serve: Callable[[Thing], None], *, threads: int) -> None:
        """`serve` must not raise. `threads`: how many there are with those that are stuck."""
        self._serve = serve
        self._threads = threads
        self._waiting: deque[Thing] = deque()
        self._given: SimpleQueue[Serving[Thing]] = SimpleQueue()
        self._servings: set[Serving[Thing]] = set()
        self._lock = threading.Lock()

    def start(self) -> None:
        for _number in range(self._threads):
            threading.Thread(target=self._work, daemon=True).start()

    def put(self, thing: Thing) -> None:
        self._waiting.append(thing)
        self.tend()

    def tend(self) -> None:
        """Call threads for those that have become stuck; to be done some times a second."""
        while self._waiting:
            with self._lock:
                serving = self._next()
            if serving is None:
                return
            self._given.put(serving)

    def _next(self) -> Serving[Thing] | None:
        """What is to be served now; None when nothing waits or enough threads are at work."""
        now = time.monotonic()
        at_work = sum(now - serving.since < STUCK_SECONDS for serving in self._servings)
        if not self._waiting or at_work >= AT_WORK or len(self._servings) >= self._threads:
            return None
        # Taken out last: where memory ends before, it still waits.
        serving = Serving(self._waiting[0], now)
        self._servings.add(serving)
        self._waiting.popleft()
        return serving

    def _work(self) -> None:
        while True:
            serving: Serving[Thing] | None = self._given.get()
            while serving is not None:
                self._serve(serving.thing)
                serving = self._next_after(serving)

    def _next_after(self, serving: Serving[Thing]) -> Serving[Thing] | None:
        with self._lock:
            self._servings.remove(serving)
            try:
                return self._next()
            except LACKS_MEMORY:
                # The thread is needed when there is some again; what waits is given to it by `tend`.
                return None
