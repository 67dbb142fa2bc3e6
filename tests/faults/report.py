"""The table of faults at the end of a test run: what each row of the matrix acknowledged, lost and repeated."""

from __future__ import annotations

from typing import Any

import pytest

PROPERTY = "fault"
COLUMNS = ("fault", "seed", "acknowledged", "lost", "duplicated", "refused", "longest_s", "healthy_s")


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
