from __future__ import annotations

from datetime import UTC, datetime

import pytest

from quizapp.play import chart

NOON_MS = round(datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC).timestamp() * 1000)


def test_the_last_minute_of_an_hour_is_the_present_one() -> None:
    span = chart.last_hour(end_ms=NOON_MS)
    assert len(span.edges) == 61
    assert span.edges[-2] <= NOON_MS < span.edges[-1]
    assert all(edge % span.step_ms == 0 for edge in span.edges)


def test_days_are_those_of_the_zone_also_when_the_clocks_change() -> None:
    start, end = (datetime(2026, 3, day, 12, tzinfo=UTC) for day in (28, 30))
    span = chart.all_days(
        start_ms=round(start.timestamp() * 1000), end_ms=round(end.timestamp() * 1000), timezone="Europe/Berlin"
    )
    hours = [(after - before) / 3_600_000 for before, after in zip(span.edges, span.edges[1:], strict=False)]
    assert hours == [24, 23, 24]
    assert all(edge % span.step_ms == 0 for edge in span.edges)


def test_counts_fall_into_their_bins_and_others_are_left_out() -> None:
    span = chart.Span("x", 10, (10, 20, 40))
    assert chart.count_in(span, [(0, 9), (10, 1), (10, 1), (20, 5), (30, 2), (40, 7)]) == [2, 7]


@pytest.mark.parametrize(
    ("counts", "scale"),
    [
        ([], ["0", "1"]),
        ([0, 0], ["0", "1"]),
        ([1], ["0", "1"]),
        ([3, 5], ["0", "2", "4", "6"]),
        ([87], ["0", "50", "100"]),
        ([4001], ["0", "2,000", "4,000", "6,000"]),
    ],
)
def test_the_scale_has_round_numbers_and_room_for_the_highest(counts: list[int], scale: list[str]) -> None:
    drawing = chart.draw(counts, names=[str(place) for place in range(len(counts))])
    assert [line.text for line in drawing.lines] == scale
    assert all(bar is None or bar.y >= chart.TOP for bar in drawing.bars)


def test_bars_stand_on_the_base_and_an_empty_bin_has_none() -> None:
    drawing = chart.draw([2, 0, 1], names=["a", "b", "c"])
    first, second, third = drawing.bars
    assert first
    assert third
    assert second is None
    assert first.y + first.height == third.y + third.height == chart.BASE
    assert first.height == 2 * third.height


def test_labels_are_few_and_the_last_bin_has_one() -> None:
    drawing = chart.draw([1] * 60, names=[str(place) for place in range(60)])
    assert [label.text for label in drawing.labels] == ["9", "19", "29", "39", "49", "59"]


@pytest.mark.parametrize("count", [1, 2, 60])
def test_few_bars_are_narrow_and_stand_over_their_labels(count: int) -> None:
    drawing = chart.draw([1] * count, names=[str(place) for place in range(count)])
    last = drawing.bars[-1]
    assert last and last.width <= chart.WIDEST_BAR
    assert abs(last.x + last.width / 2 - drawing.labels[-1].at) < 0.02
