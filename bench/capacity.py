"""How many machines a contest needs, from the measured cost of each call: `python -m bench.capacity [--write]`.

Pure: the same costs give the same table. `--write` takes the costs from the results of `bench.calls`, `bench.answer`
and `bench.memory` and writes docs/capacity.md anew between its markers; without it the page's own costs are used.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.machine import RESULTS

PAGE = Path(__file__).parents[1] / "docs" / "capacity.md"
BEGIN, END = "<!-- computed: by `python -m bench.capacity --write` -->", "<!-- end of computed -->"

# What somebody who takes part does over the whole contest; each is argued in docs/capacity.md.
CALLS_A_PERSON = {
    "contest page": 4.0,
    "visit": 2.0,
    "entry": 1.0,
    "begin": 1.5,
    "answer": 30.0,
    "finish": 1.5,
    "pulse": 30.0,
    "board": 5.0,
}
ANSWERS_A_PERSON = CALLS_A_PERSON["answer"]
DAY_SHARE = 0.25
"""Of all that happens, on the busiest day."""
HOUR_SHARE = 0.20
"""Of that day, in its busiest hour."""
MINUTE_FACTOR = 3.0
"""The busiest minute against the mean of that hour."""
USED = 0.5
"""How far a core is used at the peak; the rest is for what was not foreseen."""
WEB_CORES = 8
"""Of one web machine."""
SQL_BYTES_AN_ANSWER = 200
SQL_BYTES_A_PERSON = 2000
MEMORY_FACTOR = 2.0
"""Of live memory, for rewriting the log and fragments."""
PLACES = {"county": 10**4, "city": 10**5, "province": 10**6, "nation": 10**8}


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor milliseconds of one call, by where they are spent."""

    web_ms: float
    valkey_ms: float
    record_ms: float


@dataclass(frozen=True, slots=True)
class Costs:
    calls: Mapping[str, Cost]
    memory_bytes: int
    """Live memory a person."""
    staying_bytes: int
    """Of it, what stays as long as the contest does."""


@dataclass(frozen=True, slots=True)
class Need:
    """What so many people need at the peak."""

    people: int
    answers_per_second: float
    calls_per_second: float
    web_cores: float
    web_machines: int
    shards: int
    """Valkey processes, each with a recorder: whichever of both needs more."""
    memory_gib: float
    sql_gib: float


def need(people: int, costs: Costs) -> Need:
    """Cores, machines, shards and memory for a contest of so many people."""
    peak = people * DAY_SHARE * HOUR_SHARE / 3600 * MINUTE_FACTOR
    rates = {name: peak * count for name, count in CALLS_A_PERSON.items()}

    def cores(part: str) -> float:
        spent = sum(rate * float(getattr(costs.calls[name], part)) for name, rate in rates.items())
        return spent / 1000 / USED

    return Need(
        people=people,
        answers_per_second=rates["answer"],
        calls_per_second=sum(rates.values()),
        web_cores=cores("web_ms"),
        web_machines=max(1, math.ceil(round(cores("web_ms") / WEB_CORES, 6))),
        shards=max(1, math.ceil(round(max(cores("valkey_ms"), cores("record_ms")), 6))),
        memory_gib=people * costs.memory_bytes * MEMORY_FACTOR / 2**30,
        sql_gib=people * (SQL_BYTES_A_PERSON + ANSWERS_A_PERSON * SQL_BYTES_AN_ANSWER) / 2**30,
    )


def render(costs: Costs) -> str:
    """The tables of the page."""
    lines = ["| call | times a person | web, ms | Valkey, ms | recorder, ms |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, times in CALLS_A_PERSON.items():
        cost = costs.calls[name]
        lines.append(f"| {name} | {times:g} | {cost.web_ms:g} | {cost.valkey_ms:g} | {cost.record_ms:g} |")
    memory = f"Live memory a person: {costs.memory_bytes} bytes, of which {costs.staying_bytes} stay with the contest."
    lines += ["", memory, ""]
    lines.append(
        "| place | people | answers/s | calls/s | web cores | web machines | shards | Valkey memory, GiB | SQL, GiB |"
    )
    lines.append("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for place, people in PLACES.items():
        found = need(people, costs)
        lines.append(
            f"| {place} | {people:,} | {found.answers_per_second:,.0f} | {found.calls_per_second:,.0f} | "
            f"{found.web_cores:,.2f} | {found.web_machines:,} | {found.shards:,} | {found.memory_gib:,.2f} | "
            f"{found.sql_gib:,.2f} |"
        )
    return "\n".join(lines)


def read_costs(page: str) -> Costs:
    """The costs that the page names; raises KeyError or ValueError when one is missing or no number."""
    rows = re.findall(r"^\| ([a-z ]+) \| [\d.]+ \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", page, re.MULTILINE)
    calls = {name: Cost(*(float(part) for part in parts)) for name, *parts in rows}
    found = re.search(
        r"^Live memory a person: (\d+) bytes, of which (\d+) stay with the contest\.$", page, re.MULTILINE
    )
    if missing := CALLS_A_PERSON.keys() - calls.keys():
        raise KeyError(f"the page has no cost of {', '.join(sorted(missing))}")
    if not found:
        raise ValueError("the page has no memory of a person")
    return Costs(calls, int(found[1]), int(found[2]))


def measured_costs(folder: Path = RESULTS) -> Costs:
    """The costs as measured last; raises FileNotFoundError where a bench was not run."""
    results = {name: json.loads((folder / f"{name}.json").read_text()) for name in ("calls", "answer", "memory")}
    rows = {**results["calls"], "answer": results["answer"]["ours"]}
    calls = {
        name: Cost(*(round(max(0.0, rows[name].get(part, 0.0)), 3) for part in ("web_ms", "valkey_ms", "record_ms")))
        for name in CALLS_A_PERSON
    }
    return Costs(calls, results["memory"]["bytes_per_person"], results["memory"]["bytes_that_stay"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="take the costs measured last, and write the page")
    asked = parser.parse_args()
    text = PAGE.read_text()
    tables = render(measured_costs() if asked.write else read_costs(text))
    print(tables)
    if asked.write:
        before, _begin, rest = text.partition(BEGIN)
        _old, _end, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}")


if __name__ == "__main__":
    main()
