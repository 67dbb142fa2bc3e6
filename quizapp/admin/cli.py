"""`quizapp doctor`: what stands in the way of a contest on this installation."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from quizapp.admin import doctor
from quizapp.admin.doctor.findings import LEVEL_WORDS, LEVELS, Finding, worst
from quizapp.core import installation
from quizapp.core.clock import utc_now
from quizapp.core.command import Context, data_option, emit, json_option
from quizapp.core.i18n import _
from quizapp.core.settings import PREFIX

COLOURS = {"ok": "green", "notice": "cyan", "warn": "yellow", "bad": "red"}


@click.command("doctor")
@click.option(
    "--people",
    type=click.IntRange(1, 200_000_000),
    help="How many are expected; by default the capacity or the entries of the published contests.",
)
@json_option
@data_option
@click.pass_obj
def doctor_command(context: Context, people: int | None, as_json: bool) -> None:
    """Look at settings, versions, servers, disk, clock and memory, and say what to do; exit 1 when something is bad.

    Starts nothing and changes nothing: it looks at the servers that the environment names, else at those of the
    launcher that serves the data folder now.
    """
    environment = _environment(context.folder, os.environ)
    if environment is None:
        findings = list(doctor.nobody_serves(context.folder))
    else:
        quiet = {f"{PREFIX}LOG_LEVEL": "ERROR"} | dict(environment)
        examined = doctor.examine(
            quiet, folder=context.folder, people=people, now=utc_now(), create_app=context.create_app
        )
        findings = list(examined)
    if as_json:
        emit({"level": worst(findings), "findings": [asdict(finding) for finding in findings]})
    else:
        _show(findings)
    if worst(findings) == "bad":
        raise SystemExit(1)


def _environment(folder: Path, given: Mapping[str, str]) -> Mapping[str, str] | None:
    """The settings to look at; None when there are none and nobody serves the folder."""
    if any(name.startswith(PREFIX) and name != f"{PREFIX}DATA_DIR" for name in given):
        return given
    serving = installation.read_serving(folder)
    return serving.environment if serving else None


def _show(findings: Sequence[Finding]) -> None:
    for finding in findings:
        word = click.style(str(LEVEL_WORDS[finding.level]), fg=COLOURS[finding.level])
        click.echo(f"[{word}] {_('%(what)s：%(value)s', what=finding.what, value=finding.value)}")
        if finding.advice:
            click.echo(f"    → {finding.advice}")
    counts = Counter(finding.level for finding in findings)
    click.echo(_("、").join(f"{LEVEL_WORDS[level]} {counts[level]}" for level in reversed(LEVELS) if counts[level]))
