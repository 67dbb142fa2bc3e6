"""Disks with faults: a shim in front of a process's fsync, and a small file system that fills up."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import missing

SOURCE = Path(__file__).with_name("shim.c")


class Shim:
    """The shim for one process, given its environment by `settings`."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            missing("a C compiler")
        self.library = folder / "shim.so"
        self.control, self.log = folder / "control", folder / "synced"
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", self.library, SOURCE, "-ldl"], check=True)

    @property
    def settings(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.library), "FAULT_CONTROL": str(self.control), "FAULT_LOG": str(self.log)}

    def say(self, what: str) -> None:
        """Change what is wrong from now on; "" for nothing."""
        draft = self.control.with_suffix(".new")
        draft.write_text(what)
        draft.replace(self.control)

    def lose_power(self, files: Path) -> int:
        """Cut every file of a folder to what was synced of it; return how many bytes are gone."""
        lengths = {}
        for line in self.log.read_text().splitlines():
            length, _space, path = line.partition(" ")
            lengths[path] = int(length)
        lost = 0
        for file in files.iterdir():
            synced = lengths.get(str(file))
            if synced is not None and synced < file.stat().st_size:
                lost += file.stat().st_size - synced
                os.truncate(file, synced)
        return lost


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[Path]:
    """A file system of its own in `folder`, in memory; needs root."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        missing("the right to mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Fill a file system up to its last byte; return the file that does it, to be removed."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 65536):
                pass
        except OSError:
            pass
    return filler
