"""What every command shares: the data folder, the servers it needs, its output and its exit code.

    @group.command("status")
    @click.argument("slug")
    @json_option
    @with_app
    def status(slug: str, as_json: bool) -> None: ...

A command works on the servers named in the environment (both QUIZAPP_DATABASE_URL and QUIZAPP_REDIS_URL), else
on those of the launcher that serves the folder now, else on servers started for the time of the command.
It commits itself. Exit codes: 0 done, 1 refused (the reason is on stderr), 2 wrong usage.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
from flask import Flask
from sqlalchemy.exc import OperationalError

from quizapp.core import installation, launcher, schema
from quizapp.core.db import db
from quizapp.core.embedded import ValkeyDidNotStart, start_valkey
from quizapp.core.errors import DomainError
from quizapp.core.settings import PREFIX, Settings, WrongSetting, load_settings

P = ParamSpec("P")
R = TypeVar("R")

REFUSALS = (
    WrongSetting,
    installation.AlreadyRunning,
    installation.UnusableFolder,
    launcher.PortUnusable,
    ValkeyDidNotStart,
    schema.DatabaseIsNewer,
)


@dataclass
class Context:
    """What the top-level group hands to all commands (`context.obj`)."""

    folder: Path
    create_app: Callable[[Settings], Flask]


def _choose_folder(context: click.Context, _option: click.Parameter, value: Path | None) -> None:
    chosen = context.find_object(Context)
    if value is not None and chosen is not None:
        chosen.folder = value


data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    expose_value=False,
    callback=_choose_folder,
    help="The data folder; may also stand before the command.",
)
"""Lets `--data` stand after the command as well."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for scripts.")


def with_app(function: Callable[P, R]) -> Callable[P, R]:
    """Run a command inside the app's context, with a refusal as a sentence on stderr and exit code 1."""

    @data_option
    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with refusals(), open_app():
            return function(*args, **kwargs)

    return run


@contextmanager
def refusals() -> Iterator[None]:
    """Turn a refusal into its sentence on stderr and exit code 1; commands without servers use this alone."""
    try:
        yield
    except DomainError as error:
        refuse(error.message())
    except REFUSALS as error:
        refuse(str(error))
    except OperationalError as error:
        refuse(f"the database does not answer: {error.orig}")


def refuse(sentence: str) -> None:
    click.echo(sentence, err=True)
    sys.exit(1)


@contextmanager
def open_app(environment: Mapping[str, str] | None = None) -> Iterator[Flask]:
    """The app of the chosen folder with its context pushed and its servers up, for as long as the block lasts.

    `environment` names other servers, which are taken whatever this process's own says.
    """
    context = click.get_current_context().find_object(Context)
    if context is None:
        raise RuntimeError("commands run below the top-level group")
    with _servers(context.folder, os.environ if environment is None else environment) as (found, are_ours):
        app = context.create_app(load_settings({f"{PREFIX}LOG_LEVEL": "WARNING"} | dict(found)))
        with app.app_context():
            if are_ours:
                schema.upgrade()
            try:
                yield app
            except DomainError as error:
                # Its sentence needs the app's languages, which end with this block.
                refuse(error.message())
            finally:
                db.session.remove()
                db.engine.dispose()


@contextmanager
def _servers(folder: Path, given: Mapping[str, str]) -> Iterator[tuple[Mapping[str, str], bool]]:
    """The settings of servers that answer, and whether they were started for this command."""
    if f"{PREFIX}DATABASE_URL" in given and f"{PREFIX}REDIS_URL" in given:
        yield given, False
        return
    installation.prepare_folder(folder)
    with ExitStack() as stack:
        serving = _serving_or_lock(folder, stack)
        if serving:
            yield serving.environment, False
            return
        valkey = start_valkey(folder=folder / "valkey")
        stack.callback(valkey.stop)
        address = "http://127.0.0.1:8000"
        yield installation.environment_for(folder=folder, redis_url=valkey.url, public_url=address, given=given), True


def _serving_or_lock(folder: Path, stack: ExitStack) -> installation.Serving | None:
    """The launcher to work with; None when there is none and this command holds the lock.

    A launcher that is starting and another command that is finishing are waited for.
    """
    give_up_at = time.monotonic() + installation.LOCK_WAIT_SECONDS
    while True:
        try:
            stack.enter_context(installation.locked(folder))
            return None
        except installation.AlreadyRunning:
            serving = installation.read_serving(folder)
            if serving:
                return serving
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.1)


def emit(document: Any) -> None:
    """Print one JSON document on stdout."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
