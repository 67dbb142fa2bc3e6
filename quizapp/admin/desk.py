"""What the desk shows: what waits for this member of staff, and how the contests of today stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from quizapp.accounts.models import User
from quizapp.admin.health import halted_contests
from quizapp.bank.law_queries import count_held
from quizapp.bank.queries import count_in_review
from quizapp.contests.models import Contest
from quizapp.contests.queries import contests_in_stage, entries_count
from quizapp.core.db import db
from quizapp.core.errors import DomainError
from quizapp.core.live import Live
from quizapp.play.state import all_figures

SHOWN = 12
SOON = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Running:
    """A contest that people can enter now."""

    contest: Contest
    entries: int
    playing: int | None
    """None while Redis does not say."""
    closes_soon: bool


@dataclass(frozen=True, slots=True)
class Tasks:
    in_review: int = 0
    held: int = 0
    """Questions on hold: those of contests to come are fewer than they look."""
    drafts: list[Contest] = field(default_factory=list)
    running: list[Running] = field(default_factory=list)
    paused: list[Contest] = field(default_factory=list)
    waiting: list[Contest] = field(default_factory=list)
    halted: list[Contest] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (
            self.in_review or self.held or self.drafts or self.running or self.paused or self.waiting or self.halted
        )


def tasks_for(user: User, *, live: Live, now: datetime) -> Tasks:
    """A reviewer sees questions that wait; organisers and administrators see their contests as well."""
    if not user.has_role("organiser"):
        return Tasks(in_review=count_in_review(), held=count_held())
    return Tasks(
        in_review=count_in_review(),
        held=count_held(),
        drafts=_contests("draft", now),
        running=[_running(contest, live=live, now=now) for contest in _contests("open", now)],
        paused=_contests("paused", now),
        waiting=_contests("waiting", now),
        halted=list(halted_contests()),
    )


def _contests(stage: str, now: datetime) -> list[Contest]:
    return list(db.session.scalars(contests_in_stage(stage=stage, words="", now=now).limit(SHOWN)))


def _running(contest: Contest, *, live: Live, now: datetime) -> Running:
    try:
        playing = all_figures(live, contest.shards).playing
    except DomainError:
        playing = None
    return Running(contest, entries_count(contest.id), playing, contest.closes_at - now < SOON)
