"""What changes laws and the texts of their articles. Everything here flushes and never commits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select, update

from quizapp.accounts import audit
from quizapp.accounts.models import User
from quizapp.bank.article_labels import PREAMBLE, articles_in, is_whole_article, title_key
from quizapp.bank.models import Article, Law, Question, revision_article
from quizapp.bank.statutes import Event, Statute, StatuteArticle
from quizapp.core.db import db
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _

FACTS = ("title", "number", "issuing_body", "issued_on", "effective_on")
"""What a person may correct of a law without its text."""


class LawExists(DomainError):
    """Another row has this title and date of effect."""

    status, code = 409, "law_exists"

    def message(self) -> str:
        return _("已有同名、同一施行日期的法律。请改日期，或到那一部法律里修改。")


class StatuteUnusable(DomainError):
    """The text has errors that a person must mend first."""

    status, code = 422, "statute_unusable"

    def __init__(self, statute: Statute) -> None:
        super().__init__({"problems": [problem.code for problem in statute.errors]})
        self.statute = statute

    def message(self) -> str:
        return _("文本有必须修改的地方，没有存入：%(what)s", what=_("；").join(p.message for p in self.statute.errors))


class LawStillCited(DomainError):
    """A law whose articles revisions cite cannot be deleted: they would lose their basis."""

    status, code = 409, "law_still_cited"

    def message(self) -> str:
        return _("还有题目引用这部法律，不能删除。")


@dataclass(frozen=True, slots=True)
class Stored:
    """What storing a statute did."""

    law: Law
    is_new: bool
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    """Labels whose text in the bank was another one before."""


def versions_of(title: str) -> list[Law]:
    """Every version in the bank of the statute that people call so, oldest first; one without a date last."""
    key = title_key(title)
    laws = [law for law in db.session.scalars(select(Law).order_by(Law.id)) if title_key(law.title) == key]
    return sorted(laws, key=lambda law: law.effective_on or date.max)


def find_law(*, title: str, effective_on: date | None) -> Law | None:
    return next((law for law in versions_of(title) if law.effective_on == effective_on), None)


def add_law(*, facts: Mapping[str, Any], actor: User | None, now: datetime) -> Law:
    """Write a new law without text; raises LawExists. `facts` has the keys of FACTS."""
    if find_law(title=facts["title"], effective_on=facts["effective_on"]):
        raise LawExists
    law = Law(**facts)
    db.session.add(law)
    db.session.flush()
    _record("add_law", law, {name: _plain(value) for name, value in facts.items() if value}, actor, now)
    return law


def change_law(*, law: Law, facts: Mapping[str, Any], actor: User | None, now: datetime) -> None:
    """Correct what is known of a law; raises LawExists when it would become another one."""
    twin = find_law(title=facts["title"], effective_on=facts["effective_on"])
    if twin is not None and twin is not law:
        raise LawExists
    changes = {name: value for name, value in facts.items() if getattr(law, name) != value}
    if not changes:
        return
    detail = {name: [_plain(getattr(law, name)), _plain(value)] for name, value in changes.items()}
    for name, value in changes.items():
        setattr(law, name, value)
    db.session.flush()
    _record("change_law", law, detail, actor, now)


def change_text(*, article: Article, text: str, actor: User | None, now: datetime) -> None:
    """Correct the text of an article, which says nothing about the law having changed."""
    if article.text == text:
        return
    detail = {"article": article.label, "before": article.text, "after": text}
    article.text = text
    if not article.place and is_whole_article(article.label):
        article.place = 1
        _put_in_order(article.law)
    db.session.flush()
    _record("change_article_text", article.law, detail, actor, now)


def delete_law(*, law: Law, actor: User | None, now: datetime) -> None:
    """Delete a law that nothing cites; raises LawStillCited."""
    cited = select(revision_article.c.article_id).join(Article).where(Article.law_id == law.id)
    held = select(Question.id).join(Article, Question.held_article_id == Article.id).where(Article.law_id == law.id)
    if db.session.scalar(cited.limit(1)) is not None or db.session.scalar(held.limit(1)) is not None:
        raise LawStillCited
    _record("delete_law", law, {"effective_on": _plain(law.effective_on)}, actor, now)
    db.session.delete(law)
    db.session.flush()


def store_statute(*, statute: Statute, facts: Mapping[str, Any], actor: User | None, now: datetime) -> Stored:
    """Put a statute's text into the bank: into the law of this title and date if there is one, else a new one.

    `facts` has the keys of FACTS, as corrected by a person. Articles known from citations get their text, those
    with a text get the new one, and what the file does not hold stays: a file may be one part of a code. Raises
    StatuteUnusable.
    """
    if statute.errors:
        raise StatuteUnusable(statute)
    law = find_law(title=facts["title"], effective_on=facts["effective_on"])
    stored = Stored(law or Law(title=facts["title"], effective_on=facts["effective_on"]), is_new=law is None)
    law = stored.law
    if stored.is_new:
        db.session.add(law)
    for name in ("number", "issuing_body", "issued_on"):
        setattr(law, name, facts[name] or getattr(law, name))
    law.history = [_event_document(event) for event in statute.history] or law.history or []
    _take_status(law, statute)
    rows = {article.label: article for article in law.articles}
    for piece in statute.pieces:
        _store_piece(law, rows, piece, stored)
    _put_in_order(law)
    db.session.flush()
    detail = {
        "effective_on": _plain(law.effective_on),
        "articles": len(statute.articles),
        "added": len(stored.added),
        "changed": stored.changed,
    }
    _record("store_statute", law, detail, actor, now)
    return stored


def _store_piece(law: Law, rows: dict[str, Article], piece: StatuteArticle, stored: Stored) -> None:
    article = rows.get(piece.label)
    if article is None:
        article = rows[piece.label] = Article(label=piece.label, text="", place=0)
        law.articles.append(article)
    if not article.text:
        stored.added.append(piece.label)
    elif article.text != piece.text:
        stored.changed.append(piece.label)
    article.text = piece.text
    article.chapter = "\n".join(piece.headings)
    article.place = article.place or 1
    _take_status(article, piece)


def _take_status(row: Law | Article, read: Statute | StatuteArticle) -> None:
    """A text that knows of a change tells it; one that knows of none does not undo what the bank knows."""
    if read.status != "in_force":
        row.status, row.status_on, row.status_note = read.status, read.status_on, read.status_note


def _put_in_order(law: Law) -> None:
    """Number the articles that stand in the statute's text: the preamble, the articles by number, the annexes."""
    placed = [article for article in law.articles if article.place]
    annexes = [article for article in placed if not articles_in(article.label)]
    numbered = [article for article in placed if articles_in(article.label)]
    numbered.sort(key=lambda article: (articles_in(article.label)[0] or PREAMBLE, article.label))
    for place, article in enumerate([*numbered, *annexes], start=1):
        article.place = place


def merge_laws(*, source: Law, target: Law, actor: User | None, now: datetime) -> int:
    """Make the citations of one law those of another, e.g. of a law without date those of its version.

    Returns how many citations moved. Labels that both have become one; the source is deleted.
    """
    if source.id == target.id:
        return 0
    rows = {article.label: article for article in target.articles}
    moved = 0
    for article in list(source.articles):
        twin = rows.get(article.label)
        if twin is None:
            twin = Article(
                law_id=target.id, label=article.label, text=article.text, chapter=article.chapter, place=0,
                status=article.status, status_on=article.status_on, status_note=article.status_note,
            )  # fmt: skip
            db.session.add(twin)
            db.session.flush()
        twin.text = twin.text or article.text
        moved += _move_citations(article.id, twin.id)
    detail = {"from": source.title, "effective_on": _plain(source.effective_on), "citations": moved}
    _record("merge_laws", target, detail, actor, now)
    db.session.flush()
    db.session.expire(source)
    db.session.delete(source)
    db.session.flush()
    db.session.expire(target)
    return moved


def _move_citations(article_id: int, twin_id: int) -> int:
    cites = revision_article.c
    twice = select(cites.revision_id).where(cites.article_id == twin_id)
    db.session.execute(delete(revision_article).where(cites.article_id == article_id, cites.revision_id.in_(twice)))
    moved = db.session.execute(
        update(revision_article).where(cites.article_id == article_id).values(article_id=twin_id)
    )
    db.session.execute(update(Question).where(Question.held_article_id == article_id).values(held_article_id=twin_id))
    return int(moved.rowcount)  # type: ignore[attr-defined]


def statute_of(law: Law) -> Statute:
    """A law of the bank as a statute, for giving it out; articles known from citations alone are left out."""
    pieces = [
        StatuteArticle(
            label=article.label,
            text=article.text,
            headings=tuple(article.chapter.split("\n")) if article.chapter else (),
            status=article.status,
            status_on=article.status_on,
            status_note=article.status_note,
        )
        for article in law.articles
        if article.place
    ]
    return Statute(
        title=law.title,
        history=tuple(Event(_day(event["on"]), event["text"]) for event in law.history),
        number=law.number,
        issuing_body=law.issuing_body,
        issued_on=law.issued_on,
        effective_on=law.effective_on,
        effective_is_sure=law.effective_on is not None,
        status=law.status,
        status_on=law.status_on,
        status_note=law.status_note,
        preamble=next((piece.text for piece in pieces if piece.number == PREAMBLE), ""),
        articles=tuple(piece for piece in pieces if piece.number and piece.number != PREAMBLE),
        annexes=tuple(piece for piece in pieces if piece.number is None),
    )


def _event_document(event: Event) -> dict[str, str]:
    return {"on": event.on.isoformat() if event.on else "", "text": event.text}


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _record(verb: str, law: Law, detail: dict[str, Any], actor: User | None, now: datetime) -> None:
    audit.record(
        action=f"bank.{verb}",
        subject_kind="law",
        subject_id=str(law.id),
        detail={"law": law.title, **detail},
        now=now,
        actor=actor,
    )
