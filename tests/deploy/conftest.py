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
from tests.faults.ledger import Crowd, Ledger, Person
from tests.faults.report import PROPERTY, row_of

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
    """May play several times: new people come each time."""

    @contextmanager
    def playing(self) -> Iterator[Ledger]:
        self._stop.clear()
        self.ledger.begin_row()
        with super().playing() as ledger:
            yield ledger

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


@pytest.fixture
def judge(record_property: Callable[[str, object], None]) -> Judge:
    """Give what is not as everybody was ever promised, once all is recorded, and note the row of a fault.

    `live`: a client of the live store, where it is not a single server.
    """

    def judge(
        deployment: Deployment, ledger: Ledger, *, fault: str, live: redis.Redis | None = None
    ) -> dict[str, list[str]]:
        with live or redis.Redis.from_url(deployment.redis_url, decode_responses=True) as store:
            give_up_at = time.monotonic() + RECORDED_SECONDS
            while any(store.xlen(key) for key in store.scan_iter("play:*:stream")):
                assert time.monotonic() < give_up_at, deployment.logs()
                time.sleep(0.1)
            evidence = checker.gather(ledger=ledger, slug=SLUG, database=deployment.database, live=store)
        found = checker.violations(evidence)
        record_property(PROPERTY, row_of(evidence, found, fault=f"{fault}, through nginx", healthy_after=None))
        if differences := deployment.differences(SLUG):
            found["play verify"] = differences
        return found

    return judge
