"""Taking question files into a bank: read in the background, shown row by row, stored only on a second act.

reading → staged → importing → imported → undone; failed where a file cannot be read at all. Whatever changes how a
file is read raises `lock_version` and puts in a new job; what an older reading says is nobody's any more. The jobs
themselves are in bank/jobs.py. Everything here flushes and never commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, insert, select, update

from quizapp.accounts import audit
from quizapp.accounts.models import User
from quizapp.bank import formats, import_rows, media
from quizapp.bank.actions import Content, add_many
from quizapp.bank.comparing import Comparison
from quizapp.bank.formats.parsed import Parsed, ParsedQuestion
from quizapp.bank.formats.read_options import ReadOptions
from quizapp.bank.import_rows import WITHOUT_MEDIA, Row
from quizapp.bank.models import Bank, ImportRow, Question, QuestionImport
from quizapp.bank.reviewing import approve_import
from quizapp.bank.shelf import Citation
from quizapp.core.background import enqueue
from quizapp.core.db import db
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _

FILE_NAME_LETTERS = 255
READ, TAKE = "bank.read_import", "bank.take_import"


class NothingToImport(DomainError):
    """The file holds no question that could be stored, or all of them are to be skipped."""

    status, code = 422, "nothing_to_import"

    def message(self) -> str:
        return _("这个文件里没有可以导入的题目，题库没有变化。")


class AlreadyImported(DomainError):
    """The file was taken into the bank before."""

    status, code = 409, "already_imported"

    def message(self) -> str:
        return _("这个文件已经导入过了，没有重复导入。")


class ReadAnew(DomainError):
    """The file has been read anew since the page was opened, or is just being read."""

    status, code = 409, "read_anew"

    def message(self) -> str:
        return _("这个文件刚刚被重新读取（可能是别人改了设置或内容），没有导入。请看过新的结果再继续。")


class BankChanged(DomainError):
    """Questions came into the bank or left it after the file was compared with it."""

    status, code = 409, "bank_changed"

    def message(self) -> str:
        return _("题库在您查看之后有了变化，已经重新查重。请再看一眼，然后导入。")


class RowsUnusable(DomainError):
    """All or nothing was asked for, and some rows cannot be taken."""

    status, code = 422, "rows_unusable"

    def message(self) -> str:
        return _("还有不能导入的行，所以什么都没有导入。请先改好这些行，或者选择只导入没有问题的题。")


# Reading


class Looked(NamedTuple):
    parsed: Parsed
    rows: list[Row]


def read_file(content: bytes, *, format_name: str) -> Parsed:
    """Read a question file; never raises for bad content."""
    return formats.read(content, format=format_name)


def look(
    content: bytes,
    *,
    format_name: str,
    options: Mapping[str, Any] | None = None,
    mends: Mapping[str, Any] | None = None,
) -> Looked:
    """Read a file as a person has corrected it, and give its places in order; needs no database."""
    for_readers = {
        place: {name: text for name, text in fields.items() if name != WITHOUT_MEDIA}
        for place, fields in (mends or {}).items()
    }
    how = ReadOptions.from_document(options or {}, for_readers)
    parsed = formats.read(content, format=format_name, options=how)
    return Looked(parsed, import_rows.rows_of(parsed, mends=mends or {}))


def format_names() -> list[str]:
    """What `format_name` may be: "auto" and the formats that can be read."""
    return [formats.AUTO, *formats.FORMATS]


# What people decide, one step at a time


def upload(
    *, bank: Bank, file_name: str, content: bytes, format_name: str, actor: User | None, now: datetime
) -> QuestionImport:
    """Keep a file to be read in the background."""
    imported = _new(bank=bank, file_name=file_name, content=content, format_name=format_name, actor=actor, now=now)
    imported.state = "reading"
    db.session.add(imported)
    db.session.flush()
    _enqueue(imported, READ, now, why="")
    return imported


def read_anew(*, imported: QuestionImport, now: datetime, why: str = "") -> None:
    """Have the file read once more, as its options and mends are now; raises AlreadyImported, ReadAnew.

    `why` is the code of what nobody asked for, to be told beside the result.
    """
    if imported.state not in ("reading", "staged", "failed") or not has_file(imported):
        raise AlreadyImported
    version = imported.lock_version
    if not _moves(imported, states=("reading", "staged", "failed"), to="reading", lock_version=version + 1):
        raise ReadAnew
    _enqueue(imported, READ, now, why=why)


def correct(*, imported: QuestionImport, format_name: str, options: ReadOptions, now: datetime) -> None:
    """Have the file read as a person says. Another format starts from the beginning: places mean something else."""
    if format_name != imported.format:
        imported.mends = {}
    imported.format, imported.options = format_name, options.as_document()
    read_anew(imported=imported, now=now)


def mend(*, imported: QuestionImport, mends: Mapping[str, Mapping[str, str]], now: datetime) -> None:
    """Have rows read with other texts in place of the file's; a place without texts is read as the file has it."""
    kept = dict(imported.mends) | {place: dict(fields) for place, fields in mends.items()}
    imported.mends = {place: fields for place, fields in kept.items() if fields}
    read_anew(imported=imported, now=now)


def decide(*, imported: QuestionImport, decision: str, numbers: Iterable[int] = (), kinds: Iterable[str] = ()) -> None:
    """Keep or skip single duplicates, or all of some kinds ("same", "other", "similar")."""
    if imported.state != "staged":
        raise ReadAnew if imported.state == "reading" else AlreadyImported
    chosen = ImportRow.number.in_(list(numbers)) | ImportRow.duplicate.in_(list(kinds))
    db.session.execute(
        update(ImportRow)
        .where(ImportRow.import_id == imported.id, ImportRow.duplicate != "", chosen)
        .values(decision=decision)
    )


def take_later(
    *, imported: QuestionImport, seen: int, only_whole: bool, approve: bool, actor: User | None, now: datetime
) -> None:
    """Have the kept questions of a staged file stored in the background.

    `seen` is the lock_version that the person decided on. With `only_whole` a file with errors is refused.
    Raises AlreadyImported, ReadAnew, RowsUnusable, NothingToImport, BankChanged.
    """
    if imported.state not in ("staged", "reading"):
        raise AlreadyImported
    if imported.lock_version != seen or imported.state == "reading":
        raise ReadAnew
    if imported.outline["bank"] != bank_mark(imported.bank_id):
        raise BankChanged
    if only_whole and imported.outline["counts"]["errors"]:
        raise RowsUnusable
    kept = db.session.scalar(
        select(func.count(ImportRow.number)).where(
            ImportRow.import_id == imported.id, ImportRow.state == "good", ImportRow.decision == "keep"
        )
    )
    if not kept:
        raise NothingToImport
    if not _moves(imported, states=("staged",), to="importing", lock_version=seen):
        raise AlreadyImported
    _enqueue(imported, TAKE, now, approve=approve, actor=actor.id if actor else None)


def bank_mark(bank_id: int) -> list[int]:
    """What changes when questions come into a bank or leave it: then a comparison with it is out of date."""
    counted = select(func.count(Question.id), func.max(Question.id)).where(
        Question.bank_id == bank_id, Question.state != "retired"
    )
    count, newest = db.session.execute(counted).one()
    return [count, newest or 0]


def repeat(*, imported: QuestionImport, actor: User | None, now: datetime) -> QuestionImport:
    """Begin again with the file of an import, as it was corrected and mended."""
    if imported.content is None:
        raise AlreadyImported
    again = upload(
        bank=imported.bank,
        file_name=imported.file_name,
        content=imported.content,
        format_name=imported.format,
        actor=actor,
        now=now,
    )
    again.options, again.mends = dict(imported.options), dict(imported.mends)
    db.session.flush()
    return again


def drop(*, imported: QuestionImport) -> None:
    """Forget a file that was not imported."""
    if imported.state not in ("reading", "staged", "failed"):
        raise AlreadyImported
    db.session.delete(imported)
    db.session.flush()


def has_file(imported: QuestionImport) -> bool:
    """Whether the file itself is still kept; asked without fetching it."""
    return bool(db.session.scalar(select(QuestionImport.content.is_not(None)).where(QuestionImport.id == imported.id)))


def _moves(imported: QuestionImport, *, states: Sequence[str], to: str, lock_version: int) -> bool:
    """One conditional UPDATE whose row count says whether nobody else was faster."""
    db.session.flush()
    moved = db.session.scalars(
        update(QuestionImport)
        .where(
            QuestionImport.id == imported.id,
            QuestionImport.state.in_(states),
            QuestionImport.lock_version == imported.lock_version,
        )
        .values(state=to, lock_version=lock_version)
        .returning(QuestionImport.id)
        .execution_options(synchronize_session=False)
    ).all()
    db.session.refresh(imported, ["state", "lock_version"])
    return bool(moved)


def _enqueue(imported: QuestionImport, kind: str, now: datetime, **params: Any) -> None:
    job = enqueue(kind=kind, params={"import": imported.id, "version": imported.lock_version, **params}, now=now)
    imported.job_id = job.id
    db.session.flush()


# At once, in the process that asks: for the demo and the command line


def bring_in(
    *,
    bank: Bank,
    file_name: str,
    content: bytes,
    looked: Looked,
    approve: bool,
    actor: User | None,
    now: datetime,
) -> QuestionImport:
    """Take all questions of a file that was looked at into a bank, duplicates too, as approved ones if asked.

    A file without a question stays "staged", and nothing but its import is added.
    """
    parsed, rows = looked
    comparison = Comparison(rows)
    comparison.load(bank.id, with_texts=False)
    comparison.mark_same_stems()
    imported = _new(bank=bank, file_name=file_name, content=content, format_name=parsed.format, actor=actor, now=now)
    imported.report = import_rows.report(file_name=file_name, parsed=parsed, rows=rows)
    imported.outline = import_rows.outline(parsed=parsed, rows=rows) | {"bank": bank_mark(bank.id)}
    db.session.add(imported)
    db.session.flush()
    stored = {number: store_media(row, now=now) for number, row in enumerate(rows, 1)}
    values = [
        row_values(row, import_id=imported.id, number=number, media=stored[number]) | {"decision": "keep"}
        for number, row in enumerate(rows, 1)
    ]
    if values:
        db.session.execute(insert(ImportRow), values)
    chosen = {number: row.question for number, row in enumerate(rows, 1) if row.question}
    contents = [content_of(question, media=stored[number]) for number, question in chosen.items()]
    if contents:
        store(
            imported=imported, bank=bank, numbers=list(chosen), contents=contents, approve=approve, actor=actor, now=now
        )
    return imported


def _new(
    *, bank: Bank, file_name: str, content: bytes, format_name: str, actor: User | None, now: datetime
) -> QuestionImport:
    return QuestionImport(
        bank_id=bank.id,
        file_name=file_name[-FILE_NAME_LETTERS:],
        format=format_name,
        content=content,
        state="staged",
        created_by_id=actor.id if actor else None,
        created_at=now,
    )


# Storing


def row_values(row: Row, *, import_id: int, number: int, media: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """A place of a file as a row of ImportRow, decided as long as nobody has: only the same question is skipped."""
    return {
        "import_id": import_id,
        "number": number,
        "place": row.place,
        "state": row.state,
        "problems": [
            {"code": problem.code, "params": dict(problem.params), "severity": problem.severity}
            for problem in row.problems
            if problem.code != "duplicate"
        ],
        "content": row.content(media),
        "duplicate": row.duplicate,
        "decision": "skip" if row.duplicate == "same" else "keep",
        "question_id": None,
    }


def store_media(row: Row, *, now: datetime) -> list[dict[str, Any]]:
    """Keep the pictures and recordings of a row's question; return what a revision says of them."""
    return [
        media.shown_at(media.store(cleaned, now=now), at=medium.at, alt=medium.alt) for medium, cleaned in row.media
    ]


def store(
    *,
    imported: QuestionImport,
    bank: Bank,
    numbers: Sequence[int],
    contents: Sequence[Content],
    approve: bool,
    actor: User | None,
    now: datetime,
) -> int:
    """Write the questions of an import, as approved ones if asked; return how many. `numbers` are their rows."""
    if not contents:
        raise NothingToImport
    ids = add_many(bank=bank, contents=contents, actor=actor, now=now, import_id=imported.id)
    db.session.execute(
        update(ImportRow),
        [
            {"import_id": imported.id, "number": number, "question_id": question_id}
            for number, question_id in zip(numbers, ids, strict=True)
        ],
    )
    imported.state, imported.imported_at = "imported", now
    imported.outline = {**imported.outline, "imported": len(ids)}
    audit.record(
        action="bank.import",
        subject_kind="import",
        subject_id=str(imported.id),
        detail={"bank": bank.name, "file": imported.file_name, "questions": len(ids)},
        now=now,
        actor=actor,
    )
    if approve:
        approve_import(import_id=imported.id, actor=actor, now=now)
    db.session.flush()
    return len(ids)


def content_of(question: ParsedQuestion, *, media: Sequence[Mapping[str, Any]] = ()) -> Content:
    """A parsed question as content of a revision, with its media as they are kept."""
    return Content(
        kind=question.kind,
        stem=question.stem,
        options=[(option.id, option.text) for option in question.options],
        key=_listed(question.key),
        explanation=question.explanation,
        citations=[Citation(cited.law, cited.article, cited.effective_on) for cited in question.citations],
        topics=question.topics,
        difficulty=question.difficulty or 2,
        passage=question.passage,
        rubric=[
            {"text": criterion.text, "points_hundredths": criterion.points_hundredths} for criterion in question.rubric
        ],
        media=media,
        translations={
            translation.language: {
                "stem": translation.stem,
                "options": {option.id: option.text for option in translation.options},
                "explanation": translation.explanation,
                "passage": translation.passage,
            }
            for translation in question.translations
        },
    )


def _listed(key: tuple[Any, ...]) -> list[Any]:
    return [list(part) if isinstance(part, tuple) else part for part in key]
