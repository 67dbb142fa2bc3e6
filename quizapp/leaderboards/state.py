"""The keys of boards in Redis, and reads of them. Boards are written by play's script, through `LUA`.

leaderboards:{c7.0}:overall    sorted set: person → packed rank (rules.pack)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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


def board_key(contest_id: int, shard: int, board: str) -> str:
    return f"leaderboards:{tag(contest_id, shard)}:{board}"


def top(live: Live, *, contest_id: int, shard: int, board: str, count: int) -> list[Row]:
    """The first `count` rows; those of one place stand in a fixed order."""
    key = board_key(contest_id, shard, board)
    pairs = live.command("ZRANGE", key, 0, count - 1, "REV", "WITHSCORES") if count else []
    rows = ((person, int(packed)) for person, packed in pairs)
    return [Row(place, person, rules.unpack(packed)) for place, person, packed in rules.placed(rows)]


def own_row(live: Live, *, contest_id: int, shard: int, board: str, person: str) -> Row | None:
    """A person's own row, None when there is none: place = how many are strictly better, plus one."""
    key = board_key(contest_id, shard, board)
    packed = live.command("ZSCORE", key, person)
    if packed is None:
        return None
    better = live.command("ZCOUNT", key, f"({int(packed)}", "+inf")
    return Row(better + 1, person, rules.unpack(int(packed)))


def place_of(live: Live, *, contest_id: int, shard: int, board: str, person: str) -> int | None:
    row = own_row(live, contest_id=contest_id, shard=shard, board=board, person=person)
    return row.place if row else None


def people(live: Live, *, contest_id: int, shard: int, board: str) -> int:
    """How many stand on a board."""
    return int(live.command("ZCARD", board_key(contest_id, shard, board)))


def all_ranks(live: Live, *, contest_id: int, shard: int, board: str) -> Iterator[tuple[str, int]]:
    """(person, packed rank) of everybody from the top, read in chunks."""
    key, start = board_key(contest_id, shard, board), 0
    while pairs := live.command("ZRANGE", key, start, start + CHUNK - 1, "REV", "WITHSCORES"):
        for person, packed in pairs:
            yield person, int(packed)
        start += CHUNK
