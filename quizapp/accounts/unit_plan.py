"""Lists of units as files: what each row would do to the tree. Pure.

Columns, in any order, Chinese or English: 上级单位 parent, 单位名称 name, 编码 code, 类型 kind, 应参人数 people; only
the name is needed. A parent is named by its name where only one unit has it, by its path ("某市/司法局") or by its
code, and stands above its units in the file or is in the tree already.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from quizapp.accounts.models import UNIT_KINDS
from quizapp.accounts.rules import clean_line
from quizapp.accounts.tree import Tree
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _
from quizapp.core.sheets import SheetRow

MOST_PEOPLE = 100_000_000
COLUMNS = {
    "parent": ("上级单位", "上级", "所属单位", "parent", "parent unit"),
    "name": ("单位名称", "名称", "单位", "name", "unit"),
    "code": ("编码", "单位编码", "代码", "code"),
    "kind": ("类型", "单位类型", "kind", "type"),
    "people": ("应参人数", "人数", "应参加人数", "people", "headcount"),
}
KINDS = {
    **{kind: kind for kind in UNIT_KINDS},
    "地区": "region",
    "区域": "region",
    "行政区": "region",
    "部门": "department",
    "单位": "unit",
}
_NUMBER = re.compile(r"[0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3}){1,2}")
_PATH = re.compile(r"\s*[/／>＞→\\]\s*")


class NoNameColumn(DomainError):
    """No row of the file has a heading for the units' names."""

    status, code = 422, "no_name_column"

    def message(self) -> str:
        return _("没有找到“单位名称”这一列。第一行请写表头：上级单位、单位名称、编码、类型、应参人数。")


class RowsUnusable(DomainError):
    """At least one row cannot be taken, so none was."""

    status, code = 422, "rows_unusable"

    def __init__(self, plan: Plan) -> None:
        super().__init__({"problems": [{"row": step.number, "message": step.problem} for step in plan.problems]})
        self.plan = plan

    def message(self) -> str:
        count = len(self.plan.problems)
        return _("有 %(count)s 行不能导入，所以一行也没有导入。请改好文件再来。", count=count)


@dataclass(slots=True)
class Place:
    """A unit that is in the tree (with an id) or that an earlier row makes."""

    name: str
    above: Place | None
    unit_id: int | None = None
    kind: str = "unit"
    code: str | None = None
    people: int | None = None

    @property
    def path(self) -> str:
        return f"{self.above.path}/{self.name}" if self.above else self.name


@dataclass(slots=True)
class Step:
    """What one row does: `verb` is add, change, keep or refuse (then with a problem in words)."""

    number: int
    verb: str
    path: str
    problem: str = ""
    place: Place | None = None
    kind: str | None = None
    code: str | None = None
    people: int | None = None


@dataclass(slots=True)
class Plan:
    steps: list[Step] = field(default_factory=list)

    def count(self, verb: str) -> int:
        return sum(step.verb == verb for step in self.steps)

    @property
    def problems(self) -> list[Step]:
        return [step for step in self.steps if step.verb == "refuse"]

    @property
    def is_usable(self) -> bool:
        return not self.problems and any(step.verb != "keep" for step in self.steps)


class _Unusable(Exception):
    """A row's problem in words."""


class Planner:
    """Looks at the rows one after the other, with the tree as it is and as earlier rows make it."""

    def __init__(self, tree: Tree, headcounts: dict[int, int]) -> None:
        self.by_spot: dict[tuple[int | None, str], Place] = {}
        self.by_name: dict[str, list[Place]] = {}
        self.by_code: dict[str, Place] = {}
        self.named_by_row: set[int] = set()
        places: dict[int, Place] = {}
        for _depth, node in tree.below(None):
            place = Place(
                node.name,
                places.get(node.parent_id) if node.parent_id else None,
                node.id,
                node.kind,
                node.code,
                headcounts.get(node.id),
            )
            places[node.id] = place
            self._remember(place)

    def plan(self, rows: Sequence[SheetRow]) -> Plan:
        """Say of every row below the heading what it does; raise NoNameColumn."""
        columns = find_columns(rows[0].cells if rows else [])
        plan = Plan()
        for row in rows[1:]:
            values = {name: clean_line(row.cells[at]) if at < len(row.cells) else "" for name, at in columns.items()}
            try:
                plan.steps.append(self._step(row.number, values))
            except _Unusable as problem:
                shown = "/".join(part for part in (values.get("parent", ""), values["name"]) if part)
                plan.steps.append(Step(row.number, "refuse", shown[:200], str(problem)))
        return plan

    def _step(self, number: int, values: dict[str, str]) -> Step:
        name = values["name"]
        if not name:
            raise _Unusable(_("没有写单位名称。"))
        if len(name) > 128:
            raise _Unusable(_("单位名称最多 128 个字。"))
        above = self._find_above(values.get("parent", ""))
        kind = read_kind(values.get("kind", ""))
        people = read_people(values.get("people", ""))
        code = values.get("code", "") or None
        place = self.by_spot.get((id(above) if above else None, name))
        self._check_code(code, place)
        if place is None:
            place = Place(name, above, None, kind or "unit", code, people)
            self._remember(place)
            verb = "add"
        elif id(place) in self.named_by_row:
            raise _Unusable(_("同一个单位在文件里出现了两次。"))
        else:
            is_same = kind in (None, place.kind) and code in (None, place.code) and people in (None, place.people)
            verb = "keep" if is_same else "change"
        self.named_by_row.add(id(place))
        return Step(number, verb, place.path, "", place, kind, code, people)

    def _find_above(self, text: str) -> Place | None:
        if not text:
            return None
        if text in self.by_code:
            return self.by_code[text]
        same_name = self.by_name.get(text, [])
        found = same_name or self._ending_with(_PATH.split(text))
        if not found:
            raise _Unusable(_("没有找到上级单位“%(name)s”。请先在文件的前面写上它，或核对名称。", name=text[:60]))
        if len(found) > 1:
            raise _Unusable(
                _("叫“%(name)s”的单位不止一个，请写出它的上级，如“某市/司法局”，或写编码。", name=text[:60])
            )
        return found[0]

    def _ending_with(self, names: list[str]) -> list[Place]:
        """The units whose path ends with these names."""
        return [place for place in self.by_name.get(names[-1], []) if _ends_with(place, names)]

    def _check_code(self, code: str | None, place: Place | None) -> None:
        if code is None:
            return
        if len(code) > 64:
            raise _Unusable(_("编码最多 64 个字符。"))
        owner = self.by_code.get(code)
        if owner is not None and owner is not place:
            raise _Unusable(_("编码“%(code)s”已经属于“%(unit)s”。", code=code, unit=owner.path))
        if place is not None:
            self.by_code[code] = place

    def _remember(self, place: Place) -> None:
        self.by_spot[(id(place.above) if place.above else None, place.name)] = place
        self.by_name.setdefault(place.name, []).append(place)
        if place.code:
            self.by_code[place.code] = place


def _ends_with(place: Place | None, names: list[str]) -> bool:
    for name in reversed(names):
        if place is None or place.name != name:
            return False
        place = place.above
    return True


def find_columns(heading: Iterable[str]) -> dict[str, int]:
    """Field → index of its column; raise NoNameColumn."""
    titles = {
        unicodedata.normalize("NFKC", title).strip().lower(): at for at, title in reversed(list(enumerate(heading)))
    }
    columns = {
        name: titles[known[0]]
        for name, words in COLUMNS.items()
        if (known := [word for word in words if word in titles])
    }
    if "name" not in columns:
        raise NoNameColumn
    return columns


def read_kind(text: str) -> str | None:
    if not text:
        return None
    kind = KINDS.get(text.lower())
    if kind is None:
        raise _Unusable(_("不认识类型“%(kind)s”，请写地区、部门或单位。", kind=text[:30]))
    return kind


def read_people(text: str) -> int | None:
    """A whole number, also with full-width digits or a comma at the thousands; nothing else is guessed at."""
    plain = unicodedata.normalize("NFKC", text).strip().removesuffix("人").strip()
    if not text:
        return None
    if not _NUMBER.fullmatch(plain) or int(plain.replace(",", "")) > MOST_PEOPLE:
        raise _Unusable(_("应参人数“%(people)s”不是 0 至 1 亿之间的整数。", people=text[:30]))
    return int(plain.replace(",", ""))
