"""The live store on several servers: failovers are found, former primaries refused, replicas waited for."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import Any, cast

import pytest
import redis
from flask import Flask
from redis.exceptions import NoScriptError, ResponseError
from redis.sentinel import SentinelConnectionPool

from quizapp.core import live_servers, throttle
from quizapp.core.live import Live, LiveStoreDown, Script, TooFewReplicas
from quizapp.core.live_servers import Cluster, PrimaryConnection, SingleServer
from quizapp.core.redis_address import parse_address
from tests import valkeys
from tests.ports import HOST
from tests.valkeys import in_the_end

ECHO = Script("return ARGV[1]")
ADD = Script("return redis.call('INCRBY', KEYS[1], ARGV[1])")


def test_a_new_primary_is_found_and_has_what_replicas_were_waited_for() -> None:
    with valkeys.primary_with_replica() as house:
        live = Live(house.url, replicas=1)
        assert ADD.call(live, keys=["{a}count"], arguments=[3], marker="{a}marker") == 3
        former = house.kill_primary()
        assert in_the_end(lambda: live.command("GET", "{a}count")) == "3"
        house.wait_for_failover(former)

        with pytest.raises(TooFewReplicas):
            ADD.call(live, keys=["{a}count"], arguments=[1], marker="{a}marker")
        assert live.command("GET", "{a}count") == "4"

        former.start()
        former.admin.replicaof(HOST, house.primary().port)
        # A repetition and a mere look are vouched for as well: each writes before it waits.
        assert in_the_end(lambda: live.replicated("GET", "{a}count", marker="{a}marker")) == "4"
        assert former.admin.get("{a}count") == "4"


def test_tries_are_counted_by_whichever_server_is_the_primary() -> None:
    with valkeys.primary_with_replica() as house:
        app = Flask("limits")
        throttle.init_app(app, limits_url=house.url)

        def count() -> bool:
            return throttle.count_try(name="x", subject="y", times=2, seconds=600)

        with app.app_context():
            assert count()
            house.primary().admin.wait(1, 5000)
            house.kill_primary()
            assert in_the_end(count)
            assert not in_the_end(count)


@pytest.mark.parametrize("url", ["rediss+sentinel://u:p@127.0.0.1:1/s", "rediss+cluster://u:p@127.0.0.1:1"])
def test_encrypted_servers_that_are_away_are_told_as_such(url: str) -> None:
    with pytest.raises(LiveStoreDown):
        Live(url).command("GET", "x")


def test_a_thawed_primary_acknowledges_nothing_that_replicas_lack() -> None:
    with valkeys.primary_with_replica() as house:
        careful, careless = Live(house.url, replicas=1), Live(house.url)
        for idle in (careful, careless):
            idle.command("GET", "x")
        former = house.freeze_primary()
        successor = house.wait_for_failover(former)
        former.thaw()
        # Both have a connection from before. Without waiting, an acknowledged write is lost.
        assert careless.command("SET", "lost", 1) is True
        with pytest.raises(TooFewReplicas):
            careful.replicated("SET", "refused", 1, marker="marker")
        assert successor.admin.exists("lost", "refused") == 0


def test_a_replica_is_not_taken_for_the_primary() -> None:
    with valkeys.primary_with_replica() as house:
        replica = house.replicas()[0]

        class Outdated:
            def discover_master(self, _service: str) -> tuple[str, int]:
                return HOST, replica.port

        options = {"connection_class": PrimaryConnection, "protocol": 3, "decode_responses": True}
        pool = SentinelConnectionPool("quizapp", Outdated(), **options)
        with pytest.raises(LiveStoreDown) as caught:
            SingleServer(redis.Redis(connection_pool=pool)).server.ask(("GET", "x"))
        assert "no primary" in str(caught.value.__cause__)

        direct = Live(replica.url)
        assert direct.command("GET", "x") is None
        with pytest.raises(LiveStoreDown):
            direct.command("SET", "x", 1)


def test_replicas_that_are_away_hold_up_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_servers, "REPLICAS_MS", 20)
    with valkeys.primary_with_replica() as house:
        live, primary = Live(house.url, replicas=1), house.primary()
        house.replicas()[0].freeze()
        for _try in range(live_servers.FAILURES_TO_OPEN + 5):
            with pytest.raises(LiveStoreDown):
                live.replicated("GET", "x", marker="marker")
        assert primary.admin.info("commandstats")["cmdstat_wait"]["calls"] == live_servers.FAILURES_TO_OPEN
        assert live.command("SET", "x", 1) is True


@pytest.mark.parametrize("word", ["OOM", "READONLY", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "NOREPLICAS", "MISCONF"])
def test_what_a_server_cannot_serve_now_may_be_repeated(word: str) -> None:
    with valkeys.single() as node:
        live = Live(node.url)
        with pytest.raises(LiveStoreDown):
            live.command("EVAL", f"return redis.error_reply('{word} not now')", 0)
        with pytest.raises(ResponseError, match="wrong"):
            live.command("EVAL", "return redis.error_reply('ERR wrong')", 0)


def test_what_is_sent_at_once_is_replied_to_in_order_with_errors_in_their_places() -> None:
    with valkeys.single() as node:
        live = Live(node.url)
        words = ADD.words(keys=["count"], arguments=[2])
        [unknown] = live.at_once([words])
        assert isinstance(unknown, NoScriptError)
        assert ADD.call(live, keys=["count"], arguments=[1]) == 1
        wrong = ("EVAL", "return redis.error_reply('OOM not now')", 1, "count")
        first, error, last = live.at_once([words, wrong, words])
        assert (first, last) == (3, 5)
        assert isinstance(error, ResponseError)


def test_a_server_that_failed_is_not_asked_at_once_until_another_call_has_found_it_well() -> None:
    with valkeys.single() as node:
        live = Live(node.url)
        words = ("INCR", "count")
        assert live.at_once([words, words]) == [1, 2]
        node.freeze()
        started = time.monotonic()
        assert [type(reply) for reply in live.at_once([words, words])] == [LiveStoreDown] * 2
        waited, started = time.monotonic() - started, time.monotonic()
        live.at_once([words] * 100)
        assert time.monotonic() - started < waited / 2
        node.thaw()
        assert isinstance(live.at_once([words])[0], LiveStoreDown)
        found = int(live.command("GET", "count"))
        assert live.at_once([words]) == [found + 1]


def test_what_is_sent_at_once_goes_to_each_keys_own_server() -> None:
    with valkeys.cluster() as nodes:
        live = Live(nodes.url)
        keys = [f"{{c{number}.0}}count" for number in range(12)]
        assert isinstance(live.at_once([("GET", keys[0])])[0], LiveStoreDown), "it has no map yet"
        live.command("GET", keys[0])
        assert len({nodes.primary_of(key).port for key in keys}) == 3
        assert live.at_once([("INCRBY", key, number) for number, key in enumerate(keys)]) == list(range(12))
        dying = nodes.primary_of(keys[0])
        lost = [key for key in keys if nodes.primary_of(key) is dying]
        dying.kill()
        replies = dict(zip(keys, live.at_once([("GET", key) for key in keys]), strict=True))
        for number, key in enumerate(keys):
            assert isinstance(replies[key], LiveStoreDown) if key in lost else replies[key] == str(number)


@pytest.mark.parametrize("at_once", [False, True])
def test_a_reply_that_comes_too_late_is_nobody_elses(at_once: bool) -> None:
    """Connections that sentinels manage stay open after a reply was waited for in vain."""
    with valkeys.primary_with_replica() as house:
        live, primary = Live(house.url), house.primary()

        def ask(word: str) -> Any:
            return ECHO.call(live, keys=["{a}"], arguments=[word])

        assert ask("first") == "first"
        primary.freeze()
        if at_once:
            words = [ECHO.words(keys=["{a}"], arguments=[f"late {number}"]) for number in range(3)]
            assert {type(reply) for reply in live.at_once(words)} == {LiveStoreDown}
        else:
            with pytest.raises(LiveStoreDown):
                ask("late")
        thawing = threading.Timer(0.3, primary.thaw)
        thawing.start()
        try:
            assert in_the_end(lambda: ask("own")) == "own"
        finally:
            thawing.join()
            primary.thaw()


def test_a_cluster_is_followed_wherever_its_keys_go() -> None:
    with valkeys.cluster() as nodes:
        live = Live(nodes.url, replicas=1)
        keys = [f"{{c{number}.0}}count" for number in range(12)]
        for number, key in enumerate(keys):
            assert ADD.call(live, keys=[key], arguments=[number], marker=f"{{c{number}.0}}marker") == number
        assert len({nodes.primary_of(key).port for key in keys}) == 3
        assert len(live.everywhere("INFO", "server")) == 3
        assert live.command("SCAN", "0", "MATCH", "{c5.0}*", "COUNT", 10_000, at="{c5.0}")[1]

        # A planned change of roles costs one MOVED, of which nobody learns.
        former, replica = nodes.pair_of(keys[0])
        replica.admin.execute_command("CLUSTER", "FAILOVER")
        valkeys.wait_until(lambda: former.role() == "slave" and replica.role() == "master")
        assert in_the_end(lambda: live.command("GET", keys[0])) == "0"

        replica.kill()
        for number, key in enumerate(keys):
            assert in_the_end(lambda key=key: live.command("GET", key)) == str(number)


def test_in_a_cluster_a_dead_server_stops_its_own_keys_only() -> None:
    with valkeys.cluster() as nodes:
        live = Live(nodes.url)
        mine, other = "{a}", next(key for key in "bcdefgh" if nodes.primary_of(key) is not nodes.primary_of("{a}"))
        live.command("SET", other, 1)
        nodes.primary_of(mine).kill()
        for _try in range(live_servers.FAILURES_TO_OPEN + 1):
            with pytest.raises(LiveStoreDown):
                live.command("GET", mine)
            assert live.command("GET", other) == "1"


def test_a_call_to_the_wrong_node_is_sent_once_more_and_no_oftener(monkeypatch: pytest.MonkeyPatch) -> None:
    with valkeys.cluster() as nodes:
        cluster = Cluster(parse_address(nodes.url))
        asked: list[int] = []

        def act(server: live_servers.Server) -> Any:
            asked.append(server.client.connection_pool.connection_kwargs["port"])
            return server.ask(("SET", "{a}", 1))

        cluster.call("{a}", act)
        wrong = next(node for node in nodes.nodes if node.port != asked[0] and node.role() == "master")
        # A map that is out of date.
        cluster._ranges = [(0, 16383, (HOST, wrong.port))]
        cluster.call("{a}", act)
        assert asked[1:] == [wrong.port, asked[0]]

        monkeypatch.setattr(Cluster, "_take_map", lambda *_args, **_named: None)
        cluster._ranges = [(0, 16383, (HOST, wrong.port))]
        with pytest.raises(LiveStoreDown):
            cluster.call("{a}", act)
        assert asked[3:] == [wrong.port, wrong.port]


def test_the_map_is_never_waited_for_where_many_are_sent_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """That thread takes all requests, and a node that says nothing would hold it up for a second."""
    with valkeys.cluster() as nodes, closing(Live(nodes.url)) as live:
        words = ("INCR", "{c1.0}")
        live.command(*words)
        servers = cast(Cluster, live._servers)
        servers._is_stale, servers._asked_at = True, float("-inf")
        monkeypatch.setattr(servers, "_ask_for_map", lambda: pytest.fail("it was asked for"))
        assert live.at_once([words]) == [2]
