"""What a phone does when the network, its own sleep or its browser plays tricks on a paper."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.test_play import BANK, OpenDevice, answer_question, enter_nickname, hand_in, make_contest, saved

pytestmark = pytest.mark.browser

__all__ = ["make_contest"]

MakeContest = Callable[..., str]

TWO_QUESTIONS = [{"bank": BANK, "kind": "single", "count": 2, "points": 10}]
ANSWERS = "**/api/v1/attempts/*/answers"
FINISH = "**/api/v1/attempts/*/finish"
BEGIN = "**/api/v1/contests/*/attempts"
SLEPT = "Date.now = ((now) => () => now() + 3_600_000)(Date.now)"
"""Makes the phone's clock stand where it is after an hour of sleep; the server's time did not go on."""
LOGIN_PAGE = "<!doctype html><title>上网认证</title>"


def picture(page: Page, name: str) -> None:
    """A picture of the page in light and dark for who wants to look, in the folder that SCREENSHOTS names."""
    if folder := os.environ.get("SCREENSHOTS"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=f"{folder}/{name}-{scheme}.png")


def test_a_phone_that_slept_through_an_extension_goes_on(make_contest: MakeContest, open_device: OpenDevice) -> None:
    """A call was on its way when it fell asleep, and stays so: nothing but a later call can tell the time left."""
    page = open_device().page
    enter_nickname(page, make_contest(), "睡着的手机")
    held: list[Route] = []
    finishes: list[str] = []
    page.on("request", lambda request: finishes.append(request.url) if request.url.endswith("/finish") else None)
    page.route(ANSWERS, lambda route: held.append(route), times=1)
    answer_question(page)
    expect(saved(page)).to_have_text("保存中")
    page.evaluate(SLEPT)
    expect(page.get_by_text("正在核对剩余时间…")).to_be_visible()
    expect(page.locator("#stem")).to_be_visible(timeout=15_000)
    expect(page.locator("[data-part=clock]")).to_have_text(re.compile("^09:"))
    expect(saved(page)).to_have_text("已保存", timeout=15_000)
    assert len(held) == 1
    assert finishes == []


def test_time_is_asked_for_again_before_every_try_to_hand_in(
    make_contest: MakeContest, open_device: OpenDevice
) -> None:
    """It wakes without network, and is opened anew while it still tries."""
    page = open_device().page
    enter_nickname(page, make_contest(), "断网的手机")
    finishes: list[str] = []
    page.on("request", lambda request: finishes.append(request.url) if request.url.endswith("/finish") else None)
    page.route("**/api/v1/attempts/**", lambda route: route.abort("internetdisconnected"))
    page.evaluate(SLEPT)
    expect(page.get_by_text("恢复后会自动交卷")).to_be_visible(timeout=15_000)
    picture(page, "handing-in")
    page.reload()
    expect(page.locator("#stem")).to_be_visible()
    page.evaluate(SLEPT)
    expect(page.get_by_text("恢复后会自动交卷")).to_be_visible(timeout=15_000)
    page.unroute("**/api/v1/attempts/**")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#stem")).to_be_visible(timeout=15_000)
    expect(page.locator("[data-part=clock]")).to_have_text(re.compile("^09:"))
    assert finishes == []


@pytest.mark.parametrize("status", [200, 403])
def test_what_a_login_page_of_a_network_answers_is_no_answer(
    make_contest: MakeContest, open_device: OpenDevice, status: int
) -> None:
    device = open_device()
    device.expected.append("403 (Forbidden)")
    page = device.page

    def catch_next(url: str) -> None:
        page.route(url, lambda route: route.fulfill(status=status, content_type="text/html", body=LOGIN_PAGE), times=1)

    catch_next(BEGIN)
    catch_next(ANSWERS)
    enter_nickname(page, make_contest(sections=TWO_QUESTIONS), "山里的网")
    answer_question(page)
    expect(saved(page)).to_have_text("未保存 1 题")
    expect(saved(page)).to_have_text("已保存", timeout=10_000)
    page.get_by_role("button", name="下一题").click()
    catch_next(ANSWERS)
    catch_next(FINISH)
    answer_question(page)
    expect(saved(page)).to_have_text("未保存 1 题")
    hand_in(page)
    expect(page.locator(".review")).to_have_count(2)
    expect(page.get_by_text("未作答")).to_have_count(0)
