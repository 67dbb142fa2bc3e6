"""`quizapp user …` and `quizapp unit …`: accounts of staff, and units from a list."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from sqlalchemy import select

from quizapp.accounts import actions, passwords, units
from quizapp.accounts.models import ROLES, User
from quizapp.accounts.rules import normalise_sign_in_name
from quizapp.accounts.unit_plan import RowsUnusable
from quizapp.core.clock import local_day, utc_now
from quizapp.core.command import emit, json_option, refuse, with_app
from quizapp.core.db import db
from quizapp.core.settings import get_settings
from quizapp.core.sheets import read_rows

SHOWN_PROBLEMS = 50

password_option = click.option(
    "--password-stdin", "from_stdin", is_flag=True, help="Read the password from standard input instead of making one."
)


@click.group("user")
def user_group() -> None:
    """Accounts of staff."""


@user_group.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--display-name", help="The name that colleagues see; the sign-in name when left out.")
@password_option
@json_option
@with_app
def add(name: str, role: str, display_name: str | None, from_stdin: bool, as_json: bool) -> None:
    """Make an account called NAME and print its password, once."""
    password = _read_password() if from_stdin else passwords.random_password()
    user = actions.create_user(
        name=name, display_name=display_name or name, role=role, password=password, now=utc_now()
    )
    db.session.commit()
    _tell(user, None if from_stdin else password, as_json=as_json)


@user_group.command("password")
@click.argument("name")
@password_option
@json_option
@with_app
def password(name: str, from_stdin: bool, as_json: bool) -> None:
    """Set a new password for NAME, end its sessions and print the password, once."""
    user = db.session.scalar(select(User).where(User.name == normalise_sign_in_name(name)))
    if user is None:
        refuse(f"nobody is called {name}")
        return
    new = _read_password() if from_stdin else passwords.random_password()
    actions.set_password(user=user, password=new, now=utc_now(), actor=None)
    db.session.commit()
    _tell(user, None if from_stdin else new, as_json=as_json)


def _read_password() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _tell(user: User, password: str | None, *, as_json: bool) -> None:
    if as_json:
        emit({"name": user.name, "role": user.role, "is_active": user.is_active, "password": password})
        return
    click.echo(f"{user.name} ({user.role})" + ("" if user.is_active else ", disabled"))
    if password is not None:
        click.echo(f"password, shown only this once: {password}")


@click.group("unit")
def unit_group() -> None:
    """The unit tree."""


@unit_group.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Only report what the file would do.")
@json_option
@with_app
def import_units(file: Path, dry_run: bool, as_json: bool) -> None:
    """Add and update units from FILE (xlsx or csv), all rows or none."""
    rows, now = read_rows(file.read_bytes()), utc_now()
    today = local_day(now, get_settings().timezone)
    try:
        plan = (
            units.plan_list(rows, today=today)
            if dry_run
            else units.take_list(rows, today=today, now=now, actor=None, file_name=file.name)
        )
    except RowsUnusable as refusal:
        plan = refusal.plan
    db.session.commit()
    report = {
        "file": file.name,
        "added": plan.count("add"),
        "changed": plan.count("change"),
        "unchanged": plan.count("keep"),
        "problems": [{"row": step.number, "unit": step.path, "message": step.problem} for step in plan.problems],
    }
    if as_json:
        emit(report)
    else:
        click.echo(
            f"{file.name}: added {report['added']}, changed {report['changed']}, unchanged {report['unchanged']}"
        )
        for step in plan.problems[:SHOWN_PROBLEMS]:
            click.echo(f"  row {step.number}: {step.problem}")
    if plan.problems:
        refuse(f"{len(plan.problems)} rows cannot be taken, so nothing was imported")
