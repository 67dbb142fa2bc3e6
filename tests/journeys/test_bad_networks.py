"""What a phone does when the network, its own sleep or its browser plays tricks on a paper."""

from __future__ import annotations

import json
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


def test_a_choice_made_while_an_older_one_is_sent_is_not_taken_for_saved(
    make_contest: MakeContest, open_device: OpenDevice
) -> None:
    """Another device has stored that older choice under a high number."""
    page = open_device().page
    enter_nickname(page, make_contest(sections=TWO_QUESTIONS), "两台手机")
    call = hold_call(page, lambda: page.locator(".option").nth(0).click())
    store_elsewhere(call, seq=9)
    page.locator(".option").nth(1).click()
    call.continue_()
    expect(saved(page)).to_have_text("已保存")
    page.evaluate("localStorage.removeItem(Object.keys(localStorage).find((key) => key.includes('answers')))")
    page.goto(page.url)
    expect(page.locator(".option").nth(1)).to_have_class(re.compile("is-on"))


def hold_call(page: Page, act: Callable[[], object]) -> Route:
    """Do `act` and return the call with answers that follows, held on its way."""
    held: list[Route] = []
    page.route(ANSWERS, lambda route: held.append(route), times=1)
    act()
    while not held:
        page.wait_for_timeout(50)
    return held[0]


def store_elsewhere(route: Route, *, seq: int, response: list[str] | None = None) -> None:
    """Send the answers of a call as from another device: under another number, and another response if one is given."""
    answers = route.request.post_data_json["answers"]
    changed = [one | {"seq": seq, "response": response or one["response"]} for one in answers]
    assert route.fetch(post_data=json.dumps({"answers": changed})).ok


def test_every_answer_that_another_device_changed_is_told_until_it_was_looked_at(
    make_contest: MakeContest, open_device: OpenDevice
) -> None:
    device = open_device()
    page = device.page
    enter_nickname(page, make_contest(sections=TWO_QUESTIONS), "两台手机")
    page.route(ANSWERS, lambda route: route.abort("internetdisconnected"))
    page.locator(".option").nth(0).click()
    page.get_by_role("button", name="下一题").click()
    page.locator(".option").nth(0).click()
    expect(saved(page)).to_have_text("未保存 2 题")
    page.unroute(ANSWERS)

    call = hold_call(page, lambda: page.evaluate("dispatchEvent(new Event('online'))"))
    store_elsewhere(call, seq=9, response=["B"])
    call.continue_()
    expect(page.get_by_text("第 1、2 题在另一台设备上改过")).to_be_visible()
    device.must_be_accessible()
    picture(page, "elsewhere")
    page.locator(".option").nth(2).click()
    expect(page.get_by_text("第 1 题在另一台设备上改过")).to_be_visible()
    expect(saved(page)).to_have_text("已保存")
    page.reload()
    page.get_by_role("button", name="上一题").click()
    expect(page.get_by_text("第 1 题在另一台设备上改过")).to_be_visible()
    expect(page.locator(".option").nth(1)).to_have_class(re.compile("is-on"))
    page.get_by_role("button", name="下一题").click()
    expect(page.locator("[data-part=elsewhere]")).to_be_hidden()


@pytest.mark.parametrize("is_opened_anew", [False, True])
def test_answers_that_came_too_late_are_told_and_not_kept(
    make_contest: MakeContest, open_device: OpenDevice, *, is_opened_anew: bool
) -> None:
    device = open_device()
    device.expected.append("409 (CONFLICT)")
    page = device.page
    with page.expect_request(ANSWERS) as sent:
        enter_nickname(page, make_contest(sections=TWO_QUESTIONS), "断网的人")
        answer_question(page)
    expect(saved(page)).to_have_text("已保存")
    page.route(ANSWERS, lambda route: route.abort("internetdisconnected"))
    page.get_by_role("button", name="下一题").click()
    answer_question(page)
    expect(saved(page)).to_have_text("未保存 1 题")
    headers = {"Authorization": sent.value.headers["authorization"]}
    assert page.request.post(sent.value.url.replace("/answers", "/finish"), headers=headers).ok
    page.unroute(ANSWERS)
    if is_opened_anew:
        page.reload()
    else:
        page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_text("有 1 题的答案没有在结束前送到，不计入成绩。")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('quizapp.answers'))") == []
    device.must_be_accessible()
    picture(page, "late")
    page.get_by_role("link", name="查看成绩").click()
    expect(page.get_by_text("未作答")).to_have_count(1)


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
