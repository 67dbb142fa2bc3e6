"""A contest as somebody writes it down, by a form, a file or a preset, and what is wrong with it. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from quizapp.bank.models import DIFFICULTIES, PLAYABLE_KINDS
from quizapp.contests import rules
from quizapp.contests.models import ENTRY_FIELDS, FEEDBACK_TIMES, FEEDBACKS

TITLE_LETTERS = 128
HOST_LETTERS = 128
INTRODUCTION_LETTERS = 5000
GROUP_LETTERS = 32
GROUPS_LIMIT = 30
SECTIONS_LIMIT = 20
QUESTIONS_LIMIT = 200
POINTS_LIMIT_HUNDREDTHS = 100_000
ATTEMPTS_LIMIT = 1000
CAPACITY_LIMIT = 1_000_000
RETENTION_LIMIT_DAYS = 3650
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionDraft:
    """One part of the paper; `id` names the stored section that it changes."""

    bank_id: int
    count: int
    points_hundredths: int
    kind: str | None = None
    topic_id: int | None = None
    difficulty: int | None = None
    id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """All that an organiser decides; meanings as in models.Contest."""

    slug: str
    title: str
    opens_at: datetime
    closes_at: datetime
    sections: Sequence[SectionDraft]
    host_name: str = ""
    introduction: str = ""
    timezone: str = "Asia/Shanghai"
    paper: str = "random"
    shuffle_questions: bool = True
    shuffle_options: bool = True
    limit_seconds: int | None = 600
    attempts_total: int | None = None
    attempts_per_day: int | None = None
    pass_mark_hundredths: int | None = None
    feedback: str = "explanations"
    feedback_time: str = "after_finish"
    entry_mode: str = "nickname"
    entry_fields: Sequence[str] = ()
    audience_groups: Sequence[str] = ()
    unit_root_id: int | None = None
    capacity: int | None = None
    accent: str = ""
    retention_days: int = 180

    @property
    def full_hundredths(self) -> int:
        return sum(section.count * section.points_hundredths for section in self.sections)


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something that cannot be stored as it is; `code` has its sentence in words.COMPLAINTS."""

    field: str
    """A field of Draft, or sections-<place>-<field of SectionDraft>."""
    code: str


def complaints(draft: Draft) -> list[Complaint]:
    """Everything wrong with a draft by itself; whether its bank, topics and units exist is asked elsewhere."""
    return [*_texts(draft), *_times(draft), *_attempts(draft), *_entry(draft), *_paper(draft)]


def _texts(draft: Draft) -> Iterator[Complaint]:
    if not rules.is_slug(draft.slug):
        yield Complaint("slug", "slug")
    try:
        rules.clean_name(draft.title, letters=TITLE_LETTERS)
    except rules.BadName as refusal:
        yield Complaint("title", f"title_{refusal.code}")
    if draft.host_name:
        try:
            rules.clean_name(draft.host_name, letters=HOST_LETTERS)
        except rules.BadName:
            yield Complaint("host_name", "host_name")
    if len(draft.introduction) > INTRODUCTION_LETTERS:
        yield Complaint("introduction", "introduction_too_long")
    if not is_plain_text(draft.introduction):
        yield Complaint("introduction", "bad_characters")
    if draft.accent and not rules.is_readable_accent(draft.accent):
        yield Complaint("accent", "accent")


def is_plain_text(text: str) -> bool:
    """Whether a longer text can be stored and shown: without control characters but line ends and tabs."""
    return all(letter in "\n\r\t" or unicodedata.category(letter) not in ("Cc", "Cs") for letter in text)


def _times(draft: Draft) -> Iterator[Complaint]:
    if not is_zone(draft.timezone):
        yield Complaint("timezone", "timezone")
    for field, moment in (("opens_at", draft.opens_at), ("closes_at", draft.closes_at)):
        if not EARLIEST <= moment <= LATEST:
            yield Complaint(field, "moment")
    if draft.closes_at <= draft.opens_at:
        yield Complaint("closes_at", "closes_before_opens")
    elif draft.closes_at - draft.opens_at > rules.WINDOW_LIMIT:
        yield Complaint("closes_at", "window_too_long")
    elif draft.limit_seconds is None and draft.closes_at - draft.opens_at > rules.UNTIMED_WINDOW_LIMIT:
        yield Complaint("limit_seconds", "untimed_window")
    if draft.limit_seconds is not None and not 60 <= draft.limit_seconds <= 10800:
        yield Complaint("limit_seconds", "limit")


def is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return bool(name)


def _attempts(draft: Draft) -> Iterator[Complaint]:
    for field, attempts in (
        ("attempts_total", draft.attempts_total),
        ("attempts_per_day", draft.attempts_per_day),
    ):
        if attempts is not None and not 1 <= attempts <= ATTEMPTS_LIMIT:
            yield Complaint(field, "attempts")
    if draft.pass_mark_hundredths is not None and not 0 < draft.pass_mark_hundredths <= draft.full_hundredths:
        yield Complaint("pass_mark_hundredths", "pass_mark")
    if draft.feedback not in FEEDBACKS:
        yield Complaint("feedback", "choice")
    if draft.feedback_time not in FEEDBACK_TIMES:
        yield Complaint("feedback_time", "choice")
    if draft.feedback_time == "at_once" and draft.feedback in ("nothing", "score"):
        yield Complaint("feedback_time", "at_once_needs_answers")


def _entry(draft: Draft) -> Iterator[Complaint]:
    if draft.entry_mode not in ("nickname", "form"):
        yield Complaint("entry_mode", "choice")
    if any(name not in ENTRY_FIELDS for name in draft.entry_fields):
        yield Complaint("entry_fields", "choice")
    elif draft.entry_mode == "form" and "name" not in draft.entry_fields:
        yield Complaint("entry_fields", "name_needed")
    if "audience" in draft.entry_fields and not draft.audience_groups:
        yield Complaint("audience_groups", "groups_needed")
    if len(draft.audience_groups) > GROUPS_LIMIT:
        yield Complaint("audience_groups", "too_many_groups")
    if len(set(draft.audience_groups)) != len(draft.audience_groups) or not all(map(_is_group, draft.audience_groups)):
        yield Complaint("audience_groups", "groups")
    if draft.capacity is not None and not 1 <= draft.capacity <= CAPACITY_LIMIT:
        yield Complaint("capacity", "capacity")
    if not 1 <= draft.retention_days <= RETENTION_LIMIT_DAYS:
        yield Complaint("retention_days", "retention_days")


def _is_group(name: str) -> bool:
    try:
        return rules.clean_name(name, letters=GROUP_LETTERS) == name
    except rules.BadName:
        return False


def _paper(draft: Draft) -> Iterator[Complaint]:
    if draft.paper not in ("fixed", "random"):
        yield Complaint("paper", "choice")
    if not draft.sections:
        yield Complaint("sections", "no_sections")
    if len(draft.sections) > SECTIONS_LIMIT:
        yield Complaint("sections", "too_many_sections")
    for place, section in enumerate(draft.sections):
        if section.kind is not None and section.kind not in PLAYABLE_KINDS:
            yield Complaint(f"sections-{place}-kind", "choice")
        if section.difficulty is not None and section.difficulty not in DIFFICULTIES:
            yield Complaint(f"sections-{place}-difficulty", "choice")
        if not 1 <= section.count <= QUESTIONS_LIMIT:
            yield Complaint(f"sections-{place}-count", "count")
        if not 1 <= section.points_hundredths <= POINTS_LIMIT_HUNDREDTHS:
            yield Complaint(f"sections-{place}-points_hundredths", "points")
    if sum(section.count for section in draft.sections) > QUESTIONS_LIMIT:
        yield Complaint("sections", "too_many_questions")
    if draft.full_hundredths > rules.FULL_LIMIT_HUNDREDTHS:
        yield Complaint("sections", "full_score")
