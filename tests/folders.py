"""Folders for what a test starts, under TMPDIR as all that tests write."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def short_folder(prefix: str) -> Path:
    """A fresh folder, to be removed, whose path leaves room for a socket's name (108 bytes at most).

    It is in /tmp where the path of TMPDIR is longer, or not open to all.
    """
    base = Path(tempfile.gettempdir()).absolute()
    # PostgreSQL runs as another user than root, and must come there.
    is_open = all(folder.stat().st_mode & stat.S_IXOTH for folder in (base, *base.parents))
    fits = len(os.fsencode(base)) < 40 and is_open
    return Path(tempfile.mkdtemp(prefix=prefix, dir=base if fits else "/tmp"))
