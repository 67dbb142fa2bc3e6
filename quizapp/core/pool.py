"""Threads that empty a queue: as many at a time as do not stand in each other's way, and more when those are stuck.

Threads of one interpreter share one processor, so that more than a few at work make nothing faster and everything
dearer. But whoever waits for a database works on nothing, and nobody shall wait behind somebody who waits.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

AT_WORK = 4
STUCK_SECONDS = 0.05
"""Who has been at one thing for so long waits for something, and is not counted as at work."""

Thing = TypeVar("Thing")


class Pool(Generic[Thing]):
    """Serves each thing that is put into it once, in order."""

    def __init__(self, serve: Callable[[Thing], None], *, threads: int) -> None:
        """`serve` must not raise. `threads`: how many there are with those that are stuck."""
        self._serve = serve
        self._threads = threads
        self._waiting: deque[Thing] = deque()
        self._given: SimpleQueue[Thing] = SimpleQueue()
        self._since: dict[Thing, float] = {}
        """What is being served → since when."""
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
                thing = self._next()
            if thing is None:
                return
            self._given.put(thing)

    def _next(self) -> Thing | None:
        """What is to be served now; None when nothing waits or enough threads are at work."""
        now = time.monotonic()
        at_work = sum(now - since < STUCK_SECONDS for since in self._since.values())
        if not self._waiting or at_work >= AT_WORK or len(self._since) >= self._threads:
            return None
        thing = self._waiting.popleft()
        self._since[thing] = now
        return thing

    def _work(self) -> None:
        while True:
            thing: Thing | None = self._given.get()
            while thing is not None:
                self._serve(thing)
                with self._lock:
                    del self._since[thing]
                    thing = self._next()
