"""Files are staged, shown, and taken once."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from quizapp.bank import importing
from quizapp.bank.models import Question, QuestionImport
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from tests.bank.makers import make_bank

SEEDS = Path(__file__).parents[2] / "quizapp" / "bank" / "seeds"
HEADER = "题型,题干,选项A,选项B,选项C,答案,解析,法律,条款,生效日期,知识点,难度\n"
GOOD = "单选,国家宪法日是哪一天？,十二月四日,十月一日,七月一日,A,十二月四日是国家宪法日。,,,,宪法日,易\n"
KEYLESS = "单选,这一行没有答案,甲,乙,丙,,,,,,,\n"


def stage(text: str, *, name: str = "bank.csv") -> QuestionImport:
    return importing.stage(
        bank=make_bank(), file_name=name, content=text.encode(), format_name="auto", actor=None, now=utc_now()
    )


def questions_stored() -> int:
    return db.session.scalar(select(func.count(Question.id))) or 0


def test_staged_file_changes_no_bank(app: Flask) -> None:
    staged = stage(HEADER + GOOD + KEYLESS)
    assert staged.report["questions"] == 1
    assert [problem["where"] for problem in staged.report["problems"]] == ["row 3"]
    assert questions_stored() == 0


def test_taken_file_stores_its_usable_questions_once(app: Flask) -> None:
    staged = stage(HEADER + GOOD + KEYLESS)
    bank = make_bank()
    assert importing.take(staged=staged, bank=bank, approve=True, actor=None, now=utc_now()) == 1
    question = db.session.scalars(select(Question)).one()
    assert (question.state, question.latest.key, question.difficulty) == ("approved", ["A"], 1)
    assert staged.content is None
    with pytest.raises(importing.AlreadyImported):
        importing.take(staged=staged, bank=bank, approve=True, actor=None, now=utc_now())
    assert questions_stored() == 1


def test_file_without_questions_is_refused_and_stores_nothing(app: Flask) -> None:
    staged = stage(HEADER + KEYLESS)
    with pytest.raises(importing.NothingToImport):
        importing.take(staged=staged, bank=make_bank(), approve=False, actor=None, now=utc_now())
    assert questions_stored() == 0


def test_stem_that_the_bank_has_already_is_reported(app: Flask) -> None:
    importing.take(staged=stage(HEADER + GOOD), bank=make_bank(), approve=False, actor=None, now=utc_now())
    assert stage(HEADER + GOOD).report["already_in_bank"] == ["row 2"]


def test_report_counts_every_kind(app: Flask) -> None:
    report = stage(HEADER + GOOD).report
    assert report["by_kind"] == dict.fromkeys([*importing.REPORTED_KINDS, "case"], 0) | {"single": 1}
    assert (report["format"], report["duplicates"], report["file"]) == ("csv", 0, "bank.csv")


@pytest.mark.parametrize("path", sorted(SEEDS.glob("*.csv")), ids=lambda path: path.stem)
def test_seed_bank_is_read_without_a_problem(path: Path) -> None:
    parsed = importing.read_file(path.read_bytes(), format_name="auto")
    assert (parsed.problems, parsed.duplicates) == ((), 0)
    for question in parsed.questions:
        (cited,) = question.citations
        assert cited.law, question.stem
        assert cited.article, question.stem
        assert cited.effective_on, question.stem
        assert question.explanation, question.stem
        assert question.topics, question.stem
        assert question.difficulty, question.stem


def test_seed_banks_hold_at_least_240_questions() -> None:
    assert (
        sum(len(importing.read_file(p.read_bytes(), format_name="auto").questions) for p in SEEDS.glob("*.csv")) >= 240
    )
