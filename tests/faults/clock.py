"""Another time of day for some of the programs, which a test may set forward and back while they run."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import missing

SOURCE = Path(__file__).with_name("clock.c")


class Clock:
    """A clock in `folder` that is right until it is set."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            missing("a C compiler")
        self._library, self._file = folder / "clock.so", folder / "clock"
        subprocess.run(
            [compiler, "-O2", "-shared", "-fPIC", "-o", str(self._library), str(SOURCE), "-ldl"], check=True, timeout=60
        )
        self._file.write_bytes(bytes(8))

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables for a program that shall go by this clock."""
        return {"LD_PRELOAD": str(self._library), "CLOCK_FILE": str(self._file)}

    def set(self, seconds: int) -> None:
        """Go wrong by so many seconds, also for programs that run."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("q", seconds))
