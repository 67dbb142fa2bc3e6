"""An organiser writes a question of each kind with a picture and a second language, and sees it right."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.bank.media_makers import picture, recording
from tests.journeys.conftest import DESKTOP, PHONE, Device
from tests.journeys.test_organiser import sign_in
from tests.stack import Stack

pytestmark = pytest.mark.browser

OpenDevice = Callable[..., Device]
UYGHUR_STEM = "ئاساسىي قانۇن كۈنى قايسى كۈن؟"
UYGHUR_OPTION = "12-ئاينىڭ 4-كۈنى"
KINDS = ("单选题", "多选题", "不定项选择题", "判断题", "填空题", "排序题", "匹配题", "简答题")


def make_bank(page: Page, stack: Stack) -> str:
    """A new bank; return its address."""
    page.goto(f"{stack.base_url}/bank/new")
    page.get_by_label("名称").fill(f"编写 {token_hex(4)}")
    page.get_by_role("button", name="建立题库").click()
    page.wait_for_url(re.compile(r"/bank/\d+$"))
    return page.url


def row(page: Page, name: str, place: int) -> Locator:
    """One option or one of a side."""
    return page.locator(f'[data-rows="{name}"] [data-row]').nth(place)


def write_rows(page: Page, name: str, texts: list[str]) -> None:
    for place, text in enumerate(texts):
        if row(page, name, place).count() == 0:
            page.locator(f'[data-rows="{name}"] [data-more]').click()
        row(page, name, place).locator("textarea").first.fill(text)


def attach(page: Page, name: str, file: Path, alt: str) -> None:
    """Choose a file below a text, which sends it at once, and say what it shows."""
    kept = page.locator(f'[data-kept="{name}"] .kept-medium')
    before = kept.count()
    page.locator(f'.attach:has([name="{name}.file"]) > summary').click()
    page.locator(f'[name="{name}.file"]').set_input_files(file)
    expect(kept).to_have_count(before + 1)
    kept.last.get_by_label("文字说明").fill(alt)


def write_answer(page: Page, kind: str) -> None:
    """Options and key as this kind has them."""
    match kind:
        case "单选题":
            write_rows(page, "option", ["12月4日", "10月1日", "7月1日"])
            row(page, "option", 0).get_by_label("正确选项").check()
            row(page, "option", 0).locator("textarea[lang=ug]").fill(UYGHUR_OPTION)
        case "多选题" | "不定项选择题":
            write_rows(page, "option", ["12月4日", "宪法日", "7月1日", "五月一日", "六月一日"])
            for place in (0, 1):
                row(page, "option", place).get_by_label("正确选项").check()
        case "判断题":
            page.get_by_label("错误", exact=True).check()
        case "填空题":
            page.get_by_label("第 1 空").fill("12月4日\n十二月四日")
            page.locator("[data-response]").first.fill("１２月４日。")
            expect(page.locator("output").first).to_have_text("✓ 算对")
            page.get_by_label("第 2 空").fill("宪法")
        case "排序题":
            write_rows(page, "option", ["公布", "施行", "修正"])
            row(page, "option", 2).get_by_role("button", name="上移").click()
        case "匹配题":
            write_rows(page, "partner", ["十八周岁", "八周岁", "二十周岁"])
            write_rows(page, "option", ["成年人", "限制行为能力人"])
            expect(row(page, "option", 1).get_by_label("对应右边").locator("option:checked")).to_have_text("2 · 八周岁")
        case "简答题":
            page.get_by_label("参考答案").fill("宪法日是12月4日。")
            page.get_by_label("要点").first.fill("说出日期")
            page.get_by_label("分值").first.fill("2.5")


def is_seen(page: Page, alt: str) -> None:
    """The picture of this description is on the page and was fetched."""
    shown = page.locator(".question-card").get_by_alt_text(alt).first
    expect(shown).to_be_visible()
    shown.scroll_into_view_if_needed()
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=shown.element_handle())


def test_organiser_writes_a_question_of_each_kind(stack: Stack, open_device: OpenDevice, tmp_path: Path) -> None:
    red, sound = tmp_path / "红.png", tmp_path / "声.wav"
    red.write_bytes(picture(size=(120, 80)))
    sound.write_bytes(recording())
    device = open_device(size=DESKTOP)
    page = device.page
    sign_in(page, stack)
    bank = make_bank(page, stack)
    for kind in KINDS:
        page.goto(f"{bank}/questions/new")
        page.get_by_role("navigation", name="题型").get_by_role("link", name=kind, exact=True).click()
        page.get_by_label("加一种语言").select_option("ug")
        page.get_by_role("button", name="加上").click()
        stem = page.get_by_label("题干", exact=True)
        stem.fill("国家____日是____吗？" if kind == "填空题" else f"国家宪法日是哪一天？（{kind}）")
        page.locator('[name="stem@ug"]').fill(UYGHUR_STEM)
        attach(page, "stem", red, "红色方块")
        write_answer(page, kind)
        attach(page, "explanation", sound, "讲解")
        page.locator("#explanation").fill("1982年12月4日通过现行宪法。")
        page.get_by_label("法律、法规名称").first.fill("宪法")
        page.get_by_label("知识点").fill("宪法日")
        page.get_by_role("button", name="预览").click()
        asked = page.locator(".asked")
        expect(asked).to_contain_text(UYGHUR_STEM)
        expect(asked).not_to_contain_text("通过现行宪法")
        if kind == "单选题":
            device.must_be_accessible()
        page.get_by_role("button", name="保存为草稿").click()
        expect(page.get_by_text("题目已保存为草稿。")).to_be_visible()
        version = page.locator(".question-card").get_by_text(UYGHUR_STEM)
        expect(version).to_have_css("direction", "rtl")
        expect(version).to_have_attribute("lang", "ug")
        is_seen(page, "红色方块")
        expect(page.get_by_label("讲解")).to_be_visible()
        expect(page.locator(".question-card")).to_contain_text("《宪法》")
    page.goto(bank)
    expect(page.get_by_text("共 8 题")).to_be_visible()


def test_the_right_order_and_the_pairs_are_as_written(stack: Stack, open_device: OpenDevice) -> None:
    page = open_device(size=DESKTOP).page
    sign_in(page, stack)
    bank = make_bank(page, stack)
    page.goto(f"{bank}/questions/new?kind=ordering")
    page.get_by_label("题干", exact=True).fill("一部法律经过哪些步骤？")
    write_answer(page, "排序题")
    page.get_by_role("button", name="保存为草稿").click()
    expect(page.locator(".staff-options .text")).to_have_text(["公布", "修正", "施行"])
    page.goto(f"{bank}/questions/new?kind=matching")
    page.get_by_label("题干", exact=True).fill("几岁？")
    write_answer(page, "匹配题")
    row(page, "option", 0).get_by_label("对应右边").select_option(label="3 · 二十周岁")
    page.get_by_role("button", name="保存为草稿").click()
    expect(page.locator(".pairs li").nth(0)).to_contain_text(re.compile(r"成年人\s*→\s*二十周岁"))
    expect(page.locator(".pairs li").nth(2)).to_contain_text("十八周岁")


def test_leaving_with_something_unsaved_asks_first(stack: Stack, open_device: OpenDevice) -> None:
    page = open_device(size=DESKTOP).page
    sign_in(page, stack)
    bank = make_bank(page, stack)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(f"{bank}/questions/new")
    page.goto(bank)
    assert asked == []
    page.goto(f"{bank}/questions/new")
    page.get_by_label("题干", exact=True).press_sequentially("国")
    expect(page.get_by_text("有还没保存的改动")).to_be_visible()
    page.goto(bank)
    assert asked == ["beforeunload"]


def test_a_file_that_cannot_be_used_is_refused_beside_its_text(
    stack: Stack, open_device: OpenDevice, tmp_path: Path
) -> None:
    device = open_device(size=DESKTOP)
    device.expected.append("422")
    page = device.page
    sign_in(page, stack)
    page.goto(f"{make_bank(page, stack)}/questions/new")
    drawing = tmp_path / "a.png"
    drawing.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    page.locator('.attach:has([name="stem.file"]) > summary').click()
    page.locator('[name="stem.file"]').set_input_files(drawing)
    expect(page.get_by_text("请在绘图软件里另存为 PNG")).to_be_visible()
    expect(page.locator('[data-kept="stem"] .kept-medium')).to_have_count(0)


def test_everything_works_without_script_on_a_phone(stack: Stack, open_device: OpenDevice, tmp_path: Path) -> None:
    red = tmp_path / "红.png"
    red.write_bytes(picture())
    device = open_device(size=PHONE, java_script_enabled=False)
    page = device.page
    sign_in(page, stack)
    bank = make_bank(page, stack)
    page.goto(f"{bank}/questions/new?kind=ordering")
    page.get_by_label("题干", exact=True).fill("一部法律经过哪些步骤？")
    for place, text in enumerate(["施行", "公布", "修正"]):
        row(page, "option", place).locator("textarea").first.fill(text)
    row(page, "option", 1).get_by_role("button", name="上移").click()
    row(page, "option", 3).get_by_role("button", name="删除这一项").click()
    page.locator('.attach:has([name="option-0.file"]) > summary').click()
    page.locator('[name="option-0.file"]').set_input_files(red)
    page.locator('[name="option-0.file_alt"]').fill("红色方块")
    page.get_by_label("加一种语言").select_option("ug")
    page.get_by_role("button", name="加上").click()
    page.locator('[name="stem@ug"]').fill(UYGHUR_STEM)
    page.get_by_role("button", name="再加一条").click()
    expect(page.get_by_label("法律、法规名称")).to_have_count(4)
    page.get_by_role("button", name="保存为草稿").last.click()
    expect(page.locator(".staff-options .text")).to_have_text(["公布", "施行", "修正"])
    expect(page.locator(".staff-options li").nth(1).get_by_alt_text("红色方块")).to_be_visible()
    expect(page.locator(".question-card")).to_contain_text(UYGHUR_STEM)


@pytest.mark.parametrize("kind", ["single", "matching", "fill_in", "short_text"])
def test_the_form_fits_a_phone(stack: Stack, open_device: OpenDevice, kind: str) -> None:
    device = open_device(size=PHONE)
    sign_in(device.page, stack)
    device.page.goto(f"{make_bank(device.page, stack)}/questions/new?kind={kind}&passage=1")
    device.page.get_by_label("加一种语言").select_option("bo")
    device.page.get_by_role("button", name="加上").click()
    expect(device.page.locator('[name="stem@bo"]')).to_be_visible()
    device.must_not_scroll_sideways()
    device.must_be_accessible()


def test_an_article_is_found_and_cited(stack: Stack, open_device: OpenDevice) -> None:
    page = open_device(size=DESKTOP).page
    sign_in(page, stack)
    page.goto(f"{make_bank(page, stack)}/questions/new")
    page.get_by_label("查找条款").fill("宗教事务条例")
    found = page.locator("[data-found] button")
    expect(found.first).to_contain_text("《宗教事务条例》")
    label = found.first.locator("b").inner_text()
    found.first.click()
    cited = (
        page.get_by_label("法律、法规名称").first.input_value(),
        page.get_by_label("条款", exact=True).first.input_value(),
    )
    assert f"《{cited[0]}》{cited[1]}" == label
