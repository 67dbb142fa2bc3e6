"""What organisers do to a running contest: pause, resume, give time, move or set its end; and forget a person.

Pauses and gifts of time are kept in SQL and reach all open attempts through the gate in one step: deadlines are
stored without what was added later. Every act takes the contest's row first, so that of two at once none is lost. The
gate is written after the commit, and the recorder's process brings it up to date within a second when that fails; of
two writers who cross the gate keeps what is newer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from quizapp.accounts import audit
from quizapp.accounts.models import User
from quizapp.contests import entering
from quizapp.contests.actions import NotPublished
from quizapp.contests.models import Contest, Entry
from quizapp.contests.rules import UNTIMED_WINDOW_LIMIT, WINDOW_LIMIT
from quizapp.core.clock import utc_now
from quizapp.core.db import after_commit, db
from quizapp.core.errors import DomainError, Invalid, StoreUnavailable
from quizapp.core.i18n import _
from quizapp.core.live import get_live
from quizapp.core.logs import get_logger
from quizapp.play import queries, state, wide_state
from quizapp.play.models import ContestClock, RecorderPosition
from quizapp.play.state import Shard

GIFT_LIMIT = timedelta(hours=3)

log = get_logger("play")


class AlreadyPaused(DomainError):
    """A paused contest cannot be paused again."""

    status, code = 409, "already_paused"

    def message(self) -> str:
        return _("竞赛已经是暂停状态。")


class NotPaused(DomainError):
    """Only a paused contest can be resumed."""

    status, code = 409, "not_paused"

    def message(self) -> str:
        return _("竞赛没有暂停。")


class AlreadyClosed(DomainError):
    """The contest is over; only moving its end opens it again."""

    status, code = 409, "already_closed"

    def message(self) -> str:
        return _("竞赛已经结束。")


def moment_of_act(contest: Contest) -> datetime:
    """The live store's time, by which all deadlines are: two web machines may differ. Ours while the store is away."""
    try:
        return wide_state.time_of(get_live(), next(iter(contest.shards)))
    except StoreUnavailable:
        return utc_now()


def pause(*, contest: Contest, actor: User | None, now: datetime, reason: str = "") -> None:
    """Stop beginning and answering, and all clocks with it. Raises NotPublished, AlreadyPaused, AlreadyClosed.

    The reason is for the audit trail.
    """
    take(contest)
    _require_running(contest, now)
    if contest.paused_at is not None:
        raise AlreadyPaused
    contest.paused_at = now
    _changed(contest, "pause", {"reason": reason}, actor, now)


def resume(*, contest: Contest, actor: User | None, now: datetime, closes_at: datetime | None = None) -> None:
    """Go on: every open attempt gets the length of the pause back, up to the contest's end.

    Where the end has passed during the pause a new one must be given: nobody could go on otherwise.
    For a minute late answers are taken, so that phones can send what they kept.
    Raises NotPublished, NotPaused, Invalid (no new end, or one that is not later).
    """
    take(contest)
    if not contest.is_published:
        raise NotPublished
    if contest.paused_at is None:
        raise NotPaused
    detail: dict[str, Any] = {}
    if closes_at is not None or now >= contest.closes_at:
        wrong = _wrong_end(contest, closes_at, now)
        if wrong or closes_at is None:
            raise Invalid({"closes_at": wrong})
        detail = {"closes_before": contest.closes_at.isoformat(), "closes": closes_at.isoformat()}
        contest.closes_at = closes_at
    detail["paused_ms"] = _end_pause(contest, now)
    _changed(contest, "resume", detail, actor, now)


def _end_pause(contest: Contest, until: datetime) -> int:
    """Let the clock go on; return how long it stood still."""
    paused_ms = max(0, round((until - (contest.paused_at or until)).total_seconds() * 1000))
    clock = _clock(contest)
    clock.shift_ms += paused_ms
    clock.still_ms += paused_ms
    contest.paused_at = None
    return paused_ms


def extend(
    *,
    contest: Contest,
    actor: User | None,
    now: datetime,
    closes_at: datetime | None = None,
    gift: timedelta = timedelta(),
) -> None:
    """Move the end to a later moment, give all open attempts more time, or both in one act.

    A gift counts as time used: it makes up for trouble, and the tie rule still compares whole times.
    Raises NotPublished, Invalid (an end that is not later, windows and gifts that are too long).
    """
    take(contest)
    if not contest.is_published:
        raise NotPublished
    wrong = _wrong_extension(contest, closes_at, gift, now)
    if wrong:
        raise Invalid(wrong)
    before = contest.closes_at
    contest.closes_at = closes_at or before
    if gift:
        _clock(contest).shift_ms += round(gift.total_seconds() * 1000)
    detail = {"closes_before": before.isoformat(), "closes": contest.closes_at.isoformat()}
    _changed(contest, "extend", detail | {"gift_seconds": gift.total_seconds()}, actor, now)


def _wrong_extension(contest: Contest, closes_at: datetime | None, gift: timedelta, now: datetime) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if closes_at is None and not gift:
        wrong["closes_at"] = _("请填写新的结束时间，或给正在答题的人加时。")
    if closes_at is not None and (sentence := _wrong_end(contest, closes_at, now)):
        wrong["closes_at"] = sentence
    if not timedelta() <= gift <= GIFT_LIMIT:
        wrong["gift"] = _("一次最多加时 180 分钟。")
    elif gift and now >= (closes_at or contest.closes_at):
        is_paused = contest.paused_at is not None
        wrong["gift"] = _("结束时间已经过了，加时要同时延长。") if is_paused else _("竞赛已经结束，没有正在答题的人。")
    return wrong


def _wrong_end(contest: Contest, closes_at: datetime | None, now: datetime) -> str:
    """What is wrong with a new end, "" for nothing."""
    if closes_at is None:
        return _("暂停期间结束时间已经过了：请填写新的结束时间，或者不恢复，立即结束竞赛。")
    if contest.paused_at is not None and now - contest.opens_at >= longest(contest):
        return _("竞赛已经到了最长的时间，不能再延长。请点“立即结束”。")
    if closes_at <= max(contest.closes_at, now):
        return _("新的结束时间要晚于现在，也要晚于原来的结束时间。")
    if closes_at - contest.opens_at > longest(contest):
        return _("一场竞赛最长 %(days)s 天，请改早一些。", days=str(longest(contest).days))
    return ""


def longest(contest: Contest) -> timedelta:
    """How long a contest may be from its opening to its end."""
    return UNTIMED_WINDOW_LIMIT if contest.limit_seconds is None else WINDOW_LIMIT


def close(*, contest: Contest, actor: User | None, now: datetime, reason: str = "") -> None:
    """End a contest now: open attempts are handed in with what was saved. Raises NotPublished, AlreadyClosed.

    Before its opening it is closed as it opens: a window needs some length. An end that has passed in a pause stays,
    and the pause counts up to it, since what came later is no time of anybody's. The reason is for the audit trail.
    """
    take(contest)
    _require_running(contest, now)
    before = contest.closes_at
    contest.closes_at = max(min(now, before), contest.opens_at + timedelta(milliseconds=1))
    if contest.paused_at is not None:
        _end_pause(contest, min(now, contest.closes_at))
    detail = {"closes_before": before.isoformat(), "reason": reason}
    _changed(contest, "close", detail, actor, now)


def take(contest: Contest) -> None:
    """Read a contest anew, and keep everybody else from changing it until this transaction ends.

    People may enter and begin meanwhile.
    """
    db.session.refresh(contest, with_for_update={"key_share": True})


def _require_running(contest: Contest, now: datetime) -> None:
    if not contest.is_published:
        raise NotPublished
    if contest.paused_at is None and now >= contest.closes_at:
        raise AlreadyClosed


def _clock(contest: Contest) -> ContestClock:
    """The contest's clock as a row that can be changed."""
    clock = db.session.get(ContestClock, contest.id, populate_existing=True)
    if clock is None:
        clock = ContestClock(contest_id=contest.id, shift_ms=0, still_ms=0)
        db.session.add(clock)
    return clock


def _changed(contest: Contest, verb: str, detail: dict[str, Any], actor: User | None, now: datetime) -> None:
    """Flush, note the act, and let the gate follow after the commit."""
    contest.lock_version += 1
    settled = update(RecorderPosition).where(RecorderPosition.contest_id == contest.id, RecorderPosition.is_settled)
    db.session.execute(settled.values(is_settled=False))
    db.session.flush()
    audit.record(
        action=f"play.{verb}",
        subject_kind="contest",
        subject_id=str(contest.id),
        detail=detail,
        now=now,
        actor=actor,
    )
    db.session.flush()
    after_commit(_gate_writer(contest))


def _gate_writer(contest: Contest) -> Callable[[], None]:
    """Write the gates of all shards, one after the other.

    Where one cannot be written, or this process dies between two, the recorder writes it within a second. Until then
    the people of that shard go on as before; a pause counts for them too from the moment that SQL and the gate name.
    """
    wanted = queries.gate_settings(contest.id, *contest.shards)

    def write() -> None:
        for shard, fields in wanted.items():
            try:
                state.write_gate(get_live(), shard, fields)
            except StoreUnavailable:
                log.warning("gate_not_written", contest_id=shard.contest_id, shard=shard.number)

    return write


def forget(*, contest: Contest, entry: Entry, now: datetime) -> None:
    """Delete a person's fields, in SQL and on the boards; the person can begin nothing more.

    Raises StoreUnavailable, and then nothing must be committed: it is tried again later.
    """
    entering.anonymise(entry=entry, now=now)
    shard = Shard(contest.id, entry.shard)
    state.forget_person(get_live(), shard, person=entry.person, name=entry.masked_name)
