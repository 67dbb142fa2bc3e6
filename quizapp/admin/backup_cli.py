"""`quizapp backup FILE` and `quizapp restore FILE`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import select

from quizapp.accounts.models import User
from quizapp.admin.backup.archive import BackupNotWritten, UnusableBackup
from quizapp.admin.backup.making import make_backup
from quizapp.admin.backup.restoring import NotRestored, restore_backup
from quizapp.bank.models import Bank
from quizapp.core import installation
from quizapp.core.clock import utc_now
from quizapp.core.command import Context, data_option, emit, json_option, open_app, refusals, refuse, with_app
from quizapp.core.db import db, reading, release
from quizapp.core.live import get_live

file_argument = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except (BackupNotWritten, UnusableBackup, NotRestored) as error:
        refuse(str(error))


@click.command("backup")
@file_argument
@json_option
@click.pass_obj
@with_app
def backup_command(context: Context, file: Path, as_json: bool) -> None:
    """Write everything that is recorded or acknowledged into FILE, while contests go on.

    FILE is readable by its owner alone and does not hold the installation's keys: keep keys.json elsewhere.
    """
    with reading():
        is_used = any(db.session.scalar(select(row.id).limit(1)) for row in (User, Bank))
        release()
    if not is_used:
        refuse(f"there is nothing to back up in {context.folder.absolute()}; name the data folder with --data")
    with _sentences():
        made = make_backup(file, live=get_live(), now=utc_now())
    if as_json:
        emit({"file": str(file), **dataclasses.asdict(made), "made_at": made.made_at.isoformat()})
        return
    click.echo(f"{file}: {made.rows} rows, {made.events} events not recorded yet, {made.bytes // 1024} KiB")
    click.echo("Without the keys of this installation it cannot be restored; they are not in it.")


@click.command("restore")
@file_argument
@click.option("--replace", "replaces", is_flag=True, help="Remove what is in this installation.")
@json_option
@data_option
@click.pass_obj
def restore_command(context: Context, file: Path, replaces: bool, as_json: bool) -> None:
    """Bring back FILE, on SQLite or PostgreSQL; quizapp must be stopped.

    Everything is checked before anything is touched. The contests' doors open when quizapp runs again.
    """
    if serving := installation.read_serving(context.folder):
        refuse(f"QuizApp is running ({serving.address}): stop it first")
    with refusals(), open_app(), _sentences():
        done = restore_backup(file, live=get_live(), create_app=context.create_app, replaces=replaces, now=utc_now())
    if as_json:
        emit({"file": str(file), **dataclasses.asdict(done), "made_at": done.made_at.isoformat()})
        return
    click.echo(f"{file} of {done.made_at:%Y-%m-%d %H:%M} UTC: {done.rows} rows, {done.recorded} events recorded")
    if done.set_aside:
        click.echo(f"{done.set_aside} events did not follow on the records and were kept aside (see 系统状态).")
    if not done.has_same_secret:
        click.echo("The secret key is another one: staff sign in anew, and participants enter again to go on.")
