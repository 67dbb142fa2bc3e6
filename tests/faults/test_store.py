"""F5 to F15: the live store is killed, frozen, starved, and loses what it knew while people answer."""

from __future__ import annotations

import time

import pytest

from tests.faults.conftest import Judge
from tests.faults.house import Template


@pytest.mark.parametrize(
    "away",
    [
        pytest.param(1, marks=pytest.mark.quick),
        pytest.param(0, marks=pytest.mark.slow),
        pytest.param(5, marks=pytest.mark.slow),
        pytest.param(30, marks=pytest.mark.slow),
    ],
)
def test_f5_killed(away: int, template: Template, fault_seed: int, judge: Judge) -> None:
    with template.house(seed=fault_seed) as house:
        with house.crowd().playing() as ledger:
            time.sleep(1)
            house.store.kill()
            time.sleep(away)
            house.store.start()
            house.wait_until_healthy()
            time.sleep(1)
        assert judge(house, ledger, fault=f"F5 store killed, {away} s") == {}
