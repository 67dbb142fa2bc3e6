"""The organisers' pages of corrections: what they tell before, what they do, and what participants see afterwards."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from quizapp.accounts.models import AuditEvent
from quizapp.cli import main
from quizapp.core.background import Job
from quizapp.core.db import db
from quizapp.play import rescoring
from quizapp.play.models import Correction
from tests.cast import post, sign_in
from tests.jobs import do_jobs
from tests.play.makers import Phone, make_contest, record_all
from tests.play.test_rescoring import answer, ask, begun, fixed

pytestmark = pytest.mark.usefixtures("olga")
PATH = "/play/autumn/monitor/questions"
REASON = "金丝雀：应选第二项"


def page_of(client: FlaskClient, phone: Phone) -> str:
    """The result page of a phone's attempt."""
    client.set_cookie("entry-1", phone.token)
    text = client.get(f"/play/autumn/attempts/{phone.attempt}").get_data(as_text=True)
    client.delete_cookie("entry-1")
    return text


def test_questions_are_listed_with_the_lowest_right_rate_first(app: Flask, client: FlaskClient) -> None:
    contest = fixed()
    for name, options in (("甲", {"q1": "A", "q2": "B"}), ("乙", {"q1": "B", "q2": "B"})):
        phone = begun(client, name)
        answer(phone, **options)
        phone.finish()
    record_all(contest)
    sign_in(client, "olga")
    page = client.get(PATH).get_data(as_text=True)
    assert page.index("single 第 2 题") < page.index("single 第 1 题") < page.index("single 第 3 题")
    assert "0.0%" in page
    assert "50.0%" in page
    found = client.get(PATH, query_string={"q": "3"}).get_data(as_text=True)
    assert "single 第 3 题" in found
    assert "single 第 2 题" not in found
    assert "没有这样的题目" in client.get(PATH, query_string={"q": "没有"}).get_data(as_text=True)


def test_a_correction_is_shown_confirmed_done_and_told(app: Flask, client: FlaskClient) -> None:
    contest = fixed(pass_mark_hundredths=2000)
    phone, other = begun(client, "甲"), begun(client, "乙")
    answer(phone, q1="A", q2="A")
    phone.finish()
    answer(other, q1="B")
    record_all(contest)
    sign_in(client, "olga")
    shown = post(client, f"{PATH}/1/key", key="B", reason=REASON, lock_version=str(contest.lock_version))
    text = shown.get_data(as_text=True)
    assert "2 份，其中 1 份正在作答" in text
    assert "20 → 10" in text
    assert "1 → 0" in text
    assert db.session.scalar(select(Correction.id)) is None
    sent = {"key": "B", "reason": REASON, "lock_version": str(contest.lock_version), "confirmed": "yes"}
    assert post(client, f"{PATH}/1/key", **sent).status_code == 303
    assert "正在处理" in client.get(PATH).get_data(as_text=True)
    assert do_jobs(rescoring.KINDS) == 1
    listed = client.get(PATH).get_data(as_text=True)
    assert "已完成" in listed
    assert "2 份试卷有这道题，已交 1 份：0 份加分，1 份减分，平均分 20 → 10。" in listed
    page = page_of(client, phone)
    assert "的答案已于" in page
    assert REASON in page
    assert "更正前 20 分，更正后 10 分" in page
    result = phone.look().json
    assert (result["score_before"], result["score"], result["corrections"][0]["reason"]) == (20, 10, REASON)
    # Nobody knew a score of who handed in afterwards.
    other.finish()
    page = page_of(client, other)
    assert "的答案已于" in page
    assert "更正前" not in page
    rows = {row.action: row.detail for row in db.session.scalars(select(AuditEvent))}
    assert rows["play.correct_key"] | {"lowered": 1, "reason": REASON} == rows["play.correct_key"]
    assert rows["play.rescore"] | {"key_before": ["A"], "key": ["B"], "kit_version": 2} == rows["play.rescore"]


def test_a_voided_question_is_told_and_reviewed_as_such(app: Flask, client: FlaskClient) -> None:
    contest = fixed()
    phone = begun(client, "甲")
    answer(phone, q1="B")
    phone.finish()
    sign_in(client, "olga")
    sent = {"reason": "题干有误", "lock_version": str(contest.lock_version)}
    assert "都得这道题的满分" in post(client, f"{PATH}/1/void", **sent).get_data(as_text=True)
    assert post(client, f"{PATH}/1/void", **sent, confirmed="yes").status_code == 303
    do_jobs(rescoring.KINDS)
    page = page_of(client, phone)
    assert "作废，试卷上有这道题的人都得满分" in page
    assert "已作废，计满分" in page
    review = {question["id"]: question for question in phone.look().json["review"]}
    assert [review[1][name] for name in ("void", "right", "points")] == [True, True, 10]
    assert "void" not in review[2]
    again = post(client, f"{PATH}/1/void", **sent)
    assert again.status_code == 303
    assert "不能再作废" in client.get(again.headers["Location"]).get_data(as_text=True)


@pytest.mark.parametrize(
    ("what", "sent", "sentence"),
    [
        ("key", {"key": "B", "reason": " "}, "请写明原因"),
        ("key", {"key": "A", "reason": "有误"}, "没有变化"),
        ("key", {"reason": "有误"}, "请写出新的正确答案"),
        ("void", {"reason": "长" * 201}, "最多 200 个字"),
    ],
)
def test_what_cannot_be_is_refused_in_place(
    app: Flask, client: FlaskClient, what: str, sent: dict[str, str], sentence: str
) -> None:
    fixed()
    sign_in(client, "olga")
    response = post(client, f"{PATH}/1/{what}", **sent)
    assert response.status_code == 422
    assert sentence in response.get_data(as_text=True)


def test_a_colleague_who_was_quicker_is_noticed(app: Flask, client: FlaskClient) -> None:
    contest = fixed()
    sign_in(client, "olga")
    sent = {"reason": "有误", "lock_version": str(contest.lock_version - 1), "confirmed": "yes"}
    response = post(client, f"{PATH}/1/void", **sent)
    assert "另一位同事" in client.get(response.headers["Location"]).get_data(as_text=True)
    assert db.session.scalar(select(Job.id)) is None


def test_a_question_of_another_contest_is_not_found(app: Flask, client: FlaskClient) -> None:
    fixed()
    sign_in(client, "olga")
    assert client.get(f"{PATH}/99").status_code == 404
    assert post(client, f"{PATH}/1/nothing", reason="有误").status_code == 404


KINDS = {"single": 1, "multiple": 1, "true_false": 1, "fill_in": 1, "ordering": 1, "matching": 1}


def test_nobody_who_has_handed_in_is_said_plainly(app: Flask, client: FlaskClient) -> None:
    contest = fixed()
    answer(begun(client, "甲"), q1="B")
    record_all(contest)
    sign_in(client, "olga")
    sent = {"reason": REASON, "lock_version": str(contest.lock_version)}
    shown = post(client, f"{PATH}/1/void", **sent).get_data(as_text=True)
    assert "还没有，成绩都不用改" in shown and "— → —" not in shown
    assert post(client, f"{PATH}/1/void", **sent, confirmed="yes").status_code == 303
    assert do_jobs(rescoring.KINDS) == 1
    listed = client.get(PATH).get_data(as_text=True)
    assert "1 份试卷有这道题，都还没有交。" in listed and "— → —" not in listed


def test_every_kind_can_be_corrected_on_its_page(app: Flask, client: FlaskClient) -> None:
    make_contest(kinds=KINDS, count=6)
    keys: list[Any] = ["B", ["A", "C"], "false", "国务院 | 政府", "ABCD", "A1 B2 C3"]
    sign_in(client, "olga")
    for question, key in enumerate(keys, 1):
        response = post(client, f"{PATH}/{question}/key", key=key, reason="有误")
        assert response.status_code == 200, response.get_data(as_text=True)
        assert "确认更正" in response.get_data(as_text=True)


# Canaries


@pytest.mark.parametrize(
    ("feedback", "when"), [("nothing", "after_finish"), ("score", "after_finish"), ("explanations", "after_close")]
)
def test_a_corrected_key_leaves_no_sooner_than_any_other(
    app: Flask, client: FlaskClient, feedback: str, when: str
) -> None:
    contest = fixed(feedback=feedback, feedback_time=when)
    phone, other = begun(client, "甲"), begun(client, "乙")
    answer(phone, q1="A")
    phone.finish()
    ask(contest, 1, "key", ["B"], REASON)
    do_jobs(rescoring.KINDS)
    other.send()
    texts = [page_of(client, phone), *(json.dumps(one.look().json, ensure_ascii=False) for one in (phone, other))]
    paths = ("/play/autumn", "/api/v1/contests/autumn", "/play/autumn/board")
    texts += [client.get(path).get_data(as_text=True) for path in paths]
    assert "的答案已于" in texts[0]
    assert not any(REASON in text or '"key": [' in text or "更正前" in text for text in texts[2:])
    assert not any(REASON in text or '"key": [' in text for text in texts)


# On the command line


def command(*words: str) -> Result:
    return CliRunner().invoke(main, ["contest", *words])


def test_a_question_is_voided_and_corrected_by_command(commands: None, client: FlaskClient) -> None:
    contest = fixed()
    phone = begun(client, "甲")
    answer(phone, q1="B", q2="B")
    phone.finish()
    record_all(contest)
    looked = command("correct", "autumn", "2", "--key", "B", "--reason", "有误", "--dry-run", "--json")
    assert json.loads(looked.stdout) | {"done": False, "raised": 1, "papers": 1} == json.loads(looked.stdout)
    assert phone.look().json["score"] == 0
    assert "scores: 1 up, 0 down" in command("correct", "autumn", "2", "--key", "B", "--reason", "有误").stdout
    assert "mean 10 → 20" in command("void", "autumn", "1", "--reason", "有误").stdout
    assert phone.look().json["score"] == 20
    again = command("void", "autumn", "1", "--reason", "有误")
    assert (again.exit_code, "不能再作废" in again.stderr) == (1, True)
    wrong = command("correct", "autumn", "2", "--key", "Z", "--reason", "有误")
    assert (wrong.exit_code, "没有的选项" in wrong.stderr) == (1, True)
    assert command("void", "autumn", "3", "--reason", " ").exit_code == 1
    assert do_jobs(rescoring.KINDS) == 2
    assert phone.look().json["score"] == 20
