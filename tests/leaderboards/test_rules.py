from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.leaderboards import rules

SCORES = st.integers(0, rules.SCORE_LIMIT_HUNDREDTHS)
TIMES = st.integers(0, rules.TIE_LIMIT_MS)


@given(score=SCORES, duration=TIMES)
def test_a_rank_is_exact_in_a_double_and_comes_back_whole(score: int, duration: int) -> None:
    packed = rules.pack(score_hundredths=score, duration_ms=duration)
    assert int(float(packed)) == packed < 2**53
    assert rules.unpack(packed) == rules.Rank(score, duration)


@given(first=st.tuples(SCORES, TIMES), second=st.tuples(SCORES, TIMES))
def test_the_higher_score_wins_and_then_the_shorter_time(first: tuple[int, int], second: tuple[int, int]) -> None:
    def rank(pair: tuple[int, int]) -> int:
        return rules.pack(score_hundredths=pair[0], duration_ms=pair[1])

    assert (rank(first) > rank(second)) == ((first[0], -first[1]) > (second[0], -second[1]))


@pytest.mark.parametrize(
    ("score", "duration", "expected"),
    [
        (-1, 5, rules.Rank(0, 5)),
        (2**22, 5, rules.Rank(2**22 - 1, 5)),
        (100, 2**31, rules.Rank(100, 2**31 - 1)),
        (100, -1, rules.Rank(100, 0)),
    ],
)
def test_what_does_not_fit_is_clamped(score: int, duration: int, expected: rules.Rank) -> None:
    assert rules.quantise(score_hundredths=score, duration_ms=duration) == expected
    assert rules.unpack(rules.pack(score_hundredths=score, duration_ms=duration)) == expected


@pytest.mark.parametrize(("full", "longest"), [(2**22, 1000), (-1, 1000), (100, 2**31), (100, -1)])
def test_a_contest_that_does_not_fit_is_refused(full: int, longest: int) -> None:
    with pytest.raises(rules.CannotBeRanked):
        rules.require_fit(full_hundredths=full, longest_ms=longest)


def test_a_contest_that_fits_is_not_refused() -> None:
    rules.require_fit(full_hundredths=2**22 - 1, longest_ms=2**31 - 1)
    assert rules.unpack(rules.pack(score_hundredths=2**22 - 1, duration_ms=0)) == rules.Rank(2**22 - 1, 0)


def test_equal_ranks_share_a_place_and_the_next_one_is_skipped() -> None:
    rows = [("a", 9), ("b", 7), ("c", 7), ("d", 7), ("e", 1)]
    assert [place for place, _, _ in rules.placed(rows)] == [1, 2, 2, 2, 5]


def test_rows_of_one_place_stand_in_a_fixed_order() -> None:
    rows = [("b", 7), ("é", 7), ("a", 7), ("z", 9)]
    assert rules.in_order(rows) == rules.in_order(reversed(rows)) == [("z", 9), ("é", 7), ("b", 7), ("a", 7)]
