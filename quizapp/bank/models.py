"""Tables of laws, topics, banks, questions and their revisions, media, imports and bulk changes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, String, Table, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quizapp.accounts.models import User
from quizapp.core.background import Job
from quizapp.core.db import Base

KINDS = ("single", "multiple", "indefinite", "true_false", "fill_in", "ordering", "matching", "short_text")
PLAYABLE_KINDS = ("single", "multiple", "indefinite", "true_false", "fill_in", "ordering", "matching")
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
    __table_args__ = (
        UniqueConstraint("title", "effective_on"),
        CheckConstraint("status in ('in_force','amended','repealed')", name="status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(128))
    """Short official title, e.g. 宗教事务条例."""
    effective_on: Mapped[date | None]
    issuing_body: Mapped[str] = mapped_column(String(128), default="")
    number: Mapped[str] = mapped_column(String(64), default="")
    """Number of the decree (文号), e.g. 国务院令第686号."""
    issued_on: Mapped[date | None]
    status: Mapped[str] = mapped_column(String(16), default="in_force")
    status_on: Mapped[date | None]
    """Day from which `status` holds, where it is not in_force."""
    status_note: Mapped[str] = mapped_column(String(255), default="")
    history: Mapped[list[Any]] = mapped_column(default=list)
    """[{"on": ISO date or "", "text": …}, …]: adoption and amendments in the words of the statute's head."""
    articles: Mapped[list[Article]] = relationship(
        back_populates="law", cascade="all, delete-orphan", order_by="Article.place, Article.id"
    )


class Article(Base):
    """An article (and paragraph) of a law as it is cited, e.g. 第四条第一款."""

    __tablename__ = "article"
    __table_args__ = (
        UniqueConstraint("law_id", "label"),
        CheckConstraint("status in ('in_force','amended','repealed')", name="status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    law_id: Mapped[int] = mapped_column(ForeignKey("law.id"))
    label: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text, default="")
    place: Mapped[int] = mapped_column(default=0)
    """Where it stands in the statute, from 1; 0 for one known from a citation alone."""
    chapter: Mapped[str] = mapped_column(String(255), default="")
    """The headings above it, highest first, one a line: 第五章 行政处罚的决定, 第一节 一般规定."""
    status: Mapped[str] = mapped_column(String(16), default="in_force")
    status_on: Mapped[date | None]
    status_note: Mapped[str] = mapped_column(String(255), default="")
    law: Mapped[Law] = relationship(back_populates="articles")


class LawImport(Base):
    """Texts of statutes or a list of laws, uploaded and read, until somebody stores them or leaves them."""

    __tablename__ = "law_import"

    id: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]]
    """{"statutes": [{"file": …, "text": …}, …]}, or {"file": …, "rows": [[number, cell, …], …]} of a list."""
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]


class Topic(Base):
    """A knowledge point (知识点)."""

    __tablename__ = "topic"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("topic.id"), index=True)
    place: Mapped[int] = mapped_column(default=0)
    """Order among the topics of one parent."""


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
    held_article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"), index=True)
    """The article whose change put the question on hold."""
    is_sensitive: Mapped[bool] = mapped_column(default=False)
    difficulty: Mapped[int] = mapped_column(default=2)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("question_import.id"), index=True)
    created_at: Mapped[datetime]
    times_answered: Mapped[int] = mapped_column(default=0)
    """Recorded answers in handed-in attempts; filled by the recorder of play."""
    times_right: Mapped[int] = mapped_column(default=0)
    search_text: Mapped[str] = mapped_column(Text, default="", deferred=True)
    """rules.search_text of the newest revision in all its languages: one column to look for words in."""

    bank: Mapped[Bank] = relationship()
    topics: Mapped[list[Topic]] = relationship(secondary=question_topic, order_by=Topic.name)
    held_article: Mapped[Article | None] = relationship()
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

    `options` is [{"id": "A", "text": …}, …] in canonical order (empty for true_false, fill_in, short_text). Those
    of matching have the ids A, B, … for what is on the left and 1, 2, … for what is on the right.
    `key` by kind: choice kinds a list of option ids; true_false ["true"] or ["false"]; fill_in a list, one a
    blank, of lists of accepted texts; ordering all option ids in the right order; matching one pair for each on
    the left, "A2"; short_text [reference answer] or [].
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
    passage: Mapped[str] = mapped_column(Text, default="")
    """The case (案例) that the question is about. The questions of one case carry the same text."""
    passage_hash: Mapped[str] = mapped_column(String(64), default="", index=True)
    """rules.stem_hash of the passage, "" without one: equal for all questions of a case."""
    rubric: Mapped[list[Any]] = mapped_column(default=list)
    """For short_text, [{"text": …, "points_hundredths": int or None}, …]: what an answer earns points for."""
    media: Mapped[list[Any]] = mapped_column(default=list)
    """[{"at": "stem", "passage", "explanation" or an option id, "sha256": …, "ending": "png", "jpg", "webp" or
    "mp3", "kind": "picture" or "audio", "alt": …, "width", "height": pixels or None, "duration_ms": … or None}, …];
    each is shown below the text it belongs to, at the address /media/<sha256>.<ending>."""
    translations: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Language code → {"stem", "passage", "explanation", "options": {id: text}}; the key is everybody's."""
    classification: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """{"topics": [name, …], "difficulty": …, "is_sensitive": …} as written with it, for comparing revisions; the
    question's own are what counts. {} for one written before this was kept."""
    stem_hash: Mapped[str] = mapped_column(String(64), index=True)
    """rules.stem_hash of stem and passage, by which duplicates are found."""
    author_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    approved_at: Mapped[datetime | None]
    question: Mapped[Question] = relationship(back_populates="revisions")
    articles: Mapped[list[Article]] = relationship(secondary=revision_article, order_by=Article.id)


class Media(Base):
    """A picture or a recording as it is shown: encoded anew, without metadata, found by its digest."""

    __tablename__ = "media"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Hex digest of `body`; nobody can guess the address of what a question not yet seen shows."""
    content_type: Mapped[str] = mapped_column(String(32))
    body: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    width: Mapped[int | None]
    height: Mapped[int | None]
    """In pixels; None for recordings."""
    duration_ms: Mapped[int | None]
    created_at: Mapped[datetime]
    """When it was last sent or picked for a question; what no revision names is dropped a day later."""


class QuestionReview(Base):
    """A colleague's word on a revision: approved, returned with a reason, or a comment."""

    __tablename__ = "question_review"
    __table_args__ = (CheckConstraint("verdict in ('approved','returned','comment')", name="verdict"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id", ondelete="CASCADE"), index=True)
    revision_number: Mapped[int]
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    verdict: Mapped[str] = mapped_column(String(16))
    comment: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]


class QuestionImport(Base):
    """One uploaded file: read in the background, shown row by row, taken into the bank only on a second act."""

    __tablename__ = "question_import"
    __table_args__ = (
        CheckConstraint("state in ('reading','staged','importing','imported','undone','failed')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("bank.id"), index=True)
    file_name: Mapped[str] = mapped_column(String(255))
    format: Mapped[str] = mapped_column(String(16))
    """As a person chose or as it was recognised; "auto" until it was read."""
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """The file itself, kept for a while after the import, so that one undone can be repeated."""
    state: Mapped[str] = mapped_column(String(16), default="staged")
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """How the file is to be read, as corrected by a person: formats.ReadOptions as a document."""
    mends: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Place → the fields of a row as mended by a person."""
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The document `quizapp bank import --json` prints; what else pages show is in `outline` and in the rows."""
    outline: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What was recognised (`sheets`) and counted, and what came of the import; see import_rows.outline."""
    lock_version: Mapped[int] = mapped_column(default=1)
    """Raised whenever the file is to be read anew: what was decided on an older reading is refused."""
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id", ondelete="SET NULL"), index=True)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    imported_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    job: Mapped[Job | None] = relationship()
    bank: Mapped[Bank] = relationship()
    created_by: Mapped[User | None] = relationship()


class ImportRow(Base):
    """What one place of an imported file holds: a question, or why there is none, or a note on more than one row."""

    __tablename__ = "import_row"
    __table_args__ = (
        CheckConstraint("state in ('good','bad','note')", name="state"),
        CheckConstraint("duplicate in ('','same','other','similar')", name="duplicate"),
        CheckConstraint("decision in ('keep','skip')", name="decision"),
    )

    import_id: Mapped[int] = mapped_column(ForeignKey("question_import.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    """Order in the file, from 1."""
    place: Mapped[str] = mapped_column(Text)
    """The stable place, by which mends are kept."""
    state: Mapped[str] = mapped_column(String(8))
    problems: Mapped[list[Any]] = mapped_column(default=list)
    """[{"code", "params", "severity"}, …]; an error in a good row would be a contradiction, a note can have one.
    That a stem stood before is in `duplicate`."""
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """A good row has "question" (import_rows.question_document), a bad one its "source"; both have their "fields" for
    a mend, if there is a reason for one;
    a duplicate has "other": {"question": id} or {"row": number, "place": …}, and "likeness" in percent."""
    duplicate: Mapped[str] = mapped_column(String(8), default="")
    """Of what stands in the bank or above in the file: the same question, the same stem with other options or
    another key, or a similar one."""
    decision: Mapped[str] = mapped_column(String(4), default="keep")
    """For a duplicate, what a person decided; before that, only the same question is skipped."""
    question_id: Mapped[int | None] = mapped_column(ForeignKey("question.id", ondelete="SET NULL"), index=True)
    """What became of it."""


class BulkChange(Base):
    """One act on many questions, with what each was before, so that it can be undone as one."""

    __tablename__ = "bulk_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_id: Mapped[int] = mapped_column(ForeignKey("bank.id"), index=True)
    action: Mapped[str] = mapped_column(String(32))
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    """Question id (as text) → the values that the act changed."""
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
