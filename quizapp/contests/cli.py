"""`quizapp contest …`: create, check and publish contests, and list the presets."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from quizapp.contests import actions, presets, queries
from quizapp.contests.checks import Report, check
from quizapp.contests.files import read_contest
from quizapp.contests.models import Contest
from quizapp.contests.posters import address
from quizapp.core.clock import utc_now
from quizapp.core.command import emit, json_option, refusals, refuse, with_app
from quizapp.core.db import db
from quizapp.core.live import get_live
from quizapp.core.settings import get_settings


@click.group("contest")
def group() -> None:
    """Contests."""


@group.command("create")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
@with_app
def create(file: Path, as_json: bool) -> None:
    """Store the contest that FILE (JSON) describes as a draft."""
    now = utc_now()
    draft = read_contest(file.read_bytes(), site_timezone=get_settings().timezone)
    contest = actions.create_contest(draft=draft, actor=None, now=now)
    if contest.paper == "fixed":
        for section in contest.sections:
            seed = f"{contest.slug} {section.position}"
            actions.draw_questions(section=section, seed=seed, lock_version=contest.lock_version)
    db.session.commit()
    _tell(contest, as_json, f"{contest.slug}: stored as a draft; look at it with: quizapp contest check {contest.slug}")


@group.command("publish")
@click.argument("slug")
@json_option
@with_app
def publish(slug: str, as_json: bool) -> None:
    """Check the draft SLUG and publish it; its questions and rules are fixed from then on."""
    contest = queries.get_contest(slug)
    actions.publish(contest=contest, actor=None, now=utc_now())
    db.session.commit()
    _tell(contest, as_json, f"{contest.slug}: published at {address(contest.slug)}")


def _tell(contest: Contest, as_json: bool, sentence: str) -> None:
    if not as_json:
        click.echo(sentence)
        return
    stage = queries.stage_of(contest, now=utc_now())
    emit({"slug": contest.slug, "state": stage, "kit_version": contest.kit_version, "address": address(contest.slug)})


@group.command("check")
@click.argument("slug")
@click.option("--people", type=click.IntRange(1, 10_000_000), default=1000, show_default=True)
@json_option
@with_app
def check_draft(slug: str, people: int, as_json: bool) -> None:
    """Say what keeps SLUG from being published and what is worth a second thought; exit 1 when it cannot be."""
    contest = queries.get_contest(slug)
    durability = get_settings().durability
    report = check(contest=contest, now=utc_now(), live=get_live(), durability=durability, people=people)
    if as_json:
        emit(_document(report))
    else:
        _show(report)
    if report.errors:
        refuse(f"{slug}: {len(report.errors)} findings keep it from being published")


def _document(report: Report) -> dict[str, Any]:
    document = asdict(report)
    document["findings"] = [
        {"code": finding.code, "part": finding.part, "stops": finding.stops, "message": finding.message}
        for finding in report.findings
    ]
    document["full_score"] = document.pop("full_hundredths") / 100
    return document


def _show(report: Report) -> None:
    for finding in report.findings:
        click.echo(f"{'error' if finding.stops else 'warning'} {finding.code}: {finding.message}")
    low, high = report.exposure
    click.echo(f"questions on a paper: {report.question_count}, in the pools: {report.pool_sizes}")
    click.echo(f"two papers share {report.overlap:.1f} questions on average")
    click.echo(f"with {report.people} people each question is shown {low:.0f} to {high:.0f} times")


preset = click.Group("preset", help="Rules of real contests to start from.")
group.add_command(preset)


@preset.command("list")
@json_option
def list_presets(as_json: bool) -> None:
    """Name the presets; a contest's file takes one with "preset": NAME."""
    with refusals():
        if as_json:
            emit(
                [{"name": found.name, "days": found.days, "contest": found.contest} for found in presets.all_presets()]
            )
            return
        for found in presets.all_presets():
            parts = ", ".join(_part(section) for section in found.contest["sections"])
            click.echo(f"{found.name}: {found.days} days, {parts}, {found.contest['limit_minutes']} minutes")


def _part(section: dict[str, Any]) -> str:
    return f"{section['count']} {section.get('kind', 'any')} × {section['points']}"
