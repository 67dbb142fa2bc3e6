"""The folder of one installation on one machine (DATA): its lock, its keys, and who serves it now.

    DATA/lock            held (flock) by the launcher, or by a command that started the servers for itself
    DATA/keys.json       secret_key and field_key, made at the first start; mode 0600
    DATA/serving.json    while a launcher runs: its pid, its address and its children's settings; mode 0600
    DATA/quizapp.sqlite  the records
    DATA/logs/           one file a day (UTC)
    DATA/valkey/         live state: the append-only file and the log of the embedded Valkey

The lock is the kernel's: it goes with its holder, however that ends, so a stale one cannot stay.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from quizapp.core.settings import PREFIX

LOCK_WAIT_SECONDS = 60
LOSS = (
    "without its keys the stored names and phone numbers cannot be decrypted. Put back the copy you kept; "
    "only if the data may be lost, move the whole folder away and start with a new one."
)


class AlreadyRunning(Exception):
    """Another launcher or command serves this folder; the message names it."""


class UnusableFolder(Exception):
    """The folder, or a file in it, cannot be read or written; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A running launcher: whoever reads this may use its servers."""

    pid: int
    address: str
    environment: dict[str, str]
    """The `QUIZAPP_…` variables of its children, secrets included."""


def prepare_folder(folder: Path) -> None:
    """Make the folder, for its owner alone; raise UnusableFolder when that is not possible."""
    if "?" in str(folder.absolute()):
        raise UnusableFolder(f"the data folder {folder} cannot be used: a ? in its path ends the database's address")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(13, "no permission to write", str(folder))
    except OSError as error:
        raise UnusableFolder(f"the data folder {folder} cannot be used: {error.strerror or error}") from error


@contextmanager
def locked(folder: Path, *, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the folder's lock; raise AlreadyRunning when somebody else still holds it after `wait_seconds`."""
    give_up_at = time.monotonic() + wait_seconds
    with (folder / "lock").open("a+") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= give_up_at or read_serving(folder):
                    raise AlreadyRunning(_holder(folder, file.name)) from None
                time.sleep(0.05)
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield


def _holder(folder: Path, lock: str) -> str:
    serving = read_serving(folder)
    if serving:
        return f"QuizApp is running already with the data in {folder}: process {serving.pid}, {serving.address}"
    pid = Path(lock).read_text().strip()
    return f"the data in {folder} is in use by process {pid}; try again when it has finished"


def load_keys(folder: Path) -> dict[str, str]:
    """The installation's keys; made, readable by the owner alone, when there are none yet."""
    path = folder / "keys.json"
    if not path.exists():
        if (folder / "quizapp.sqlite").exists():
            raise UnusableFolder(f"the key file {path} is gone, and {LOSS}")
        keys = {"secret_key": secrets.token_urlsafe(48), "field_key": secrets.token_urlsafe(48)}
        _write_private(path, json.dumps(keys, indent=2) + "\n")
    try:
        keys = json.loads(path.read_text())
        return {"secret_key": str(keys["secret_key"]), "field_key": str(keys["field_key"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnusableFolder(f"the key file {path} cannot be read ({error}), and {LOSS}") from error


def environment_for(*, folder: Path, redis_url: str, public_url: str, given: Mapping[str, str]) -> dict[str, str]:
    """All `QUIZAPP_…` variables of this folder's processes; what the environment gives goes first."""
    own = {key: value for key, value in given.items() if key.startswith(PREFIX)}
    own[f"{PREFIX}DATA_DIR"] = str(folder.absolute())
    defaults = {
        "DATABASE_URL": f"sqlite:///{folder.absolute() / 'quizapp.sqlite'}",
        "REDIS_URL": redis_url,
        "PUBLIC_URL": public_url,
        # One machine is mostly one person's: who imports may approve, in one act that is on the audit trail.
        "FOUR_EYES": "off",
    }
    if not {f"{PREFIX}SECRET_KEY", f"{PREFIX}FIELD_KEY"} <= own.keys():
        defaults |= {key.upper(): value for key, value in load_keys(folder).items()}
    return {PREFIX + key: value for key, value in defaults.items()} | own


def write_serving(folder: Path, serving: Serving) -> None:
    _write_private(folder / "serving.json", json.dumps(asdict(serving)))


def forget_serving(folder: Path) -> None:
    (folder / "serving.json").unlink(missing_ok=True)


def read_serving(folder: Path) -> Serving | None:
    """The launcher that serves the folder now; None without one, and for the file of one that was killed."""
    try:
        serving = Serving(**json.loads((folder / "serving.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return serving if is_alive(serving.pid) else None


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write_private(path: Path, text: str) -> None:
    """Write a file for the owner alone, whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
