"""The keys of boards in Redis, and reads of them. Boards are written by play's script, through `LUA`.

leaderboards:{c7.0}:overall    sorted set: person → packed rank (rules.pack)

Each shard has a board of its people. The board of a contest is merged from them when it is read: its top out of their
tops, and a place is how many in all of them are strictly better, plus one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from quizapp.contests.shards import Shard, Shards
from quizapp.contests.state import tag
from quizapp.core.live import Live
from quizapp.leaderboards import rules

BOARDS = ("overall",)
LUA = (Path(__file__).parent / "board.lua").read_text()
CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    place: int
    person: str
    rank: rules.Rank


def board_key(shard: Shard, board: str) -> str:
    return f"leaderboards:{tag(shard)}:{board}"


def top(live: Live, shards: Shards, *, board: str, count: int) -> list[Row]:
    """The first `count` rows; those of one place stand in a fixed order, the same as in a single sorted set."""
    if not count:
        return []
    found: list[tuple[str, int]] = []
    for shard in shards:
        pairs = live.command("ZRANGE", board_key(shard, board), 0, count - 1, "REV", "WITHSCORES")
        found += [(person, int(packed)) for person, packed in pairs]
    first = rules.in_order(found)[:count]
    return [Row(place, person, rules.unpack(packed)) for place, person, packed in rules.placed(first)]


def own_rank(live: Live, shards: Shards, *, board: str, person: str) -> rules.Rank | None:
    """A person's rank without the place, which only the own shard need tell; None when there is none."""
    packed = _own_packed(live, shards, board, person)
    return None if packed is None else rules.unpack(packed)


def own_row(live: Live, shards: Shards, *, board: str, person: str) -> Row | None:
    """A person's own row, None when there is none: place = how many are strictly better, plus one."""
    packed = _own_packed(live, shards, board, person)
    if packed is None:
        return None
    better = sum(live.command("ZCOUNT", board_key(shard, board), f"({packed}", "+inf") for shard in shards)
    return Row(better + 1, person, rules.unpack(packed))


def _own_packed(live: Live, shards: Shards, board: str, person: str) -> int | None:
    packed = live.command("ZSCORE", board_key(shards.of(person), board), person)
    return None if packed is None else int(packed)


def place_of(live: Live, shards: Shards, *, board: str, person: str) -> int | None:
    row = own_row(live, shards, board=board, person=person)
    return row.place if row else None


def people(live: Live, shards: Shards, *, board: str) -> int:
    """How many stand on a board."""
    return sum(ranked(live, shard, board=board) for shard in shards)


def ranked(live: Live, shard: Shard, *, board: str) -> int:
    """How many of a shard stand on a board."""
    return int(live.command("ZCARD", board_key(shard, board)))


def all_ranks(live: Live, shard: Shard, *, board: str) -> Iterator[tuple[str, int]]:
    """(person, packed rank) of everybody in a shard from the top, read in chunks."""
    key, start = board_key(shard, board), 0
    while pairs := live.command("ZRANGE", key, start, start + CHUNK - 1, "REV", "WITHSCORES"):
        for person, packed in pairs:
            yield person, int(packed)
        start += CHUNK
