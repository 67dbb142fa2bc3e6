"""F1 to F4: web workers and their master are killed, frozen and replaced while people answer."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from tests.faults.conftest import Judge
from tests.faults.house import House, Template


def kill_a_worker(house: House, chance: random.Random) -> None:
    """Kill one of the web workers; one that is just being replaced is passed over."""
    workers = house.stack.web_workers()
    if workers:
        os.kill(chance.choice(workers), signal.SIGKILL)


@pytest.mark.parametrize("kills", [pytest.param(5, marks=pytest.mark.quick), pytest.param(30, marks=pytest.mark.slow)])
def test_f1_workers_are_killed(kills: int, template: Template, fault_seed: int, judge: Judge) -> None:
    chance = random.Random(fault_seed)
    with template.house(seed=fault_seed) as house:
        with house.crowd().playing() as ledger:
            for _kill in range(kills):
                time.sleep(1 if kills > 5 else 0.5)
                kill_a_worker(house, chance)
            house.wait_until_healthy()
            time.sleep(0.5)
        assert judge(house, ledger, fault=f"F1 worker killed x{kills}") == {}
