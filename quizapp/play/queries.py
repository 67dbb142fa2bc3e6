"""Reads of recorded attempts, for what live memory no longer holds and for the person's own history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Text, cast, func, select

from quizapp.contests import actions as contests
from quizapp.contests import state as gates
from quizapp.contests.correcting import void_points
from quizapp.contests.kit import Kit
from quizapp.contests.models import Contest
from quizapp.contests.rules import DrawnQuestion
from quizapp.contests.shards import Shard
from quizapp.core.clock import to_ms
from quizapp.core.db import db
from quizapp.play import packing
from quizapp.play.hashes import LiveAttempt, Stored
from quizapp.play.models import Answer, Attempt, ContestClock, DeadLetter, RecorderPosition


def get_attempt(attempt_id: str) -> Attempt | None:
    return db.session.get(Attempt, attempt_id)


def attempts_of(*, contest_id: int, person: str) -> Sequence[Attempt]:
    """A person's recorded attempts in a contest, the newest first."""
    query = select(Attempt).where(Attempt.contest_id == contest_id, Attempt.person == person)
    return db.session.scalars(query.order_by(Attempt.number.desc())).all()


def answers_of(attempt_id: str) -> Sequence[Answer]:
    return db.session.scalars(select(Answer).where(Answer.attempt_id == attempt_id)).all()


def paper_of(attempt: Attempt) -> tuple[DrawnQuestion, ...]:
    return drawn_of(attempt.paper)


Paper = Sequence[tuple[int, int, int, list[str]]]
"""A paper as Attempt.paper holds it."""
_paper = msgspec.json.Decoder(list[tuple[int, int, int, list[str]]])
paper_text = cast(Attempt.paper, Text)
"""The column as it is stored, for those who look through many papers for one question."""


def paper_with(question_id: int, text: str) -> Paper | None:
    """A paper of `paper_text` if the question stands on it; most that do not hold it are not even decoded."""
    if f"{question_id}," not in text:
        return None
    paper = _paper.decode(text)
    return paper if any(drawn[0] == question_id for drawn in paper) else None


def worth_of(question_id: int, paper: Paper) -> int:
    """What a question on a paper is worth, in hundredths."""
    return next(drawn[2] for drawn in paper if drawn[0] == question_id)


def drawn_of(paper: Sequence[Any]) -> tuple[DrawnQuestion, ...]:
    """A paper as `Attempt.paper` holds it."""
    return tuple(
        DrawnQuestion(question_id, revision_id, points, tuple(option_ids))
        for question_id, revision_id, points, option_ids in paper
    )


def as_live(attempt: Attempt, answers: Sequence[Answer], *, kit: Kit, paper: Sequence[DrawnQuestion]) -> LiveAttempt:
    """A recorded attempt in the form in which it lies in Redis; `kit` is the contest's newest."""
    places = {drawn.question_id: place for place, drawn in enumerate(paper)}
    answered = [answer for answer in answers if answer.response]
    given_points, given_right = void_points(kit, paper)
    knowledge_points = sum(kit.questions[answer.question_id].knowledge_points for answer in answered)
    return LiveAttempt(
        id=attempt.id,
        person=attempt.person,
        kit=attempt.kit_version,
        number=attempt.number,
        started_ms=attempt.started_ms,
        ends_ms=attempt.deadline_ms - attempt.shift_ms if attempt.deadline_ms is not None else None,
        still_ms=attempt.still_ms,
        score_hundredths=given_points + sum(answer.points_hundredths for answer in answers),
        right=given_right + sum(answer.is_right for answer in answers),
        answered=len(answered),
        knowledge_points=knowledge_points,
        finish=attempt.finish,
        finished_ms=attempt.finished_ms,
        duration_ms=attempt.duration_ms,
        paper=packing.pack_paper(kit=kit, paper=paper),
        answers={places[answer.question_id]: _stored(kit, answer) for answer in answers},
    )


def _stored(kit: Kit, answer: Answer) -> Stored:
    question = kit.questions[answer.question_id]
    response = packing.pack_response(question=question, response=answer.response)
    return Stored(answer.seq, answer.points_hundredths, answer.is_right, response)


def gate_settings(contest_id: int, *shards: Shard) -> dict[Shard, list[str | int]]:
    """What the gates of these shards must say by the records: field, value, field, value, … as play.lua names them.

    All of it is of one version of the contest: a pause that ends and its length in the clock are one statement's look.
    """
    query = select(Contest, ContestClock).outerjoin(ContestClock, ContestClock.contest_id == Contest.id)
    row = db.session.execute(query.where(Contest.id == contest_id), execution_options={"populate_existing": True}).one()
    contest, clock = row[0], row[1] or ContestClock(shift_ms=0, still_ms=0)
    since = to_ms(contest.paused_at) if contest.paused_at else 0
    common: list[str | int] = [
        "version",
        contest.lock_version,
        "since",
        since,
        "shift",
        clock.shift_ms,
        "still",
        clock.still_ms,
    ]
    return {shard: [*gates.settings_fields(contests.gate_settings(contest, shard)), *common] for shard in shards}


def positions(*, contest_id: int) -> Sequence[RecorderPosition]:
    query = select(RecorderPosition).where(RecorderPosition.contest_id == contest_id)
    return db.session.scalars(query.order_by(RecorderPosition.shard)).all()


def is_settled(shard: Shard) -> bool:
    """Whether a shard's contest is over there, everybody has handed in, and all of it is recorded."""
    query = select(RecorderPosition.is_settled).where(
        RecorderPosition.contest_id == shard.contest_id, RecorderPosition.shard == shard.number
    )
    return bool(db.session.scalar(query))


def dead_letters_count(contest_id: int) -> int:
    return db.session.scalar(select(func.count(DeadLetter.id)).where(DeadLetter.contest_id == contest_id)) or 0


def halted() -> Sequence[RecorderPosition]:
    """The shards whose recording has stopped and waits for a person."""
    return db.session.scalars(select(RecorderPosition).where(RecorderPosition.halted_reason != "")).all()


def recorded_totals(contest_id: int) -> Mapping[str, Any]:
    """begun and finished attempts as SQL has them."""
    row = db.session.execute(
        select(func.count(Attempt.id), func.count(Attempt.finish)).where(Attempt.contest_id == contest_id)
    ).one()
    return {"begun": row[0], "finished": row[1]}
