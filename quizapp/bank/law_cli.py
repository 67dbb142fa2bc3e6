"""`quizapp bank law …`: take the texts of statutes in, list laws, give them out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from quizapp.bank import law_imports, laws
from quizapp.bank.law_imports import Candidate
from quizapp.bank.law_lists import write_list
from quizapp.bank.law_queries import law_lines
from quizapp.bank.models import Law
from quizapp.bank.statutes import Statute, group_parts, join_parts, read_statute
from quizapp.bank.statutes.document import write_json, write_markdown
from quizapp.bank.statutes.parsed import LONGEST_TITLE
from quizapp.core.clock import utc_now
from quizapp.core.command import data_option, emit, json_option, refuse, with_app
from quizapp.core.db import db

DAY = click.DateTime(["%Y-%m-%d"])
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
TARGET = click.Path(path_type=Path, dir_okay=False)


@click.group("law")
def group() -> None:
    """Laws and their articles."""


@group.command("import")
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--effective-on", type=DAY, help="From when this version holds, where the text does not say it itself.")
@click.option("--adopt", is_flag=True, help="Let citations of the law that name no date be citations of this version.")
@click.option(
    "--mark-changes", is_flag=True, help="Hold the questions on articles that differ from the version before."
)
@click.option("--dry-run", is_flag=True, help="Only read and report; needs no database.")
@json_option
@data_option
def import_files(
    files: tuple[Path, ...],
    effective_on: datetime | None,
    adopt: bool,
    mark_changes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Read FILES (.md, .txt, .docx, .json) and store their articles; the parts of a code become one law."""
    read = [read_statute(path.read_bytes()) for path in files]
    names = [", ".join(files[place].name for place in places) for places in group_parts(read)]
    statutes = join_parts(read)
    if effective_on and len(statutes) > 1:
        raise click.UsageError("--effective-on is for one law; these are several")
    day = effective_on.date() if effective_on else None
    reports = [report(name, statute) for name, statute in zip(names, statutes, strict=True)]
    if not dry_run:
        store(statutes, reports, day=day, adopt=adopt, mark=mark_changes)
    if as_json:
        emit(reports)
    else:
        for entry in reports:
            show(entry)
    if any(entry["refused"] for entry in reports):
        refuse("not everything was stored")


def report(name: str, statute: Statute) -> dict[str, Any]:
    return {
        "file": name,
        "title": statute.title,
        "articles": len(statute.articles),
        "effective_on": _text(statute.effective_on),
        "effective_is_sure": statute.effective_is_sure,
        "problems": [
            {"where": problem.where, "code": problem.code, "severity": problem.severity, "message": problem.message}
            for problem in statute.problems
        ],
        "stored": False,
        "held": 0,
        "refused": "the text has errors" if statute.errors else "",
    }


@with_app
def store(
    statutes: Sequence[Statute], reports: Sequence[dict[str, Any]], *, day: date | None, adopt: bool, mark: bool
) -> None:
    """One transaction a law; a date that is only near is not taken for one."""
    for number, (statute, entry) in enumerate(zip(statutes, reports, strict=True)):
        if entry["refused"]:
            continue
        facts = law_imports.proposed_facts(statute)
        facts["effective_on"] = day or facts["effective_on"]
        candidate = law_imports.look_at(number, statute, (), facts)
        entry["refused"] = _refusal(candidate, day)
        if entry["refused"]:
            continue
        taken = law_imports.take(candidate, adopt=adopt, mark=mark, actor=None, now=utc_now())
        db.session.commit()
        entry.update(stored=True, held=taken.held, effective_on=_text(facts["effective_on"]))


def _refusal(candidate: Candidate, day: date | None) -> str:
    if not 0 < len(candidate.facts["title"]) <= LONGEST_TITLE:
        return "the text has no title, or one that is too long"
    if day is None and not candidate.statute.effective_is_sure and candidate.law is None:
        return "the text does not say from when this version holds: give --effective-on"
    return ""


def show(entry: dict[str, Any]) -> None:
    state = "stored" if entry["stored"] else entry["refused"] or "read"
    day = entry["effective_on"] or "no date"
    click.echo(f"{entry['title'] or entry['file']} ({day}): {entry['articles']} articles, {state}")
    for problem in entry["problems"]:
        click.echo(f"  {problem['where']}: {problem['message']}")
    if entry["held"]:
        click.echo(f"  {entry['held']} questions are on hold until somebody has looked")


@group.command("list")
@json_option
@with_app
def list_laws(as_json: bool) -> None:
    """List the laws with their articles and the questions that cite them."""
    lines = law_lines(_all_laws())
    rows = [
        {
            "title": line.law.title,
            "effective_on": _text(line.law.effective_on),
            "number": line.law.number,
            "status": line.law.status,
            "articles": line.articles,
            "questions": line.questions,
        }
        for line in lines
    ]
    if as_json:
        emit(rows)
        return
    for row in rows:
        day = row["effective_on"] or "no date"
        click.echo(f"{row['title']} ({day}): {row['articles']} articles, {row['questions']} questions, {row['status']}")


@group.command("export")
@click.argument("title")
@click.argument("target", type=TARGET)
@click.option("--effective-on", type=DAY, help="Which version; needed where the bank has several.")
@with_app
def export_law(title: str, target: Path, effective_on: datetime | None) -> None:
    """Write the text of the law TITLE to TARGET, as JSON if its name ends so, else as Markdown."""
    day = effective_on.date() if effective_on else None
    versions = [law for law in laws.versions_of(title) if day is None or law.effective_on == day]
    versions = [law for law in versions if any(article.place for article in law.articles)]
    if len(versions) != 1:
        days = ", ".join(_text(law.effective_on) or "no date" for law in versions)
        refuse(f"the bank has several versions: {days}" if versions else "the bank has no text of this law")
    statute = laws.statute_of(versions[0])
    target.write_bytes(write_json(statute) if target.suffix == ".json" else write_markdown(statute).encode())


@group.command("export-list")
@click.argument("target", type=TARGET)
@with_app
def export_list(target: Path) -> None:
    """Write the list of all laws to TARGET, an .xlsx or .csv file."""
    if target.suffix not in (".xlsx", ".csv"):
        refuse("name a file that ends in .xlsx or .csv")
    target.write_bytes(write_list(_all_laws(), target.suffix[1:]))


def _all_laws() -> list[Law]:
    return list(db.session.scalars(select(Law).order_by(Law.title, Law.effective_on, Law.id)))


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
