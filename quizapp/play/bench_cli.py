"""`quizapp bench …`: measure on an installation of its own, never on live data."""

from __future__ import annotations

from typing import Any

import click

from quizapp.core.command import emit, json_option, refusals, refuse
from quizapp.play import replay

visits_option = click.option("--visits", type=click.IntRange(1, 1_000_000), default=2000, show_default=True)
answers_option = click.option("--answers", type=click.IntRange(0, 10_000_000), default=20000, show_default=True)

database_option = click.option(
    "--database-url",
    metavar="URL",
    help="Record in this database, which must be empty; by default in a SQLite of its own.",
)


@click.group("bench")
def group() -> None:
    """Measure on an installation of its own in a temporary folder."""


@group.command("replay")
@visits_option
@answers_option
@database_option
@json_option
def replay_campaign(visits: int, answers: int, database_url: str | None, as_json: bool) -> None:
    """Let simulated phones play a campaign; compare what they were told with what was recorded.

    Exit code 1 when an answer was not acknowledged or anything differs.
    """
    try:
        with refusals():
            figures = replay.run(visits=visits, answers=answers, database_url=database_url)
    except replay.ReplayFailed as error:
        refuse(str(error))
    if as_json:
        emit(figures)
    else:
        _show(figures)
    if figures["differences"] or figures["gave_up"] or figures["answers_acknowledged"] != answers:
        refuse("the campaign is not whole: see gave_up and differences")


def _show(figures: dict[str, Any]) -> None:
    for name, value in figures.items():
        shown = ", ".join(f"{key} {part}" for key, part in value.items()) if isinstance(value, dict) else value
        click.echo(f"{name.replace('_', ' '):<42} {shown}")
