"""F1 to F4: web workers and their master are killed, frozen and replaced while people answer."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from quizapp.core.embedded import end_with_parent
from quizapp.core.installation import read_serving
from tests.conftest import ROOT
from tests.faults.conftest import Judge
from tests.faults.controls import copy_project
from tests.faults.house import House, Template, get
from tests.faults.ledger import THREADS
from tests.faults.test_kills import kill
from tests.stack import QUIZAPP, START_SECONDS, environment

pytestmark = pytest.mark.timeout(600)
quick, slow = pytest.mark.quick, pytest.mark.slow
PROXY_SECONDS = 4.0
"""So long a reverse proxy waits for a reply."""


@pytest.mark.parametrize("kills", [pytest.param(5, marks=quick), pytest.param(30, marks=slow)])
def test_f1_workers_are_killed(kills: int, template: Template, fault_seed: int, judge: Judge) -> None:
    chance = random.Random(fault_seed)
    with template.house(seed=fault_seed) as house:
        with house.crowd().playing() as ledger:
            for _kill in range(kills):
                time.sleep(1 if kills > 5 else 0.5)
                kill_a_worker(house, chance)
            house.wait_until_healthy()
            time.sleep(0.5)
        assert judge(house, ledger, fault=f"F1 worker killed x{kills}", unanswered=kills * THREADS) == {}


def kill_a_worker(house: House, chance: random.Random) -> None:
    """Kill one of the web workers; one that is just being replaced is passed over."""
    workers = house.stack.web_workers()
    if workers:
        os.kill(chance.choice(workers), signal.SIGKILL)


@slow
def test_f2_the_master_is_killed(template: Template, fault_seed: int, judge: Judge) -> None:
    """The launcher keeps the port: people wait at it for the next master, as long as a reverse proxy would.

    Everybody is cut off once by a kill, and once more whenever that wait is over before there is a next master.
    """
    cut_off = 0
    with template.house(seed=fault_seed) as house:
        with house.crowd(timeout=PROXY_SECONDS).playing() as ledger:
            for _kill in range(3):
                time.sleep(2)
                killed_at = time.monotonic()
                kill(house.stack, "web")
                house.wait_until_healthy()
                cut_off += THREADS * (1 + int((time.monotonic() - killed_at) / PROXY_SECONDS))
            time.sleep(0.5)
        assert judge(house, ledger, fault="F2 master killed x3", unanswered=cut_off) == {}


@slow
def test_f3_a_worker_is_frozen(template: Template, fault_seed: int, judge: Judge) -> None:
    """A reverse proxy gives up after some seconds, as these people do; what the worker has read is done later.

    It takes nobody any more: whoever was with it waits once, and is served by another one then.
    """
    with template.house(seed=fault_seed) as house:
        with house.crowd(timeout=PROXY_SECONDS).playing() as ledger:
            time.sleep(1)
            frozen = house.stack.web_workers()[0]
            os.kill(frozen, signal.SIGSTOP)
            time.sleep(20)
            os.kill(frozen, signal.SIGCONT)
            house.wait_until_healthy()
            time.sleep(2)
        assert judge(house, ledger, fault="F3 worker frozen, 20 s", unanswered=THREADS) == {}


@slow
@pytest.mark.timeout(1200)
def test_f4_deployed_while_people_answer(template: Template, fault_seed: int, judge: Judge, tmp_path: Path) -> None:
    """Ten times other code is put in place and the master told so; no request fails."""
    code = copy_project(tmp_path / "code")
    with template.house(seed=fault_seed) as house, web_alone(house, code) as (master, address):
        house.stack.base_url, house.web = address, master.pid
        with house.crowd().playing() as ledger:
            for version in range(10):
                time.sleep(1)
                put_in_place(code, f"v{version}")
                master.send_signal(signal.SIGHUP)
                wait_for_version(house, f"v{version}")
            house.wait_until_healthy()
            time.sleep(0.5)
        assert judge(house, ledger, fault="F4 deployed x10", had_outage=False) == {}
        assert [one for one in ledger.requests if one.status == 0 or one.status >= 500] == []


@contextmanager
def web_alone(house: House, code: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`quizapp web` from another copy of the project, beside what the launcher runs: its master and its address."""
    serving = read_serving(house.stack.data)
    assert serving
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    master = subprocess.Popen(
        [*QUIZAPP, "web", "--port", str(port), "--workers", "2"],
        env=environment() | serving.environment,
        cwd=code,
        stdin=subprocess.DEVNULL,
        preexec_fn=end_with_parent,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        give_up_at = time.monotonic() + START_SECONDS
        while get(address, "/healthz").status != 200:
            assert time.monotonic() < give_up_at, "quizapp web does not answer"
            time.sleep(0.1)
        yield master, address
    finally:
        master.terminate()
        master.wait(30)


def put_in_place(code: Path, version: str) -> None:
    """New code, told from the former by what its health check says."""
    source = (ROOT / "quizapp" / "core" / "web.py").read_text()
    assert source.count('return {"status": "ok"}') == 1
    draft = code / "quizapp" / "core" / "web.py.new"
    draft.write_text(source.replace('return {"status": "ok"}', f'return {{"status": "{version}"}}'))
    shutil.move(draft, code / "quizapp" / "core" / "web.py")


def wait_for_version(house: House, version: str) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while version not in house.text_of("/healthz"):
        assert time.monotonic() < give_up_at, f"{version} was not taken up"
        time.sleep(0.2)
