"""How pages of play write figures, durations and windows; static/js/play/figures.js writes them alike."""

from __future__ import annotations

from datetime import datetime

from markupsafe import Markup, escape

from quizapp.contests.models import Contest
from quizapp.core.i18n import _, _l
from quizapp.core.web import choose_language, local_time

FIGURES = (
    ("visits", _l("访问人次")),
    ("playing", _l("正在答题")),
    ("finished", _l("参与人次")),
    ("knowledge_points", _l("知识点传播")),
)
"""The live figures on a contest's page: their names in the pulse and their labels."""
TEN_THOUSANDS_FROM = 100_000


def figure_text(number: int) -> str:
    """1,284; in Chinese from a hundred thousand on 80.2 万."""
    if choose_language() != "en" and number >= TEN_THOUSANDS_FROM:
        return _("%(number)s 万", number=f"{number / 10_000:.1f}")
    return f"{number:,}"


def day_text(moment: str, timezone: str) -> str:
    """The day of a moment of the HTTP interface, as 2026-11-26, in a contest's zone."""
    return local_time(datetime.fromisoformat(moment), timezone)[:10]


def duration_text(milliseconds: int | None) -> str:
    """222000 ms → 3′42″; from an hour on 1:03′42″."""
    if milliseconds is None:
        return "—"
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    start = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{start}′{seconds:02d}″"


def window_text(contest: Contest) -> Markup:
    """From when to when, in the contest's zone; a line breaks only between the two moments."""
    moments = [
        Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), local_time(moment, contest.timezone))
        for moment in (contest.opens_at, contest.closes_at)
    ]
    return escape(_("%(begin)s 至 %(end)s", begin="{0}", end="{1}")).format(*moments)
