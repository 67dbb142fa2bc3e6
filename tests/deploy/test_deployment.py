"""A contest through nginx on what deploy/ starts, while it is reloaded, killed, frozen and flooded."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

import pytest
import redis

from tests.deploy.conftest import SLUG, Judge, TlsCrowd
from tests.deploy.installation import ADMIN_PASSWORD, Deployment
from tests.faults.ledger import AGAIN_SECONDS, Request

pytestmark = pytest.mark.timeout(400)
IDLE, SLOW = 2000, 50


def failed(requests: list[Request]) -> list[Request]:
    """Those that got no reply, or one that says that the server could not."""
    return [one for one in requests if one.status == 0 or one.status >= 500]


def is_shed(request: Request) -> bool:
    """Whether the app turned it away at once because others wait, with the time to come again."""
    return request.status == 503 and request.has_retry_after and request.seconds < 2


def unanswered(deployment: Deployment, *, since: datetime) -> list[str]:
    """What nginx has written since then of requests to which no worker replied; it writes every five seconds."""
    time.sleep(6)
    log = (deployment.folder / "logs" / "access.log").read_text().splitlines()
    lines = [line for line in log if datetime.fromisoformat(line.split("[")[1].split("]")[0]) >= since]
    return [line for line in lines if is_unanswered(line)]


def is_unanswered(line: str) -> bool:
    """Whether nginx itself replied, since no worker did at any try."""
    return line.split('"')[2].split()[0] == "503" and bool(tries_without_reply(line))


def tries_without_reply(line: str) -> list[str]:
    """Their statuses."""
    _status, _size, _seconds, *tries = line.split('"')[2].split()
    return [word for word in (word.strip(",") for word in tries) if word in ("502", "504")]


def replace_workers(deployment: Deployment, seconds: float = 90) -> None:
    """Reload the web unit and wait until all its workers are new."""
    before = set(deployment.web_workers())
    deployment.services["quizapp-web"].do_reload()
    give_up_at = time.monotonic() + seconds
    while before & set(deployment.web_workers()):
        assert time.monotonic() < give_up_at, deployment.logs()
        time.sleep(0.2)


def test_nobody_is_turned_away_while_the_code_is_replaced(
    deployment: Deployment, people: TlsCrowd, judge: Judge
) -> None:
    began = datetime.now(UTC) + timedelta(seconds=1)
    with people.playing() as ledger:
        time.sleep(2)
        for _reload in range(2):
            replace_workers(deployment)
            time.sleep(1)
        people.wait_until_healthy(deployment)
    assert deployment.services["quizapp-web"].starts == 1
    assert len(ledger.recent) > 100
    told = [one for one in failed(ledger.recent) if not is_shed(one)]
    assert told == [], "a machine that is busy with other things may ask to come again; nobody else may be turned away"
    assert unanswered(deployment, since=began) == []
    assert judge(deployment, ledger, fault="F4 code replaced 2x") == {}


@pytest.mark.slow
def test_f2_the_master_is_killed_and_started_again(deployment: Deployment, people: TlsCrowd, judge: Judge) -> None:
    service = deployment.services["quizapp-web"]
    starts = service.starts
    with people.playing() as ledger:
        time.sleep(1.5)
        os.kill(service.process.pid, signal.SIGKILL)
        time.sleep(2)
        people.wait_until_healthy(deployment)
        time.sleep(1.5)
    assert service.starts == starts + 1
    assert {one.status for one in failed(ledger.recent)} <= {503}, "nginx says when to come again"
    assert judge(deployment, ledger, fault="F2 master of the web killed") == {}


@pytest.mark.slow
def test_f3_what_a_frozen_worker_does_not_answer_another_one_does(
    deployment: Deployment, people: TlsCrowd, judge: Judge
) -> None:
    with people.playing() as ledger:
        time.sleep(1.5)
        # Each in turn: one of them had nobody, as may be.
        for victim in deployment.web_workers():
            os.kill(victim, signal.SIGSTOP)
            try:
                time.sleep(8)
            finally:
                os.kill(victim, signal.SIGCONT)
            people.wait_until_healthy(deployment)
            time.sleep(2)
    late = [one for one in ledger.recent if one.seconds > 1.9]
    assert late, "somebody was with the worker when it froze"
    assert [one for one in late if one.status == 200], "and was served by another one"
    assert judge(deployment, ledger, fault="F3 each worker frozen 8 s") == {}


@pytest.mark.slow
def test_f34_idle_and_slow_clients_keep_nobody_waiting(deployment: Deployment, people: TlsCrowd, judge: Judge) -> None:
    with people.playing() as ledger:
        with crowd_of_sockets(deployment):
            time.sleep(8)
        people.wait_until_healthy(deployment)
    assert len(ledger.recent) > 100
    assert failed(ledger.recent) == []
    assert judge(deployment, ledger, fault=f"F34 {IDLE} idle, {SLOW} slow") == {}


@pytest.mark.slow
def test_f35_nginx_is_reloaded_and_killed(deployment: Deployment, people: TlsCrowd, judge: Judge) -> None:
    """Who was just sending gets no reply and sends again; nobody else notices."""
    service = deployment.services["nginx"]
    with people.playing() as ledger:
        for _reload in range(5):
            time.sleep(1)
            os.kill(service.process.pid, signal.SIGHUP)
        time.sleep(1)
        assert {one.status for one in failed(ledger.recent)} <= {0}
        assert sum(one.status == 0 for one in ledger.recent) <= 5 * people.threads, "more than one each at a reload"
        killed_at = time.monotonic()
        os.killpg(service.process.pid, signal.SIGKILL)
        service.process.wait()
        time.sleep(1)
        service.start()
        deployment.wait_until_ready()
        tries = int((time.monotonic() - killed_at) / AGAIN_SECONDS)
        people.wait_until_healthy(deployment)
        time.sleep(2)
    assert {one.status for one in failed(ledger.recent)} == {0}
    cut_off = (6 + tries) * people.threads
    assert judge(deployment, ledger, fault="F35 reloaded 5x, killed", unanswered=cut_off) == {}


@pytest.mark.slow
def test_f35_what_must_not_be_done_twice_is_sent_once(deployment: Deployment, people: TlsCrowd, judge: Judge) -> None:
    """While no worker replies: answers are sent to a second one, entries and begins are not."""
    began = datetime.now(UTC)
    workers = deployment.web_workers()
    with people.playing() as ledger:
        for _time in range(3):
            time.sleep(1)
            for worker in workers:
                os.kill(worker, signal.SIGSTOP)
            try:
                with closing(people.person()) as visitor:
                    assert visitor.send_once("POST", f"/contests/{SLUG}/visits", None, {})[0] == 503
            finally:
                for worker in workers:
                    os.kill(worker, signal.SIGCONT)
        people.wait_until_healthy(deployment)
        time.sleep(1)
    assert {one.status for one in failed(ledger.recent)} == {503}
    asked = [(line.split('"')[1], len(tries_without_reply(line))) for line in unanswered(deployment, since=began)]
    assert {tries for what, tries in asked if what.startswith("PUT")} == {2}
    assert {tries for what, tries in asked if what.startswith("POST") and not what.endswith("/finish")} == {1}
    assert judge(deployment, ledger, fault="F35 no worker replies 3x") == {}


@contextmanager
def crowd_of_sockets(deployment: Deployment) -> Iterator[None]:
    """2,000 connections that say nothing, and 50 to the plain port that send a header letter by letter."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, IDLE + 2000)), hard))
    stopping = threading.Event()
    with ExitStack() as stack:
        for _number in range(IDLE):
            stack.enter_context(socket.create_connection(("127.0.0.1", deployment.tls_port), 10))
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", deployment.plain_port), 10))
            for _number in range(SLOW)
        ]
        dripping = threading.Thread(target=drip, args=(slow, stopping))
        dripping.start()
        try:
            yield
        finally:
            stopping.set()
            dripping.join()


def drip(connections: list[socket.socket], stopping: threading.Event) -> None:
    letters = cycle(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"a" * 200)
    while not stopping.wait(0.1):
        letter = bytes([next(letters)])
        for connection in connections:
            with suppress(OSError):
                connection.send(letter)


def test_slow_clients_are_let_go(deployment: Deployment) -> None:
    """Those that no server knows by name yet, too."""
    with socket.create_connection(("127.0.0.1", deployment.plain_port), 30) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        began = time.monotonic()
        with suppress(ConnectionResetError):
            assert connection.recv(100)[:12] in (b"", b"HTTP/1.1 408")
        assert 5 < time.monotonic() - began < 25


def test_the_administrator_of_the_live_store_may_what_the_app_may_not(deployment: Deployment) -> None:
    with redis.Redis.from_url(deployment.redis_url) as app:
        for words in (("CONFIG", "SET", "maxmemory", "3gb"), ("REPLICAOF", "NO", "ONE"), ("FLUSHALL",)):
            with pytest.raises(redis.exceptions.NoPermissionError):
                app.execute_command(*words)  # type: ignore[no-untyped-call]
        with redis.Redis(port=deployment.live_port, username="admin", password=ADMIN_PASSWORD) as admin:
            admin.config_set("maxmemory", "3gb")
            admin.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]
            assert app.config_get("maxmemory") == {"maxmemory": str(3 * 1024**3)}
            admin.config_set("maxmemory", "2gb")


def test_a_backup_is_made_by_its_unit_and_old_ones_go_behind_it(deployment: Deployment, tmp_path: Path) -> None:
    old, young, other = (tmp_path / name for name in ("old.backup", "young.backup", "notes.txt"))
    for path, days in ((old, 32), (young, 29), (other, 90)):
        path.touch()
        os.utime(path, (time.time() - days * 86400,) * 2)
    deployment.run_once("quizapp-backup", ("/srv/backups", str(tmp_path)))
    assert young.exists() and other.exists()
    [made] = set(tmp_path.iterdir()) - {young, other}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-\d{6}\.backup", made.name)
    assert made.stat().st_size > 1000 and made.stat().st_mode & 0o077 == 0


def test_old_backups_stay_while_no_new_one_can_be_made(deployment: Deployment, tmp_path: Path) -> None:
    old = tmp_path / "old.backup"
    old.touch()
    os.utime(old, (0, 0))
    with pytest.raises(subprocess.CalledProcessError):
        deployment.run_once(
            "quizapp-backup", ("/srv/backups/$$", f"{tmp_path}/nowhere/$$"), ("/srv/backups", str(tmp_path))
        )
    assert old.exists()


def test_the_doctor_finds_nothing_to_mend(deployment: Deployment) -> None:
    document = json.loads(deployment.run_cli("doctor", "--json", check=False).stdout)
    wrong = {one["code"] for one in document["findings"] if one["level"] in ("warn", "bad")}
    # The PostgreSQL of the tests does not sync and knows one user alone; the disk is the machine's.
    expected = {"sql_fsync", "sql_synchronous_commit", "sql_full_page_writes", "sql_superuser", "fsync", "filesystem"}
    assert wrong <= expected
