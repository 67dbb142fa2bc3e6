"""Take the pictures of the main pages anew: `make screenshots`.

Starts an installation of its own in a temporary folder with the demo, lets some dozens of people play through the
HTTP interface so that the pages are alive, and writes the pictures into docs/screenshots.
"""

from __future__ import annotations

import csv
import json
import random
import re
import shutil
import sqlite3
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.journeys.conftest import DESKTOP, FLAGS, PHONE
from tests.journeys.test_organiser import sign_in
from tests.stack import Stack

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "screenshots"
SEEDS = ROOT / "quizapp" / "bank" / "seeds"
PLAYERS = 36
SECONDS_BETWEEN_HAND_INS = 1.0
UNIT_CONTEST = "jiguan"
UNITS = (
    ("", "会宁县", 60),
    ("会宁县", "教育局", 12),
    ("会宁县", "卫生健康局", 10),
    ("会宁县", "人民路街道", 14),
    ("会宁县", "司法局", 6),
    ("会宁县", "一条山镇", 9),
    ("会宁县", "退役军人事务局", 8),
)
SURNAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何林罗高"
GIVEN = ("建国", "秀英", "志强", "丽华", "海燕", "文博", "晓梅", "玉兰", "国庆", "思远")
NICKNAMES = (
    "山里的小王",
    "向日葵",
    "老槐树下",
    "早起的鸟",
    "黄河边上",
    "人民路38号",
    "小满",
    "法治副主任",
    "祁连雪",
    "白银老李",
    "村口大喇叭",
    "三年二班",
    "清风徐来",
    "石榴籽",
    "草原来信",
    "乡村邮差",
    "灯下读书",
    "平凡的世界",
    "大西北",
    "云上梯田",
    "春风十里",
    "小城故事",
    "明白人",
    "赶集去",
)


@dataclass
class Paper:
    """An open attempt of a simulated person."""

    attempt: str
    token: str
    answers: list[dict[str, Any]]


@dataclass
class Crowd:
    """People who play over the HTTP interface and know most answers."""

    base_url: str
    right: dict[str, list[Any]]
    """Stem → the texts of the right options, true/false, or accepted texts."""
    chance: random.Random = field(default_factory=lambda: random.Random(20261204))
    still_playing: list[Paper] = field(default_factory=list)

    def call(self, method: str, path: str, document: Any = None, token: str = "") -> Any:
        request = urllib.request.Request(f"{self.base_url}/api/v1{path}", method=method)
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        data = None if document is None else json.dumps(document).encode()
        with urllib.request.urlopen(request, data, timeout=30) as reply:
            text = reply.read()
        return json.loads(text) if text else None

    def begin(self, slug: str, fields: dict[str, str]) -> Paper:
        consent = self.call("GET", f"/contests/{slug}")["notice_version"]
        for _visit in range(self.chance.randint(1, 3)):
            self.call("POST", f"/contests/{slug}/visits")
        entry = self.call("POST", f"/contests/{slug}/entries", {"fields": fields, "consent": consent})
        begun = self.call("POST", f"/contests/{slug}/attempts", {}, entry["token"])
        skill = self.chance.uniform(0.55, 1.0)
        answers = [
            {"question": question["id"], "response": self.respond(question, skill), "seq": 1, "spent_ms": 4000}
            for question in begun["questions"]
        ]
        return Paper(begun["attempt"], begun["token"], answers)

    def respond(self, question: Any, skill: float) -> list[str]:
        right = self.right[question["stem"]]
        knows = self.chance.random() < skill
        if question["kind"] == "fill_in":
            return [texts[0] if knows else "不知道" for texts in right]
        if question["kind"] == "true_false":
            return [right[0] if knows else {"true": "false", "false": "true"}[right[0]]]
        keys = [option["key"] for option in question["options"]]
        good = [option["key"] for option in question["options"] if option["text"] in right]
        if knows:
            return good
        wrong = [key for key in keys if key not in good]
        return [self.chance.choice(wrong)] if question["kind"] == "single" else sorted(good[:1] + wrong[:1])

    def save(self, paper: Paper) -> None:
        self.call("PUT", f"/attempts/{paper.attempt}/answers", {"answers": paper.answers}, paper.token)

    def beat(self) -> None:
        """Let those who have not handed in be heard."""
        for paper in self.still_playing:
            self.call("PUT", f"/attempts/{paper.attempt}/answers", {"answers": []}, paper.token)

    def hand_in(self, paper: Paper) -> None:
        self.call("POST", f"/attempts/{paper.attempt}/finish", {"answers": paper.answers}, paper.token)


def right_answers(stack: Stack) -> dict[str, list[Any]]:
    query = "select q.kind, r.stem, r.options, r.key from question_revision r join question q on q.id = r.question_id"
    found: dict[str, list[Any]] = {}
    for kind, stem, options, key in _rows(stack, query):
        texts = {option["id"]: option["text"] for option in json.loads(options)}
        ids = json.loads(key)
        found[stem] = ids if kind in ("true_false", "fill_in") else [texts[option_id] for option_id in ids]
    return found


def _rows(stack: Stack, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(stack.data / "quizapp.sqlite") as database:
        return database.execute(query).fetchall()


# What is played


def publish_unit_contest(stack: Stack, folder: Path) -> None:
    """A contest beside the demo that asks for the unit, with units and headcounts."""
    units = folder / "units.csv"
    with units.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("上级单位", "单位名称", "应参人数"), *UNITS])
    stack.run_cli("unit", "import", str(units))
    now = datetime.now(UTC)
    document = {
        "title": "全县机关干部宪法知识竞赛",
        "host_name": "会宁县普法办公室",
        "opens_at": (now - timedelta(hours=2)).isoformat(),
        "closes_at": (now + timedelta(days=5)).isoformat(),
        "sections": [
            {"bank": "宪法", "kind": "single", "count": 10, "points": 6},
            {"bank": "宪法", "kind": "multiple", "count": 5, "points": 8},
        ],
        "attempts_total": 2,
        "pass_mark": 60,
        "entry_mode": "form",
        "entry_fields": ["name", "unit"],
    }
    stack.make_contest(UNIT_CONTEST, **document)


def play_both(stack: Stack, crowd: Crowd) -> None:
    """Everybody begins, and one after the other hands in, so that times differ; some are still at it at the end."""
    choices = next(
        found["choices"]
        for found in crowd.call("GET", f"/contests/{UNIT_CONTEST}")["fields"]
        if found["name"] == "unit"
    )
    papers = [crowd.begin("demo", {"nickname": name}) for name in NICKNAMES]
    for number in range(PLAYERS):
        unit = crowd.chance.choices(choices, weights=[1, 6, 5, 3, 9, 2, 1][: len(choices)])[0]
        name = SURNAMES[number % len(SURNAMES)] + GIVEN[(number * 7 + number // len(SURNAMES)) % len(GIVEN)]
        papers.append(crowd.begin(UNIT_CONTEST, {"name": name, "unit": unit["value"]}))
    crowd.chance.shuffle(papers)
    for place, paper in enumerate(papers):
        crowd.save(paper)
        if place % 9 == 0:
            crowd.still_playing.append(paper)
            continue
        crowd.hand_in(paper)
        time.sleep(SECONDS_BETWEEN_HAND_INS)


def spread_over_the_hour(stack: Stack, crowd: Crowd) -> None:
    """Move recorded hand-ins back in time at random, for a chart of an hour that has not gone by."""
    ids = [row[0] for row in _rows(stack, "select id from attempt where finished_ms is not null order by id")]
    with sqlite3.connect(stack.data / "quizapp.sqlite", timeout=20) as database:
        for attempt in ids:
            back = round(crowd.chance.triangular(0, 58, 12) * 60_000)
            database.execute(
                "update attempt set finished_ms = finished_ms - ?, started_ms = started_ms - ? where id = ?",
                [back, back, attempt],
            )


# Pictures


@contextmanager
def opened(browser: Browser, size: tuple[int, int], *, scale: float, dark: bool = False) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=scale,
        locale="zh-CN",
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    yield context.new_page()
    context.close()


def take(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)
    page.screenshot(path=FOLDER / f"{name}.png")
    print(f"docs/screenshots/{name}.png  {(FOLDER / f'{name}.png').stat().st_size // 1024} KiB")


def give_answer(page: Page, crowd: Crowd, *, is_right: bool) -> None:
    """Answer the question on the screen."""
    stem = re.sub(r"^\d+\. ", "", page.locator("#stem").inner_text())
    right = crowd.right[stem]
    blanks = page.locator("[data-part=question] input[type=text]")
    if blanks.count():
        for place in range(blanks.count()):
            blanks.nth(place).fill(right[place][0] if is_right else "不知道")
        return
    options = page.locator("[data-part=question] .option")
    texts = {"true": "正确", "false": "错误"}
    wanted = {texts.get(text, text) for text in right}
    for place in range(options.count()):
        words = options.nth(place).locator("span:not([aria-hidden])").first.inner_text()
        if (words in wanted) == is_right:
            options.nth(place).click()
            if not is_right or page.locator("[data-part=question] input[type=radio]").count():
                return


def enter_demo(page: Page, stack: Stack, nickname: str) -> None:
    page.goto(f"{stack.base_url}/play/demo")
    page.get_by_label("我已阅读并同意隐私说明").check()
    page.get_by_label("昵称").fill(nickname)
    page.get_by_role("button", name="开始答题").click()
    page.wait_for_selector("#stem")


def answer_up_to_a_choice(page: Page, crowd: Crowd) -> int:
    """Answer, the first one wrong and the second one marked, until a question of four options; return its number."""
    for number in range(1, 10):
        give_answer(page, crowd, is_right=number != 1)
        if number == 2:
            page.locator("[data-part=mark]").click()
        page.get_by_text("已保存", exact=True).wait_for()
        if number >= 3 and page.locator("[data-part=question] .option").count() >= 4:
            break
        if number < 9:
            page.get_by_role("button", name="下一题").click()
    return number


def phone_pictures(browser: Browser, stack: Stack, crowd: Crowd) -> None:
    with opened(browser, PHONE, scale=2) as page:
        page.goto(stack.base_url)
        take(page, "home")
        page.goto(f"{stack.base_url}/play/demo")
        take(page, "contest")
        enter_demo(page, stack, "银杏叶")
        number = answer_up_to_a_choice(page, crowd)
        take(page, "play")
        page.locator("[data-part=sheet-button]").click()
        take(page, "answer-sheet")
        page.locator("[data-part=sheet] [data-close]").first.click()
        for _number in range(number + 1, 11):
            page.get_by_role("button", name="下一题").click()
            give_answer(page, crowd, is_right=True)
        page.locator("[data-part=next]").click()
        page.locator("[data-part=hand-in-now]").click()
        page.wait_for_url(re.compile("/attempts/"))
        take(page, "result")
        page.goto(f"{stack.base_url}/play/demo/board")
        take(page, "board")
    with opened(browser, PHONE, scale=2, dark=True) as page:
        enter_demo(page, stack, "夜读")
        give_answer(page, crowd, is_right=True)
        page.get_by_text("已保存", exact=True).wait_for()
        take(page, "play-dark")


def file_with_faults(folder: Path) -> Path:
    """Questions of the seeds, two of them spoilt, as a clerk's file may be."""
    with (SEEDS / "civil-life.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))[:41]
    key = rows[0].index("答案")
    rows[7][key], rows[23][key] = "", "F"
    path = folder / "民法典竞赛题库（街道报送）.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def desk_pictures(browser: Browser, stack: Stack, folder: Path) -> None:
    with opened(browser, DESKTOP, scale=1) as page:
        sign_in(page, stack)
        take(page, "desk")
        page.goto(f"{stack.base_url}/bank/new")
        page.get_by_label("名称").fill("民法典（街道报送）")
        page.get_by_role("button", name="建立题库").click()
        page.get_by_role("link", name="导入文件").first.click()
        page.get_by_label("题库文件").set_input_files(file_with_faults(folder))
        page.get_by_role("button", name="读取文件").click()
        page.get_by_role("heading", name="识别得对吗").wait_for()
        take(page, "import")
        page.get_by_role("link", name="修改问题").first.click()
        take(page, "import-problems")
        page.goto(f"{stack.base_url}/bank/1")
        take(page, "bank")
        page.goto(f"{stack.base_url}/contests/new?preset=hunan-2024")
        page.get_by_label("竞赛名称").fill("国家宪法日知识竞赛")
        page.get_by_label("主办单位").fill("会宁县普法办公室")
        page.get_by_label("网址中的名字").fill("xianfa-2026")
        take(page, "contest-edit")
        page.goto(f"{stack.base_url}/play/{UNIT_CONTEST}/monitor")
        take(page, "monitor")
        page.emulate_media(color_scheme="dark")
        take(page, "monitor-dark")
        page.emulate_media(color_scheme="light")
        page.goto(f"{stack.base_url}/reports/{UNIT_CONTEST}/results")
        take(page, "export")


def main() -> None:
    program = shutil.which("chromium")
    if program is None:
        sys.exit("Chromium is needed for the pictures. On Debian and Ubuntu: apt install chromium fonts-noto-cjk")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with Stack.running("--demo") as stack, sync_playwright() as playwright:
        folder = stack.data / "pictures"
        folder.mkdir()
        publish_unit_contest(stack, folder)
        crowd = Crowd(stack.base_url, right_answers(stack))
        play_both(stack, crowd)
        time.sleep(2)
        spread_over_the_hour(stack, crowd)
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        crowd.beat()
        phone_pictures(browser, stack, crowd)
        crowd.beat()
        desk_pictures(browser, stack, folder)
        browser.close()


if __name__ == "__main__":
    main()
