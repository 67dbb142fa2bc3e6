"""Gunicorn's worker with threads, which also knows how long each request waited for a thread."""

from __future__ import annotations

import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from quizapp.core.shedding import Queue, Shedding


class Worker(ThreadWorker):  # type: ignore[misc]
    """Waiting begins when the worker sees that a connection has something to read, and ends when a thread takes it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.queue = Queue()

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self.wsgi: Any = Shedding(self.wsgi, self.queue)

    def enqueue_req(self, conn: Any) -> None:
        conn.queued_at = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        self.queue.note(time.monotonic() - conn.queued_at)
        return super().handle(conn)
