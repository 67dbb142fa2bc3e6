"""F18 to F22: SQL is stopped, killed, frozen, locked, full and busy while people answer."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from tests.faults.conftest import Judge, OnPostgresql
from tests.faults.disk import fill, small_disk
from tests.faults.house import HEALTHY_SECONDS, LATE, SLUG, House, Operator, Reply, Template, get
from tests.faults.ledger import THREADS, TIMEOUT_SECONDS, Crowd, Ledger, Person
from tests.ports import free_port
from tests.postgresql import Cluster
from tests.stack import START_SECONDS, children_of

pytestmark = pytest.mark.timeout(600)
quick, slow = pytest.mark.quick, pytest.mark.slow


@pytest.mark.parametrize("away", [pytest.param(4, marks=quick), pytest.param(60, marks=slow)])
def test_f18_sql_is_stopped(away: int, on_postgresql: OnPostgresql, fault_seed: int, judge: Judge) -> None:
    with on_postgresql.house(seed=fault_seed) as (house, cluster):
        crowd = house.crowd()
        with crowd.playing() as ledger, some_inside(crowd) as inside:
            time.sleep(1)
            cluster.stop(signal.SIGQUIT)
            stopped_at, waiting = time.time(), house.lag()
            play_on(inside, ledger)
            time.sleep(max(0.0, stopped_at + away - time.time()))
            assert house.status_of("/readyz") == 503
            assert house.lag() > waiting
            cluster.start()
            house.wait_until_healthy()
            time.sleep(0.5)
        assert judge(house, ledger, fault=f"F18 SQL stopped, {away} s", had_outage=False) == {}


@slow
def test_f19_backends_are_killed(on_postgresql: OnPostgresql, fault_seed: int, judge: Judge) -> None:
    """At any moment, commits among them: a transaction is done whole or not at all."""
    chance = random.Random(fault_seed)
    with on_postgresql.house(seed=fault_seed) as (house, cluster):
        with house.crowd().playing() as ledger:
            for _kill in range(5):
                time.sleep(1 + chance.random())
                kill_a_backend(cluster, chance)
                house.wait_until_healthy()
            time.sleep(0.5)
        assert judge(house, ledger, fault="F19 SQL's backends killed x5", had_outage=False) == {}


def backends(cluster: Cluster) -> list[int]:
    """The processes that serve the app's connections."""
    found = []
    for pid in children_of(cluster.pid):
        with suppress(OSError):
            if b"quizapp faults" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def kill_a_backend(cluster: Cluster, chance: random.Random) -> None:
    give_up_at = time.monotonic() + HEALTHY_SECONDS
    while not (found := backends(cluster)):
        assert time.monotonic() < give_up_at, "the app does not connect again"
        time.sleep(0.05)
    with suppress(ProcessLookupError):
        os.kill(chance.choice(found), signal.SIGKILL)


READS_SQL = ("/", f"/play/{SLUG}")
BUSY = "系统正忙"


@slow
@pytest.mark.parametrize("seconds", [6, 30])
def test_f20_sql_is_frozen(seconds: int, on_postgresql: OnPostgresql, fault_seed: int, judge: Judge) -> None:
    """Its connections stay open, and nobody says anything on them. Prometheus is told so."""
    port = free_port()
    settings = {"QUIZAPP_METRICS": f"127.0.0.1:{port}"}
    with on_postgresql.house(seed=fault_seed, settings=settings) as (house, cluster):
        crowd = house.crowd()
        wait_until_told(port, "quizapp_sql_up 1.0")
        with crowd.playing() as ledger, some_inside(crowd) as inside:
            with frozen(cluster), reading(house, readers=40) as replies:
                frozen_at = time.time()
                play_on(inside, ledger)
                assert_pages_say_so(house)
                assert house.status_of("/readyz") == 503
                assert "quizapp_sql_up 0.0" in told(port)
                assert house.lag()
                time.sleep(max(0.0, frozen_at + seconds - time.time()))
            house.wait_until_healthy()
            time.sleep(0.5)
        assert {reply.status for reply in replies} <= {200, 503}, "somebody waited for more than five seconds"
        assert judge(house, ledger, fault=f"F20 SQL frozen, {seconds} s", had_outage=False) == {}


def told(port: int) -> str:
    """What Prometheus is told within five seconds."""
    return get(f"http://127.0.0.1:{port}", "/metrics").text


def wait_until_told(port: int, what: str) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while what not in told(port):
        assert time.monotonic() < give_up_at, f"Prometheus is not told {what}"
        time.sleep(0.1)


@contextmanager
def frozen(cluster: Cluster) -> Iterator[None]:
    """Stop all of a server's processes; the first one first, so that no other begins."""
    os.kill(cluster.pid, signal.SIGSTOP)
    processes = [cluster.pid, *children_of(cluster.pid)]
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def reading(house: House, *, readers: int) -> Iterator[list[Reply]]:
    """Meanwhile let people look at a page that reads SQL, again and again; give what each of them got."""
    replies: list[Reply] = []
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            replies.append(house.reply_of(f"/api/v1/contests/{SLUG}"))
            ended.wait(1)

    threads = [threading.Thread(target=read, daemon=True) for _number in range(readers)]
    for thread in threads:
        thread.start()
    try:
        yield replies
    finally:
        ended.set()
        for thread in threads:
            thread.join(10)


@contextmanager
def some_inside(crowd: Crowd) -> Iterator[list[Person]]:
    """Some who have entered, and wait with their first attempt for what comes."""
    inside = [crowd.person() for _number in range(4)]
    for person in inside:
        person.enter()
    try:
        yield inside
    finally:
        for person in inside:
            person.close()


def play_on(inside: list[Person], ledger: Ledger) -> None:
    """Let each play an attempt, and see that nobody who is in has to try anything twice."""
    since = time.time()
    for person in inside:
        person.play_attempt()
    assert_contest_goes_on(ledger, since=since)


def assert_contest_goes_on(ledger: Ledger, *, since: float) -> None:
    """Begins, answers and hand-ins, each at the first try."""
    played = [one for one in list(ledger.requests) if one.at >= since and "/attempts" in one.path]
    assert {one.path.rpartition("/")[2] for one in played if one.status < 300} >= {"attempts", "answers", "finish"}
    assert [one for one in played if one.status in (0, 503)] == []


def assert_pages_say_so(house: House) -> None:
    """Pages that read SQL say within five seconds what is the matter, and when to come again."""
    for path in READS_SQL:
        reply = house.reply_of(path)
        assert (reply.status, BUSY in reply.text, bool(reply.retry_after)) == (503, True, True), (path, reply)


@slow
@pytest.mark.parametrize(("tables", "seconds"), [("answer", 10), ("answer", 60), ("answer, contest", 12)])
def test_f20_a_table_is_locked(
    tables: str, seconds: int, on_postgresql: OnPostgresql, fault_seed: int, judge: Judge
) -> None:
    with on_postgresql.house(seed=fault_seed) as (house, cluster):
        with house.crowd().playing() as ledger:
            time.sleep(1)
            with psycopg.connect(cluster.url("faults").replace("+psycopg", "")) as other:
                other.execute(f"lock table {tables}")  # type: ignore[call-overload]
                locked_at, before = time.time(), len(ledger.begins)
                time.sleep(seconds)
                assert house.lag()
                if "contest" in tables:
                    assert_pages_say_so(house)
                else:
                    assert len(ledger.begins) > before
                    assert_contest_goes_on(ledger, since=locked_at)
                    assert [one for one in ledger.requests if one.at >= locked_at and one.status == 503] == []
            house.wait_until_healthy()
            time.sleep(0.5)
        assert judge(house, ledger, fault=f"F20 {tables} locked, {seconds} s", had_outage=False) == {}


@slow
def test_f21_disk_of_the_records_is_full(on_postgresql: OnPostgresql, fault_seed: int, judge: Judge) -> None:
    """What is there can be read, and nothing more is stored."""
    with (
        on_postgresql.server() as cluster,
        records_on_small_disk(cluster) as disk,
        on_postgresql.house(seed=fault_seed, server=cluster) as (house, _cluster),
    ):
        fill_while_playing(house, disk, judge, fault="F21 PostgreSQL's disk full")


@slow
def test_f21_disk_of_sqlite_is_full(template: Template, fault_seed: int, judge: Judge, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=32) as disk:
        shutil.copy(template.folder / "quizapp.sqlite", disk)
        settings = {"QUIZAPP_DATABASE_URL": f"sqlite:///{disk / 'quizapp.sqlite'}"}
        with template.house(seed=fault_seed, settings=settings) as house:
            fill_while_playing(house, disk, judge, fault="F21 SQLite's disk full")


def fill_while_playing(house: House, disk: Path, judge: Judge, *, fault: str) -> None:
    operator = Operator(house)
    crowd = house.crowd()
    with crowd.playing() as ledger, some_inside(crowd) as inside:
        filler = fill(disk)
        play_on(inside, ledger)
        operator.wait_until_alarmed()
        assert ledger.refused[503], "nobody was told that they cannot enter"
        assert house.lag()
        filler.unlink()
        house.wait_until_healthy()
        house.wait_until_recorded()
        assert LATE not in operator.text_of("/admin/health")
        time.sleep(0.5)
    assert judge(house, ledger, fault=fault, had_outage=False) == {}


@contextmanager
def records_on_small_disk(cluster: Cluster) -> Iterator[Path]:
    """Have the records on a disk of their own; the server's log of changes stays where it is."""
    with small_disk(cluster.folder / "disk", megabytes=64) as disk:
        place = disk / "records"
        place.mkdir()
        give(place, cluster)
        cluster.run(f"create tablespace small location '{place}'")
        cluster.run("alter database faults set tablespace small")
        try:
            yield disk
        finally:
            cluster.stop()


def give(path: Path, cluster: Cluster) -> None:
    """Make a file the server's."""
    owner = cluster.folder.stat()
    os.chown(path, owner.st_uid, owner.st_gid)


@slow
def test_f21_disk_of_the_log_is_full(on_postgresql: OnPostgresql, fault_seed: int, judge: Judge) -> None:
    """PostgreSQL stops at once, and is started again when there is room."""
    with (
        on_postgresql.server() as cluster,
        log_on_small_disk(cluster) as disk,
        on_postgresql.house(seed=fault_seed, server=cluster) as (house, _cluster),
    ):
        crowd = house.crowd()
        with crowd.playing() as ledger, some_inside(crowd) as inside:
            filler = fill(disk)
            with suppress(psycopg.OperationalError):
                cluster.run("select pg_switch_wal()")
            cluster.wait_until_gone()
            play_on(inside, ledger)
            assert_pages_say_so(house)
            assert house.status_of("/readyz") == 503
            filler.unlink()
            cluster.start()
            house.wait_until_healthy()
            time.sleep(0.5)
        assert judge(house, ledger, fault="F21 PostgreSQL's log full", had_outage=False) == {}


@contextmanager
def log_on_small_disk(cluster: Cluster) -> Iterator[Path]:
    """Have the server's log of changes on a disk of its own."""
    cluster.stop()
    with small_disk(cluster.folder / "disk", megabytes=64) as disk:
        log = cluster.folder / "data" / "pg_wal"
        subprocess.run(["cp", "-a", log, disk], check=True)
        shutil.rmtree(log)
        log.symlink_to(disk / log.name)
        try:
            cluster.start()
            yield disk
        finally:
            cluster.stop()


@slow
def test_f21_all_connections_are_taken(on_postgresql: OnPostgresql, fault_seed: int, judge: Judge) -> None:
    with (
        on_postgresql.server("max_connections=24") as cluster,
        on_postgresql.house(seed=fault_seed, server=cluster) as (house, _cluster),
    ):
        crowd = house.crowd()
        with crowd.playing() as ledger, some_inside(crowd) as inside:
            with all_connections(cluster):
                play_on(inside, ledger)
                assert_pages_say_so(house)
                assert house.status_of("/readyz") == 503
                assert house.lag()
            house.wait_until_healthy()
            time.sleep(0.5)
        assert judge(house, ledger, fault="F21 no connection left", had_outage=False) == {}


@contextmanager
def all_connections(cluster: Cluster) -> Iterator[None]:
    """Take every connection that the server has, those of others too, and one that is only being made."""
    url = cluster.url("postgres").replace("+psycopg", "")
    end_another = "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'faults' limit 1"
    with ExitStack() as held:
        first = held.enter_context(psycopg.connect(url, autocommit=True))
        looks_without_another = 0
        while looks_without_another < 10:
            try:
                held.enter_context(psycopg.connect(url))
            except psycopg.OperationalError:
                has_another = first.execute(end_another).fetchone() is not None
                looks_without_another = 0 if has_another else looks_without_another + 1
                time.sleep(0.05)
        yield


@pytest.mark.parametrize("seconds", [pytest.param(5, marks=quick), pytest.param(20, marks=slow)])
def test_f22_sqlite_is_busy(seconds: int, template: Template, fault_seed: int, judge: Judge) -> None:
    """Who enters writes a row, and waits as long as the other writer has the database; who plays does not."""
    with template.house(seed=fault_seed) as house:
        crowd = house.crowd()
        with crowd.playing() as ledger, some_inside(crowd) as inside:
            time.sleep(0.5)
            with closing(sqlite3.connect(house.stack.data / "quizapp.sqlite", timeout=20)) as records:
                records.execute("begin immediate")
                busy_since = time.time()
                play_on(inside, ledger)
                time.sleep(max(0.0, busy_since + seconds - time.time()))
                assert house.lag()
            house.wait_until_healthy()
            time.sleep(0.5)
        given_up = THREADS * int(seconds // TIMEOUT_SECONDS)
        found = judge(house, ledger, fault=f"F22 SQLite busy, {seconds} s", had_outage=False, unanswered=given_up)
        assert but_slow_entries(found) == {}


def but_slow_entries(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """What a judge found, without those who entered and waited for it."""
    slow = [text for text in found.get("I8-time", []) if not text.startswith("POST /contests/faults/entries: ")]
    others = {name: texts for name, texts in found.items() if name != "I8-time"}
    return others | ({"I8-time": slow} if slow else {})
