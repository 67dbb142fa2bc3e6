"""A clerk brings in the files that the office has: corrected, mended, decided, taken, undone, and taken again."""

from __future__ import annotations

import http.server
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import openpyxl
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import DESKTOP, Device
from tests.journeys.test_organiser import sign_in
from tests.stack import Stack

pytestmark = pytest.mark.browser

OpenDevice = Callable[..., Device]
REAL = "question-banks/zh-xlsx/experiment/tiku.xlsx"
HEADER = ["序号", "类别", "内容", "说明", "A", "B", "C", "D", "正确选项", "依据"]
ROWS = [
    ["单选", "国家宪法日是哪一天？（ ）", "宪法", "十二月四日", "十月一日", "七月一日", "五月四日", "A", "《宪法》"],
    ["多选", "公民的基本权利包括（ ）。", "宪法", "选举权", "言论自由", "受教育权", "纳税", "ABC", "《宪法》"],
    ["单选", "成年人的年龄界限是几周岁？", "民法典", "十六周岁", "十八周岁", "二十周岁", "", "", "《民法典》"],
    ["单选", "结婚年龄，女不得早于几周岁？", "民法典", "二十周岁", "十八周岁", "", "", "E", "《民法典》"],
    ["判断", "宗教活动场所可以干预国家行政。", "宗教", "", "", "", "", "大概不对", "《宗教事务条例》"],
    ["判断", "公民在法律面前一律平等。", "宪法", "", "", "", "", "对", "《宪法》第三十三条"],
    ["单选", "国家宪法日是哪一天？（ ）", "宪法", "十二月四日", "十月一日", "七月一日", "五月四日", "A", "《宪法》"],
    ["单选", "国家宪法日是哪一天", "宪法", "十二月四日", "三月五日", "八月一日", "九月三日", "A", "《宪法》"],
    ["单选", "{canary}<img src=x>是什么？", "网络", "网址", "人名", "地名", "书名", "A", ""],
]
MENDS = {
    "成年人的年龄界限是几周岁？": ("答案", "B"),
    "结婚年龄，女不得早于几周岁？": ("答案", "A"),
    "宗教活动场所可以干预国家行政。": ("答案", "错误"),
}


@contextmanager
def canary() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine, its address, and the paths that anybody asked it for."""
    hits: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            """Nothing is printed."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", hits
    server.shutdown()
    server.server_close()


def make_workbook(path: Path, address: str) -> Path:
    """A title above the header, headers of the office's own, cells merged, a link out, rows with faults."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet
    sheet.title = "普法题库"
    sheet.append(["2026年普法知识题库（第二批）"])
    sheet.merge_cells("A1:J1")
    sheet.append(HEADER)
    for number, row in enumerate(ROWS, 1):
        sheet.append([number, *(cell.replace("{canary}", f"{address}/stem.png") for cell in row)])
    sheet["J3"].hyperlink = f"{address}/link"
    sheet["K3"] = f'=WEBSERVICE("{address}/formula")'
    book.save(path)
    return path


def make_moodle_file(path: Path, address: str) -> Path:
    path.write_text(
        f"""<?xml version="1.0" encoding="UTF-8"?>
<quiz><question type="truefalse"><name><text>外</text></name>
<questiontext format="html"><text><![CDATA[<p>图中是国徽<img src="{address}/moodle.png"></p>]]></text></questiontext>
<answer fraction="100"><text>true</text></answer><answer fraction="0"><text>false</text></answer></question></quiz>"""
    )
    return path


def new_bank(page: Page, stack: Stack, name: str) -> None:
    page.goto(f"{stack.base_url}/bank/new")
    page.get_by_label("名称").fill(name)
    page.get_by_role("button", name="建立题库").click()
    page.get_by_role("link", name="导入文件").first.click()


def choose(page: Page, *files: Path) -> None:
    page.get_by_label("题库文件").set_input_files(files)
    page.get_by_role("button", name="读取文件").click()


def must_be_good(desk: Device, phone: Device) -> None:
    """The page is fit for everybody, and for a narrow screen too."""
    desk.must_be_accessible()
    desk.must_not_scroll_sideways()
    phone.page.goto(desk.page.url)
    phone.must_not_scroll_sideways()
    phone.must_be_accessible()


def card(page: Page, words: str) -> Locator:
    return page.locator("article").filter(has_text=words)


def test_messy_file_is_corrected_mended_taken_undone_and_taken_again(
    stack: Stack, open_device: OpenDevice, tmp_path: Path
) -> None:
    desk = open_device(size=DESKTOP, accept_downloads=True)
    page = desk.page
    sign_in(page, stack)
    phone = open_device(storage_state=page.context.storage_state())
    bank = f"普法题库 {token_hex(4)}"
    with canary() as (address, hits):
        new_bank(page, stack, bank)
        must_be_good(desk, phone)
        choose(page, make_workbook(tmp_path / "第二批（终稿）.xlsx", address))

        # 2: the column 说明 was taken for something else than what it holds; a choice in it is read at once.
        expect(page.get_by_text("识别得对吗？")).to_be_visible(timeout=30_000)
        expect(page.get_by_label("C · 内容")).to_have_value("stem")
        assert page.get_by_label("D · 说明").input_value() != "topics"
        must_be_good(desk, phone)
        page.get_by_label("D · 说明").select_option("topics")
        expect(page.locator("[data-preview=sample]").get_by_text("知识点").first).to_be_visible(timeout=30_000)
        expect(page.get_by_label("D · 说明")).to_have_value("topics")
        page.get_by_label("B · 类别").select_option("kind")
        expect(page.locator("[aria-busy]")).to_have_count(0, timeout=30_000)

        # 3: three rows are mended where they stand; each is judged at once and the others stay open.
        page.get_by_role("link", name="下一步：修改问题").first.click()
        expect(page.get_by_role("link", name="不能导入 3")).to_be_visible()
        must_be_good(desk, phone)
        for left, (stem, (field, text)) in zip((2, 1, 0), MENDS.items(), strict=True):
            row = card(page, stem)
            place = row.get_by_role("textbox", name=re.compile(f"^{field}"))
            if not place.is_visible():
                row.get_by_text("修改这一行").click()
            place.fill(text)
            row.get_by_role("button", name="保存并核对").click()
            expect(row.get_by_text("可以导入", exact=True)).to_be_visible(timeout=30_000)
            expect(page.get_by_role("link", name=f"不能导入 {left}")).to_be_visible()

        # 4: one is the same and is to be skipped, which somebody changes; one has other options and is skipped.
        page.get_by_role("link", name="下一步：查重并导入").click()
        expect(page.get_by_role("button", name="导入这 8 题")).to_be_visible()
        same = card(page, "国家宪法日是哪一天？")
        expect(same.get_by_role("button", name="跳过这一题")).to_have_attribute("aria-pressed", "true")
        same.get_by_role("button", name="导入这一题").click()
        expect(page.get_by_role("button", name="导入这 9 题")).to_be_visible()
        must_be_good(desk, phone)
        page.get_by_role("link", name="题干相同 1").click()
        card(page, "三月五日").get_by_role("button", name="跳过这一题").click()
        take = page.get_by_role("button", name="导入这 8 题")
        expect(take).to_be_visible()
        take.dblclick()
        expect(page.get_by_text("8 道题已在题库里")).to_be_visible(timeout=30_000)
        done = page.url
        must_be_good(desk, phone)
        with page.expect_download() as download:
            page.get_by_role("link", name="下载报告（Excel）").click()
        download.value.save_as(tmp_path / "report.xlsx")
        report = openpyxl.load_workbook(tmp_path / "report.xlsx").active
        assert report
        results = [row[1] for row in report.iter_rows(min_row=2, values_only=True)]
        assert (results.count("已导入"), results.count("重复，已跳过")) == (8, 1)
        page.get_by_role("link", name="去看题库").click()
        expect(page.get_by_role("link", name="成年人的年龄界限是几周岁？")).to_be_visible()

        # Undone as one, and taken again as it was corrected and mended.
        page.goto(done)
        page.get_by_role("link", name="撤销这次导入").click()
        expect(page.get_by_text("8 题会从题库里删除")).to_be_visible()
        must_be_good(desk, phone)
        page.get_by_role("button", name="撤销这次导入").click()
        expect(page.get_by_text("这次导入已经撤销")).to_be_visible()
        page.get_by_role("button", name="重新导入这个文件").click()
        page.get_by_role("link", name="查重并导入").first.click(timeout=30_000)
        page.get_by_role("button", name="导入这 8 题").click()
        expect(page.get_by_text("8 道题已在题库里")).to_be_visible(timeout=30_000)
    assert hits == []


def test_several_files_are_sent_at_once_and_their_references_are_not_followed(
    stack: Stack, shared_data: Path, open_device: OpenDevice, tmp_path: Path
) -> None:
    desk = open_device(size=DESKTOP)
    page = desk.page
    sign_in(page, stack)
    with canary() as (address, hits):
        new_bank(page, stack, f"几个文件 {token_hex(4)}")
        bad = tmp_path / "不是题库.pdf"
        bad.write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        real = shutil.copy(shared_data / REAL, tmp_path / "实验题库.xlsx")
        choose(page, make_moodle_file(tmp_path / "外.xml", address), bad, Path(real))
        listed = page.locator("[data-imports]")
        expect(listed.get_by_role("row").filter(has_text="实验题库.xlsx")).to_contain_text("尚未导入", timeout=60_000)
        expect(listed.get_by_role("row").filter(has_text="实验题库.xlsx")).to_contain_text("270")
        expect(listed.get_by_role("row").filter(has_text="不是题库.pdf")).to_contain_text("没有读成", timeout=30_000)
        expect(listed.get_by_role("row").filter(has_text="外.xml")).to_contain_text("尚未导入", timeout=30_000)
        desk.must_be_accessible()
        page.get_by_role("link", name="不是题库.pdf").click()
        expect(page.get_by_text("不能导入")).to_be_visible()
        page.get_by_role("link", name="换一个文件").click()
        page.get_by_role("link", name="外.xml").click()
        expect(page.get_by_role("heading", name="外.xml")).to_be_visible()
        page.get_by_role("link", name=re.compile("下一步")).first.click()
        expect(page.get_by_role("heading", name="外.xml")).to_be_visible()
    assert hits == []
