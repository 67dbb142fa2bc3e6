"""Writes the measured part of docs/performance.md, between two markers, from the results that there are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.drawing import number
from bench.machine import RESULTS
from bench.pictures import pictures
from bench.targets import Figure, Results, figures, verdict

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- measured: written by `make bench`, by hand only outside of it -->", "<!-- end of measured -->"
HEAD = (
    "| | work | must | aim | measured | holds | size | measured on |",
    "| --- | --- | ---: | ---: | ---: | --- | --- | --- |",
)


def read_results(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def write(results: Results, page: Path = PAGE) -> None:
    """Replace the measured part of the page, and its pictures; what stands around it is kept."""
    folder = page.with_suffix("")
    folder.mkdir(exist_ok=True)
    drawn = pictures(results)
    for path in folder.glob("*.svg"):
        if path.stem not in drawn:
            path.unlink()
    for name, drawing in drawn.items():
        (folder / f"{name}.svg").write_text(drawing)
    text = page.read_text()
    before, _begin, rest = text.partition(BEGIN)
    _measured, _end, after = rest.partition(END)
    images = [f"![{name}]({folder.name}/{name}.svg)" for name in drawn]
    measured = "\n\n".join([BEGIN, "\n".join(table(results)), "\n".join(machines(results)), *images, END])
    page.write_text(before + measured + after)


def table(results: Results) -> list[str]:
    return [*HEAD, *(_row(figure, results) for figure in figures(results))]


def _row(figure: Figure, results: Results) -> str:
    sign = "≥" if figure.more_is_better else "≤"
    cells = [
        figure.promise,
        figure.work,
        *("–" if bound is None else _bound(bound, sign, figure.unit) for bound in (figure.must, figure.aim)),
        "–" if figure.value is None else f"{number(figure.value)} {figure.unit}".strip(),
        verdict(figure),
        figure.size if figure.value is not None else "",
        _when(results, figure.result) if figure.value is not None else "",
    ]
    return "| " + " | ".join(cells) + " |"


def _bound(bound: float, sign: str, unit: str) -> str:
    return "none" if bound == 0 else f"{sign} {number(bound)} {unit}".strip()


def _when(results: Results, name: str) -> str:
    machine = results[name].get("machine", {})
    return f"{machine.get('date', '?')}, {machine.get('commit') or '?'}"


def machines(results: Results) -> list[str]:
    """The machines on which the results came about, each once."""
    found: dict[str, list[str]] = {}
    for name, result in results.items():
        if machine := result.get("machine"):
            found.setdefault(_machine(machine), []).append(name)
    return [f"Machine of {', '.join(names)}: {text}\n" for text, names in found.items()]


def _machine(machine: Any) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"{machine['cores']} cores of {machine['processor']}, {machine['memory_gib']} GiB, {machine['system']}; "
        f"Python {machine['python']}, {versions}."
    )
