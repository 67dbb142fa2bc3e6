"""Pages of review: the queue, one question after another, comments, differences, where a revision is in use."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from quizapp.accounts.models import User
from quizapp.bank import actions, reviewing
from quizapp.bank.models import Bank, Question, QuestionImport
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from tests.bank.law_makers import cite, store
from tests.bank.makers import make_bank, make_content, make_question
from tests.cast import post, sign_in
from tests.contests.makers import make_bank as make_full_bank
from tests.contests.makers import make_published


@pytest.fixture
def reviewer(client: FlaskClient, rita: User) -> FlaskClient:
    sign_in(client, "rita")
    return client


def submitted(bank: Bank, **changes: Any) -> Question:
    question = make_question(bank=bank, **changes)
    reviewing.submit(question=question)
    db.session.commit()
    return question


def test_queue_is_worked_through_one_by_one(reviewer: FlaskClient, bank: Bank) -> None:
    one, two, three = (submitted(bank, stem=stem) for stem in ("第一题", "第二题", "第三题"))
    page = reviewer.get("/bank/review").text
    assert f"/bank/review/{one.id}?whose=open" in page
    page = reviewer.get(f"/bank/review/{two.id}?whose=open").text
    assert "第 2 题，共 3 题" in page
    assert f'rel="prev" href="/bank/review/{one.id}?' in page
    assert f'rel="next" href="/bank/review/{three.id}?' in page
    fields = {"queue": "1", "whose": "open", "revision": "1"}
    answer = post(reviewer, f"/bank/questions/{two.id}/approve", **fields)
    assert answer.location == f"/bank/review/{three.id}?whose=open"
    answer = post(reviewer, f"/bank/questions/{three.id}/return", comment="条款有误", **fields)
    assert answer.location == f"/bank/review/{one.id}?whose=open"
    answer = post(reviewer, f"/bank/questions/{one.id}/approve", **fields)
    assert answer.location == "/bank/review?whose=open"
    db.session.expire_all()
    assert [question.state for question in (one, two, three)] == ["approved", "approved", "draft"]


def test_verdict_outside_the_queue_leads_back_to_the_question(reviewer: FlaskClient, bank: Bank) -> None:
    question = submitted(bank)
    assert post(reviewer, f"/bank/questions/{question.id}/approve").location == f"/bank/questions/{question.id}"


def test_review_shows_the_article_and_what_changed(reviewer: FlaskClient, bank: Bank) -> None:
    store()
    question = submitted(bank, citations=cite("第三条第一款"))
    actions.revise(
        question=question,
        content=make_content(stem="成年人的年龄下限是几周岁？", citations=cite("第三条第一款")),
        actor=None,
        now=utc_now(),
    )
    reviewing.submit(question=question)
    db.session.commit()
    page = reviewer.get(f"/bank/review/{question.id}").text
    assert "宗教团体依照章程开展活动。" in page
    assert "与第 1 次修订的不同" in page
    assert "<del>" in page
    assert "<ins>" in page
    assert "删去：" in page


def test_stale_page_approves_nothing(reviewer: FlaskClient, bank: Bank) -> None:
    question = submitted(bank)
    actions.revise(question=question, content=make_content(stem="偷换的题干"), actor=None, now=utc_now())
    reviewing.submit(question=question)
    db.session.commit()
    assert post(reviewer, f"/bank/questions/{question.id}/approve", revision="1").status_code == 409
    db.session.expire_all()
    assert question.state == "in_review"


def test_return_without_a_reason_stays_on_the_page(reviewer: FlaskClient, bank: Bank) -> None:
    question = submitted(bank)
    fields = {"queue": "1", "whose": "all", "sensitive": "", "bank": str(bank.id)}
    answer = post(reviewer, f"/bank/questions/{question.id}/return", comment=" ", **fields)
    assert answer.location == f"/bank/review/{question.id}?whose=all&bank={bank.id}"
    assert "退回时请写明原因" in reviewer.get(answer.location).text


@pytest.mark.parametrize("verb", ["approve", "return", "comments"])
def test_endless_comment_is_refused(reviewer: FlaskClient, bank: Bank, verb: str) -> None:
    question = submitted(bank)
    post(reviewer, f"/bank/questions/{question.id}/{verb}", comment="长" * 1001)
    db.session.expire_all()
    assert (question.state, question.reviews) == ("in_review", [])


def test_comments_are_shown_with_who_and_when(reviewer: FlaskClient, bank: Bank, rita: User) -> None:
    question = submitted(bank)
    answer = post(reviewer, f"/bank/questions/{question.id}/comments", comment="请核对<第二款>")
    assert answer.location == f"/bank/questions/{question.id}"
    page = reviewer.get(answer.location).text
    assert "请核对&lt;第二款&gt;" in page
    assert rita.display_name in page
    assert post(reviewer, f"/bank/questions/{question.id}/comments", comment=" ").status_code == 303
    db.session.expire_all()
    assert len(question.reviews) == 1


# Several at once


def test_chosen_questions_are_approved_together(reviewer: FlaskClient, bank: Bank, rita: User) -> None:
    one, two = submitted(bank, stem="一"), submitted(bank, stem="二", is_sensitive=True)
    own = submitted(bank, stem="三", author=rita)
    chosen = [f"{question.id}:1" for question in (one, two, own)]
    post(reviewer, "/bank/review", question=chosen, verdict="approved")
    page = reviewer.get("/bank/review").text
    assert "已通过 1 题" in page
    assert "1 道敏感题目还需另一位同事审核" in page
    assert "1 题没有处理：自己编写的题目须由另一位同事审核。" in page
    db.session.expire_all()
    assert [question.state for question in (one, two, own)] == ["approved", "in_review", "in_review"]


def test_chosen_questions_are_returned_with_a_reason_only(reviewer: FlaskClient, bank: Bank) -> None:
    one = submitted(bank)
    assert post(reviewer, "/bank/review", question=f"{one.id}:1", verdict="returned").status_code == 422
    post(reviewer, "/bank/review", question=f"{one.id}:1", verdict="returned", comment="条款有误")
    db.session.expire_all()
    assert (one.state, one.reviews[-1].comment) == ("draft", "条款有误")


@pytest.mark.parametrize(
    "fields",
    [
        {"verdict": "approved"},
        {"question": "1:1"},
        {"question": "1:1", "verdict": "retired"},
        {"question": "x:1", "verdict": "approved"},
        {"question": "1", "verdict": "approved"},
        {"question": "99999999999:1", "verdict": "approved"},
    ],
)
def test_strange_choices_change_nothing(reviewer: FlaskClient, bank: Bank, fields: dict[str, str]) -> None:
    question = submitted(bank)
    assert post(reviewer, "/bank/review", **fields).status_code == 303
    db.session.expire_all()
    assert (question.state, question.reviews) == ("in_review", [])


def test_organiser_approves_neither_one_nor_many_with_four_eyes(client: FlaskClient, olga: User, bank: Bank) -> None:
    sign_in(client, "olga")
    question = submitted(bank)
    assert post(client, f"/bank/questions/{question.id}/approve").status_code == 403
    assert post(client, "/bank/review", question=f"{question.id}:1", verdict="approved").status_code == 403
    db.session.expire_all()
    assert question.state == "in_review"


def test_queue_is_narrowed(reviewer: FlaskClient, bank: Bank) -> None:
    submitted(bank, stem="普通的题")
    submitted(make_bank("别处"), stem="敏感的题", is_sensitive=True)
    for query, shown, hidden in (
        (f"bank={bank.id}", "普通的题", "敏感的题"),
        ("sensitive=1", "敏感的题", "普通的题"),
    ):
        page = reviewer.get(f"/bank/review?{query}").text
        assert (shown in page, hidden in page) == (True, False)
    assert "没有待审核的题目" in reviewer.get("/bank/review?whose=own&bank=999").text
    assert reviewer.get("/bank/review?bank=x&whose=x&sensitive=x").status_code == 200


def test_empty_queue_says_that_the_rest_is_for_others(reviewer: FlaskClient, bank: Bank, rita: User) -> None:
    submitted(bank, author=rita)
    assert "没有等您审核的题目" in reviewer.get("/bank/review").text


# Drafts


def test_drafts_are_submitted_by_bank_and_by_import(client: FlaskClient, olga: User, bank: Bank) -> None:
    sign_in(client, "olga")
    imported = QuestionImport(
        bank_id=bank.id, file_name="题.xlsx", format="xlsx", state="imported", report={}, created_at=utc_now()
    )
    db.session.add(imported)
    db.session.flush()
    first, second = make_question(bank=bank, stem="一"), make_question(bank=bank, stem="二")
    first.import_id = imported.id
    db.session.commit()
    page = client.get("/bank/review").text
    assert "题.xlsx" in page
    post(client, f"/bank/imports/{imported.id}/submit-drafts")
    db.session.expire_all()
    assert [first.state, second.state] == ["in_review", "draft"]
    post(client, f"/bank/{bank.id}/submit-drafts")
    db.session.expire_all()
    assert second.state == "in_review"
    post(client, f"/bank/{bank.id}/submit-drafts")
    assert "没有草稿可以送审" in client.get("/bank/review").text


# Revisions


def test_any_two_revisions_are_compared(reviewer: FlaskClient, bank: Bank) -> None:
    question = make_question(bank=bank)
    for stem in ("第二次", "第三次"):
        actions.revise(question=question, content=make_content(stem=stem), actor=None, now=utc_now())
    db.session.commit()
    address = f"/bank/questions/{question.id}/compare"
    assert "从第 2 次到第 3 次" in reviewer.get(address).text
    for query in ("before=1&after=3", "before=3&after=1"):
        page = reviewer.get(f"{address}?{query}").text
        assert "从第 1 次到第 3 次" in page
        assert "成年人的年龄界限是几周岁" in page
    assert "内容相同" in reviewer.get(f"{address}?before=2&after=2").text
    for query in ("before=0", "after=9", "before=-1"):
        assert reviewer.get(f"{address}?{query}").status_code == 404


def test_first_revision_has_nothing_to_compare_with(reviewer: FlaskClient, bank: Bank) -> None:
    question = make_question(bank=bank)
    assert reviewer.get(f"/bank/questions/{question.id}/compare").status_code == 404
    assert "与上一次比较" not in reviewer.get(f"/bank/questions/{question.id}").text


def test_texts_of_revisions_are_shown_as_text(reviewer: FlaskClient, bank: Bank) -> None:
    question = submitted(bank, stem="<script>alert(1)</script>")
    actions.revise(question=question, content=make_content(stem="<script>alert(2)</script>"), actor=None, now=utc_now())
    db.session.commit()
    for path in (f"/bank/review/{question.id}", f"/bank/questions/{question.id}/compare", "/bank/review?whose=all"):
        assert "<script>alert" not in reviewer.get(path).text


def test_questions_page_names_the_contests_that_keep_a_revision(client: FlaskClient, olga: User) -> None:
    contest = make_published(make_full_bank(single=20))
    question = db.session.scalars(select(Question).limit(1)).one()
    content = make_content(stem="新的题干")
    actions.revise(question=question, content=content, actor=None, now=utc_now())
    db.session.commit()
    sign_in(client, "olga")
    page = client.get(f"/bank/questions/{question.id}").text
    assert f"/contests/{contest.slug}" in page
    history = page[page.index("修订记录") :]
    assert history.index("第 2 次修订") < history.index("第 1 次修订") < history.index("竞赛在用")
