"""What a process counts and times, in its own memory, until `adding_up.py` takes it to where all are added up.

Names follow Prometheus: `_total` for counters, seconds for durations. A label's values are words of the program, never
of its users, so that their number is bounded and nobody stands in them.
"""

from __future__ import annotations

import os
import threading
import time
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from sqlalchemy import Engine, event

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histograms' buckets, seconds; a last one takes the rest."""
MICRO = 1_000_000
SUM = "sum"
PARTS = (*(str(place) for place in range(len(BOUNDS) + 1)), SUM)
"""The parts of a histogram's row."""


class Field(NamedTuple):
    """One number: of a metric, with its labels' values, and for a histogram which part of it."""

    name: str
    labels: tuple[str, ...]
    part: str = ""
    """SUM (microseconds) or the bucket's place; empty for a counter."""

    @property
    def text(self) -> str:
        return "\t".join((self.name, self.part, *self.labels))

    @classmethod
    def of(cls, text: str) -> Field:
        name, part, *labels = text.split("\t")
        return cls(name, tuple(labels), part)


Row = list[int]
"""Of a counter its count; of a histogram how many fell into each bucket, and the sum in microseconds."""

_rows: dict[tuple[str, tuple[str, ...]], Row] = {}
"""(name, labels' values) → row."""
_lock = threading.Lock()


def _forget() -> None:
    """In a forked child: nothing of what the parent counted is its own, and the lock may have been held."""
    global _lock
    _lock = threading.Lock()
    _rows.clear()


os.register_at_fork(after_in_child=_forget)


@dataclass(frozen=True, slots=True)
class Counter:
    name: str
    meaning: str
    labels: tuple[str, ...] = ()

    def add(self, *labels: str, count: int = 1) -> None:
        key = (self.name, labels)
        with _lock:
            row = _rows.get(key) or _rows.setdefault(key, [0])
            row[0] += count

    def family(self, counted: Mapping[Field, int]) -> Metric:
        family = CounterMetricFamily(self.name.removesuffix("_total"), self.meaning, labels=self.labels)
        for field, count in counted.items():
            family.add_metric(field.labels, count)
        if not self.labels and not counted:
            family.add_metric((), 0)
        return family


@dataclass(frozen=True, slots=True)
class Durations:
    """A histogram of seconds."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()

    def add(self, seconds: float, *labels: str) -> None:
        key = (self.name, labels)
        with _lock:
            row = _rows.get(key) or _rows.setdefault(key, [0] * len(PARTS))
            row[bisect_left(BOUNDS, seconds)] += 1
            row[-1] += int(seconds * MICRO)

    def family(self, counted: Mapping[Field, int]) -> Metric:
        family = HistogramMetricFamily(self.name, self.meaning, labels=self.labels)
        labelled = {field.labels for field in counted} or ({()} if not self.labels else set())
        for labels in sorted(labelled):
            total, buckets = 0, []
            for bound, part in zip((*map(str, BOUNDS), "+Inf"), PARTS, strict=False):
                total += counted.get(Field(self.name, labels, part), 0)
                buckets.append((bound, total))
            family.add_metric(labels, buckets, counted.get(Field(self.name, labels, SUM), 0) / MICRO)
        return family


REQUESTS = Durations(
    "quizapp_http_request_duration_seconds",
    "Time of a request in its thread, by sort of request and status of the response",
    ("sort", "status"),
)
REFUSALS = Counter("quizapp_refusals_total", "Requests refused, by the code that the reader was given", ("code",))
SHED = Counter("quizapp_requests_shed_total", "Requests turned away because the queue of their worker stood")
SCRIPTS = Durations(
    "quizapp_lua_call_duration_seconds", "Time of a call of a Lua function, with its sync to disk", ("function",)
)
STATEMENTS = Durations("quizapp_sql_statement_duration_seconds", "Time of one SQL statement")
STORE_FAILURES = Counter("quizapp_redis_failures_total", "Calls that Redis did not answer in time")
BREAKS = Counter("quizapp_redis_breaker_opened_total", "How often calls to Redis were paused after repeated failures")
BATCHES = Durations("quizapp_recorder_batch_duration_seconds", "Time of one batch of the recorder")
RECORDED = Counter("quizapp_recorder_events_total", "Events carried into SQL")
INSTRUMENTS: tuple[Counter | Durations, ...] = (
    *(REQUESTS, REFUSALS, SHED, SCRIPTS, STATEMENTS),
    *(STORE_FAILURES, BREAKS, BATCHES, RECORDED),
)


def take() -> dict[Field, int]:
    """What this process has counted since the last time."""
    with _lock:
        taken = {
            Field(name, labels, part): count
            for (name, labels), row in _rows.items()
            for part, count in zip(PARTS if len(row) > 1 else ("",), row, strict=True)
            if count
        }
        # Last: where memory ends before, nothing is forgotten.
        _rows.clear()
    return taken


def give_back(taken: Mapping[Field, int]) -> None:
    """Count again what could not be added up."""
    with _lock:
        for (name, labels, part), count in taken.items():
            row = _rows.setdefault((name, labels), [0] * (len(PARTS) if part else 1))
            row[PARTS.index(part) if part else 0] += count


# Measuring


def measure_statements(engine: Engine) -> None:
    """Time every SQL statement of an engine."""

    @event.listens_for(engine, "before_cursor_execute")
    def begin(_connection: Any, _cursor: Any, _statement: Any, _parameters: Any, context: Any, _many: Any) -> None:
        context.began = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def end(_connection: Any, _cursor: Any, _statement: Any, _parameters: Any, context: Any, _many: Any) -> None:
        STATEMENTS.add(time.perf_counter() - context.began)
