"""Who comes to a full house waits on a page that tells place and time, keeps the place, and is let in by itself."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_play import OpenDevice, answer_all, enter_nickname, hand_in, make_contest
from tests.stack import Stack

pytestmark = pytest.mark.browser

__all__ = ["make_contest"]


def arrive(page: Page, url: str, nickname: str) -> None:
    page.goto(url)
    page.get_by_label("我已阅读并同意隐私说明").check()
    page.get_by_label("昵称").fill(nickname)
    page.get_by_role("button", name="开始答题").click()


def test_waiting_room_tells_place_and_time_and_lets_in_by_itself(
    make_contest: object, open_device: OpenDevice, stack: Stack
) -> None:
    url = make_contest(capacity=1, entry_mode="nickname")  # type: ignore[operator]
    inside = open_device().page
    enter_nickname(inside, url, "屋里的人")

    waiting = open_device()
    arrive(waiting.page, url, "排队的人")
    place = waiting.page.locator('[data-part="place"]')
    expect(place).to_have_text("1")
    expect(waiting.page.get_by_text("预计不到 1 分钟就轮到您")).to_be_visible()
    expect(waiting.page).to_have_title("排队第 1 位")
    waiting.must_be_accessible()
    waiting.must_not_scroll_sideways()
    if folder := os.environ.get("SCREENSHOTS"):
        waiting.page.screenshot(path=f"{folder}/waiting.png")

    last = open_device()
    arrive(last.page, url, "最后的人")
    expect(last.page.locator('[data-part="place"]')).to_have_text("2")
    waiting.page.reload()
    expect(place).to_have_text("1")

    answer_all(inside, 5)
    hand_in(inside)
    waiting.page.wait_for_selector("#stem", timeout=20_000)
    expect(waiting.page).not_to_have_title("排队第 1 位")
    expect(last.page.locator('[data-part="place"]')).to_have_text("1", timeout=20_000)


def test_who_has_slept_in_the_queue_is_asked_again(make_contest: object, open_device: OpenDevice) -> None:
    """A phone that wakes the next morning begins nothing by itself."""
    url = make_contest(capacity=1, entry_mode="nickname")  # type: ignore[operator]
    enter_nickname(open_device().page, url, "屋里的人")
    page = open_device().page
    page.clock.install()
    arrive(page, url, "睡着的人")
    expect(page.locator('[data-part="place"]')).to_have_text("1")
    page.clock.fast_forward("08:00:00")
    expect(page.get_by_role("button", name="开始答题")).to_be_visible()
    expect(page).not_to_have_title("排队第 1 位")


PAUSES = """
    async () => {
        const script = document.querySelector('script[type=module][src*="play/"]').src;
        const { pauseBefore } = await import(script.replace(/play\\/.*/, "core/api.js"));
        return Array.from({ length: 1000 }, () => [pauseBefore(0, 30_000), pauseBefore(5), pauseBefore(0, null)]);
    }
"""
"""A thousand phones' pauses: after a first refusal with Retry-After: 30, after six without, after a first without."""


def test_phones_that_were_told_the_same_wait_do_not_come_back_together(open_device: OpenDevice, stack: Stack) -> None:
    page = open_device().page
    page.goto(f"{stack.base_url}/play/demo")
    told, long, short = ([*pauses] for pauses in zip(*page.evaluate(PAUSES), strict=True))
    for pauses, least, most in ((told, 30_000, 45_000), (long, 15_000, 30_000), (short, 500, 1000)):
        assert least <= min(pauses) < max(pauses) <= most
        assert max(pauses) - min(pauses) > 0.9 * (most - least)
