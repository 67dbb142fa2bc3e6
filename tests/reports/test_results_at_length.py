"""Results of more attempts than are read at once, on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select

from quizapp.accounts.models import User
from quizapp.app import create_app
from quizapp.contests.models import Contest
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.embedded import Valkey
from quizapp.play.models import Answer, Attempt, Correction
from quizapp.reports import results
from quizapp.reports.files import write_results
from quizapp.reports.results import Results, moment
from tests.bank.makers import make_approved
from tests.conftest import make_settings

ATTEMPTS = ("b-1", "B_2", "a3", "_4", "A5")
"""Two databases would not agree on their order."""
WITHOUT_ANSWERS = "a3"


@pytest.fixture
def app(any_database: str, valkey: Valkey, tmp_path: Path) -> Iterator[Flask]:
    app = create_app(make_settings(database_url=any_database, redis_url=valkey.url, data_dir=tmp_path))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def questions(rita: User) -> list[tuple[int, int]]:
    """Id and newest revision of three questions; the second was written anew, the third is about pairs."""
    made = [make_approved(reviewer=rita, stem=stem) for stem in ("甲？", "乙？", "丙？")]
    made[2].kind = "matching"
    made[1].latest.number = 2
    db.session.commit()
    return [(question.id, question.latest.id) for question in made]


@pytest.fixture
def contest(questions: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch) -> Contest:
    """Five attempts, read two at a time, one of them without an answer; beside them those of another contest."""
    monkeypatch.setattr(results, "ATTEMPTS_AT_ONCE", 2)
    contest, _other = make_contest("law", questions, ATTEMPTS), make_contest("other", questions, ("a", "b", "C"))
    db.session.execute(delete(Answer).where(Answer.attempt_id == WITHOUT_ANSWERS))
    db.session.commit()
    return contest


def make_contest(slug: str, questions: Sequence[tuple[int, int]], attempts: Sequence[str]) -> Contest:
    now = utc_now()
    contest = Contest(
        slug=slug, title=slug, opens_at=now, closes_at=now + timedelta(days=1), created_at=now, kit_version=1
    )
    db.session.add(contest)
    db.session.flush()
    for number, attempt in enumerate(attempts, 1):
        db.session.add(make_attempt(contest, attempt, number, questions))
        db.session.flush()
        db.session.add_all(make_answer(attempt, *question) for question in reversed(questions))
    db.session.commit()
    return contest


def make_attempt(contest: Contest, attempt: str, number: int, questions: Sequence[tuple[int, int]]) -> Attempt:
    return Attempt(
        id=attempt,
        contest_id=contest.id,
        shard=0,
        person="p1",
        number=number,
        kit_version=1,
        paper=[[question, revision, 700 + number, []] for question, revision in questions],
        started_ms=0,
        full_hundredths=2100,
    )


def make_answer(attempt: str, question: int, revision: int) -> Answer:
    return Answer(
        attempt_id=attempt,
        question_id=question,
        revision_id=revision,
        response=["A2", "B10"],
        seq=1,
        is_right=False,
        points_hundredths=0,
        answered_ms=1_000,
        spent_ms=500,
    )


def in_order_of_the_database() -> list[str]:
    return list(db.session.scalars(select(Attempt.id).where(Attempt.id.in_(ATTEMPTS)).order_by(Attempt.id)))


def test_every_answer_is_told_once_and_in_order(contest: Contest, questions: list[tuple[int, int]]) -> None:
    answers = list(Results(contest).answers())
    assert [(answer["attempt"], answer["question"]) for answer in answers] == [
        (attempt, question)
        for attempt in in_order_of_the_database()
        if attempt != WITHOUT_ANSWERS
        for question, _revision in questions
    ]
    assert [(answer["revision"], answer["kind"]) for answer in answers[:3]] == [
        (1, "single"),
        (2, "single"),
        (1, "matching"),
    ]
    assert [answer["response"] for answer in answers[:3]] == [["A2", "B10"], ["A2", "B10"], {"A": "2", "B": "10"}]


def test_every_attempt_has_its_own_answers(contest: Contest, questions: list[tuple[int, int]], tmp_path: Path) -> None:
    write_results(results=Results(contest), format_name="jsonl", path=tmp_path / "r.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [line["attempt"] for line in lines] == in_order_of_the_database()
    for line in lines:
        theirs = [] if line["attempt"] == WITHOUT_ANSWERS else [question for question, _revision in questions]
        assert [answer["question"] for answer in line["answers"]] == theirs
        assert all("attempt" not in answer for answer in line["answers"])


def test_voided_question_is_right_for_everybody_by_what_it_was_worth(
    contest: Contest, questions: list[tuple[int, int]]
) -> None:
    voided = questions[1][0]
    correction = {"question_id": voided, "what": "void", "reason": "题目有误", "asked_at": utc_now(), "kit_version": 2}
    db.session.add(Correction(contest_id=contest.id, **correction))
    db.session.commit()
    told = {answer["attempt"]: answer for answer in Results(contest).answers() if answer["question"] == voided}
    worth = {attempt: 7 + number / 100 for number, attempt in enumerate(ATTEMPTS, 1) if attempt != WITHOUT_ANSWERS}
    assert {attempt: (answer["right"], answer["points"]) for attempt, answer in told.items()} == {
        attempt: (True, points) for attempt, points in worth.items()
    }
    others = [answer for answer in Results(contest).answers() if answer["question"] != voided]
    assert {(answer["right"], answer["points"]) for answer in others} == {(False, 0)}


def test_workbook_has_numbers_for_truth_and_texts_for_answers(contest: Contest, tmp_path: Path) -> None:
    write_results(results=Results(contest), format_name="xlsx", path=tmp_path / "r.xlsx")
    answers = openpyxl.load_workbook(tmp_path / "r.xlsx").worksheets[1]
    header, first = [[cell.value for cell in row] for row in answers.iter_rows(max_row=2)]
    row: dict[Any, Any] = dict(zip(header, first, strict=True))
    assert (row["所选答案"], row["答对"]) == ("A2|B10", 0)
    assert not isinstance(row["答对"], bool)
    assert (row["作答时间"], row["本题用时（毫秒）"]) == ("1970-01-01T00:00:01.000Z", 500)
    assert answers.max_row == 1 + 3 * (len(ATTEMPTS) - 1)


@given(st.integers(0, 4_102_444_800_000))
def test_moment_is_written_as_the_clock_tells_it(milliseconds: int) -> None:
    seconds, rest = divmod(milliseconds, 1000)
    told = datetime.fromtimestamp(seconds, UTC) + timedelta(milliseconds=rest)
    assert moment(milliseconds) == told.isoformat(timespec="milliseconds").replace("+00:00", "Z")
