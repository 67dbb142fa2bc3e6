"""A person plays a contest on a phone, loses the network, comes back on another device, and reads the result."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, Response, expect

from tests.journeys.conftest import DESKTOP, Device
from tests.stack import Stack

pytestmark = pytest.mark.browser

BANK = "民族宗教政策法规"
OpenDevice = Callable[..., Device]


@pytest.fixture
def make_contest(stack: Stack) -> Callable[..., str]:
    """Publish a contest of the seed questions through the command line; returns the address of its page."""

    def make(**changes: Any) -> str:
        document: dict[str, Any] = {
            "title": "基层普法知识竞赛",
            "sections": [{"bank": BANK, "count": 5, "points": 20}],
            "attempts_total": 3,
        }
        return stack.make_contest(f"t-{token_hex(4)}", **(document | changes))

    return make


def enter_nickname(page: Page, url: str, nickname: str) -> None:
    page.goto(url)
    page.get_by_label("我已阅读并同意隐私说明").check()
    page.get_by_label("昵称").fill(nickname)
    page.get_by_role("button", name="开始答题").click()
    page.wait_for_selector("#stem")


def enter_form(page: Page, url: str, *, name: str, phone: str) -> None:
    page.goto(url)
    fill_form(page, name=name, phone=phone)


def fill_form(page: Page, *, name: str, phone: str) -> None:
    page.get_by_label("我已阅读并同意隐私说明").check()
    page.get_by_label("姓名").fill(name)
    page.get_by_label("手机号").fill(phone)
    page.get_by_role("button", name="登记").click()


def answer_question(page: Page) -> None:
    """Give some answer to the question on the screen."""
    blanks = page.locator("[data-part=question] input[type=text]")
    if blanks.count():
        for place in range(blanks.count()):
            blanks.nth(place).fill("宪法")
    else:
        page.locator("[data-part=question] .option").first.click()


def answer_all(page: Page, count: int, *, first: int = 1) -> None:
    """Answer the questions `first` to `count`; a second answer to one of several options would take the first back."""
    for number in range(first, count + 1):
        expect(page.locator("[data-part=number]")).to_have_text(str(number))
        answer_question(page)
        if number < count:
            page.get_by_role("button", name="下一题").click()


UNHEARD = """
    for (const name of ["pagehide", "visibilitychange"]) {
        addEventListener(name, (event) => event.stopImmediatePropagation(), { capture: true });
    }
"""
"""That it goes away is heard by no script of a page."""


def has_taken_answers(reply: Response) -> bool:
    """Whether it is the reply to answers; a page that opens sends none, to ask for the time left."""
    return reply.url.endswith("/answers") and bool(reply.request.post_data_json["answers"])


def hand_in(page: Page) -> None:
    page.locator("[data-part=next]").click()
    page.locator("[data-part=hand-in-now]").click()
    page.wait_for_url(re.compile("/attempts/"))


def saved(page: Page) -> Any:
    return page.locator("[data-part=saved]")


def test_a_paper_of_the_demo_survives_the_loss_of_the_network_and_a_reload(
    stack: Stack, open_device: OpenDevice
) -> None:
    phone = open_device()
    page = phone.page
    # As on a phone that is killed, which lets no page send something while it goes away.
    page.add_init_script(UNHEARD)
    enter_nickname(page, f"{stack.base_url}/play/demo", "山里的小王")
    answer_question(page)
    expect(saved(page)).to_have_text("已保存")

    phone.context.set_offline(True)
    page.get_by_role("button", name="下一题").click()
    answer_question(page)
    chosen = page.locator(".option.is-on").count() or page.locator("[data-part=question] input").first.input_value()
    expect(saved(page)).to_have_text("未保存 1 题")
    expect(page.locator("[data-part=offline]")).to_be_visible()

    # The page is loaded again while calls still fail: what was answered is shown again and sent when it can be.
    page.route("**/api/v1/attempts/**", lambda route: route.abort("internetdisconnected"))
    phone.context.set_offline(False)
    page.reload()
    page.wait_for_selector("#stem")
    expect(page.locator("[data-part=number]")).to_have_text("2")
    expect(saved(page)).to_have_text("未保存 1 题")
    assert chosen == (
        page.locator(".option.is-on").count() or page.locator("[data-part=question] input").first.input_value()
    )
    page.unroute("**/api/v1/attempts/**")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(saved(page)).to_have_text("已保存")

    for number in range(3, 11):
        page.get_by_role("button", name="下一题").click()
        expect(page.locator("[data-part=number]")).to_have_text(str(number))
        answer_question(page)
    hand_in(page)
    expect(page.get_by_text("满分 100")).to_be_visible()
    expect(page.get_by_text("名次", exact=True)).to_be_visible()
    expect(page.locator(".review")).to_have_count(10)
    expect(page.locator(".laws").first).to_contain_text("起施行")
    expect(page.get_by_text("已答")).to_have_count(0)
    page.reload()
    expect(page.locator(".review")).to_have_count(10)


def test_every_page_is_accessible_and_fits_the_screen(
    make_contest: Callable[..., str], open_device: OpenDevice, stack: Stack
) -> None:
    url = make_contest()
    for options in ({}, {"size": (360, 640), "color_scheme": "dark"}, {"size": DESKTOP}):
        device = open_device(**options)
        page = device.page
        page.goto(f"{stack.base_url}/")
        device.must_be_accessible()
        device.must_not_scroll_sideways()
        page.goto(url)
        if options.get("size") == (360, 640):
            page.get_by_role("button", name="长辈版").click()
        device.must_be_accessible()
        device.must_not_scroll_sideways()
        enter_nickname(page, url, "看得清")
        device.must_be_accessible()
        device.must_not_scroll_sideways()
        page.locator("[data-part=sheet-button]").click()
        page.wait_for_timeout(400)
        device.must_be_accessible()
        page.locator("[data-part=sheet] [data-close]").first.click()
        answer_all(page, 5)
        hand_in(page)
        device.must_be_accessible()
        device.must_not_scroll_sideways()
        for name in ("board", "me"):
            page.goto(f"{url}/{name}")
            device.must_be_accessible()
            device.must_not_scroll_sideways()


def test_a_second_device_resumes_with_the_code(make_contest: Callable[..., str], open_device: OpenDevice) -> None:
    url = make_contest(entry_mode="form", entry_fields=["name", "phone"])
    first = open_device().page
    enter_form(first, url, name="张建国", phone="13800001234")
    code = first.locator(".code").inner_text()
    assert re.fullmatch(r"\d{6}", code)
    first.get_by_role("link", name="开始答题").click()
    first.wait_for_selector("#stem")
    stem = first.locator("#stem").inner_text()
    answer_question(first)
    expect(saved(first)).to_have_text("已保存")

    other = open_device()
    other.expected.append("401 (UNAUTHORIZED)")
    second = other.page
    enter_form(second, url, name="张建国", phone="13800001234")
    expect(second.get_by_text("这些信息已经报过名")).to_be_visible()
    second.get_by_label("续答码").fill("000000" if code != "000000" else "111111")
    second.get_by_role("button", name="继续").click()
    expect(second.get_by_text("这些信息已经报过名")).to_be_visible()
    second.get_by_label("续答码").fill(code)
    second.get_by_role("button", name="继续").click()
    second.get_by_role("link", name="继续作答").click()
    second.wait_for_selector("#stem")
    assert second.locator("#stem").inner_text() == stem
    second.locator("[data-part=sheet-button]").click()
    expect(second.locator("[data-part=squares] .is-answered")).to_have_count(1)


def test_two_devices_at_once_are_told_of_the_newer_answer(
    make_contest: Callable[..., str], open_device: OpenDevice
) -> None:
    url = make_contest(
        entry_mode="form",
        entry_fields=["name", "phone"],
        sections=[{"bank": BANK, "kind": "single", "count": 2, "points": 10}],
    )
    first = open_device().page
    enter_form(first, url, name="李秀英", phone="13900001234")
    code = first.locator(".code").inner_text()
    first.get_by_role("link", name="开始答题").click()
    first.wait_for_selector("#stem")
    other = open_device()
    other.expected.append("401 (UNAUTHORIZED)")
    second = other.page
    enter_form(second, url, name="李秀英", phone="13900001234")
    second.get_by_label("续答码").fill(code)
    second.get_by_role("button", name="继续").click()
    second.get_by_role("link", name="继续作答").click()
    second.wait_for_selector("#stem")

    first.locator(".option").nth(0).click()
    expect(saved(first)).to_have_text("已保存")
    second.locator(".option").nth(1).click()
    expect(second.get_by_text("在另一台设备上改过")).to_be_visible()
    expect(second.locator(".option").nth(0)).to_have_class(re.compile("is-on"))


def test_who_comes_to_a_full_house_waits_and_gets_in_by_itself(
    make_contest: Callable[..., str], open_device: OpenDevice
) -> None:
    url = make_contest(capacity=1, sections=[{"bank": BANK, "kind": "single", "count": 1, "points": 10}])
    first, second = open_device().page, open_device().page
    enter_nickname(first, url, "先来的")
    second.goto(url)
    second.get_by_label("我已阅读并同意隐私说明").check()
    second.get_by_label("昵称").fill("后来的")
    second.get_by_role("button", name="开始答题").click()
    expect(second.locator("[data-part=place]")).to_have_text("1")
    answer_question(first)
    hand_in(first)
    expect(second.locator("#stem")).to_be_visible(timeout=30_000)


def test_a_tab_that_comes_back_days_later_asks_before_it_begins(
    make_contest: Callable[..., str], open_device: OpenDevice
) -> None:
    """What it had begun may be over, and the next attempt would be used up without anybody having asked for it."""
    page = open_device().page
    enter_nickname(page, make_contest(), "好久不见")
    page.reload()
    page.wait_for_selector("#stem")
    page.evaluate(
        """() => {
            const name = Object.keys(localStorage).find((one) => one.startsWith("quizapp.begin."));
            const wish = JSON.parse(localStorage[name]);
            localStorage[name] = JSON.stringify({ ...wish, until: Date.now() - 1 });
        }"""
    )
    page.reload()
    page.get_by_role("button", name="开始答题").click()
    page.wait_for_selector("#stem")


SWITCHED_BACK = "document.dispatchEvent(new Event('visibilitychange'))"
"""What a page hears when somebody looks at it again."""
GONE_BACK = "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
"""What a page hears that the browser had kept as it was, for who goes back; under automation browsers keep none."""


@pytest.mark.parametrize(
    ("comes_back", "later"),
    [pytest.param(SWITCHED_BACK, "00:11:00", id="switched-back"), pytest.param(GONE_BACK, "00:00:01", id="gone-back")],
)
def test_who_comes_back_to_a_contests_page_sees_how_it_stands_now(
    make_contest: Callable[..., str], open_device: OpenDevice, comes_back: str, later: str
) -> None:
    """It would offer to go on with a paper that was handed in since, and so begin another."""
    device = open_device()
    device.context.clock.install()
    url = make_contest(sections=[{"bank": BANK, "kind": "single", "count": 1, "points": 10}])
    enter_nickname(device.page, url, "回头看看")
    kept = device.context.new_page()
    kept.goto(url)
    go_on = kept.get_by_role("link", name="继续作答")
    expect(go_on).to_be_visible()
    answer_question(device.page)
    hand_in(device.page)
    device.context.set_offline(True)
    device.context.clock.fast_forward(later)
    kept.evaluate(comes_back)
    expect(go_on).to_be_visible()
    device.context.set_offline(False)
    kept.evaluate(comes_back)
    expect(kept.get_by_role("link", name="再答一次")).to_be_visible()


def test_an_answer_is_judged_at_once_and_locked(make_contest: Callable[..., str], open_device: OpenDevice) -> None:
    page = open_device().page
    url = make_contest(feedback_time="at_once", sections=[{"bank": BANK, "kind": "single", "count": 2, "points": 10}])
    enter_nickname(page, url, "马上知道")
    page.locator(".option").first.click()
    page.get_by_role("button", name="确定答案").click()
    expect(page.locator(".verdict")).to_be_visible()
    expect(page.locator(".option.is-right")).to_have_count(1)
    expect(page.locator("[data-part=question] input").first).to_be_disabled()
    page.reload()
    page.wait_for_selector("#stem")
    expect(page.locator(".verdict")).to_be_visible()


def test_a_paper_is_answered_with_the_keyboard_alone(make_contest: Callable[..., str], open_device: OpenDevice) -> None:
    page = open_device(size=DESKTOP).page
    enter_nickname(page, make_contest(sections=[{"bank": BANK, "kind": "multiple", "count": 2, "points": 10}]), "键盘")
    page.keyboard.press("a")
    page.keyboard.press("2")
    expect(page.locator(".option.is-on")).to_have_count(2)
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-part=number]")).to_have_text("2")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".option.is-on")).to_have_count(2)


def test_a_contest_page_is_small_and_readable_without_script(
    make_contest: Callable[..., str], open_device: OpenDevice
) -> None:
    device = open_device(java_script_enabled=False)
    page = device.page
    sizes: list[int] = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    page.goto(make_contest())
    expect(page.get_by_label("昵称")).to_be_visible()
    expect(page.get_by_text("限时 10 分钟")).to_be_visible()
    page.get_by_label("我已阅读并同意隐私说明").check()
    page.get_by_label("昵称").fill("没有脚本")
    assert sum(sizes) < 60_000
    page.get_by_role("button", name="开始答题").click()
    expect(page.get_by_text("需要浏览器运行脚本")).to_be_visible(timeout=15_000)


def test_a_question_voided_meanwhile_is_said_on_the_open_paper(
    make_contest: Callable[..., str], stack: Stack, open_device: OpenDevice
) -> None:
    url = make_contest(paper="fixed", shuffle_questions=False)
    device = open_device()
    page = device.page
    enter_nickname(page, url, "考生")
    with page.expect_response(has_taken_answers) as saved_one:
        answer_question(page)
    first = saved_one.value.json()["stored"][0]["question"]
    stack.run_cli("contest", "void", url.rsplit("/", 1)[1], str(first), "--reason", "题干有误")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_text("第 1 题已作废，人人都得这道题的满分")).to_be_visible()
    expect(page.get_by_text("已作废，计满分")).to_be_visible()
    device.must_be_accessible()
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/voided.png")


def test_a_phone_that_finds_the_end_passed_in_a_pause_goes_on_after_it(
    make_contest: Callable[..., str], stack: Stack, open_device: OpenDevice
) -> None:
    """It was opened anew meanwhile and knows of no time left; still it must not hand the paper in."""
    closes_at = datetime.now(UTC) + timedelta(seconds=30)
    url = make_contest(closes_at=closes_at.isoformat())
    slug = url.rsplit("/", 1)[1]
    device = open_device()
    device.expected.append("503")
    page = device.page
    enter_nickname(page, url, "考生")
    answer_question(page)
    expect(page.locator("[data-part=saved]")).to_have_text("已保存")
    stack.run_cli("contest", "pause", slug)
    page.wait_for_timeout(max(0.0, (closes_at - datetime.now(UTC)).total_seconds() * 1000 + 500))
    page.reload()
    paused = page.get_by_text("竞赛已暂停")
    expect(paused).to_be_visible(timeout=20_000)
    expect(page.locator("#stem")).to_be_visible()
    expect(page.locator("[data-part=clock]")).to_be_hidden()
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/paused.png")
    until = datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(hours=1)
    stack.run_cli("contest", "resume", slug, "--until", f"{until:%Y-%m-%d %H:%M}")
    expect(paused).to_be_hidden(timeout=60_000)
    expect(page.locator("#stem")).to_be_visible()
    expect(page.locator("[data-part=clock]")).to_have_text(re.compile("^09:"))
    answer_question(page)
    expect(page.locator("[data-part=saved]")).to_have_text("已保存")


BROKEN_WORDS = """
    () => {
        const broken = [];
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            if (!node.parentElement.checkVisibility()) continue;
            for (const word of node.data.matchAll(/[A-Za-z]+/g)) {
                const range = document.createRange();
                range.setStart(node, word.index);
                range.setEnd(node, word.index + word[0].length);
                if (new Set([...range.getClientRects()].map((box) => box.top)).size > 1) broken.push(word[0]);
            }
        }
        return broken;
    }
"""
"""Words that begin on one line and end on another."""


def test_large_english_words_stay_whole_on_a_small_phone(
    make_contest: Callable[..., str], open_device: OpenDevice
) -> None:
    url = make_contest(entry_mode="nickname")
    device = open_device(size=(360, 740))
    page = device.page
    cookies = {"quizapp_language": "en", "quizapp_elder": "1"}
    device.context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
    page.goto(url)
    assert page.evaluate(BROKEN_WORDS) == []
    page.get_by_label("I have read and accept the privacy notice").check()
    page.get_by_label("Nickname").fill("村口大喇叭")
    page.get_by_role("button", name="Start").click()
    page.wait_for_selector("#stem")
    assert page.evaluate(BROKEN_WORDS) == []
    page.locator("[data-part=sheet-button]").click()
    assert page.evaluate(BROKEN_WORDS) == []
    page.locator("[data-part=sheet] button").get_by_text("Hand in").click()
    page.locator("[data-part=hand-in-now]").click()
    page.wait_for_url(re.compile("/attempts/"))
    assert page.evaluate(BROKEN_WORDS) == []
    page.goto(f"{url}/board")
    assert page.evaluate(BROKEN_WORDS) == []
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/board-large-english.png")
    device.must_not_scroll_sideways()


def open_before_it_opens(make_contest: Callable[..., str], *pages: Page) -> str:
    """Go to a contest with a form that opens soon, and later where making and going took too long; its address."""
    for seconds in (15, 60):
        opens_at = datetime.now(UTC) + timedelta(seconds=seconds)
        url = make_contest(opens_at=opens_at.isoformat(), entry_mode="form", entry_fields=["name", "phone"])
        for page in pages:
            page.goto(url)
        if datetime.now(UTC) < opens_at - timedelta(seconds=5):
            return url
    raise AssertionError("it opened before anybody was there")


def test_opening_leaves_the_resume_code_on_the_screen(
    make_contest: Callable[..., str], open_device: OpenDevice
) -> None:
    device = open_device()
    page = device.page
    url = open_before_it_opens(make_contest, page)
    fill_form(page, name="张建国", phone="13800001234")
    code = page.locator(".code").inner_text()
    expect(page.get_by_role("button", name="还没有开始")).to_be_visible()
    page.evaluate("window.isSamePage = true")
    go_on = page.get_by_role("link", name="已经开始，去答题")
    expect(go_on).to_be_visible(timeout=90_000)
    expect(page.get_by_role("button", name="还没有开始")).to_be_hidden()
    assert page.evaluate("window.isSamePage"), "the page was loaded anew"
    device.must_be_accessible()
    device.must_not_scroll_sideways()
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/turned-code.png")
    go_on.click()
    expect(page.locator(".code")).to_have_text(code)
    page.get_by_role("link", name="开始答题").click()
    page.wait_for_selector("#stem")
    page.goto(url)
    expect(page.get_by_role("link", name="继续作答")).to_be_visible()
    expect(page.locator(".code")).to_have_count(0)


def test_opening_leaves_a_form_as_it_was_filled(make_contest: Callable[..., str], open_device: OpenDevice) -> None:
    typing, reading = open_device(), open_device()
    open_before_it_opens(make_contest, typing.page, reading.page)
    typing.page.get_by_label("姓名").fill("张建")
    expect(typing.page.get_by_text("竞赛已经开始，填好后提交就可以答题")).to_be_visible(timeout=90_000)
    expect(typing.page.get_by_label("姓名")).to_have_value("张建")
    typing.must_be_accessible()
    typing.must_not_scroll_sideways()
    if folder := os.environ.get("SCREENSHOTS"):
        typing.page.screenshot(path=f"{folder}/turned-form.png")
    expect(reading.page.get_by_role("link", name="我要答题")).to_be_visible(timeout=90_000)  # Who only reads it.
    page = typing.page
    page.get_by_label("我已阅读并同意隐私说明").check()
    page.get_by_label("姓名").fill("张建国")
    page.get_by_label("手机号").fill("13800001234")
    page.get_by_role("button", name="登记").click()
    expect(page.get_by_role("link", name="开始答题")).to_be_visible()
