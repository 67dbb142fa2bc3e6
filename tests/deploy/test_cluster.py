"""A contest in three shards on a cluster, through nginx, while a primary dies: every hand-in is there afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests import postgresql
from tests.blackbox.contest import make_contest
from tests.conftest import missing
from tests.deploy.conftest import SLUG, Judge, TlsCrowd
from tests.deploy.installation import Deployment, deployed, find_nginx
from tests.faults.checker import read_sql
from tests.faults.test_failover import as_store, assert_promises_kept
from tests.valkeys import ClusterNodes, cluster

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def nodes() -> Iterator[ClusterNodes]:
    with cluster(lines=("min-replicas-max-lag 3",)) as running:
        yield running


@pytest.fixture
def spread(nodes: ClusterNodes, postgresql_server: postgresql.Cluster) -> Iterator[Deployment]:
    """An installation whose contest lies on three primaries; begins and hand-ins wait for a replica."""
    if not find_nginx():
        missing("nginx")
    more = {"QUIZAPP_SHARDS": "3", "QUIZAPP_REPLICAS": "1"}
    with deployed(postgresql_server, live_store=nodes.url, more=more) as running:
        make_contest(running, slug=SLUG)  # type: ignore[arg-type]
        yield running


def test_every_hand_in_is_there_after_a_primary_has_died(spread: Deployment, nodes: ClusterNodes, judge: Judge) -> None:
    crowd = TlsCrowd(spread.base_url, SLUG, seed=11, threads=6)
    with crowd.playing() as ledger:
        time.sleep(4)
        victim = nodes.primary_of(shard_key(spread, 0))
        victim.kill()
        time.sleep(12)
        victim.start()
        crowd.wait_until_healthy(spread)
        time.sleep(6)
    assert ledger.gave_up == []
    assert sum(bool(one.results) for one in ledger.played) > 20
    found = judge(spread, ledger, fault="F16 primary in a cluster killed", live=as_store(nodes).client())
    assert_promises_kept(found, ledger)


def shard_key(deployment: Deployment, shard: int) -> str:
    """What carries the hash tag of a shard of the contest."""
    [contest] = read_sql(deployment.database, f"select id from contest where slug = '{SLUG}'")
    return f"{{c{contest['id']}.{shard}}}"
