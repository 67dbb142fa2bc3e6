"""Pages of the bank."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from quizapp.accounts.models import User
from quizapp.bank.models import Bank, Question
from quizapp.core.db import db
from tests.bank.makers import make_approved, make_question
from tests.cast import csrf_token, sign_in


def post(client: FlaskClient, path: str, **fields: Any) -> TestResponse:
    return client.post(path, data={"csrf_token": csrf_token(client), **fields})


SINGLE = {
    "stem": "甲与乙订立合同？",
    "option": ["0", "1"],
    "option-0": "有效",
    "option-1": "无效",
    "option.right": "0",
    "explanation": "",
    "difficulty": "2",
}


def test_question_is_written_submitted_and_approved(staff: FlaskClient, bank: Bank, rita: User) -> None:
    answer = post(staff, f"/bank/{bank.id}/questions/new?kind=single", **SINGLE, law="民法典", article="第四百六十五条")
    assert answer.status_code == 303
    question = db.session.scalars(select(Question)).one()
    assert post(staff, f"/bank/questions/{question.id}/submit").status_code == 303
    sign_in(staff, "rita")
    assert post(staff, f"/bank/questions/{question.id}/approve").status_code == 303
    db.session.expire_all()
    assert question.state == "approved"
    page = staff.get(f"/bank/questions/{question.id}").text
    assert "第四百六十五条" in page
    assert "正确选项" in page


def test_organiser_may_not_approve_with_four_eyes(staff: FlaskClient, bank: Bank, olga: User) -> None:
    question = make_question(bank=bank, author=olga)
    post(staff, f"/bank/questions/{question.id}/submit")
    assert post(staff, f"/bank/questions/{question.id}/approve").status_code == 403
    db.session.expire_all()
    assert question.state == "in_review"


def test_preview_stores_nothing(staff: FlaskClient, bank: Bank) -> None:
    answer = post(staff, f"/bank/{bank.id}/questions/new?kind=single", **SINGLE, preview="1")
    assert "还没有保存" in answer.text
    assert db.session.scalar(select(func.count(Question.id))) == 0


def test_list_is_filtered(staff: FlaskClient, bank: Bank, rita: User) -> None:
    make_approved(reviewer=rita, bank=bank)
    other: dict[str, Any] = {"stem": "百分之百_确定的题", "kind": "true_false", "options": [], "key": ["true"]}
    make_question(bank=bank, **other, citations=[], explanation="")
    assert "百分之百" in staff.get(f"/bank/{bank.id}").text
    for query in ("kind=single", "state=approved", "words=成年", "law=民法典"):
        page = staff.get(f"/bank/{bank.id}?{query}").text
        assert "成年人的年龄界限" in page
        assert "百分之百" not in page
    assert "没有找到题目" in staff.get(f"/bank/{bank.id}?words=%25").text


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=99999", "topic=x", "kind=nonsense", "state=%27--"])
def test_strange_addresses_of_the_list_do_no_harm(staff: FlaskClient, bank: Bank, query: str) -> None:
    assert staff.get(f"/bank/{bank.id}?{query}").status_code in (200, 404)


def test_held_question_shows_its_reason_and_is_released(staff: FlaskClient, bank: Bank, rita: User) -> None:
    question = make_approved(reviewer=rita, bank=bank)
    post(staff, f"/bank/questions/{question.id}/hold", reason="条例已修订")
    assert "条例已修订" in staff.get(f"/bank/questions/{question.id}").text
    post(staff, f"/bank/questions/{question.id}/hold")
    db.session.expire_all()
    assert question.held_reason == ""


def test_text_of_a_question_is_shown_as_text(staff: FlaskClient, bank: Bank) -> None:
    question = make_question(bank=bank, stem="<script>alert(1)</script>")
    for path in (f"/bank/{bank.id}", f"/bank/questions/{question.id}"):
        assert "<script>alert" not in staff.get(path).text


@pytest.mark.parametrize(
    "path", ["/bank/", "/bank/new", "/bank/{bank}", "/bank/{bank}/import", "/bank/review", "/bank/laws"]
)
def test_pages_open(staff: FlaskClient, bank: Bank, path: str) -> None:
    assert staff.get(path.format(bank=bank.id)).status_code == 200


def test_second_bank_of_a_name_is_refused(staff: FlaskClient, bank: Bank) -> None:
    assert "同名的题库" in post(staff, "/bank/new", name=bank.name).text
    assert db.session.scalar(select(func.count(Bank.id))) == 1
