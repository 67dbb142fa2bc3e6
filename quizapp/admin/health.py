"""How the house stands: SQL, Redis and its durability, how far the recorder is, what could not be recorded."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from quizapp.contests.models import Contest
from quizapp.contests.shards import Shard
from quizapp.contests.state import read_gate
from quizapp.core.db import db
from quizapp.core.durability import Setting, durability_settings, memory_setting, replication_of
from quizapp.core.errors import DomainError, StoreUnavailable
from quizapp.core.live import Live, LiveStoreDown
from quizapp.play.models import DeadLetter, RecorderPosition
from quizapp.play.recording import Lag, Pace, lag_of, pace_of

LETTERS_SHOWN = 50
MEGABYTE = 1024 * 1024
NEARLY_FULL = 0.8


@dataclass(frozen=True, slots=True)
class Database:
    name: str
    is_up: bool
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Redis:
    is_up: bool
    version: str = ""
    used_megabytes: int = 0
    limit_megabytes: int = 0
    settings: tuple[Setting, ...] = ()

    @property
    def is_nearly_full(self) -> bool:
        return self.limit_megabytes > 0 and self.used_megabytes >= NEARLY_FULL * self.limit_megabytes

    @property
    def is_durable(self) -> bool:
        return all(setting.is_good for setting in self.settings)


@dataclass(frozen=True, slots=True)
class Recording:
    """How far the events of one shard of a contest are in SQL."""

    contest: Contest
    shard: int
    recorded_at: datetime | None
    behind: int | None
    """Events that wait to be recorded; None while Redis does not say."""
    lag: Lag
    halted_reason: str


def look_at_database() -> Database:
    began = time.perf_counter()
    try:
        db.session.execute(text("select 1"))
        is_up = True
    except SQLAlchemyError:
        db.session.rollback()
        is_up = False
    return Database(db.engine.dialect.name, is_up, round((time.perf_counter() - began) * 1000, 1))


def look_at_redis(live: Live, *, durability: str) -> Redis:
    """Version, memory and the settings that decide whether an acknowledged answer survives a crash."""
    try:
        memory = memory_setting(live)
        settings = (*durability_settings(live, durability=durability), memory, *_replicas(live))
        versions = {_version(server) for server in live.everywhere("INFO", "server")}
        used = sum(int(server.get("used_memory", 0)) for server in live.everywhere("INFO", "memory"))
    except (LiveStoreDown, OSError):
        return Redis(is_up=False)
    return Redis(
        is_up=True,
        version=", ".join(sorted(versions)),
        used_megabytes=used // MEGABYTE,
        limit_megabytes=int(memory.value or 0) // MEGABYTE,
        settings=settings,
    )


def _version(server: Mapping[str, Any]) -> str:
    return str(server.get("valkey_version") or server.get("redis_version") or "")


def _replicas(live: Live) -> Iterator[Setting]:
    if live.replicas:
        found = replication_of(live).replicas
        yield Setting("replicas", str(found), f"≥ {live.replicas}", found >= live.replicas)


def recordings(live: Live, *, now: datetime) -> list[Recording]:
    """Every shard that has a position, the halted ones first and then the ones farthest behind."""
    rows = db.session.execute(
        select(RecorderPosition, Contest).join(Contest, Contest.id == RecorderPosition.contest_id)
    )
    found = [
        Recording(
            contest,
            position.shard,
            position.recorded_at,
            _behind(live, position),
            _lag(live, position, now),
            position.halted_reason,
        )
        for position, contest in rows
    ]
    return sorted(found, key=lambda one: (not one.halted_reason, -(one.behind or 0), -one.contest.id))


def halted_contests() -> Sequence[Contest]:
    """The contests of which nothing is recorded until a person has decided."""
    halted = select(RecorderPosition.contest_id).where(RecorderPosition.halted_reason != "")
    return db.session.scalars(select(Contest).where(Contest.id.in_(halted)).order_by(Contest.id)).all()


def dead_letters() -> tuple[int, Sequence[DeadLetter]]:
    """How many events could not be recorded, and the newest of them."""
    count = db.session.scalar(select(func.count(DeadLetter.id))) or 0
    newest = db.session.scalars(select(DeadLetter).order_by(DeadLetter.id.desc()).limit(LETTERS_SHOWN)).all()
    return count, newest


def recorder_pace(live: Live) -> Pace | None:
    """None while no recorder works, or Redis does not say."""
    try:
        return pace_of(live)
    except StoreUnavailable:
        return None


def _lag(live: Live, position: RecorderPosition, now: datetime) -> Lag:
    try:
        return lag_of(live, Shard(position.contest_id, position.shard), now=now)
    except StoreUnavailable:
        return Lag(0, 0)


def _behind(live: Live, position: RecorderPosition) -> int | None:
    try:
        gate = read_gate(live, Shard(position.contest_id, position.shard))
    except DomainError:
        return None
    if gate is None or gate.lineage != position.lineage:
        return None
    return max(0, gate.number - position.last_number)
