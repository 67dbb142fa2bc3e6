"""Topics and articles found or made once for many questions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

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

    def every_topic(self, names: Iterable[str]) -> list[Topic]:
        return list(dict.fromkeys(self.topic(name) for name in names))

    def every_article(self, citations: Iterable[Citation]) -> list[Article]:
        return list(dict.fromkeys(self.article(citation) for citation in citations))
