"""Boards that are lost while the rest of the live state is not: noticed, and counted anew from SQL with the doors open.

A hand-in enters the board and the stream in one call, and nobody leaves a board. So a board that is not there after a
first hand-in, or has fewer people than the records, has lost some. The next hand-in notes that (play.lua), or else the
recorder: how far the events have come. Pages say meanwhile that it is being counted. When SQL has all events up to
there, the ranks of the records are added: whoever has handed in meanwhile stands on the board already, and keeps the
better rank.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from quizapp.contests.state import gate_key
from quizapp.core.db import db, reading
from quizapp.core.live import Live
from quizapp.core.logs import get_logger
from quizapp.play import state
from quizapp.play.recorded import ranked_in, ranks_in
from quizapp.play.recorder import Position
from quizapp.play.state import Shard

log = get_logger("play")


def counting_key(shard: Shard) -> str:
    return f"{state.base_of(shard)}counting"


def recorded_people(shard: Shard) -> int:
    """How many people the board must have at least."""
    with reading():
        people = ranked_in(shard)
        db.session.rollback()
    return people


def note_lost(live: Live, shard: Shard) -> None:
    """From now on the board is being counted, until SQL has all that has happened up to now."""
    number = live.command("HGET", gate_key(shard), "number")
    live.command("SET", counting_key(shard), number or 0)
    log.error("board_lost", contest_id=shard.contest_id, shard=shard.number)


def count_anew(live: Live, position: Position) -> bool:
    """Fill a board that was noted as lost if SQL has come so far; False while it has not, and when none was lost.

    False also while somebody makes the live state anew, or marks it anew, which may lower ranks.
    """
    shard, token = position.shard, secrets.token_hex(16)
    needed = counted_from(live, shard)
    if needed is None or position.number < needed or not state.lock_for_rebuild(live, shard, token=token):
        return False
    try:
        with reading():
            if not all(rank(live, shard, token=token, ranks=ranks) for ranks in ranks_in(shard)):
                return False
        live.command("DEL", counting_key(shard))
    finally:
        db.session.rollback()
        state.unlock(live, shard, token=token)
    log.warning("board_counted_anew", contest_id=shard.contest_id, shard=shard.number)
    return True


def rank(live: Live, shard: Shard, *, token: str, ranks: Mapping[str, int]) -> bool:
    """Put people on the board who are not there with a better rank already; False when somebody else took over."""
    pairs = [part for person, packed in ranks.items() for part in (packed, person)]
    return bool(state.call(live, shard, "rank", token, state.REBUILD_LOCK_MS, *pairs)[0] == "ok")


def counted_from(live: Live, shard: Shard) -> int | None:
    """The number of the event up to which SQL must have come to count a board; None when it need not be counted."""
    number = live.command("GET", counting_key(shard))
    return None if number is None else int(number)
