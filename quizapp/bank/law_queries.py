"""Reads of laws and articles: lists, search, who cites what, and the basis of a question as it stands today."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import aliased, joinedload, selectinload

from quizapp.bank.article_labels import NUMERAL, ArticleNumber, articles_in, number_of, short_title, title_key
from quizapp.bank.laws import versions_of
from quizapp.bank.models import Article, Law, Question, QuestionRevision, revision_article
from quizapp.core.db import db

SEARCHED = 20
"""Articles that one search gives at most."""
LAW_STATES = ("in_force", "amended", "repealed")
_LABEL = re.compile(rf"第?\s*({NUMERAL})\s*条(?:\s*之\s*({NUMERAL}))?|([0-9]{{1,4}})")


def is_current() -> ColumnElement[bool]:
    """Whether a revision speaks for its question: it is the newest, or the one that contests use."""
    other = aliased(QuestionRevision)
    newest = select(func.max(other.number)).where(other.question_id == QuestionRevision.question_id)
    approved = newest.where(other.approved_at.is_not(None))
    number = QuestionRevision.number
    return or_(number == newest.scalar_subquery(), number == approved.scalar_subquery())


def citations() -> Select[int, int]:
    """(article id, question id) of what current revisions of questions not retired cite, each pair once."""
    return (
        select(revision_article.c.article_id, QuestionRevision.question_id)
        .join(QuestionRevision, QuestionRevision.id == revision_article.c.revision_id)
        .join(Question, Question.id == QuestionRevision.question_id)
        .where(Question.state != "retired", is_current())
        .distinct()
    )


def questions_citing(article_ids: Collection[int]) -> list[Question]:
    """The questions not retired whose newest or approved revision cites one of these articles, by id."""
    cited = citations().where(revision_article.c.article_id.in_(article_ids)).subquery()
    query = select(Question).where(Question.id.in_(select(cited.c.question_id))).order_by(Question.id)
    return list(
        db.session.scalars(query.options(selectinload(Question.revisions).selectinload(QuestionRevision.articles)))
    )


# The list of laws


@dataclass(frozen=True, slots=True)
class LawLine:
    law: Law
    articles: int
    """Those of the text, without preamble and annexes."""
    questions: int


def laws_found(*, words: str, status: str) -> Select[Law]:
    """The laws whose title, number or issuing body holds all the words, by title, newest version first."""
    query = select(Law).order_by(Law.title, Law.effective_on.desc(), Law.id)
    for word in words.split():
        word = short_title(word) or word
        found = [column.contains(word, autoescape=True) for column in (Law.title, Law.number, Law.issuing_body)]
        query = query.where(or_(*found))
    return query.where(Law.status == status) if status in LAW_STATES else query


def law_lines(laws: Sequence[Law]) -> list[LawLine]:
    ids = [law.id for law in laws]
    labels = db.session.execute(select(Article.law_id, Article.label).where(Article.law_id.in_(ids), Article.place > 0))
    articles = [law_id for law_id, label in labels if any(number.number for number in articles_in(label))]
    own = select(Article.id).where(Article.law_id.in_(ids))
    cited = citations().where(revision_article.c.article_id.in_(own)).subquery()
    questions = func.count(cited.c.question_id.distinct())
    rows = select(Article.law_id, questions).join(cited, cited.c.article_id == Article.id)
    counts = db.session.execute(rows.group_by(Article.law_id))
    cited_by = {row[0]: row[1] for row in counts}
    return [LawLine(law, articles.count(law.id), cited_by.get(law.id, 0)) for law in laws]


# One law


@dataclass(slots=True)
class ArticleLine:
    """An article of a law with all that cite it, by whatever label; `number` is None for an annex or a mere law."""

    label: str
    number: ArticleNumber | None
    article: Article | None = None
    """Its own row; None where only paragraphs of it are cited."""
    cited_as: list[Article] = field(default_factory=list)
    question_ids: set[int] = field(default_factory=set)

    @property
    def status(self) -> str:
        return self.article.status if self.article else "in_force"


def article_lines(law: Law) -> list[ArticleLine]:
    """The articles of a law in order: those of its text, then those known from citations alone."""
    lines: dict[str, ArticleLine] = {}
    cited: dict[int, set[int]] = {}
    own = revision_article.c.article_id.in_(select(Article.id).where(Article.law_id == law.id))
    for article_id, question_id in db.session.execute(citations().where(own)):
        cited.setdefault(article_id, set()).add(question_id)
    for article in law.articles:
        numbers = articles_in(article.label)
        for label in [number.label for number in numbers] or [article.label]:
            line = lines.setdefault(label, ArticleLine(label, next(iter(articles_in(label)), None)))
            if article.label == label:
                line.article = article
            else:
                line.cited_as.append(article)
            line.question_ids |= cited.get(article.id, set())
    return sorted(lines.values(), key=_order_of_line)


def _order_of_line(line: ArticleLine) -> tuple[bool, int, ArticleNumber, str]:
    place = line.article.place if line.article else 0
    return not place, place, line.number or ArticleNumber(9999, 9999), line.label


def rows_under(law: Law, labels: Collection[str]) -> list[Article]:
    """The rows of a law that stand for one of these articles: the articles and what cites a paragraph of them."""
    return [
        article
        for article in law.articles
        if article.label in labels or any(number.label in labels for number in articles_in(article.label))
    ]


def dateless_twins(law: Law) -> list[Law]:
    """The laws of the same title whose citations name no version, so that every version may be meant."""
    if law.effective_on is None:
        return []
    return [twin for twin in versions_of(law.title) if twin.effective_on is None]


# The basis of a question


@dataclass(frozen=True, slots=True)
class Basis:
    """One cited article as it stands in the bank."""

    cited: Article
    article: Article
    """The whole article that the citation belongs to; the citation itself where that is not known."""
    version: Law
    """The version whose text is shown: another one than the cited where the citation names no date."""
    status: str
    status_on: date | None
    status_note: str
    newer: Article | None = None
    """The article of this label in the next version that the bank has a text of."""

    @property
    def is_in_force(self) -> bool:
        return self.status == "in_force"


def bases_of(revision: QuestionRevision) -> list[Basis]:
    """What a revision rests on: each cited article with its text, its state, and its next version if there is one."""
    return [basis for cited in revision.articles for basis in _bases(cited)]


def changed_article(cited: Article) -> Article | None:
    """The article behind a citation that is no longer as it was, by its own state or its law's; None where it is."""
    own = {article.label: article for article in cited.law.articles}
    rows = [cited, *(own[number.label] for number in articles_in(cited.label) if number.label in own)]
    changed = next((row for row in reversed(rows) if row.status != "in_force"), None)
    return changed or (cited if cited.law.status != "in_force" else None)


def _bases(cited: Article) -> list[Basis]:
    dated = [law for law in versions_of(cited.law.title) if law.effective_on is not None]
    version = cited.law
    if version.effective_on is None and not any(article.place for article in version.articles):
        version = next((law for law in reversed(dated) if any(article.place for article in law.articles)), version)
    own = {article.label: article for article in cited.law.articles}
    texts = {article.label: article for article in version.articles}
    labels = [number.label for number in articles_in(cited.label)] or [cited.label]
    found = []
    for label in labels:
        rows: list[Law | Article | None] = [own.get(label), cited, cited.law]
        changed = next((row for row in rows if row and row.status != "in_force"), cited.law)
        found.append(
            Basis(
                cited=cited,
                article=texts.get(label) or own.get(label) or cited,
                version=version,
                status=changed.status,
                status_on=changed.status_on,
                status_note=changed.status_note,
                newer=_newer(version, dated, label),
            )
        )
    return found


def _newer(version: Law, dated: Sequence[Law], label: str) -> Article | None:
    for law in dated:
        if version.effective_on and law.effective_on and law.effective_on > version.effective_on:
            for article in law.articles:
                if article.label == label and article.text:
                    return article
    return None


# Search


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed: words for titles and texts, and the labels among them."""

    words: tuple[str, ...]
    labels: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> Query:
        """宪法 36, 宪法第三十六条 and 信仰 自由 are all understood."""
        words, labels = [], []
        for token in re.sub(rf"(第{NUMERAL}条)", r" \1 ", text[:100]).split()[:8]:
            found = _LABEL.fullmatch(token)
            number = number_of(found[1] or found[3], found[2]) if found else None
            if number:
                labels.append(number.label)
            else:
                words.append(short_title(token) or token)
        return cls(tuple(words), tuple(labels))


def search_articles(text: str, *, limit: int = SEARCHED) -> list[Article]:
    """The articles for which each word stands in title, label or text; best first: those whose title is meant."""
    query = Query.read(text)
    if not query.words and not query.labels:
        return []
    conditions: list[ColumnElement[bool]] = [
        or_(Article.label == label, Article.label.startswith(label, autoescape=True)) for label in query.labels
    ]
    in_title = [Law.title.contains(word, autoescape=True) for word in query.words]
    for title, word in zip(in_title, query.words, strict=True):
        conditions.append(
            or_(title, Article.label.contains(word, autoescape=True), Article.text.contains(word, autoescape=True))
        )
    is_title = or_(*(Law.title == word for word in query.words), Law.id < 0)
    best = case((is_title, 0), (or_(*in_title, Law.id < 0), 1), else_=2)
    is_whole = case((and_(Article.place > 0), 0), else_=1)
    return list(
        db.session.scalars(
            select(Article)
            .join(Law)
            .where(*conditions)
            .order_by(best, Law.effective_on.desc(), Law.id, is_whole, Article.place, Article.id)
            .limit(limit)
            .options(joinedload(Article.law))
        )
    )


# Holds


@dataclass(frozen=True, slots=True)
class HoldCause:
    """Why some questions are on hold: an article that changed, or None for other reasons."""

    article: Article | None
    question_ids: tuple[int, ...]

    @property
    def count(self) -> int:
        return len(self.question_ids)


def held_causes(*, bank_id: int | None = None) -> list[HoldCause]:
    """The questions on hold that are not retired, by the article that put them there; other reasons last."""
    query = select(Question.held_article_id, Question.id).where(Question.held_reason != "", Question.state != "retired")
    if bank_id is not None:
        query = query.where(Question.bank_id == bank_id)
    groups: dict[int | None, list[int]] = {}
    for article_id, question_id in db.session.execute(query.order_by(Question.id)):
        groups.setdefault(article_id, []).append(question_id)
    articles = select(Article).where(Article.id.in_([key for key in groups if key])).options(joinedload(Article.law))
    by_id = {article.id: article for article in db.session.scalars(articles)}
    causes = [HoldCause(by_id.get(key) if key else None, tuple(ids)) for key, ids in groups.items()]
    return sorted(causes, key=lambda cause: (cause.article is None, _place_of_cause(cause)))


def _place_of_cause(cause: HoldCause) -> tuple[str, tuple[ArticleNumber, ...]]:
    return (title_key(cause.article.law.title), articles_in(cause.article.label)) if cause.article else ("", ())


def held_among(question_ids: Collection[int]) -> list[HoldCause]:
    """The same for some questions only, e.g. those of a published contest."""
    wanted = set(question_ids)
    causes = [
        HoldCause(cause.article, tuple(question_id for question_id in cause.question_ids if question_id in wanted))
        for cause in held_causes()
    ]
    return [cause for cause in causes if cause.question_ids]


def count_held() -> int:
    """How many questions are on hold."""
    held = select(func.count(Question.id)).where(Question.held_reason != "", Question.state != "retired")
    return db.session.scalar(held) or 0
