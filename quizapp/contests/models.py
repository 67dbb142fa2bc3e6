"""Tables of contests, their sections, kits and entries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quizapp.bank.models import Bank, Question, Topic
from quizapp.contests.shards import Shards
from quizapp.core.crypto import EncryptedText
from quizapp.core.db import Base

FEEDBACKS = ("nothing", "score", "answers", "explanations")
FEEDBACK_TIMES = ("at_once", "after_finish", "after_close")
ENTRY_FIELDS = ("name", "phone", "unit", "audience")


class Contest(Base):
    """A contest as organisers edit it. Participants see only its kit, its window and its counters."""

    __tablename__ = "contest"
    __table_args__ = (
        CheckConstraint("state in ('draft','published')", name="state"),
        CheckConstraint("paper in ('fixed','random')", name="paper"),
        CheckConstraint("entry_mode in ('nickname','form')", name="entry_mode"),
        CheckConstraint("feedback in ('nothing','score','answers','explanations')", name="feedback"),
        CheckConstraint("feedback_time in ('at_once','after_finish','after_close')", name="feedback_time"),
        CheckConstraint("closes_at > opens_at", name="window"),
        CheckConstraint("limit_seconds is null or limit_seconds between 60 and 10800", name="limit"),
        CheckConstraint("shard_count between 1 and 64", name="shard_count"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    """The word in /play/<slug>; printed on posters, never changed after publishing."""
    title: Mapped[str] = mapped_column(String(128))
    host_name: Mapped[str] = mapped_column(String(128), default="")
    """The responsible body (主办单位) shown on the contest's page."""
    introduction: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(16), default="draft")
    timezone: Mapped[str] = mapped_column(String(64), default="Asia/Shanghai")
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    """Half open: at this moment the contest is closed. Moved by extending and by closing early."""
    paused_at: Mapped[datetime | None]
    paper: Mapped[str] = mapped_column(String(16), default="random")
    shuffle_questions: Mapped[bool] = mapped_column(default=True)
    shuffle_options: Mapped[bool] = mapped_column(default=True)
    limit_seconds: Mapped[int | None]
    attempts_total: Mapped[int | None]
    attempts_per_day: Mapped[int | None]
    pass_mark_hundredths: Mapped[int | None]
    feedback: Mapped[str] = mapped_column(String(16), default="explanations")
    feedback_time: Mapped[str] = mapped_column(String(16), default="after_finish")
    entry_mode: Mapped[str] = mapped_column(String(16), default="nickname")
    entry_fields: Mapped[list[Any]] = mapped_column(default=list)
    """For entry_mode "form": the names of ENTRY_FIELDS that are asked, in order."""
    audience_groups: Mapped[list[Any]] = mapped_column(default=list)
    """The choices of the field "audience", e.g. ["机关干部", "学生", "村（居）民"]."""
    unit_root_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    """The field "unit" offers the active units below this one; None: the whole tree."""
    capacity: Mapped[int | None]
    """How many may play at the same time; None: no limit."""
    accent: Mapped[str] = mapped_column(String(7), default="")
    """#rrggbb or empty for the site's; checked for contrast."""
    retention_days: Mapped[int] = mapped_column(default=180)
    shard_count: Mapped[int] = mapped_column(default=1)
    """Into how many shards its live state is split; set by publishing, never changed after it."""
    kit_version: Mapped[int] = mapped_column(default=0)
    lock_version: Mapped[int] = mapped_column(default=1)
    """Raised with each edit; an edit of an older one is refused, so that two organisers do not overwrite each other."""
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]

    sections: Mapped[list[Section]] = relationship(
        back_populates="contest", order_by="Section.position", cascade="all, delete-orphan"
    )

    @property
    def is_published(self) -> bool:
        return self.state == "published"

    @property
    def shards(self) -> Shards:
        return Shards(self.id, self.shard_count)


class Section(Base):
    """One part of the paper: so many questions of a description, each worth so many points.

    For a fixed paper `questions` are the very ones; for a random paper they stay empty and are drawn.
    """

    __tablename__ = "contest_section"
    __table_args__ = (
        UniqueConstraint("contest_id", "position"),
        CheckConstraint("count > 0", name="count"),
        CheckConstraint("points_hundredths > 0", name="points"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    contest_id: Mapped[int] = mapped_column(ForeignKey("contest.id", ondelete="CASCADE"))
    position: Mapped[int]
    bank_id: Mapped[int] = mapped_column(ForeignKey("bank.id"))
    kind: Mapped[str | None] = mapped_column(String(16))
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topic.id"))
    difficulty: Mapped[int | None]
    count: Mapped[int]
    points_hundredths: Mapped[int]
    contest: Mapped[Contest] = relationship(back_populates="sections")
    bank: Mapped[Bank] = relationship()
    topic: Mapped[Topic | None] = relationship()
    questions: Mapped[list[SectionQuestion]] = relationship(
        order_by="SectionQuestion.position", cascade="all, delete-orphan"
    )


class SectionQuestion(Base):
    """A chosen question of a fixed paper."""

    __tablename__ = "contest_section_question"
    __table_args__ = (UniqueConstraint("section_id", "question_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    section_id: Mapped[int] = mapped_column(ForeignKey("contest_section.id", ondelete="CASCADE"))
    position: Mapped[int]
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"))
    question: Mapped[Question] = relationship()


class StoredKit(Base):
    """A compiled kit as published; the truth behind the copies in Redis and in the workers."""

    __tablename__ = "contest_kit"
    __table_args__ = (UniqueConstraint("contest_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contest_id: Mapped[int] = mapped_column(ForeignKey("contest.id"))
    version: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """zlib-compressed msgpack of `kit.Kit`."""
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class KitRevision(Base):
    """Which revision of a question a kit holds, so that nobody has to unpack kits to learn who uses what."""

    __tablename__ = "contest_kit_revision"

    kit_id: Mapped[int] = mapped_column(ForeignKey("contest_kit.id"), primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), primary_key=True, index=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("question_revision.id"))


class Entry(Base):
    """A participant in one contest: an opaque id, and what the contest asked for, encrypted."""

    __tablename__ = "contest_entry"
    __table_args__ = (
        UniqueConstraint("contest_id", "person"),
        Index("ix_contest_entry_unit", "contest_id", "unit_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    contest_id: Mapped[int] = mapped_column(ForeignKey("contest.id"))
    person: Mapped[str] = mapped_column(String(32))
    """32 hex digits: HMAC of the identifying fields, or random for a nickname entry."""
    shard: Mapped[int] = mapped_column(default=0)
    name: Mapped[str | None] = mapped_column(EncryptedText("contest_entry.name"))
    """Name or nickname; None once anonymised."""
    phone: Mapped[str | None] = mapped_column(EncryptedText("contest_entry.phone"))
    masked_name: Mapped[str] = mapped_column(String(64))
    """What boards show: 张*, or the nickname."""
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    audience: Mapped[str | None] = mapped_column(String(64))
    resume_code_hash: Mapped[str | None] = mapped_column(String(64))
    """HMAC of the six-digit code shown at the first entry; None for nickname entries."""
    entry_key_hash: Mapped[str | None] = mapped_column(String(64))
    """HMAC of the Idempotency-Key of the first entry: a browser whose reply was lost repeats it to get a code."""
    entered_at: Mapped[datetime]
    anonymised_at: Mapped[datetime | None]
