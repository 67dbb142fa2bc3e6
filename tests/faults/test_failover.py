"""F16 and F17: the primary of the live store dies or stands still, and its replicas are cut off, while people answer.

Begins and hand-ins are promised when a replica has them, so no failover takes one back; single answers are promised
by the primary alone, and come back with the hand-in. Whoever does not hand in may lose some: they are counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

import pytest
import redis
from redis.cluster import ClusterNode, RedisCluster

from tests import valkeys
from tests.faults import checker
from tests.faults.conftest import Judge
from tests.faults.house import House, Template
from tests.faults.ledger import Ledger
from tests.faults.store import Store
from tests.ports import HOST
from tests.valkeys import ClusterNodes, Node, Replicated

ONE_REPLICA = {"QUIZAPP_REPLICAS": "1"}
FIRST_SHARD = "{c1.0}"
RESENT_MS = 300
"""An answer that SQL has by so much later than it was acknowledged was sent a second time."""

pytestmark = pytest.mark.slow


class ManyServers:
    """Several servers as the store of a house; they are started and stopped by the test."""

    def __init__(self, servers: Replicated | ClusterNodes) -> None:
        self.servers, self.url = servers, servers.url

    def start(self) -> None:
        """They run already."""

    def close(self) -> None:
        """Their own block ends them."""

    def client(self, *, timeout: float = 10.0) -> Any:
        """A client with all rights."""
        if isinstance(self.servers, Replicated):
            return self.servers.primary().admin
        nodes = [ClusterNode(HOST, node.port) for node in self.servers.nodes]
        return RedisCluster(startup_nodes=nodes, decode_responses=True, socket_timeout=timeout)


def as_store(servers: Replicated | ClusterNodes) -> Store:
    return cast(Store, ManyServers(servers))


def kill(servers: Replicated) -> Node:
    former = servers.kill_primary()
    servers.wait_for_failover(former)
    return former


def freeze(servers: Replicated) -> Node:
    former = servers.freeze_primary()
    time.sleep(6)
    former.thaw()
    servers.wait_for_failover(former)
    return former


def kill_after_cutting_off(servers: Replicated) -> Node:
    """The successor lacks what the primary did in its last seconds."""
    servers.cut_off()
    time.sleep(1.5)
    former = servers.kill_primary()
    for node in servers.servers:
        if node is not former:
            node.thaw()
    servers.wait_for_failover(former)
    return former


def taken_back(ledger: Ledger, database: str) -> int:
    """How many single answers were acknowledged, lost by the failover, and stored again when they were sent again."""
    recorded = {
        (row["attempt_id"], row["question_id"]): row
        for row in checker.read_sql(database, "select attempt_id, question_id, seq, answered_ms from answer")
    }
    first = {
        (one.attempt, promise.question, promise.seq): promise.at * 1000
        for one in ledger.played
        for promise in reversed(one.promises)
        if promise.server_ms is not None
    }
    found = ((recorded.get((attempt, question)), seq, at_ms) for (attempt, question, seq), at_ms in first.items())
    return sum(
        row is not None and row["seq"] == seq and row["answered_ms"] > at_ms + RESENT_MS for row, seq, at_ms in found
    )


def assert_promises_kept(found: dict[str, list[str]], ledger: Ledger) -> int:
    """No invariant is violated but for single answers of people who did not hand in; return how many of those."""
    handed_in = {one.attempt for one in ledger.played if one.results}
    lost = found.pop("I1", [])
    assert found == {}
    others = [line for line in lost if "was acknowledged" not in line or line.partition("/")[0] in handed_in]
    assert others == []
    assert handed_in, "nobody handed in"
    return len(lost)


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("what", "harm"),
    [("killed", kill), ("frozen 6 s", freeze), ("killed, replicas 1.5 s behind", kill_after_cutting_off)],
)
def test_f16_the_primary_fails(
    what: str, harm: Callable[[Replicated], Node], template: Template, fault_seed: int, judge: Judge
) -> None:
    with (
        valkeys.primary_with_replica(replicas=2, sentinels=3) as servers,
        template.house(seed=fault_seed, store=as_store(servers), settings=ONE_REPLICA) as house,
    ):
        with house.crowd().playing() as ledger:
            time.sleep(2)
            harm(servers)
            house.wait_until_healthy()
            time.sleep(2)
        found = judge(house, ledger, fault=f"F16 primary {what}")
        lost, again = assert_promises_kept(found, ledger), taken_back(ledger, house.database)
        print(f"single answers taken back: {again} came again, {lost} of people who left did not")
        if harm is kill_after_cutting_off:
            assert again + lost > 0, "the fault did not bite"


@pytest.mark.timeout(400)
def test_f16_without_waiting_hand_ins_are_lost_and_records_run_ahead(template: Template, fault_seed: int) -> None:
    """The control: the last of the rows above without QUIZAPP_REPLICAS."""
    with (
        valkeys.primary_with_replica(replicas=2, sentinels=3) as servers,
        template.house(seed=fault_seed, store=as_store(servers)) as house,
    ):
        with house.crowd(patience=8.0).playing() as ledger:
            time.sleep(2)
            kill_after_cutting_off(servers)
            valkeys.wait_until(lambda: bool(halted_reason(house)))
        with house.store.client() as live:
            promised = [one.attempt for one in ledger.played if one.results]
            missing = [attempt for attempt in promised if not is_finished(live, attempt)]
        assert missing, "every hand-in is there"
        print(f"hand-ins lost: {len(missing)} of {len(promised)}; recording stopped: {halted_reason(house)}")


@pytest.fixture(scope="module")
def wide_template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A contest that is spread over six shards."""
    return Template.make(tmp_path_factory.mktemp("wide") / "data", settings={"QUIZAPP_SHARDS": "6"})


def kill_in_cluster(nodes: ClusterNodes) -> None:
    """It comes back, as a supervisor would have it, when its replica has taken over."""
    former = nodes.primary_of(FIRST_SHARD)
    former.kill()
    nodes.wait_for_failover(FIRST_SHARD, former)
    former.start()


def freeze_in_cluster(nodes: ClusterNodes) -> None:
    former = nodes.primary_of(FIRST_SHARD)
    former.freeze()
    time.sleep(6)
    former.thaw()
    nodes.wait_for_failover(FIRST_SHARD, former)


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("what", "harm"), [("killed", kill_in_cluster), ("frozen 6 s", freeze_in_cluster)])
def test_f16_a_primary_of_a_cluster_fails(
    what: str, harm: Callable[[ClusterNodes], None], wide_template: Template, fault_seed: int, judge: Judge
) -> None:
    with valkeys.cluster() as nodes, valkeys.single() as cache:
        settings = ONE_REPLICA | {"QUIZAPP_SHARDS": "6", "QUIZAPP_CACHE_URL": cache.url}
        with wide_template.house(seed=fault_seed, store=as_store(nodes), settings=settings) as house:
            with house.crowd().playing() as ledger:
                time.sleep(2)
                harm(nodes)
                house.wait_until_healthy()
                time.sleep(2)
            found = judge(house, ledger, fault=f"F16 primary in a cluster {what}")
            assert len({nodes.primary_of(f"{{c1.{shard}}}").port for shard in range(6)}) == 3
            lost, again = assert_promises_kept(found, ledger), taken_back(ledger, house.database)
            print(f"single answers taken back: {again} came again, {lost} of people who left did not")


def halted_reason(house: House) -> str:
    return "".join(row["halted_reason"] for row in checker.read_sql(house.database, "select * from recorder_position"))


def is_finished(live: redis.Redis, attempt: str) -> bool:
    return any(live.hget(key, "f") for key in live.scan_iter(f"play:*:attempt:{attempt}"))


@pytest.mark.timeout(400)
def test_f17_a_primary_without_replicas_takes_nothing(template: Template, fault_seed: int, judge: Judge) -> None:
    alone = ["min-replicas-to-write 1", "min-replicas-max-lag 2"]
    with (
        valkeys.primary_with_replica(lines=alone) as servers,
        template.house(seed=fault_seed, store=as_store(servers), settings=ONE_REPLICA) as house,
    ):
        with house.crowd().playing() as ledger:
            time.sleep(2)
            servers.cut_off()
            time.sleep(5)
            before = len(ledger.requests)
            time.sleep(2)
            while_cut_off = ledger.requests[before:]
            servers.replicas()[0].thaw()
            house.wait_until_healthy()
            time.sleep(2)
        assert while_cut_off
        assert {one.status for one in while_cut_off if one.path.endswith(("/answers", "/finish"))} == {503}
        assert judge(house, ledger, fault="F17 replica cut off") == {}
