"""Answers on their way into an attempt, and what play.lua says of each, as `state` sends and reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Item:
    """A marked answer on its way; `event` is its part of the event as JSON."""

    place: int
    seq: int
    response: str
    points_hundredths: int
    is_right: bool
    knowledge_points: int
    event: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What stands for a question after a call; `word` is stored, same or conflict."""

    word: str
    seq: int
    response: str
    points_hundredths: int
    is_right: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """`word` is ok, missing, paused, stale or finished; the rest is filled for ok, `finish` for finished.

    stale: what was sent was marked by another kit than `kit`, which marks now.
    """

    word: str
    now_ms: int = 0
    deadline_ms: int = 0
    outcomes: Sequence[Outcome] = ()
    finish: str = ""
    kit: int = 0


@dataclass(frozen=True, slots=True)
class Sending:
    """Answers of an attempt that were marked by version `kit`; `locks`: the first one of a question stands."""

    attempt_id: str
    person: str
    kit: int
    items: Sequence[Item]
    locks: bool
    wait_ms: int

    def arguments(self) -> tuple[str | int, ...]:
        head = (self.wait_ms, self.attempt_id, self.person, int(self.locks), self.kit, len(self.items))
        return (*head, *_flat(self.items))


def answered(reply: Sequence[Any]) -> Answered:
    """What a reply of play.lua's `answer` says; `recovering` stays a word."""
    if reply[0] == "finished":
        return Answered("finished", finish=reply[1])
    if reply[0] == "stale":
        return Answered("stale", kit=int(reply[1]))
    if reply[0] != "ok":
        return Answered(reply[0])
    return Answered("ok", reply[1], reply[2], [_outcome(*outcome) for outcome in reply[3]])


def _flat(items: Sequence[Item]) -> Iterator[str | int]:
    for item in items:
        yield from (item.place, item.seq, item.response, item.points_hundredths, int(item.is_right))
        yield from (item.knowledge_points, item.event)


def _outcome(word: str, seq: str, response: str, points: str, right: str) -> Outcome:
    return Outcome(word, int(seq), response, int(points), right == "1")
