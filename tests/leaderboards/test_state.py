from __future__ import annotations

import random

import pytest
from flask import Flask

from quizapp.contests.shards import Shard, Shards
from quizapp.core.live import Live, Script, get_live
from quizapp.leaderboards import rules, state

ADD = Script(f"{state.LUA}\nboard.add(KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]))")
SHARDS = Shards(7, 1)
OVERALL = {"board": "overall"}


@pytest.fixture
def live(app: Flask) -> Live:
    return get_live()


def add(live: Live, person: str, score: int, duration: int, shards: Shards = SHARDS) -> None:
    ADD.call(live, keys=[state.board_key(shards.of(person), "overall")], arguments=[person, score, duration])


def test_the_script_packs_like_the_rules(live: Live) -> None:
    draw = random.Random(3)
    pairs = [(draw.randrange(-5, 2**22 + 5), draw.randrange(-5, 2**31 + 5)) for _ in range(200)]
    pairs += [(2**22 - 1, 0), (2**22 - 1, 1), (0, 2**31 - 1)]
    for number, (score, duration) in enumerate(pairs):
        add(live, f"p{number}", score, duration)
    expected = [(f"p{n}", rules.pack(score_hundredths=s, duration_ms=d)) for n, (s, d) in enumerate(pairs)]
    assert list(state.all_ranks(live, Shard(7), **OVERALL)) == rules.in_order(expected)


def test_only_a_better_attempt_moves_a_person(live: Live) -> None:
    for score, duration in ((500, 900), (400, 100), (500, 950), (500, 800)):
        add(live, "a", score, duration)
    row = state.own_row(live, SHARDS, **OVERALL, person="a")
    assert row == state.Row(1, "a", rules.Rank(500, 800))


def test_the_own_place_counts_who_is_strictly_better(live: Live) -> None:
    for person, score, duration in (("a", 900, 10), ("b", 500, 10), ("c", 500, 10), ("d", 500, 11)):
        add(live, person, score, duration)
    places = {person: state.place_of(live, SHARDS, **OVERALL, person=person) for person in "abcdx"}
    assert places == {"a": 1, "b": 2, "c": 2, "d": 4, "x": None}
    assert [(row.place, row.person) for row in state.top(live, SHARDS, **OVERALL, count=3)] == [
        (1, "a"),
        (2, "c"),
        (2, "b"),
    ]
    assert state.people(live, SHARDS, **OVERALL) == 4


def test_the_top_of_nothing_is_nothing(live: Live) -> None:
    assert state.top(live, SHARDS, **OVERALL, count=10) == []
    assert state.top(live, SHARDS, **OVERALL, count=0) == []


@pytest.mark.parametrize("count", [1, 3, 64])
def test_the_boards_of_shards_are_read_as_one(live: Live, count: int) -> None:
    """Many share a score and a time, across shards and within them; so few rows that ties are cut in the middle."""
    draw, shards = random.Random(5), Shards(8, count)
    people = [f"p{number}" for number in range(60)]
    ranks = []
    for person in people:
        score, duration = draw.randrange(4), draw.randrange(2)
        add(live, person, score, duration, shards)
        ranks.append((person, rules.pack(score_hundredths=score, duration_ms=duration)))
    expected = [(place, person) for place, person, _packed in rules.placed(rules.in_order(ranks))]
    for rows in (1, 7, 200):
        found = state.top(live, shards, **OVERALL, count=rows)
        assert [(row.place, row.person) for row in found] == expected[:rows]
    places = {person: state.place_of(live, shards, **OVERALL, person=person) for person in people}
    assert places == {person: place for place, person in expected}
    assert state.people(live, shards, **OVERALL) == 60
    assert state.own_rank(live, shards, **OVERALL, person="p1") == rules.unpack(dict(ranks)["p1"])
    assert state.own_rank(live, shards, **OVERALL, person="nobody") is None
