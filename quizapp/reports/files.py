"""Result files: xlsx for people, csv and jsonl for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from quizapp.core.db import db
from quizapp.core.i18n import _, _l
from quizapp.core.postgresql import lengthy
from quizapp.core.tables import Table, write_csv, write_xlsx
from quizapp.reports.results import ANSWER_COLUMNS, ATTEMPT_COLUMNS, Results

FORMATS = ("xlsx", "csv", "jsonl")

PLAIN = (str, int, float, type(None))
"""Types that stand in a cell as they are."""

_encode = msgspec.json.Encoder().encode

COLUMN_WORDS = {
    "attempt": _l("作答编号"),
    "person": _l("参与者编号"),
    "name": _l("姓名"),
    "phone": _l("手机号"),
    "unit": _l("单位"),
    "group": _l("受众"),
    "number": _l("第几次作答"),
    "started_at": _l("开始时间"),
    "finished_at": _l("交卷时间"),
    "finish": _l("交卷方式"),
    "score": _l("得分"),
    "full_score": _l("满分"),
    "right": _l("答对"),
    "answered": _l("已答"),
    "duration_ms": _l("用时（毫秒）"),
    "flagged": _l("疑似异常"),
    "counts": _l("计入成绩"),
    "question": _l("题号"),
    "revision": _l("修订"),
    "kind": _l("题型"),
    "response": _l("所选答案"),
    "points": _l("本题得分"),
    "answered_at": _l("作答时间"),
    "spent_ms": _l("本题用时（毫秒）"),
}


def write_results(*, results: Results, format_name: str, path: Path, answers: bool = False) -> None:
    """Write the results to `path`; `answers` chooses the second table of a csv, which holds only one."""
    writers: Mapping[str, Callable[[], None]] = {
        "xlsx": lambda: write_xlsx(path, _sheets(results)),
        "csv": lambda: _write_csv(results, path, answers=answers),
        "jsonl": lambda: _write_jsonl(results, path),
    }
    with lengthy(db.session.connection()):
        writers[format_name]()


def _sheets(results: Results) -> list[Table]:
    """Two sheets with headers in words and the texts of a cell in one piece."""
    return [
        Table(
            _("成绩"),
            [str(COLUMN_WORDS[name]) for name in ATTEMPT_COLUMNS],
            map(_cells, results.attempts()),
            results.count_attempts(),
        ),
        Table(
            _("答题明细"),
            [str(COLUMN_WORDS[name]) for name in ANSWER_COLUMNS],
            map(_cells, results.answers()),
            results.count_answers(),
        ),
    ]


def _write_csv(results: Results, path: Path, *, answers: bool) -> None:
    columns = ANSWER_COLUMNS if answers else ATTEMPT_COLUMNS
    rows = results.answers() if answers else results.attempts()
    count = results.count_answers() if answers else results.count_attempts()
    with path.open("w", encoding="utf-8", newline="") as file:
        write_csv(file, Table("results", columns, map(_cells, rows), count))


def _write_jsonl(results: Results, path: Path) -> None:
    with path.open("wb") as file:
        file.writelines(jsonl_lines(results))


def jsonl_lines(results: Results) -> Iterator[bytes]:
    """One JSON object a line: an attempt with its answers."""
    for row in results.attempts_with_answers():
        yield _encode(row) + b"\n"


def _cells(row: Mapping[str, Any]) -> list[Any]:
    """The values of a row in the order of its columns."""
    kind = row.get("kind")
    return [value if type(value) in PLAIN else _cell(value, kind) for value in row.values()]


def _cell(value: Any, kind: str | None) -> Any:
    """A value as one cell: A|C for options and blanks, C→A→B for an order, A=2|B=1 for pairs; truth as 1 or 0."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, list):
        return ("→" if kind == "ordering" else "|").join(map(str, value))
    if isinstance(value, dict):
        return "|".join(f"{left}={right}" for left, right in value.items())
    return value
