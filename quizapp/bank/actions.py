"""What changes banks and what questions say. Everything here flushes and never commits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import Table, func, insert, select

from quizapp.accounts.models import User
from quizapp.bank.models import (
    KINDS,
    Article,
    Bank,
    Question,
    QuestionRevision,
    Topic,
    question_topic,
    revision_article,
)
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


def content_of(revision: QuestionRevision) -> Content:
    """What a revision says, with what its question carries beside it."""
    question = revision.question
    return Content(
        kind=question.kind,
        stem=revision.stem,
        options=[(option["id"], option["text"]) for option in revision.options],
        key=revision.key,
        explanation=revision.explanation,
        citations=[
            Citation(article.law.title, article.label, article.law.effective_on) for article in revision.articles
        ],
        topics=[topic.name for topic in question.topics],
        difficulty=question.difficulty,
        is_sensitive=question.is_sensitive,
        passage=revision.passage,
        rubric=revision.rubric,
        media=revision.media,
        translations=revision.translations,
    )


def says_the_same(content: Content, other: Content) -> bool:
    """Whether two contents differ in nothing that a reader would see; citations and topics have no order."""
    return _comparable(content) == _comparable(other)


def _comparable(content: Content) -> list[Any]:
    return [
        (content.kind, content.stem, content.explanation, content.passage, content.difficulty, content.is_sensitive),
        [tuple(option) for option in content.options],
        [list(part) if isinstance(part, tuple) else part for part in content.key],
        set(content.citations),
        set(content.topics),
        [(one["text"], one.get("points_hundredths")) for one in content.rubric],
        sorted([(one["at"], one["sha256"], one["alt"]) for one in content.media], key=itemgetter(0)),
        {
            code: [
                *(version.get(name, "") for name in ("stem", "passage", "explanation")),
                {option: text for option, text in version.get("options", {}).items() if text},
            ]
            for code, version in content.translations.items()
        },
    ]


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
    ids = add_many(bank=bank, contents=list(contents), actor=actor, now=now, import_id=import_id)
    return [db.session.get_one(Question, question_id) for question_id in ids]


def add_many(
    *, bank: Bank, contents: Sequence[Content], actor: User | None, now: datetime, import_id: int | None = None
) -> list[int]:
    """Write new questions as drafts, in order; return their ids.

    The same few statements however many there are: ten thousand keep other writers of SQLite waiting for about a
    second, where one object a question took seven. What can be worked out before is, so that nobody waits for that.
    """
    author_id = actor.id if actor else None
    questions = [_question_values(content) | {"kind": content.kind} for content in contents]
    revisions = [_revision_values(content, number=1, author_id=author_id, now=now) for content in contents]
    same = {"bank_id": bank.id, "state": "draft", "import_id": import_id, "created_at": now}
    shelf = Shelf()
    with db.session.no_autoflush:
        topics = [shelf.every_topic(content.topics) for content in contents]
        articles = [shelf.every_article(content.citations) for content in contents]
    db.session.flush()
    if not contents:
        return []
    ids = _insert(Question, [values | same for values in questions])
    revision_ids = _insert(
        QuestionRevision, [values | {"question_id": id_} for values, id_ in zip(revisions, ids, strict=True)]
    )
    _connect(question_topic, "question_id", ids, "topic_id", topics)
    _connect(revision_article, "revision_id", revision_ids, "article_id", articles)
    return list(ids)


def _insert(model: type[Question | QuestionRevision], rows: Sequence[Mapping[str, Any]]) -> Sequence[int]:
    """Insert and return the ids in the order of the rows."""
    if db.engine.dialect.name == "sqlite":
        # It gives no ids back in order, so that SQLAlchemy would insert each row by itself. Whoever writes there is
        # alone, and this is how SQLite itself would number them.
        first = 1 + (db.session.scalar(select(func.max(model.id))) or 0)
        ids = range(first, first + len(rows))
        db.session.execute(insert(model), [{**row, "id": id_} for row, id_ in zip(rows, ids, strict=True)])
        return ids
    written = insert(model).returning(model.id, sort_by_parameter_order=True)
    return list(db.session.scalars(written, rows))


def _connect(
    table: Table, name: str, ids: Sequence[int], other_name: str, others: Sequence[Sequence[Topic | Article]]
) -> None:
    pairs = [{name: id_, other_name: other.id} for id_, its_own in zip(ids, others, strict=True) for other in its_own]
    if pairs:
        db.session.execute(insert(table), pairs)


def revise(*, question: Question, content: Content, actor: User | None, now: datetime) -> QuestionRevision:
    """Write a new revision as a draft; an approved one stays in use until the new one is approved."""
    if question.state == "retired" or content.kind != question.kind or content.kind not in KINDS:
        raise WrongState
    shelf = Shelf()
    values = _revision_values(
        content, number=len(question.revisions) + 1, author_id=actor.id if actor else None, now=now
    )
    revision = QuestionRevision(**values, articles=shelf.every_article(content.citations))
    question.revisions.append(revision)
    question.topics = shelf.every_topic(content.topics)
    for name, value in _question_values(content).items():
        setattr(question, name, value)
    question.state = "draft"
    db.session.flush()
    return revision


def _question_values(content: Content) -> dict[str, Any]:
    """What a question's own row keeps of its newest revision."""
    return {
        "search_text": search_text(_texts(content)),
        "difficulty": content.difficulty,
        "is_sensitive": content.is_sensitive,
    }


def _revision_values(content: Content, *, number: int, author_id: int | None, now: datetime) -> dict[str, Any]:
    return {
        "number": number,
        "stem": content.stem,
        "options": [{"id": option_id, "text": text} for option_id, text in content.options],
        "key": list(content.key),
        "explanation": content.explanation,
        "passage": content.passage,
        "passage_hash": stem_hash(content.passage) if content.passage else "",
        "rubric": [dict(criterion) for criterion in content.rubric],
        "media": [dict(medium) for medium in content.media],
        "translations": {language: dict(texts) for language, texts in content.translations.items()},
        "classification": {
            "topics": list(dict.fromkeys(content.topics)),
            "difficulty": content.difficulty,
            "is_sensitive": content.is_sensitive,
        },
        "stem_hash": stem_hash(content.stem, content.passage),
        "author_id": author_id,
        "created_at": now,
    }


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
