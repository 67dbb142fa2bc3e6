"""The figures of the house and the counts of its processes, as Prometheus reads them, on an address of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version

from flask import Flask
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from quizapp.admin.house import House, Look
from quizapp.admin.samples import newest_sample_at
from quizapp.core.adding_up import counted
from quizapp.core.clock import utc_now
from quizapp.core.db import db, reading
from quizapp.core.errors import StoreUnavailable
from quizapp.core.live import get_live

GAUGES = {
    "sql_is_up": ("quizapp_sql_up", "1 while SQL answers"),
    "redis_is_up": ("quizapp_redis_up", "1 while Redis answers"),
    "playing": ("quizapp_playing", "People who answered within the last minute and have not handed in"),
    "waiting": ("quizapp_waiting", "People who wait for a place"),
    "lag_events": ("quizapp_recorder_lag_events", "Events in the streams that are not in SQL yet"),
    "lag_seconds": ("quizapp_recorder_lag_seconds", "How long the oldest event has waited to be carried into SQL"),
    "halted_shards": ("quizapp_halted_shards", "Shards of which nothing is recorded until a person decides"),
    "dead_letters": ("quizapp_dead_letters", "Events that could not be recorded and were kept aside"),
    "memory_used_bytes": ("quizapp_redis_memory_used_bytes", "Memory that Redis uses"),
    "memory_limit_bytes": ("quizapp_redis_memory_limit_bytes", "Redis's maxmemory; 0 for none"),
    "disk_free_bytes": ("quizapp_disk_free_bytes", "Room left on the disk of the data folder"),
    "disk_size_bytes": ("quizapp_disk_size_bytes", "Size of the disk of the data folder"),
}
COUNTERS = {
    "visits": ("quizapp_visits", "Visits to contests"),
    "begun": ("quizapp_attempts_begun", "Attempts begun"),
    "finished": ("quizapp_attempts_finished", "Attempts handed in or expired"),
    "answers": ("quizapp_answers", "Questions answered"),
}


class HouseCollector(Collector):
    """Looks at the house whenever it is asked."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = threading.Lock()
        with app.app_context():
            self._look = Look(get_live())

    def collect(self) -> Iterator[Metric]:
        with self._lock, self._app.app_context(), reading():
            now = utc_now()
            house = self._look.take(now=now)
            yield from _families(house)
            if house.redis_is_up:
                yield from self._kept(now)
            db.session.rollback()

    def _kept(self, now: datetime) -> Iterator[Metric]:
        try:
            if sampled_at := newest_sample_at(get_live()):
                age = (now - sampled_at).total_seconds()
                yield _gauge("quizapp_duties_age_seconds", "Since the minute that `quizapp work` sampled last", age)
            yield from counted(get_live())
        except StoreUnavailable:
            # It went away since it was asked: `quizapp_redis_up` says so the next time.
            return


def _families(house: House) -> Iterator[Metric]:
    build = GaugeMetricFamily("quizapp_build_info", "The running version", labels=("version",))
    build.add_metric((version("quizapp"),), 1)
    yield build
    for name, (metric, meaning) in GAUGES.items():
        if (value := getattr(house, name)) is not None:
            yield _gauge(metric, meaning, value)
    for name, (metric, meaning) in COUNTERS.items():
        if (value := getattr(house, name)) is not None:
            yield CounterMetricFamily(metric, meaning, value=value)
    alive = GaugeMetricFamily("quizapp_processes_alive", "Processes that told of themselves lately", labels=("kind",))
    for kind, count in house.processes.items():
        alive.add_metric((kind,), count)
    yield alive


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=value)


def serve(app: Flask, *, host: str, port: int, stopping: threading.Event) -> None:
    """Answer Prometheus at this address until `stopping` is set. Raises OSError for an unusable one."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(HouseCollector(app))
    server, thread = start_http_server(port, addr=host, registry=registry)
    stopping.wait()
    server.shutdown()
    server.server_close()
    thread.join()
