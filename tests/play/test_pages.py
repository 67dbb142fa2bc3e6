"""The pages of play where questions have cases, pictures, further languages, orders and pairs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.bank.actions import add_questions
from quizapp.contests.correcting import VOID
from quizapp.contests.models import Contest
from quizapp.play import pages, rescoring
from quizapp.play.shown import OptionShown, QuestionReviewed, TranslationShown
from tests.cast import post
from tests.contests.makers import NOW, approve, make_bank, make_content
from tests.jobs import do_jobs
from tests.play.makers import Phone, kit_of, make_contest, record_all
from tests.play.test_rescoring import ask

PICTURE = {
    "at": "stem",
    "sha256": "0a" * 32,
    "ending": "png",
    "kind": "picture",
    "alt": "界桩",
    "width": 640,
    "height": 480,
    "duration_ms": None,
}
RICH: dict[str, Any] = {
    "passage": "甲、乙二人相邻，共用一墙。",
    "media": [PICTURE, PICTURE | {"at": "A", "sha256": "0b" * 32, "ending": "mp3", "kind": "audio", "alt": "证人的话"}],
    "translations": {"ug": {"stem": "تام كىمنىڭ؟", "options": {"A": "ئۇنىڭ"}, "explanation": "چۈنكى"}},
}


def rich_contest(**changes: Any) -> Contest:
    """A contest of one question of each kind of the new, all of one case, and a plain one."""
    bank = make_bank("题库 autumn")
    contents = [
        make_content(number, kind=kind, **RICH) for number, kind in enumerate(("ordering", "matching", "single"))
    ]
    for question in add_questions(bank=bank, contents=contents, actor=None, now=NOW):
        approve(question)
    return make_contest(kinds={"fill_in": 1}, count=4, **changes)


def finished(client: FlaskClient, contest: Contest, *, is_right: bool) -> str:
    """The address of the result of a phone that answered all but the plain question."""
    phone, kit = Phone(client), kit_of(contest)
    phone.enter()
    phone.begin()
    places = [place for place, question in enumerate(phone.sheet["questions"]) if question["kind"] != "fill_in"]
    phone.finish(*((phone.right if is_right else phone.wrong)(kit, place) for place in places))
    client.set_cookie(f"entry-{contest.id}", phone.token)
    return f"/play/autumn/attempts/{phone.attempt}"


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_result_reads_as_people_speak_of_orders_and_pairs(app: Flask, client: FlaskClient) -> None:
    words = text_of(client.get(finished(client, rich_contest(), is_right=False)).text)
    own, right = words.index("您的顺序"), words.index("正确顺序")
    assert own < words.index("的选项 B", own) < words.index("的选项 D", own) < right
    assert right < words.index("的选项 C", right) < words.index("的选项 A", right)
    assert "→ 没有选" in words
    assert words.count("您选对了") == 2
    assert words.index("共用一墙") < own
    assert words.count("共用一墙") == 1, "a case stands once above its questions"


def test_a_right_order_is_not_told_twice(app: Flask, client: FlaskClient) -> None:
    words = text_of(client.get(finished(client, rich_contest(), is_right=True)).text)
    assert "您的顺序" not in words
    assert "正确顺序" in words
    assert words.count("您选对了") == 4


@pytest.mark.parametrize("is_right", [True, False])
def test_what_was_voided_is_shown_as_it_was_answered_and_called_neither_right_nor_wrong(
    app: Flask, client: FlaskClient, is_right: bool
) -> None:
    contest = rich_contest()
    address = finished(client, contest, is_right=is_right)
    for question in kit_of(contest).questions:
        ask(contest, question, VOID)
    do_jobs(rescoring.KINDS)
    words = text_of(client.get(address).text)
    reviews = words[words.index("已作废，计满分") :]
    assert reviews.count("已作废，计满分") == 4
    assert "您的顺序" in reviews
    assert "您的选择" in reviews
    assert "没有填写" in reviews
    assert [word for word in ("✓", "✕", "正确", "您选对了", "依据宪法第五条") if word in reviews] == []


def test_the_result_shows_pictures_with_their_size_and_recordings(app: Flask, client: FlaskClient) -> None:
    page = client.get(finished(client, rich_contest(), is_right=True)).text
    assert f'<img src="/media/{"0a" * 32}.png" alt="界桩" width="640" height="480" loading="lazy">' in page
    assert f'<audio controls preload="none" src="/media/{"0b" * 32}.mp3" aria-label="证人的话"></audio>' in page


def test_the_further_language_is_shown_where_it_was_chosen(app: Flask, client: FlaskClient) -> None:
    address = finished(client, rich_contest(), is_right=True)
    assert "تام" not in client.get(address).text
    response = post(client, "/second-language", language="ug", next=address)
    assert (response.status_code, response.headers["Location"]) == (303, address)
    page = client.get(address).text
    for words in ("تام كىمنىڭ؟", "ئۇنىڭ", "چۈنكى"):
        assert f'<span class="also" lang="ug" dir="rtl">{words}</span>' in page
    post(client, "/second-language", language="", next=address)
    assert "تام" not in client.get(address).text


@pytest.mark.parametrize("path", ["/play/autumn", "/play/autumn/answer"])
def test_the_switch_of_languages_stands_where_there_are_any(app: Flask, client: FlaskClient, path: str) -> None:
    finished(client, rich_contest(attempts_total=5), is_right=True)
    client.set_cookie("quizapp_second_language", "ug")
    page = client.get(path).text
    assert 'value="ug" aria-pressed="true"' in page
    assert "ئۇيغۇرچە" in page


def test_there_is_no_switch_where_all_is_chinese(app: Flask, client: FlaskClient) -> None:
    finished(client, make_contest(kinds={"single": 1}, count=1), is_right=True)
    client.set_cookie("quizapp_second_language", "ug")
    assert "data-languages" not in client.get("/play/autumn/answer").text


@pytest.mark.parametrize("code", ["<b>", "zh-Hans-CN-x", "ug; Domain=example.org", "x" * 4000])
def test_only_the_code_of_a_language_is_remembered(app: Flask, client: FlaskClient, code: str) -> None:
    response = post(client, "/second-language", language=code, next="//elsewhere.example")
    assert response.headers["Set-Cookie"].startswith("quizapp_second_language=;")
    assert response.headers["Location"] == "/"


def test_own_data_tells_pairs_by_their_words(app: Flask, client: FlaskClient) -> None:
    contest = rich_contest()
    finished(client, contest, is_right=True)
    record_all(contest)
    document = client.get("/play/autumn/me/data").json
    responses = {answer["question"]: answer["response"] for answer in document["attempts"][0]["answers"]}
    assert responses["matching 第 1 题"] == [f"第 1 题的选项 {a} → 第 1 题的选项 {b}" for a, b in ("A2", "B4", "C1")]
    assert responses["ordering 第 0 题"] == [f"第 0 题的选项 {letter}" for letter in "CADB"]


def test_a_passage_begins_anew_only_with_another_case() -> None:
    def reviewed(passage: str) -> QuestionReviewed:
        also = TranslationShown("ug", "rtl", "سوئال", [OptionShown("B", "ئىككى")])
        return QuestionReviewed(
            id=1,
            kind="single",
            stem="问",
            options=[],
            response=[],
            right=False,
            key=["A"],
            points=0,
            full_points=10,
            explanation=None,
            basis=None,
            passage=passage,
            translations=[also],
        )

    questions = [reviewed(passage) for passage in ("", "甲案。", "甲案。", "乙案。")]
    shown = pages.reviews(questions, language="ug")
    assert [review.begins_case for review in shown] == [False, True, False, True]
    assert (shown[0].also_of("B"), shown[0].also_of("A")) == ("ئىككى", "")
    assert pages.reviews(questions, language="en")[0].also is None
