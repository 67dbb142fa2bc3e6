"""Finding questions in a bank: words, filters, order. Reads only.

Words are looked for with LIKE in one column: words of two characters such as 宪法 must be found, which no trigram
index does. Over 50,000 questions that takes about 60 ms (bench/search.py), so the ids of all that fit are read at once:
their number is the count, a slice of them the page, and all of them what an act on many is for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, exists, select
from sqlalchemy.orm import selectinload

from quizapp.bank.models import (
    Article,
    Law,
    Question,
    QuestionRevision,
    question_topic,
    revision_article,
)
from quizapp.bank.rules import fold_for_search
from quizapp.bank.topics import read_tree
from quizapp.core.db import db

RATES = {"low": (0, 30), "middle": (30, 70), "high": (70, 95), "full": (95, 101)}
"""Right rates in percent, from and below."""
USES = ("used", "unused")
ORDERS = ("id", "kind", "difficulty", "state", "answered", "rate")


@dataclass(frozen=True, slots=True)
class Filter:
    """What a reader of a bank's list asks for; an empty value does not narrow."""

    words: str = ""
    """Several, separated by spaces, must all be there."""
    kind: str = ""
    state: str = ""
    """A state, or "held"."""
    topic_id: int | None = None
    """With all topics below it; 0: without any topic."""
    law: str = ""
    """A part of the law's title, and behind a space of the article's label."""
    difficulty: int | None = None
    use: str = ""
    rate: str = ""
    sensitive: bool = False
    import_id: int | None = None
    order: str = "id"
    descending: bool = True


def find_ids(*, bank_id: int, wanted: Filter) -> list[int]:
    """The ids of all questions of a bank that fit, in the order asked for; equal ones newest first."""
    query = select(Question.id).where(Question.bank_id == bank_id, *_conditions(wanted)).order_by(*_order(wanted))
    return list(db.session.scalars(query))


def load_questions(ids: Sequence[int]) -> list[Question]:
    """These questions in this order, with all that a list shows: a fixed number of statements."""
    found = db.session.scalars(
        select(Question)
        .where(Question.id.in_(ids))
        .options(
            selectinload(Question.topics),
            selectinload(Question.revisions).selectinload(QuestionRevision.articles).joinedload(Article.law),
        )
    )
    by_id = {question.id: question for question in found}
    return [by_id[question_id] for question_id in ids if question_id in by_id]


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    conditions = [
        Question.search_text.contains(word, autoescape=True) for word in fold_for_search(wanted.words).split()
    ]
    if wanted.kind:
        conditions.append(Question.kind == wanted.kind)
    if wanted.state == "held":
        conditions.append(Question.held_reason != "")
    elif wanted.state:
        conditions.append(Question.state == wanted.state)
    if wanted.difficulty is not None:
        conditions.append(Question.difficulty == wanted.difficulty)
    if wanted.sensitive:
        conditions.append(Question.is_sensitive.is_(True))
    if wanted.import_id is not None:
        conditions.append(Question.import_id == wanted.import_id)
    if wanted.use:
        conditions.append(Question.times_answered > 0 if wanted.use == "used" else Question.times_answered == 0)
    if wanted.rate:
        low, high = RATES[wanted.rate]
        right, all_answers = Question.times_right * 100, Question.times_answered
        conditions += [all_answers > 0, right >= low * all_answers, right < high * all_answers]
    return [*conditions, *_topic_condition(wanted.topic_id), *_law_condition(wanted.law)]


def _topic_condition(topic_id: int | None) -> list[ColumnElement[bool]]:
    if topic_id is None:
        return []
    carried = question_topic.c.question_id == Question.id
    if topic_id == 0:
        return [~exists().where(carried)]
    tree = read_tree()
    ids = tree.with_below(topic_id) if topic_id in tree.topics else []
    return [exists().where(carried, question_topic.c.topic_id.in_(ids))]


def _law_condition(words: str) -> list[ColumnElement[bool]]:
    """Of the newest revision alone: what an older one rested on says nothing about the question now."""
    title, *labels = words.replace("《", " ").replace("》", " ").split() or [""]
    if not title:
        return []
    newer = QuestionRevision.__table__.alias("newer")
    cited = (
        exists()
        .where(
            QuestionRevision.question_id == Question.id,
            revision_article.c.revision_id == QuestionRevision.id,
            revision_article.c.article_id == Article.id,
            Article.law_id == Law.id,
            Law.title.contains(title, autoescape=True),
            *(Article.label.contains(label, autoescape=True) for label in labels),
            ~exists().where(
                newer.c.question_id == QuestionRevision.question_id, newer.c.number > QuestionRevision.number
            ),
        )
        .correlate(Question)
    )
    return [cited]


def _order(wanted: Filter) -> list[ColumnElement[Any]]:
    columns: dict[str, ColumnElement[Any]] = {
        "id": Question.id.expression,
        "kind": Question.kind.expression,
        "difficulty": Question.difficulty.expression,
        "state": Question.state.expression,
        "answered": Question.times_answered.expression,
        # In millionths; never answered stands below every rate.
        "rate": case(
            (Question.times_answered > 0, Question.times_right * 1_000_000 // Question.times_answered), else_=-1
        ),
    }
    column = columns[wanted.order]
    first = column.desc() if wanted.descending else column.asc()
    return [first] if wanted.order == "id" else [first, Question.id.desc()]
