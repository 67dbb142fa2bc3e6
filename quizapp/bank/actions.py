"""What changes banks and what questions say. Everything here flushes and never commits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from quizapp.accounts.models import User
from quizapp.bank.models import KINDS, Bank, Question, QuestionRevision
from quizapp.bank.rules import search_text, stem_hash
from quizapp.bank.shelf import Citation, Shelf
from quizapp.core.db import db
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _


class WrongState(DomainError):
    """The question is not in a state from which this step leads on."""

    status, code = 409, "wrong_state"

    def message(self) -> str:
        return _("这道题的状态已经改变，不能进行这一步。请刷新页面后再看。")


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
    passage: str = ""
    rubric: Sequence[Mapping[str, Any]] = ()
    media: Sequence[Mapping[str, Any]] = ()
    translations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def get_or_create_bank(*, name: str, actor: User | None, now: datetime) -> Bank:
    bank = db.session.scalar(select(Bank).where(Bank.name == name))
    if bank is None:
        bank = Bank(name=name, created_by_id=actor.id if actor else None, created_at=now)
        db.session.add(bank)
        db.session.flush()
    return bank


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
        passage=content.passage,
        passage_hash=stem_hash(content.passage) if content.passage else "",
        rubric=[dict(criterion) for criterion in content.rubric],
        media=[dict(medium) for medium in content.media],
        translations={language: dict(texts) for language, texts in content.translations.items()},
        stem_hash=stem_hash(content.stem, content.passage),
        author_id=actor.id if actor else None,
        created_at=now,
        articles=list({citation: shelf.article(citation) for citation in content.citations}.values()),
    )
    question.revisions.append(revision)
    question.search_text = search_text(_texts(content))
    question.topics = [shelf.topic(name) for name in dict.fromkeys(content.topics)]
    question.difficulty = content.difficulty
    question.is_sensitive = content.is_sensitive
    return revision


def _texts(content: Content) -> Iterator[str]:
    yield from (content.passage, content.stem, content.explanation)
    yield from (text for _id, text in content.options)
    if content.kind in ("fill_in", "short_text"):
        for accepted in content.key:
            yield from [accepted] if isinstance(accepted, str) else accepted
    for texts in content.translations.values():
        yield from (str(texts.get(name, "")) for name in ("passage", "stem", "explanation"))
        yield from texts.get("options", {}).values()


def retire(*, question: Question) -> None:
    """Take a question out of use; contests already published keep it."""
    if question.state == "retired":
        raise WrongState
    question.state = "retired"
    db.session.flush()
