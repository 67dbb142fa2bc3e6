"""A whole installation as a stranger runs it: `quizapp run` on a free port with its data in a temporary folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START_SECONDS = 150
STOP_SECONDS = 60
QUIZAPP = [sys.executable, "-m", "quizapp"]


def environment() -> dict[str, str]:
    """This process's environment without settings of QuizApp, so that a developer's own do not leak in."""
    return {key: value for key, value in os.environ.items() if not key.startswith("QUIZAPP_")}


@dataclass
class Stack:
    """A running installation; `base_url` and `output` belong to its last start."""

    data: Path
    options: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    """`QUIZAPP_…` variables that `quizapp run` is given."""
    code: Path | None = None
    """A folder with another copy of the project to run; None: this one."""
    base_url: str = ""
    lines: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None

    @classmethod
    @contextmanager
    def running(
        cls, *options: str, data: Path | None = None, settings: Mapping[str, str] | None = None
    ) -> Iterator[Stack]:
        """Start one and stop it at the end; its folder goes too, unless `data` names one to keep."""
        folder = data or Path(tempfile.mkdtemp(prefix="qastack"))
        stack = cls(folder, options, settings or {})
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()
            if data is None:
                shutil.rmtree(folder, ignore_errors=True)

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def start(self) -> None:
        """Start and return when the address is printed; fail with the output when it is not printed in time."""
        self.lines = []
        self.process = subprocess.Popen(
            [*QUIZAPP, "run", "--port", "0", "--data", str(self.data), *self.options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment() | dict(self.settings),
            cwd=self.code,
        )
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        self.wait_for(r"Stop with Ctrl-C", START_SECONDS)
        found = re.search(r"is running: (http://\S+)", self.output)
        assert found, self.output
        self.base_url = found[1]

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        with process.stdout:
            for line in process.stdout:
                self.lines.append(line.rstrip("\n"))

    def wait_for(self, pattern: str, seconds: float = 60) -> None:
        """Wait until the output has a line like `pattern`."""
        give_up_at = time.monotonic() + seconds
        while not re.search(pattern, self.output):
            assert self.process
            assert self.process.poll() is None, f"ended with {self.process.poll()}:\n{self.output}"
            assert time.monotonic() < give_up_at, f"no {pattern!r} in:\n{self.output}"
            time.sleep(0.05)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal to the launcher and wait for its end; return its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def run_cli(self, *words: str, stdin: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `quizapp …` on this installation's data; with `check`, fail with its output unless it exits with 0."""
        done = subprocess.run(
            [*QUIZAPP, "--data", str(self.data), *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            env=environment(),
            cwd=self.code,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"{words} exited with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done

    def publish(self, slug: str) -> None:
        """Publish a contest and wait for its doors to open: who comes in the same moment is told to come again."""
        self.run_cli("contest", "publish", slug)
        self.wait_for_doors(slug)

    def make_contest(self, slug: str, **document: Any) -> str:
        """Publish a contest that is open for two days unless the document says else; return the address of its page."""
        now = datetime.now(UTC)
        whole = {
            "slug": slug,
            "opens_at": (now - timedelta(minutes=5)).isoformat(),
            "closes_at": (now + timedelta(days=2)).isoformat(),
        } | document
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(whole, file)
            file.flush()
            self.run_cli("contest", "create", file.name)
        self.publish(slug)
        return f"{self.base_url}/play/{slug}"

    def wait_for_doors(self, slug: str) -> None:
        """Wait until a contest takes calls."""
        give_up_at = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(f"{self.base_url}/api/v1/contests/{slug}/pulse", timeout=10).close()
                return
            except urllib.error.HTTPError as error:
                assert error.code == 503 and time.monotonic() < give_up_at, error
            time.sleep(0.05)

    def children(self) -> dict[str, int]:
        """The launcher's children: "web", "record", "work", "valkey" → pid."""
        assert self.process
        names = {"gunicorn": "web", "quizapp record": "record", "quizapp work": "work", "valkey-server": "valkey"}
        found = {}
        for pid in children_of(self.process.pid):
            command = command_line(pid)
            found.update({name: pid for part, name in names.items() if part in command})
        return found

    def web_workers(self) -> list[int]:
        return children_of(self.children()["web"])


def children_of(pid: int) -> list[int]:
    listing = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in listing.stdout.split()]


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
