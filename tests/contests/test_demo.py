from __future__ import annotations

from flask import Flask
from sqlalchemy import func, select

from quizapp.bank.models import Bank, Question
from quizapp.contests import kits
from quizapp.contests.checks import check
from quizapp.contests.demo import BANKS, load_demo
from quizapp.contests.models import Contest
from quizapp.core.db import db
from quizapp.core.live import get_live
from tests.contests.makers import NOW


def test_the_demo_is_a_published_contest_on_a_week_of_hunan_and_loads_once(app: Flask) -> None:
    contest = load_demo(now=NOW)
    db.session.commit()
    assert load_demo(now=NOW) is contest
    db.session.commit()
    assert db.session.scalar(select(func.count(Contest.id))) == 1
    assert set(db.session.scalars(select(Bank.name))) == set(BANKS.values())
    assert (db.session.scalar(select(func.count(Question.id))) or 0) >= 240
    kit = kits.get_kit(contest_id=contest.id, version=1)
    assert (kit.question_count, kit.full_hundredths, kit.limit_seconds) == (10, 10_000, 600)
    assert (kit.attempts_per_day, kit.attempts_total, kit.entry_mode) == (3, None, "nickname")
    assert len(kit.questions) >= 100
    assert (contest.opens_at, (contest.closes_at - contest.opens_at).days) == (NOW, 28)


def test_every_question_of_the_demo_has_an_explanation_and_a_basis(app: Flask) -> None:
    contest = load_demo(now=NOW)
    report = check(contest=contest, now=NOW, live=get_live(), durability="always")
    assert not {"no_explanation", "no_basis"} & {finding.code for finding in report.findings}
