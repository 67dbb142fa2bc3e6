"""Work on what strangers made, in a child process that may use only so much memory and time.

The child is forked: it has the program already loaded and begins at once. So whoever forks has one thread and no
open connection (`db.disconnect`), and the child ends without the duties of a whole process. A parser that eats the
machine, never comes back or brings the interpreter down takes its child with it, and nothing else.
"""

from __future__ import annotations

import os
import resource
import selectors
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NoReturn

from quizapp.core.embedded import end_with_parent
from quizapp.core.errors import DomainError

MEGABYTE = 1024 * 1024
HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
DONE, OUT_OF_MEMORY, REFUSED, BROKEN = 0, 3, 4, 5
PAUSE_SECONDS = 0.02
CPU_GRACE_SECONDS = 5
"""Between the signal that ends a child and the one that nothing can hold back."""

Ending = Literal["done", "refused", "broken", "out_of_memory", "out_of_time", "lost"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    memory_bytes: int
    """Address space beyond that of the process that forks."""
    cpu_seconds: int
    wall_seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a child ended. `content` is what its act returned; for "refused" the code of the refusal.

    "broken" is a fault of ours, and `content` its traceback; "lost" is a child that crashed or that somebody else
    ended.
    """

    ending: Ending
    content: bytes = b""


@dataclass
class LimitedChild:
    """A child at work. Its parent polls it, since nobody else ends it when its time is up."""

    pid: int
    limits: Limits | None
    _pipe: int
    _received: bytearray = field(default_factory=bytearray)
    _started: float = field(default_factory=time.monotonic)
    _is_late: bool = False
    _ended: Outcome | None = None

    def poll(self) -> Outcome | None:
        """How the child ended, None while it works; a child whose time is up is killed first."""
        if self._ended:
            return self._ended
        self._receive()
        if self.limits and not self._is_late and time.monotonic() - self._started > self.limits.wall_seconds:
            self._is_late = True
            os.kill(self.pid, signal.SIGKILL)
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self._receive()
            os.close(self._pipe)
            self._ended = Outcome(self._ending(os.waitstatus_to_exitcode(status)), bytes(self._received))
        return self._ended

    def wait(self) -> Outcome:
        with selectors.DefaultSelector() as selector:
            selector.register(self._pipe, selectors.EVENT_READ)
            while (outcome := self.poll()) is None:
                selector.select(PAUSE_SECONDS)
                # At its end the pipe is always ready, and the child about to end.
                time.sleep(PAUSE_SECONDS / 20)
        return outcome

    def kill(self) -> None:
        """End the child and forget what it was about to say."""
        if not self._ended:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self._pipe)

    def _receive(self) -> None:
        while True:
            try:
                part = os.read(self._pipe, MEGABYTE)
            except BlockingIOError:
                return
            if not part:
                return
            self._received += part

    def _ending(self, code: int) -> Ending:
        if self._is_late or code == -signal.SIGXCPU:
            return "out_of_time"
        # Libraries in Rust and C++ abort where Python raises MemoryError.
        if code in (OUT_OF_MEMORY, -signal.SIGABRT):
            return "out_of_memory"
        endings: dict[int, Ending] = {DONE: "done", REFUSED: "refused", BROKEN: "broken"}
        return endings.get(code, "lost")


def start(act: Callable[[], bytes], *, limits: Limits | None) -> LimitedChild:
    """Fork a child that does `act` within the limits and hands back what it returns."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    reading, writing = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _be_the_child(act, limits, writing, parent)
    os.close(writing)
    os.set_blocking(reading, False)
    return LimitedChild(pid, limits, reading)


def run(act: Callable[[], bytes], *, limits: Limits) -> Outcome:
    """Do `act` in a child and wait for its end."""
    return start(act, limits=limits).wait()


def _be_the_child(act: Callable[[], bytes], limits: Limits | None, writing: int, parent: int) -> NoReturn:
    status = BROKEN
    try:
        for number in HANDLED:
            signal.signal(number, signal.SIG_DFL)
        end_with_parent(signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(status)
        if limits:
            _limit(limits)
        status, content = _do(act)
        while content:
            content = content[os.write(writing, content) :]
    except MemoryError:
        status = OUT_OF_MEMORY
    finally:
        os._exit(status)


def _do(act: Callable[[], bytes]) -> tuple[int, bytes]:
    try:
        return DONE, act()
    except DomainError as refusal:
        return REFUSED, refusal.code.encode()
    except MemoryError:
        return OUT_OF_MEMORY, b""
    except BaseException:
        # A panic of a library in Rust is no Exception.
        return BROKEN, traceback.format_exc().encode(errors="backslashreplace")


def _limit(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _lower(resource.RLIMIT_CPU, limits.cpu_seconds, grace=CPU_GRACE_SECONDS)
    base = _address_space_bytes()
    if base:
        _lower(resource.RLIMIT_AS, base + limits.memory_bytes)


def _lower(kind: int, amount: int, *, grace: int = 0) -> None:
    """Set a limit, unless a lower one is set already."""
    _soft, hard = resource.getrlimit(kind)
    highest = amount + grace if hard == resource.RLIM_INFINITY else min(hard, amount + grace)
    resource.setrlimit(kind, (min(amount, highest), highest))


def _address_space_bytes() -> int:
    """What this process has mapped; 0 where the system does not tell (not Linux), and nothing can be limited."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * resource.getpagesize()
