from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.contests.rules import draw_paper
from quizapp.play import packing, rules
from tests.contests.kit_makers import make_kit

HOUR_MS = 3_600_000


@given(seen=st.dictionaries(st.integers(1, 10**9), st.integers(1, 40)))
def test_a_history_comes_back_whole(seen: dict[int, int]) -> None:
    packed = packing.pack_history(seen)
    assert packing.unpack_history(packed) == seen
    assert "".join(packing.parts(packed)) == packed


def test_a_history_of_twenty_questions_is_short() -> None:
    assert len(packing.pack_history({number * 12 + 5: 1 for number in range(20)})) < 30


@pytest.mark.parametrize("shuffles", [True, False])
def test_a_paper_comes_back_whole(shuffles: bool) -> None:
    kinds = {2: "multiple", 3: "true_false", 4: "fill_in", 5: "ordering", 6: "matching"}
    kit = make_kit(range(1, 9), range(9, 12), counts=[8, 3], kinds=kinds, shuffle_options=shuffles)
    for seed in "abcdef":
        paper = draw_paper(kit=kit, seen={}, seed=seed)
        assert packing.unpack_paper(kit=kit, packed=packing.pack_paper(kit=kit, paper=paper)) == paper


@pytest.mark.parametrize(
    ("kind", "response"),
    [
        ("single", ["C"]),
        ("multiple", ["A", "D"]),
        ("true_false", ["true"]),
        ("true_false", ["false"]),
        ("fill_in", ["宪法"]),
        ("fill_in", ["", "二"]),
        ("single", []),
        ("fill_in", []),
        ("true_false", []),
        ("ordering", ["D", "B", "A", "C"]),
        ("ordering", []),
        ("matching", ["A4", "B1", "C4"]),
        ("matching", ["A2"]),
        ("matching", ["C3"]),
        ("matching", []),
    ],
)
def test_a_response_comes_back_whole(kind: str, response: list[str]) -> None:
    question = make_kit([1], counts=[1], kinds={1: kind}).questions[1]
    packed = packing.pack_response(question=question, response=response)
    assert packing.unpack_response(question=question, packed=packed) == response


def test_orders_and_pairs_are_packed_in_a_letter_each() -> None:
    kit = make_kit([1, 2], counts=[2], kinds={1: "ordering", 2: "matching"}, shuffle_questions=False)
    paper = packing.pack_paper(kit=kit, paper=draw_paper(kit=kit, seen={}, seed="a"))
    assert [len(part) for part in paper.split(",")] == [1 + 4, 1 + 4]
    ordering, matching = kit.questions[1], kit.questions[2]
    assert packing.pack_response(question=ordering, response=["D", "B", "A", "C"]) == "DBAC"
    assert packing.pack_response(question=matching, response=["A2", "C4"]) == "B-D"


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "UTC"])
@pytest.mark.parametrize("month", [3, 11])
def test_days_follow_each_other_and_hold_their_moments(zone: str, month: int) -> None:
    for day in range(1, 29):
        now = datetime(2026, month, day, 5, 30, tzinfo=UTC)
        now_ms = round(now.timestamp() * 1000)
        bounds = rules.day_bounds(now=now, timezone=zone)
        assert bounds[1] <= now_ms < bounds[2]
        assert all(after - before in (23 * HOUR_MS, 24 * HOUR_MS, 25 * HOUR_MS) for before, after in pairwise(bounds))
        assert rules.day_start(moment_ms=now_ms, timezone=zone) == bounds[1]


def test_the_day_with_the_clocks_put_back_is_longer() -> None:
    bounds = rules.day_bounds(now=datetime(2026, 11, 1, 17, tzinfo=UTC), timezone="America/New_York")
    assert bounds[2] - bounds[1] == 25 * HOUR_MS


@pytest.mark.parametrize(
    ("total", "daily", "begun", "today", "left"),
    [
        (None, None, 9, 9, None),
        (3, None, 1, 1, 2),
        (None, 2, 9, 1, 1),
        (5, 2, 4, 0, 1),
        (5, 2, 2, 2, 0),
        (1, 1, 3, 3, 0),
    ],
)
def test_attempts_left_is_the_tighter_of_both_rules(
    total: int | None, daily: int | None, begun: int, today: int, left: int | None
) -> None:
    kit = make_kit([1], counts=[1], attempts_total=total, attempts_per_day=daily)
    assert rules.attempts_left(kit=kit, begun=begun, begun_today=today) == left


@pytest.mark.parametrize("feedback", ["nothing", "score", "answers", "explanations"])
@pytest.mark.parametrize("feedback_time", ["at_once", "after_finish", "after_close"])
@pytest.mark.parametrize("is_finished", [True, False])
@pytest.mark.parametrize("is_closed", [True, False])
def test_what_is_shown_follows_the_feedback_rule(
    feedback: str, feedback_time: str, is_finished: bool, is_closed: bool
) -> None:
    shown = rules.shown_of(feedback=feedback, feedback_time=feedback_time, is_finished=is_finished, is_closed=is_closed)
    opens = is_finished and (is_closed or feedback_time != "after_close")
    level = ["nothing", "score", "answers", "explanations"].index(feedback) if opens else 0
    assert (shown.score, shown.answers, shown.explanations) == (level >= 1, level >= 2, level >= 3)


@pytest.mark.parametrize(("place", "let_in", "seconds"), [(1, 60, 1), (90, 60, 90), (7, 2, 210), (3, 0, None)])
def test_wait_is_expected_from_the_last_minute(place: int, let_in: int, seconds: int | None) -> None:
    assert rules.expected_wait(place=place, let_in_a_minute=let_in) == seconds
