"""What the bank does in the background: files are read and taken in, and what nobody needs any more is dropped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import undefer

from quizapp.accounts.models import User
from quizapp.bank import import_rows, importing, media
from quizapp.bank.comparing import Comparison
from quizapp.bank.formats.places import FILE
from quizapp.bank.import_rows import Row
from quizapp.bank.models import ImportRow, QuestionImport
from quizapp.core.db import db, reading, release
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _
from quizapp.core.jobs import Duty, Kind, Run
from quizapp.core.limited import MEGABYTE, Limits
from quizapp.core.logs import get_logger

READ_LIMITS = Limits(memory_bytes=200 * MEGABYTE, cpu_seconds=30, wall_seconds=120)
TAKE_LIMITS = Limits(memory_bytes=250 * MEGABYTE, cpu_seconds=60, wall_seconds=240)
ROWS_AT_ONCE = 500
"""Rows a transaction: short enough that other writers on SQLite hardly wait."""
KEEP_UNFINISHED = timedelta(days=30)
KEEP_FILES = timedelta(days=90)
STEPS = 100
AFTER_READING, AFTER_COMPARING = 30, 90

log = get_logger("bank")


class ReadingDiffers(DomainError):
    """The file reads otherwise than what people have seen: the program was changed in between."""

    status, code = 409, "reading_differs"

    def message(self) -> str:
        return _("程序更新以后，这个文件读出来与您看过的不一样。请重新核对，然后导入。")


# Reading


def read_import(run: Run) -> dict[str, Any]:
    """Read a file, compare it with its bank, and keep what it holds place by place.

    Rows are written in several transactions: nobody looks at them before the state says that all are there.
    """
    with reading():
        imported = _current(run, "reading", with_content=True)
        if imported is None or imported.content is None:
            release()
            return {}
        import_id, bank_id, file_name = imported.id, imported.bank_id, imported.file_name
        look = partial(
            importing.look,
            imported.content,
            format_name=imported.format,
            options=imported.options,
            mends=imported.mends,
        )
        release()
    parsed, rows = look()
    run.tell(AFTER_READING, STEPS)
    comparison = Comparison(rows)
    with reading():
        comparison.load(bank_id)
        mark = importing.bank_mark(bank_id)
        release()
    comparison.mark_same_stems()
    comparison.mark_similar(tell=partial(_tell_between, run, AFTER_READING, AFTER_COMPARING))
    is_refused = not parsed.sheets and all(row.place == FILE for row in rows)
    report = import_rows.report(file_name=file_name, parsed=parsed, rows=rows)
    outline = import_rows.outline(parsed=parsed, rows=rows) | {"bank": mark, "why": run.params["why"]}
    # So that pages can show them; what is not taken in is dropped again when the import is.
    media_of = _store_media(run, dict(enumerate(rows, 1)))
    _write_rows(run, import_id, rows, media_of)
    imported = _current(run, "reading")
    if imported is not None:
        imported.format, imported.report, imported.outline = parsed.format, report, outline
        imported.state = "failed" if is_refused else "staged"
        if is_refused:
            imported.content = None
    return {"questions": report["questions"], "problems": len(report["problems"])}


def _current(run: Run, state: str, *, with_content: bool = False) -> QuestionImport | None:
    """The import that a run is about; None when it was dropped or is to be read anew, so that another run does it.

    Without its content it is meant to be changed, and held until the end of the transaction.
    """
    options = [undefer(QuestionImport.content)] if with_content else []
    imported = db.session.get(QuestionImport, run.params["import"], options=options, with_for_update=not with_content)
    is_current = imported is not None and (imported.state, imported.lock_version) == (state, run.params["version"])
    return imported if is_current else None


def _tell_between(run: Run, first: int, last: int, done: int, total: int) -> None:
    run.tell(first + (last - first) * done // total, STEPS)


def _store_media(run: Run, rows: Mapping[int, Row]) -> dict[int, list[dict[str, Any]]]:
    """Keep the pictures and recordings of rows, a transaction each; what revisions say of them, by row."""
    stored = {}
    for number, row in rows.items():
        if row.media:
            stored[number] = importing.store_media(row, now=run.now)
            db.session.commit()
            run.tell(AFTER_COMPARING, STEPS)
    return stored


def _write_rows(
    run: Run, import_id: int, rows: Sequence[Row], media_of: Mapping[int, Sequence[Mapping[str, Any]]]
) -> None:
    """Write what has changed since the file was read before; decisions about the same duplicate stay."""
    names = ("number", "place", "state", "problems", "content", "duplicate", "decision")
    columns = [getattr(ImportRow, name) for name in names]
    with reading():
        found = db.session.execute(select(*columns).where(ImportRow.import_id == import_id))
        before = {row.number: row._asdict() for row in found}
        release()
    decided = {
        (row["place"], row["duplicate"], json.dumps(row["content"].get("other"))): row["decision"]
        for row in before.values()
        if row["duplicate"]
    }
    changed = []
    for number, row in enumerate(rows, 1):
        values = importing.row_values(row, import_id=import_id, number=number, media=media_of.get(number, ()))
        same = (values["place"], values["duplicate"], json.dumps(values["content"].get("other")))
        values["decision"] = decided.get(same, values["decision"])
        if {name: values[name] for name in names} != before.get(number):
            changed.append(values)
    db.session.execute(delete(ImportRow).where(ImportRow.import_id == import_id, ImportRow.number > len(rows)))
    for first in range(0, len(changed), ROWS_AT_ONCE):
        part = changed[first : first + ROWS_AT_ONCE]
        numbers = [values["number"] for values in part]
        db.session.execute(delete(ImportRow).where(ImportRow.import_id == import_id, ImportRow.number.in_(numbers)))
        db.session.execute(insert(ImportRow), part)
        db.session.commit()
        _tell_between(run, AFTER_COMPARING, STEPS, first + len(part), len(changed))
    db.session.commit()


def mark_unread(params: dict[str, Any], code: str, now: datetime) -> None:
    imported = db.session.get(QuestionImport, params["import"], with_for_update=True)
    if imported is not None and (imported.state, imported.lock_version) == ("reading", params["version"]):
        imported.state = "failed"


# Taking in


def take_import(run: Run) -> dict[str, Any]:
    """Store the kept questions of a file, all of them in one transaction.

    Only pictures and recordings are stored before: what no question names is in no bank.
    """
    with reading():
        imported = _current(run, "importing", with_content=True)
        if imported is None or imported.content is None:
            release()
            return {}
        seen = imported.outline["digest"]
        look = partial(
            importing.look,
            imported.content,
            format_name=imported.format,
            options=imported.options,
            mends=imported.mends,
        )
        kept = set(
            db.session.scalars(
                select(ImportRow.number).where(
                    ImportRow.import_id == imported.id, ImportRow.state == "good", ImportRow.decision == "keep"
                )
            )
        )
        release()
    _parsed, rows = look()
    if import_rows.digest(rows) != seen:
        raise ReadingDiffers
    run.tell(AFTER_READING, STEPS)
    chosen = {number: row for number, row in enumerate(rows, 1) if number in kept}
    media_of = _store_media(run, chosen)
    contents = [
        importing.content_of(row.question, media=media_of.get(number, ()))
        for number, row in chosen.items()
        if row.question
    ]
    imported = _current(run, "importing")
    if imported is None:
        return {}
    if importing.bank_mark(imported.bank_id) != imported.outline["bank"]:
        raise importing.BankChanged
    actor_id = run.params["actor"]
    count = importing.store(
        imported=imported,
        bank=imported.bank,
        numbers=list(chosen),
        contents=contents,
        approve=run.params["approve"],
        actor=db.session.get(User, actor_id) if actor_id else None,
        now=run.now,
    )
    return {"questions": count}


def mark_untaken(params: dict[str, Any], code: str, now: datetime) -> None:
    """Show the file again as it was before; read it anew where that is what went wrong."""
    imported = db.session.get(QuestionImport, params["import"], with_for_update=True)
    if imported is not None and (imported.state, imported.lock_version) == ("importing", params["version"]):
        imported.state = "staged"
        if code in (ReadingDiffers.code, importing.BankChanged.code):
            importing.read_anew(imported=imported, now=now, why=code)


KINDS = (
    Kind(name=importing.READ, act=read_import, limits=READ_LIMITS, failed=mark_unread),
    Kind(name=importing.TAKE, act=take_import, limits=TAKE_LIMITS, failed=mark_untaken),
)


# Timed duties


def drop_unused_media(now: datetime) -> None:
    """Drop pictures and recordings that were sent but that no question shows."""
    dropped = media.drop_unused(now=now)
    db.session.commit()
    log.info("unused_media_dropped", rows=dropped)


def drop_old_imports(now: datetime) -> None:
    """Drop files that were never taken in, and of those that were the file itself: then nobody repeats them."""
    unfinished = QuestionImport.state.in_(("reading", "staged", "failed"))
    for import_id in db.session.scalars(
        select(QuestionImport.id).where(unfinished, QuestionImport.created_at < now - KEEP_UNFINISHED)
    ).all():
        db.session.execute(delete(QuestionImport).where(QuestionImport.id == import_id, unfinished))
        db.session.commit()
    db.session.execute(
        update(QuestionImport)
        .where(QuestionImport.imported_at < now - KEEP_FILES, QuestionImport.content.is_not(None))
        .values(content=None)
    )
    db.session.commit()


DUTIES = (
    Duty(name="bank.drop_unused_media", every=timedelta(hours=6), act=drop_unused_media),
    Duty(name="bank.drop_old_imports", every=timedelta(hours=6), act=drop_old_imports),
)
