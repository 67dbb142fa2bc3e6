"""An installation made of the files in deploy/, shared by the tests of this folder, and people who come by TLS."""

from __future__ import annotations

import http.client
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests import postgresql
from tests.blackbox.contest import make_contest
from tests.conftest import missing
from tests.deploy.installation import Deployment, deployed, find_nginx, trusting
from tests.faults.ledger import Crowd, Ledger, Person

SLUG = "faults"
CONTEXT = trusting()


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
