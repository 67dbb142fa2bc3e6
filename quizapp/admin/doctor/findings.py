"""What the doctor says about one thing that was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quizapp.core.i18n import _l

LEVELS = ("ok", "notice", "warn", "bad")
"""ok: as it should be; notice: good to know; warn: mend it before a large contest; bad: mend it before any."""
LEVEL_WORDS = {"ok": _l("正常"), "notice": _l("提示"), "warn": _l("注意"), "bad": _l("必须处理")}


@dataclass(frozen=True, slots=True)
class Finding:
    level: str
    code: str
    """Stable, for scripts."""
    what: str
    value: str
    """What was found or measured."""
    advice: str = ""
    """What to do; empty where nothing needs doing."""


def worst(findings: Sequence[Finding]) -> str:
    return max((finding.level for finding in findings), key=LEVELS.index, default="ok")
