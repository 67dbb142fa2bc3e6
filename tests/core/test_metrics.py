"""Counts and durations: in the process, added up in Redis, and given to Prometheus."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.core import Metric

from quizapp.core import adding_up, metrics
from quizapp.core.live import Live, LiveStoreDown, get_live
from quizapp.core.metrics import REFUSALS, REQUESTS, SHED, STATEMENTS


@pytest.fixture(autouse=True)
def uncounted() -> Iterator[None]:
    """Nothing that other tests have counted."""
    metrics.take()
    yield
    metrics.take()


def family(live: Live, name: str) -> Metric:
    return next(found for found in adding_up.counted(live) if found.name == name.removesuffix("_total"))


def values(live: Live, name: str) -> dict[tuple[str, ...], float]:
    """Label values → value, of the samples with exactly this name."""
    found = family(live, name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum"))
    return {tuple(sample.labels.values()): sample.value for sample in found.samples if sample.name == name}


def test_processes_are_added_up(app: Flask) -> None:
    live = get_live()
    for process, count in (("web:a:1", 2), ("web:b:1", 3), ("record:a:2", 1)):
        REFUSALS.add("not_found", count=count)
        adding_up.add(live, process=process)
    adding_up.add(live, process="web:a:1")
    assert values(live, "quizapp_refusals_total") == {("not_found",): 6}
    assert adding_up.processes_alive(live) == {"web": 2, "record": 1}


def test_who_tells_nothing_any_more_is_not_alive(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    adding_up.add(get_live(), process="web:a:1")
    monkeypatch.setattr(adding_up, "ALIVE_SECONDS", -1)
    assert adding_up.processes_alive(get_live())["web"] == 0


def test_durations_fall_into_the_buckets_that_hold_them(app: Flask) -> None:
    for seconds in (0.0004, 0.001, 0.3, 99):
        REQUESTS.add(seconds, "answer", "200")
    adding_up.add(get_live(), process="web:a:1")
    buckets = values(get_live(), "quizapp_http_request_duration_seconds_bucket")
    assert buckets["answer", "200", "0.001"] == 2
    assert buckets["answer", "200", "0.25"] == 2
    assert buckets["answer", "200", "0.5"] == 3
    assert buckets["answer", "200", "10.0"] == 3
    assert buckets["answer", "200", "+Inf"] == 4
    assert values(get_live(), "quizapp_http_request_duration_seconds_count") == {("answer", "200"): 4}
    assert values(get_live(), "quizapp_http_request_duration_seconds_sum")["answer", "200"] == pytest.approx(99.3014)


def test_what_cannot_be_added_waits(app: Flask) -> None:
    SHED.add()
    adding_up.add(Live("unix:///nowhere"), process="web:a:1")
    SHED.add()
    adding_up.add(get_live(), process="web:a:1")
    assert values(get_live(), "quizapp_requests_shed_total") == {(): 2}


def test_what_there_is_no_memory_to_add_waits_and_the_thread_goes_on(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_arguments: object, **_named: object) -> None:
        raise MemoryError

    SHED.add()
    for module, name in ((adding_up, "to_ms"), (adding_up._add, "call"), (metrics, "Field")):
        with monkeypatch.context() as patched:
            patched.setattr(module, name, no_memory)
            adding_up.Adder(get_live(), kind="web").stop()
    adding_up.add(get_live(), process="web:a:1")
    assert values(get_live(), "quizapp_requests_shed_total") == {(): 1}


def test_a_forked_child_begins_with_nothing(app: Flask) -> None:
    SHED.add()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, str(len(metrics.take())).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 10) == b"0"
    assert len(metrics.take()) == 1
    os.close(reader)
    os.close(writer)


def test_requests_are_counted_by_sort_and_status_and_refusals_by_code(client: FlaskClient) -> None:
    client.get("/healthz")
    client.get("/api/v1/contests/nowhere/pulse")
    client.get("/play/nowhere")
    client.get("/no/such/address")
    adding_up.add(get_live(), process="web:a:1")
    counted = values(get_live(), "quizapp_http_request_duration_seconds_count")
    assert counted == {("health", "200"): 1, ("pulse", "404"): 1, ("page", "404"): 1, ("other", "404"): 1}
    assert values(get_live(), "quizapp_refusals_total") == {("not_found",): 3}


def test_a_fault_is_counted_as_one(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError

    monkeypatch.setitem(app.view_functions, "core.healthz", fail)
    app.testing = False
    assert client.get("/healthz").status_code == 500
    adding_up.add(get_live(), process="web:a:1")
    assert values(get_live(), "quizapp_refusals_total") == {("fault",): 1}
    assert values(get_live(), "quizapp_http_request_duration_seconds_count") == {("health", "500"): 1}


def test_statements_and_lua_functions_are_timed(client: FlaskClient) -> None:
    client.get("/readyz")
    assert any(field.name == STATEMENTS.name for field in metrics.take())
    client.post("/api/v1/contests/nowhere/visits")
    adding_up.add(get_live(), process="web:a:1")
    assert values(get_live(), "quizapp_sql_statement_duration_seconds_count")[()] > 0


def test_a_store_that_does_not_answer_is_counted(app: Flask) -> None:
    live = Live("unix:///nowhere")
    for _call in range(6):
        with pytest.raises(LiveStoreDown):
            live.command("PING")
    adding_up.add(get_live(), process="web:a:1")
    assert values(get_live(), "quizapp_redis_failures_total") == {(): 5}
    assert values(get_live(), "quizapp_redis_breaker_opened_total") == {(): 1}


def test_labels_are_words_of_the_program(client: FlaskClient) -> None:
    for path in ("/play/secret-name", "/secret-name", "/api/v1/contests/secret-name", "/api/v1/secret-name", "/x\t\n"):
        client.get(path, headers={"Host": "secret-name.example"})
        client.get(path)
    assert not any("secret" in part for field in metrics.take() for part in field.labels)
