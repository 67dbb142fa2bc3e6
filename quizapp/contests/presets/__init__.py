"""Rules of real contests to start from: one JSON file each, a contest's document without title, time and bank.

{"days": how long it is open, "contest": fields as in files.ContestFile}
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from quizapp.core.i18n import _l

TITLES = {
    "hunan-2024": _l("湖南民族宗教知识竞赛（一周）：抽 10 题，每题 10 分，10 分钟，每天 3 次"),
    "henan": _l("河南民族宗教理论竞赛：单选 20 题、多选 10 题，40 分钟，一共 10 次"),
}


@dataclass(frozen=True, slots=True)
class Preset:
    name: str
    title: str
    days: int
    contest: dict[str, Any]
    """Fields of files.ContestFile; its sections name no bank."""

    def window(self, *, now: datetime, timezone: str) -> tuple[datetime, datetime]:
        """From the next full hour in the zone, for so many days, until ten in the evening."""
        start = now.astimezone(ZoneInfo(timezone)).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        return start, (start + timedelta(days=self.days)).replace(hour=22)


@lru_cache
def all_presets() -> tuple[Preset, ...]:
    """In the order of their names."""
    return tuple(_read(path) for path in sorted(Path(__file__).parent.glob("*.json")))


def find(name: str) -> Preset | None:
    return next((preset for preset in all_presets() if preset.name == name), None)


def _read(path: Path) -> Preset:
    document = msgspec.json.decode(path.read_bytes())
    return Preset(path.stem, TITLES[path.stem], document["days"], document["contest"])
