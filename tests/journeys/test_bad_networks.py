"""What a phone does when the network, its own sleep or its browser plays tricks on a paper."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.test_play import BANK, OpenDevice, answer_question, enter_nickname, hand_in, make_contest, saved
from tests.journeys.test_waiting import arrive

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
    # It may be on the screen for a moment only: how long is left to chance, for the sake of the server.
    expect(page.locator("[data-part=connecting]")).to_have_text("正在核对剩余时间…")
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
    page.reload()
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


@pytest.mark.parametrize("is_opened_anew", [False, True])
def test_an_answer_whose_reply_was_lost_did_not_come_too_late(
    make_contest: MakeContest, open_device: OpenDevice, *, is_opened_anew: bool
) -> None:
    """Of three the first reached the server, which is known; the second did, which is not; the third did not."""
    device = open_device()
    device.expected.append("409 (CONFLICT)")
    page = device.page
    with page.expect_request(ANSWERS) as sent:
        enter_nickname(page, make_contest(sections=[TWO_QUESTIONS[0] | {"count": 3}]), "丢了回执")
        answer_question(page)
    expect(saved(page)).to_have_text("已保存")
    page.get_by_role("button", name="下一题").click()
    call = hold_call(page, lambda: answer_question(page))
    assert call.fetch().ok
    page.route(ANSWERS, lambda route: route.abort("internetdisconnected"))
    call.abort("internetdisconnected")
    expect(saved(page)).to_have_text("未保存 1 题")
    page.get_by_role("button", name="下一题").click()
    answer_question(page)
    expect(saved(page)).to_have_text("未保存 2 题")
    headers = {"Authorization": sent.value.headers["authorization"]}
    assert page.request.post(sent.value.url.replace("/answers", "/finish"), headers=headers).ok
    attempt = sent.value.url.removesuffix("/answers")
    page.route(attempt, lambda route: route.abort("internetdisconnected"), times=1)
    page.unroute(ANSWERS)
    if is_opened_anew:
        page.reload()
    else:
        page.evaluate("dispatchEvent(new Event('online'))")
        expect(page.get_by_text("还不知道答案是否都已送到")).to_be_visible()
        picture(page, "asking")
        page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_text("有 1 题的答案没有在结束前送到，不计入成绩。")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('quizapp.answers'))") == []
    page.get_by_role("link", name="查看成绩").click()
    expect(page.get_by_text("未作答")).to_have_count(1)


STRANGERS = {
    "a page": (200, "text/html", LOGIN_PAGE),
    "a refusal": (403, "text/html", LOGIN_PAGE),
    "JSON": (200, "application/json", '{"code": 0, "result": "login"}'),
    "JSON that says no": (403, "application/json", '{"code": "login_required", "status": "denied"}'),
    "JSON that looks like ours": (200, "application/json", '{"stored": [], "rejected": [], "remaining_ms": 60000}'),
}
"""What a network answers in the server's stead: status, type, body."""


@pytest.mark.parametrize("stranger", STRANGERS)
def test_what_a_network_answers_in_the_servers_stead_is_no_answer(
    make_contest: MakeContest, open_device: OpenDevice, stranger: str
) -> None:
    device = open_device()
    device.expected.append("403 (Forbidden)")
    page = device.page
    status, kind, body = STRANGERS[stranger]

    def catch_next(url: str) -> None:
        """The next call, but for a heartbeat, of which nothing is told."""
        caught: list[str] = []

        def catch(route: Route) -> None:
            if caught or route.request.post_data_json.get("answers") == []:
                route.fallback()
                return
            caught.append(url)
            route.fulfill(status=status, content_type=kind, body=body)

        page.route(url, catch)

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


def test_a_browser_that_is_too_old_is_told_before_anything_begins(
    make_contest: MakeContest, open_device: OpenDevice
) -> None:
    device = open_device()
    page = device.page
    page.add_init_script("delete Element.prototype.replaceChildren")
    begun: list[str] = []
    page.on("request", lambda request: begun.append(request.url) if request.url.endswith("/attempts") else None)
    arrive(page, make_contest(), "旧手机")
    expect(page.get_by_text("这个浏览器太旧，不能答题。")).to_be_visible()
    device.must_be_accessible()
    picture(page, "too-old")
    assert begun == []


def test_a_browser_without_dialogs_shows_them_when_asked_alone(
    make_contest: MakeContest, open_device: OpenDevice
) -> None:
    device = open_device(bypass_csp=True)
    page = device.page
    page.add_init_script("for (const name of ['showModal', 'close', 'open']) delete HTMLDialogElement.prototype[name]")
    enter_nickname(page, make_contest(sections=TWO_QUESTIONS), "旧苹果")
    # Such a browser has no style of its own that hides a closed one.
    page.add_style_tag(content="dialog { display: block }")
    sheet, confirm = page.locator("[data-part=sheet]"), page.locator("[data-part=confirm]")
    expect(sheet).to_be_hidden()
    expect(confirm).to_be_hidden()
    page.locator("[data-part=sheet-button]").click()
    expect(sheet).to_be_in_viewport(ratio=0.9)
    picture(page, "no-dialogs")
    sheet.get_by_role("button", name="继续作答").click()
    expect(sheet).to_be_hidden()
    heard = page.evaluate("""async () => {
        const sheet = await import(document.querySelector('link[href$="play/sheet.js"]').href);
        const dialog = document.createElement("dialog");
        let heard = 0;
        dialog.addEventListener("close", () => { heard += 1; });
        sheet.openDialog(dialog);
        sheet.closeDialog(dialog);
        sheet.closeDialog(dialog);
        return heard;
    }""")
    assert heard == 1
    page.get_by_role("button", name="下一题").click()
    hand_in(page)


def test_where_nothing_can_be_kept_the_page_asks_to_stay_open(
    make_contest: MakeContest, open_device: OpenDevice
) -> None:
    page = open_device().page
    page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }")
    arrive(page, make_contest(sections=TWO_QUESTIONS), "存不下")
    page.locator("[data-part=start]").click()
    page.wait_for_selector("#stem")
    page.route("**/api/v1/attempts/**", lambda route: route.abort("internetdisconnected"))
    answer_question(page)
    expect(page.get_by_text("这个浏览器不能保存内容")).to_be_visible()
    expect(page.get_by_text("已经留在这台手机上")).to_be_hidden()
    picture(page, "not-kept")
    page.get_by_role("button", name="下一题").click()
    page.locator("[data-part=next]").click()
    page.locator("[data-part=hand-in-now]").click()
    expect(page.get_by_text("请一直开着本页，不要刷新，恢复后会自动交卷。")).to_be_visible()
    expect(page.locator("[data-part=slow]")).to_be_hidden()


def test_a_page_whose_scripts_did_not_all_come_can_be_loaded_again(
    make_contest: MakeContest, open_device: OpenDevice
) -> None:
    page = open_device().page
    page.route("**/play/ordering.js", lambda route: route.abort("internetdisconnected"))
    # Until its style is there the page shows all its parts, the link too.
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/play/ordering.js")):
        arrive(page, make_contest(sections=TWO_QUESTIONS), "半个网页")
    page.wait_for_load_state("load")
    again = page.get_by_role("link", name="重新打开本页")
    expect(again).to_be_visible(timeout=20_000)
    picture(page, "slow")
    page.unroute("**/play/ordering.js")
    again.click()
    expect(page.locator("#stem")).to_be_visible(timeout=15_000)


def test_the_title_tells_the_place_in_the_queue_only_while_it_lasts(
    make_contest: MakeContest, open_device: OpenDevice
) -> None:
    device = open_device()
    device.expected.append("403 (Forbidden)")
    page = device.page
    refusal = {"title": "竞赛已经结束。", "status": 403, "code": "closed"}
    page.route(BEGIN, lambda route: route.fulfill(status=403, json=refusal))
    waiting = {"place": 3, "expected_seconds": None, "retry_after": 2}
    page.route(BEGIN, lambda route: route.fulfill(status=202, json=waiting), times=1)
    arrive(page, make_contest(), "排队的人")
    expect(page).to_have_title("排队第 3 位")
    expect(page).to_have_title(re.compile("作答"))


SWIPE = """(stem, name) => {
    const target = name ? stem.parentElement.appendChild(document.createElement("p")) : stem;
    target.className = name;
    const touch = (clientX) => [new Touch({ identifier: 1, target, clientX, clientY: 300 })];
    const send = (type, touches, changedTouches) =>
        target.dispatchEvent(new TouchEvent(type, { bubbles: true, touches, changedTouches }));
    send("touchstart", touch(300), touch(300));
    send("touchend", [], touch(100));
}"""
"""A finger that goes left over the stem, or over a text of the given class below it."""


def test_a_page_that_is_begun_is_focused_and_turned_only_by_a_swipe(
    make_contest: MakeContest, open_device: OpenDevice
) -> None:
    page = open_device(has_touch=True).page
    enter_nickname(page, make_contest(sections=TWO_QUESTIONS), "放大看")
    stem, number = page.locator("#stem"), page.locator("[data-part=number]")
    expect(stem).to_be_focused()
    stem.evaluate(SWIPE, "also")
    expect(number).to_have_text("1")
    page.evaluate("Object.defineProperty(visualViewport, 'scale', { value: 2, configurable: true })")
    stem.evaluate(SWIPE, "")
    expect(number).to_have_text("1")
    page.evaluate("delete visualViewport.scale")
    stem.evaluate(SWIPE, "")
    expect(number).to_have_text("2")
