"""`quizapp report …`."""

from __future__ import annotations

from pathlib import Path

import click

from quizapp.accounts import audit
from quizapp.contests.queries import get_contest
from quizapp.core.clock import utc_now
from quizapp.core.command import with_app
from quizapp.core.db import db, reading
from quizapp.reports.files import FORMATS, write_results
from quizapp.reports.results import Results


@click.group("report")
def group() -> None:
    """What leaves the house as a file."""


@group.command("results")
@click.argument("slug")
@click.option("--format", "format_name", type=click.Choice(FORMATS), required=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False, writable=True), required=True)
@click.option("--answers", is_flag=True, help="csv only: one row an answer instead of one row an attempt.")
@click.option("--in-full", "reason", metavar="REASON", help="Names and phone numbers unmasked; the reason is logged.")
@with_app
def results(slug: str, format_name: str, output: Path, answers: bool, reason: str | None) -> None:
    """Write the results of a contest to a file."""
    contest = get_contest(slug)
    audit.record(
        action="reports.export",
        subject_kind="contest",
        subject_id=str(contest.id),
        detail={"format": format_name, "in_full": bool(reason), "reason": reason or ""},
        now=utc_now(),
        actor=None,
    )
    db.session.commit()
    with reading():
        found = Results(get_contest(slug), in_full=bool(reason))
        write_results(results=found, format_name=format_name, path=output, answers=answers)
        count = found.count_attempts()
    click.echo(f"{count} attempts written to {output}")
