"""The capacity page says what is computed from the costs that it names."""

from __future__ import annotations

import math

import pytest

from bench import capacity
from bench.capacity import CALLS_A_PERSON, Cost, Costs, need, read_costs, render

COSTS = Costs(
    dict.fromkeys(CALLS_A_PERSON, Cost(web_ms=1.0, valkey_ms=0.1, record_ms=0.2)), memory_bytes=1024, staying_bytes=400
)


def test_page_is_computed_from_the_costs_that_it_names() -> None:
    text = capacity.PAGE.read_text()
    computed = text.partition(capacity.BEGIN)[2].partition(capacity.END)[0].strip()
    assert computed == render(read_costs(text))


def test_costs_are_read_as_they_were_written() -> None:
    assert read_costs(render(COSTS)) == COSTS


@pytest.mark.parametrize("part", ["| begin ", "Live memory"])
def test_page_without_a_cost_is_refused(part: str) -> None:
    lines = [line for line in render(COSTS).splitlines() if not line.startswith(part)]
    with pytest.raises((KeyError, ValueError)):
        read_costs("\n".join(lines))


def test_need_of_a_city_is_the_formula_of_the_page() -> None:
    found = need(100_000, COSTS)
    peak = 100_000 * 0.25 * 0.20 / 3600 * 3
    assert found.answers_per_second == pytest.approx(peak * 30)
    assert found.calls_per_second == pytest.approx(peak * sum(CALLS_A_PERSON.values()))
    assert found.web_cores == pytest.approx(found.calls_per_second * 0.001 / 0.5)
    assert found.web_machines == 1
    assert found.shards == 1
    assert found.memory_gib == pytest.approx(100_000 * 1024 * 2 / 2**30)


def test_shards_are_what_the_busier_of_valkey_and_recorder_needs() -> None:
    people = 9_900_000
    calls = need(people, COSTS).calls_per_second
    assert need(people, COSTS).shards == math.ceil(calls * 0.0002 / 0.5)
    busy = Costs(dict.fromkeys(CALLS_A_PERSON, Cost(1.0, 0.4, 0.2)), 1024, 400)
    assert need(people, busy).shards == math.ceil(calls * 0.0004 / 0.5)


def test_twice_the_people_need_twice_the_cores_and_memory() -> None:
    one, two = need(10**6, COSTS), need(2 * 10**6, COSTS)
    assert two.web_cores == pytest.approx(2 * one.web_cores)
    assert two.memory_gib == pytest.approx(2 * one.memory_gib)
