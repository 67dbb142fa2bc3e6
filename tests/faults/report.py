"""The table of faults at the end of a test run: what each row of the matrix acknowledged, lost and repeated."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.faults import checker
from tests.faults.checker import Evidence

PROPERTY = "fault"
COLUMNS = ("fault", "seed", "acknowledged", "lost", "duplicated", "refused", "longest_s", "healthy_s")


def row_of(
    evidence: Evidence, found: Mapping[str, Collection[str]], *, fault: str, healthy_after: float | None
) -> dict[str, object]:
    """A row of the table; what is lost counts also where it is forgiven."""
    ledger, unforgiven = evidence.ledger, replace(evidence, forgiven=(0.0, 0.0))
    refused = " ".join(f"{status}:{count}" for status, count in sorted(ledger.refused.items()))
    return {
        "fault": fault,
        "seed": ledger.seed,
        "acknowledged": ledger.acknowledged,
        "lost": len(list(checker.acknowledged_is_recorded(unforgiven))),
        "duplicated": len(found.get("I3", [])),
        "refused": refused or "-",
        "longest_s": f"{ledger.longest:.2f}",
        "healthy_s": "-" if healthy_after is None else f"{healthy_after:.1f}",
    }


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
