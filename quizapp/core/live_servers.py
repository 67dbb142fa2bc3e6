"""The servers behind the live store: one, the primary that sentinels name, or the primaries of a cluster.

Every call has bounded waits and is sent once. The client library's defaults re-send a command ten times and wait a
minute for a hung server, and its cluster client repeats writes of which it does not know whether they were done;
so of the library only connections, pools, the protocol and the sentinel's part are used, and which node of a
cluster has a key is looked up here. After repeated failures a server's circuit opens for a moment, so that threads
are not all spent waiting for it while the other servers have nothing to do.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from random import sample
from typing import Any, Protocol, TypeVar, cast

import redis
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import AskError, MovedError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelManagedConnection, SentinelManagedSSLConnection

from quizapp.core.errors import StoreUnavailable
from quizapp.core.metrics import BREAKS, STORE_FAILURES
from quizapp.core.redis_address import Address

CONNECT_SECONDS = 0.3
CALL_SECONDS = 1.0
SENTINEL_SECONDS = 0.5
FAILURES_TO_OPEN = 5
OPEN_SECONDS = 1.0
MAP_SECONDS = 0.5
"""How long a cluster's map is not asked for again, however often servers fail meanwhile."""
REPLICAS_MS = 800
"""How long replicas are waited for; below the bound of a call."""
# Replies of a server that is up but cannot serve writes now; the request may be repeated later.
TRANSIENT = ("LOADING", "MISCONF", "OOM", "READONLY", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "NOREPLICAS", "BUSY")

Words = Sequence[str | int | float | bytes]
"""One command with its arguments."""
T = TypeVar("T")


class LiveStoreDown(StoreUnavailable):
    """Redis did not answer in time, refused writes, or failed so often that calls pause for a moment."""


class TooFewReplicas(LiveStoreDown):
    """What was done stands on the primary alone; it is acknowledged when it was sent again and replicas have it."""


class Circuit:
    """Refuses calls for a moment after repeated failures."""

    def __init__(self) -> None:
        self._failures = 0
        self._closed_until = 0.0
        self._lock = threading.Lock()

    def refuse_while_open(self) -> None:
        if self._closed_until and time.monotonic() < self._closed_until:
            raise LiveStoreDown

    def count_failure(self) -> None:
        STORE_FAILURES.add()
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES_TO_OPEN:
                self._closed_until = time.monotonic() + OPEN_SECONDS
                BREAKS.add()

    def count_success(self) -> None:
        self._failures = 0

    @property
    def is_well(self) -> bool:
        """Whether the last call succeeded."""
        return not self._failures


class Server:
    """One Redis, whose every failure is a `LiveStoreDown`."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client
        self.circuit = Circuit()
        self._replicas_circuit = Circuit()

    def ask(self, *commands: Words) -> list[Any]:
        """Send commands on one connection, in one go, and return their replies.

        Raises LiveStoreDown, and ResponseError for what the server says about the commands themselves.
        """
        self.circuit.refuse_while_open()
        try:
            replies = self._send(commands)
        except ResponseError as error:
            replies = [error]
        except (RedisConnectionError, RedisTimeoutError) as error:
            self.circuit.count_failure()
            raise LiveStoreDown from error
        self.circuit.count_success()
        for reply in replies:
            if isinstance(reply, RedisError):
                self._refuse(reply)
        return replies

    def ask_at_once(self, commands: Sequence[Words]) -> list[Any]:
        """As `ask`, with errors in the place of replies; nothing is sent to a server that is not known to be well."""
        if not self.circuit.is_well:
            return [LiveStoreDown()] * len(commands)
        try:
            replies = self._send_all(commands)
        except (RedisConnectionError, RedisTimeoutError):
            self.circuit.count_failure()
            return [LiveStoreDown()] * len(commands)
        self.circuit.count_success()
        return replies

    def ask_replicated(self, words: Words, *, marker: str, replicas: int) -> Any:
        """Send a command and return its reply when `replicas` replicas have what it did, and all that it saw.

        WAIT speaks of the last write of its own connection, so a small write to the key `marker` stands between
        the two: a repetition that changes nothing, or a mere look, is vouched for too, and by the server that
        replied. Raises as `ask`, and TooFewReplicas: then also at once, while replicas are known to be missing.
        """
        self._replicas_circuit.refuse_while_open()
        reply, _set, count = self.ask(words, ("SET", marker, 1), ("WAIT", replicas, REPLICAS_MS))
        if int(count) < replicas:
            self._replicas_circuit.count_failure()
            raise TooFewReplicas
        self._replicas_circuit.count_success()
        return reply

    def _send(self, commands: Sequence[Words]) -> list[Any]:
        if len(commands) == 1:
            words = commands[0]
            return [self._run_script(words) if words[0] == "EVALSHA" else self._execute(words)]
        pipeline = self.client.pipeline(transaction=False)
        for words in commands:
            pipeline.execute_command(*words)  # type: ignore[no-untyped-call]
        return pipeline.execute(raise_on_error=False)

    def _execute(self, words: Words) -> Any:
        return self.client.execute_command(*words)  # type: ignore[no-untyped-call]

    def _run_script(self, words: Words) -> Any:
        """As `_execute` for a script, whose reply is taken as it is: without what the client does around a call,
        which costs a third of it (its own repetitions, which are off, its metrics, the table of reply types).
        """
        with self._connection() as connection:
            connection.send_command(*words)
            return connection.read_response()

    def _send_all(self, commands: Sequence[Words]) -> list[Any]:
        """As `_run_script`, for many, and errors of the server in the place of replies."""
        with self._connection() as connection:
            packed = b"".join(part for words in commands for part in connection.pack_command(*words))
            connection.send_packed_command([packed])
            return [self._read(connection) for _words in commands]

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        """A connection of the pool. One on which a reply may still come is closed: the library does so by itself for
        some of its connections, but not for those that sentinels manage, and who came next would get that reply.
        """
        pool = self.client.connection_pool
        connection = pool.get_connection()
        try:
            yield connection
        except ResponseError:
            raise
        except BaseException:
            connection.disconnect()  # type: ignore[no-untyped-call]
            raise
        finally:
            pool.release(connection)

    @staticmethod
    def _read(connection: Any) -> Any:
        try:
            return connection.read_response()
        except ResponseError as error:
            return error

    def _refuse(self, error: RedisError) -> None:
        if isinstance(error, ReadOnlyError):
            # A former primary: its name or address may lead to the new one when it is asked for again.
            self.client.connection_pool.disconnect(inuse_connections=False)
        if (error.status_code or str(error)).startswith(TRANSIENT):
            raise LiveStoreDown from error
        raise error

    def close(self) -> None:
        self.client.close()


class Servers(Protocol):
    """What an address leads to."""

    def call(self, key: str, act: Callable[[Server], T]) -> T:
        """Do something with the server that has `key`."""

    def at_once(self, commands: Sequence[tuple[str, Words]]) -> list[Any]:
        """A reply or an error for each command, which is told with its key."""

    def everyone(self) -> Sequence[Server]:
        """Each server that takes writes."""

    def close(self) -> None:
        """Close all connections."""


class SingleServer:
    """One server has all keys, be it always the same or whichever the sentinels say."""

    def __init__(self, client: redis.Redis) -> None:
        self.server = Server(client)

    def call(self, _key: str, act: Callable[[Server], T]) -> T:
        return act(self.server)

    def at_once(self, commands: Sequence[tuple[str, Words]]) -> list[Any]:
        return self.server.ask_at_once([words for _key, words in commands])

    def everyone(self) -> Sequence[Server]:
        return [self.server]

    def close(self) -> None:
        self.server.close()


class Cluster:
    """The primaries of a cluster and the map that says which of them has which of the 16384 slots.

    A call that reaches the wrong node was not carried out (MOVED) and is sent once more, to the right one. While a
    slot moves (ASK, TRYAGAIN) or has no primary (CLUSTERDOWN) the call is refused and may be repeated.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._servers = {host: Server(_client(address, *host)) for host in address.hosts}
        self._primaries: list[tuple[str, int]] = []
        self._ranges: list[tuple[int, int, tuple[str, int]]] = []
        """(first slot, last slot, host and port of their primary)"""
        self._asked_at = float("-inf")
        self._is_stale = True
        self._lock = threading.Lock()

    def call(self, key: str, act: Callable[[Server], T]) -> T:
        try:
            return self._call(key, act)
        except MovedError:
            self._asked_at = float("-inf")
        try:
            return self._call(key, act)
        except MovedError as error:
            raise LiveStoreDown from error

    def _call(self, key: str, act: Callable[[Server], T]) -> T:
        server = self._server_of(key)
        try:
            return act(server)
        except TooFewReplicas:
            raise
        except (MovedError, LiveStoreDown):
            self._is_stale = True
            raise
        except AskError as error:
            raise LiveStoreDown from error

    def at_once(self, commands: Sequence[tuple[str, Words]]) -> list[Any]:
        """One server after the other, by the map there is, since a new one may have to be waited for; what has not
        reached the right one is the caller's to ask again by `call`.
        """
        places: dict[Server, list[int]] = {}
        replies: list[Any] = [LiveStoreDown()] * len(commands)
        for place, (key, _words) in enumerate(commands):
            with suppress(LiveStoreDown):
                places.setdefault(self._by_map(key), []).append(place)
        for server, its in places.items():
            for place, reply in zip(its, server.ask_at_once([commands[place][1] for place in its]), strict=True):
                replies[place] = reply
        return replies

    def everyone(self) -> Sequence[Server]:
        self._renew_map()
        return [self._servers[host] for host in self._primaries]

    def close(self) -> None:
        for server in list(self._servers.values()):
            server.close()

    def _server_of(self, key: str) -> Server:
        self._renew_map()
        return self._by_map(key)

    def _by_map(self, key: str) -> Server:
        slot = key_slot(key.encode())
        for first, last, host in self._ranges:
            if first <= slot <= last:
                return self._servers[host]
        self._is_stale = True
        raise LiveStoreDown

    def _renew_map(self) -> None:
        """Ask for the map when it is known to be wrong; one thread does, the others go on with the one there is."""
        if not self._is_stale or not self._lock.acquire(blocking=not self._ranges):
            return
        try:
            if self._is_stale and time.monotonic() >= self._asked_at + MAP_SECONDS:
                self._asked_at = time.monotonic()
                self._ask_for_map()
        finally:
            self._lock.release()

    def _ask_for_map(self) -> None:
        # In a new order each time, since one of them may not know the newest yet.
        hosts = list(self._servers)
        for host in sample(hosts, len(hosts)):
            try:
                [ranges] = self._servers[host].ask(("CLUSTER", "SLOTS"))
            except (LiveStoreDown, ResponseError):
                continue
            self._take_map(ranges, asked=host)
            self._is_stale = False
            return

    def _take_map(self, ranges: Sequence[Sequence[Any]], *, asked: tuple[str, int]) -> None:
        found = [
            (int(first), int(last), (primary[0] or asked[0], int(primary[1]))) for first, last, primary, *_ in ranges
        ]
        for *_slots, host in found:
            if host not in self._servers:
                self._servers[host] = Server(_client(self._address, *host))
        self._ranges, self._primaries = found, list(dict.fromkeys(host for *_slots, host in found))


class _OnlyPrimary:
    """A connection that is given up when the server it reached says that it is no primary (any more)."""

    handshake_metadata: Any

    def on_connect_check_health(self, check_health: bool = True) -> None:
        super().on_connect_check_health(check_health)  # type: ignore[misc]
        said = self.handshake_metadata or {}
        if said.get("role", said.get(b"role")) not in ("master", b"master"):
            raise RedisConnectionError("the sentinels named a server that is no primary")


class PrimaryConnection(_OnlyPrimary, SentinelManagedConnection):
    """To the primary that the sentinels name."""


class EncryptedPrimaryConnection(_OnlyPrimary, SentinelManagedSSLConnection):
    """The same with TLS."""


def servers_of(address: Address) -> Servers:
    return Cluster(address) if address.kind == "cluster" else SingleServer(client_of(address))


def client_of(address: Address, *, decodes: bool = True) -> redis.Redis:
    """A client of one server, or of the one that sentinels name, with our waits; nothing is connected yet."""
    if address.kind == "single":
        return redis.Redis.from_url(address.url, **_options(decodes=decodes))
    theirs = _login(address.sentinel_username, address.sentinel_password) | {"socket_timeout": SENTINEL_SECONDS}
    sentinels: Any = Sentinel(address.hosts, sentinel_kwargs=_options() | theirs | _encryption(address))  # type: ignore[no-untyped-call]
    ours = _options(decodes=decodes) | _login(address.username, address.password)
    if address.is_encrypted:
        ours |= {"ssl_ca_certs": address.ssl_ca_certs}
    kind = EncryptedPrimaryConnection if address.is_encrypted else PrimaryConnection
    return cast(redis.Redis, sentinels.master_for(address.service, connection_class=kind, **ours))


def _client(address: Address, host: str, port: int) -> redis.Redis:
    """A client of one node of a cluster."""
    login = _login(address.username, address.password)
    return redis.Redis(host=host, port=port, **_options() | login | _encryption(address))


def _login(username: str | None, password: str | None) -> dict[str, Any]:
    return {"username": username, "password": password}


def _options(*, decodes: bool = True) -> dict[str, Any]:
    return {
        "protocol": 3,
        "decode_responses": decodes,
        # What others wrote may be no text: it must not keep what stands beside it from being read.
        "encoding_errors": "backslashreplace",
        "socket_timeout": CALL_SECONDS,
        "socket_connect_timeout": CONNECT_SECONDS,
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 0,
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }


def _encryption(address: Address) -> dict[str, Any]:
    return {"ssl": True, "ssl_ca_certs": address.ssl_ca_certs} if address.is_encrypted else {}
