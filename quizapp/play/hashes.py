"""What the hashes of attempts, people and counters hold, as Python knows it; play.lua names their fields. Pure."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from quizapp.contests.rules import DrawnQuestion

LONG_RESPONSE_BYTES = 40


def pairs(flat: Sequence[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _parts(fields: Mapping[str, str], letter: str) -> Iterator[str]:
    for number in itertools.count():
        part = fields.get(f"{letter}{number}")
        if part is None:
            return
        yield part


@dataclass(frozen=True, slots=True)
class Person:
    """What is kept of a person who has begun at least once; all empty before."""

    version: int
    begun: int
    day_ms: int
    """The start of the day of the last begin."""
    begun_that_day: int
    last_attempt: str
    is_playing: bool
    begin_key: str
    """With which the last attempt was begun; those that came back to it are kept behind it, in live data alone."""
    name: str
    is_gone: bool
    history: str
    """See packing."""
    history_parts: int


def person_of(fields: Mapping[str, str]) -> Person:
    history = list(_parts(fields, "h"))
    return Person(
        version=int(fields.get("v", 0)),
        begun=int(fields.get("n", 0)),
        day_ms=int(fields.get("d", 0)),
        begun_that_day=int(fields.get("m", 0)),
        last_attempt=fields.get("l", ""),
        is_playing="o" in fields,
        begin_key=fields.get("i", "").partition(" ")[0],
        name=fields.get("a", ""),
        is_gone="z" in fields,
        history="".join(history),
        history_parts=len(history),
    )


@dataclass(frozen=True, slots=True)
class Result:
    score_hundredths: int
    right: int
    answered: int
    knowledge_points: int
    duration_ms: int
    finished_ms: int
    finish: str


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer as it stands in an attempt."""

    seq: int
    points_hundredths: int
    is_right: bool
    response: str


@dataclass(frozen=True)
class LiveAttempt:
    """An attempt as it lies in Redis; times are ms, `ends_ms` is before shifts and None without an own limit."""

    id: str
    person: str
    kit: int
    number: int
    started_ms: int
    ends_ms: int | None
    still_ms: int
    score_hundredths: int
    right: int
    answered: int
    knowledge_points: int
    finish: str | None
    finished_ms: int | None
    duration_ms: int | None
    paper: str
    answers: Mapping[int, Stored]
    """Place on the paper, from 0 → answer."""

    @cached_property
    def result(self) -> Result | None:
        if self.finish is None or self.finished_ms is None or self.duration_ms is None:
            return None
        sums = (self.score_hundredths, self.right, self.answered, self.knowledge_points)
        return Result(*sums, self.duration_ms, self.finished_ms, self.finish)


def attempt_of(attempt_id: str, fields: Mapping[str, str], texts: Mapping[str, str]) -> LiveAttempt:
    return LiveAttempt(
        id=attempt_id,
        person=fields["p"],
        kit=int(fields["k"]),
        number=int(fields["n"]),
        started_ms=int(fields["s"]),
        ends_ms=int(fields["e"]) if "e" in fields else None,
        still_ms=int(fields.get("b", 0)),
        score_hundredths=int(fields["c"]),
        right=int(fields["r"]),
        answered=int(fields["w"]),
        knowledge_points=int(fields["g"]),
        finish=fields.get("f"),
        finished_ms=int(fields["t"]) if "t" in fields else None,
        duration_ms=int(fields["d"]) if "d" in fields else None,
        paper="".join(_parts(fields, "q")),
        answers={int(name): _stored(text, texts.get(name, "")) for name, text in fields.items() if name.isdigit()},
    )


def _stored(text: str, long_response: str) -> Stored:
    seq, points, flag, response = text.split(" ", 3)
    return Stored(int(seq), int(points), int(flag) % 2 == 1, long_response if int(flag) >= 2 else response)


def attempt_fields(attempt: LiveAttempt, paper_parts: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The hashes of an open attempt as play.lua writes them: its own, and that of long responses."""
    fields = {"p": attempt.person, "k": attempt.kit, "n": attempt.number, "s": attempt.started_ms}
    fields |= {"c": attempt.score_hundredths, "r": attempt.right, "w": attempt.answered, "g": attempt.knowledge_points}
    if attempt.ends_ms is not None:
        fields["e"] = attempt.ends_ms
    if attempt.still_ms:
        fields["b"] = attempt.still_ms
    fields |= {f"q{number}": part for number, part in enumerate(paper_parts)}
    texts = {}
    for place, stored in attempt.answers.items():
        is_long = len(stored.response.encode()) > LONG_RESPONSE_BYTES
        if is_long:
            texts[str(place)] = stored.response
        flag = int(stored.is_right) + (2 if is_long else 0)
        fields[str(place)] = f"{stored.seq} {stored.points_hundredths} {flag} {'' if is_long else stored.response}"
    return {name: str(value) for name, value in fields.items()}, texts


def paper_event(paper: Sequence[DrawnQuestion]) -> list[list[Any]]:
    """A paper as events and SQL hold it: [[question id, revision id, points, [option ids in order]], …]."""
    return [[drawn.question_id, drawn.revision_id, drawn.points_hundredths, list(drawn.option_ids)] for drawn in paper]


@dataclass(frozen=True, slots=True)
class Figures:
    now_ms: int
    closes_ms: int
    counters: Mapping[str, int]
    visitors: int
    playing: int
    waiting: int


def added(parts: Sequence[Figures]) -> Figures:
    """Sums over shards. The peak is one of all of them together already, and each of them keeps it."""
    counters: Counter[str] = Counter()
    for part in parts:
        counters.update(part.counters)
    highest = max(parts, key=lambda part: part.counters.get("peak", 0)).counters
    peak = {name: highest[name] for name in ("peak", "peak_at") if name in highest}
    return Figures(
        now_ms=max(part.now_ms for part in parts),
        closes_ms=max(part.closes_ms for part in parts),
        counters=dict(counters) | peak,
        visitors=sum(part.visitors for part in parts),
        playing=sum(part.playing for part in parts),
        waiting=sum(part.waiting for part in parts),
    )
