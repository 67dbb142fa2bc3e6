"""An organiser takes a file to a contest on the pages, watches a phone play it, and carries the results home."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import DESKTOP, Device
from tests.journeys.test_play import answer_all, answer_question, enter_nickname, hand_in, saved
from tests.stack import Stack

pytestmark = pytest.mark.browser

FILE = "question-banks/zh-xlsx/templates/Hermannmayer-题库模板.xlsx"
QUESTIONS, UNUSABLE_ROW = 11, "12"
"""The answer of this row names an option that it does not have."""
ATTEMPTS = """
    select a.id, a.person, a.number, a.started_ms, a.finished_ms, a.finish, a.score_hundredths, a.full_hundredths,
           a.right, a.answered, a.duration_ms
    from attempt a join contest c on c.id = a.contest_id where c.slug = ? order by a.id
"""
ANSWERS = """
    select a.attempt_id, a.question_id, r.number, q.kind, a.response, a.is_right, a.points_hundredths, a.answered_ms,
           a.spent_ms
    from answer a join attempt t on t.id = a.attempt_id join contest c on c.id = t.contest_id
    join question_revision r on r.id = a.revision_id join question q on q.id = a.question_id
    where c.slug = ? order by a.attempt_id, a.question_id
"""
OpenDevice = Callable[..., Device]


def sign_in(page: Page, stack: Stack, name: str = "organiser") -> None:
    """With the password that the first start showed."""
    found = re.search(rf"^ *{name} +(\S+)$", stack.output, re.MULTILINE)
    assert found, stack.output
    page.goto(f"{stack.base_url}/desk")
    page.get_by_label("登录名").fill(name)
    page.get_by_label("密码").fill(found[1])
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(re.compile("/desk"))


def import_bank(page: Page, stack: Stack, *, name: str, file: Path) -> None:
    page.goto(f"{stack.base_url}/bank/")
    page.get_by_role("link", name="新建题库").click()
    page.get_by_label("名称").fill(name)
    page.get_by_role("button", name="建立题库").click()
    page.get_by_role("link", name="导入文件").first.click()
    page.get_by_label("题库文件").set_input_files(file)
    page.get_by_role("button", name="读取文件").click()
    # Read in the background; the page goes on by itself.
    page.get_by_role("link", name="下一步：修改问题").first.click(timeout=30_000)
    row = page.locator("article").filter(has_text=UNUSABLE_ROW)
    expect(row.filter(has_text="选项 D 没有内容")).to_be_visible()
    page.get_by_role("link", name="下一步：查重并导入").click()
    page.get_by_label("导入后直接审核通过").check()
    page.get_by_role("button", name=f"只导入没有问题的 {QUESTIONS} 题").click()
    expect(page.get_by_text(f"{QUESTIONS} 道题已在题库里")).to_be_visible(timeout=30_000)


def make_contest(page: Page, stack: Stack, *, title: str, slug: str, bank: str) -> None:
    """From an empty form to a published contest of five questions, open since an hour."""
    now = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai"))
    page.goto(f"{stack.base_url}/contests/new")
    page.get_by_label("竞赛名称").fill(title)
    page.get_by_label("网址中的名字").fill(slug)
    page.get_by_label("开始时间").fill(f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}")
    page.get_by_label("结束时间").fill(f"{now + timedelta(days=3):%Y-%m-%dT%H:%M}")
    page.get_by_label("题库", exact=True).select_option(label=bank)
    page.get_by_label("抽几题").fill("5")
    page.get_by_label("每题几分").fill("20")
    page.get_by_label("合格线").fill("60")
    page.get_by_role("button", name="保存").last.click()
    expect(page.get_by_text("草稿已保存")).to_be_visible()
    page.get_by_role("link", name="检查", exact=True).click()
    expect(page.get_by_role("heading", name="检查")).to_be_visible()
    page.goto(f"{stack.base_url}/contests/{slug}/publish")
    page.get_by_label("我已看过样卷和检查结果").check()
    page.get_by_role("button", name="发布竞赛").click()
    expect(page.get_by_role("link", name="实况与控制")).to_be_visible()


def figure(page: Page, name: str) -> Any:
    return page.locator(f'[data-figure="{name}"]')


def export(page: Page, stack: Stack, *, slug: str, format_name: str, folder: Path) -> Path:
    page.goto(f"{stack.base_url}/reports/{slug}/results")
    page.locator(f'input[name="format"][value="{format_name}"]').check()
    with page.expect_download() as download:
        page.get_by_role("button", name="导出").click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def rows_of(stack: Stack, query: str, slug: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{stack.data / 'quizapp.sqlite'}?mode=ro", uri=True) as database:
        return database.execute(query, [slug]).fetchall()


def moment(milliseconds: int) -> str:
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def points(hundredths: int) -> float:
    return hundredths / 100


def expected_attempts(stack: Stack, slug: str) -> list[dict[str, Any]]:
    """What an export has to say of each attempt, from the rows of the database."""
    names = ("attempt", "person", "number", "started_at", "finished_at", "finish", "score", "full_score")
    rows = []
    for *row, right, answered, duration in rows_of(stack, ATTEMPTS, slug):
        found = dict(zip(names, row, strict=True))
        found |= {"started_at": moment(found["started_at"]), "finished_at": moment(found["finished_at"])}
        found |= {"score": points(found["score"]), "full_score": points(found["full_score"])}
        rows.append(found | {"right": right, "answered": answered, "duration_ms": duration})
    return rows


def expected_answers(stack: Stack, slug: str) -> list[dict[str, Any]]:
    names = ("attempt", "question", "revision", "kind", "response", "right", "points", "answered_at", "spent_ms")
    rows = []
    for row in rows_of(stack, ANSWERS, slug):
        found = dict(zip(names, row, strict=True))
        found |= {"response": json.loads(found["response"]), "right": bool(found["right"])}
        rows.append(found | {"points": points(found["points"]), "answered_at": moment(found["answered_at"])})
    return rows


def test_from_a_file_to_a_contest_to_its_results(
    stack: Stack, shared_data: Path, open_device: OpenDevice, tmp_path: Path
) -> None:
    desk = open_device(size=DESKTOP, accept_downloads=True)
    page = desk.page
    mark = token_hex(4)
    bank, slug = f"题库 {mark}", f"o-{mark}"
    sign_in(page, stack)
    import_bank(page, stack, name=bank, file=shared_data / FILE)
    make_contest(page, stack, title=f"机关普法竞赛 {mark}", slug=slug, bank=bank)

    page.get_by_role("link", name="实况与控制").click()
    expect(figure(page, "finished")).to_have_text("0", timeout=15_000)
    desk.must_be_accessible()
    desk.must_not_scroll_sideways()

    phone = open_device().page
    enter_nickname(phone, f"{stack.base_url}/play/{slug}", "山里的小王")
    answer_question(phone)
    expect(saved(phone)).to_have_text("已保存")
    # The page is not loaded again: its script asks for the figures.
    expect(figure(page, "playing")).to_have_text("1", timeout=15_000)
    expect(figure(page, "begun")).to_have_text("1")
    expect(figure(page, "answers")).to_have_text("1")
    phone.get_by_role("button", name="下一题").click()
    answer_all(phone, 5, first=2)
    hand_in(phone)
    expect(figure(page, "finished")).to_have_text("1", timeout=15_000)
    expect(figure(page, "participants")).to_have_text("1", timeout=30_000)
    expect(figure(page, "answers")).to_have_text("5")
    expect(page.locator('[data-part="recording"]')).to_have_text("作答记录已全部写入数据库", timeout=15_000)

    attempts, answers = expected_attempts(stack, slug), expected_answers(stack, slug)
    assert len(attempts) == 1
    assert len(answers) == 5

    book = openpyxl.load_workbook(export(page, stack, slug=slug, format_name="xlsx", folder=tmp_path), read_only=True)
    first, second = ([list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets)
    book.close()
    names = ["attempt", "person", "name", "phone", "unit", "group", "number", "started_at", "finished_at", "finish"]
    names += ["score", "full_score", "right", "answered", "duration_ms", "flagged", "counts"]
    in_sheet = [dict(zip(names, row, strict=True)) for row in first[1:]]
    assert [{name: row[name] for name in attempts[0]} for row in in_sheet] == attempts
    assert (in_sheet[0]["name"], in_sheet[0]["counts"]) == ("山里的小王", 1)
    as_cells = [
        [*[*row.values()][:4], "|".join(row["response"]), int(row["right"]), *[*row.values()][6:]] for row in answers
    ]
    assert second[1:] == as_cells

    with export(page, stack, slug=slug, format_name="csv", folder=tmp_path).open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    texts = {"attempt", "person", "started_at", "finished_at", "finish"}
    in_lines = [{name: line[name] if name in texts else float(line[name]) for name in attempts[0]} for line in lines]
    assert in_lines == attempts

    documents = [
        json.loads(line)
        for line in export(page, stack, slug=slug, format_name="jsonl", folder=tmp_path).read_text().splitlines()
    ]
    assert [{name: document[name] for name in attempts[0]} for document in documents] == attempts
    in_documents = [
        {"attempt": document["attempt"], **answer} for document in documents for answer in document["answers"]
    ]
    assert in_documents == answers


def test_pausing_on_the_monitor_holds_the_phone_and_resuming_lets_it_go(stack: Stack, open_device: OpenDevice) -> None:
    slug = f"o-{token_hex(4)}"
    section = {"bank": "宪法", "kind": "single", "count": 2, "points": 50}
    address = stack.make_contest(slug, title="会暂停的竞赛", sections=[section])
    phone = open_device()
    enter_nickname(phone.page, address, "等一等")
    answer_question(phone.page)
    expect(saved(phone.page)).to_have_text("已保存")

    desk = open_device(size=DESKTOP)
    page = desk.page
    sign_in(page, stack)
    page.goto(f"{stack.base_url}/play/{slug}/monitor")
    page.get_by_role("link", name="暂停", exact=True).click()
    expect(page.get_by_text("现在有 1 份试卷正在作答")).to_be_visible()
    desk.must_be_accessible()
    page.get_by_label("原因").fill("学校断网")
    page.get_by_role("button", name="暂停竞赛").click()
    expect(page.get_by_text("已暂停", exact=True)).to_be_visible()

    # What is answered meanwhile stays on the phone and is sent when the contest goes on.
    phone.complaints.clear()
    phone.page.get_by_role("button", name="下一题").click()
    answer_question(phone.page)
    expect(saved(phone.page)).not_to_have_text("已保存")
    page.get_by_role("link", name="恢复", exact=True).click()
    page.get_by_role("button", name="恢复竞赛").click()
    expect(page.get_by_text("进行中", exact=True)).to_be_visible()
    expect(saved(phone.page)).to_have_text("已保存", timeout=40_000)
    phone.complaints.clear()
    hand_in(phone.page)


@pytest.mark.parametrize("places", ["9", "0"], ids=["told by the server", "asked for, since all places are taken"])
def test_the_figures_of_the_monitor_move_without_a_reload(open_device: OpenDevice, places: str) -> None:
    with Stack.running("--demo", "--workers", "1", settings={"QUIZAPP_LISTENERS": places}) as small:
        desk = open_device(size=DESKTOP)
        desk.expected.append("503")
        asked: list[str] = []
        desk.page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))
        sign_in(desk.page, small)
        desk.page.goto(f"{small.base_url}/play/demo/monitor")
        expect(desk.page.locator('[data-figure="begun"]')).to_have_text("0")
        phone = open_device()
        enter_nickname(phone.page, f"{small.base_url}/play/demo", "看得见")
        answer_question(phone.page)
        expect(desk.page.locator('[data-figure="begun"]')).to_have_text("1", timeout=15_000)
        expect(desk.page.locator('[data-figure="answers"]')).to_have_text("1", timeout=15_000)
        assert asked.count("events") == 1
        assert ("figures" in asked) is (places == "0")
        for device in (desk, phone):
            device.page.close()
