"""Reads of the bank that other rooms and several pages share."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import selectinload

from quizapp.bank.models import (
    PLAYABLE_KINDS,
    Article,
    Bank,
    BulkChange,
    Law,
    Question,
    QuestionRevision,
    Topic,
    question_topic,
    revision_article,
)
from quizapp.bank.topics import read_tree
from quizapp.core.db import db


def usable_questions(
    *, bank_id: int, kind: str | None = None, topic_id: int | None = None, difficulty: int | None = None
) -> list[Question]:
    """The questions that a contest may draw: an approved revision, not retired, not held, of a playable kind.

    Ordered by id, with their revisions, topics and articles loaded: a fixed number of statements.
    """
    query = (
        select(Question)
        .where(*_usable(bank_id=bank_id, kind=kind, topic_id=topic_id, difficulty=difficulty))
        .order_by(Question.id)
        .options(
            selectinload(Question.topics),
            selectinload(Question.revisions).selectinload(QuestionRevision.articles).joinedload(Article.law),
        )
    )
    return list(db.session.scalars(query))


def count_usable(
    *, bank_id: int, kind: str | None = None, topic_id: int | None = None, difficulty: int | None = None
) -> int:
    """How many questions `usable_questions` would give."""
    conditions = _usable(bank_id=bank_id, kind=kind, topic_id=topic_id, difficulty=difficulty)
    return db.session.scalar(select(func.count(Question.id)).where(*conditions)) or 0


def held_ids(
    *, bank_id: int, kind: str | None = None, topic_id: int | None = None, difficulty: int | None = None
) -> list[int]:
    """The questions that `usable_questions` would give too, were they not on hold; by id."""
    conditions = _usable(bank_id=bank_id, kind=kind, topic_id=topic_id, difficulty=difficulty, is_held=True)
    return list(db.session.scalars(select(Question.id).where(*conditions).order_by(Question.id)))


def _usable(
    *, bank_id: int, kind: str | None, topic_id: int | None, difficulty: int | None, is_held: bool = False
) -> list[ColumnElement[bool]]:
    approved = exists().where(QuestionRevision.question_id == Question.id, QuestionRevision.approved_at.is_not(None))
    conditions: list[ColumnElement[bool]] = [
        Question.bank_id == bank_id,
        Question.state != "retired",
        Question.held_reason != "" if is_held else Question.held_reason == "",
        Question.kind.in_(PLAYABLE_KINDS if kind is None else (kind,)),
        approved,
    ]
    if topic_id is not None:
        tree = read_tree()
        ids = tree.with_below(topic_id) if topic_id in tree.topics else []
        conditions.append(
            exists().where(question_topic.c.question_id == Question.id, question_topic.c.topic_id.in_(ids))
        )
    if difficulty is not None:
        conditions.append(Question.difficulty == difficulty)
    return conditions


def banks_with_counts() -> Sequence[tuple[Bank, int, int]]:
    """Each bank with its number of questions and of those a contest may draw, by name."""
    total = func.count(Question.id)
    approved = exists().where(QuestionRevision.question_id == Question.id, QuestionRevision.approved_at.is_not(None))
    is_usable = (
        (Question.state != "retired") & (Question.held_reason == "") & Question.kind.in_(PLAYABLE_KINDS) & approved
    )
    usable = func.count(Question.id).filter(is_usable)
    rows = db.session.execute(
        select(Bank, total, usable)
        .outerjoin(Question, Question.bank_id == Bank.id)
        .group_by(Bank.id)
        .order_by(Bank.name)
    )
    return [(bank, all_questions, usable_ones) for bank, all_questions, usable_ones in rows]


def topics_of_bank(bank_id: int) -> list[tuple[int, Topic]]:
    """The knowledge points that a bank's questions carry and those above them, with their depth, as the tree stands."""
    carried = select(question_topic.c.topic_id).where(
        question_topic.c.question_id == Question.id, Question.bank_id == bank_id
    )
    tree = read_tree()
    wanted: set[int] = set()
    for topic_id in db.session.scalars(carried.distinct()):
        above: int | None = topic_id
        while above is not None and above not in wanted:
            wanted.add(above)
            above = tree.topics[above].parent_id
    return [(depth, topic) for depth, topic in tree.walk() if topic.id in wanted]


def laws_with_counts() -> Sequence[tuple[Law, int]]:
    """Each law with the number of questions that rest on it by any revision, by title."""
    questions = func.count(func.distinct(QuestionRevision.question_id))
    rows = db.session.execute(
        select(Law, questions)
        .outerjoin(Article, Article.law_id == Law.id)
        .outerjoin(revision_article, revision_article.c.article_id == Article.id)
        .outerjoin(QuestionRevision, QuestionRevision.id == revision_article.c.revision_id)
        .group_by(Law.id)
        .order_by(Law.title, Law.effective_on)
    )
    return [(law, count) for law, count in rows]


def count_in_review() -> int:
    """How many questions wait for a reviewer."""
    return db.session.scalar(select(func.count(Question.id)).where(Question.state == "in_review")) or 0


def last_bulk_change(bank_id: int) -> BulkChange | None:
    """The newest act on many questions of a bank that was not undone."""
    return db.session.scalar(
        select(BulkChange)
        .where(BulkChange.bank_id == bank_id, BulkChange.undone_at.is_(None))
        .order_by(BulkChange.id.desc())
        .limit(1)
    )


def topic_names() -> list[str]:
    """The names of all knowledge points, for suggestions."""
    return list(db.session.scalars(select(Topic.name).order_by(Topic.name)))
