"""What doctor, the health page and the checks before publishing say of replicas."""

from __future__ import annotations

from flask import Flask

from quizapp.admin.doctor import live_store
from quizapp.admin.health import look_at_redis
from quizapp.contests.checks import server_findings
from quizapp.core.durability import replication_of
from quizapp.core.embedded import Valkey
from quizapp.core.live import Live
from tests import valkeys

OURS = {"replicas", "too_few_replicas", "writes_alone", "not_replicated"}


def told(live: Live) -> tuple[dict[str, str], dict[str, bool], dict[str, bool]]:
    """By doctor (code → level), before publishing (code → whether it stops), on the health page (name → is it good)."""
    doctor = {one.code: one.level for one in live_store.look_at_live_store(live, durability="always")}
    publishing = {one.code: one.stops for one in server_findings(live=live, durability="always")}
    page = {one.name: one.is_good for one in look_at_redis(live, durability="always").settings}
    return tuple({key: found[key] for key in OURS & found.keys()} for found in (doctor, publishing, page))  # type: ignore[return-value]


def test_one_server_needs_none(app: Flask, valkey: Valkey) -> None:
    with app.test_request_context():
        assert told(Live(valkey.url)) == ({}, {}, {})


def test_missing_ones_stop_publishing(app: Flask, valkey: Valkey) -> None:
    with app.test_request_context():
        assert told(Live(valkey.url, replicas=1)) == (
            {"too_few_replicas": "bad"},
            {"too_few_replicas": True},
            {"replicas": False},
        )


def test_what_a_failover_could_lose_is_told(app: Flask) -> None:
    with valkeys.primary_with_replica() as servers, app.test_request_context():
        assert told(Live(servers.url)) == ({"not_replicated": "warn"}, {"not_replicated": False}, {})
        careful = Live(servers.url, replicas=1)
        assert told(careful) == ({"writes_alone": "notice"}, {"writes_alone": False}, {"replicas": True})
        servers.primary().admin.config_set("min-replicas-to-write", 1)
        assert told(careful) == ({"replicas": "ok"}, {}, {"replicas": True})


def test_of_a_cluster_the_worst_server_counts(app: Flask) -> None:
    with valkeys.cluster() as nodes, app.test_request_context():
        live = Live(nodes.url, replicas=1)
        assert told(live)[0] == {"writes_alone": "notice"}
        primary, replica = nodes.pair_of("{c1.0}")
        replica.kill()
        valkeys.wait_until(lambda: replication_of(live).replicas == 0)
        assert told(live) == ({"too_few_replicas": "bad"}, {"too_few_replicas": True}, {"replicas": False})
        primary.admin.config_set("appendfsync", "everysec")
        found = {one.name: one.value for one in look_at_redis(live, durability="always").settings if not one.is_good}
        assert found["appendfsync"] == "always, everysec"
