"""The rules of review: who may approve what, how often, and what counts after a change."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from quizapp.accounts.models import AuditEvent, User
from quizapp.bank import actions, reviewing
from quizapp.bank.models import Question
from quizapp.bank.review_queries import Queue, neighbours, queued_ids
from quizapp.bank.revision_differences import compare
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from tests.bank.law_makers import cite
from tests.bank.makers import make_bank, make_content, make_question
from tests.cast import make_user


@pytest.fixture
def robin(app: Flask) -> User:
    return make_user("robin", "reviewer")


def submitted(**changes: Any) -> Question:
    question = make_question(**changes)
    reviewing.submit(question=question)
    db.session.commit()
    return question


def approve(question: Question, reviewer: User, *, four_eyes: bool = True, seen: int | None = None) -> str:
    """Approve; return the state the question is in then."""
    reviewing.approve(question=question, reviewer=reviewer, four_eyes=four_eyes, comment="", now=utc_now(), seen=seen)
    db.session.commit()
    return question.state


def give_back(question: Question, reviewer: User, comment: str = "条款有误") -> None:
    reviewing.return_question(question=question, reviewer=reviewer, comment=comment, now=utc_now())
    db.session.commit()


def revise(question: Question, author: User | None = None, **changes: Any) -> None:
    actions.revise(question=question, content=make_content(**changes), actor=author, now=utc_now())
    reviewing.submit(question=question)
    db.session.commit()


def test_author_may_not_approve_with_four_eyes(app: Flask, rita: User) -> None:
    question = submitted(author=rita)
    with pytest.raises(reviewing.OwnQuestion):
        approve(question, rita)
    assert (question.state, question.reviews) == ("in_review", [])
    assert approve(question, rita, four_eyes=False) == "approved"


def test_author_of_this_revision_is_meant(app: Flask, rita: User, robin: User) -> None:
    question = submitted(author=rita)
    revise(question, author=robin, stem="新的题干")
    with pytest.raises(reviewing.OwnQuestion):
        approve(question, robin)
    assert approve(question, rita) == "approved"


def test_plain_question_needs_one_reviewer(app: Flask, rita: User) -> None:
    assert approve(submitted(), rita) == "approved"


def test_sensitive_question_needs_two_people(app: Flask, rita: User, robin: User) -> None:
    question = submitted(is_sensitive=True)
    assert approve(question, rita) == "in_review"
    with pytest.raises(reviewing.AlreadyApproved):
        approve(question, rita)
    assert question.state == "in_review"
    assert approve(question, robin) == "approved"


def test_sensitive_question_needs_one_without_four_eyes(app: Flask, rita: User) -> None:
    assert approve(submitted(is_sensitive=True), rita, four_eyes=False) == "approved"


def test_revision_after_the_first_approval_needs_both_anew(app: Flask, rita: User, robin: User) -> None:
    question = submitted(is_sensitive=True)
    approve(question, rita)
    revise(question, stem="新的题干", is_sensitive=True)
    assert approve(question, robin) == "in_review"
    assert approve(question, rita) == "approved"


def test_approval_before_a_return_no_longer_counts(app: Flask, rita: User, robin: User) -> None:
    question = submitted(is_sensitive=True)
    approve(question, rita)
    give_back(question, robin)
    reviewing.submit(question=question)
    assert approve(question, robin) == "in_review"
    assert approve(question, rita) == "approved"


def test_reviewer_who_read_an_older_revision_is_told(app: Flask, rita: User) -> None:
    question = submitted()
    revise(question, stem="偷换的题干")
    with pytest.raises(reviewing.NewerRevision):
        approve(question, rita, seen=1)
    with pytest.raises(reviewing.NewerRevision):
        reviewing.return_question(question=question, reviewer=rita, comment="不对", now=utc_now(), seen=1)
    assert (question.state, question.reviews) == ("in_review", [])
    assert approve(question, rita, seen=2) == "approved"


@pytest.mark.parametrize("state", ["draft", "approved", "retired"])
def test_only_what_is_in_review_is_judged(app: Flask, rita: User, state: str) -> None:
    question = make_question()
    question.state = state
    db.session.commit()
    with pytest.raises(actions.WrongState):
        approve(question, rita)
    with pytest.raises(actions.WrongState):
        give_back(question, rita)


def test_returned_question_is_a_draft_again_with_the_reason(app: Flask, rita: User) -> None:
    question = submitted()
    give_back(question, rita)
    assert (question.state, question.reviews[-1].comment) == ("draft", "条款有误")
    trail = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "bank.returned")).one()
    assert trail.detail["comment"] == "条款有误"


@pytest.mark.parametrize("comment", ["", "  \n"])
def test_return_without_a_reason_is_refused(app: Flask, rita: User, comment: str) -> None:
    question = submitted()
    with pytest.raises(reviewing.ReasonMissing):
        give_back(question, rita, comment)
    assert question.state == "in_review"


def test_comment_judges_nothing(app: Flask, rita: User, robin: User) -> None:
    question = submitted(is_sensitive=True)
    reviewing.add_comment(question=question, author=rita, comment="请核对第二款", now=utc_now())
    assert (question.state, question.reviews[-1].verdict) == ("in_review", "comment")
    assert approve(question, robin) == "in_review"


# Several at once


def test_several_are_judged_and_the_rest_is_counted_by_reason(app: Flask, rita: User) -> None:
    plain, own, sensitive, moved = (
        submitted(stem="一"),
        submitted(stem="二", author=rita),
        submitted(stem="三", is_sensitive=True),
        submitted(stem="四"),
    )
    revise(moved, stem="四改")
    judged = reviewing.judge_many(
        questions=[plain, own, sensitive, moved],
        verdict="approved",
        reviewer=rita,
        four_eyes=True,
        comment="",
        now=utc_now(),
        seen={question.id: 1 for question in (plain, own, sensitive, moved)},
    )
    assert (judged.done, judged.waiting) == (1, 1)
    assert judged.refused == {
        "自己编写的题目须由另一位同事审核。": 1,
        "这道题刚刚有了新的修订，请看过再审。": 1,
    }
    assert [question.state for question in (plain, own, sensitive, moved)] == ["approved", *["in_review"] * 3]


def test_several_are_returned_with_one_reason(app: Flask, rita: User) -> None:
    questions = [submitted(stem="一"), submitted(stem="二")]
    order: dict[str, Any] = {"verdict": "returned", "reviewer": rita, "four_eyes": True, "now": utc_now(), "seen": {}}
    with pytest.raises(reviewing.ReasonMissing):
        reviewing.judge_many(questions=questions, comment="", **order)
    assert reviewing.judge_many(questions=questions, comment="条款有误", **order).done == 2
    assert {question.reviews[-1].comment for question in questions} == {"条款有误"}


def test_drafts_of_a_bank_are_submitted_in_one_audited_act(app: Flask, olga: User) -> None:
    bank, other = make_bank(), make_bank("别处")
    drafts = [make_question(bank=bank, stem=stem) for stem in ("一", "二")]
    retired = make_question(bank=bank, stem="三")
    actions.retire(question=retired)
    elsewhere = make_question(bank=other, stem="四")
    assert reviewing.submit_drafts(bank_id=bank.id, actor=olga, now=utc_now()) == 2
    assert [question.state for question in (*drafts, retired, elsewhere)] == [
        "in_review",
        "in_review",
        "retired",
        "draft",
    ]
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "bank.submit_drafts")).one()
    assert (event.subject_kind, event.subject_id, event.detail) == ("bank", str(bank.id), {"questions": 2})
    assert reviewing.submit_drafts(bank_id=bank.id, actor=olga, now=utc_now()) == 0


# The queue


def test_queue_holds_what_its_reader_asks_for(app: Flask, rita: User, robin: User) -> None:
    bank = make_bank()
    plain = submitted(bank=bank, stem="一")
    own = submitted(bank=bank, stem="二", author=rita)
    approved_once = submitted(bank=bank, stem="三", is_sensitive=True)
    approve(approved_once, rita)
    rewritten = submitted(bank=make_bank("别处"), stem="四", author=rita)
    revise(rewritten, author=robin, stem="四改")
    make_question(bank=bank, stem="草稿")

    def ids(**wanted: Any) -> list[int]:
        four_eyes = wanted.pop("four_eyes", True)
        return queued_ids(Queue(**wanted), reader=rita, four_eyes=four_eyes)

    everything = [plain.id, own.id, approved_once.id, rewritten.id]
    assert ids(whose="all") == everything
    assert ids(whose="open") == [plain.id, rewritten.id]
    assert ids(whose="open", four_eyes=False) == [plain.id, own.id, rewritten.id]
    assert ids(whose="own") == [own.id]
    assert ids(is_sensitive=True) == [approved_once.id]
    assert ids(bank_id=bank.id) == everything[:3]
    assert queued_ids(Queue("open"), reader=robin, four_eyes=True) == [plain.id, own.id, approved_once.id]


def test_approval_before_a_return_leaves_the_question_in_the_queue(app: Flask, rita: User, robin: User) -> None:
    question = submitted(is_sensitive=True)
    approve(question, rita)
    give_back(question, robin)
    reviewing.submit(question=question)
    assert queued_ids(Queue("open"), reader=rita, four_eyes=True) == [question.id]


def test_neighbours_are_found_also_for_one_that_left_the_queue() -> None:
    assert neighbours([2, 5, 9], 5) == (2, 9)
    assert neighbours([2, 9], 5) == (2, 9)
    assert neighbours([2, 9], 1) == (None, 2)
    assert neighbours([], 1) == (None, None)


# Differences


def test_every_field_that_differs_is_named(app: Flask) -> None:
    question = make_question(citations=cite("第二条"))
    actions.revise(
        question=question,
        content=make_content(
            stem="成年人的年龄下限是几周岁？",
            options=[("A", "十六周岁"), ("B", "十八周岁"), ("C", "二十一周岁"), ("D", "三十周岁")],
            key=["C"],
            explanation="改过的解析",
            citations=cite("第三条第一款"),
            topics=["监护"],
            difficulty=3,
            is_sensitive=True,
            passage="案例。",
            translations={"ug": {"stem": "سوئال", "options": {"A": "16"}}},
            media=[{"at": "stem", "sha256": "a" * 64, "kind": "picture", "alt": "图"}],
        ),
        actor=None,
        now=utc_now(),
    )
    found = compare(*question.revisions)
    assert [(difference.name, difference.part) for difference in found] == [
        ("passage", ""),
        ("stem", ""),
        ("option", "C"),
        ("option", "D"),
        ("key", ""),
        ("explanation", ""),
        ("citations", ""),
        ("media", ""),
        ("translation", "ئۇيغۇرچە"),
        ("topics", ""),
        ("difficulty", ""),
        ("sensitive", ""),
    ]
    assert compare(question.latest, question.latest) == []


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("true_false", ["true"], ["false"]),
        ("fill_in", [["18", "十八"]], [["16"]]),
        ("ordering", ["A", "B", "C"], ["C", "B", "A"]),
        ("matching", ["A1", "B2"], ["A2", "B1"]),
        ("short_text", ["要点"], []),
        ("multiple", ["A", "B"], ["A", "C"]),
    ],
)
def test_key_of_each_kind_is_compared(app: Flask, kind: str, before: list[Any], after: list[Any]) -> None:
    question = make_question(kind=kind, key=before)
    actions.revise(question=question, content=make_content(kind=kind, key=after), actor=None, now=utc_now())
    assert [difference.name for difference in compare(*question.revisions)] == ["key"]


def test_revision_from_before_topics_were_kept_differs_in_none(app: Flask) -> None:
    question = make_question()
    question.latest.classification = {}
    actions.revise(question=question, content=make_content(topics=["别的"]), actor=None, now=utc_now())
    assert compare(*question.revisions) == []
