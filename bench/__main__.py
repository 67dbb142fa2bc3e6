"""Measure everything that is promised of speed, each bench in a process of its own, and write docs/performance.md.

`make bench` takes small sizes and some minutes; `make bench ARGS=--full` the promised ones. `--report` writes the page
from the results that there are, `--only NAME` (again and again) runs some of the benches. A bench that fails or is too
slow loses its result: the page then says that it was not measured.
"""

from __future__ import annotations

import argparse
import importlib.util
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

from bench import report
from bench.machine import RESULTS
from bench.targets import figures, verdict


@dataclass(frozen=True, slots=True)
class Bench:
    """One run of a module of this package; `name` is also that of its result file."""

    name: str
    module: str
    quick: tuple[str, ...]
    full: tuple[str, ...]
    minutes: int
    """The longest that a full run may take."""


BENCHES = (
    Bench("answer", "answer", ("--answers", "1600"), ("--answers", "6400"), 15),
    Bench("figures", "figures", ("--requests", "1600"), ("--requests", "6400"), 10),
    Bench("bell", "bell", (), ("--people", "10000", "--seconds", "10"), 10),
    Bench("board", "board", ("--people", "10000,100000"), ("--people", "10000,100000,1000000"), 10),
    Bench("memory", "memory", ("--people", "500"), ("--people", "3000"), 15),
    Bench("recorder-sqlite", "recorder", (), ("--events", "48000"), 15),
    Bench(
        "recorder-postgresql",
        "recorder",
        ("--database", "postgresql"),
        ("--database", "postgresql", "--events", "48000"),
        15,
    ),
    Bench(
        "export",
        "export",
        ("--people", "5000"),
        ("--people", "100000", "--database", "sqlite", "--database", "postgresql"),
        30,
    ),
    Bench("import", "import_questions", ("--questions", "2000"), (), 10),
    Bench("calls", "calls", ("--people", "320"), ("--people", "1600"), 15),
    Bench("listeners", "listeners", (), ("--listeners", "300,2000"), 10),
    Bench("page", "page", (), (), 5),
    Bench("campaign-sqlite", "campaign", ("--of", "0.01"), (), 60),
    Bench(
        "campaign-postgresql",
        "campaign",
        ("--database", "postgresql", "--of", "0.01"),
        ("--database", "postgresql"),
        60,
    ),
)


def run(bench: Bench, *, is_full: bool) -> bool:
    """Whether the bench ended well; its former result goes first, so that none is taken for a new one."""
    if importlib.util.find_spec(f"bench.{bench.module}") is None:
        print(f"{bench.name:<20} there is no such bench")
        return False
    (RESULTS / f"{bench.name}.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", f"bench.{bench.module}", *(bench.full if is_full else bench.quick)]
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        output, _none = process.communicate(timeout=60 * bench.minutes)
        failed = output[-2000:] if process.returncode else ""
    except subprocess.TimeoutExpired:
        # As Ctrl-C: what the bench has started ends with it.
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        failed = f"stopped after {bench.minutes} minutes"
    print(f"{bench.name:<20} {'FAILED' if failed else 'measured'} in {time.monotonic() - started:.0f} s", flush=True)
    if failed:
        print(failed, file=sys.stderr)
    return not failed


def show() -> None:
    results = report.read_results()
    for figure in figures(results):
        measured = "–" if figure.value is None else f"{report.number(figure.value)} {figure.unit}"
        print(f"{figure.promise:<4} {figure.work:<58} {measured:>14}   {verdict(figure)}")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="the promised sizes; takes about an hour")
    parser.add_argument("--only", action="append", choices=[bench.name for bench in BENCHES], metavar="NAME")
    parser.add_argument("--report", action="store_true", help="only write the page, from the results that there are")
    asked = parser.parse_args()
    chosen = [bench for bench in BENCHES if not asked.report and bench.name in (asked.only or [bench.name])]
    ended_well = [run(bench, is_full=asked.full) for bench in chosen]
    report.write(report.read_results())
    show()
    sys.exit(0 if all(ended_well) else 1)


if __name__ == "__main__":
    main()
