"""P2: a whole campaign on SQLite or PostgreSQL: `python -m bench.campaign [--visits N] [--answers N] [--database …]`.

Phones on the same machine visit, enter, begin, answer and hand in, as fast as the servers let them. Every answer must
be acknowledged, recorded in SQL and found by the comparison. The target is that 70,000 visits with 800,000 answers
take at most 12 minutes on two cores, everything included: with `--of 0.1` a tenth of it is played.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from bench import machine
from quizapp.app import create_app
from quizapp.core.command import Context
from quizapp.play import replay
from tests import postgresql

VISITS, ANSWERS = 70_000, 800_000


@contextmanager
def database(kind: str) -> Iterator[tuple[str | None, dict[str, int]]]:
    """The address of an empty database on a server of its own that syncs what it commits, and the server's process."""
    if kind == "sqlite":
        yield None, {}
        return
    programs = postgresql.find_programs()
    if programs is None:
        raise SystemExit("PostgreSQL is not installed here")
    with postgresql.running(programs, settings=postgresql.SMALL) as cluster:
        cluster.run("create database campaign")
        yield cluster.url("campaign"), {"sql": cluster.pid}


def run(*, kind: str, visits: int, answers: int) -> dict[str, Any]:
    with database(kind) as (address, servers), TemporaryDirectory() as folder:
        context = click.Context(click.Command("campaign"), obj=Context(Path(folder), create_app))
        with context:
            figures = replay.run(visits=visits, answers=answers, database_url=address, servers=servers)
    return {"database": kind, **figures}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=VISITS)
    parser.add_argument("--answers", type=int, default=ANSWERS)
    parser.add_argument("--of", type=float, default=1.0, help="a part of both")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures = run(kind=asked.database, visits=round(asked.visits * asked.of), answers=round(asked.answers * asked.of))
    machine.keep(f"campaign-{asked.database}", figures)
    if asked.json:
        print(json.dumps(figures, ensure_ascii=False))
        return
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):<32} {value}")


if __name__ == "__main__":
    main()
