"""Contests whose questions are put on hold: the check of a draft and the page of a published one say so."""

from __future__ import annotations

from datetime import date

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from quizapp.accounts.models import User
from quizapp.bank import law_changes, laws, reviewing
from quizapp.bank.actions import add_questions
from quizapp.bank.models import Bank, Question
from quizapp.contests.actions import draw_questions
from quizapp.contests.checks import check
from quizapp.contests.drafts import SectionDraft
from quizapp.contests.kits import get_kit
from quizapp.contests.models import Contest
from quizapp.core.db import db
from quizapp.core.live import get_live
from tests.cast import sign_in
from tests.contests.makers import NOW, make_bank, make_content, make_contest, make_published


def mark() -> None:
    """Article 5 of the constitution, on which the makers' questions rest, is amended."""
    change = law_changes.Change("amended", date(2027, 1, 1))
    law = laws.versions_of("宪法")[0]
    law_changes.mark_articles(law=law, labels=["第五条"], change=change, actor=None, now=NOW)
    db.session.commit()


def found(contest: Contest) -> dict[str, str]:
    report = check(contest=contest, now=NOW, live=get_live(), durability="always")
    return {finding.code: finding.message for finding in report.findings}


def hold_one(bank: Bank, reason: str = "等待答复") -> Question:
    question = db.session.scalars(select(Question).where(Question.bank_id == bank.id).limit(1)).one()
    reviewing.hold(question=question, reason=reason)
    db.session.commit()
    return question


def test_check_of_a_draft_names_what_is_on_hold(app: Flask) -> None:
    bank = make_bank(single=20)
    make_bank("别的题库", single=5)
    contest = make_contest(bank)
    assert "held" not in found(contest)
    hold_one(bank)
    assert found(contest)["held"] == "1 道题已暂停使用，核对恢复以前不会进入试卷。"


def test_check_of_a_draft_counts_only_what_its_sections_ask_for(app: Flask) -> None:
    bank = make_bank(single=20, multiple=3)
    section = SectionDraft(bank_id=bank.id, kind="multiple", count=2, points_hundredths=100)
    contest = make_contest(bank, sections=[section])
    mark()
    assert found(contest)["held"].startswith("3 道题因《宪法》第五条修改而暂停使用")


def test_check_of_a_fixed_paper_names_its_own(app: Flask) -> None:
    bank = make_bank(single=20)
    contest = make_contest(bank, paper="fixed")
    hold_one(bank)
    assert "held" not in found(contest), "nothing is chosen yet"
    section = contest.sections[0]
    draw_questions(section=section, seed="1", lock_version=contest.lock_version)
    reviewing.hold(question=section.questions[0].question, reason="等待答复")
    db.session.commit()
    assert found(contest)["held"].startswith("1 道题已暂停使用")


def test_published_contest_is_warned_of_and_keeps_its_kit(client: FlaskClient, olga: User) -> None:
    contest = make_published(make_bank(single=20))
    sign_in(client, "olga")
    assert "暂停使用" not in client.get(f"/contests/{contest.slug}").text
    mark()
    page = client.get(f"/contests/{contest.slug}").text
    assert "20 道题因《宪法》第五条修改而暂停使用" in page
    assert "/bank/holds?article=" in page
    assert found(contest)["held"].startswith("已发布的试卷里，20 道题因《宪法》第五条修改而暂停使用。")
    kit = get_kit(contest_id=contest.id, version=contest.kit_version)
    assert len(kit.questions) == 20


def test_published_contest_is_not_warned_of_questions_that_are_not_its_own(client: FlaskClient, olga: User) -> None:
    bank = make_bank(single=20)
    contest = make_published(bank)
    later = add_questions(bank=bank, contents=[make_content(99)], actor=None, now=NOW)[0]
    reviewing.hold(question=later, reason="等待答复")
    db.session.commit()
    sign_in(client, "olga")
    assert "暂停使用" not in client.get(f"/contests/{contest.slug}").text


def test_desk_and_bank_say_how_many_are_on_hold(client: FlaskClient, olga: User) -> None:
    bank = make_bank(single=3)
    db.session.commit()
    sign_in(client, "olga")
    assert "暂停使用的题目" not in client.get("/desk").text
    hold_one(bank)
    assert "有 1 道题目因法律变动或其他原因暂停使用" in client.get("/desk").text
    assert "暂停使用 1 题" in client.get("/bank/").text
