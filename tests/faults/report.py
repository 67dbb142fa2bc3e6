"""The table of faults at the end of a test run: what each row of the matrix acknowledged, lost and repeated.

A row that failed, and was not merely slow, is also written into the file that FAULT_FINDINGS names: no second run
takes back what was found.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Collection, Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.faults import checker
from tests.faults.checker import Evidence

PROPERTY, ONLY_SLOW = "fault", "only slow"
COLUMNS = ("fault", "seed", "acknowledged", "phases", "lost", "duplicated", "refused", "longest_s", "healthy_s")


def note_row(
    record_property: Callable[[str, object], None],
    evidence: Evidence,
    found: Mapping[str, Collection[str]],
    *,
    fault: str,
    unmeasured: str = "",
) -> None:
    """Keep a row for the table, and whether nothing was found but that replies took long."""
    record_property(PROPERTY, _row_of(evidence, found, fault=fault, unmeasured=unmeasured))
    if set(found) == {"I8-time"}:
        record_property(ONLY_SLOW, True)


def _row_of(
    evidence: Evidence, found: Mapping[str, Collection[str]], *, fault: str, unmeasured: str
) -> dict[str, object]:
    """A row of the table; what is lost counts also where it is forgiven."""
    ledger, unforgiven = evidence.ledger, replace(evidence, forgiven=(0.0, 0.0))
    refused = " ".join(f"{status}:{count}" for status, count in sorted(ledger.refused.items()))
    return {
        "fault": fault,
        "seed": ledger.seed,
        "acknowledged": ledger.acknowledged,
        "phases": "+".join(str(count) for count in ledger.phases) if ledger.fault_began_at else "-",
        "lost": len(list(checker.acknowledged_is_recorded(unforgiven))),
        "duplicated": len(found.get("I3", [])),
        "refused": refused or "-",
        "longest_s": f"{ledger.longest:.2f}",
        "healthy_s": unmeasured or ("-" if ledger.healthy_after is None else f"{ledger.healthy_after:.1f}"),
    }


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    findings = os.environ.get("FAULT_FINDINGS")
    if findings and report.when == "call" and report.failed and is_row(item) and not was_slow(report, call.excinfo):
        with Path(findings).open("a") as file:
            file.write(f"{item.nodeid}: {call.excinfo and call.excinfo.exconly()[:2000]}\n")
    return report


def is_row(item: pytest.Item) -> bool:
    """Whether a test does harm to an installation and judges it."""
    return not {"quick", "slow"}.isdisjoint(mark.name for mark in item.iter_markers()) or (
        "judge" in getattr(item, "fixturenames", ())
    )


def was_slow(report: pytest.TestReport, raised: pytest.ExceptionInfo[BaseException] | None) -> bool:
    """Whether nothing was found but that replies took long, or a time limit ended the test or a command that it ran.

    On a machine that others use too this says nothing yet.
    """
    error = raised.value if raised else None
    is_judgement = isinstance(error, AssertionError) and "I8-time" in str(error)
    return (
        (is_judgement and ONLY_SLOW in dict(report.user_properties))
        or isinstance(error, subprocess.TimeoutExpired)
        or (isinstance(error, pytest.fail.Exception) and str(error).startswith("Timeout"))
    )


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [report for found in terminalreporter.stats.values() for report in found]
    rows = [
        value
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, value in report.user_properties
        if name == PROPERTY
    ]
    if not rows:
        return
    table = [COLUMNS, *(tuple(str(row[column]) for column in COLUMNS) for row in sorted(rows, key=_order))]
    widths = [max(len(line[place]) for line in table) for place in range(len(COLUMNS))]
    terminalreporter.section("faults")
    for line in table:
        terminalreporter.write_line("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)))


def _order(row: dict[str, Any]) -> tuple[int, str]:
    digits = "".join(letter for letter in str(row["fault"]).partition(" ")[0] if letter.isdigit())
    return int(digits or 0), str(row["fault"])
