"""`quizapp play …`, and the commands of `quizapp contest …` that act on a running contest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click

from quizapp.contests import queries as contests
from quizapp.contests.models import Contest
from quizapp.contests.shards import Shards
from quizapp.core.clock import to_ms, utc_now
from quizapp.core.command import emit, json_option, refuse, with_app
from quizapp.core.db import db, reading
from quizapp.core.errors import StoreUnavailable
from quizapp.core.live import get_live
from quizapp.play import actions, queries, state
from quizapp.play.correcting import corrections_of
from quizapp.play.rebuild import RebuildTakenOver, rebuild_all
from quizapp.play.recording import lag_of_all, pace_of
from quizapp.play.shown import moment
from quizapp.play.verify import verify

LAG_SECONDS = 10.0
SHOWN_DIFFERENCES = 100


@click.group("play")
def group() -> None:
    """Live state: compare it with the records, make it anew."""


@group.command("verify")
@click.argument("slug")
@json_option
@with_app
def verify_contest(slug: str, as_json: bool) -> None:
    """Recompute all of SLUG from the records and compare; exit code 1 when anything differs.

    Waits some seconds for events on their way; people who answer meanwhile may show up as differences.
    """
    with reading():
        contest = contests.get_published(slug)
        shards = contest.shards
        db.session.rollback()
    _wait_for_records(shards)
    found = verify(contest=contest)
    if as_json:
        emit({"contest": slug, "differences": len(found), "first": [_plain(one) for one in found[:SHOWN_DIFFERENCES]]})
    else:
        for difference in found[:SHOWN_DIFFERENCES]:
            click.echo(str(difference))
        click.echo(f"{slug}: {len(found)} differences")
    if found:
        raise SystemExit(1)


def _plain(difference: Any) -> dict[str, str]:
    return {name: value if isinstance(value, str) else str(value) for name, value in asdict(difference).items()}


def _wait_for_records(shards: Shards) -> None:
    """Give a running recorder the time to carry over what is on its way."""
    give_up_at = time.monotonic() + LAG_SECONDS
    while _events_waiting(shards) and time.monotonic() < give_up_at:
        time.sleep(0.1)


def _events_waiting(shards: Shards) -> int:
    return sum(state.count_events(get_live(), shard) for shard in shards)


@group.command("rebuild")
@click.argument("slug")
@json_option
@with_app
def rebuild_contest(slug: str, as_json: bool) -> None:
    """Make the live state of SLUG anew from the records; its doors are shut meanwhile.

    Needed by hand only after recording has stopped because Redis went back in time: what is then in Redis and
    does not follow on the records is kept aside, not counted. When it is broken off, run it again: it ends as if it
    had not been.
    """
    contest = contests.get_published(slug)
    try:
        done = rebuild_all(contest=contest, now=utc_now())
    except RebuildTakenOver:
        refuse(
            f"{slug}: is being rebuilt by somebody else, or was never opened. If the one who rebuilt it was killed, "
            f"run this again in {state.REBUILD_LOCK_MS // 1000} seconds"
        )
        return
    if as_json:
        emit({"contest": slug, **asdict(done)})
        return
    click.echo(
        f"{slug}: {done.people} people and {done.open_attempts} open attempts restored, "
        f"{done.recorded} events recorded first, {done.discarded} kept aside"
    )


@click.command("pause")
@click.argument("slug")
@with_app
def pause(slug: str) -> None:
    """Stop SLUG for a while: nobody begins or answers, and all clocks stand still."""
    contest = contests.get_contest(slug)
    actions.pause(contest=contest, actor=None, now=actions.moment_of_act(contest))
    db.session.commit()
    click.echo(f"{slug}: paused; go on with: quizapp contest resume {slug}")


def _until_option(command: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--until",
        type=click.DateTime(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]),
        help='The new end in the contest\'s time zone, like "2026-12-31 18:00".',
    )(command)


def _moment_of(contest: Contest, until: datetime | None) -> datetime | None:
    return until.replace(tzinfo=ZoneInfo(contest.timezone)) if until else None


@click.command("resume")
@click.argument("slug")
@_until_option
@with_app
def resume(slug: str, until: datetime | None) -> None:
    """Go on with SLUG; who was answering gets the length of the pause back.

    Where the end has passed during the pause, say the new one with --until, or close the contest instead.
    """
    contest = contests.get_contest(slug)
    actions.resume(
        contest=contest, actor=None, now=actions.moment_of_act(contest), closes_at=_moment_of(contest, until)
    )
    db.session.commit()
    click.echo(f"{slug}: goes on until {_local(contest, contest.closes_at)}")


@click.command("extend")
@click.argument("slug")
@_until_option
@click.option("--give", type=click.IntRange(1, 180), metavar="MINUTES", help="More time for everybody answering now.")
@with_app
def extend(slug: str, until: datetime | None, give: int | None) -> None:
    """Move the end of SLUG, or give those who are answering now more time, or both at once."""
    contest = contests.get_contest(slug)
    gift = timedelta(minutes=give or 0)
    actions.extend(
        contest=contest, actor=None, now=actions.moment_of_act(contest), closes_at=_moment_of(contest, until), gift=gift
    )
    db.session.commit()
    click.echo(f"{slug}: open until {_local(contest, contest.closes_at)}")


@click.command("close")
@click.argument("slug")
@with_app
def close(slug: str) -> None:
    """End SLUG now; open attempts are handed in with what was saved."""
    contest = contests.get_contest(slug)
    actions.close(contest=contest, actor=None, now=actions.moment_of_act(contest))
    db.session.commit()
    click.echo(f"{slug}: closed; open attempts are handed in within seconds")


@click.command("status")
@click.argument("slug")
@json_option
@with_app
def status(slug: str, as_json: bool) -> None:
    """Tell the stage of SLUG, its live figures, and how far they are recorded."""
    with reading():
        document = _status(contests.get_contest(slug))
    if as_json:
        emit(document)
        return
    for name, value in document.items():
        click.echo(f"{name}: {value}")


def _status(contest: Contest) -> dict[str, Any]:
    document: dict[str, Any] = {
        "contest": contest.slug,
        "stage": contests.stage_of(contest, now=utc_now()),
        "opens_at": moment(to_ms(contest.opens_at)),
        "closes_at": moment(to_ms(contest.closes_at)),
        "entries": contests.entries_count(contest.id),
        "shards": contest.shard_count,
    }
    document |= {f"recorded_{name}": value for name, value in queries.recorded_totals(contest.id).items()}
    halted = (position.halted_reason for position in queries.positions(contest_id=contest.id))
    document["halted"] = next(filter(None, halted), "")
    document["dead_letters"] = queries.dead_letters_count(contest.id)
    document["corrections_waiting"] = sum(made.is_waiting for made in corrections_of(contest.id))
    lag = lag_of_all(get_live(), contest.shards, now=utc_now())
    document |= {"lag_events": lag.events, "lag_seconds": lag.seconds}
    pace = pace_of(get_live())
    document["recorder"] = asdict(pace) if pace else None
    try:
        figures = state.all_figures(get_live(), contest.shards)
    except StoreUnavailable:
        return document | {"live": None}
    counters = {name: figures.counters.get(name, 0) for name in ("visits", "begun", "finished", "answers", "peak")}
    points = figures.counters.get("points", 0)
    live_figures = {"visitors": figures.visitors, "playing": figures.playing, "waiting": figures.waiting}
    return document | {"live": counters | live_figures | {"knowledge_points": points}}


def _local(contest: Contest, at: datetime) -> str:
    return f"{at.astimezone(ZoneInfo(contest.timezone)):%Y-%m-%d %H:%M} ({contest.timezone})"


contest_commands = (pause, resume, extend, close, status)
"""Added to the group `contest` by the command line, which knows both rooms."""
