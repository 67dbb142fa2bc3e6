"""The measured part of docs/performance.md: nothing is left out, and nothing small is taken for whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from bench import report
from bench.targets import Figure, figures, find, verdict

MACHINE = {
    "date": "2026-11-26",
    "commit": "abc1234",
    "cores": 2,
    "processor": "Some <processor>",
    "memory_gib": 8,
    "system": "Linux",
    "python": "3.11",
    "versions": {"flask": "3.1"},
}
RESULTS: dict[str, dict[str, Any]] = {
    "answer": {
        "machine": MACHINE,
        "floor": {"all_ms": 0.6},
        "ours": {"all_ms": 0.75, "web_ms": 0.6, "valkey_ms": 0.1, "record_ms": 0.05},
        "ratio": 1.25,
    },
    "memory": {
        "machine": MACHINE,
        "people": 500,
        "bytes_while_answering": 900,
        "bytes_when_finished": 950,
        "bytes_per_person": 950,
    },
    "campaign-sqlite": {
        "machine": MACHINE,
        "database": "sqlite",
        "seconds_in_all": 721.0,
        "answers_acknowledged": 800_000,
        "gave_up": 0,
        "differences": 0,
    },
    "recorder-sqlite": {"machine": MACHINE, "database": "sqlite", "event": {"events": 48_000}, "ratio": 2.9},
    "bell": {
        "machine": MACHINE,
        "people": 1000,
        "seconds": 1.0,
        "lost": 0,
        "faults": 0,
        "asked_to_come_again": 2,
        "places_without_gap": True,
        "first_came_first": True,
        "begin": {"p50_ms": 20.0, "p99_ms": 90.0, "worst_ms": 100.0},
        "wait": {},
    },
    "listeners": {
        "machine": MACHINE,
        "sizes": [300, 2000],
        "300": {"p50_ms": 4.0, "p99_ms": 30.0},
        "2000": {"p50_ms": 40.0, "p99_ms": 501.0},
    },
    "page": {"machine": MACHINE, "kb": 34.0, "again_kb": 8.0, "usable_without_script": False},
}


def row(promise: str, work: str, results: dict[str, Any] = RESULTS) -> Figure:
    return next(one for one in figures(results) if one.promise == promise and work in one.work)


@pytest.mark.parametrize(
    ("promise", "work", "wanted"),
    [
        ("P1", "answer", "yes"),
        ("P2", "SQLite, recorded", "**no**"),
        ("P2", "SQLite: given up", "yes"),
        ("P2", "PostgreSQL, recorded", "not measured"),
        ("P3", "lost", "not judged: smaller size"),
        ("P5", "memory", "yes, and the aim"),
        ("P6", "SQLite", "**no**"),
        ("P6", "PostgreSQL", "not measured"),
        ("P9", "to 300 listeners", "yes"),
        ("P9", "to 2,000 listeners", "the aim is missed"),
        ("P10", "First", "yes, and the aim"),
        ("P10", "script", "**no**"),
    ],
)
def test_figure_is_judged_by_its_promise(promise: str, work: str, wanted: str) -> None:
    assert verdict(row(promise, work)) == wanted


def test_whole_bell_with_a_503_does_not_hold() -> None:
    whole = {"bell": RESULTS["bell"] | {"people": 10_000, "seconds": 10.0}}
    assert verdict(row("P3", "5xx", whole)) == "**no**"
    assert verdict(row("P3", "lost", whole)) == "yes"


def test_every_promise_is_listed_even_without_any_result() -> None:
    assert [*dict.fromkeys(figure.promise for figure in figures({}))] == [f"P{number}" for number in range(1, 13)]
    assert all(figure.value is None for figure in figures({}))


def test_number_that_is_not_there_is_none() -> None:
    assert find(RESULTS, "answer", "floor", "no", "such") is None
    assert find(RESULTS, "none", "ratio") is None


def test_only_the_measured_part_of_the_page_changes(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"by hand\n{report.BEGIN}\nof before\n{report.END}\nalso by hand\n")
    report.write(RESULTS, page)
    report.write(RESULTS, page)
    text = page.read_text()
    assert text.startswith("by hand\n") and text.endswith("\nalso by hand\n")
    assert text.count(report.BEGIN) == text.count(report.END) == 1
    assert "of before" not in text
    assert "| P1 | One answer, recorder included | ≤ 1.5 × floor | ≤ 1.2 × floor | 1.25 × floor | yes |" in text


def test_each_result_has_a_picture_and_no_picture_outlives_its_result(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"{report.BEGIN}\n{report.END}\n")
    report.write(RESULTS, page)
    drawn = {path.stem for path in (tmp_path / "performance").iterdir()}
    assert drawn == {"answer", "campaign", "memory", "recorder", "bell", "listeners", "page"}
    for path in (tmp_path / "performance").iterdir():
        etree.fromstring(path.read_bytes())
        assert f"(performance/{path.name})" in page.read_text()
    report.write({"answer": RESULTS["answer"]}, page)
    assert [path.name for path in (tmp_path / "performance").iterdir()] == ["answer.svg"]


def test_results_are_read_by_the_names_of_their_files(tmp_path: Path) -> None:
    (tmp_path / "answer.json").write_text(json.dumps(RESULTS["answer"]))
    assert report.read_results(tmp_path) == {"answer": RESULTS["answer"]}


def test_page_in_the_docs_has_a_measured_part() -> None:
    text = report.PAGE.read_text()
    assert text.index(report.BEGIN) < text.index(report.END)
