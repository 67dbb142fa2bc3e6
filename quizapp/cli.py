"""The command line: what runs the house, and one group a room."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from quizapp import first_start
from quizapp.accounts.cli import unit_group, user_group
from quizapp.admin import exporter, samples
from quizapp.admin import jobs as admin_jobs
from quizapp.admin.backup_cli import backup_command, restore_command
from quizapp.admin.cli import doctor_command
from quizapp.app import create_app
from quizapp.bank import jobs as bank_jobs
from quizapp.bank.cli import group as bank_group
from quizapp.contests.cli import group as contest_group
from quizapp.core import i18n, jobs, launcher, schema
from quizapp.core.adding_up import Adder
from quizapp.core.clock import utc_now
from quizapp.core.command import Context, data_option, refusals, refuse, with_app
from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.core.postgresql import WEB
from quizapp.core.settings import PREFIX, load_settings
from quizapp.play import rescoring, retention
from quizapp.play.bench_cli import group as bench_group
from quizapp.play.cli import contest_commands
from quizapp.play.cli import group as play_group
from quizapp.play.correction_cli import contest_commands as correction_commands
from quizapp.play.jobs import run_recorder
from quizapp.reports.cli import group as report_group


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default="instance",
    envvar=f"{PREFIX}DATA_DIR",
    show_default=True,
    help="The data folder.",
)
@click.option(
    "--language",
    type=click.Choice([code[:2] for code in i18n.LANGUAGES]),
    default="zh",
    show_default=True,
    help="Of findings, refusals and reports.",
)
@click.version_option(package_name="quizapp", message="%(version)s")
@click.pass_context
def main(context: click.Context, data: Path, language: str) -> None:
    """QuizApp: public legal-knowledge contests."""
    context.obj = Context(folder=data, create_app=create_app)
    i18n.speak(next(code for code in i18n.LANGUAGES if code.startswith(language)))


@main.command("run")
@click.option("--demo", is_flag=True, help="At the first start, load a demo contest and make sign-ins for it.")
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 lets phones in the same network in.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option("--workers", type=click.IntRange(1, 64), help="Web worker processes; by default one a core, 2 to 8.")
@data_option
@click.pass_obj
def run(context: Context, demo: bool, host: str, port: int, workers: int | None) -> None:
    """Run everything on this machine until Ctrl-C."""
    order = launcher.Order(folder=context.folder, host=host, port=port, workers=workers, given=dict(os.environ))
    with refusals():
        launcher.run(order, fill=lambda environment: _fill(environment, demo=demo))


def _fill(environment: Mapping[str, str], *, demo: bool) -> list[str]:
    """Bring the database up to date and fill it at the first start; return what to tell the starter."""
    app = create_app(load_settings(environment))
    with app.app_context():
        try:
            schema.upgrade()
            return first_start.prepare(demo=demo, now=utc_now(), command=_command(environment))
        finally:
            db.session.remove()
            db.engine.dispose()
            get_live().close()


def _command(environment: Mapping[str, str]) -> str:
    """How a person calls this program on the same data, from where it was started."""
    folder = environment[f"{PREFIX}DATA_DIR"]
    data = [] if Path(folder) == Path("instance").absolute() else ["--data", folder]
    return shlex.join([os.path.relpath(Path(sys.executable).with_name("quizapp")), *data])


@main.command("web")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), help="By default one a core, 2 to 8.")
def web(host: str, port: int, workers: int | None) -> None:
    """Run the web workers alone, with the settings of the environment."""
    with refusals():
        load_settings(os.environ)
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    command = launcher.web_command(bind=bind, workers=workers, preload=False)
    os.execv(command[0], command)  # noqa: S606


@main.command("record")
def record() -> None:
    """Carry live events into SQL, with the settings of the environment."""
    stopping = jobs.stop_signals()
    with refusals():
        settings = load_settings(os.environ)
    with create_app(settings).app_context():
        adder = Adder(get_live(), kind="record")
        run_recorder(stopping)
        adder.stop()


@main.command("metrics")
def metrics() -> None:
    """Answer Prometheus at QUIZAPP_METRICS, with the settings of the environment."""
    stopping = jobs.stop_signals()
    with refusals():
        settings = load_settings(os.environ)
    if settings.metrics is None:
        refuse(f"{PREFIX}METRICS: must be set, for example to 127.0.0.1:9464")
        return
    host, port = settings.metrics
    try:
        exporter.serve(create_app(settings, waits=WEB), host=host, port=port, stopping=stopping)
    except OSError as error:
        refuse(f"{PREFIX}METRICS={host}:{port} cannot be used: {error.strerror}")


@main.command("work")
def work() -> None:
    """Do the timed duties and the background jobs of all rooms, with the settings of the environment."""
    stopping = jobs.stop_signals()
    with refusals():
        settings = load_settings(os.environ)
    with create_app(settings).app_context():
        duties = [*jobs.DUTIES, *retention.DUTIES, *bank_jobs.DUTIES, *admin_jobs.DUTIES, *samples.DUTIES]
        jobs.work(duties, [*bank_jobs.KINDS, *rescoring.KINDS], stopping=stopping)


@main.group("db")
def database() -> None:
    """The database's schema."""


@database.command("upgrade")
@with_app
def upgrade() -> None:
    """Run every migration that the database lacks."""
    schema.upgrade()


@database.command("check")
@with_app
def check() -> None:
    """Compare the database with the models; exit code 1 when they differ."""
    schema.check()


for room_group in (user_group, unit_group, bank_group, contest_group, play_group, report_group, bench_group):
    main.add_command(room_group)
main.add_command(doctor_command)
main.add_command(backup_command)
main.add_command(restore_command)
for contest_command in (*contest_commands, *correction_commands):
    contest_group.add_command(contest_command)
