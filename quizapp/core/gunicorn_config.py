"""Gunicorn's settings for `quizapp run` and `quizapp web`; the address and the number of workers come from outside.

Threads, since a request mostly waits for Valkey's disk. An idle phone costs a connection and no thread.
"""

from __future__ import annotations

import gc
import os
import resource
from pathlib import Path
from typing import Any

from quizapp.core import handover
from quizapp.core.embedded import end_with_parent

worker_class = "quizapp.core.gunicorn_worker.Worker"
workers = min(8, max(2, os.cpu_count() or 2))
threads = 32
worker_connections = 4000
keepalive = 15
timeout = 60
graceful_timeout = 8
umask = 0o077
# A heartbeat file on a busy disk makes a healthy worker look dead.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# Python's waits for ever for who takes nothing any more, whatever bound the connection has.
sendfile = False
control_socket_disable = True
loglevel = "warning"

FILES_WANTED = 8192
COLLECT_AFTER = (20_000, 20, 20)
"""Python's default of 700 new objects is a few requests."""


def on_starting(_server: Any) -> None:
    """Allow as many open connections as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def post_fork(_server: Any, _worker: Any) -> None:
    """A worker whose master was killed ends at once, and frees the port's connections for the next one."""
    end_with_parent()


def on_reload(server: Any) -> None:
    """The old workers stay until the new ones have loaded the app."""
    handover.begin(newest_age=server.worker_age, workers=server.cfg.workers)


def post_worker_init(worker: Any) -> None:
    """What is loaded stays, so that looking through it for garbage again and again is lost time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    handover.note_loaded(age=worker.age)


def worker_exit(_server: Any, worker: Any) -> None:
    """What a worker has counted lately is added up before it ends; one that did not come up has nothing."""
    if hasattr(worker, "adder"):
        worker.adder.stop()
