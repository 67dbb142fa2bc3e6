"""Structured log lines: JSON, UTC, one a line, with the request's id and never a personal field.

The renderer escapes control characters, so that no input can forge a line. With a folder given, each line goes
into the file of its day, which all processes append to; the jobs delete old days.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import TextIO, cast

import structlog

from quizapp.core.clock import utc_now


class DailyFile:
    """A text stream that appends to `folder/2026-11-23.log`, and to the next file when the day (UTC) is over."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._day = ""
        self._handle = -1

    def write(self, text: str) -> int:
        """Append in one system call, so that lines of several processes never mix.

        What the disk does not take goes to stderr: nobody is refused an answer because of a log.
        """
        today = f"{utc_now():%Y-%m-%d}"
        try:
            if today != self._day:
                self._open(today)
            return os.write(self._handle, text.encode(errors="backslashreplace"))
        except OSError:
            with suppress(OSError):
                sys.stderr.write(text)
            return len(text)

    def _open(self, day: str) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle, self._day = -1, ""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._handle = os.open(self.folder / f"{day}.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._day = day

    def flush(self) -> None:
        """Nothing is held back."""


def configure(*, level: str, folder: Path | None = None) -> None:
    """Send this process's log lines, those of libraries included, to the files in `folder`, else to stderr."""
    stream = cast(TextIO, DailyFile(folder)) if folder else sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )


def get_logger(room: str) -> structlog.typing.FilteringBoundLogger:
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(room=room)
    return logger


def delete_old(folder: Path, *, keep_days: int, today: date) -> list[str]:
    """Delete the log files of days more than `keep_days` ago; return their names."""
    oldest = f"{today - timedelta(days=keep_days):%Y-%m-%d}.log"
    gone = [path for path in sorted(folder.glob("????-??-??.log")) if path.name < oldest]
    for path in gone:
        path.unlink()
    return [path.name for path in gone]
