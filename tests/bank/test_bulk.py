"""One act on many questions, and its undoing."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from quizapp.accounts.models import AuditEvent, User
from quizapp.bank import bulk
from quizapp.bank.bulk import Order
from quizapp.bank.list_forms import pack_ids, unpack_ids
from quizapp.bank.models import BulkChange, Question
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from tests.bank.makers import make_bank, make_question
from tests.cast import csrf_token, post, sign_in


@pytest.fixture
def questions(app: Flask) -> list[Question]:
    return [make_question(stem=f"第{number}题", topics=["民法"]) for number in range(3)]


def apply(questions: list[Question], action: str, **order: Any) -> bulk.Done:
    return bulk.apply(
        bank=questions[0].bank,
        ids=[question.id for question in questions],
        order=Order(action, **order),
        actor=None,
        now=utc_now(),
    )


def picture(question: Question) -> tuple[Any, ...]:
    return (
        question.state,
        question.held_reason,
        question.difficulty,
        question.is_sensitive,
        question.bank_id,
        sorted(topic.name for topic in question.topics),
        question.latest.approved_at,
    )


@pytest.mark.parametrize(
    ("action", "order"),
    [
        ("add_topic", {"topic": "合同"}),
        ("remove_topic", {"topic": "民法"}),
        ("set_difficulty", {"number": 3}),
        ("set_sensitive", {"number": 1}),
        ("submit", {}),
        ("approve", {}),
        ("hold", {"reason": "条文修改"}),
        ("retire", {}),
    ],
)
def test_every_act_changes_all_and_is_undone_as_one(
    questions: list[Question], action: str, order: dict[str, Any]
) -> None:
    before = [picture(question) for question in questions]
    done = apply(questions, action, **order)
    db.session.expire_all()
    assert done.changed == 3 and done.change is not None
    assert all(picture(question) != was for question, was in zip(questions, before, strict=True))
    put_back = bulk.undo(change=done.change, bank=questions[0].bank, actor=None, now=utc_now())
    db.session.expire_all()
    assert put_back == (3, 0)
    assert [picture(question) for question in questions] == before


def test_every_act_has_its_words_and_its_way_back() -> None:
    from quizapp.bank.words import BULK_WORDS

    assert set(BULK_WORDS) == set(bulk.FIELDS)


def test_moved_questions_come_back(questions: list[Question]) -> None:
    home, other = questions[0].bank, make_bank("别的题库")
    done = apply(questions, "move", bank_id=other.id)
    db.session.expire_all()
    assert {question.bank_id for question in questions} == {other.id}
    assert done.change is not None
    bulk.undo(change=done.change, bank=home, actor=None, now=utc_now())
    assert {question.bank_id for question in questions} == {home.id}


def test_act_leaves_alone_what_its_state_does_not_allow(questions: list[Question]) -> None:
    questions[0].state = "approved"
    done = apply(questions, "submit")
    assert (done.changed, done.untouched) == (2, 1)
    assert [question.state for question in questions] == ["approved", "in_review", "in_review"]


def test_restored_question_is_approved_only_if_it_was(questions: list[Question]) -> None:
    apply(questions[:1], "approve")
    apply(questions, "retire")
    apply(questions, "restore")
    assert [question.state for question in questions] == ["approved", "draft", "draft"]


def test_undoing_keeps_what_was_changed_since(questions: list[Question]) -> None:
    done = apply(questions, "set_difficulty", number=3)
    questions[1].difficulty = 1
    db.session.flush()
    assert done.change is not None
    assert bulk.undo(change=done.change, bank=questions[0].bank, actor=None, now=utc_now()) == (2, 1)
    assert [question.difficulty for question in questions] == [1, 1, 1]


def test_change_is_undone_once(questions: list[Question]) -> None:
    done = apply(questions, "retire")
    assert done.change is not None
    bulk.undo(change=done.change, bank=questions[0].bank, actor=None, now=utc_now())
    with pytest.raises(bulk.AlreadyUndone):
        bulk.undo(change=done.change, bank=questions[0].bank, actor=None, now=utc_now())


def test_questions_of_another_bank_are_not_touched(questions: list[Question]) -> None:
    other = make_question(bank=make_bank("别的题库"), stem="别处的题")
    bulk.apply(
        bank=questions[0].bank, ids=[questions[0].id, other.id], order=Order("retire"), actor=None, now=utc_now()
    )
    assert (questions[0].state, other.state) == ("retired", "draft")


def test_nothing_changed_leaves_no_record(questions: list[Question]) -> None:
    assert apply(questions, "release").change is None
    assert db.session.query(BulkChange).count() == 0


@given(st.lists(st.integers(1, 400), max_size=60))
def test_ids_come_back_from_their_ranges(ids: list[int]) -> None:
    assert unpack_ids(pack_ids(ids), most=400) == sorted(set(ids))


def test_ranges_of_a_stranger_do_not_fill_memory() -> None:
    assert len(unpack_ids("1-9999999999", most=100)) == 101
    assert unpack_ids("x,-,3-,5-2,²,99999999999999", most=100) == [3]


# Pages


def test_act_is_shown_first_then_done_then_undone(client: FlaskClient, olga: User, questions: list[Question]) -> None:
    sign_in(client, "olga")
    address = f"/bank/{questions[0].bank_id}/bulk"
    asked = client.post(
        address,
        data={"csrf_token": csrf_token(client), "action": "set_difficulty", "question": [q.id for q in questions[:2]]},
    )
    assert asked.status_code == 200 and "确认修改 2 题" in asked.text
    db.session.expire_all()
    assert [question.difficulty for question in questions] == [1, 1, 1]
    ids = pack_ids([question.id for question in questions[:2]])
    assert post(client, address, action="set_difficulty", difficulty=3, ids=ids).status_code == 303
    db.session.expire_all()
    assert [question.difficulty for question in questions] == [3, 3, 1]
    change = db.session.query(BulkChange).one()
    assert "改难度" in client.get(f"/bank/{questions[0].bank_id}/changes").text
    assert post(client, f"/bank/changes/{change.id}/undo").status_code == 303
    db.session.expire_all()
    assert [question.difficulty for question in questions] == [1, 1, 1]
    assert {event.action for event in db.session.query(AuditEvent)} == {"bank.bulk_set_difficulty", "bank.bulk_undo"}


def test_all_that_fit_the_filter_are_chosen(client: FlaskClient, olga: User, questions: list[Question]) -> None:
    sign_in(client, "olga")
    asked = post(client, f"/bank/{questions[0].bank_id}/bulk?words=第1题", action="retire", all=1)
    assert "确认修改 1 题" in asked.text
    assert f'value="{questions[1].id}"' in asked.text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"action": "add_topic", "topic": " "}, "请填写知识点的名称"),
        ({"action": "hold"}, "请写明暂停使用的原因"),
        ({"action": "move", "bank_id": 999}, "请选择要移到哪个题库"),
    ],
)
def test_what_an_act_needs_is_asked_for(
    client: FlaskClient, olga: User, questions: list[Question], fields: dict[str, Any], sentence: str
) -> None:
    sign_in(client, "olga")
    answer = post(client, f"/bank/{questions[0].bank_id}/bulk", ids=str(questions[0].id), **fields)
    assert answer.status_code == 422 and sentence in answer.text
    assert db.session.query(BulkChange).count() == 0


def test_no_choice_and_unknown_acts_are_refused(client: FlaskClient, olga: User, questions: list[Question]) -> None:
    sign_in(client, "olga")
    address = f"/bank/{questions[0].bank_id}/bulk"
    assert post(client, address, action="retire").status_code == 422
    assert post(client, address, action="explode", ids=str(questions[0].id)).status_code == 422
    assert post(client, address, action="retire", ids="1-99999999").status_code == 422


def test_direct_approval_is_refused_under_four_eyes(
    client: FlaskClient, olga: User, questions: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quizapp.bank.bulk_views.four_eyes", lambda: True)
    sign_in(client, "olga")
    answer = post(client, f"/bank/{questions[0].bank_id}/bulk", action="approve", ids=str(questions[0].id))
    assert answer.status_code == 403
    db.session.expire_all()
    assert questions[0].state == "draft"


def test_list_narrows_orders_and_shows(client: FlaskClient, olga: User, questions: list[Question]) -> None:
    sign_in(client, "olga")
    address = f"/bank/{questions[0].bank_id}"
    assert "共 1 题" in client.get(f"{address}?words=第2题").text
    assert "没有找到题目" in client.get(f"{address}?difficulty=3&rate=low&use=used").text
    page = client.get(f"{address}?order=id&descending=0").text
    assert page.index("第0题") < page.index("第2题")
    assert client.get(f"{address}?order=;drop&kind=x&state=y&topic=z&page=1").status_code == 200
    assert client.get(f"{address}?page=99").status_code == 404
