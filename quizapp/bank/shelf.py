"""Topics and articles found or made once for many questions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import defer

from quizapp.bank.article_labels import title_key
from quizapp.bank.models import Article, Law, Topic
from quizapp.core.db import db


@dataclass(frozen=True, slots=True)
class Citation:
    """A law and article as a question names them."""

    law: str
    article: str
    effective_on: date | None


class Shelf:
    """Keeps what was found, so that an import asks SQL once for each."""

    def __init__(self) -> None:
        self.topics = {topic.name: topic for topic in db.session.scalars(select(Topic))}
        self.laws = {(title_key(law.title), law.effective_on): law for law in db.session.scalars(select(Law))}
        self.articles: dict[tuple[int, str], Article] = {}
        """Those of the laws that were asked for: a collection of statutes has tens of thousands."""
        self.shelved: set[int] = set()

    def topic(self, name: str) -> Topic:
        if name not in self.topics:
            self.topics[name] = Topic(name=name)
            db.session.add(self.topics[name])
        return self.topics[name]

    def article(self, citation: Citation) -> Article:
        version = (title_key(citation.law), citation.effective_on)
        law = self.laws.get(version)
        if law is None:
            law = self.laws[version] = Law(title=citation.law, effective_on=citation.effective_on)
            db.session.add(law)
            db.session.flush()
        if law.id not in self.shelved:
            self.shelved.add(law.id)
            own = select(Article).where(Article.law_id == law.id).options(defer(Article.text))
            self.articles |= {(law.id, article.label): article for article in db.session.scalars(own)}
        article = self.articles.get((law.id, citation.article))
        if article is None:
            article = self.articles[law.id, citation.article] = Article(law=law, label=citation.article)
            db.session.add(article)
        return article

    def every_topic(self, names: Iterable[str]) -> list[Topic]:
        return list(dict.fromkeys(self.topic(name) for name in names))

    def every_article(self, citations: Iterable[Citation]) -> list[Article]:
        return list(dict.fromkeys(self.article(citation) for citation in citations))
