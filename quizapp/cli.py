"""The command line: one group a room."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from quizapp.app import create_app
from quizapp.core.command import Context

ROOMS = ("accounts", "bank", "contests", "play", "reports", "admin")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default="instance",
    envvar="QUIZAPP_DATA_DIR",
    show_default=True,
    help="The data folder.",
)
@click.pass_context
def main(context: click.Context, data: Path) -> None:
    """QuizApp: public legal-knowledge contests."""
    context.obj = Context(folder=data, create_app=create_app)


for room in ROOMS:
    path = f"quizapp.{room}.cli"
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name != path:
            raise
        continue
    for command in vars(module).values():
        if isinstance(command, click.Group) and command.callback and command.callback.__module__ == path:
            main.add_command(command)
