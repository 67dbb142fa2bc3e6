"""Boards and live figures as participants may see them, read from Redis at most once a second in each process."""

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
from quizapp.core.db import db
from quizapp.core.errors import NotFound
from quizapp.core.live import Live
from quizapp.leaderboards import state as boards
from quizapp.leaderboards.rules import Rank
from quizapp.play import rules, state
from quizapp.play.state import Shard

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

    rows: tuple[BoardRow, ...]
    people: int
    is_hidden: bool


def contest_id_of(live: Live, slug: str) -> int:
    """The published contest at an address, which never changes; raises NotFound."""

    def find() -> int:
        query = select(Contest.id).where(Contest.slug == slug, Contest.state == "published")
        found = db.session.scalar(query)
        if found is None:
            raise NotFound
        return found

    return _fresh(live, ("slug", slug), find, seconds=float("inf"))


def pulse(live: Live, shard: Shard) -> Pulse:
    """The live figures; raises Recovering."""

    def read() -> Pulse:
        figures = state.figures(live, shard)
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

    return _fresh(live, ("pulse", shard), read)


def board(live: Live, shard: Shard, *, board: str, top: int) -> Board:
    """The first rows of a board with masked names; raises NotFound for a board that there is not, Recovering."""
    if board not in boards.BOARDS:
        raise NotFound
    return _fresh(live, ("board", shard, board, top), lambda: _read_board(live, shard, board, top))


def _read_board(live: Live, shard: Shard, board: str, top: int) -> Board:
    people = boards.people(live, contest_id=shard.contest_id, shard=shard.number, board=board)
    if not are_ranks_shown(live, shard):
        return Board((), people, is_hidden=True)
    rows = boards.top(live, contest_id=shard.contest_id, shard=shard.number, board=board, count=min(top, TOP_LIMIT))
    names = state.names(live, shard, people=[row.person for row in rows]) if rows else []
    shown = (BoardRow(row.place, row.person, name, row.rank) for row, name in zip(rows, names, strict=True))
    return Board(tuple(shown), people, is_hidden=False)


def are_ranks_shown(live: Live, shard: Shard) -> bool:
    """Whether participants may see places and others' scores now."""
    look = state.look(live, shard, person="")
    kit = get_kit(contest_id=shard.contest_id, version=look.kit)
    return rules.ranks_are_shown(kit=kit, is_closed=look.now_ms >= look.settled_ms)


def own_row(live: Live, shard: Shard, *, board: str, person: str) -> boards.Row | None:
    """A person's row with the place as of now; None when there is none or ranks are hidden."""
    if not are_ranks_shown(live, shard):
        return None
    return boards.own_row(live, contest_id=shard.contest_id, shard=shard.number, board=board, person=person)


def place_of(live: Live, shard: Shard, *, person: str) -> int | None:
    return boards.place_of(live, contest_id=shard.contest_id, shard=shard.number, board="overall", person=person)


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
