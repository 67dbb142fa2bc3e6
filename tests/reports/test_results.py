"""Results as rows and files, equal to what the database holds."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from quizapp.accounts.models import AuditEvent, Unit, User
from quizapp.bank.models import Question
from quizapp.contests.models import Contest, Entry
from quizapp.core.clock import to_ms, utc_now
from quizapp.core.db import db
from quizapp.play.models import Answer, Attempt
from quizapp.reports.files import write_results
from quizapp.reports.results import ANSWER_COLUMNS, ATTEMPT_COLUMNS, Results
from tests.bank.makers import make_approved
from tests.cast import csrf_token, sign_in

NASTY_NAME = "=HYPERLINK(1)"


@pytest.fixture
def question(app: Flask, rita: User) -> Question:
    return make_approved(reviewer=rita)


@pytest.fixture
def contest(question: Question) -> Contest:
    now = utc_now()
    contest = Contest(
        slug="law",
        title="知识竞赛",
        state="published",
        opens_at=now - timedelta(days=1),
        closes_at=now + timedelta(days=1),
        created_at=now,
        kit_version=1,
    )
    db.session.add(contest)
    db.session.commit()
    return contest


def add_entry(contest: Contest, person: str, **values: Any) -> None:
    fields = {"name": "张三", "masked_name": "张*", "phone": "13812345678", "entered_at": utc_now()} | values
    db.session.add(Entry(contest_id=contest.id, person=person, **fields))
    db.session.commit()


def add_attempt(contest: Contest, question: Question, attempt_id: str, **values: Any) -> None:
    """An attempt with one right answer; `finish=None` leaves it open."""
    started = to_ms(utc_now()) - 60_000
    fields: dict[str, Any] = {
        "person": "p1",
        "number": 1,
        "finish": "handed_in",
        "score_hundredths": 750,
        "duration_ms": 30_000,
    } | values
    is_open = fields["finish"] is None
    db.session.add(
        Attempt(
            id=attempt_id,
            contest_id=contest.id,
            shard=0,
            kit_version=1,
            paper=[],
            started_ms=started,
            deadline_ms=started + 600_000,
            finished_ms=None if is_open else started + fields["duration_ms"],
            full_hundredths=1000,
            right=None if is_open else 1,
            answered=None if is_open else 1,
            knowledge_points=None if is_open else 1,
            **(fields | ({"score_hundredths": None, "duration_ms": None} if is_open else {})),
        )
    )
    db.session.flush()
    db.session.add(
        Answer(
            attempt_id=attempt_id,
            question_id=question.id,
            revision_id=question.latest.id,
            response=["A", "C"],
            seq=3,
            is_right=True,
            points_hundredths=750,
            answered_ms=started + 5_000,
            spent_ms=4_200,
        )
    )
    db.session.commit()


def rows(contest: Contest, *, in_full: bool = False) -> list[dict[str, Any]]:
    return list(Results(contest, in_full=in_full).attempts())


def test_row_says_what_the_database_holds(contest: Contest, question: Question) -> None:
    county = Unit(name="会宁县", kind="region", created_at=utc_now())
    school = Unit(name="一中", kind="unit", parent=county, created_at=utc_now())
    db.session.add_all([county, school])
    db.session.flush()
    add_entry(contest, "p1", unit_id=school.id, audience="学生")
    add_attempt(contest, question, "a1")
    row = rows(contest)[0]
    assert tuple(row) == ATTEMPT_COLUMNS
    expected = {
        "attempt": "a1",
        "person": "p1",
        "name": "张*",
        "phone": "138****5678",
        "unit": "会宁县 / 一中",
        "group": "学生",
        "number": 1,
        "finish": "handed_in",
        "score": 7.5,
        "full_score": 10,
        "right": 1,
        "answered": 1,
        "duration_ms": 30_000,
        "flagged": False,
        "counts": True,
    }
    assert {name: row[name] for name in expected} == expected
    assert row["started_at"].endswith("Z")


def test_names_and_phones_are_whole_only_when_asked_for(contest: Contest, question: Question) -> None:
    add_entry(contest, "p1")
    add_attempt(contest, question, "a1")
    assert "13812345678" not in json.dumps(rows(contest))
    assert (rows(contest, in_full=True)[0]["name"], rows(contest, in_full=True)[0]["phone"]) == ("张三", "13812345678")


def test_one_attempt_of_a_person_counts_the_best_then_the_quickest(contest: Contest, question: Question) -> None:
    add_attempt(contest, question, "low", number=1, score_hundredths=500, duration_ms=1_000)
    add_attempt(contest, question, "slow", number=2, score_hundredths=750, duration_ms=50_000)
    add_attempt(contest, question, "quick", number=3, score_hundredths=750, duration_ms=20_000)
    add_attempt(contest, question, "flagged", number=4, score_hundredths=1000, is_flagged=True)
    add_attempt(contest, question, "open", number=5, finish=None)
    add_attempt(contest, question, "other", person="p2", finish="expired")
    assert [row["attempt"] for row in rows(contest) if row["counts"]] == ["quick", "other"]


def test_other_contests_stay_out(contest: Contest, question: Question) -> None:
    now = utc_now()
    other = Contest(
        slug="other", title="另一场", opens_at=now, closes_at=now + timedelta(days=1), created_at=now, kit_version=1
    )
    db.session.add(other)
    db.session.commit()
    add_attempt(other, question, "x1")
    assert (rows(contest), list(Results(contest).answers())) == ([], [])


def test_jsonl_is_one_attempt_a_line_with_its_answers(contest: Contest, question: Question, tmp_path: Path) -> None:
    add_entry(contest, "p1")
    add_attempt(contest, question, "b1", number=1)
    add_attempt(contest, question, "a2", number=2)
    path = tmp_path / "r.jsonl"
    write_results(results=Results(contest), format_name="jsonl", path=path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["attempt"] for line in lines] == ["a2", "b1"]
    for line in lines:
        assert [answer["response"] for answer in line["answers"]] == [["A", "C"]]
        assert line["answers"][0]["points"] == 7.5


def test_csv_holds_one_table(contest: Contest, question: Question, tmp_path: Path) -> None:
    add_entry(contest, "p1", masked_name=NASTY_NAME)
    add_attempt(contest, question, "a1")
    path = tmp_path / "r.csv"
    write_results(results=Results(contest), format_name="csv", path=path)
    header, row = list(csv.reader(path.read_text().splitlines()))
    assert tuple(header) == ATTEMPT_COLUMNS
    assert row[header.index("name")] == "'" + NASTY_NAME
    write_results(results=Results(contest), format_name="csv", path=path, answers=True)
    header, row = list(csv.reader(path.read_text().splitlines()))
    assert tuple(header) == ANSWER_COLUMNS
    assert (row[header.index("response")], row[header.index("right")]) == ("A|C", "1")


@pytest.mark.parametrize(
    ("kind", "response", "told", "cell"),
    [
        ("ordering", ["C", "A", "B"], ["C", "A", "B"], "C→A→B"),
        ("matching", ["A2", "B10"], {"A": "2", "B": "10"}, "A=2|B=10"),
        ("matching", [], {}, ""),
    ],
)
def test_orders_and_pairs_are_written_so_that_they_can_be_read(
    contest: Contest,
    question: Question,
    tmp_path: Path,
    kind: str,
    response: list[str],
    told: Any,
    cell: str,
) -> None:
    add_attempt(contest, question, "a1")
    question.kind = kind
    db.session.execute(update(Answer).values(response=response))
    db.session.commit()
    write_results(results=Results(contest), format_name="jsonl", path=tmp_path / "r.jsonl")
    assert json.loads((tmp_path / "r.jsonl").read_text())["answers"][0]["response"] == told
    write_results(results=Results(contest), format_name="csv", path=tmp_path / "r.csv", answers=True)
    header, row = list(csv.reader((tmp_path / "r.csv").read_text().splitlines()))
    assert row[header.index("response")] == cell
    write_results(results=Results(contest), format_name="xlsx", path=tmp_path / "r.xlsx")
    answers = openpyxl.load_workbook(tmp_path / "r.xlsx").worksheets[1]
    header, row = ([found.value for found in cells] for cells in answers.rows)
    assert (row[header.index("所选答案")] or "") == cell


def test_workbook_has_attempts_and_answers_and_no_formula(contest: Contest, question: Question, tmp_path: Path) -> None:
    add_entry(contest, "p1", masked_name=NASTY_NAME)
    add_attempt(contest, question, "a1")
    path = tmp_path / "r.xlsx"
    write_results(results=Results(contest), format_name="xlsx", path=path)
    book = openpyxl.load_workbook(path)
    attempts, answers = book.worksheets
    assert [sheet.max_row for sheet in (attempts, answers)] == [2, 2]
    cells = {attempts.cell(1, column).value: attempts.cell(2, column) for column in range(1, attempts.max_column + 1)}
    assert (cells["得分"].value, cells["姓名"].value) == (7.5, "'" + NASTY_NAME)
    assert {cell.data_type for sheet in book for row in sheet.rows for cell in row} <= {"s", "n"}


def test_export_page_writes_the_act_down_and_gives_the_file(
    client: FlaskClient, contest: Contest, question: Question, olga: User
) -> None:
    add_entry(contest, "p1")
    add_attempt(contest, question, "a1")
    sign_in(client, "olga")
    assert "1 次作答" in client.get("/reports/law/results").text
    answer = client.post(
        "/reports/law/results",
        data={"csrf_token": csrf_token(client), "format": "csv", "in_full": "y", "reason": "发放奖品"},
        follow_redirects=True,
    )
    assert "13812345678" in answer.text
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    answer.close()
    trail = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "reports.export")).one()
    assert (trail.detail["in_full"], trail.detail["reason"], trail.actor_name) == (True, "发放奖品", "olga")


@pytest.mark.parametrize(
    "fields",
    [{"format": "pdf"}, {"format": "csv", "in_full": "y"}, {"format": "csv", "in_full": "y", "reason": " 略 "}],
)
def test_export_without_format_or_reason_is_refused(
    client: FlaskClient, contest: Contest, question: Question, olga: User, fields: dict[str, str]
) -> None:
    add_attempt(contest, question, "a1")
    sign_in(client, "olga")
    answer = client.post("/reports/law/results", data={"csrf_token": csrf_token(client), **fields})
    assert answer.status_code == 422
    assert db.session.scalar(select(AuditEvent).where(AuditEvent.action == "reports.export")) is None


@pytest.mark.parametrize("ticket", ["", "x", "WzEsImxhdyIsImNzdiIsdHJ1ZV0.aaaa.bbbb"])
def test_file_without_its_ticket_is_refused(client: FlaskClient, contest: Contest, olga: User, ticket: str) -> None:
    sign_in(client, "olga")
    assert client.get(f"/reports/law/results/file?ticket={ticket}").status_code == 403


def test_ticket_of_somebody_else_is_refused(
    client: FlaskClient, contest: Contest, question: Question, olga: User, ada: User
) -> None:
    add_attempt(contest, question, "a1")
    sign_in(client, "olga")
    location = client.post("/reports/law/results", data={"csrf_token": csrf_token(client), "format": "csv"}).location
    sign_in(client, "ada")
    assert client.get(location).status_code == 403
