"""Statutes uploaded, looked at, and only then stored. Everything here flushes and never commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete

from quizapp.accounts.models import User
from quizapp.bank.article_labels import articles_in, short_title
from quizapp.bank.law_changes import Change, mark_articles
from quizapp.bank.law_comparison import ArticleChange, compare_versions
from quizapp.bank.law_queries import questions_citing, rows_under
from quizapp.bank.laws import Stored, merge_laws, store_statute, versions_of
from quizapp.bank.models import Law, LawImport
from quizapp.bank.statutes import Problem, Statute, group_parts, join_parts, read_text
from quizapp.bank.statutes.parsed import Unreadable
from quizapp.bank.statutes.text import text_of
from quizapp.core.db import db
from quizapp.core.i18n import _

MOST_FILES = 40
KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A statute as it was read, beside what the bank has of it."""

    number: int
    statute: Statute
    files: tuple[str, ...]
    facts: Mapping[str, Any]
    """What would be stored of the law itself: as read, or as corrected by a person."""
    law: Law | None
    """The law of this title and date, whose articles would be filled."""
    updates: Sequence[ArticleChange]
    """Articles of that law whose text would change."""
    previous: Law | None
    """The version before, when the bank has its text."""
    changes: Sequence[ArticleChange]
    """What changed since that version."""
    dateless: Law | None
    """The law of this title that citations without a date made."""
    other_versions: Sequence[Law]

    @property
    def marked(self) -> list[str]:
        """The articles of the version before that no longer say what they said."""
        return [change.label for change in self.changes if change.kind != "new"]

    @property
    def concerned(self) -> int:
        """How many questions marking them would put on hold."""
        if self.previous is None or not self.marked:
            return 0
        return len(questions_citing([article.id for article in rows_under(self.previous, self.marked)]))


@dataclass(frozen=True, slots=True)
class Taken:
    """What storing one candidate did."""

    stored: Stored
    merged: int = 0
    held: int = 0
    labels: list[str] = field(default_factory=list)


def stage_files(files: Iterable[tuple[str, bytes]], *, actor: User, now: datetime) -> LawImport:
    """Keep the texts of uploaded files until they are stored or dropped; of one that cannot be read, the reason."""
    entries: list[dict[str, Any]] = []
    for name, content in files:
        try:
            entries.append({"file": name[-200:], "text": _storable(text_of(content))})
        except Unreadable as refusal:
            entries.append({"file": name[-200:], "code": refusal.problem.code, "params": dict(refusal.problem.params)})
    return _stage({"statutes": entries}, actor, now)


def stage_list(file_name: str, rows: Sequence[tuple[int, Sequence[str]]], *, actor: User, now: datetime) -> LawImport:
    """Keep the rows of a list of laws until they are taken or dropped."""
    cells = [[number, *(_storable(cell) for cell in row)] for number, row in rows]
    return _stage({"file": file_name[-200:], "rows": cells}, actor, now)


def _storable(text: str) -> str:
    """Without what no database keeps in a document."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")


def _stage(content: dict[str, Any], actor: User, now: datetime) -> LawImport:
    # What its uploader has forgotten is in nobody's way, but need not be kept for ever.
    forgotten = delete(LawImport).where(LawImport.created_by_id == actor.id, LawImport.created_at < now - KEPT)
    db.session.execute(forgotten)
    staged = LawImport(content=content, created_by_id=actor.id, created_at=now)
    db.session.add(staged)
    db.session.flush()
    return staged


def read_staged(staged: LawImport) -> list[tuple[Statute, tuple[str, ...]]]:
    """The statutes of an upload with the files they came from; the parts of one code are one statute."""
    entries = staged.content.get("statutes", [])
    read = [read_text(entry["text"]) if "text" in entry else _unreadable(entry) for entry in entries]
    names = [tuple(entries[place]["file"] for place in places) for places in group_parts(read)]
    return list(zip(join_parts(read), names, strict=True))


def _unreadable(entry: Mapping[str, Any]) -> Statute:
    return Statute(problems=(Problem("file", entry["code"], entry["params"]),))


def proposed_facts(statute: Statute) -> dict[str, Any]:
    """What the form is filled with: as read, but the date of a version that the bank knows where the text is unsure."""
    effective_on = statute.effective_on
    if not statute.effective_is_sure:
        known = [law for law in versions_of(statute.title) if law.effective_on and not _has_text(law)]
        known = [law for law in known if effective_on is None or (law.effective_on or date.min) >= effective_on]
        if len(known) == 1:
            effective_on = known[0].effective_on
    return {
        "title": short_title(statute.title),
        "number": statute.number,
        "issuing_body": statute.issuing_body,
        "issued_on": statute.issued_on,
        "effective_on": effective_on,
    }


def look_at(number: int, statute: Statute, files: tuple[str, ...], facts: Mapping[str, Any]) -> Candidate:
    """Compare a statute with what the bank has."""
    versions = versions_of(facts["title"]) if facts["title"] else []
    effective_on = facts["effective_on"]
    law = next((version for version in versions if version.effective_on == effective_on), None)
    earlier = [
        version
        for version in versions
        if version.effective_on and effective_on and version.effective_on < effective_on and _has_text(version)
    ]
    previous = earlier[-1] if earlier else None
    after = {piece.label: piece.text for piece in statute.pieces}
    return Candidate(
        number=number,
        statute=statute,
        files=files,
        facts=facts,
        law=law,
        updates=[change for change in compare_versions(_texts(law), after) if change.before and change.after]
        if law
        else [],
        previous=previous,
        changes=_comparable(statute, compare_versions(_texts(previous), after)) if previous else [],
        dateless=next((version for version in versions if version.effective_on is None and version is not law), None),
        other_versions=[version for version in versions if version is not law and version.effective_on],
    )


def _texts(law: Law) -> dict[str, str]:
    return {article.label: article.text for article in law.articles if article.place}


def _has_text(law: Law) -> bool:
    return any(article.place for article in law.articles)


def _comparable(statute: Statute, changes: Sequence[ArticleChange]) -> list[ArticleChange]:
    """Without what a file that holds one part of a code cannot tell: that an article of another part is gone."""
    numbers = [article.number for article in statute.articles if article.number]
    if not numbers or (not statute.part and numbers[0].number == 1):
        return list(changes)

    def is_within(label: str) -> bool:
        found = articles_in(label)
        return bool(found) and numbers[0] <= found[0] <= numbers[-1]

    return [change for change in changes if change.kind != "gone" or is_within(change.label)]


def take(candidate: Candidate, *, adopt: bool, mark: bool, actor: User | None, now: datetime) -> Taken:
    """Store a candidate; `adopt` the citations without a date, `mark` what changed since the version before.

    Raises StatuteUnusable.
    """
    stored = store_statute(statute=candidate.statute, facts=candidate.facts, actor=actor, now=now)
    merged = 0
    if adopt and candidate.dateless is not None:
        merged = merge_laws(source=candidate.dateless, target=stored.law, actor=actor, now=now)
    held: set[int] = set()
    effective_on: date | None = candidate.facts["effective_on"]
    if mark and candidate.previous is not None and effective_on is not None:
        note = _("新版本 %(day)s 起施行", day=effective_on.isoformat())
        for status, kinds in (("amended", ("changed", "moved")), ("repealed", ("gone",))):
            labels = [change.label for change in candidate.changes if change.kind in kinds]
            if labels:
                change = Change(status, effective_on, note)
                held |= {
                    question.id
                    for question in mark_articles(
                        law=candidate.previous, labels=labels, change=change, actor=actor, now=now
                    )
                }
    return Taken(stored, merged, len(held), candidate.marked if mark else [])
