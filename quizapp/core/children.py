"""Child processes that are kept alive: a dead one is started again, with growing pauses when it keeps dying."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
MOST_DOUBLINGS = 10
"""Of the pause; a power of two that grows for ever becomes too large a number in some hours."""
HEALTHY_SECONDS = 30.0


@dataclass
class Child:
    """One process of the house and how it is started."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    running: InitVar[subprocess.Popen[bytes] | None] = None
    """A process that was started already; without it the child is started now."""
    process: subprocess.Popen[bytes] = field(init=False)
    _started_at: float = field(init=False, default_factory=time.monotonic)
    _deaths: int = field(init=False, default=0)
    _restart_at: float | None = field(init=False, default=None)

    def __post_init__(self, running: subprocess.Popen[bytes] | None) -> None:
        self.process = running or self.start()

    def _launch(self, now: float) -> str | None:
        """Return a sentence when it cannot be started, for want of memory or open files: there may be some later."""
        try:
            self.process = self.start()
        except (OSError, subprocess.SubprocessError) as error:
            self._restart_at = now + LONGEST_PAUSE_SECONDS
            return f"{self.name} cannot be started ({error}); trying again in {LONGEST_PAUSE_SECONDS:g} s"
        self._started_at = now
        self._restart_at = None
        return None

    def tend(self) -> str | None:
        """Start the child again when it is dead and its pause is over; return a sentence when it has just died."""
        now = time.monotonic()
        if self._restart_at is not None:
            return self._launch(now) if now >= self._restart_at else None
        code = self.process.poll()
        if code is None:
            return None
        self._deaths = 1 if now - self._started_at > HEALTHY_SECONDS else self._deaths + 1
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(self._deaths - 1, MOST_DOUBLINGS))
        self._restart_at = now + pause
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        return f"{self.name} {how}; starting it again in {pause:g} s"

    def stop(self, *, seconds: float) -> None:
        """Ask the child to end, and kill it when it has not ended after `seconds`."""
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
