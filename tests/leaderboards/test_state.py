from __future__ import annotations

import random

import pytest
from flask import Flask

from quizapp.core.live import Live, Script, get_live
from quizapp.leaderboards import rules, state

ADD = Script(f"{state.LUA}\nboard.add(KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]))")
WHERE = {"contest_id": 7, "shard": 0, "board": "overall"}


@pytest.fixture
def live(app: Flask) -> Live:
    return get_live()


def add(live: Live, person: str, score: int, duration: int) -> None:
    ADD.call(live, keys=[state.board_key(7, 0, "overall")], arguments=[person, score, duration])


def test_the_script_packs_like_the_rules(live: Live) -> None:
    draw = random.Random(3)
    pairs = [(draw.randrange(-5, 2**22 + 5), draw.randrange(-5, 2**31 + 5)) for _ in range(200)]
    pairs += [(2**22 - 1, 0), (2**22 - 1, 1), (0, 2**31 - 1)]
    for number, (score, duration) in enumerate(pairs):
        add(live, f"p{number}", score, duration)
    expected = [(f"p{n}", rules.pack(score_hundredths=s, duration_ms=d)) for n, (s, d) in enumerate(pairs)]
    assert list(state.all_ranks(live, **WHERE)) == rules.in_order(expected)


def test_only_a_better_attempt_moves_a_person(live: Live) -> None:
    for score, duration in ((500, 900), (400, 100), (500, 950), (500, 800)):
        add(live, "a", score, duration)
    row = state.own_row(live, **WHERE, person="a")
    assert row == state.Row(1, "a", rules.Rank(500, 800))


def test_the_own_place_counts_who_is_strictly_better(live: Live) -> None:
    for person, score, duration in (("a", 900, 10), ("b", 500, 10), ("c", 500, 10), ("d", 500, 11)):
        add(live, person, score, duration)
    places = {person: state.place_of(live, **WHERE, person=person) for person in "abcdx"}
    assert places == {"a": 1, "b": 2, "c": 2, "d": 4, "x": None}
    assert [(row.place, row.person) for row in state.top(live, **WHERE, count=3)] == [(1, "a"), (2, "c"), (2, "b")]
    assert state.people(live, **WHERE) == 4


def test_the_top_of_nothing_is_nothing(live: Live) -> None:
    assert state.top(live, **WHERE, count=10) == []
    assert state.top(live, **WHERE, count=0) == []
