"""F38: a board is lost while people answer."""

from __future__ import annotations

import json
import time

import pytest

from tests.faults.conftest import Judge
from tests.faults.house import HEALTHY_SECONDS, SLUG, House, Template

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FRESH_SECONDS = 1.2
"""A page may be a second old."""


def test_f38_the_board_is_lost(template: Template, fault_seed: int, judge: Judge) -> None:
    """Also while the recorder is far behind: the page says that it is being counted, and it comes back exact."""
    with template.house(seed=fault_seed) as house:
        with house.crowd().playing() as ledger:
            time.sleep(6)
            delete_boards(house)
            wait_until_counted(house, times=1)
            with house.recorder_asleep():
                time.sleep(3)
                delete_boards(house)
                time.sleep(FRESH_SECONDS)
                for _look in range(10):
                    assert not is_counted(house), "a part of the board is shown as if it were all"
                    time.sleep(0.2)
            wait_until_counted(house, times=2)
            time.sleep(FRESH_SECONDS)
            assert is_counted(house)
            house.wait_until_healthy()
        assert all(one.status != 503 for one in ledger.requests), "the doors stay open"
        assert judge(house, ledger, fault="F38 board lost x2", had_outage=False) == {}


def delete_boards(house: House) -> None:
    with house.store.client() as live:
        assert live.delete(*live.scan_iter("leaderboards:*"))


def is_counted(house: House) -> bool:
    """Whether the board is said to be whole."""
    return bool(json.loads(house.text_of(f"/api/v1/contests/{SLUG}/boards/overall"))["counted"])


def wait_until_counted(house: House, *, times: int) -> None:
    """Wait until the board has been counted anew so many times."""
    give_up_at = time.monotonic() + HEALTHY_SECONDS
    while sum(file.read_text().count("board_counted_anew") for file in (house.stack.data / "logs").iterdir()) < times:
        assert time.monotonic() < give_up_at, "the board does not come back"
        time.sleep(0.1)
