"""The contests of this installation: the memory and disk that the people expected need, and how recording goes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from quizapp.admin import health
from quizapp.admin.doctor.findings import Finding
from quizapp.contests.models import Contest
from quizapp.contests.queries import contests_in_stage, entries_count, is_past_end_in_pause
from quizapp.core import machine
from quizapp.core.background import Job
from quizapp.core.db import db, reading
from quizapp.core.durability import memory_setting
from quizapp.core.i18n import _
from quizapp.core.live import Live, LiveStoreDown
from quizapp.play import wide_state

FEWEST_PEOPLE = 1000
LIVE_BYTES_PER_PERSON = 1536
"""Of Redis in a contest of 20 questions, everything included."""
DISK_BYTES_PER_PERSON = 16 * 1024
"""Of a contest of 20 questions: rows 3.5 KiB on SQLite and about twice that on PostgreSQL; the log of Redis at its
longest, before and while it is rewritten, and the write-ahead log of SQL."""
DISK_BYTES_AT_LEAST = 1024**3
FAR_BEHIND = 10_000
SILENT_AFTER = timedelta(minutes=2)


def expected_people(*, now: datetime) -> int:
    """How many may come to the published contests that are not over: their capacity, or who has entered already."""
    with reading():
        query = select(Contest).where(Contest.state == "published", Contest.closes_at > now)
        counts = [max(contest.capacity or 0, entries_count(contest.id)) for contest in db.session.scalars(query)]
        db.session.rollback()
    return max(FEWEST_PEOPLE, sum(counts))


def look_at_pauses(*, now: datetime) -> Iterator[Finding]:
    """Contests whose end has passed in a pause: nobody hands their papers in until a person decides.

    Among them are those of releases that took them for ended, so that nobody thinks of them any more.
    """
    try:
        with reading():
            paused = db.session.scalars(contests_in_stage(stage="paused", words="", now=now)).all()
            db.session.rollback()
    except SQLAlchemyError:
        return
    for contest in paused:
        if is_past_end_in_pause(contest, now=now):
            what = _("竞赛“%(title)s”", title=contest.title)
            advice = _(
                "没有交的答卷一直等着。已经办完的请运行：quizapp contest close %(slug)s；还要继续的请运行："
                "quizapp contest resume %(slug)s --until 新的结束时间",
                slug=contest.slug,
            )
            yield Finding("warn", "past_end_in_pause", what, _("已暂停，结束时间已过"), advice)


def look_at_memory(live: Live, *, people: int, is_local: bool) -> Iterator[Finding]:
    """Whether the live state of so many people fits into Redis; `is_local`: whether it shares this machine's memory."""
    needed = people * LIVE_BYTES_PER_PERSON
    what = _("内存（%(people)s 人参赛约需 %(needed)s MB）", people=str(people), needed=str(machine.megabytes(needed)))
    try:
        limit = int(memory_setting(live).value or 0)
        used = sum(int(server.get("used_memory", 0)) for server in live.everywhere("INFO", "memory"))
    except LiveStoreDown:
        return
    available = machine.available_memory_bytes()
    if limit and needed > limit - used:
        value = _("Redis 还可用 %(free)s MB", free=str(machine.megabytes(max(0, limit - used))))
        advice = _("满了以后新的作答会被拒绝。请加大 maxmemory（必要时加内存），或用 --people 填写实际人数。")
        yield Finding("bad", "memory", what, value, advice)
    elif is_local and available is not None and needed > available:
        value = _("本机还可用 %(free)s MB", free=str(machine.megabytes(available)))
        yield Finding("bad", "memory", what, value, _("本机内存不够，请加内存或减少其他程序。"))
    else:
        free = limit - used if limit else available or 0
        yield Finding("ok", "memory", what, _("还可用 %(free)s MB", free=str(machine.megabytes(free))))


def look_at_room(folder: Path, *, people: int) -> Iterator[Finding]:
    needed = DISK_BYTES_AT_LEAST + people * DISK_BYTES_PER_PERSON
    free = machine.free_disk_bytes(folder)
    what = _("磁盘（%(people)s 人参赛约需 %(needed)s MB）", people=str(people), needed=str(machine.megabytes(needed)))
    value = _("还可用 %(free)s MB", free=str(machine.megabytes(free)))
    if free < needed:
        advice = _("磁盘写满以后不再接受答案。请清理或加大磁盘。")
        yield Finding("bad", "disk", what, value, advice)
    else:
        yield Finding("ok", "disk", what, value)


def look_at_recording(live: Live, *, now: datetime) -> Iterator[Finding]:
    """Whether a recorder runs and keeps up, and what could not be recorded."""
    try:
        with reading():
            positions = health.recordings(live, now=now)
            letters, _newest = health.dead_letters()
            yield from _recorder(live)
            for one in positions:
                yield from _position(one)
            yield from _jobs(now)
    except (LiveStoreDown, SQLAlchemyError):
        return
    finally:
        db.session.rollback()
    if letters:
        advice = _("这些事件已原样保存，请在“系统状态”页查看原因。")
        yield Finding("warn", "dead_letters", _("无法记录的事件"), str(letters), advice)


def _recorder(live: Live) -> Iterator[Finding]:
    what = _("入库进程")
    if wide_state.has_lease(live):
        yield Finding("ok", "recorder", what, _("在运行"))
    else:
        advice = _("作答照常，但答案只留在 Redis 里。请启动：quizapp record（或 systemctl start quizapp-record）。")
        yield Finding("bad", "recorder", what, _("没有运行"), advice)


def _position(one: health.Recording) -> Iterator[Finding]:
    what = _("竞赛“%(title)s”的入库", title=one.contest.title)
    if one.halted_reason:
        advice = _(
            "Redis 的数据倒退过，需要人来决定。请看文档后运行：quizapp play rebuild %(slug)s", slug=one.contest.slug
        )
        yield Finding("bad", "recording_halted", what, one.halted_reason, advice)
    elif one.behind is not None and one.behind > FAR_BEHIND:
        value = _("还有 %(count)s 个事件待入库", count=str(one.behind))
        yield Finding("warn", "recording_behind", what, value, _("请检查数据库是否太慢，以及 quizapp record 的日志。"))


def _jobs(now: datetime) -> Iterator[Finding]:
    """A job that nobody takes up: `quizapp work` does not run."""
    oldest = db.session.scalar(select(Job.created_at).where(Job.state == "queued").order_by(Job.id).limit(1))
    if oldest is not None and now - oldest > SILENT_AFTER:
        advice = _("后台任务没有人做。请启动：quizapp work（或 systemctl start quizapp-work）。")
        yield Finding(
            "warn", "work", _("后台任务"), _("等了 %(minutes)s 分钟", minutes=str((now - oldest).seconds // 60)), advice
        )
