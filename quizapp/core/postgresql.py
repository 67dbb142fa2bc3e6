"""How long PostgreSQL is waited for.

The server itself ends statements that run, or wait for a lock, for too long, and the system finds out when its machine
is gone. But a server that is stopped while its machine lives (a debugger, a disk that does not answer, a paused
container) ends nothing, and its system goes on acknowledging what it is sent. So who must answer a person puts an end
to the wait also on this side: the connection is closed, the pool forgets its others, and while the server says
nothing one thread at a time tries to connect again, so that not all of them are spent on waiting.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import ConnectionTimeout
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event, text
from sqlalchemy.engine import Connection as AnyConnection

CONNECT_SECONDS = 3
AWAY_SECONDS = 1.0
POOL_SECONDS = 2.0
LONG_SECONDS = 110
"""As long as the proxies of docs/deploy.md wait for a file."""
POOL_SIZE, POOL_OVERFLOW = 8, 2
"""Far fewer connections than a web worker has threads: while SQL is slow there are threads left for answers. And those
of eight workers fit into the hundred that PostgreSQL has unless it is told otherwise."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Waits:
    """Bounds in seconds: of a lock, of a statement with that, and of any reply of the server, None for no bound."""

    lock: float
    statement: float
    reply: float | None


WEB = Waits(lock=2, statement=3, reply=4)
"""For who answers people, or Prometheus, within five seconds whatever happens."""
PATIENT = Waits(lock=10, statement=30, reply=None)
"""For the recorder, jobs and commands, some of which lift the bound of a statement: they have nothing else to do."""


class Connection(psycopg.Connection[Any]):
    """A connection that is closed when a reply takes longer than `reply_seconds`."""

    line: Line
    reply_seconds: float | None = None

    def wait(self, gen: PQGen[T], *arguments: Any, **named: Any) -> T:
        try:
            return super().wait(gen, *arguments, **{"timeout": self.reply_seconds, **named})
        except psycopg.OperationalError:
            if self.info.transaction_status == TransactionStatus.ACTIVE:
                # The reply may come yet: who used the connection next would take it for theirs.
                self.close()
                self.line.leave_alone()
            raise


class Line:
    """The way to one server. Everybody may connect, but one at a time from when it has said nothing for too long."""

    def __init__(self, waits: Waits) -> None:
        self.reply_seconds = waits.reply
        self._try_at: float | None = None
        """When the next one may try; None while everybody may."""
        self._lock = threading.Lock()

    def connect(self, _dialect: object, _record: object, arguments: Any, options: Any) -> Connection:
        """As SQLAlchemy asks for a connection; raise psycopg.OperationalError at once while the server is silent."""
        self._take_turn()
        try:
            connection = Connection.connect(*arguments, **options)
        except ConnectionTimeout:
            self.leave_alone()
            raise
        except psycopg.Error:
            self._try_at = None
            raise
        self._try_at = None
        connection.line, connection.reply_seconds = self, self.reply_seconds
        return connection

    def leave_alone(self) -> None:
        """The server is silent."""
        self._try_at = time.monotonic() + AWAY_SECONDS

    def _take_turn(self) -> None:
        with self._lock:
            if self._try_at is None:
                return
            now = time.monotonic()
            if now < self._try_at:
                raise psycopg.OperationalError("the server does not reply; it is tried again in a moment")
            self._try_at = now + CONNECT_SECONDS + AWAY_SECONDS


def engine_options(waits: Waits) -> dict[str, Any]:
    limits = {"lock_timeout": waits.lock, "statement_timeout": waits.statement}
    return {
        "pool_pre_ping": True,
        "pool_size": POOL_SIZE,
        "max_overflow": POOL_OVERFLOW,
        "pool_timeout": POOL_SECONDS,
        "connect_args": {
            "connect_timeout": CONNECT_SECONDS,
            "options": " ".join(f"-c {name}={round(1000 * seconds)}" for name, seconds in limits.items()),
            # A machine that is gone is found out within half a minute, not within hours.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
        },
    }


def bound_waits(engine: Engine, waits: Waits) -> None:
    """Let an engine, of `engine_options`, connect with bounded waits."""
    event.listen(engine, "do_connect", Line(waits).connect)


@contextmanager
def lengthy(connection: AnyConnection) -> Iterator[None]:
    """Let statements of the connection's transaction take LONG_SECONDS, for files of a whole contest."""
    ours = connection.connection.driver_connection
    if not isinstance(ours, Connection):
        yield
        return
    connection.execute(text(f"SET LOCAL statement_timeout = {1000 * LONG_SECONDS}"))
    ours.reply_seconds = LONG_SECONDS + AWAY_SECONDS
    try:
        yield
    finally:
        ours.reply_seconds = ours.line.reply_seconds
