"""The figures of the whole house as of now: what `/metrics` tells and what is sampled every minute.

Every figure stands by itself: what Redis or SQL does not tell is left out, and the rest is told.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from quizapp.core.adding_up import processes_alive
from quizapp.core.db import db
from quizapp.core.errors import StoreUnavailable
from quizapp.core.live import Live
from quizapp.core.settings import get_settings
from quizapp.play import state
from quizapp.play.models import DeadLetter, RecorderPosition
from quizapp.play.recording import lag_of
from quizapp.play.state import Shard

COUNTERS = ("visits", "begun", "finished", "answers")


@dataclass(slots=True)
class House:
    """Sums over all published contests; None where nobody could tell."""

    sql_is_up: bool = False
    redis_is_up: bool = False
    visits: int | None = None
    begun: int | None = None
    finished: int | None = None
    answers: int | None = None
    playing: int | None = None
    waiting: int | None = None
    lag_events: int | None = None
    lag_seconds: int | None = None
    """Of the shard that is farthest behind."""
    halted_shards: int | None = None
    dead_letters: int | None = None
    memory_used_bytes: int | None = None
    memory_limit_bytes: int | None = None
    """0: Redis has no limit."""
    disk_free_bytes: int | None = None
    disk_size_bytes: int | None = None
    processes: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Look:
    """Looks at the house, and remembers what a shard last told, so that no counter steps back while one is away."""

    live: Live
    _told: dict[Shard, dict[str, int]] = field(default_factory=dict)

    def take(self, *, now: datetime) -> House:
        house = House()
        disk = shutil.disk_usage(_existing(get_settings().data_dir.absolute()))
        house.disk_free_bytes, house.disk_size_bytes = disk.free, disk.total
        self._ask_redis(house)
        try:
            shards = self._ask_sql(house)
        except (DBAPIError, PoolTimeout):
            return house
        if house.redis_is_up:
            self._add_shards(house, shards, now)
        return house

    def _ask_redis(self, house: House) -> None:
        try:
            memories = self.live.everywhere("INFO", "memory")
            house.memory_used_bytes = sum(memory["used_memory"] for memory in memories)
            house.memory_limit_bytes = sum(memory["maxmemory"] for memory in memories)
            house.processes = processes_alive(self.live)
            house.redis_is_up = True
        except StoreUnavailable:
            pass

    def _ask_sql(self, house: House) -> dict[Shard, bool]:
        """The shards that were ever opened, and whether each is still recorded."""
        rows = db.session.execute(
            select(
                RecorderPosition.contest_id,
                RecorderPosition.shard,
                RecorderPosition.is_settled,
                RecorderPosition.halted_reason,
            )
        ).all()
        house.dead_letters = db.session.scalar(select(func.count(DeadLetter.id))) or 0
        house.halted_shards = sum(bool(reason) for *_, reason in rows)
        house.sql_is_up = True
        return {Shard(contest_id, number): not is_settled for contest_id, number, is_settled, _reason in rows}

    def _add_shards(self, house: House, shards: dict[Shard, bool], now: datetime) -> None:
        house.playing = house.waiting = house.lag_events = house.lag_seconds = 0
        for shard, is_recorded in shards.items():
            try:
                figures = state.figures(self.live, shard)
                self._told[shard] = {name: figures.counters.get(name, 0) for name in COUNTERS}
                house.playing += figures.playing
                house.waiting += figures.waiting
            except StoreUnavailable:
                # Recovering or halted: nobody plays, and what was counted before is still told.
                pass
            if is_recorded:
                self._add_lag(house, shard, now)
        for name in COUNTERS:
            setattr(house, name, sum(told[name] for shard, told in self._told.items() if shard in shards))

    def _add_lag(self, house: House, shard: Shard, now: datetime) -> None:
        try:
            lag = lag_of(self.live, shard, now=now)
        except StoreUnavailable:
            return
        house.lag_events = (house.lag_events or 0) + lag.events
        house.lag_seconds = max(house.lag_seconds or 0, lag.seconds)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that there is: a machine without a data folder of its own has a disk too."""
    return folder if folder.exists() else _existing(folder.parent)
