"""What changes contests and entries. Everything here flushes and never commits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select, update

from quizapp.accounts import audit
from quizapp.accounts.models import Unit, User
from quizapp.bank.models import Bank, Question, Topic
from quizapp.bank.queries import usable_questions
from quizapp.contests import kits, rules, state
from quizapp.contests.checks import Finding, check, draft_of
from quizapp.contests.drafts import SECTIONS_LIMIT, Complaint, Draft, SectionDraft, complaints
from quizapp.contests.entering import Entered as Entered
from quizapp.contests.entering import anonymise as anonymise
from quizapp.contests.entering import enter as enter
from quizapp.contests.kit import Kit
from quizapp.contests.models import Contest, Section, SectionQuestion
from quizapp.contests.shards import Shard, seats, wanted_count
from quizapp.contests.words import COMPLAINTS
from quizapp.core.clock import to_ms
from quizapp.core.db import after_commit, db
from quizapp.core.errors import DomainError, Invalid
from quizapp.core.i18n import _
from quizapp.core.live import LiveStoreDown, get_live
from quizapp.core.logs import get_logger
from quizapp.core.settings import get_settings

log = get_logger("contests")

COPIED = (
    "slug",
    "title",
    "host_name",
    "introduction",
    "timezone",
    "opens_at",
    "closes_at",
    "paper",
    "shuffle_questions",
    "shuffle_options",
    "limit_seconds",
    "attempts_total",
    "attempts_per_day",
    "pass_mark_hundredths",
    "feedback",
    "feedback_time",
    "entry_mode",
    "unit_root_id",
    "capacity",
    "accent",
    "retention_days",
)


class WrongDraft(Invalid):
    """A draft that cannot be stored; `complaints` name the fields."""

    def __init__(self, found: Sequence[Complaint]) -> None:
        self.complaints = found
        super().__init__({complaint.field: str(COMPLAINTS[complaint.code]) for complaint in found})


class StaleVersion(DomainError):
    """Somebody else has changed the contest since this page was opened."""

    status, code = 409, "stale_version"

    def message(self) -> str:
        return _("在您打开页面之后，另一位同事修改了这场竞赛，您的修改没有保存。请重新打开页面，看过最新内容再改。")


class AlreadyPublished(DomainError):
    """What is published is fixed."""

    status, code = 409, "already_published"

    def message(self) -> str:
        return _("这场竞赛已经发布，题目和规则不能再改。")


class NotPublished(DomainError):
    """This step is for published contests."""

    status, code = 409, "not_published"

    def message(self) -> str:
        return _("这场竞赛还没有发布。")


class NotReady(DomainError):
    """The check found errors; `findings` are all of them."""

    status, code = 422, "not_ready"

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = findings
        super().__init__({"findings": [{"code": finding.code, "message": finding.message} for finding in findings]})

    def message(self) -> str:
        return _("还不能发布：%(reasons)s", reasons=" ".join(finding.message for finding in self.findings))


class QuestionsNotOffered(DomainError):
    """A chosen question does not fit the section, is no longer usable, or stands in another section."""

    status, code = 422, "questions_not_offered"

    def message(self) -> str:
        return _("有的题目不符合这一部分的条件、已不能使用，或已在别的部分选过。请刷新页面后重新选择。")


def create_contest(*, draft: Draft, actor: User | None, now: datetime) -> Contest:
    """Store a new draft; raises WrongDraft."""
    _check_draft(draft, contest=None)
    contest = Contest(created_by_id=actor.id if actor else None, created_at=now, state="draft")
    _write(contest, draft)
    db.session.add(contest)
    db.session.flush()
    _record("create", contest, {"title": contest.title}, actor, now)
    return contest


def update_contest(*, contest: Contest, draft: Draft, lock_version: int, actor: User | None, now: datetime) -> None:
    """Store a changed draft; raises AlreadyPublished, StaleVersion, WrongDraft.

    `lock_version` is the one the editor saw: of two editors the second is refused.
    """
    _refuse_published(contest)
    _check_draft(draft, contest=contest)
    before = draft_of(contest)
    _claim(contest, lock_version)
    _write(contest, draft)
    db.session.flush()
    after = draft_of(contest)
    changed = [name for name in Draft.__slots__ if getattr(before, name) != getattr(after, name)]
    _record("update", contest, {"changed": changed}, actor, now)


def update_published(
    *,
    contest: Contest,
    host_name: str,
    introduction: str,
    capacity: int | None,
    lock_version: int,
    actor: User | None,
    now: datetime,
) -> None:
    """Change what may still change after publishing: the texts of the notice and the capacity.

    The end is moved by play, together with the deadlines of open attempts. New texts make a new version of
    the kit with the same questions. Raises NotPublished, StaleVersion, WrongDraft.
    """
    if not contest.is_published:
        raise NotPublished
    before = draft_of(contest)
    draft = replace(before, host_name=host_name, introduction=introduction, capacity=capacity)
    # What was valid when it was published stays so; only the fields that change here are asked.
    wrong = [found for found in complaints(draft) if found.field in ("host_name", "introduction", "capacity")]
    if wrong:
        raise WrongDraft(wrong)
    _claim(contest, lock_version)
    contest.host_name, contest.introduction, contest.capacity = host_name, introduction, capacity
    if (before.host_name, before.introduction) != (host_name, introduction):
        old = kits.get_kit(contest_id=contest.id, version=contest.kit_version)
        _release(
            contest,
            msgspec.structs.replace(old, version=old.version + 1, host_name=host_name, introduction=introduction),
            now,
        )
    else:
        after_commit(_gate_writer(contest))
    db.session.flush()
    detail = {"capacity_before": before.capacity, "capacity": capacity, "kit_version": contest.kit_version}
    _record("update_published", contest, detail, actor, now)


def delete_draft(*, contest: Contest, actor: User | None, now: datetime) -> None:
    """Delete a contest that was never published; raises AlreadyPublished."""
    _refuse_published(contest)
    _record("delete", contest, {"title": contest.title, "slug": contest.slug}, actor, now)
    db.session.delete(contest)
    db.session.flush()


def copy_contest(*, contest: Contest, actor: User | None, now: datetime) -> Contest:
    """A new draft with the same rules and questions, of the same length, opening a day from now."""
    opens_at = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    old = draft_of(contest)
    draft = replace(
        old,
        title=_("%(title)s（副本）", title=contest.title[:120]),
        slug=free_slug(contest.slug),
        opens_at=opens_at,
        closes_at=opens_at + (old.closes_at - old.opens_at),
        sections=[replace(section, id=None) for section in old.sections],
    )
    copy = create_contest(draft=draft, actor=actor, now=now)
    for section, source in zip(copy.sections, contest.sections, strict=True):
        section.questions = [
            SectionQuestion(position=chosen.position, question_id=chosen.question_id) for chosen in source.questions
        ]
    db.session.flush()
    return copy


def free_slug(wanted: str) -> str:
    """The wanted address, or the next one with a number that is not taken."""
    stem = wanted[: rules.SLUG_LETTERS - 5].rstrip("-")
    taken = set(db.session.scalars(select(Contest.slug).where(Contest.slug.startswith(stem, autoescape=True))))
    if wanted not in taken:
        return wanted
    return next(slug for number in range(2, len(taken) + 3) if (slug := f"{stem}-{number}") not in taken)


def choose_questions(
    *,
    section: Section,
    add: Collection[int],
    remove: Collection[int],
    lock_version: int,
) -> None:
    """Add to and take from the chosen questions of a fixed paper's section.

    Raises AlreadyPublished, StaleVersion, QuestionsNotOffered.
    """
    contest = section.contest
    _refuse_published(contest)
    new = [
        question_id for question_id in add if question_id not in {chosen.question_id for chosen in section.questions}
    ]
    if not set(new) <= {question.id for question in open_pool(section)}:
        raise QuestionsNotOffered
    _claim(contest, lock_version)
    ids = [chosen.question_id for chosen in section.questions if chosen.question_id not in remove] + new
    _place(section, ids)


def draw_questions(*, section: Section, seed: str, lock_version: int) -> int:
    """Fill up a fixed paper's section by lot; return how many were added (fewer when the bank has no more)."""
    _refuse_published(section.contest)
    _claim(section.contest, lock_version)
    pool = [question.id for question in open_pool(section)]
    missing = max(0, section.count - len(section.questions))
    drawn = rules.shuffled(pool, f"{seed} fixed")[:missing]
    _place(section, [chosen.question_id for chosen in section.questions] + drawn)
    return len(drawn)


def open_pool(section: Section) -> list[Question]:
    """The usable questions that fit a section and that no section of its contest has chosen yet."""
    chosen = {chosen.question_id for other in section.contest.sections for chosen in other.questions}
    pool = usable_questions(
        bank_id=section.bank_id, kind=section.kind, topic_id=section.topic_id, difficulty=section.difficulty
    )
    return [question for question in pool if question.id not in chosen]


def _place(section: Section, question_ids: Sequence[int]) -> None:
    kept = {chosen.question_id: chosen for chosen in section.questions}
    section.questions = [
        kept.get(question_id) or SectionQuestion(question_id=question_id) for question_id in question_ids
    ]
    for position, chosen in enumerate(section.questions):
        chosen.position = position
    db.session.flush()


def publish(*, contest: Contest, actor: User | None, now: datetime, lock_version: int | None = None) -> None:
    """Fix a draft and open its doors: check, compile the kit, keep it, and tell Redis after the commit.

    `lock_version` is the one that the publisher saw; None for commands, which have just read it.
    Raises AlreadyPublished, StaleVersion, NotReady.
    """
    _refuse_published(contest)
    kits.keep_questions(contest)
    report = check(contest=contest, now=now, live=get_live(), durability=get_settings().durability)
    if report.errors:
        raise NotReady(report.errors)
    _claim(contest, contest.lock_version if lock_version is None else lock_version)
    contest.state, contest.published_at = "published", now
    contest.shard_count = wanted_count(most=get_settings().shards, capacity=contest.capacity)
    kit = kits.compile_kit(contest=contest, version=contest.kit_version + 1)
    _release(contest, kit, now)
    detail: dict[str, Any] = {
        "kit_version": kit.version,
        "questions_in_pool": len(kit.questions),
        "warnings": [finding.code for finding in report.warnings],
    }
    _record("publish", contest, detail, actor, now)


def _release(contest: Contest, kit: Kit, now: datetime) -> None:
    """Keep a new version of the kit and make it the one that new attempts get."""
    stored = kits.store_kit(kit=kit, now=now)
    contest.kit_version = kit.version
    db.session.flush()
    contest_id, version, body = kit.contest_id, kit.version, stored.body
    write_gate = _gate_writer(contest)

    def tell_redis() -> None:
        try:
            state.write_kit_copy(get_live(), contest_id=contest_id, version=version, body=body)
        except LiveStoreDown:
            # The copy is refilled from SQL when it is first asked for.
            log.warning("kit_copy_not_written", contest_id=contest_id, version=version)
        write_gate()

    after_commit(tell_redis)


def gate_settings(contest: Contest, shard: Shard) -> state.GateSettings:
    """What the gate of a shard of a published contest must say."""
    return state.GateSettings(
        kit=contest.kit_version,
        opens_ms=to_ms(contest.opens_at),
        closes_ms=to_ms(contest.closes_at),
        is_paused=contest.paused_at is not None,
        capacity=seats(capacity=contest.capacity or 0, shard=shard, count=contest.shard_count),
    )


def _gate_writer(contest: Contest) -> Any:
    """Write what changes here; the window and its pauses are play's, which may be writing them at this moment."""
    wanted = {shard: gate_settings(contest, shard) for shard in contest.shards}

    def write() -> None:
        for shard, settings in wanted.items():
            try:
                state.change_gate(get_live(), shard, ["kit", settings.kit, "capacity", settings.capacity])
            except LiveStoreDown:
                # Play brings the gate up to date with SQL within a second of Redis being back.
                log.warning("gate_not_written", contest_id=shard.contest_id, shard=shard.number)

    return write


def _check_draft(draft: Draft, *, contest: Contest | None) -> None:
    wrong = complaints(draft)
    taken = select(Contest.id).where(Contest.slug == draft.slug, Contest.id != (contest.id if contest else 0))
    if db.session.scalar(taken) is not None:
        wrong.append(Complaint("slug", "slug_taken"))
    banks = set(db.session.scalars(select(Bank.id)))
    topics = set(db.session.scalars(select(Topic.id)))
    for place, section in enumerate(draft.sections):
        if section.bank_id not in banks:
            wrong.append(Complaint(f"sections-{place}-bank_id", "bank"))
        if section.topic_id is not None and section.topic_id not in topics:
            wrong.append(Complaint(f"sections-{place}-topic_id", "topic"))
    if draft.unit_root_id is not None and db.session.get(Unit, draft.unit_root_id) is None:
        wrong.append(Complaint("unit_root_id", "unit"))
    if wrong:
        raise WrongDraft(wrong)


def _write(contest: Contest, draft: Draft) -> None:
    for name in COPIED:
        setattr(contest, name, getattr(draft, name))
    contest.entry_fields = list(draft.entry_fields)
    contest.audience_groups = list(draft.audience_groups)
    stored: dict[int | None, Section] = {section.id: section for section in contest.sections}
    _clear_positions(contest)
    contest.sections = [_write_section(stored.get(section.id), section) for section in draft.sections]
    for position, section in enumerate(contest.sections):
        section.position = position


def _clear_positions(contest: Contest) -> None:
    """Move stored sections out of the way: SQL sees each row's new place by itself, and no place may be held twice."""
    for section in contest.sections:
        section.position += len(contest.sections) + SECTIONS_LIMIT
    if contest.sections:
        db.session.flush()


def _write_section(section: Section | None, draft: SectionDraft) -> Section:
    section = section or Section()
    narrowed = (section.bank_id, section.kind, section.topic_id, section.difficulty) != (
        draft.bank_id,
        draft.kind,
        draft.topic_id,
        draft.difficulty,
    )
    section.bank_id, section.kind = draft.bank_id, draft.kind
    section.topic_id, section.difficulty = draft.topic_id, draft.difficulty
    section.count, section.points_hundredths = draft.count, draft.points_hundredths
    if narrowed:
        section.questions = []
    return section


def _refuse_published(contest: Contest) -> None:
    if contest.is_published:
        raise AlreadyPublished


def _claim(contest: Contest, lock_version: int) -> None:
    """Take the next version of a contest, by one conditional UPDATE: of two at once, one row count is 0."""
    claimed = db.session.execute(
        update(Contest)
        .where(Contest.id == contest.id, Contest.lock_version == lock_version)
        .values(lock_version=lock_version + 1)
        .execution_options(synchronize_session="fetch")
    )
    if claimed.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleVersion


def _record(verb: str, contest: Contest, detail: dict[str, Any], actor: User | None, now: datetime) -> None:
    audit.record(
        action=f"contests.{verb}",
        subject_kind="contest",
        subject_id=str(contest.id),
        detail=detail,
        now=now,
        actor=actor,
    )
