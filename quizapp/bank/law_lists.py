"""Lists of laws as tables: taken in row by row after a look, and given out so that they come back the same."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from quizapp.accounts import audit
from quizapp.accounts.models import User
from quizapp.bank.article_labels import title_key
from quizapp.bank.formats.characters import clean, fold
from quizapp.bank.formats.details import read_date
from quizapp.bank.law_changes import Change, mark_law
from quizapp.bank.models import Law
from quizapp.core.db import db
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _
from quizapp.core.sheets import SheetRow
from quizapp.core.tables import Table, restore, write_csv, write_xlsx

COLUMNS = {
    "title": "名称",
    "number": "文号",
    "issuing_body": "发布机关",
    "issued_on": "公布日期",
    "effective_on": "施行日期",
    "status": "状态",
    "status_on": "变动日期",
    "status_note": "变动说明",
}
"""The heads of the columns, which are part of the format and the same in every language."""
_HEADS = {
    "title": ("名称", "法律名称", "法规名称", "法律法规名称", "标题", "法律法规"),
    "number": ("文号", "发文字号", "令号", "编号"),
    "issuing_body": ("发布机关", "制定机关", "发布单位", "发文机关"),
    "issued_on": ("公布日期", "发布日期", "公布时间", "发文日期"),
    "effective_on": ("施行日期", "生效日期", "实施日期", "施行时间"),
    "status": ("状态", "时效性", "效力", "有效性"),
    "status_on": ("变动日期", "失效日期", "修改日期", "废止日期"),
    "status_note": ("变动说明", "说明", "备注"),
}
_STATES = {
    "in_force": ("现行有效", "有效", "生效", "尚未生效", "尚未施行", "IN_FORCE"),
    "amended": ("已修改", "已修订", "已修正", "修改", "AMENDED"),
    "repealed": ("已废止", "废止", "失效", "已失效", "REPEALED"),
}
_WRITTEN_STATES = {"in_force": "现行有效", "amended": "已修改", "repealed": "已废止"}
_LONGEST = {"title": 128, "number": 64, "issuing_body": 128, "status_note": 255}
HEAD_ROWS = 10
"""A head is looked for in so many rows."""


class NoTitleColumn(DomainError):
    """No row among the first ones is a head that names the column of titles."""

    status, code = 422, "no_title_column"

    def message(self) -> str:
        return _("没有找到“名称”一列。请在第一行写上列名：名称、文号、发布机关、公布日期、施行日期、状态。")


class RowsUnusable(DomainError):
    """Some rows have problems, so none was taken."""

    status, code = 422, "rows_unusable"

    def __init__(self, plan: Plan) -> None:
        super().__init__({"rows": [step.number for step in plan.problems]})
        self.plan = plan

    def message(self) -> str:
        return _("有 %(count)s 行不能导入，所以一行也没有导入。", count=str(len(self.plan.problems)))


@dataclass(frozen=True, slots=True)
class Step:
    """What a row of the list would do."""

    number: int
    verb: str
    """add, change, keep or refuse."""
    title: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The cells that say something, by column."""
    law: Law | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    steps: list[Step]
    unused: list[str] = field(default_factory=list)
    """Heads of columns that are not taken in."""

    @property
    def problems(self) -> list[Step]:
        return [step for step in self.steps if step.verb == "refuse"]

    def count(self, verb: str) -> int:
        return sum(1 for step in self.steps if step.verb == verb)

    @property
    def is_usable(self) -> bool:
        return not self.problems and any(step.verb in ("add", "change") for step in self.steps)


def plan_list(rows: Sequence[SheetRow]) -> Plan:
    """Say what each row would do, without doing it; raises NoTitleColumn."""
    head, columns = _find_head(rows)
    known = {(title_key(law.title), law.effective_on): law for law in db.session.scalars(select(Law))}
    seen: dict[tuple[str, date | None], int] = {}
    steps = []
    for row in rows[head + 1 :]:
        cells = {name: _cell(row.cells, place) for name, place in columns.items()}
        steps.append(_step(row.number, {name: text for name, text in cells.items() if text}, known, seen))
    unused = [text for place, text in enumerate(rows[head].cells) if text and place not in columns.values()]
    return Plan(steps, unused)


def take_list(rows: Sequence[SheetRow], *, file_name: str, actor: User | None, now: datetime, today: date) -> Plan:
    """Do what the rows say, all or nothing; raises RowsUnusable, NoTitleColumn.

    A law that the list calls amended or repealed holds the questions that cite it, as marking it by hand does. One
    that it calls in force stays as it is: a list of yesterday must not take back what was marked today.
    """
    plan = plan_list(rows)
    if plan.problems:
        raise RowsUnusable(plan)
    for step in plan.steps:
        if step.verb in ("add", "change"):
            _take(step, actor, now, today)
    audit.record(
        action="bank.import_law_list",
        subject_kind="law",
        subject_id="",
        detail={"file": file_name, "added": plan.count("add"), "changed": plan.count("change")},
        now=now,
        actor=actor,
    )
    db.session.flush()
    return plan


def _take(step: Step, actor: User | None, now: datetime, today: date) -> None:
    facts = dict(step.facts)
    status, on = facts.pop("status", None), facts.pop("status_on", None)
    note = facts.pop("status_note", "")
    law = step.law
    if law is None:
        law = Law(title=step.title, effective_on=facts.get("effective_on"), history=[])
        db.session.add(law)
    for name in ("number", "issuing_body", "issued_on"):
        setattr(law, name, facts.get(name) or getattr(law, name) or (None if name == "issued_on" else ""))
    db.session.flush()
    before = (law.status or "in_force", law.status_on, law.status_note)
    if status in ("amended", "repealed"):
        change = Change(status, on or law.status_on or today, note or law.status_note)
        if before != (change.status, change.on, change.note):
            mark_law(law=law, change=change, actor=actor, now=now)


def _find_head(rows: Sequence[SheetRow]) -> tuple[int, dict[str, int]]:
    names = {fold(head): name for name, heads in _HEADS.items() for head in heads}
    for number, row in enumerate(rows[:HEAD_ROWS]):
        columns: dict[str, int] = {}
        for place, text in enumerate(row.cells):
            name = names.get("".join(fold(text).split()))
            if name:
                columns.setdefault(name, place)
        if "title" in columns:
            return number, columns
    raise NoTitleColumn


def _cell(cells: Sequence[str], place: int) -> str:
    return restore(clean(cells[place])) if place < len(cells) else ""


def _step(
    number: int,
    texts: Mapping[str, str],
    known: Mapping[tuple[str, date | None], Law],
    seen: dict[tuple[str, date | None], int],
) -> Step:
    title = texts.get("title", "").strip("《》")
    facts: dict[str, Any] = {name: text for name, text in texts.items() if name in _LONGEST and name != "title"}
    problem = _too_long(texts) or ("" if title else _("没有写名称。"))
    for name in ("issued_on", "effective_on", "status_on"):
        if name in texts:
            facts[name] = read_date(texts[name])
            if facts[name] is None:
                problem = problem or _("“%(head)s”里的“%(text)s”不是日期。", head=COLUMNS[name], text=texts[name][:20])
    if "status" in texts:
        word = fold(texts["status"])
        facts["status"] = next((state for state, words in _STATES.items() if word in words), None)
        if facts["status"] is None:
            problem = problem or _("看不懂状态“%(text)s”，请写 现行有效、已修改 或 已废止。", text=texts["status"][:20])
    version = (title_key(title), facts.get("effective_on"))
    if not problem and version in seen:
        problem = _("与第 %(row)s 行是同一部法律。", row=str(seen[version]))
    if problem:
        return Step(number, "refuse", title, problem=problem)
    seen[version] = number
    law = known.get(version)
    if law is None:
        return Step(number, "add", title, facts)
    if facts.get("status") == "in_force":
        for name in ("status", "status_on", "status_note"):
            facts.pop(name, None)
    differs = any(getattr(law, name) != value for name, value in facts.items())
    return Step(number, "change" if differs else "keep", title, facts, law)


def _too_long(texts: Mapping[str, str]) -> str:
    for name, longest in _LONGEST.items():
        if len(texts.get(name, "")) > longest:
            return _("“%(head)s”最多 %(limit)s 个字。", head=COLUMNS[name], limit=str(longest))
    return ""


# Giving out


def law_table(laws: Sequence[Law]) -> Table:
    """All laws as a table whose rows `plan_list` reads back."""
    return Table("laws", list(COLUMNS.values()), ([_written(law, name) for name in COLUMNS] for law in laws), len(laws))


def _written(law: Law, name: str) -> str:
    value = getattr(law, name)
    if name == "status":
        return _WRITTEN_STATES[law.status]
    return value.isoformat() if isinstance(value, date) else value or ""


def write_list(laws: Sequence[Law], format_name: str) -> bytes:
    """The list as a file, "xlsx" or "csv" (UTF-8 with its mark, by which spreadsheets know it)."""
    if format_name == "csv":
        text = io.StringIO(newline="")
        write_csv(text, law_table(laws))
        return text.getvalue().encode("utf-8-sig")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "laws.xlsx"
        write_xlsx(path, [law_table(laws)])
        return path.read_bytes()
