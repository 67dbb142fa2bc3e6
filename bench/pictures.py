"""One picture for each result that there is: the measured, with what it must and should be if its size is whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bench.drawing import Line, bars
from bench.targets import CAMPAIGN_ANSWERS, EXPORT_PEOPLE, IMPORT_QUESTIONS, Results

Result = Mapping[str, Any]
PROCESSES = {"web_ms": "web", "valkey_ms": "Valkey", "record_ms": "recorder"}


def pictures(results: Results) -> dict[str, str]:
    """Name → SVG, for every result with a picture."""
    found = {name: draw(results[name]) for name, draw in DRAWINGS.items() if results.get(name)}
    for name, draw_all in OF_EACH_DATABASE.items():
        if rows := {one: result for one, result in results.items() if one.startswith(f"{name}-")}:
            found[name] = draw_all(rows)
    return found


def _answer(result: Result) -> str:
    floor, ours = result["floor"], result["ours"]
    rows = [("floor, all processes", floor["all_ms"]), ("ours, all processes", ours["all_ms"])]
    rows += [(f"ours, {word}", ours[name]) for name, word in PROCESSES.items() if name in ours]
    lines = [Line("m", "must 1.5 ×", 1.5 * floor["all_ms"]), Line("a", "aim 1.2 ×", 1.2 * floor["all_ms"])]
    return bars("P1 · one answer, processor time", "ms", rows, lines)


def _campaigns(results: Mapping[str, Result]) -> str:
    rows = [
        (f"{result['database']}, {result['answers_acknowledged']:,} answers", result["seconds_in_all"] / 60)
        for result in results.values()
    ]
    is_whole = all(result["answers_acknowledged"] >= CAMPAIGN_ANSWERS for result in results.values())
    lines = [Line("m", "must 12", 12), Line("a", "aim 8", 8)] if is_whole else []
    return bars("P2 · the campaign", "min", rows, lines)


def _bell(result: Result) -> str:
    words = {"p50_ms": "half", "p99_ms": "99 of 100", "worst_ms": "the last"}
    rows = [(f"begin, {word}", result["begin"][name]) for name, word in words.items()]
    rows += [(f"told to wait, {word}", result["wait"][name]) for name, word in words.items() if result["wait"]]
    return bars(
        f"P3 · {result['people']:,} people begin within {result['seconds']:g} s", "ms", rows, [Line("a", "aim", 1000)]
    )


def _board(result: Result) -> str:
    words = {"top": "top 50", "own": "own place"}
    rows = [
        (f"{word}, of {people:,}", result[name][str(people)]["all_ms"])
        for name, word in words.items()
        for people in result["sizes"]
    ]
    return bars("P4 · board, processor time of a reading (must 5 ms, aim 2 ms)", "ms", rows)


def _memory(result: Result) -> str:
    rows = [("while answering", result["bytes_while_answering"]), ("when finished", result["bytes_when_finished"])]
    lines = [Line("m", "must 1.5 KiB", 1536), Line("a", "aim 1 KiB", 1024)]
    return bars("P5 · live memory a person, 20 questions", "bytes", rows, lines)


def _recorders(results: Mapping[str, Result]) -> str:
    rows = [(str(result["database"]), result["ratio"]) for result in results.values()]
    lines = [Line("m", "must 3 ×", 3), Line("a", "aim 5 ×", 5)]
    return bars("P6 · recorder, against the answers of all cores", "×", rows, lines)


def _export(result: Result) -> str:
    rows = [
        (f"{kind}, {database}", row["whole"]["cpu_seconds"])
        for database in ("sqlite", "postgresql")
        for kind, row in result.get(database, {}).items()
    ]
    is_whole = result["people"] >= EXPORT_PEOPLE
    lines = [Line("m", "must 90 s", 90), Line("a", "aim 45 s", 45)] if is_whole else []
    return bars(f"P7 · export of {result['people']:,} people × 20 answers", "s", rows, lines)


def _import(result: Result) -> str:
    rows = [
        (f"{kind}: {stage}", result[kind][stage]["cpu_seconds"])
        for kind in ("xlsx", "csv", "text by looks", "text", "json")
        if kind in result
        for stage in ("read", "store", "export")
    ]
    is_whole = result["questions"] >= IMPORT_QUESTIONS
    lines = [Line("m", "must 10 s", 10), Line("a", "aim 5 s", 5)] if is_whole else []
    return bars(f"P8 · import of {result['questions']:,} questions", "s", rows, lines)


def _polls(result: Result) -> str:
    words = {
        "pulse_304": "figures, unchanged",
        "board_304": "board, unchanged",
        "board_200": "board, whole",
    }
    rows = [("floor: one answer", result["floor"]["all_ms"])]
    rows += [(word, result[name]["all_ms"]) for name, word in words.items()]
    return bars("P9 · polls, processor time", "ms", rows, [Line("m", "must", result["floor"]["all_ms"] / 2)])


def _listeners(result: Result) -> str:
    rows = [
        (f"{size:,} listeners, {word}", result[str(size)][name])
        for size in result["sizes"]
        for name, word in (("p50_ms", "half"), ("p99_ms", "99 of 100"))
    ]
    lines = [Line("m", "must with 300, aim with 2,000", 500)]
    return bars("P9 · live events of one web worker", "ms", rows, lines)


def _page(result: Result) -> str:
    rows = [("first load", result["kb"]), ("after that", result["again_kb"])]
    lines = [Line("m", "must 100", 100), Line("a", "aim 60", 60)]
    return bars("P10 · contest's page on a phone, bytes over the line", "KB", rows, lines)


DRAWINGS: dict[str, Callable[[Result], str]] = {
    "answer": _answer,
    "bell": _bell,
    "board": _board,
    "memory": _memory,
    "export": _export,
    "import": _import,
    "figures": _polls,
    "listeners": _listeners,
    "page": _page,
}
OF_EACH_DATABASE: dict[str, Callable[[Mapping[str, Result]], str]] = {"campaign": _campaigns, "recorder": _recorders}
"""Works with a result for each database, <name>-<database>."""
