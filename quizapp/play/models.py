"""Tables that the recorder fills from the live events; times are milliseconds since 1970-01-01 UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.core.db import Base

FINISHES = ("handed_in", "expired")


class Attempt(Base):
    """One attempt of one participant. Open while `finish` is None."""

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("contest_id", "person", "number"),
        CheckConstraint("finish is null or finish in ('handed_in','expired')", name="finish"),
        Index("ix_attempt_contest_finish", "contest_id", "finish"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    """The opaque id that the browser knows, 128 random bits."""
    contest_id: Mapped[int] = mapped_column(ForeignKey("contest.id"))
    shard: Mapped[int]
    person: Mapped[str] = mapped_column(String(32))
    number: Mapped[int]
    """1 for a person's first attempt in this contest, counted by begins."""
    kit_version: Mapped[int]
    paper: Mapped[list[Any]]
    """[[question id, revision id, points in hundredths, [canonical option ids in the order shown]], …]."""
    begin_key: Mapped[str] = mapped_column(String(64), default="")
    """The Idempotency-Key of the begin, kept so that a repeat after a rebuild finds the same attempt."""
    started_ms: Mapped[int] = mapped_column(BigInteger)
    deadline_ms: Mapped[int | None] = mapped_column(BigInteger)
    """The end of its own time as told at the begin; None: only the contest's close ends it. Pauses move it on."""
    shift_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    """What the contest's clock had been moved by at the begin (see ContestClock)."""
    still_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    """How long the contest had been paused in all at the begin."""
    finished_ms: Mapped[int | None] = mapped_column(BigInteger)
    finish: Mapped[str | None] = mapped_column(String(16))
    score_hundredths: Mapped[int | None]
    full_hundredths: Mapped[int]
    right: Mapped[int | None]
    answered: Mapped[int | None]
    knowledge_points: Mapped[int | None]
    """Sum over answered questions of their knowledge points."""
    duration_ms: Mapped[int | None] = mapped_column(BigInteger)
    """Time used: from the begin to the end, without pauses."""
    is_flagged: Mapped[bool] = mapped_column(default=False)


class Answer(Base):
    """The response that stands for one question of an attempt."""

    __tablename__ = "answer"
    __table_args__ = (UniqueConstraint("attempt_id", "question_id"),)

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    attempt_id: Mapped[str] = mapped_column(ForeignKey("attempt.id"))
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), index=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("question_revision.id"))
    response: Mapped[list[Any]]
    """In canonical form, see bank.rules; [] when cleared."""
    seq: Mapped[int] = mapped_column(BigInteger)
    is_right: Mapped[bool]
    points_hundredths: Mapped[int]
    answered_ms: Mapped[int] = mapped_column(BigInteger)
    spent_ms: Mapped[int]


class RecorderPosition(Base):
    """How far the events of a shard are in SQL; moved only in the transaction that applied them (the fence)."""

    __tablename__ = "recorder_position"

    contest_id: Mapped[int] = mapped_column(ForeignKey("contest.id"), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True)
    lineage: Mapped[str] = mapped_column(String(32))
    """Which life of the live data the numbers belong to; a rebuild begins a new one."""
    last_number: Mapped[int] = mapped_column(BigInteger, default=0)
    last_stream_id: Mapped[str] = mapped_column(String(32), default="0-0")
    halted_reason: Mapped[str] = mapped_column(String(255), default="")
    """Not empty: events went back in time; nothing is recorded until a person has decided."""
    recorded_at: Mapped[datetime | None]
    is_settled: Mapped[bool] = mapped_column(default=False)
    """Closed for a while and recorded to the end: the recorder looks at it no more."""


class Correction(Base):
    """A question of a published contest that is voided or gets another key: asked for, applied, rescored.

    Applied means that the contest's kit has it; from then on that kit is the truth, and no gate is opened before
    everything recorded is marked by it.
    """

    __tablename__ = "correction"
    __table_args__ = (CheckConstraint("what in ('void','key')", name="what"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contest_id: Mapped[int] = mapped_column(ForeignKey("contest.id"), index=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"))
    what: Mapped[str] = mapped_column(String(16))
    key: Mapped[list[Any]] = mapped_column(default=list)
    """The key that holds from now on; [] for a voided question."""
    reason: Mapped[str] = mapped_column(String(255))
    """Shown to participants where it gives no key away."""
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    asked_at: Mapped[datetime]
    kit_version: Mapped[int | None]
    """The kit that it made; None until it is applied."""
    applied_at: Mapped[datetime | None]
    upto: Mapped[str] = mapped_column(String(32), default="")
    """The last person whose records are marked anew; moved in the transaction that did so."""
    rescored_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(String(64), default="")
    """Why it could not be applied; nothing has changed then."""
    outcome: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What changed, as impact.Impact, counted in the moment when it was applied."""

    @property
    def is_waiting(self) -> bool:
        return self.rescored_at is None and not self.error


class ContestClock(Base):
    """What pauses and gifts of time have added to a contest so far; no row: nothing.

    A present pause is not in it yet: it began at Contest.paused_at.
    """

    __tablename__ = "contest_clock"

    contest_id: Mapped[int] = mapped_column(ForeignKey("contest.id"), primary_key=True)
    shift_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    """Added to the deadlines of the attempts that were open."""
    still_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    """Pauses alone: taken off the time used."""


class DeadLetter(Base):
    """An event that could not be applied, kept raw for a person to look at."""

    __tablename__ = "dead_letter"

    id: Mapped[int] = mapped_column(primary_key=True)
    contest_id: Mapped[int]
    shard: Mapped[int]
    stream_id: Mapped[str] = mapped_column(String(32))
    event: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class LiveSample(Base):
    """Figures of a shard that no answer can recompute, written every minute: visits, visitors, people playing."""

    __tablename__ = "live_sample"
    __table_args__ = (UniqueConstraint("contest_id", "shard", "minute_ms"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contest_id: Mapped[int] = mapped_column(ForeignKey("contest.id"))
    shard: Mapped[int] = mapped_column(default=0)
    minute_ms: Mapped[int] = mapped_column(BigInteger)
    visits: Mapped[int]
    visitors: Mapped[int]
    playing: Mapped[int]
    peak: Mapped[int]
    """Of people playing in all shards together."""
    peak_at_ms: Mapped[int | None] = mapped_column(BigInteger)
