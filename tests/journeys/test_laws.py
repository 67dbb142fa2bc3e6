"""A law changes: its text is imported, an article marked, the contest warned, and the question released again."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import DESKTOP, PHONE, Device
from tests.journeys.test_organiser import sign_in
from tests.stack import Stack

pytestmark = pytest.mark.browser

LAW = "城市民族工作条例"
FILE = "城市民族工作条例(1993-09-15).md"


def look(device: Device) -> None:
    """The page as it is, on a desktop and on a phone."""
    device.must_be_accessible()
    for width, height in (PHONE, DESKTOP):
        device.page.set_viewport_size({"width": width, "height": height})
        device.must_not_scroll_sideways()


def import_statute(page: Page, stack: Stack, file: Path, device: Device) -> None:
    page.goto(f"{stack.base_url}/bank/laws/import")
    look(device)
    page.get_by_label("法律全文").set_input_files(file)
    page.get_by_role("button", name="读取全文").click()
    expect(page.get_by_text("30 条，从第一条到第三十条")).to_be_visible()
    expect(page.get_by_text("题库里已有这一版本：会补上条文，不会重复。")).to_be_visible()
    expect(page.get_by_label("施行日期")).to_have_value("1993-09-15")
    look(device)
    page.get_by_role("button", name="存入选中的法律").click()
    expect(page.get_by_role("heading", name=LAW)).to_be_visible()


def test_a_changed_article_holds_its_questions_until_somebody_looked(
    stack: Stack, open_device: Callable[..., Device], shared_data: Path
) -> None:
    device = open_device(size=DESKTOP)
    page = device.page
    sign_in(page, stack)
    import_statute(page, stack, shared_data / "laws" / FILE, device)
    address = page.url
    look(device)

    page.get_by_role("link", name="只看题目引用的").click()
    article = page.locator(".law-article").first
    label = article.locator("a").first.inner_text()
    article.get_by_role("checkbox").check()
    change = page.locator("section", has=page.get_by_role("heading", name="条文有变动"))
    change.get_by_label("修改").check()
    change.get_by_label("说明").fill("国务院令第800号")
    change.get_by_role("button", name="标记选中的条文").click()

    expect(page.get_by_role("heading", name="暂停使用的题目")).to_be_visible()
    expect(page.get_by_text("国务院令第800号").first).to_be_visible()
    look(device)
    page.goto(f"{stack.base_url}/contests/demo")
    warning = page.get_by_role("link", name=re.compile(f"道题因《{LAW}》{label}修改而暂停使用"))
    warning.click()
    expect(page.get_by_role("heading", name="暂停使用的题目")).to_be_visible()

    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_label("核对意见").fill("修改的不是题目所依据的款项")
    page.get_by_role("button", name="选中的题目仍然正确，恢复使用").click()
    expect(page.get_by_text("没有暂停使用的题目")).to_be_visible()
    page.goto(f"{stack.base_url}/contests/demo")
    expect(page.get_by_text("暂停使用")).to_have_count(0)

    page.goto(f"{address}/articles/{label}")
    expect(page.get_by_text("国务院令第800号").first).to_be_visible()
    look(device)
    page.get_by_role("button", name="撤销标记").click()
    expect(page.get_by_text("标记已撤销")).to_be_visible()
    page.goto(f"{stack.base_url}/bank/laws?words={LAW} 第三条")
    look(device)


def test_a_reviewed_question_stands_beside_its_article(
    stack: Stack, open_device: Callable[..., Device], shared_data: Path
) -> None:
    device = open_device(size=DESKTOP)
    page = device.page
    sign_in(page, stack)
    page.goto(f"{stack.base_url}/bank/laws?words={LAW}")
    page.get_by_role("link", name=LAW, exact=True).click()
    page.locator(".law-article", has_text="题引用").first.get_by_role("link").first.click()
    page.locator(".question-rows a").first.click()
    question = page.url
    page.get_by_role("link", name="修改", exact=True).click()
    explanation = page.locator("textarea[name=explanation]")
    explanation.fill(f"{explanation.input_value()}（补充）")
    page.get_by_role("button", name="保存为草稿").click()
    page.get_by_role("button", name="送审").click()
    expect(page.get_by_text("已送审")).to_be_visible()
    look(device)

    page.goto(f"{stack.base_url}/bank/review?whose=all")
    look(device)
    page.get_by_role("link", name="逐题审核").click()
    expect(page.get_by_role("heading", name="与第 1 次修订的不同")).to_be_visible()
    expect(page.locator("ins").first).to_contain_text("（补充）")
    expect(page.get_by_text("竞赛在用").first).to_be_visible()  # one for each contest that uses it
    look(device)
    page.get_by_label("意见").fill("补充得好")
    page.get_by_role("button", name="通过", exact=True).click()
    expect(page.get_by_text("已审核通过。")).to_be_visible()
    page.goto(question)
    expect(page.get_by_text("补充得好")).to_be_visible()
    page.get_by_role("link", name="与上一次比较").click()
    look(device)
