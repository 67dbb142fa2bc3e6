"""Reads of contests that other rooms and several pages share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, select

from quizapp.accounts.queries import unit_choices
from quizapp.contests.models import Contest, Entry
from quizapp.contests.words import ENTRY_FIELD_WORDS
from quizapp.core.db import db
from quizapp.core.errors import NotFound

# Built once: every page and every entry asks for it, and building it costs as much as asking SQLite.
_contest_of = select(Contest).where(Contest.slug == bindparam("slug"))


def get_contest(slug: str) -> Contest:
    """A contest by its address, drafts included; raises NotFound."""
    contest = db.session.scalar(_contest_of, {"slug": slug})
    if contest is None:
        raise NotFound
    return contest


def get_published(slug: str) -> Contest:
    """A published contest by its address; a draft is not found, so that nobody learns of it."""
    contest = get_contest(slug)
    if not contest.is_published:
        raise NotFound
    return contest


def published_contests() -> list[Contest]:
    """All published contests, the one that opened last first."""
    return list(
        db.session.scalars(select(Contest).where(Contest.state == "published").order_by(Contest.opens_at.desc()))
    )


def stage_of(contest: Contest, *, now: datetime) -> str:
    """draft, waiting, open, paused or closed: derived from the clock, never stored.

    A pause that the end has passed in goes on until somebody resumes or closes the contest: papers are open still.
    """
    if not contest.is_published:
        return "draft"
    if contest.paused_at is not None:
        return "paused"
    if now >= contest.closes_at:
        return "closed"
    return "open" if now >= contest.opens_at else "waiting"


def is_past_end_in_pause(contest: Contest, *, now: datetime) -> bool:
    """Whether a contest is paused and its end has passed: it can go on only with a new one."""
    return contest.paused_at is not None and now >= contest.closes_at


def contests_in_stage(*, stage: str, words: str, now: datetime) -> Select[Contest]:
    """The contests of a stage ("" for all) whose title or address has `words`, newest first."""
    published, runs = Contest.state == "published", Contest.paused_at.is_(None)
    stages: dict[str, ColumnElement[bool]] = {
        "draft": Contest.state == "draft",
        "waiting": and_(published, runs, Contest.opens_at > now),
        "open": and_(published, runs, Contest.opens_at <= now, Contest.closes_at > now),
        "paused": and_(published, Contest.paused_at.is_not(None)),
        "closed": and_(published, runs, Contest.closes_at <= now),
    }
    query = select(Contest).order_by(Contest.id.desc())
    if stage in stages:
        query = query.where(stages[stage])
    if words:
        found = Contest.title.contains(words, autoescape=True) | Contest.slug.contains(words, autoescape=True)
        query = query.where(found)
    return query


def get_entry(*, contest_id: int, person: str) -> Entry | None:
    return db.session.scalar(select(Entry).where(Entry.contest_id == contest_id, Entry.person == person))


def entries_count(contest_id: int) -> int:
    return db.session.scalar(select(func.count(Entry.id)).where(Entry.contest_id == contest_id)) or 0


@dataclass(frozen=True, slots=True)
class EntryField:
    """A field of the entry form as pages and the API show it."""

    name: str
    label: str
    kind: str
    """text, phone or choice."""
    required: bool
    choices: Sequence[tuple[str, str]] = ()
    """(value to send, text) of kind choice."""


def entry_fields(contest: Contest) -> list[EntryField]:
    """What a participant is asked for, in order; the whole form is required."""
    if contest.entry_mode == "nickname":
        return [EntryField("nickname", str(ENTRY_FIELD_WORDS["nickname"]), "text", True)]
    return [_entry_field(contest, name) for name in contest.entry_fields]


def _entry_field(contest: Contest, name: str) -> EntryField:
    label = str(ENTRY_FIELD_WORDS[name])
    if name == "unit":
        units = unit_choices(root_id=contest.unit_root_id)
        return EntryField(name, label, "choice", True, [(str(unit_id), path) for unit_id, path in units])
    if name == "audience":
        return EntryField(name, label, "choice", True, [(group, group) for group in contest.audience_groups])
    return EntryField(name, label, "phone" if name == "phone" else "text", True)


@dataclass(frozen=True, slots=True)
class OwnFields:
    """What a contest holds of a person, for the person's own eyes and export."""

    name: str | None
    phone: str | None
    unit_id: int | None
    audience: str | None
    entered_at: datetime
    anonymised_at: datetime | None


def own_fields(entry: Entry) -> OwnFields:
    return OwnFields(entry.name, entry.phone, entry.unit_id, entry.audience, entry.entered_at, entry.anonymised_at)
