"""Fixtures of the fault tests: the seed, a template of an installation, and the judgement at the end of a row."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import postgresql
from tests.conftest import missing
from tests.faults import checker
from tests.faults.house import SLUG, House, Template, verify
from tests.faults.ledger import Ledger
from tests.faults.report import note_row
from tests.postgresql import Cluster

DEAD_LETTERS = "recording dead letters"
Judge = Callable[..., dict[str, list[str]]]


@pytest.fixture
def fault_seed() -> int:
    """What people do, from FAULT_SEED where it is set; told in the output, so that a run can be made again."""
    seed = int(os.environ.get("FAULT_SEED") or random.SystemRandom().randrange(10**6))
    print(f"FAULT_SEED={seed}")
    return seed


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template.make(tmp_path_factory.mktemp("template") / "data")


@dataclass(frozen=True)
class OnPostgresql:
    """A template whose records are in PostgreSQL: files of a server that was stopped."""

    template: Template
    files: Path

    @contextmanager
    def server(self, *settings: str) -> Iterator[Cluster]:
        """A server with a copy of these records, which syncs what it commits."""
        programs = postgresql.find_programs()
        assert programs
        with postgresql.running(programs, settings=(*postgresql.SMALL, *settings), files=self.files) as cluster:
            yield cluster

    @contextmanager
    def house(
        self,
        *,
        seed: int,
        code: Path | None = None,
        server: Cluster | None = None,
        settings: Mapping[str, str] = {},
    ) -> Iterator[tuple[House, Cluster]]:
        """A running copy, and its server: `server`, else one of its own."""
        with ExitStack() as stack:
            cluster = server or stack.enter_context(self.server())
            changes = {**settings, "QUIZAPP_DATABASE_URL": cluster.url("faults")}
            yield stack.enter_context(self.template.house(seed=seed, settings=changes, code=code)), cluster


@pytest.fixture(scope="session")
def on_postgresql(tmp_path_factory: pytest.TempPathFactory) -> OnPostgresql:
    programs = postgresql.find_programs()
    if programs is None:
        missing("PostgreSQL")
    folder = tmp_path_factory.mktemp("postgresql")
    with postgresql.running(programs) as cluster:
        cluster.run("create database faults")
        template = Template.make(folder / "data", settings={"QUIZAPP_DATABASE_URL": cluster.url("faults")})
        cluster.stop()
        subprocess.run(["cp", "-a", cluster.folder / "data", folder / "files"], check=True)
    return OnPostgresql(template, folder / "files")


@pytest.fixture
def judge(record_property: Callable[[str, object], None]) -> Judge:
    """Give the violations of the invariants by name once all is at rest, and note the row for the table.

    `unmeasured`: why nobody could try afterwards whether all is well again (I12).
    """

    def judge(
        house: House,
        ledger: Ledger,
        *,
        fault: str,
        but: Collection[str] = (),
        had_outage: bool = True,
        forgiven: tuple[float, float] = (0.0, 0.0),
        unanswered: int = 0,
        unmeasured: str = "",
        keys: Mapping[int, object] = {},
        marked_anew_at: float = 0.0,
    ) -> dict[str, list[str]]:
        house.wait_until_recorded()
        ledger.add(house.probes)
        with house.store.client() as live:
            evidence = checker.gather(ledger=ledger, slug=SLUG, database=house.database, live=live)
        evidence.had_outage = had_outage
        evidence.forgiven, evidence.unanswered = forgiven, unanswered
        evidence.keys, evidence.marked_anew_at = keys, marked_anew_at
        found = checker.violations(evidence, but=[*but, "I12"] if unmeasured else but)
        differences = [text for text in verify(house) if "I6" not in but or not text.startswith(DEAD_LETTERS)]
        if differences:
            found["play verify"] = differences
        found |= {name: sentences for name, sentences in house.complaints().items() if sentences}
        if found:
            print(*house.all_logs(), sep="\n")
        note_row(record_property, evidence, found, fault=fault, unmeasured=unmeasured)
        return found

    return judge
