"""Undoing a finished import as one: what no contest uses is deleted, what one uses is only retired."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import cast

from flask import Flask, current_app
from sqlalchemy import delete, func, select, update

from quizapp.accounts import audit
from quizapp.accounts.models import User
from quizapp.bank.models import Bank, Question, QuestionImport, QuestionRevision
from quizapp.core.db import db
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _

AT_ONCE = 500
InUse = Callable[[Collection[int]], set[int]]


class NotImported(DomainError):
    """The import is not finished, or was undone before."""

    status, code = 409, "not_imported"

    def message(self) -> str:
        return _("这次导入还没有完成，或者已经撤销过了。")


@dataclass(frozen=True, slots=True)
class Undoing:
    """What undoing an import would do, or has done; ids of questions."""

    deleted: Sequence[int]
    retired: Sequence[int]
    changed: int
    """How many of those deleted were changed by people since."""


def init_app(app: Flask, *, in_use: InUse) -> None:
    """`in_use` says which of these questions a contest uses; the bank itself knows no contest."""
    app.extensions["quizapp.bank.in_use"] = in_use


def plan(imported: QuestionImport) -> Undoing:
    if imported.state != "imported":
        raise NotImported
    in_use = cast(InUse, current_app.extensions["quizapp.bank.in_use"])
    ids = list(db.session.scalars(select(Question.id).where(Question.import_id == imported.id).order_by(Question.id)))
    used = in_use(ids)
    unused = [id_ for id_ in ids if id_ not in used]
    later = (
        select(func.count())
        .select_from(QuestionRevision)
        .join(Question)
        .where(Question.import_id == imported.id, QuestionRevision.number == 2)
    )
    changed = sum(db.session.scalar(later.where(Question.id.in_(part))) or 0 for part in _parts(unused))
    return Undoing(unused, [id_ for id_ in ids if id_ in used], changed)


def undo(*, imported: QuestionImport, actor: User | None, now: datetime) -> Undoing:
    """Take the questions of an import out of the bank; flushes, never commits. Raises NotImported."""
    # Whoever publishes a contest of this bank holds it too: what was not in use stays so until it is gone.
    db.session.get(Bank, imported.bank_id, with_for_update=True)
    planned = plan(imported)
    moved = db.session.scalars(
        update(QuestionImport)
        .where(QuestionImport.id == imported.id, QuestionImport.state == "imported")
        .values(state="undone")
        .returning(QuestionImport.id)
        .execution_options(synchronize_session=False)
    ).all()
    if not moved:
        raise NotImported
    for part in _parts(planned.deleted):
        db.session.execute(
            delete(Question).where(Question.id.in_(part)), execution_options={"synchronize_session": False}
        )
    for part in _parts(planned.retired):
        db.session.execute(
            update(Question).where(Question.id.in_(part)).values(state="retired"),
            execution_options={"synchronize_session": False},
        )
    db.session.expire_all()
    imported.undone_at = now
    imported.outline = {
        **imported.outline,
        "undone": {"deleted": len(planned.deleted), "retired": list(planned.retired)},
    }
    audit.record(
        action="bank.undo_import",
        subject_kind="import",
        subject_id=str(imported.id),
        detail={
            "bank": imported.bank.name,
            "file": imported.file_name,
            "deleted": len(planned.deleted),
            "retired": len(planned.retired),
        },
        now=now,
        actor=actor,
    )
    db.session.flush()
    return planned


def _parts(ids: Sequence[int]) -> Iterator[list[int]]:
    rest = iter(ids)
    while part := list(islice(rest, AT_ONCE)):
        yield part
