"""A bar chart of what happened when: its bins and its geometry. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTE_MS = 60_000
HOUR_BINS, DAY_BINS = 60, 48
# The drawing in its own units; the page scales it.
WIDTH, HEIGHT = 640, 260
LEFT, TOP, BASE = 40, 12, 232
LABELS = 6
DIVISIONS = 4
WIDEST_BAR = 48
"""A contest of a day or two is drawn as bars, not as walls."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in bins; `edges` are ms since 1970-01-01 UTC, one more than there are bins."""

    name: str
    step_ms: int
    """Every edge is a multiple of this, so that counting by steps of it loses nothing."""
    edges: tuple[int, ...]


def last_hour(*, end_ms: int) -> Span:
    """Sixty minutes, the last one being the minute of `end_ms`."""
    return _even("hour", end_ms, MINUTE_MS, HOUR_BINS)


def last_day(*, end_ms: int) -> Span:
    """Twenty-four hours in halves, the last one being the half hour of `end_ms`."""
    return _even("day", end_ms, 30 * MINUTE_MS, DAY_BINS)


def all_days(*, start_ms: int, end_ms: int, timezone: str) -> Span:
    """The days of a zone from the one of `start_ms` to the one of `end_ms`."""
    zone = ZoneInfo(timezone)
    first, last = (datetime.fromtimestamp(moment / 1000, UTC).astimezone(zone).date() for moment in (start_ms, end_ms))
    count = max(0, (last - first).days) + 2
    starts = (datetime.combine(first + timedelta(days=day), time(), zone) for day in range(count))
    # The offsets of all zones are whole quarters of an hour.
    return Span("all", 15 * MINUTE_MS, tuple(round(start.astimezone(UTC).timestamp() * 1000) for start in starts))


def _even(name: str, end_ms: int, width_ms: int, count: int) -> Span:
    last = end_ms // width_ms * width_ms
    return Span(name, width_ms, tuple(last - (count - 1 - place) * width_ms for place in range(count + 1)))


def count_in(span: Span, counted: Iterable[tuple[int, int]]) -> list[int]:
    """Sum (moment, count) by bin; what lies outside of the span is left out."""
    sums = [0] * (len(span.edges) - 1)
    for moment, count in counted:
        place = bisect_right(span.edges, moment) - 1
        if 0 <= place < len(sums):
            sums[place] += count
    return sums


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the scale, or a label below it, at `at` units."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    bars: tuple[Bar | None, ...]
    """None: nothing to draw."""
    lines: tuple[Tick, ...]
    labels: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    """Where the scale ends and the bars begin."""


def draw(counts: Sequence[int], *, names: Sequence[str]) -> Chart:
    """Bars of these heights with a scale of whole numbers; `names` are those of the bins."""
    step = _step(max(counts, default=0))
    divisions = max(1, -(-max(counts, default=0) // step))
    room, full = (WIDTH - LEFT) / max(1, len(counts)), divisions * step
    gap = max(min(2.0, room / 4), room - WIDEST_BAR)
    height = BASE - TOP
    return Chart(
        bars=tuple(
            Bar(
                round(LEFT + place * room + gap / 2, 2),
                round(BASE - count / full * height, 2),
                round(room - gap, 2),
                round(count / full * height, 2),
            )
            if count
            else None
            for place, count in enumerate(counts)
        ),
        lines=tuple(
            Tick(round(BASE - line / divisions * height, 2), f"{line * step:,}") for line in range(divisions + 1)
        ),
        labels=tuple(Tick(round(LEFT + (place + 0.5) * room, 2), names[place]) for place in _label_places(len(counts))),
    )


def _step(largest: int) -> int:
    """The distance of the scale's lines: 1, 2 or 5 times a power of ten, with at most four lines above zero."""
    wanted, power = -(-largest // DIVISIONS), 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= wanted:
                return factor * power
        power *= 10


def _label_places(count: int) -> list[int]:
    """Which bins are labelled: evenly, the last one always."""
    apart = max(1, -(-count // LABELS))
    return list(range(count - 1, -1, -apart))[::-1]
