"""An installation made of the files in deploy/, shared by the tests of this folder, and people who come by TLS."""

from __future__ import annotations

import http.client
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis

from tests import postgresql
from tests.blackbox.contest import make_contest
from tests.conftest import missing
from tests.deploy.installation import Deployment, deployed, find_nginx, trusting
from tests.faults import checker
from tests.faults.house import HEALTHY_SECONDS, faults_in, play_until_recorded, wait_for_workers
from tests.faults.ledger import Crowd, Ledger, Person
from tests.faults.report import note_row

SLUG = "faults"
RECORDED_SECONDS = 90
CONTEXT = trusting()
Judge = Callable[..., dict[str, list[str]]]


class TlsPerson(Person):
    """A person whose phone speaks TLS."""

    def send_once(
        self, method: str, path: str, raw: bytes | None, headers: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        if self._connection is None:
            self._connection = http.client.HTTPSConnection(self.host, self.port, timeout=self.timeout, context=CONTEXT)
        return super().send_once(method, path, raw, headers)


class TlsCrowd(Crowd):
    """May play several times: new people come each time, and are judged by their own requests."""

    @contextmanager
    def playing(self, *, goes_on: bool = True) -> Iterator[Ledger]:
        self._stop.clear()
        self.faults.clear()
        self.ledger.begin_row()
        with super().playing(goes_on=goes_on) as ledger:
            yield ledger

    def wait_until_healthy(self, deployment: Deployment) -> None:
        """Wait from the end of a fault on until somebody new has played and is in SQL, and note how long that took."""
        started = time.monotonic()
        play_until_recorded(self.person(), deployment.database, until=started + HEALTHY_SECONDS)
        self.ledger.note_healthy(time.monotonic() - started)

    def person(self) -> Person:
        with self._lock:
            self._next += 1
            return TlsPerson(self.base_url, self.slug, self._next, ledger=self.ledger)


@pytest.fixture(scope="session")
def deployment(postgresql_server: postgresql.Cluster) -> Iterator[Deployment]:
    """Running with a published contest."""
    if not find_nginx():
        missing("nginx")
    with deployed(postgresql_server) as running:
        make_contest(running, slug=SLUG)  # type: ignore[arg-type]
        yield running


@pytest.fixture(scope="session")
def people(deployment: Deployment) -> TlsCrowd:
    """Everybody who ever plays the contest, with one ledger of all that they were promised."""
    return TlsCrowd(deployment.base_url, SLUG, seed=int(os.environ.get("FAULT_SEED", "7")), threads=6)


@pytest.fixture(scope="session")
def complained_of() -> set[str]:
    """What an earlier row was told by the logs."""
    return set()


@pytest.fixture
def judge(record_property: Callable[[str, object], None], complained_of: set[str]) -> Judge:
    """Give what is not as everybody was ever promised, once all is recorded, and note the row of a fault.

    `live`: a client of the live store, where it is not a single server; `unanswered`: as in checker.Evidence.
    """

    def judge(
        deployment: Deployment, ledger: Ledger, *, fault: str, live: redis.Redis | None = None, unanswered: int = 0
    ) -> dict[str, list[str]]:
        with live or redis.Redis.from_url(deployment.redis_url, decode_responses=True) as store:
            give_up_at = time.monotonic() + RECORDED_SECONDS
            while any(store.xlen(key) for key in store.scan_iter("play:*:stream")):
                assert time.monotonic() < give_up_at, deployment.logs()
                time.sleep(0.1)
            evidence = checker.gather(ledger=ledger, slug=SLUG, database=deployment.database, live=store)
        evidence.unanswered = unanswered
        found = checker.violations(evidence)
        if differences := deployment.differences(SLUG):
            found["play verify"] = differences
        if faults := set(faults_in(deployment.all_logs())) - complained_of:
            found["logs"] = sorted(faults)
            complained_of.update(faults)
        if silent := wait_for_workers(deployment.web_workers, deployment.answers):
            found["workers"] = [f"{pid} does not answer" for pid in silent]
        note_row(record_property, evidence, found, fault=f"{fault}, through nginx")
        return found

    return judge
