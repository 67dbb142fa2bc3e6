"""Every kind of question on a phone: ordered, matched, in two languages, through reloads and lost networks."""

from __future__ import annotations

import re
from collections.abc import Callable
from secrets import token_hex
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import DESKTOP, Device
from tests.journeys.rich_bank import fill_bank
from tests.journeys.test_play import enter_nickname, hand_in, saved
from tests.stack import Stack

pytestmark = pytest.mark.browser

BANK = "各种题型"
OpenDevice = Callable[..., Device]
RIGHT_ORDER = ["立案", "调查取证", "告知当事人陈述、申辩的权利", "作出处罚决定", "送达决定书"]
RIGHT_PAIRS = {"全国人民代表大会": "修改宪法", "国务院": "制定行政法规", "人民检察院": "法律监督"}


@pytest.fixture(scope="module")
def bank(stack: Stack) -> int:
    return fill_bank(stack, BANK)


@pytest.fixture
def make_contest(stack: Stack, bank: int) -> Callable[..., str]:
    """Publish a contest of the whole bank in its order; returns the address of its page."""

    def make(*, kind: str | None = None, count: int = bank, **changes: Any) -> str:
        section = {"bank": BANK, "count": count, "points": 10} | ({"kind": kind} if kind else {})
        document: dict[str, Any] = {"title": "各种题型", "sections": [section], "shuffle_questions": False}
        return stack.make_contest(f"k-{token_hex(4)}", **(document | changes))

    return make


def row(page: Page, words: str) -> Locator:
    return page.locator(".order-row").filter(has_text=words)


def order_on_screen(page: Page) -> list[str]:
    return page.locator(".order-row .words > span:first-child").all_inner_texts()


def bring_into_order(page: Page) -> None:
    """Move each thing up to its place by its button."""
    for place, words in enumerate(RIGHT_ORDER):
        for _step in range(order_on_screen(page).index(words) - place):
            row(page, words).get_by_role("button", name="上移").click()
    assert order_on_screen(page) == RIGHT_ORDER


def choose_match(page: Page, left: str, right: str) -> None:
    page.get_by_role("button", name=f"与“{left}”相配").click()
    page.locator("dialog[open] .option").filter(has_text=right).click()
    expect(page.locator("dialog[open]")).to_have_count(0)


def match_all(page: Page) -> None:
    for left, right in RIGHT_PAIRS.items():
        choose_match(page, left, right)


def choose(page: Page, words: str) -> None:
    page.locator("[data-part=question] .option").filter(has_text=words).click(position={"x": 20, "y": 20})


def next_question(page: Page, number: int) -> None:
    page.get_by_role("button", name="下一题").click()
    expect(page.locator("[data-part=number]")).to_have_text(str(number))


KILLED = """
let isGone = false;
const send = fetch;
const note = () => { isGone = true; };
addEventListener("pagehide", note, true);
addEventListener("visibilitychange", note, true);
fetch = (path, init) => (isGone ? new Promise(() => {}) : send(path, init));
"""
"""A browser does not hold back what a page sends while it goes away, whatever the network is said to be."""


def test_a_paper_of_all_kinds_survives_a_reload_and_the_loss_of_the_network(
    make_contest: Callable[..., str], open_device: OpenDevice
) -> None:
    phone = open_device(has_touch=True)
    page = phone.page
    # As on a phone that is killed: what a page sends while it goes away is not sent.
    page.add_init_script(KILLED)
    enter_nickname(page, make_contest(), "各种都会")

    expect(page.locator(".passage summary")).to_have_text("案例材料（第 1 至 2 题）")
    choose(page, "相邻权")
    page.locator(".passage summary").click()
    next_question(page, 2)
    expect(page.locator(".passage")).not_to_have_attribute("open", "")
    choose(page, "正确")
    next_question(page, 3)
    expect(page.locator(".passage")).to_have_count(0)
    expect(page.get_by_role("button", name="就是这个顺序")).to_be_visible()
    bring_into_order(page)
    expect(saved(page)).to_have_text("已保存")

    phone.context.set_offline(True)
    next_question(page, 4)
    match_all(page)
    expect(saved(page)).to_have_text("未保存 1 题")
    page.route("**/api/v1/attempts/**", lambda route: route.abort("internetdisconnected"))
    phone.context.set_offline(False)
    page.reload()
    page.wait_for_selector("#stem")
    expect(page.locator("[data-part=number]")).to_have_text("4")
    expect(saved(page)).to_have_text("未保存 1 题")
    for left, right in RIGHT_PAIRS.items():
        expect(page.locator(".match").filter(has_text=left).locator(".match-choice")).to_contain_text(right)
    page.get_by_role("button", name="上一题").click()
    assert order_on_screen(page) == RIGHT_ORDER
    expect(page.get_by_text("已按现在的顺序作答")).to_be_visible()
    page.unroute("**/api/v1/attempts/**")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(saved(page)).to_have_text("已保存")

    next_question(page, 4)
    next_question(page, 5)
    choose(page, "红色圆形")
    choose(page, "金色圆形")
    next_question(page, 6)
    for place in (0, 1):
        page.locator("[data-part=question] input[type=text]").nth(place).fill("劳动")
    hand_in(page)
    expect(page.get_by_text("全部答对")).to_be_visible()
    expect(page.locator(".review")).to_have_count(6)
    expect(page.locator(".review-order li")).to_have_text([re.compile(words) for words in RIGHT_ORDER])
    expect(page.locator(".passage")).to_have_count(1)


def test_an_order_that_nobody_touched_is_no_answer(make_contest: Callable[..., str], open_device: OpenDevice) -> None:
    page = open_device().page
    enter_nickname(page, make_contest(kind="ordering", count=1), "不动手")
    page.locator("[data-part=next]").click()
    expect(page.get_by_text("还有 1 题没有答。")).to_be_visible()
    page.get_by_role("button", name="再看看").click()
    shown = order_on_screen(page)
    page.get_by_role("button", name="就是这个顺序").click()
    expect(page.get_by_text("已按现在的顺序作答")).to_be_visible()
    expect(saved(page)).to_have_text("已保存")
    page.reload()
    page.wait_for_selector("#stem")
    assert order_on_screen(page) == shown
    page.get_by_role("button", name="清除本题").click()
    expect(page.get_by_role("button", name="就是这个顺序")).to_be_visible()
    page.locator("[data-part=next]").click()
    expect(page.get_by_text("还有 1 题没有答。")).to_be_visible()


def test_things_are_ordered_by_dragging_and_by_keys(make_contest: Callable[..., str], open_device: OpenDevice) -> None:
    page = open_device(size=DESKTOP).page
    enter_nickname(page, make_contest(kind="ordering", count=1), "拖一拖")
    first, *others = order_on_screen(page)
    start = row(page, first).locator(".letter").bounding_box()
    end = row(page, others[-1]).locator(".letter").bounding_box()
    assert start and end
    page.mouse.move(start["x"] + 20, start["y"] + 20)
    page.mouse.down()
    page.mouse.move(end["x"] + 20, end["y"] + end["height"] - 4, steps=40)
    page.mouse.up()
    assert order_on_screen(page) == [*others, first]
    expect(page.get_by_text("已按现在的顺序作答")).to_be_visible()

    row(page, first).get_by_role("button", name="上移").focus()
    for _press in range(6):
        page.keyboard.press("ArrowUp")
    assert order_on_screen(page) == [first, *others]
    expect(row(page, first).get_by_role("button", name="上移")).to_be_focused()
    expect(page.get_by_role("status").filter(has_text=f"“{first}”在第 1 位")).to_be_visible()
    page.keyboard.press("ArrowDown")
    assert order_on_screen(page)[1] == first
    expect(page.locator("[data-part=number]")).to_have_text("1")


def test_two_devices_at_once_are_told_of_the_newer_order(
    make_contest: Callable[..., str], open_device: OpenDevice
) -> None:
    url = make_contest(kind="ordering", count=1, entry_mode="form", entry_fields=["name", "phone"])
    first, other = open_device(), open_device()
    other.expected.append("401 (UNAUTHORIZED)")
    code = ""
    for device in (first, other):
        page = device.page
        page.goto(url)
        page.get_by_label("我已阅读并同意隐私说明").check()
        page.get_by_label("姓名").fill("李秀英")
        page.get_by_label("手机号").fill("13900001234")
        page.get_by_role("button", name="登记").click()
        if code:
            page.get_by_label("续答码").fill(code)
            page.get_by_role("button", name="继续").click()
        else:
            code = page.locator(".code").inner_text()
        page.get_by_role("link", name=re.compile("开始答题|继续作答")).click()
        page.wait_for_selector("#stem")
    bring_into_order(first.page)
    expect(saved(first.page)).to_have_text("已保存")
    other.page.locator(".order-down").first.click()
    expect(other.page.get_by_text("在另一台设备上改过")).to_be_visible()
    assert order_on_screen(other.page) == RIGHT_ORDER


def test_orders_and_pairs_are_judged_at_once_and_locked(
    make_contest: Callable[..., str], open_device: OpenDevice
) -> None:
    page = open_device().page
    enter_nickname(page, make_contest(feedback_time="at_once"), "马上知道")
    for number in (2, 3):
        page.locator("[data-part=sheet-button]").click()
        page.locator("[data-part=squares] button").nth(number - 1).click()
    bring_into_order(page)
    row(page, "立案").get_by_role("button", name="下移").click()
    page.get_by_role("button", name="确定答案").click()
    expect(page.locator(".order-row.is-right")).to_have_count(3)
    expect(page.locator(".order-row.is-wrong")).to_have_count(2)
    expect(page.locator(".order-step")).to_have_count(0)
    expect(page.locator(".right-order li")).to_have_text(RIGHT_ORDER)
    next_question(page, 4)
    choose_match(page, "国务院", "制定行政法规")
    page.get_by_role("button", name="确定答案").click()
    expect(page.locator(".match.is-right")).to_contain_text("配对正确")
    expect(page.locator(".match.is-wrong").first).to_contain_text("应配：修改宪法")
    expect(page.locator(".match-choice").first).to_be_disabled()
    page.reload()
    page.wait_for_selector("#stem")
    expect(page.locator(".match.is-wrong")).to_have_count(2)


def test_a_further_language_is_read_below_the_chinese_and_remembered(
    make_contest: Callable[..., str], open_device: OpenDevice
) -> None:
    page = open_device().page
    url = make_contest(attempts_total=3)
    enter_nickname(page, url, "双语")
    expect(page.locator(".also")).to_have_count(0)
    page.get_by_role("button", name="ئۇيغۇرچە").click()
    expect(page.locator(".stem-parts .also")).to_have_attribute("dir", "rtl")
    expect(page.locator(".stem-parts .also")).to_have_attribute("lang", "ug")
    expect(page.locator("[data-part=question] .option .also")).to_have_count(3)
    tops = [page.locator(f".stem-parts {name}").bounding_box() for name in ("#stem", ".also")]
    assert tops[0] and tops[1] and tops[0]["y"] < tops[1]["y"]
    page.reload()
    page.wait_for_selector("#stem")
    expect(page.locator(".passage .also")).to_be_visible()
    for number in range(2, 7):
        next_question(page, number)
    hand_in(page)
    expect(page.locator(".review .also").first).to_have_attribute("lang", "ug")
    page.get_by_role("button", name="中文", exact=True).first.click()
    expect(page.locator(".also")).to_have_count(0)
    page.goto(url)
    expect(page.locator("[data-languages] [aria-pressed=true]")).to_have_text("中文")


def test_pictures_take_their_room_before_they_come_and_are_enlarged_by_a_tap(
    make_contest: Callable[..., str], open_device: OpenDevice
) -> None:
    device = open_device()
    page = device.page
    page.route("**/media/*", lambda route: route.abort("internetdisconnected"))
    device.expected.append("ERR_INTERNET_DISCONNECTED")
    enter_nickname(page, make_contest(kind="multiple", count=1), "看图")
    before = page.locator("[data-part=question]").bounding_box()
    assert page.locator("button.picture img").get_attribute("alt") == "路口的标志牌"
    page.unroute("**/media/*")
    page.reload()
    page.wait_for_selector("#stem")
    page.evaluate("Promise.all([...document.querySelectorAll('.picture img')].map((picture) => picture.decode()))")
    assert page.locator("[data-part=question]").bounding_box() == before
    page.locator(".option .picture img").first.click()
    expect(page.locator(".option.is-on")).to_have_count(1)
    page.locator(".option .nearer").first.click()
    expect(page.locator("dialog[open] img")).to_be_visible()
    expect(page.locator(".option.is-on")).to_have_count(1)
    page.get_by_role("button", name="关闭").click()
    page.locator("button.picture").click()
    expect(page.locator("dialog[open] img")).to_have_attribute("alt", "路口的标志牌")
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)


@pytest.mark.parametrize("options", [{"size": (360, 640), "color_scheme": "dark"}, {"elder": True}])
def test_every_kind_is_accessible_and_fits_the_screen(
    make_contest: Callable[..., str], open_device: OpenDevice, stack: Stack, options: dict[str, Any]
) -> None:
    is_elder = options.pop("elder", False)
    device = open_device(**options, reduced_motion="reduce")
    cookies = {"quizapp_second_language": "ug"} | ({"quizapp_elder": "1"} if is_elder else {})
    device.context.add_cookies([{"name": n, "value": value, "url": stack.base_url} for n, value in cookies.items()])
    page = device.page
    enter_nickname(page, make_contest(), "看得清")
    least = 60 if is_elder else 48
    for number in range(1, 7):
        device.must_be_accessible()
        device.must_not_scroll_sideways()
        for target in page.locator("[data-part=question] button:visible, .languages button").all():
            box = target.bounding_box()
            assert box and min(box["width"], box["height"]) >= least - 0.5, target.inner_html()
        if page.locator(".match-choice").count():
            page.locator(".match-choice").first.click()
            device.must_be_accessible()
            page.get_by_role("button", name="关闭").click()
            match_all(page)
            device.must_be_accessible()
        if number < 6:
            next_question(page, number + 1)
    hand_in(page)
    device.must_be_accessible()
    device.must_not_scroll_sideways()


WEIGHT = """
[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .reduce((sum, entry) => sum + entry.encodedBodySize, 0)
"""


def test_the_pages_stay_small(make_contest: Callable[..., str], open_device: OpenDevice) -> None:
    page = open_device().page
    url = make_contest(kind="ordering", count=1)
    page.goto(url)
    page.wait_for_load_state("networkidle")
    contest = page.evaluate(WEIGHT)
    enter_nickname(page, url, "小页面")
    page.wait_for_load_state("networkidle")
    answering = page.evaluate(WEIGHT)
    print(f"{contest} bytes for the contest's page, {answering} for the answering page, stylesheets in both")
    assert 10_000 < contest < 100_000
    assert 10_000 < answering < 150_000


def test_what_is_on_the_screen_is_read_aloud(make_contest: Callable[..., str], open_device: OpenDevice) -> None:
    page = open_device().page
    page.add_init_script("speechSynthesis.speak = (utterance) => { window.spoken = utterance.text; };")
    enter_nickname(page, make_contest(), "听一听")

    def read() -> str:
        page.get_by_role("button", name="朗读").click()
        return str(page.evaluate("window.spoken"))

    assert re.search("一个月后，乙反悔.*侵害了乙的哪一项权利.*A，", read())
    page.locator(".passage summary").click()
    assert read().startswith("甲修建围墙")
    next_question(page, 2)
    assert read().endswith("。正确。错误")
    next_question(page, 3)
    assert read().endswith("。".join(order_on_screen(page)))
    next_question(page, 4)
    assert re.search("A，全国人民代表大会。B，国务院。C，人民检察院。1，", read())
