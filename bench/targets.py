"""What is promised of speed (P1 to P12), and where in the results of the benches each figure stands.

A figure whose result is missing stays in the list, as not measured. What was measured at a smaller size than promised
is shown and not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Results = Mapping[str, Mapping[str, Any]]
"""Name of a result file without its ending → its content."""

CAMPAIGN_ANSWERS, BELL_PEOPLE, EXPORT_PEOPLE, IMPORT_QUESTIONS = 800_000, 10_000, 100_000, 10_000
RECORDER_EVENTS = 40_000
"""Fewer cost the recorder too few ticks of the processor's clock for a figure."""
BOARD_PEOPLE = "1000000"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with what it must and should be; `value` is None when it was not measured."""

    promise: str
    work: str
    unit: str
    must: float | None
    aim: float | None
    value: float | None
    result: str
    """The result file that it comes from; "" for what no bench measures."""
    more_is_better: bool = False
    size: str = ""
    """At which size it was measured."""
    is_whole: bool = True
    """Whether that is the size that was promised."""
    remark: str = ""


def figures(results: Results) -> list[Figure]:
    """All figures in the order of the promises."""
    readers = (_answer, _campaign, _bell, _board, _memory, _recorder, _export, _import, _polls, _page, _others)
    return [figure for reader in readers for figure in reader(results)]


def verdict(figure: Figure) -> str:
    """In words: whether a figure holds what was promised."""
    if figure.value is None:
        return figure.remark or "not measured"
    if not figure.is_whole:
        return "not judged: smaller size"
    if figure.aim is not None and _holds(figure, figure.aim):
        return "yes, and the aim"
    if figure.must is None:
        return "no promise" if figure.aim is None else "the aim is missed"
    return "yes" if _holds(figure, figure.must) else "**no**"


def _holds(figure: Figure, bound: float) -> bool:
    assert figure.value is not None
    return figure.value >= bound if figure.more_is_better else figure.value <= bound


def find(results: Results, name: str, *path: str) -> float | None:
    """A number in a result, None when it is not there."""
    found: Any = results.get(name)
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    return None if found is None else float(found)


def _count(number: float | None) -> str:
    return "" if number is None else f"{number:,.0f}"


def _answer(results: Results) -> list[Figure]:
    ratio = find(results, "answer", "ratio")
    return [Figure("P1", "One answer, recorder included", "× floor", 1.5, 1.2, ratio, "answer")]


def _campaign(results: Results) -> list[Figure]:
    found = []
    for name, word in (("campaign-sqlite", "SQLite"), ("campaign-postgresql", "PostgreSQL")):
        seconds, answers = find(results, name, "seconds_in_all"), find(results, name, "answers_acknowledged")
        given_up, differences = find(results, name, "gave_up"), find(results, name, "differences")
        wrong = None if given_up is None or differences is None else given_up + differences
        minutes = None if seconds is None else round(seconds / 60, 2)
        at: dict[str, Any] = {
            "size": f"{_count(answers)} answers" if answers else "",
            "is_whole": (answers or 0) >= CAMPAIGN_ANSWERS,
        }
        work = f"The whole campaign on {word}"
        found.append(Figure("P2", f"{work}, recorded and compared", "min", 12, 8, minutes, name, **at))
        found.append(Figure("P2", f"{work}: given up, or different", "", 0, None, wrong, name, **at))
    return found


def _bell(results: Results) -> list[Figure]:
    people, seconds = find(results, "bell", "people"), find(results, "bell", "seconds")
    size = f"{_count(people)} people in {seconds:g} s" if people and seconds else ""
    is_whole = (people or 0) >= BELL_PEOPLE
    bell = results.get("bell", {})
    lost = bad = order = None
    if bell:
        lost = float(bell["lost"])
        bad = float(bell["faults"] + bell["asked_to_come_again"])
        order = float(not (bell["places_without_gap"] and bell.get("first_came_first", True)))
    p99 = find(results, "bell", "begin", "p99_ms")
    return [
        Figure("P3", "Opening bell: people lost", "", 0, None, lost, "bell", size=size, is_whole=is_whole),
        Figure("P3", "Opening bell: replies 5xx or 429", "", 0, None, bad, "bell", size=size, is_whole=is_whole),
        Figure("P3", "Opening bell: out of order", "", 0, None, order, "bell", size=size, is_whole=is_whole),
        Figure("P3", "Opening bell: begin, p99", "ms", None, 1000, p99, "bell", size=size, is_whole=is_whole),
    ]


def _board(results: Results) -> list[Figure]:
    board = results.get("board", {})
    people = str(board["sizes"][-1]) if board else ""
    size = f"{int(people):,} people" if people else ""
    found = []
    for name, work in (("top", "Board: the top 50"), ("own", "Board: own place")):
        cost, growth = find(results, "board", name, people, "all_ms"), find(results, "board", name, "growth")
        at = {"size": size, "is_whole": people == BOARD_PEOPLE}
        found.append(Figure("P4", work, "ms", 5, 2, cost, "board", **at))
        found.append(Figure("P4", f"{work}, against 10,000 people", "×", 2, None, growth, "board", **at))
    return found


def _memory(results: Results) -> list[Figure]:
    used = find(results, "memory", "bytes_per_person")
    size = f"{_count(find(results, 'memory', 'people'))} people" if used is not None else ""
    return [Figure("P5", "Live memory a person, 20 questions", "bytes", 1536, 1024, used, "memory", size=size)]


def _recorder(results: Results) -> list[Figure]:
    found = []
    for name, word in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        source = f"recorder-{name}"
        events, ratio = find(results, source, "event", "events"), find(results, source, "ratio")
        size = f"{_count(events)} events" if events else ""
        work = f"Recorder into {word}, against the answers of all cores"
        at: dict[str, Any] = {"size": size, "is_whole": (events or 0) >= RECORDER_EVENTS, "more_is_better": True}
        found.append(Figure("P6", work, "×", 3, 5, ratio, source, **at))
    return found


def _export(results: Results) -> list[Figure]:
    people = find(results, "export", "people")
    at: dict[str, Any] = {
        "size": f"{_count(people)} people × 20" if people else "",
        "is_whole": (people or 0) >= EXPORT_PEOPLE,
    }
    found = []
    for name, word in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        for kind in ("xlsx", "jsonl"):
            path = ("export", name, kind, "whole")
            seconds, peak = find(results, *path, "cpu_seconds"), find(results, *path, "peak_mib")
            quarter = find(results, "export", name, kind, "quarter", "peak_mib")
            growth = round(peak / quarter, 2) if peak and quarter else None
            work = f"Export of results, {kind} from {word}"
            found.append(Figure("P7", f"{work}: processor time", "s", 90, 45, seconds, "export", **at))
            found.append(Figure("P7", f"{work}: memory", "MiB", 300, 150, peak, "export", **at))
            found.append(Figure("P7", f"{work}: memory, against a quarter", "×", 1.1, None, growth, "export", **at))
    return found


def _import(results: Results) -> list[Figure]:
    questions = find(results, "import", "questions")
    at: dict[str, Any] = {
        "size": f"{_count(questions)} questions" if questions else "",
        "is_whole": (questions or 0) >= IMPORT_QUESTIONS,
    }
    found = []
    for kind in ("xlsx", "text by looks"):
        parts = [find(results, "import", kind, stage, "cpu_seconds") for stage in ("read", "store")]
        seconds = None if None in parts else round(sum(part for part in parts if part is not None), 2)
        peak = find(results, "import", kind, "store", "peak_mib")
        work = f"Import of questions, {kind}"
        found.append(Figure("P8", f"{work}: processor time", "s", 10, 5, seconds, "import", **at))
        found.append(Figure("P8", f"{work}: memory", "MiB", 300, None, peak, "import", **at))
    return found


def _polls(results: Results) -> list[Figure]:
    ratio = find(results, "figures", "ratio")
    found = [Figure("P9", "A poll answered 304", "× floor", 0.5, None, ratio, "figures")]
    for listeners, must, aim in ((300, 500, None), (2000, None, 500)):
        late = find(results, "listeners", str(listeners), "p99_ms")
        work = f"Live events of a worker to {listeners:,} listeners, p99"
        found.append(Figure("P9", work, "ms", must, aim, late, "listeners"))
    return found


def _page(results: Results) -> list[Figure]:
    usable = results.get("page", {}).get("usable_without_script")
    unusable = None if usable is None else float(not usable)
    return [
        Figure("P10", "First load of a contest's page", "KB", 100, 60, find(results, "page", "kb"), "page"),
        Figure("P10", "Not usable without script", "", 0, None, unusable, "page"),
    ]


def _others(_results: Results) -> list[Figure]:
    return [
        Figure("P11", "Statistics of 2,000,000 answers", "ms", 1000, 300, None, "", remark="not measured"),
        Figure(
            "P12",
            "Replica with failover; several shards on a cluster",
            "",
            None,
            None,
            None,
            "",
            remark="shown by tests, see below",
        ),
    ]
