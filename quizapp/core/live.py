"""Redis (or Valkey): one client with bounded waits, and Lua scripts as callables.

The client library's defaults re-send a command ten times and wait a minute for a hung server; both are
wrong for writes. Here a call waits at most a second and is never repeated behind the caller's back: an
answer is re-sent by the phone, where repeating is safe. After repeated failures the circuit opens for a
moment, so that threads are not all spent waiting for a dead server.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from hashlib import sha1
from typing import Any, cast

import redis
from flask import Flask, current_app
from redis.backoff import NoBackoff
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from quizapp.core.errors import StoreUnavailable

CONNECT_SECONDS = 0.3
CALL_SECONDS = 1.0
FAILURES_TO_OPEN = 5
OPEN_SECONDS = 1.0
# Replies of a server that is up but cannot serve writes now; the request may be repeated later.
TRANSIENT = ("LOADING", "MISCONF", "OOM", "READONLY", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "NOREPLICAS", "BUSY")


class LiveStoreDown(StoreUnavailable):
    """Redis did not answer in time, refused writes, or failed so often that calls pause for a moment."""


class Live:
    """A Redis client whose every failure is a `LiveStoreDown`."""

    def __init__(self, url: str) -> None:
        self.redis: redis.Redis = redis.Redis.from_url(
            url,
            protocol=3,
            decode_responses=True,
            socket_timeout=CALL_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            retry=Retry(NoBackoff(), 0),
            health_check_interval=0,
        )
        self._failures = 0
        self._closed_until = 0.0
        self._lock = threading.Lock()

    def command(self, *words: str | int | float | bytes) -> Any:
        """Send one command and return its reply; raise `LiveStoreDown` when it cannot be served now."""
        self._refuse_while_open()
        try:
            reply = self.redis.execute_command(*words)  # type: ignore[no-untyped-call]
        except ResponseError as error:
            if str(error).startswith(TRANSIENT):
                raise LiveStoreDown from error
            raise
        except (RedisConnectionError, RedisTimeoutError) as error:
            self._count_failure()
            raise LiveStoreDown from error
        except RedisError as error:
            if str(error).startswith(TRANSIENT):
                raise LiveStoreDown from error
            raise
        self._failures = 0
        return reply

    def _refuse_while_open(self) -> None:
        if self._closed_until and time.monotonic() < self._closed_until:
            raise LiveStoreDown

    def _count_failure(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES_TO_OPEN:
                self._closed_until = time.monotonic() + OPEN_SECONDS


class Script:
    """A Lua script called by its hash, so that workers of two releases can run side by side."""

    def __init__(self, text: str) -> None:
        self.text = text
        # SHA-1 is the name Redis gives a script, not a protection.
        self.sha = sha1(text.encode(), usedforsecurity=False).hexdigest()

    def call(self, live: Live, *, keys: Sequence[str], arguments: Sequence[str | int | float | bytes]) -> Any:
        words = (len(keys), *keys, *arguments)
        try:
            return live.command("EVALSHA", self.sha, *words)
        except NoScriptError:
            return live.command("EVAL", self.text, *words)


def init_app(app: Flask, *, redis_url: str) -> None:
    app.extensions["quizapp.live"] = Live(redis_url)


def get_live() -> Live:
    """The running app's client."""
    return cast(Live, current_app.extensions["quizapp.live"])
