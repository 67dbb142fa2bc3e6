"""Copies of the project in which one protection is switched off: what rests on it must then be seen to fail."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.conftest import ROOT
from tests.faults import checker
from tests.faults.house import SLUG, House, verify
from tests.faults.ledger import Ledger

Change = tuple[str, str, str]
"""(file below quizapp/, text that stands there once, what stands there instead)"""

PARTS = ("templates", "static", "migrations", "translations")
"""What the package reads beside itself; the same in all copies."""


def copy_project(folder: Path, *changes: Change) -> Path:
    """A copy of the project to run from, with some of its text changed."""
    shutil.copytree(ROOT / "quizapp", folder / "quizapp", ignore=shutil.ignore_patterns("__pycache__"))
    for part in PARTS:
        (folder / part).symlink_to(ROOT / part)
    for name, text, other in changes:
        path = folder / "quizapp" / name
        source = path.read_text()
        assert source.count(text) == 1, f"{name} has {source.count(text)} times: {text}"
        path.write_text(source.replace(text, other))
    return folder


def examine(house: House, ledger: Ledger, *, had_outage: bool = True) -> set[str]:
    """The names of the invariants that do not hold, with what a person must do done (I12 is then among them)."""
    found: set[str] = set()
    for wait in (house.wait_until_healthy, house.wait_until_recorded):
        try:
            wait()
        except AssertionError:
            found.add("I12")
    if is_halted(house) and house.stack.run_cli("play", "rebuild", SLUG, check=False).returncode:
        found.add("I12")
    ledger.add(house.probes)
    with house.store.client() as live:
        evidence = checker.gather(ledger=ledger, slug=SLUG, database=house.database, live=live)
    evidence.had_outage = had_outage
    violations = checker.violations(evidence)
    print({name: sentences[:3] for name, sentences in violations.items()})
    found.update(violations)
    return found | ({"play verify"} if verify(house) else set())


def is_halted(house: House) -> bool:
    """Whether recording has stopped and waits for a person."""
    return any(row["halted_reason"] for row in checker.read_sql(house.database, "select * from recorder_position"))
