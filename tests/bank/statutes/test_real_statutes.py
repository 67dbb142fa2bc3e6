"""Statutes as a public collection has them: every article, counted a second way, and the dates checked by hand."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from quizapp.bank.statutes import Statute, join_parts, read_statute, read_text
from quizapp.bank.statutes.document import write_json, write_markdown

# File → articles, number of the first, date of effect, whether the text says so itself. Counted by eye in the files.
STATUTES: dict[str, tuple[int, str, date, bool]] = {
    "个人信息保护法(2021-08-20).md": (74, "第一条", date(2021, 11, 1), True),
    "信访工作条例(2022-02-25).md": (50, "第一条", date(2022, 5, 1), True),
    "反家庭暴力法(2015-12-27).md": (38, "第一条", date(2016, 3, 1), True),
    "反有组织犯罪法(2021-12-24).md": (77, "第一条", date(2022, 5, 1), True),
    "反间谍法(2023-04-26).md": (71, "第一条", date(2023, 7, 1), True),
    "国家安全法(2015-07-01).md": (84, "第一条", date(2015, 7, 1), True),
    "国旗法(2020-10-17).md": (24, "第一条", date(2020, 10, 17), False),
    "城市民族工作条例(1993-09-15).md": (30, "第一条", date(1993, 9, 15), True),
    "宗教事务条例(2017-08-26).md": (77, "第一条", date(2018, 2, 1), True),
    "宪法.md": (143, "第一条", date(2018, 3, 11), False),
    "家庭教育促进法(2021-10-23).md": (55, "第一条", date(2022, 1, 1), True),
    "未成年人保护法(2024-04-26).md": (132, "第一条", date(2024, 4, 26), False),
    "民族乡行政工作条例(1993-09-15).md": (24, "第一条", date(1993, 9, 15), True),
    "民族区域自治法(2001-02-28).md": (74, "第一条", date(2001, 2, 28), False),
    "法律援助法(2021-08-20).md": (71, "第一条", date(2022, 1, 1), True),
    "行政处罚法(2021-01-22).md": (86, "第一条", date(2021, 7, 15), True),
    "行政复议法(2023-09-01).md": (90, "第一条", date(2024, 1, 1), True),
    "民法典/人格权编.md": (51, "第九百八十九条", date(2021, 1, 1), True),
    "民法典/侵权责任编.md": (95, "第一千一百六十四条", date(2021, 1, 1), True),
    "民法典/婚姻家庭编.md": (79, "第一千零四十条", date(2020, 5, 28), False),
    "民法典/总则.md": (204, "第一条", date(2021, 1, 1), True),
    "民法典/继承编.md": (45, "第一千一百一十九条", date(2021, 1, 1), True),
}


def read(shared_data: Path, name: str) -> Statute:
    return read_statute((shared_data / "laws" / name).read_bytes())


def starts_of_articles(text: str) -> int:
    """Lines that begin with 第, hold 条 before their first blank, and have that blank: no reading of numbers."""
    heads = [line.split(" ")[0] for line in text.replace("\u3000", " ").splitlines() if " " in line.strip()]
    return sum(1 for head in heads if head.strip("\u200b").startswith("第") and head.endswith("条"))


def test_every_statute_is_here(shared_data: Path) -> None:
    folder = shared_data / "laws"
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*.md")} - {"README.md"}
    assert names == set(STATUTES)


@pytest.mark.parametrize("name", STATUTES)
def test_statute_is_read_whole(shared_data: Path, name: str) -> None:
    count, first, effective_on, is_sure = STATUTES[name]
    text = (shared_data / "laws" / name).read_text()
    statute = read(shared_data, name)
    assert len(statute.articles) == count == starts_of_articles(text)
    assert statute.articles[0].label == first
    assert (statute.effective_on, statute.effective_is_sure) == (effective_on, is_sure)
    assert statute.errors == ()
    assert len(statute.chapters) == sum(line.startswith(("## 第", "### 第")) for line in text.splitlines()) + bool(
        statute.part
    )


@pytest.mark.parametrize("name", STATUTES)
def test_no_character_is_lost_or_made(shared_data: Path, name: str) -> None:
    text = (shared_data / "laws" / name).read_text()
    statute = read(shared_data, name)
    headings = [chapter for chapter in statute.chapters if chapter != statute.part]
    kept = "".join([*headings, *(piece.label + piece.text for piece in statute.pieces)])
    body = re.sub("<!--.*?-->", "", text.split("<!-- INFO END -->")[1])
    assert Counter(re.sub(r"[\s\u200b#]", "", kept)) == Counter(re.sub(r"[\s\u200b#]", "", body))


@pytest.mark.parametrize(
    ("name", "number", "body"),
    [
        ("宗教事务条例(2017-08-26).md", "国务院令第686号", "国务院"),
        ("城市民族工作条例(1993-09-15).md", "国家民族事务委员会令第2号", "国家民族事务委员会"),
        ("信访工作条例(2022-02-25).md", "", "中共中央、国务院"),
        ("宪法.md", "", "全国人民代表大会"),
        ("行政复议法(2023-09-01).md", "", "全国人民代表大会常务委员会"),
    ],
)
def test_number_and_issuing_body_are_found(shared_data: Path, name: str, number: str, body: str) -> None:
    statute = read(shared_data, name)
    assert (statute.number, statute.issuing_body) == (number, body)


def test_preamble_and_annex_are_no_articles(shared_data: Path) -> None:
    constitution, flag = read(shared_data, "宪法.md"), read(shared_data, "国旗法(2020-10-17).md")
    assert constitution.preamble.startswith("中国是世界上历史最悠久的国家之一。")
    assert constitution.articles[0].headings == ("第一章 总纲",)
    assert [annex.label for annex in flag.annexes] == ["附：国旗制法说明"]
    assert flag.articles[-1].text == "本法自1990年10月1日起施行。"


def test_items_stay_in_their_article(shared_data: Path) -> None:
    statute = read(shared_data, "个人信息保护法(2021-08-20).md")
    assert statute.articles[2].text.split("\n")[2:5] == [
        "（一）以向境内自然人提供产品或者服务为目的；",
        "（二）分析、评估境内自然人的行为；",
        "（三）法律、行政法规规定的其他情形。",
    ]


def test_parts_of_a_code_become_one_law(shared_data: Path) -> None:
    names = [name for name in STATUTES if name.startswith("民法典/")]
    flag = read(shared_data, "国旗法(2020-10-17).md")
    joined = join_parts([*(read(shared_data, name) for name in names), flag])
    assert [(statute.title, len(statute.articles)) for statute in joined] == [
        ("中华人民共和国民法典", 474),
        ("中华人民共和国国旗法", 24),
    ]
    code = joined[0]
    assert (code.effective_on, code.effective_is_sure, code.errors) == (date(2021, 1, 1), True, ())
    assert code.articles[0].headings == ("总则", "第一章 基本规定")
    assert code.articles[-1].label == "第一千二百五十八条"
    gaps = [problem.params for problem in code.problems if problem.code == "gap"]
    assert gaps == [
        {"before": "第二百零四条", "after": "第九百八十九条", "label": "第九百八十九条", "count": "784"},
    ]


@pytest.mark.parametrize("name", STATUTES)
def test_exports_are_read_back_equal(shared_data: Path, name: str) -> None:
    statute = read(shared_data, name)

    def content(one: Statute) -> tuple[object, ...]:
        pieces = [(piece.label, piece.text, piece.headings) for piece in one.pieces]
        return one.title, one.history, one.number, one.issuing_body, one.issued_on, one.effective_on, pieces

    whole = content(statute)
    assert content(read_statute(write_json(statute))) == whole
    assert content(read_text(write_markdown(statute))) == whole
