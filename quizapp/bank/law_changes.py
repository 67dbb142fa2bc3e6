"""Laws that change: marking articles amended or repealed holds the questions that rest on them, until somebody looks.

Everything here flushes and never commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from quizapp.accounts import audit
from quizapp.accounts.models import User
from quizapp.bank.law_queries import changed_article, dateless_twins, questions_citing, rows_under
from quizapp.bank.law_words import reason_for_hold
from quizapp.bank.models import Article, Law, Question, QuestionReview, QuestionRevision
from quizapp.core.db import db
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _

REASON_LETTERS = 255
CHANGES = ("amended", "repealed")


class NothingMarked(DomainError):
    """No article was named."""

    status, code = 422, "nothing_marked"

    def message(self) -> str:
        return _("请先选择有变动的条文。")


class NotHeld(DomainError):
    """None of the questions is on hold any more: somebody else was quicker."""

    status, code = 409, "not_held"

    def message(self) -> str:
        return _("选中的题目已不再暂停，可能别人刚刚处理过。请刷新页面后再看。")


@dataclass(frozen=True, slots=True)
class Change:
    """From a day on, a law or some of its articles say something else, or nothing."""

    status: str
    """One of CHANGES."""
    on: date
    note: str = ""


def mark_articles(
    *, law: Law, labels: Sequence[str], change: Change, actor: User | None, now: datetime
) -> list[Question]:
    """Mark articles of a law and hold every question that cites one of them or a paragraph of it; return those.

    Citations that name no version of the statute count too. Questions held for another reason keep that reason.
    """
    if not labels:
        raise NothingMarked
    held: dict[int, Question] = {}
    for version in (law, *dateless_twins(law)):
        there = [label for label in labels if version is law or rows_under(version, [label])]
        marked = {label: _marked_row(version, label, change) for label in there}
        causes = {row.id: marked[label] for label in there for row in rows_under(version, [label])}
        for question in questions_citing(causes):
            for cause in dict.fromkeys(causes[article_id] for article_id in sorted(_cited(question) & set(causes))):
                _hold(question, cause=cause, reason=_reason(cause, version))
            held[question.id] = question
    _record("change_article", law, labels, change, held, actor, now)
    db.session.flush()
    return list(held.values())


def mark_law(*, law: Law, change: Change, actor: User | None, now: datetime) -> list[Question]:
    """Mark a whole law and hold every question that cites anything in it; return those."""
    held: dict[int, Question] = {}
    for version in (law, *dateless_twins(law)):
        version.status, version.status_on, version.status_note = change.status, change.on, change.note
        rows = {article.id: article for article in version.articles}
        for question in questions_citing(rows):
            cause = rows[min(_cited(question) & set(rows))]
            _hold(question, cause=cause, reason=_reason(version, version))
            held[question.id] = question
    _record("change_law_status", law, (), change, held, actor, now)
    db.session.flush()
    return list(held.values())


def withdraw(*, law: Law, labels: Sequence[str], actor: User | None, now: datetime) -> list[Question]:
    """Take back a mark that was a mistake, of articles or (without labels) of the whole law; return what is free again.

    A question that rests on another changed article too, or was held before, stays on hold.
    """
    versions = (law, *dateless_twins(law))
    waiting = _held_by(version.id for version in versions)
    reasons = []
    for version in versions:
        rows: list[Law | Article] = [row for row in version.articles if row.label in labels] if labels else [version]
        for row in rows:
            if row.status != "in_force":
                reasons.append(_reason(row, version))
            row.status, row.status_on, row.status_note = "in_force", None, ""
    freed = []
    for question in waiting:
        for reason in reasons:
            question.held_reason = question.held_reason.replace(reason, "").replace("；；", "；").strip("；")
        cause = _changed_article(question)
        question.held_article_id = cause.id if cause else None
        if cause and not question.held_reason:
            question.held_reason = _reason(cause if cause.status != "in_force" else cause.law, cause.law)
        if not question.held_reason:
            freed.append(question)
    audit.record(
        action="bank.withdraw_change",
        subject_kind="law",
        subject_id=str(law.id),
        detail={"law": law.title, "articles": list(labels), "released": [question.id for question in freed]},
        now=now,
        actor=actor,
    )
    db.session.flush()
    return freed


def release(*, questions: Iterable[Question], comment: str, actor: User, now: datetime) -> int:
    """Put questions back to use after somebody looked: the change does not touch them. The trail stays.

    Raises NotHeld when none of them is on hold.
    """
    held = [question for question in questions if question.held_reason]
    if not held:
        raise NotHeld
    for question in held:
        reason = question.held_reason
        words = _("核对后恢复使用。原先：%(reason)s", reason=reason) + (f"\n{comment}" if comment else "")
        question.reviews.append(
            QuestionReview(
                revision_number=question.latest.number, reviewer_id=actor.id, verdict="comment", comment=words, at=now
            )
        )
        _free(question, comment, actor, now)
    db.session.flush()
    return len(held)


def release_if_settled(*, question: Question, actor: User, now: datetime) -> bool:
    """Free a question whose newly approved revision rests on nothing that changed; return whether it was."""
    if question.held_article_id is None or not question.held_reason or _changed_article(question) is not None:
        return False
    _free(question, "", actor, now)
    return True


def _free(question: Question, comment: str, actor: User, now: datetime) -> None:
    audit.record(
        action="bank.release",
        subject_kind="question",
        subject_id=str(question.id),
        detail={"before": question.held_reason, "after": "", "comment": comment},
        now=now,
        actor=actor,
    )
    question.held_reason, question.held_article_id = "", None


def _marked_row(law: Law, label: str, change: Change) -> Article:
    row = next((article for article in law.articles if article.label == label), None)
    if row is None:
        row = Article(label=label, text="", place=0)
        law.articles.append(row)
    row.status, row.status_on, row.status_note = change.status, change.on, change.note
    db.session.flush()
    return row


def _current(question: Question) -> list[QuestionRevision]:
    return [question.latest, *([question.approved] if question.approved else [])]


def _cited(question: Question) -> set[int]:
    return {article.id for revision in _current(question) for article in revision.articles}


def _reason(row: Law | Article, law: Law) -> str:
    label = row.label if isinstance(row, Article) else ""
    return reason_for_hold(law=law, label=label, status=row.status, on=row.status_on, note=row.status_note)


def _hold(question: Question, *, cause: Article, reason: str) -> None:
    """Add a reason to those that a question has; one that is there already is not written twice."""
    reasons = question.held_reason if reason in question.held_reason else f"{question.held_reason}；{reason}"
    question.held_reason = reasons.strip("；")[:REASON_LETTERS]
    question.held_article_id = cause.id


def _held_by(law_ids: Iterable[int]) -> list[Question]:
    query = select(Question).join(Article, Article.id == Question.held_article_id)
    return list(db.session.scalars(query.where(Article.law_id.in_(law_ids), Question.held_reason != "")))


def _changed_article(question: Question) -> Article | None:
    """The first article that a question rests on and that is not in force as it was."""
    return next(
        (
            article
            for revision in _current(question)
            for cited in revision.articles
            if (article := changed_article(cited)) is not None
        ),
        None,
    )


def _record(
    verb: str,
    law: Law,
    labels: Sequence[str],
    change: Change,
    held: Mapping[int, Question],
    actor: User | None,
    now: datetime,
) -> None:
    audit.record(
        action=f"bank.{verb}",
        subject_kind="law",
        subject_id=str(law.id),
        detail={
            "law": law.title,
            "articles": list(labels),
            "status": change.status,
            "on": change.on.isoformat(),
            "note": change.note,
            "held": sorted(held),
        },
        now=now,
        actor=actor,
    )
