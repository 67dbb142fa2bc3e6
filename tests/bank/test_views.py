"""Pages of the bank."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from quizapp.accounts.models import User
from quizapp.bank.models import Bank, Question, QuestionRevision
from quizapp.core.db import db
from tests.bank.makers import make_approved, make_bank, make_question
from tests.cast import csrf_token, sign_in


def post(client: FlaskClient, path: str, **fields: Any) -> TestResponse:
    return client.post(path, data={"csrf_token": csrf_token(client), **fields})


@pytest.fixture
def staff(client: FlaskClient, olga: User) -> FlaskClient:
    sign_in(client, "olga")
    return client


@pytest.fixture
def bank(app: Flask) -> Bank:
    bank = make_bank()
    db.session.commit()
    return bank


SINGLE = {
    "stem": "甲与乙订立合同？",
    "option_a": "有效",
    "option_b": "无效",
    "right_option": "A",
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


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("single", {"stem": " "}, "请填写题干"),
        ("single", {"stem": "长" * 2001}, "题干最多"),
        ("single", {"option_b": ""}, "至少要有两个选项"),
        ("single", {"option_b": "", "option_c": "无效"}, "不要留空"),
        ("single", {"option_b": "有效"}, "文字相同"),
        ("single", {"option_b": "长" * 501}, "最多 500 个字"),
        ("single", {"right_option": ""}, "请勾选正确选项"),
        ("single", {"right_option": "C"}, "没有填写文字"),
        ("multiple", {"right_options": ["A"]}, "至少要有两个正确选项"),
        ("multiple", {"right_options": ["Z"]}, "需要修改"),
        ("true_false", {}, "请选择正确或错误"),
        ("fill_in", {"blanks": ""}, "至少一个答案"),
        ("fill_in", {"stem": "年满____周岁或____周岁", "blanks": "十八"}, "题干里有 2 个空，答案有 1 行"),
        ("single", {"article": "第一条"}, "也请写上法律"),
        ("single", {"effective_on": "2021-13-01"}, "需要修改"),
        ("single", {"difficulty": "9"}, "需要修改"),
        ("single", {"topics": "长" * 65}, "最多 64 个字"),
    ],
)
def test_bad_question_is_refused_with_a_clear_word(
    staff: FlaskClient, bank: Bank, kind: str, changes: dict[str, Any], words: str
) -> None:
    answer = post(staff, f"/bank/{bank.id}/questions/new?kind={kind}", **(SINGLE | changes))
    assert answer.status_code == 422
    assert words in answer.text
    assert db.session.scalar(select(func.count(QuestionRevision.id))) == 0


@pytest.mark.parametrize("kind", ["single", "multiple", "indefinite", "true_false", "fill_in", "short_text"])
def test_every_kind_can_be_written_and_edited(staff: FlaskClient, bank: Bank, kind: str) -> None:
    fields: dict[str, Any] = {
        "single": {},
        "multiple": {"right_options": ["A", "B"]},
        "indefinite": {"right_options": ["B"]},
        "true_false": {"truth": "false"},
        "fill_in": {"stem": "年满____周岁", "blanks": "18|十八"},
        "short_text": {"reference": "要点"},
    }[kind]
    assert post(staff, f"/bank/{bank.id}/questions/new?kind={kind}", **(SINGLE | fields)).status_code == 303
    question = db.session.scalars(select(Question)).one()
    first_key = question.latest.key
    assert staff.get(f"/bank/questions/{question.id}/edit").status_code == 200
    answer = post(staff, f"/bank/questions/{question.id}/edit", **(SINGLE | fields | {"explanation": "补充解析"}))
    assert answer.status_code == 303
    db.session.expire_all()
    assert (question.latest.number, question.latest.key, question.latest.explanation) == (2, first_key, "补充解析")


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
