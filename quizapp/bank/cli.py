"""`quizapp bank …`: import question files, or only look at them; export a bank; the group of laws."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
from flask import current_app, has_app_context
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from quizapp.bank import exporting, import_rows, importing
from quizapp.bank.actions import get_or_create_bank
from quizapp.bank.exporting import Wanted
from quizapp.bank.finding import Filter
from quizapp.bank.formats import Written
from quizapp.bank.formats.losses import is_whole, sentence
from quizapp.bank.jobs import READ_LIMITS, TAKE_LIMITS
from quizapp.bank.law_cli import group as law_group
from quizapp.bank.models import STATES, Bank
from quizapp.core import limited
from quizapp.core.clock import utc_now
from quizapp.core.command import data_option, emit, json_option, refuse, with_app
from quizapp.core.db import db, disconnect, reading
from quizapp.core.errors import StoreUnavailable
from quizapp.core.limited import Limits
from quizapp.core.settings import Settings

SHOWN_PROBLEMS = 50


@click.group("bank")
def group() -> None:
    """Question banks."""


group.add_command(law_group)


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
    """Only read, in a child that may use only so much."""
    return _in_child(path, partial(_report, path, format_name), READ_LIMITS)


def _report(path: Path, format_name: str) -> dict[str, Any]:
    parsed, rows = importing.look(path.read_bytes(), format_name=format_name)
    return import_rows.report(file_name=path.name, parsed=parsed, rows=rows)


@with_app
def store(*, files: tuple[Path, ...], format_name: str, bank_name: str) -> list[dict[str, Any]]:
    """One transaction a file: it is taken whole or, when it holds no usable question, not at all."""
    return [_in_child(path, partial(_bring_in, path, format_name, bank_name), TAKE_LIMITS) for path in files]


def _bring_in(path: Path, format_name: str, bank_name: str) -> dict[str, Any]:
    """Read a file and take it in; raises StoreUnavailable when the database does not answer."""
    settings: Settings = current_app.extensions["quizapp.settings"]
    content, now = path.read_bytes(), utc_now()
    looked = importing.look(content, format_name=format_name)
    try:
        bank = get_or_create_bank(name=bank_name, actor=None, now=now)
        imported = importing.bring_in(
            bank=bank,
            file_name=path.name,
            content=content,
            looked=looked,
            approve=not settings.four_eyes,
            actor=None,
            now=now,
        )
        report = imported.report
        if imported.state == "imported":
            db.session.commit()
        else:
            db.session.rollback()
    except OperationalError as error:
        raise StoreUnavailable from error
    return report


def _in_child(path: Path, act: Callable[[], dict[str, Any]], limits: Limits) -> dict[str, Any]:
    """The report that `act` makes of a file, or one that says why its child was ended."""
    if has_app_context():
        disconnect()
    outcome = limited.run(lambda: json.dumps(act()).encode(), limits=limits)
    if outcome.ending == "done":
        report: dict[str, Any] = json.loads(outcome.content)
        return report
    said = outcome.content.decode()
    if outcome.ending == "broken":
        click.echo(said, err=True)
    return import_rows.report_of_failure(
        file_name=path.name, code=said if outcome.ending == "refused" else outcome.ending
    )


def show(report: dict[str, Any]) -> None:
    kinds = ", ".join(f"{kind} {count}" for kind, count in report["by_kind"].items() if count)
    click.echo(f"{report['file']} ({report['format']}): {report['questions']} questions ({kinds})")
    click.echo(f"  duplicates in the file: {report['duplicates']}, problems: {len(report['problems'])}")
    for problem in report["problems"][:SHOWN_PROBLEMS]:
        click.echo(f"  {problem['where']}: {problem['message']}")
    if len(report["problems"]) > SHOWN_PROBLEMS:
        click.echo(f"  … and {len(report['problems']) - SHOWN_PROBLEMS} more; --json lists all")


@group.command("export")
@click.argument("name")
@click.option(
    "--format", "format_name", type=click.Choice([entry.name for entry in exporting.writable()]), required=True
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False, writable=True), required=True)
@click.option(
    "--state",
    type=click.Choice([*STATES, "held"]),
    help="Only questions in this state. approved: by their approved revisions, as contests use them.",
)
@json_option
@with_app
def export(name: str, format_name: str, output: Path, state: str | None, as_json: bool) -> None:
    """Write the questions of the bank NAME to a file, and list all that the format cannot carry."""
    is_approved = state == "approved"
    wanted = Wanted(Filter(state="" if is_approved else state or ""), approved=is_approved)
    with reading():
        bank = db.session.scalar(select(Bank).where(Bank.name == name.strip()))
        if bank is None:
            refuse(f"there is no bank called {name}")
            return
        chosen = exporting.choose(bank=bank, wanted=wanted)
        written = exporting.make(chosen, approved=is_approved, format_name=format_name)
    db.session.rollback()
    output.write_bytes(written.content)
    exporting.note(bank=bank, wanted=wanted, chosen=chosen, format_name=format_name, actor=None, now=utc_now())
    db.session.commit()
    _show_export(written, count=len(chosen.ids), output=output, format_name=format_name, as_json=as_json)


def _show_export(written: Written, *, count: int, output: Path, format_name: str, as_json: bool) -> None:
    count -= sum(map(is_whole, written.left_out))
    if as_json:
        left_out = [
            {"number": one.number, "stem": one.stem, "code": one.code, "what": one.words, "message": sentence(one)}
            for one in written.left_out
        ]
        emit({"file": str(output), "format": format_name, "questions": count, "left_out": left_out})
        return
    click.echo(f"{count} questions written to {output}")
    for one in written.left_out[:SHOWN_PROBLEMS]:
        click.echo(f"  {sentence(one)}")
    if len(written.left_out) > SHOWN_PROBLEMS:
        click.echo(f"  … and {len(written.left_out) - SHOWN_PROBLEMS} more; --json lists all")
