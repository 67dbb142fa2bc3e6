"""`quizapp bank …`: import question files, or only look at them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from flask import current_app

from quizapp.bank import importing
from quizapp.bank.actions import get_or_create_bank
from quizapp.core.clock import utc_now
from quizapp.core.command import data_option, emit, json_option, refuse, with_app
from quizapp.core.db import db
from quizapp.core.settings import Settings

SHOWN_PROBLEMS = 50


@click.group("bank")
def group() -> None:
    """Question banks."""


@group.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--bank", "bank_name", help="The bank to put the questions into; made when it does not exist.")
@click.option("--format", "format_name", default="auto", show_default=True)
@click.option("--dry-run", is_flag=True, help="Only read and report; needs no database.")
@json_option
@data_option
def import_files(
    files: tuple[Path, ...], bank_name: str | None, format_name: str, dry_run: bool, as_json: bool
) -> None:
    """Read FILES, store their usable questions in a bank and report every row that could not be used."""
    if format_name not in importing.format_names():
        raise click.BadParameter(f"choose one of {', '.join(importing.format_names())}", param_hint="--format")
    if not dry_run and not (bank_name or "").strip():
        raise click.UsageError("name the bank with --bank, or use --dry-run to only read the files")
    reports = (
        [look(path, format_name) for path in files]
        if dry_run
        else store(files=files, format_name=format_name, bank_name=(bank_name or "").strip())
    )
    if as_json:
        emit(reports[0] if len(reports) == 1 else reports)
    else:
        for report in reports:
            show(report)
    if not any(report["questions"] for report in reports):
        refuse("no question could be read")


def look(path: Path, format_name: str) -> dict[str, Any]:
    parsed = importing.read_file(path.read_bytes(), format_name=format_name)
    return importing.make_report(file_name=path.name, parsed=parsed, known={})


@with_app
def store(*, files: tuple[Path, ...], format_name: str, bank_name: str) -> list[dict[str, Any]]:
    """One transaction a file: it is taken whole or, when it holds no usable question, not at all."""
    settings: Settings = current_app.extensions["quizapp.settings"]
    reports = []
    for path in files:
        now = utc_now()
        bank = get_or_create_bank(name=bank_name, actor=None, now=now)
        staged = importing.stage(
            bank=bank, file_name=path.name, content=path.read_bytes(), format_name=format_name, actor=None, now=now
        )
        reports.append(staged.report)
        if staged.report["questions"]:
            importing.take(staged=staged, bank=bank, approve=not settings.four_eyes, actor=None, now=now)
            db.session.commit()
        else:
            db.session.rollback()
    return reports


def show(report: dict[str, Any]) -> None:
    kinds = ", ".join(f"{kind} {count}" for kind, count in report["by_kind"].items() if count)
    click.echo(f"{report['file']} ({report['format']}): {report['questions']} questions ({kinds})")
    click.echo(f"  duplicates in the file: {report['duplicates']}, problems: {len(report['problems'])}")
    for problem in report["problems"][:SHOWN_PROBLEMS]:
        click.echo(f"  {problem['where']}: {problem['message']}")
    if len(report["problems"]) > SHOWN_PROBLEMS:
        click.echo(f"  … and {len(report['problems']) - SHOWN_PROBLEMS} more; --json lists all")
