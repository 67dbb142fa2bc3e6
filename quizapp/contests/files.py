"""A contest as a JSON file, for `quizapp contest create` and for presets.

    {
      "preset": "hunan-2024",                        rules to start from; the fields below change them
      "title": "宪法知识竞赛", "slug": "xianfa-2026",
      "host_name": "", "introduction": "", "accent": "#b3261e",
      "timezone": "Asia/Shanghai",
      "opens_at": "2026-12-04T08:00", "closes_at": "2026-12-11T22:00",   in that zone, or with an offset
      "paper": "random",                             or "fixed": its questions are then chosen by lot, once
      "sections": [
        {"bank": "民族宗教", "kind": "single", "topic": "宗教事务", "difficulty": 2, "count": 10, "points": 10}
      ],
      "shuffle_questions": true, "shuffle_options": true,
      "limit_minutes": 10, "attempts_total": null, "attempts_per_day": 3, "pass_mark": 60,
      "feedback": "explanations", "feedback_time": "after_finish",
      "entry_mode": "form", "entry_fields": ["name", "phone", "unit", "audience"],
      "audience_groups": ["机关干部"], "unit_root": "示例市",
      "capacity": null, "retention_days": 180
    }

Title, slug, window and sections with their banks are needed; everything else has the default shown by
`ContestFile`. A field that is not known is refused, so that a misspelt rule is not silently lost.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import select

from quizapp.accounts.models import Unit
from quizapp.bank.models import Bank, Topic
from quizapp.contests import presets
from quizapp.contests.drafts import Draft, SectionDraft, is_zone
from quizapp.contests.rules import NoSuchLocalTime, from_local
from quizapp.contests.words import COMPLAINTS
from quizapp.core.db import db
from quizapp.core.errors import Invalid
from quizapp.core.i18n import _


class SectionFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    count: int
    points: Decimal
    bank: str = ""
    kind: str | None = None
    topic: str | None = None
    difficulty: int | None = None


class ContestFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    sections: tuple[SectionFile, ...]
    title: str = ""
    slug: str = ""
    opens_at: str = ""
    closes_at: str = ""
    host_name: str = ""
    introduction: str = ""
    accent: str = ""
    timezone: str | None = None
    paper: str = "random"
    shuffle_questions: bool = True
    shuffle_options: bool = True
    limit_minutes: int | None = 10
    attempts_total: int | None = None
    attempts_per_day: int | None = None
    pass_mark: Decimal | None = None
    feedback: str = "explanations"
    feedback_time: str = "after_finish"
    entry_mode: str = "nickname"
    entry_fields: tuple[str, ...] = ()
    audience_groups: tuple[str, ...] = ()
    unit_root: str | None = None
    capacity: int | None = None
    retention_days: int = 180


def read_contest(content: bytes, *, site_timezone: str) -> Draft:
    """The draft that a file describes; raises Invalid, which names every wrong field."""
    try:
        document = msgspec.json.decode(content, type=dict[str, Any])
        preset_name = document.pop("preset", None)
        preset = presets.find(str(preset_name)) if preset_name is not None else None
        if preset_name is not None and preset is None:
            raise Invalid({"preset": _("没有名为“%(name)s”的模板。", name=str(preset_name))})
        base = preset.contest if preset else {}
        file = msgspec.convert(base | document, ContestFile)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid({"file": _("文件不符合竞赛文件的格式：%(reason)s", reason=str(error))}) from error
    return to_draft(file, site_timezone=site_timezone)


def to_draft(file: ContestFile, *, site_timezone: str) -> Draft:
    """Look up the banks, topics and units that a file names; raises Invalid."""
    timezone = file.timezone or site_timezone
    if not is_zone(timezone):
        raise Invalid({"timezone": str(COMPLAINTS["timezone"])})
    wrong: dict[str, str] = {}
    opens_at = _moment("opens_at", file.opens_at, timezone, wrong)
    closes_at = _moment("closes_at", file.closes_at, timezone, wrong)
    sections = [_section(place, section, wrong) for place, section in enumerate(file.sections)]
    pass_mark = _hundredths("pass_mark", file.pass_mark, "pass_mark", wrong) if file.pass_mark is not None else None
    unit_root_id = _unit(file.unit_root, wrong) if file.unit_root is not None else None
    if wrong:
        raise Invalid(wrong)
    return Draft(
        slug=file.slug,
        title=file.title,
        host_name=file.host_name,
        introduction=file.introduction,
        accent=file.accent,
        timezone=timezone,
        opens_at=opens_at,
        closes_at=closes_at,
        paper=file.paper,
        sections=sections,
        shuffle_questions=file.shuffle_questions,
        shuffle_options=file.shuffle_options,
        limit_seconds=None if file.limit_minutes is None else file.limit_minutes * 60,
        attempts_total=file.attempts_total,
        attempts_per_day=file.attempts_per_day,
        pass_mark_hundredths=pass_mark,
        feedback=file.feedback,
        feedback_time=file.feedback_time,
        entry_mode=file.entry_mode,
        entry_fields=file.entry_fields,
        audience_groups=file.audience_groups,
        unit_root_id=unit_root_id,
        capacity=file.capacity,
        retention_days=file.retention_days,
    )


def _moment(field: str, text: str, timezone: str, wrong: dict[str, str]) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else from_local(local=moment, timezone=timezone)
    except NoSuchLocalTime:
        wrong[field] = str(COMPLAINTS["no_such_local_time"])
    except (ValueError, OverflowError):
        wrong[field] = _("请填写日期和时间，如 2026-12-04 08:00。")
    return datetime.min.replace(tzinfo=UTC)


def _section(place: int, section: SectionFile, wrong: dict[str, str]) -> SectionDraft:
    bank_id = db.session.scalar(select(Bank.id).where(Bank.name == section.bank))
    if bank_id is None:
        wrong[f"sections-{place}-bank"] = _("没有名为“%(name)s”的题库。", name=section.bank)
    topic_id = None
    if section.topic is not None:
        topic_id = db.session.scalar(select(Topic.id).where(Topic.name == section.topic))
        if topic_id is None:
            wrong[f"sections-{place}-topic"] = _("没有名为“%(name)s”的知识点。", name=section.topic)
    return SectionDraft(
        bank_id=bank_id or 0,
        kind=section.kind,
        topic_id=topic_id,
        difficulty=section.difficulty,
        count=section.count,
        points_hundredths=_hundredths(f"sections-{place}-points", section.points, "points", wrong),
    )


def _hundredths(field: str, points: Decimal, complaint: str, wrong: dict[str, str]) -> int:
    hundredths = points * 100
    if not points.is_finite() or abs(hundredths) > 10**9 or hundredths != int(hundredths):
        wrong[field] = str(COMPLAINTS[complaint])
        return 0
    return int(hundredths)


def _unit(name: str, wrong: dict[str, str]) -> int | None:
    found = list(db.session.scalars(select(Unit.id).where((Unit.name == name) | (Unit.code == name))))
    if len(found) != 1:
        wrong["unit_root"] = _("名称或代码为“%(name)s”的单位不存在或不止一个。", name=name)
        return None
    return found[0]


def draft_of_preset(
    *, preset: presets.Preset, bank: Bank, slug: str, title: str, now: datetime, timezone: str
) -> Draft:
    """A draft by a preset's rules whose questions all come from one bank, open from the next full hour."""
    file = msgspec.convert(preset.contest, ContestFile)
    opens_at, closes_at = preset.window(now=now, timezone=timezone)
    file = msgspec.structs.replace(
        file,
        slug=slug,
        title=title,
        timezone=timezone,
        opens_at=opens_at.isoformat(),
        closes_at=closes_at.isoformat(),
        sections=tuple(msgspec.structs.replace(section, bank=bank.name) for section in file.sections),
    )
    return to_draft(file, site_timezone=timezone)
