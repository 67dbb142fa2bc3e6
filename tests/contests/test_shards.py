from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from flask import Flask

from quizapp.contests import actions
from quizapp.contests.kits import get_kit
from quizapp.contests.models import Contest
from quizapp.contests.shards import SEATS_A_SHARD, Shard, Shards, seats, wanted_count
from quizapp.core.crypto import blind_index
from quizapp.core.db import db
from tests.contests.makers import NOW, make_contest


def test_shards_are_always_in_the_same_order() -> None:
    assert list(Shards(7, 3)) == [Shard(7, 0), Shard(7, 1), Shard(7, 2)]


def test_a_name_belongs_to_one_shard_for_ever() -> None:
    """What is written here must never change: people's tokens and live state lie by it."""
    names = ["0" * 32, "8d5e957f297893487bd98fa830fa6413", "visitor-5"]
    assert [Shards(7, 3).of(name).number for name in names] == [0, 1, 1]
    assert [Shards(7, 1).of(name) for name in names] == [Shard(7, 0)] * 3


def test_people_are_spread_evenly(app: Flask) -> None:
    shards = Shards(7, 16)
    found = Counter(shards.of(blind_index("people", str(number))[:32]).number for number in range(16_000))
    assert len(found) == 16
    assert all(850 < count < 1150 for count in found.values())


@pytest.mark.parametrize(("capacity", "count"), [(1000, 3), (999, 64), (64, 64), (100, 1), (7, 3)])
def test_the_seats_of_all_shards_are_the_capacity(capacity: int, count: int) -> None:
    parts = [seats(capacity=capacity, shard=shard, count=count) for shard in Shards(7, count)]
    assert sum(parts) == capacity
    assert max(parts) - min(parts) <= 1


def test_no_shard_is_without_a_seat_and_without_a_limit_none_has_one() -> None:
    """A gate's capacity of 0 is no limit, and who belongs to a shard without a seat could never begin."""
    assert [seats(capacity=2, shard=shard, count=3) for shard in Shards(7, 3)] == [1, 1, 1]
    assert [seats(capacity=0, shard=shard, count=3) for shard in Shards(7, 3)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("most", "capacity", "count"),
    [(8, None, 8), (8, 50, 1), (8, 3 * SEATS_A_SHARD, 3), (8, 10**6, 8), (1, 10**6, 1)],
)
def test_a_contest_with_few_seats_gets_few_shards(most: int, capacity: int | None, count: int) -> None:
    assert wanted_count(most=most, capacity=capacity) == count


def test_publishing_fixes_the_number_of_shards(app: Flask) -> None:
    contest = make_contest()
    use_shards(app, 5)
    actions.publish(contest=contest, actor=None, now=NOW)
    db.session.commit()
    assert contest.shards == Shards(contest.id, 5)
    assert get_kit(contest_id=contest.id, version=1).shards == contest.shards
    use_shards(app, 2)
    change(contest, introduction="改过", capacity=3)
    assert (contest.shard_count, contest.kit_version) == (5, 2)
    assert get_kit(contest_id=contest.id, version=2).shards == contest.shards


def change(contest: Contest, *, introduction: str, capacity: int) -> None:
    actions.update_published(
        contest=contest,
        host_name=contest.host_name,
        introduction=introduction,
        capacity=capacity,
        lock_version=contest.lock_version,
        actor=None,
        now=NOW,
    )
    db.session.commit()


def use_shards(app: Flask, count: int) -> None:
    app.extensions["quizapp.settings"] = replace(app.extensions["quizapp.settings"], shards=count)
