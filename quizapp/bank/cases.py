"""Cases: a passage that several questions of a bank share. A case is no row; its questions carry the same text."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from quizapp.accounts.models import User
from quizapp.bank.actions import Content, content_of, revise
from quizapp.bank.models import Article, Question, QuestionRevision
from quizapp.core.db import db


def questions_of_case(revision: QuestionRevision) -> list[Question]:
    """The questions of a bank whose newest revision carries the passage of this one, in the order of their making.

    That of the revision itself is among them while it is the newest; none without a passage.
    """
    if not revision.passage_hash:
        return []
    newest = (
        select(func.max(QuestionRevision.number))
        .where(QuestionRevision.question_id == Question.id)
        .correlate(Question)
        .scalar_subquery()
    )
    query = (
        select(Question)
        .join(QuestionRevision, QuestionRevision.question_id == Question.id)
        .where(
            Question.bank_id == revision.question.bank_id,
            QuestionRevision.number == newest,
            QuestionRevision.passage_hash == revision.passage_hash,
        )
        .order_by(Question.id)
        .options(
            selectinload(Question.topics),
            selectinload(Question.revisions).selectinload(QuestionRevision.articles).joinedload(Article.law),
        )
    )
    return list(db.session.scalars(query))


def differs(content: Content, revision: QuestionRevision) -> bool:
    """Whether a content has another passage than a revision: its text, its translations, its media."""
    return _passage(content) != _passage(content_of(revision))


def change_passage(*, revision: QuestionRevision, content: Content, actor: User | None, now: datetime) -> int:
    """Give the other questions of a revision's case the passage of `content`, each as a new revision; return how many.

    Retired questions keep what they have. To be called before the question itself is revised.
    """
    others = [
        question
        for question in questions_of_case(revision)
        if question.id != revision.question_id and question.state != "retired"
    ]
    for question in others:
        revise(question=question, content=_with_passage(content_of(question.latest), content), actor=actor, now=now)
    return len(others)


def _passage(content: Content) -> tuple[str, list[tuple[str, str]], dict[str, str]]:
    media = [(one["sha256"], one["alt"]) for one in content.media if one["at"] == "passage"]
    texts = {code: version.get("passage", "") for code, version in content.translations.items()}
    return content.passage, media, {code: text for code, text in texts.items() if text}


def _with_passage(content: Content, source: Content) -> Content:
    """The content with the passage of another one; its versions in languages that it lacks are not begun by that."""
    media = [one for one in source.media if one["at"] == "passage"]
    return replace(
        content,
        passage=source.passage,
        media=[*(one for one in content.media if one["at"] != "passage"), *media],
        translations={
            code: {**version, "passage": source.translations.get(code, {}).get("passage", "")}
            for code, version in content.translations.items()
        },
    )
