"""The keys of play in Redis and the calls of play.lua, which says what each key holds, beginning.lua and duties.lua.

All keys of a `Shard` carry the same hash tag, so that one call may use them all. What concerns a whole contest is
asked of each of its shards and put together here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from quizapp.contests.shards import Shard as Shard
from quizapp.contests.shards import Shards
from quizapp.contests.state import change_gate, gate_key, tag
from quizapp.core.errors import StoreUnavailable
from quizapp.core.i18n import _
from quizapp.core.live import Live, LiveStoreDown, Script, Words
from quizapp.leaderboards import state as boards
from quizapp.play import rules
from quizapp.play.hashes import Figures as Figures
from quizapp.play.hashes import LiveAttempt, Person, added, attempt_of, pairs, person_of
from quizapp.play.sending import Answered as Answered
from quizapp.play.sending import Item as Item
from quizapp.play.sending import Outcome as Outcome
from quizapp.play.sending import Sending as Sending
from quizapp.play.sending import answered as answered

NEVER = 2**53 - 1
"""The end of an attempt that only the contest's close bounds, in the sorted set of deadlines."""
QUEUE = slice(5, 7)  # of keys_of: who waits for a place in the house
RECORDED_SECONDS = 3600
REBUILD_LOCK_MS = 25_000
"""Longer than a writer waits for SQLite (20 s), and no longer: when its owner dies the doors stay shut for so long."""

_here = Path(__file__).parent
_text = boards.LUA + "".join((_here / f"{part}.lua").read_text() for part in ("play", "beginning", "duties"))
_script = Script(_text, has_functions=True)


class Recovering(StoreUnavailable):
    """The live data of this contest is being rebuilt, or waits for a person; nothing is accepted meanwhile."""

    status, code = 503, "recovering"
    retry_after: int | None = 3

    def message(self) -> str:
        return _("系统正在恢复数据，请稍候，已保存的答案不会丢失，页面会自动重试。")


@lru_cache(maxsize=1024)
def keys_of(shard: Shard) -> tuple[str, ...]:
    """The keys that every call is given, in play.lua's order."""
    own = ("counters", "stream", "deadlines", "online", "waiting", "waiting_heard", "visitors")
    return (
        gate_key(shard),
        *(base_of(shard) + name for name in own),
        boards.board_key(shard, "overall"),
    )


def base_of(shard: Shard) -> str:
    return f"play:{tag(shard)}:"


def attempt_key(shard: Shard, attempt_id: str) -> str:
    return f"{base_of(shard)}attempt:{attempt_id}"


def texts_key(shard: Shard, attempt_id: str) -> str:
    return f"{base_of(shard)}texts:{attempt_id}"


def person_key(shard: Shard, person: str) -> str:
    return f"{base_of(shard)}person:{person}"


def counters_key(shard: Shard) -> str:
    return keys_of(shard)[1]


def stream_key(shard: Shard) -> str:
    return keys_of(shard)[2]


def deadlines_key(shard: Shard) -> str:
    return keys_of(shard)[3]


def marker_key(shard: Shard) -> str:
    """What is written to see how far replicas are."""
    return f"{base_of(shard)}replicated"


def call(live: Live, shard: Shard, function: str, *arguments: str | int, waits: bool = False) -> list[Any]:
    """Call a function of play.lua and return its reply; raise Recovering when the gate is missing or halted.

    With `waits` only when replicas have what it did and saw; raises TooFewReplicas.
    """
    marker = marker_key(shard) if waits else ""
    reply: list[Any] = _script.call(live, keys=keys_of(shard), arguments=[function, *arguments], marker=marker)
    if reply[0] == "recovering":
        raise Recovering
    return reply


# People and beginning


@dataclass(frozen=True, slots=True)
class Look:
    now_ms: int
    kit: int
    opens_ms: int
    settled_ms: int
    """From when on nobody's answers are taken any more; NEVER in a pause, and after the end while papers are open."""
    is_paused: bool
    person: Person


def look(live: Live, shard: Shard, *, person: str) -> Look:
    _ok, now, kit, opens, settled, paused, flat = call(live, shard, "look", person)
    return Look(now, int(kit), opens, settled, paused == 1, person_of(pairs(flat)))


@dataclass(frozen=True, slots=True)
class Start:
    """What a begin proposes; it is taken only if nothing has changed since the person was looked at."""

    person: str
    version: int
    begin_key: str
    attempt_id: str
    kit: int
    limit_ms: int
    attempts_total: int
    attempts_per_day: int
    day_bounds: tuple[int, int, int, int]
    name: str
    full_hundredths: int
    void_points: tuple[int, int]
    """Hundredths and number of the voided questions on the paper."""
    event: str
    """The paper as JSON, as SQL keeps it."""
    paper_parts: Sequence[str]
    history_parts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Begun:
    """How a begin was decided; `word` is one of beginning.lua's, and what it does not name stays 0 or empty."""

    word: str
    attempt_id: str = ""
    number: int = 0
    started_ms: int = 0
    deadline_ms: int = 0
    begun_today: int = 0
    place: int = 0
    let_in_a_minute: int = 0
    scope: str = ""
    next_day_ms: int = 0


def begin(live: Live, shard: Shard, *, start: Start, wait_ms: int) -> Begun:
    """Begin, and say so when replicas have it; raises TooFewReplicas."""
    fields = [*_fields("q", start.paper_parts), *_fields("h", start.history_parts)]
    reply = call(
        live,
        shard,
        "begin",
        wait_ms,
        start.person,
        start.version,
        start.begin_key,
        start.attempt_id,
        start.kit,
        start.limit_ms,
        start.attempts_total,
        start.attempts_per_day,
        *start.day_bounds,
        start.name,
        start.full_hundredths,
        start.event,
        *start.void_points,
        len(fields) // 2,
        *fields,
        waits=True,
    )
    word, rest = reply[0], reply[1:]
    if word == "new":
        number, started, deadline, today = rest
        return Begun(word, start.attempt_id, number, started, deadline, begun_today=today)
    if word in ("same", "open"):
        return Begun(word, rest[0])
    if word == "waiting":
        place, let_in = rest
        return Begun(word, place=place, let_in_a_minute=let_in)
    if word == "no_attempts":
        return Begun(word, scope=rest[0], next_day_ms=rest[1])
    return Begun(word)


def _fields(letter: str, parts: Sequence[str]) -> list[str]:
    return [text for number, part in enumerate(parts) for text in (f"{letter}{number}", part)]


def names(live: Live, shards: Shards, *, people: Sequence[str]) -> dict[str, str]:
    """The masked name of each, "" for who is not known."""
    by_shard: dict[Shard, list[str]] = {}
    for person in people:
        by_shard.setdefault(shards.of(person), []).append(person)
    found: dict[str, str] = {}
    for shard, group in by_shard.items():
        found.update(zip(group, call(live, shard, "names", *group)[1], strict=True))
    return found


def forget_person(live: Live, shard: Shard, *, person: str, name: str) -> None:
    """Show `name` on boards from now on, and let the person begin nothing more; also after a failover."""
    call(live, shard, "forget", person, name, waits=True)


# Answers and results


def answer(live: Live, shard: Shard, sending: Sending) -> Answered:
    """Store answers."""
    return answered(call(live, shard, "answer", *sending.arguments()))


def answer_words(shard: Shard, sending: Sending) -> Words:
    """The command of `answer`, for who sends many in one go; its reply is for `answered`."""
    return _script.words(keys=keys_of(shard), arguments=("answer", *sending.arguments()))


def finish(live: Live, shard: Shard, sending: Sending) -> Answered:
    """Hand in; `word` is ok, missing, paused or stale. The result is in the attempt afterwards."""
    reply = call(live, shard, "finish", *sending.arguments())
    return Answered(reply[0], kit=int(reply[1]) if reply[0] == "stale" else 0)


@dataclass(frozen=True, slots=True)
class Reading:
    now_ms: int
    settled_ms: int
    """As in Look."""
    deadline_ms: int
    is_paused: bool
    kit: int
    """The version that marks now; the attempt may have begun with an earlier one."""
    attempt: LiveAttempt


def read(live: Live, shard: Shard, *, attempt_id: str) -> Reading | None:
    """An attempt; None when Redis has it no more (an hour after it was recorded) or never had it.

    Nobody is told that an attempt is over before replicas know it; raises TooFewReplicas.
    """
    found = _read(live, shard, attempt_id)
    if found and found.attempt.finish and live.replicas:
        found = _read(live, shard, attempt_id, waits=True)
    return found


def _read(live: Live, shard: Shard, attempt_id: str, *, waits: bool = False) -> Reading | None:
    reply = call(live, shard, "read", attempt_id, waits=waits)
    if reply[0] != "ok":
        return None
    _ok, now, settled, deadline, paused, kit, fields, texts = reply
    return Reading(now, settled, deadline, paused == 1, int(kit), attempt_of(attempt_id, pairs(fields), pairs(texts)))


# Visits and figures


def count_visit(live: Live, shard: Shard, *, visitor: str) -> None:
    """Count a visit in the visitor's shard, unless the visitor was here less than half an hour ago."""
    call(live, shard, "visit", visitor, rules.VISIT_GAP_SECONDS)


def figures(live: Live, shard: Shard) -> Figures:
    _ok, now, closes, flat, visitors, playing, waiting = call(live, shard, "figures")
    counters = {name: int(value) for name, value in pairs(flat).items()}
    return Figures(now, closes, counters, visitors + counters.get("visitors", 0), playing, waiting)


def all_figures(live: Live, shards: Shards) -> Figures:
    """The figures of a whole contest; raises Recovering when one of its shards is."""
    return added([figures(live, shard) for shard in shards])


def sample(live: Live, shard: Shard, *, playing: int) -> None:
    """Keep the peak of people playing, given the sum over all shards."""
    call(live, shard, "sample", playing)


# Duties: sweeping, recording, gates


def expire(live: Live, shard: Shard, *, wait_ms: int) -> int:
    """Hand in what is overdue, at most 200 attempts; return how many."""
    return int(call(live, shard, "expire", wait_ms)[1])


def read_events(live: Live, shard: Shard, *, after: str, count: int) -> list[tuple[str, dict[str, str]]]:
    """The next events after a stream id, oldest first."""
    events: list[tuple[str, dict[str, str]]] = live.command(
        "XRANGE", stream_key(shard), f"({after}" if after != "0-0" else "-", "+", "COUNT", count
    )
    return events


def hold_for_replicas(live: Live, shard: Shard, *, last: tuple[str, dict[str, str]]) -> None:
    """Return when replicas have the events up to `last`; raise LiveStoreDown, also where a successor lacks it."""
    if live.replicas:
        range_of_one = ("XRANGE", stream_key(shard), last[0], last[0])
        if live.replicated(*range_of_one, marker=marker_key(shard)) != [last]:
            raise LiveStoreDown


def trim_events(live: Live, shard: Shard, *, last: str) -> None:
    """Remove the events up to and including `last`."""
    milliseconds, _dash, number = last.partition("-")
    live.command("XTRIM", stream_key(shard), "MINID", "=", f"{milliseconds}-{int(number) + 1}")


def count_events(live: Live, shard: Shard) -> int:
    return int(live.command("XLEN", stream_key(shard)))


def let_go(live: Live, shard: Shard, *, attempt_ids: Sequence[str]) -> None:
    """Let ended attempts that are in SQL leave after an hour."""
    if attempt_ids:
        call(live, shard, "recorded", RECORDED_SECONDS, *attempt_ids)


def read_gate_fields(live: Live, shard: Shard) -> dict[str, str]:
    """The whole gate; empty when there is none."""
    return dict(live.command("HGETALL", gate_key(shard)))


def has_gate(live: Live, shard: Shard) -> bool:
    return bool(live.command("EXISTS", gate_key(shard)))


def write_gate(live: Live, shard: Shard, fields: Sequence[str | int]) -> bool:
    """Change fields of a gate; False when it knows a newer version of them. Raises Recovering without a gate.

    Where a pause ends phones get time to send again.
    """
    word = change_gate(live, shard, fields)
    if word == "none":
        raise Recovering
    return word == "ok"


def lock_for_rebuild(live: Live, shard: Shard, *, token: str, waits: bool = False) -> bool:
    """Take the lock of a shard; False while somebody else has it. With `waits` as `call`."""
    return bool(call(live, shard, "lock", token, REBUILD_LOCK_MS, waits=waits)[0] == "ok")


def unlock(live: Live, shard: Shard, *, token: str) -> None:
    """Let others rebuild, after a rebuild that failed; does nothing when the lock is not held any more."""
    call(live, shard, "unlock", token)


def shut(live: Live, shard: Shard, *, token: str, waits: bool = False) -> int | None:
    """Take the gate away (see `former_gate`); return the number of its last event, -1 when there was no gate.

    None: the lock is not held any more. With `waits` as `call`, for who changes the kit: a successor that knows the
    gate as it was would take what was marked by the former one. What follows is not waited for: no lock outlives a
    failover.
    """
    word, *number = call(live, shard, "shut", token, waits=waits)
    return int(number[0]) if word == "ok" else None


def restore(live: Live, shard: Shard, *, token: str, commands: Iterable[Sequence[str]]) -> bool:
    """Write while the doors are shut; False when somebody else took over."""
    text = json.dumps(list(commands), ensure_ascii=False)
    return bool(call(live, shard, "restore", token, REBUILD_LOCK_MS, text)[0] == "ok")


def former_gate(live: Live, shard: Shard, *, token: str, halted_at: str) -> dict[str, str] | None:
    """`lineage` and `number` of a halted shard's gate that was taken away, absent where it had been lost, and the
    `halted_at` that the first to ask gave; None when somebody else took over."""
    key = base_of(shard) + "former"
    is_ours = restore(live, shard, token=token, commands=[["HSETNX", key, "halted_at", halted_at]])
    return dict(live.command("HGETALL", key)) if is_ours else None


def open_gate(live: Live, shard: Shard, *, token: str, fields: Sequence[str | int], is_rebuilt: bool) -> bool:
    """Open the doors; False when somebody else did."""
    return bool(call(live, shard, "open", token, int(is_rebuilt), *fields)[0] == "ok")


def stored_keys(live: Live, shard: Shard) -> Iterator[list[str]]:
    """All keys of play in a shard, in batches, but for what a rebuild needs itself: its lock and the former gate."""
    pattern = base_of(shard).replace("[", "\\[") + "*"
    cursor = "0"
    while True:
        cursor, found = live.command("SCAN", cursor, "MATCH", pattern, "COUNT", 1000, at=base_of(shard))
        yield [key for key in found if not key.endswith((":rebuilding", ":former"))]
        if str(cursor) == "0":
            return


def count_open(live: Live, shard: Shard) -> int:
    """How many attempts are open."""
    return int(live.command("ZCARD", deadlines_key(shard)))


def open_attempts(live: Live, shard: Shard) -> dict[str, int]:
    """Every open attempt with the end of its own time before shifts (NEVER without one)."""
    found = live.command("ZRANGE", deadlines_key(shard), 0, -1, "WITHSCORES")
    return {attempt_id: int(ends) for attempt_id, ends in found}


def read_person(live: Live, shard: Shard, *, person: str) -> Person:
    """A person as stored, without asking the gate."""
    return person_of(live.command("HGETALL", person_key(shard, person)))


def read_counters(live: Live, shard: Shard) -> dict[str, int]:
    return {name: int(value) for name, value in live.command("HGETALL", counters_key(shard)).items()}
