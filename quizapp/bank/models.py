"""Tables of laws, topics, banks, questions and their revisions, and imports."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, String, Table, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quizapp.core.db import Base

KINDS = ("single", "multiple", "indefinite", "true_false", "fill_in", "short_text")
PLAYABLE_KINDS = ("single", "multiple", "indefinite", "true_false", "fill_in")
STATES = ("draft", "in_review", "approved", "retired")
DIFFICULTIES = {1: "easy", 2: "medium", 3: "hard"}

question_topic = Table(
    "question_topic",
    Base.metadata,
    Column("question_id", ForeignKey("question.id", ondelete="CASCADE"), primary_key=True),
    Column("topic_id", ForeignKey("topic.id", ondelete="CASCADE"), primary_key=True, index=True),
)

revision_article = Table(
    "revision_article",
    Base.metadata,
    Column("revision_id", ForeignKey("question_revision.id", ondelete="CASCADE"), primary_key=True),
    Column("article_id", ForeignKey("article.id"), primary_key=True, index=True),
)


class Law(Base):
    """A statute or regulation in one version: the same title with another date of effect is another row."""

    __tablename__ = "law"
    __table_args__ = (UniqueConstraint("title", "effective_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(128))
    """Short official title, e.g. 宗教事务条例."""
    effective_on: Mapped[date | None]
    issuing_body: Mapped[str] = mapped_column(String(128), default="")
    articles: Mapped[list[Article]] = relationship(back_populates="law", cascade="all, delete-orphan")


class Article(Base):
    """An article (and paragraph) of a law as it is cited, e.g. 第四条第一款."""

    __tablename__ = "article"
    __table_args__ = (UniqueConstraint("law_id", "label"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    law_id: Mapped[int] = mapped_column(ForeignKey("law.id"))
    label: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text, default="")
    law: Mapped[Law] = relationship(back_populates="articles")


class Topic(Base):
    """A knowledge point (知识点)."""

    __tablename__ = "topic"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)


class Bank(Base):
    """A named collection of questions (题库)."""

    __tablename__ = "bank"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(128), unique=True)
    description: Mapped[str] = mapped_column(Text, default="")
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]


class Question(Base):
    """The lasting identity of a question; what it says is in its revisions.

    `state` is of the newest revision; contests use `approved_revision_id`, which stays usable while a newer
    revision is being written or reviewed.
    """

    __tablename__ = "question"
    __table_args__ = (
        CheckConstraint("state in ('draft','in_review','approved','retired')", name="state"),
        CheckConstraint("difficulty between 1 and 3", name="difficulty"),
        Index("ix_question_bank_state", "bank_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("bank.id"))
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default="draft")
    held_reason: Mapped[str] = mapped_column(String(255), default="")
    """Not empty: kept out of new kits until somebody has looked (e.g. its article was amended)."""
    is_sensitive: Mapped[bool] = mapped_column(default=False)
    difficulty: Mapped[int] = mapped_column(default=2)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("question_import.id"), index=True)
    created_at: Mapped[datetime]
    times_answered: Mapped[int] = mapped_column(default=0)
    """Recorded answers in handed-in attempts; filled by the recorder of play."""
    times_right: Mapped[int] = mapped_column(default=0)

    bank: Mapped[Bank] = relationship()
    topics: Mapped[list[Topic]] = relationship(secondary=question_topic, order_by=Topic.name)
    revisions: Mapped[list[QuestionRevision]] = relationship(
        back_populates="question", order_by="QuestionRevision.number", cascade="all, delete-orphan"
    )
    reviews: Mapped[list[QuestionReview]] = relationship(order_by="QuestionReview.id", cascade="all, delete-orphan")

    @property
    def latest(self) -> QuestionRevision:
        return self.revisions[-1]

    @property
    def approved(self) -> QuestionRevision | None:
        """The newest approved revision: what a contest published now would use."""
        return next((revision for revision in reversed(self.revisions) if revision.approved_at), None)


class QuestionRevision(Base):
    """What a question says, once and for all; a change is a new revision.

    `options` is [{"id": "A", "text": …}, …] in canonical order (empty for true_false, fill_in, short_text).
    `key` by kind: choice kinds a list of option ids; true_false ["true"] or ["false"]; fill_in a list, one a
    blank, of lists of accepted texts; short_text [reference answer] or [].
    """

    __tablename__ = "question_revision"
    __table_args__ = (UniqueConstraint("question_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id", ondelete="CASCADE"))
    number: Mapped[int]
    stem: Mapped[str] = mapped_column(Text)
    options: Mapped[list[Any]]
    key: Mapped[list[Any]]
    explanation: Mapped[str] = mapped_column(Text, default="")
    stem_hash: Mapped[str] = mapped_column(String(64), index=True)
    """SHA-256 of the normalised stem, by which duplicates are found."""
    author_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    approved_at: Mapped[datetime | None]
    question: Mapped[Question] = relationship(back_populates="revisions")
    articles: Mapped[list[Article]] = relationship(secondary=revision_article)


class QuestionReview(Base):
    """A reviewer's word on a revision: approved, or returned with a reason."""

    __tablename__ = "question_review"
    __table_args__ = (CheckConstraint("verdict in ('approved','returned')", name="verdict"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id", ondelete="CASCADE"), index=True)
    revision_number: Mapped[int]
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    verdict: Mapped[str] = mapped_column(String(16))
    comment: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]


class QuestionImport(Base):
    """One uploaded file: read at once and shown row by row, taken into the bank only on a second act."""

    __tablename__ = "question_import"
    __table_args__ = (CheckConstraint("state in ('staged','imported')", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("bank.id"))
    file_name: Mapped[str] = mapped_column(String(255))
    format: Mapped[str] = mapped_column(String(16))
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The file itself while staged; dropped once imported."""
    state: Mapped[str] = mapped_column(String(16), default="staged")
    report: Mapped[dict[str, Any]]
    """The document `quizapp bank import --json` prints."""
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
