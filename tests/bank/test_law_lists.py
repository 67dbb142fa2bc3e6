"""Lists of laws: taken in row by row, given out so that they come back the same."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from quizapp.accounts.models import AuditEvent, User
from quizapp.bank import laws
from quizapp.bank.law_lists import NoTitleColumn, Plan, RowsUnusable, plan_list, take_list, write_list
from quizapp.bank.models import Law
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.sheets import SheetRow, read_rows
from quizapp.core.tables import restore
from tests.bank.law_makers import TITLE, cite, store
from tests.bank.makers import make_approved

TODAY = date(2026, 11, 25)
HEAD = ["名称", "文号", "发布机关", "公布日期", "施行日期", "状态"]
ONE = ["城市民族工作条例", "国家民族事务委员会令第2号", "国家民族事务委员会", "1993-09-15", "1993年9月15日", "现行有效"]


def sheet(*rows: list[str], head: list[str] = HEAD) -> list[SheetRow]:
    return [SheetRow(number, cells) for number, cells in enumerate([head, *rows], start=1)]


def take(*rows: list[str], head: list[str] = HEAD) -> Plan:
    plan = take_list(sheet(*rows, head=head), file_name="法律.xlsx", actor=None, now=utc_now(), today=TODAY)
    db.session.commit()
    return plan


def verbs(plan: Plan) -> list[str]:
    return [step.verb for step in plan.steps]


def test_list_adds_laws_and_a_second_time_nothing(app: Flask) -> None:
    assert verbs(take(ONE)) == ["add"]
    law = db.session.scalars(select(Law)).one()
    assert (law.number, law.issued_on, law.effective_on) == (ONE[1], date(1993, 9, 15), date(1993, 9, 15))
    assert verbs(plan_list(sheet(ONE))) == ["keep"]


def test_list_completes_what_citations_made(app: Flask, rita: User) -> None:
    make_approved(reviewer=rita, citations=cite("第二条"))
    plan = take([f"中华人民共和国{TITLE}", "国务院令第686号", "", "", "2018-02-01", ""])
    law = db.session.scalars(select(Law)).one()
    assert (verbs(plan), law.title, law.number) == (["change"], TITLE, "国务院令第686号")


def test_empty_cells_take_nothing_away(app: Flask) -> None:
    law = store()
    take([TITLE, "", "", "", "2018-02-01", ""], [*ONE])
    assert (law.number, law.issuing_body) == ("国务院令第686号", "国务院")


def test_heads_are_known_by_other_names_and_in_any_order(app: Flask) -> None:
    head = ["序号", "时效性", "法规名称", "生效日期"]
    plan = plan_list([SheetRow(1, ["法律目录"]), *sheet(["1", "有效", "某条例", "2020-01-01"], head=head)])
    assert (verbs(plan), plan.steps[0].facts["effective_on"], plan.unused) == (["add"], date(2020, 1, 1), ["序号"])


def test_list_without_a_column_of_titles_is_refused(app: Flask) -> None:
    with pytest.raises(NoTitleColumn):
        plan_list(sheet(ONE, head=["甲", "乙"]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({0: ""}, "没有写名称"),
        ({0: "长" * 129}, "最多 128 个字"),
        ({1: "长" * 65}, "最多 64 个字"),
        ({3: "去年"}, "不是日期"),
        ({4: "2020-02-30"}, "不是日期"),
        ({5: "不知道"}, "看不懂状态"),
    ],
)
def test_bad_row_is_named_and_nothing_taken(app: Flask, changes: dict[int, str], words: str) -> None:
    bad = [changes.get(place, cell) for place, cell in enumerate(ONE)]
    with pytest.raises(RowsUnusable) as refusal:
        take([*ONE], bad)
    problem = refusal.value.plan.problems[0]
    assert (problem.number, words in problem.problem) == (3, True)
    assert db.session.scalar(select(func.count(Law.id))) == 0


def test_same_law_twice_is_refused(app: Flask) -> None:
    plan = plan_list(sheet(ONE, ["《城市民族工作条例》", *ONE[1:]]))
    assert (verbs(plan), plan.problems[0].problem) == (["add", "refuse"], "与第 2 行是同一部法律。")


def test_law_that_the_list_calls_repealed_holds_its_questions(app: Flask, rita: User) -> None:
    question = make_approved(reviewer=rita, citations=cite("第二条"))
    take([TITLE, "", "", "", "2018-02-01", "已废止", "2027-01-01"], head=[*HEAD, "变动日期"])
    assert question.held_reason == "《宗教事务条例》自 2027-01-01 起废止"
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "bank.import_law_list")).one()
    assert event.detail == {"file": "法律.xlsx", "added": 0, "changed": 1}


def test_list_of_yesterday_does_not_take_back_a_mark(app: Flask, rita: User) -> None:
    question = make_approved(reviewer=rita, citations=cite("第二条"))
    take([TITLE, "", "", "", "2018-02-01", "已废止"])
    assert verbs(take([TITLE, "", "", "", "2018-02-01", "现行有效"])) == ["keep"]
    assert question.held_reason


TEXTS = st.text(st.sampled_from("法律条例=+-@'\"，；,; \n\t甲乙A1（）《》"), max_size=20)
DATES = st.none() | st.dates(date(1950, 1, 1), date(2100, 1, 1))


@st.composite
def law_rows(draw: st.DrawFn) -> list[Law]:
    titles = draw(st.lists(st.sampled_from(["=法", "+条例", "-办法", "@规定", "某法", "甲“乙”法", "a法"]), unique=True))
    return [
        Law(
            title=title,
            number=" ".join(draw(TEXTS).split()),
            issuing_body=" ".join(draw(TEXTS).split()),
            issued_on=draw(DATES),
            effective_on=draw(DATES),
            status=draw(st.sampled_from(["in_force", "amended", "repealed"])),
            status_on=None,
            status_note="",
            history=[],
        )
        for title in titles
    ]


@given(law_rows(), st.sampled_from(["xlsx", "csv"]))
@settings(max_examples=40, deadline=None)
def test_list_given_out_comes_back_the_same(law_list: list[Law], format_name: str) -> None:
    rows = read_rows(write_list(law_list, format_name))
    _head, *cells = [[*row.cells, *[""] * (8 - len(row.cells))] for row in rows]
    again = [[restore(cell) for cell in row] for row in cells]
    states = {"in_force": "现行有效", "amended": "已修改", "repealed": "已废止"}
    assert again == [
        [
            law.title,
            law.number,
            law.issuing_body,
            law.issued_on.isoformat() if law.issued_on else "",
            law.effective_on.isoformat() if law.effective_on else "",
            states[law.status],
            "",
            "",
        ]
        for law in law_list
    ]


@pytest.mark.parametrize("format_name", ["xlsx", "csv"])
def test_list_given_out_changes_nothing_when_taken_in(app: Flask, format_name: str) -> None:
    store()
    law = laws.add_law(
        facts={"title": "=某法", "number": "-1", "issuing_body": "", "issued_on": None, "effective_on": None},
        actor=None,
        now=utc_now(),
    )
    law.status, law.status_on, law.status_note = "repealed", date(2020, 1, 1), "@说明"
    db.session.flush()
    content = write_list(list(db.session.scalars(select(Law).order_by(Law.id))), format_name)
    assert verbs(plan_list(read_rows(content))) == ["keep", "keep"]
