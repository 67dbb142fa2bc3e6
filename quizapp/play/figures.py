"""Boards and live figures as participants may see them, read from Redis at most once a second in each process.

They are those of the whole contest, so they are not told while one of its shards is away: without a part of the people
they would be wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import select

from quizapp.contests.kits import get_kit
from quizapp.contests.models import Contest
from quizapp.contests.shards import Shards
from quizapp.core.db import db, reading
from quizapp.core.errors import NotFound, StoreUnavailable
from quizapp.core.live import Live
from quizapp.leaderboards import state as boards
from quizapp.leaderboards.rules import Rank
from quizapp.play import recount, rules, state

FRESH_SECONDS = 1.0
KEPT = 512
TOP_LIMIT = 200

Value = TypeVar("Value")

_kept: WeakKeyDictionary[Live, dict[tuple[Any, ...], tuple[float, Any]]] = WeakKeyDictionary()
_lock = Lock()


@dataclass(frozen=True, slots=True)
class Pulse:
    """The live figures of a contest; product.md defines each, the report prints the definitions."""

    visits: int
    visitors: int
    playing: int
    peak: int
    peak_at_ms: int | None
    waiting: int
    begun: int
    finished: int
    answers: int
    knowledge_points: int


@dataclass(frozen=True, slots=True)
class BoardRow:
    place: int
    person: str
    name: str
    rank: Rank


@dataclass(frozen=True, slots=True)
class Board:
    """The top of a board; hidden while the contest's feedback rule hides scores."""

    rows: tuple[BoardRow, ...] = ()
    people: int = 0
    is_hidden: bool = False
    is_counted: bool = True
    """False while a board that was lost is counted anew: who stands on it, and how many, cannot be told."""


def shards_of(live: Live, slug: str) -> Shards:
    """Those of the published contest at an address, which never change; raises NotFound."""

    def find() -> Shards:
        query = select(Contest.id, Contest.shard_count).where(Contest.slug == slug, Contest.state == "published")
        # On a connection of its own, also in a POST: a visit must not wait until SQLite lets it write.
        with reading(), db.engine.connect() as connection:
            found = connection.execute(query).one_or_none()
        if found is None:
            raise NotFound
        return Shards(*found)

    return _fresh(live, ("slug", slug), find, seconds=float("inf"))


def pulse(live: Live, shards: Shards) -> Pulse:
    """The live figures; raises Recovering."""

    def read() -> Pulse:
        figures = state.all_figures(live, shards)
        counters = figures.counters
        peak = max(counters.get("peak", 0), figures.playing)
        peak_at_ms = counters.get("peak_at") if peak == counters.get("peak", 0) else figures.now_ms
        return Pulse(
            visits=counters.get("visits", 0),
            visitors=figures.visitors,
            playing=figures.playing,
            peak=peak,
            peak_at_ms=peak_at_ms,
            waiting=figures.waiting,
            begun=counters.get("begun", 0),
            finished=counters.get("finished", 0),
            answers=counters.get("answers", 0),
            knowledge_points=counters.get("points", 0),
        )

    return _fresh(live, ("pulse", shards), read)


def board(live: Live, shards: Shards, *, board: str, top: int) -> Board:
    """The first rows of a board with masked names; raises NotFound for a board that there is not, Recovering."""
    if board not in boards.BOARDS:
        raise NotFound
    return _fresh(live, ("board", shards, board, top), lambda: _read_board(live, shards, board, top))


def _read_board(live: Live, shards: Shards, board: str, top: int) -> Board:
    if not is_counted(live, shards):
        return Board(is_counted=False, is_hidden=not are_ranks_shown(live, shards))
    people = boards.people(live, shards, board=board)
    if not are_ranks_shown(live, shards):
        return Board((), people, is_hidden=True)
    return Board(top_rows(live, shards, board=board, count=min(top, TOP_LIMIT)), people)


def is_counted(live: Live, shards: Shards) -> bool:
    """Whether boards have everybody who has handed in; not so for a moment after one was lost (see recount.py)."""

    def read() -> bool:
        if any(recount.counted_from(live, shard) is not None for shard in shards):
            return False
        # Nobody has noticed yet that a board is gone.
        return boards.people(live, shards, board="overall") > 0 or pulse(live, shards).finished == 0

    return _fresh(live, ("is counted", shards), read)


def top_rows(live: Live, shards: Shards, *, board: str, count: int) -> tuple[BoardRow, ...]:
    """The first rows of a board with masked names, whether participants may see them or not."""
    rows = boards.top(live, shards, board=board, count=count)
    names = state.names(live, shards, people=[row.person for row in rows])
    return tuple(BoardRow(row.place, row.person, names[row.person], row.rank) for row in rows)


def are_ranks_shown(live: Live, shards: Shards) -> bool:
    """Whether participants may see places and others' scores now.

    What waits for the close waits until every shard has closed: one whose doors were shut by an outage may still
    take answers when the others do not any more.
    """
    for shard in shards:
        look = state.look(live, shard, person="")
        kit = get_kit(contest_id=shard.contest_id, version=look.kit)
        if not rules.ranks_are_shown(kit=kit, is_closed=look.now_ms >= look.settled_ms):
            return False
        if rules.ranks_are_shown(kit=kit, is_closed=False):
            return True
    return True


def own_row(live: Live, shards: Shards, *, board: str, person: str) -> boards.Row | None:
    """A person's row with the place as of now; None when there is none, it is being counted, or ranks are hidden."""
    if not is_counted(live, shards) or not are_ranks_shown(live, shards):
        return None
    return boards.own_row(live, shards, board=board, person=person)


def own_rank(live: Live, shards: Shards, *, board: str, person: str) -> Rank | None:
    """A person's rank without the place; None when there is none, ranks are hidden, or it cannot be told now."""
    try:
        return boards.own_rank(live, shards, board=board, person=person) if are_ranks_shown(live, shards) else None
    except StoreUnavailable:
        return None


def place_of(live: Live, shards: Shards, *, person: str) -> int | None:
    """A person's place as of now; None without one, while it is being counted, and while not all shards can be asked.

    A result is its owner's also while others' servers are away.
    """
    try:
        return boards.place_of(live, shards, board="overall", person=person) if is_counted(live, shards) else None
    except StoreUnavailable:
        return None


def _fresh(live: Live, name: tuple[Any, ...], read: Callable[[], Value], *, seconds: float = FRESH_SECONDS) -> Value:
    """What was read less than `seconds` ago, else read anew."""
    now = time.monotonic()
    kept = _kept.get(live, {}).get(name)
    if kept is not None and now - kept[0] < seconds:
        value: Value = kept[1]
        return value
    value = read()
    with _lock:
        mine = _kept.setdefault(live, {})
        if len(mine) >= KEPT:
            mine.clear()
        mine[name] = (now, value)
    return value
