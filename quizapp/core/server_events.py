"""Server-sent events: what is told to many listeners every second, by one thread and at the price of a socket each.

A threaded WSGI server gives every open response a thread of its own, so some dozens of listeners would leave none
for answers. Here the connection is taken out of the server's hands (`TAKE`, which our worker puts into the request's
environment) and belongs to this module's thread, which writes to all of them without ever waiting.

What is told is a state, so nobody needs what was missed: whoever comes, or comes back, gets the newest state at once,
and a slow listener is given the newest as soon as it has taken what was begun. A process that ends closes its sockets,
and browsers come back after the pause they were told at the beginning, to a process that is there.
"""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from flask import Flask, Response, current_app, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from quizapp.core.clock import to_ms, utc_now
from quizapp.core.db import reading
from quizapp.core.errors import DomainError, NotFound, StoreUnavailable
from quizapp.core.logs import get_logger

TAKE = "quizapp.take_connection"
"""In a request's environment: a function that gives its connection away, to be closed by whoever has called it."""
EVERY_SECONDS = 1.0
QUIET_SECONDS = 15.0
"""Something is sent at least so often: proxies close what is silent, and only a write shows that a listener is gone."""
CHECK_SECONDS = 20.0
SLOW_SECONDS = 30.0
BUFFER_BYTES = 16 * 1024
"""In the kernel for each listener; with it what a slow one can cost is bounded."""
RETRY_MS = (1000, 4000)
"""Browsers come back after a pause between these: not all in the same moment when a worker was replaced."""
KEEP_ALIVE = b": here\n\n"

Value = TypeVar("Value")

log = get_logger("core")


class NoPlace(StoreUnavailable):
    """This process has as many listeners as it may have; the page asks from time to time instead."""

    code = "no_place"
    retry_after = 60


@dataclass(frozen=True, slots=True)
class Source:
    """Something that can be listened to; whoever has an equal `name` shares its readings."""

    name: tuple[Hashable, ...]
    read: Callable[[], str] = field(compare=False)
    """The present state as one line of JSON; called in an app context without a request."""


@dataclass(frozen=True, slots=True)
class Right:
    """By which somebody listens; asked again every CHECK_SECONDS, once for all whose `holder` is equal."""

    holder: Hashable
    holds: Callable[[], bool] = field(compare=False)


class Listener:
    """One connection."""

    def __init__(self, connection: socket.socket, source: Source, right: Right, *, now: float) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        self.source, self.right = source, right
        self.checked_at = self.sent_at = now
        self.is_open = True
        self._connection = connection
        self._rest = b""
        self._stuck_since: float | None = None

    def tell(self, event: bytes, *, now: float) -> None:
        """Send what was begun, else this; close when the other end is gone or has taken nothing for long."""
        waiting = self._rest or event
        if not waiting:
            return
        try:
            sent = self._connection.send(waiting)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close()
            return
        self._rest = waiting[sent:]
        if sent:
            self.sent_at, self._stuck_since = now, None
        elif self._stuck_since is None:
            self._stuck_since = now
        elif now - self._stuck_since > SLOW_SECONDS:
            self.close()

    def close(self) -> None:
        self.is_open = False
        self._connection.close()


class Listeners:
    """All listeners of this process, and the thread that tells them; it starts with the first one."""

    def __init__(self, app: Flask, *, limit: int) -> None:
        self.limit = limit
        self._app = app
        self._listeners: list[Listener] = []
        self._joining: list[Listener] = []
        self._newest: dict[Source, tuple[float, bytes]] = {}
        self._lock = threading.Lock()
        self._somebody_came = threading.Event()
        self._thread: threading.Thread | None = None

    def __len__(self) -> int:
        return len(self._listeners) + len(self._joining)

    def add(self, listener: Listener) -> None:
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="server-events", daemon=True)
                thread.start()
                self._thread = thread
            self._joining.append(listener)
        self._somebody_came.set()

    def _run(self) -> None:
        tell_at = time.monotonic()
        while True:
            try:
                # Without listeners there is nothing to wake up for.
                self._somebody_came.wait(max(0.0, tell_at - time.monotonic()) if self._listeners else None)
                self._somebody_came.clear()
                self.welcome(now=time.monotonic())
                if time.monotonic() >= tell_at:
                    tell_at = time.monotonic() + EVERY_SECONDS
                    self.tell(now=time.monotonic())
            except Exception as error:
                # Whatever it was: the listeners of the next second are not to suffer for it.
                log.error("server_events_failed", exc_info=error)

    def welcome(self, *, now: float) -> None:
        """Tell those who have just come how things stand."""
        with self._lock:
            joining, self._joining = self._joining, []
        self._listeners += joining
        for source in {listener.source for listener in joining}:
            if now - self._newest.get(source, (-EVERY_SECONDS, b""))[0] >= EVERY_SECONDS:
                self._newest[source] = (now, self._event(source))
        for listener in joining:
            listener.tell(self._newest[listener.source][1], now=now)

    def tell(self, *, now: float) -> None:
        """Tell everybody the newest state of what they listen to; end those who have lost their right to it."""
        self._newest = {source: (now, self._event(source)) for source in {one.source for one in self._listeners}}
        self._check_rights(now)
        for listener in self._listeners:
            is_quiet = now - listener.sent_at >= QUIET_SECONDS
            listener.tell(self._newest[listener.source][1] or (KEEP_ALIVE if is_quiet else b""), now=now)
        self._listeners = [listener for listener in self._listeners if listener.is_open]

    def _check_rights(self, now: float) -> None:
        due = [listener for listener in self._listeners if now - listener.checked_at >= CHECK_SECONDS]
        holding = {right for right in {listener.right for listener in due} if self._asked(right.holds, if_away=True)}
        for listener in due:
            listener.checked_at = now
            if listener.right not in holding:
                listener.close()
        self._listeners = [listener for listener in self._listeners if listener.is_open]

    def _event(self, source: Source) -> bytes:
        """The state with the moment (ms) of its reading as its id; nothing while it cannot be read."""
        text = self._asked(source.read, if_away="")
        return f"id: {to_ms(utc_now())}\ndata: {text}\n\n".encode() if text else b""

    def _asked(self, ask: Callable[[], Value], *, if_away: Value) -> Value:
        """The answer of a function that reads SQL or Redis; `if_away` while they do not answer, or it is at fault."""
        try:
            with self._app.app_context(), reading():
                return ask()
        except (DomainError, DBAPIError, PoolTimeout) as error:
            log.warning("server_events_wait", reason=type(error).__name__)
        except Exception as error:
            # Those who listen to something else are not to suffer for it.
            log.error("server_events_failed", exc_info=error)
        return if_away


class Stream(Response):
    """A response whose connection is taken from the server, and goes on for as long as both ends want."""

    def __init__(self, source: Source, right: Right) -> None:
        super().__init__(mimetype="text/event-stream")
        # The second is for nginx, which would else keep what is said until there is a page of it.
        self.headers.update({"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Connection": "close"})
        self._source, self._right = source, right

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        connection: socket.socket = environ[TAKE]()
        retry = RETRY_MS[0] + secrets.randbelow(RETRY_MS[1] - RETRY_MS[0])
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers if name.lower() != "content-length")
        connection.sendall(f"HTTP/1.1 200 OK\r\n{head}\r\nretry: {retry}\n\n".encode())
        listeners_of(current_app).add(Listener(connection, self._source, self._right, now=time.monotonic()))
        # What the server has to be told; it reaches nobody.
        start_response("200 OK", [("Content-Length", "0")])
        return ()


def listen(source: Source, right: Right) -> Response:
    """The response by which the present request becomes a listener.

    Raises NoPlace, and NotFound where no connection can be taken: another server than ours, or a HEAD request.
    """
    if TAKE not in request.environ or request.method != "GET":
        raise NotFound
    listeners = listeners_of(current_app)
    if len(listeners) >= listeners.limit:
        raise NoPlace
    return Stream(source, right)


def init_app(app: Flask, *, limit: int) -> None:
    app.extensions["quizapp.listeners"] = Listeners(app, limit=limit)


def listeners_of(app: Flask) -> Listeners:
    return cast(Listeners, app.extensions["quizapp.listeners"])
