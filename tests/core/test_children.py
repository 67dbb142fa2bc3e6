"""Children that are kept alive."""

from __future__ import annotations

import errno
import re
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from quizapp.core.children import Child


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"])


@pytest.fixture
def child() -> Iterator[Child]:
    child = Child("sleeper", sleeper)
    yield child
    child.process.kill()
    child.process.wait()


def tend_for(child: Child, seconds: float) -> list[str]:
    news = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        news.append(child.tend())
        time.sleep(0.01)
    return [sentence for sentence in news if sentence]


def test_living_child_is_left_alone(child: Child) -> None:
    before = child.process.pid
    assert tend_for(child, 0.1) == []
    assert child.process.pid == before


def test_killed_child_is_told_once_and_started_again(child: Child) -> None:
    before = child.process.pid
    child.process.kill()
    child.process.wait()
    assert tend_for(child, 0.5) == ["sleeper was killed by signal 9; starting it again in 0.2 s"]
    assert child.process.pid != before
    assert child.process.poll() is None


def test_pauses_grow_while_it_keeps_dying() -> None:
    child = Child("hopeless", lambda: subprocess.Popen(["sh", "-c", "exit 3"]))
    news = tend_for(child, 1.2)
    child.process.wait()
    pauses = [float(found[1]) for sentence in news if (found := re.search(r"code 3; .* in ([\d.]+) s", sentence))]
    assert pauses[:3] == [0.2, 0.4, 0.8]


def test_process_that_runs_already_is_taken_over() -> None:
    process = sleeper()
    child = Child("sleeper", sleeper, process)
    assert child.process is process
    child.stop(seconds=5)
    assert process.returncode == -signal.SIGTERM


def test_child_that_does_not_listen_is_killed() -> None:
    deaf = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
    child = Child("deaf", lambda: subprocess.Popen(["sh", "-c", deaf], stdout=subprocess.PIPE))
    assert child.process.stdout
    with child.process.stdout:
        child.process.stdout.readline()
    child.stop(seconds=0.2)
    assert child.process.returncode == -signal.SIGKILL


def test_one_that_never_stops_dying_is_started_again_for_ever() -> None:
    child = Child("hopeless", lambda: subprocess.Popen(["sh", "-c", "exit 3"]))
    child.process.wait()
    child._deaths = 5000
    assert child.tend() == "hopeless ended with code 3; starting it again in 10 s"


def test_what_cannot_be_started_now_is_tried_again(child: Child) -> None:
    def fail() -> subprocess.Popen[bytes]:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    start, child.start = child.start, fail
    child.process.kill()
    child.process.wait()
    died, failed = tend_for(child, 0.5)
    assert "starting it again in 0.2 s" in died
    assert "Cannot allocate memory" in failed and "trying again in 10 s" in failed
    child.start, child._restart_at = start, time.monotonic()
    assert child.tend() is None
    assert child.process.poll() is None
