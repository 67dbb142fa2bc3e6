"""What changes banks and questions. Everything here flushes and never commits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from quizapp.accounts import audit
from quizapp.accounts.models import User
from quizapp.bank.models import (
    KINDS,
    Article,
    Bank,
    Law,
    Question,
    QuestionReview,
    QuestionRevision,
    Topic,
)
from quizapp.bank.rules import stem_hash
from quizapp.core.db import db
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _


class WrongState(DomainError):
    """The question is not in a state from which this step leads on."""

    status, code = 409, "wrong_state"

    def message(self) -> str:
        return _("这道题的状态已经改变，不能进行这一步。请刷新页面后再看。")


class OwnQuestion(DomainError):
    """With four eyes on, whoever wrote a revision may not approve it."""

    status, code = 403, "own_question"

    def message(self) -> str:
        return _("自己编写的题目须由另一位同事审核。")


@dataclass(frozen=True, slots=True)
class Citation:
    """A law and article as a question names them."""

    law: str
    article: str
    effective_on: date | None


@dataclass(frozen=True, slots=True)
class Content:
    """What a question says; shapes as in models.QuestionRevision, already checked."""

    kind: str
    stem: str
    options: Sequence[tuple[str, str]]
    key: Sequence[Any]
    explanation: str
    citations: Sequence[Citation]
    topics: Sequence[str]
    difficulty: int
    is_sensitive: bool = False


def get_or_create_bank(*, name: str, actor: User | None, now: datetime) -> Bank:
    bank = db.session.scalar(select(Bank).where(Bank.name == name))
    if bank is None:
        bank = Bank(name=name, created_by_id=actor.id if actor else None, created_at=now)
        db.session.add(bank)
        db.session.flush()
    return bank


class Shelf:
    """Topics and articles found or made once for many questions, so that an import asks SQL once for each."""

    def __init__(self) -> None:
        self.topics = {topic.name: topic for topic in db.session.scalars(select(Topic))}
        self.laws = {(law.title, law.effective_on): law for law in db.session.scalars(select(Law))}
        self.articles = {(article.law_id, article.label): article for article in db.session.scalars(select(Article))}

    def topic(self, name: str) -> Topic:
        if name not in self.topics:
            self.topics[name] = Topic(name=name)
            db.session.add(self.topics[name])
        return self.topics[name]

    def article(self, citation: Citation) -> Article:
        law = self.laws.get((citation.law, citation.effective_on))
        if law is None:
            law = self.laws[citation.law, citation.effective_on] = Law(
                title=citation.law, effective_on=citation.effective_on
            )
            db.session.add(law)
            db.session.flush()
        article = self.articles.get((law.id, citation.article))
        if article is None:
            article = self.articles[law.id, citation.article] = Article(law=law, label=citation.article)
            db.session.add(article)
        return article


def add_questions(
    *, bank: Bank, contents: Iterable[Content], actor: User | None, now: datetime, import_id: int | None = None
) -> list[Question]:
    """Write new questions as drafts, in order."""
    shelf = Shelf()
    questions = []
    with db.session.no_autoflush:
        for content in contents:
            question = Question(
                bank_id=bank.id, kind=content.kind, created_at=now, import_id=import_id, state="draft", revisions=[]
            )
            _write_revision(question, content, shelf, actor, now)
            db.session.add(question)
            questions.append(question)
    db.session.flush()
    return questions


def revise(*, question: Question, content: Content, actor: User | None, now: datetime) -> QuestionRevision:
    """Write a new revision as a draft; an approved one stays in use until the new one is approved."""
    if question.state == "retired" or content.kind != question.kind or content.kind not in KINDS:
        raise WrongState
    revision = _write_revision(question, content, Shelf(), actor, now)
    question.state = "draft"
    db.session.flush()
    return revision


def _write_revision(
    question: Question, content: Content, shelf: Shelf, actor: User | None, now: datetime
) -> QuestionRevision:
    revision = QuestionRevision(
        number=len(question.revisions) + 1,
        stem=content.stem,
        options=[{"id": option_id, "text": text} for option_id, text in content.options],
        key=list(content.key),
        explanation=content.explanation,
        stem_hash=stem_hash(content.stem),
        author_id=actor.id if actor else None,
        created_at=now,
        articles=list({citation: shelf.article(citation) for citation in content.citations}.values()),
    )
    question.revisions.append(revision)
    question.topics = [shelf.topic(name) for name in dict.fromkeys(content.topics)]
    question.difficulty = content.difficulty
    question.is_sensitive = content.is_sensitive
    return revision


def submit(*, question: Question) -> None:
    """Hand a draft to the reviewers."""
    _step(question, "draft", "in_review")


def approve(*, question: Question, reviewer: User, four_eyes: bool, comment: str, now: datetime) -> None:
    """Approve the newest revision; with four eyes a sensitive question needs two different reviewers.

    Raises WrongState, or OwnQuestion when the reviewer wrote it.
    """
    if question.state != "in_review":
        raise WrongState
    if four_eyes and question.latest.author_id == reviewer.id:
        raise OwnQuestion
    _record_verdict(question, reviewer, "approved", comment, now)
    approvers = {
        review.reviewer_id
        for review in question.reviews
        if review.verdict == "approved" and review.revision_number == question.latest.number
    }
    if four_eyes and question.is_sensitive and len(approvers) < 2:
        return
    question.state = "approved"
    question.latest.approved_at = now
    db.session.flush()


def return_question(*, question: Question, reviewer: User, comment: str, now: datetime) -> None:
    """Give a question back to its author with a reason."""
    if question.state != "in_review":
        raise WrongState
    _record_verdict(question, reviewer, "returned", comment, now)
    question.state = "draft"
    db.session.flush()


def _record_verdict(question: Question, reviewer: User, verdict: str, comment: str, now: datetime) -> None:
    question.reviews.append(
        QuestionReview(
            revision_number=question.latest.number, reviewer_id=reviewer.id, verdict=verdict, comment=comment, at=now
        )
    )
    audit.record(
        action=f"bank.{verdict}",
        subject_kind="question",
        subject_id=str(question.id),
        detail={"revision": question.latest.number, "comment": comment},
        now=now,
        actor=reviewer,
    )


def approve_import(*, import_id: int, actor: User | None, now: datetime) -> int:
    """Approve every draft of one import in one audited act, for installations without four eyes; return how many."""
    questions = list(
        db.session.scalars(select(Question).where(Question.import_id == import_id, Question.state == "draft"))
    )
    newest = (
        select(func.max(QuestionRevision.number))
        .where(QuestionRevision.question_id == Question.id)
        .correlate(Question)
        .scalar_subquery()
    )
    revisions = db.session.scalars(
        select(QuestionRevision)
        .join(Question)
        .where(Question.import_id == import_id, Question.state == "draft", QuestionRevision.number == newest)
    )
    for revision in list(revisions):
        revision.approved_at = now
    for question in questions:
        question.state = "approved"
    audit.record(
        action="bank.approve_import",
        subject_kind="import",
        subject_id=str(import_id),
        detail={"questions": len(questions)},
        now=now,
        actor=actor,
    )
    db.session.flush()
    return len(questions)


def retire(*, question: Question) -> None:
    """Take a question out of use; contests already published keep it."""
    if question.state == "retired":
        raise WrongState
    question.state = "retired"
    db.session.flush()


def hold(*, question: Question, reason: str) -> None:
    """Keep a question out of new contests until somebody has looked; an empty reason releases it."""
    question.held_reason = reason
    db.session.flush()


def _step(question: Question, before: str, after: str) -> None:
    if question.state != before:
        raise WrongState
    question.state = after
    db.session.flush()
