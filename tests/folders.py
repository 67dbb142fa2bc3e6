"""Folders for what a test starts, under TMPDIR as all that tests write."""

from __future__ import annotations

import tempfile
from pathlib import Path


def short_folder(prefix: str) -> Path:
    """A fresh folder, to be removed, whose path leaves room for a socket's name (108 bytes at most)."""
    base = tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix=prefix, dir=base if len(base.encode()) < 40 else "/tmp"))
