"""The events of the stream as rows for SQL. An event that cannot be read is a `BadEvent`, for a person to look at.

Fields of all: v schema version, n dense number, k kind, a attempt, t ms. A recorder refuses versions it does not
know, so that an older one never misreads what a newer release wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from quizapp.play.rules import EXPIRED, HANDED_IN

SCHEMA = "1"


class BadEvent(Exception):
    """An event that no recorder of this release can apply; the message says what is wrong with it."""


class AnswerPart(msgspec.Struct, array_like=True, frozen=True):
    """One answer inside an event."""

    question_id: int
    revision_id: int
    seq: int
    response: list[str]
    points_hundredths: int
    right: int
    spent_ms: int


@dataclass(frozen=True, slots=True)
class Rows:
    """What one event means for SQL: rows by table column, each possibly none."""

    attempt: dict[str, Any] | None
    answers: list[dict[str, Any]]
    ending: dict[str, Any] | None


_answers = msgspec.json.Decoder(list[AnswerPart])
_paper = msgspec.json.Decoder(list[tuple[int, int, int, list[str]]])


def number_of(fields: Mapping[str, str]) -> int | None:
    """The event's number; None for what was not written by our script."""
    text = fields.get("n", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def rows_of(fields: Mapping[str, str], *, contest_id: int, shard: int) -> Rows:
    """Read an event; raises BadEvent."""
    if fields.get("v") != SCHEMA:
        raise BadEvent(f"schema version {fields.get('v')!r} is not known here")
    try:
        kind, attempt_id, at_ms = fields["k"], fields["a"], int(fields["t"])
        if kind == "begin":
            return Rows(_begin(fields, attempt_id, at_ms, contest_id, shard), [], None)
        if kind == "answer":
            return Rows(None, _answer_rows(fields, attempt_id, at_ms), None)
        if kind == "finish":
            return Rows(None, _answer_rows(fields, attempt_id, at_ms), _ending(fields, attempt_id))
    except (KeyError, ValueError, RecursionError, msgspec.DecodeError) as error:
        raise BadEvent(f"{type(error).__name__}: {error}") from error
    raise BadEvent(f"kind {kind!r} is not known here")


def _begin(fields: Mapping[str, str], attempt_id: str, at_ms: int, contest_id: int, shard: int) -> dict[str, Any]:
    return {
        "id": attempt_id,
        "contest_id": contest_id,
        "shard": shard,
        "person": fields["p"],
        "number": int(fields["i"]),
        "kit_version": int(fields["kit"]),
        "paper": [list(drawn) for drawn in _paper.decode(fields["d"])],
        "begin_key": fields["key"],
        "started_ms": at_ms,
        "deadline_ms": int(fields["e"]) if fields["e"] else None,
        "shift_ms": int(fields["x"]),
        "still_ms": int(fields["y"]),
        "full_hundredths": int(fields["full"]),
        "is_flagged": False,
    }


def _answer_rows(fields: Mapping[str, str], attempt_id: str, at_ms: int) -> list[dict[str, Any]]:
    return [
        {
            "attempt_id": attempt_id,
            "question_id": part.question_id,
            "revision_id": part.revision_id,
            "response": part.response,
            "seq": part.seq,
            "is_right": part.right == 1,
            "points_hundredths": part.points_hundredths,
            "answered_ms": at_ms,
            "spent_ms": part.spent_ms,
        }
        for part in _answers.decode(fields["d"])
    ]


def _ending(fields: Mapping[str, str], attempt_id: str) -> dict[str, Any]:
    if fields["how"] not in (HANDED_IN, EXPIRED):
        raise ValueError(f"no such end: {fields['how']}")
    return {
        "id": attempt_id,
        "finish": fields["how"],
        "finished_ms": int(fields["at"]),
        "score_hundredths": int(fields["score"]),
        "right": int(fields["right"]),
        "answered": int(fields["answered"]),
        "knowledge_points": int(fields["points"]),
        "duration_ms": int(fields["duration"]),
    }
