"""What changes the unit tree and its headcounts. Everything here flushes and never commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from quizapp.accounts import audit
from quizapp.accounts.actions import Outdated
from quizapp.accounts.models import Headcount, Unit, User
from quizapp.accounts.queries import headcounts_on, unit_tree
from quizapp.accounts.unit_plan import Place, Plan, Planner, RowsUnusable, Step
from quizapp.core.db import db
from quizapp.core.errors import DomainError, Invalid, NotFound
from quizapp.core.i18n import _
from quizapp.core.sheets import SheetRow


class UnitNameTaken(DomainError):
    """The same unit above already has one of this name."""

    status, code = 409, "unit_name_taken"

    def message(self) -> str:
        return _("同一个上级下面已经有这个名称的单位，请换一个名称。")


class UnitCodeTaken(DomainError):
    """Another unit has this code."""

    status, code = 409, "unit_code_taken"

    def message(self) -> str:
        return _("这个编码已经属于另一个单位，请核对。")


def get_unit(unit_id: int) -> Unit:
    unit = db.session.get(Unit, unit_id) if unit_id < 2**31 else None
    if unit is None:
        raise NotFound
    return unit


def add_unit(*, parent: Unit | None, name: str, kind: str, code: str | None, now: datetime, actor: User | None) -> Unit:
    """Put a unit below another, or at the top; raise UnitNameTaken or UnitCodeTaken."""
    if parent is not None and not parent.is_active:
        raise Invalid({"name": _("上级单位已停用，请先恢复使用，再在它下面添加。")})
    _check_free(parent_id=parent.id if parent else None, name=name, code=code, unit_id=None)
    unit = Unit(parent_id=parent.id if parent else None, name=name, kind=kind, code=code or None, created_at=now)
    db.session.add(unit)
    db.session.flush()
    _note("add_unit", unit, {"name": name, "kind": kind}, now=now, actor=actor)
    return unit


def change_unit(
    *, unit: Unit, name: str, kind: str, code: str | None, lock_version: int, now: datetime, actor: User
) -> None:
    """Rename a unit or correct its kind and code; raise Outdated, UnitNameTaken or UnitCodeTaken."""
    _begin_change(unit, lock_version)
    _check_free(parent_id=unit.parent_id, name=name, code=code, unit_id=unit.id)
    before = {"name": unit.name, "kind": unit.kind, "code": unit.code}
    unit.name, unit.kind, unit.code = name, kind, code or None
    db.session.flush()
    after = {"name": unit.name, "kind": unit.kind, "code": unit.code}
    if before != after:
        _note("change_unit", unit, {"before": before, "after": after}, now=now, actor=actor)


def set_unit_active(*, unit: Unit, is_active: bool, lock_version: int, now: datetime, actor: User) -> None:
    """Take a unit and all below it out of the lists people choose from, or put it back; what happened stays."""
    _begin_change(unit, lock_version)
    if unit.is_active != is_active:
        unit.is_active = is_active
        db.session.flush()
        _note("enable_unit" if is_active else "disable_unit", unit, {"name": unit.name}, now=now, actor=actor)


def set_headcount(*, unit: Unit, people: int, valid_from: date, now: datetime, actor: User | None) -> None:
    """Declare the number of people from a day on; a second declaration for the same day takes the first one's place."""
    before = _declare(unit, people=people, valid_from=valid_from)
    if before == people:
        return
    db.session.flush()
    detail = {"name": unit.name, "from": valid_from.isoformat(), "before": before, "after": people}
    _note("set_headcount", unit, detail, now=now, actor=actor)


def _declare(unit: Unit, *, people: int, valid_from: date) -> int | None:
    """Write a headcount; return what was declared for that very day before."""
    row = next((row for row in unit.headcounts if row.valid_from == valid_from), None)
    if row is None:
        unit.headcounts.append(Headcount(people=people, valid_from=valid_from))
        return None
    before, row.people = row.people, people
    return before


def plan_list(rows: Sequence[SheetRow], *, today: date) -> Plan:
    """What a file would do to the tree as it is now."""
    return Planner(unit_tree(), headcounts_on(today)).plan(rows)


def take_list(rows: Sequence[SheetRow], *, today: date, now: datetime, actor: User | None, file_name: str) -> Plan:
    """Do what the file says, headcounts from today on; raise RowsUnusable when any row cannot be taken."""
    plan = plan_list(rows, today=today)
    if plan.problems:
        raise RowsUnusable(plan)
    query = select(Unit).options(selectinload(Unit.headcounts))
    known = {unit.id: unit for unit in db.session.scalars(query)}
    units: dict[int, Unit] = {}
    for step in plan.steps:
        if step.place is not None:
            _take(step, step.place, units, known, today=today, now=now)
    db.session.flush()
    audit.record(
        action="accounts.import_units",
        subject_kind="units",
        subject_id="",
        detail={"file": file_name, "added": plan.count("add"), "changed": plan.count("change")},
        now=now,
        actor=actor,
    )
    return plan


def _take(
    step: Step, place: Place, units: dict[int, Unit], known: dict[int, Unit], *, today: date, now: datetime
) -> None:
    if place.unit_id is None:
        above = place.above
        parent = None if above is None else units.get(id(above)) or known[above.unit_id or 0]
        unit = Unit(parent=parent, name=place.name, kind=place.kind, code=place.code, created_at=now)
        db.session.add(unit)
    else:
        unit = known[place.unit_id]
        unit.kind, unit.code = step.kind or unit.kind, step.code or unit.code
        unit.lock_version += step.verb == "change"
    units[id(place)] = unit
    is_new_figure = place.unit_id is None or step.people != place.people
    if step.people is not None and is_new_figure:
        _declare(unit, people=step.people, valid_from=today)


def _begin_change(unit: Unit, lock_version: int) -> None:
    if unit.lock_version != lock_version:
        raise Outdated
    unit.lock_version += 1


def _check_free(*, parent_id: int | None, name: str, code: str | None, unit_id: int | None) -> None:
    same_place = Unit.parent_id.is_(None) if parent_id is None else Unit.parent_id == parent_id
    twin = db.session.scalar(select(Unit.id).where(same_place, Unit.name == name))
    if twin not in (None, unit_id):
        raise UnitNameTaken
    owner = db.session.scalar(select(Unit.id).where(Unit.code == code)) if code else None
    if owner not in (None, unit_id):
        raise UnitCodeTaken


def _note(verb: str, unit: Unit, detail: dict[str, Any], *, now: datetime, actor: User | None) -> None:
    audit.record(
        action=f"accounts.{verb}",
        subject_kind="unit",
        subject_id=str(unit.id),
        detail=detail,
        now=now,
        actor=actor,
    )
