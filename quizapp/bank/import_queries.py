"""Reads of imports that their pages share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, Text, and_, cast, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from quizapp.bank.formats.problems import message
from quizapp.bank.models import Article, ImportRow, Question, QuestionImport, QuestionRevision
from quizapp.core.db import db
from quizapp.core.errors import NotFound
from quizapp.core.i18n import _

WAITING_TOO_LONG = timedelta(minutes=2)
"""A job that nobody takes for so long will probably not be taken at all."""


def imports_of(bank_id: int) -> Select[QuestionImport]:
    """The imports of a bank, newest first."""
    return (
        select(QuestionImport)
        .where(QuestionImport.bank_id == bank_id)
        .order_by(QuestionImport.id.desc())
        .options(joinedload(QuestionImport.job), joinedload(QuestionImport.created_by))
    )


def progress(imported: QuestionImport, *, now: datetime) -> dict[str, Any]:
    """How far the background work on an import is; `words` say what is being done."""
    job = imported.job
    words = {
        "reading": _("正在读取文件，并与题库里的题目比较……"),
        "importing": _("正在导入……"),
    }.get(imported.state, "")
    if job and job.state == "queued" and words:
        words = _("正在排队，前面还有别的文件……")
        if now - job.created_at > WAITING_TOO_LONG:
            words = _("排队很久了，后台任务可能没有运行，请联系管理员。文件已经收好，不会丢失。")
    return {
        "state": imported.state,
        "done": job.done if job else 0,
        "total": job.total if job else 0,
        "words": words,
    }


# Rows


def messages(row: ImportRow) -> list[tuple[str, str]]:
    """Severity and sentence of everything that is to be said of a row, in the reader's language."""
    return [(problem["severity"], message(problem["code"], problem["params"])) for problem in row.problems]


def _of(imported: QuestionImport) -> Select[ImportRow]:
    return select(ImportRow).where(ImportRow.import_id == imported.id).order_by(ImportRow.number)


def problem_rows(imported: QuestionImport, wanted: str) -> Select[ImportRow]:
    """The rows with "errors", those that are good but worth a look ("warnings"), or the "mended" ones."""
    problems = cast(ImportRow.problems, Text)
    has_error = or_(ImportRow.state == "bad", problems.contains('"severity": "error"'))
    if wanted == "mended":
        return _of(imported).where(ImportRow.place.in_(list(imported.mends)))
    if wanted == "warnings":
        return _of(imported).where(problems != "[]", ~has_error)
    return _of(imported).where(has_error)


def rows_at(imported: QuestionImport, place: str) -> Select[ImportRow]:
    return _of(imported).where(ImportRow.place == place)


def row_of(imported: QuestionImport, *, number: int | None, place: str) -> ImportRow:
    """A row by its number, if it is still at that place; else the first at that place. Raises NotFound."""
    rows = db.session.scalars(rows_at(imported, place)).all()
    for row in rows:
        if row.number == number:
            return row
    if not rows:
        raise NotFound
    return rows[0]


def fields_of_row(row: ImportRow) -> dict[str, str]:
    """What a mend of the row can replace, as it was read."""
    return dict(row.content.get("fields", {}))


# Duplicates


@dataclass(frozen=True, slots=True)
class Decided:
    total: int = 0
    skipped: int = 0


def duplicate_counts(imported: QuestionImport) -> dict[str, Decided]:
    """For "same", "other" and "similar": how many there are and how many are to be skipped."""
    rows = db.session.execute(
        select(ImportRow.duplicate, func.count(), func.count().filter(ImportRow.decision == "skip"))
        .where(ImportRow.import_id == imported.id, ImportRow.duplicate != "")
        .group_by(ImportRow.duplicate)
    )
    found = {kind: Decided(total, skipped) for kind, total, skipped in rows}
    return {kind: found.get(kind, Decided()) for kind in ("same", "other", "similar")}


def duplicate_rows(imported: QuestionImport, kind: str) -> Select[ImportRow]:
    return _of(imported).where(ImportRow.duplicate == kind, ImportRow.duplicate != "")


def kept_count(imported: QuestionImport) -> int:
    """How many questions would be taken in."""
    kept = and_(ImportRow.import_id == imported.id, ImportRow.state == "good", ImportRow.decision == "keep")
    return db.session.scalar(select(func.count()).select_from(ImportRow).where(kept)) or 0


@dataclass(frozen=True, slots=True)
class Others:
    """What stands beside duplicates: questions of the bank by id, rows of the same file by number."""

    questions: dict[int, Question]
    rows: dict[int, ImportRow]


def others(rows: Sequence[ImportRow]) -> Others:
    beside = [row.content.get("other", {}) for row in rows]
    ids = [other["question"] for other in beside if "question" in other]
    numbers = [other["row"] for other in beside if "row" in other]
    questions = db.session.scalars(
        select(Question)
        .where(Question.id.in_(ids))
        .options(
            selectinload(Question.topics),
            selectinload(Question.revisions).selectinload(QuestionRevision.articles).joinedload(Article.law),
        )
    )
    import_id = rows[0].import_id if rows else 0
    in_file = db.session.scalars(
        select(ImportRow).where(ImportRow.import_id == import_id, ImportRow.number.in_(numbers))
    )
    return Others({question.id: question for question in questions}, {row.number: row for row in in_file})


# Results


@dataclass(frozen=True, slots=True)
class Result:
    taken: int
    skipped: int
    unusable: int
    retired: Sequence[Question] = ()
    """After undoing: what contests use, and so was not deleted."""


def result_of(imported: QuestionImport) -> Result:
    skipped, unusable = db.session.execute(
        select(
            func.count().filter(ImportRow.state == "good", ImportRow.decision == "skip"),
            func.count().filter(ImportRow.state == "bad"),
        ).where(ImportRow.import_id == imported.id)
    ).one()
    ids = imported.outline.get("undone", {}).get("retired", [])
    return Result(imported.outline.get("imported", 0), skipped, unusable, _questions(ids))


def _questions(ids: Iterable[int]) -> Sequence[Question]:
    return db.session.scalars(
        select(Question).where(Question.id.in_(list(ids)[:200])).options(selectinload(Question.revisions))
    ).all()
