"""What leaves of orders, pairs, cases, pictures and further languages, and what comes back of them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.contests.kit import KitMedium, KitTranslation
from quizapp.contests.rules import DrawnQuestion
from quizapp.core.db import db
from quizapp.play import shown
from quizapp.play.models import Answer
from quizapp.play.rules import Shown
from quizapp.play.verify import verify
from tests.contests.kit_makers import make_question
from tests.play.makers import Phone, kit_of, make_contest, record_all

KINDS = {"ordering": 3, "matching": 3}


def begun(client: FlaskClient, **changes: Any) -> tuple[Any, Phone]:
    contest = make_contest(**({"kinds": KINDS, "count": 6} | changes))
    phone = Phone(client)
    phone.enter()
    assert phone.begin().status_code == 201
    return contest, phone


def places_of(phone: Phone, kind: str) -> list[int]:
    return [place for place, question in enumerate(phone.sheet["questions"]) if question["kind"] == kind]


def test_an_order_goes_out_as_a_list_and_pairs_as_an_object_and_they_come_back_so(
    app: Flask, client: FlaskClient
) -> None:
    contest, phone = begun(client)
    kit = kit_of(contest)
    ordering, matching = places_of(phone, "ordering"), places_of(phone, "matching")
    answers = [phone.right(kit, ordering[0]), phone.wrong(kit, ordering[1])]
    answers += [phone.right(kit, matching[0]), phone.wrong(kit, matching[1])]
    assert sorted(answers[0]["response"]) == ["A", "B", "C", "D"]
    assert sorted(answers[2]["response"]) == ["A", "B", "C"]
    assert len(answers[3]["response"]) == 2
    assert phone.send(*answers).json["rejected"] == []
    stored = {one["question"]: one["response"] for one in phone.look().json["stored"]}
    assert stored == {answer["question"]: answer["response"] for answer in answers}
    assert phone.begin().json["stored"] == phone.look().json["stored"]
    result = phone.finish().json
    assert (result["score"], result["right"], result["answered"]) == (20, 2, 4)
    review = {question["id"]: question for question in result["review"]}
    for answer, right in zip(answers, [answers[0], None, answers[2], None], strict=True):
        question = review[answer["question"]]
        assert question["response"] == answer["response"]
        assert question["right"] is (right is not None)
        assert not right or question["key"] == right["response"]
    unanswered = [question["response"] for question in result["review"] if question["id"] not in stored]
    assert sorted(map(str, unanswered)) == ["[]", "{}"]
    assert record_all(contest) > 0
    assert verify(contest=contest) == []


def test_what_is_recorded_are_the_banks_own_ids(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client)
    kit = kit_of(contest)
    phone.send(phone.right(kit, places_of(phone, "ordering")[0]), phone.right(kit, places_of(phone, "matching")[0]))
    record_all(contest)
    recorded = sorted(answer.response for answer in db.session.query(Answer))
    assert recorded == [["A2", "B4", "C1"], ["C", "A", "D", "B"]]


def test_the_keys_shown_are_the_same_for_every_paper(app: Flask, client: FlaskClient) -> None:
    make_contest(kinds=KINDS, count=6, attempts_total=5, shuffle_options=False)
    orders, numbers = set(), set()
    for name in "甲乙丙丁戊己庚辛":
        phone = Phone(client)
        phone.enter(name)
        phone.begin()
        for question in phone.sheet["questions"]:
            keys = [option["key"] for option in question["options"]]
            texts = tuple(option["text"][-1] for option in question["options"])
            if question["kind"] == "ordering":
                assert keys == list("ABCD")
                orders.add(texts)
            else:
                assert keys == list("ABC1234")
                assert texts[:3] == tuple("ABC")
                numbers.add(texts[3:])
    assert len(orders) > 8
    assert len(numbers) > 8


@pytest.mark.parametrize("empty", [[], {}, {"A": "", "B": ""}])
def test_pairs_are_cleared_by_nothing(app: Flask, client: FlaskClient, empty: Any) -> None:
    contest, phone = begun(client)
    place = places_of(phone, "matching")[0]
    right = phone.right(kit_of(contest), place)
    phone.send(right)
    assert phone.send(phone.give(right["question"], empty)).json["rejected"] == []
    assert phone.look().json["stored"][0]["response"] == {}
    assert phone.finish().json["answered"] == 0


@pytest.mark.parametrize(
    ("kind", "response", "code"),
    [
        ("ordering", ["A", "B", "C"], "options_missing"),
        ("ordering", ["A", "B", "C", "C"], "repeated_option"),
        ("ordering", ["A", "B", "C", "E"], "unknown_option"),
        ("ordering", ["C", "A", "D", 1], "not_a_list"),
        ("ordering", {"A": "B"}, "not_a_list"),
        ("ordering", "ABCD", "not_a_list"),
        ("matching", ["A2"], "not_an_object"),
        ("matching", "A2", "not_an_object"),
        ("matching", None, "not_an_object"),
        ("matching", {"A": ["1"]}, "not_an_object"),
        ("matching", {"A": None}, "not_an_object"),
        ("matching", {"A": 1}, "not_an_object"),
        ("matching", {"A": "5"}, "unknown_option"),
        ("matching", {"D": "1"}, "unknown_option"),
        ("matching", {"1": "A"}, "unknown_option"),
        ("matching", {"A": "B"}, "unknown_option"),
        ("matching", {"": "1"}, "unknown_option"),
        ("matching", {"A": "1", "x" * 1000: "2"}, "unknown_option"),
    ],
)
def test_a_bad_order_or_pair_is_rejected_alone(
    app: Flask, client: FlaskClient, kind: str, response: Any, code: str
) -> None:
    _contest, phone = begun(client)
    bad, good = (phone.sheet["questions"][place]["id"] for place in places_of(phone, kind)[:2])
    other = ["A", "B", "C", "D"] if kind == "ordering" else {"B": "1"}
    reply = phone.send(phone.give(bad, response), phone.give(good, other)).json
    assert reply["rejected"] == [{"question": bad, "code": code}]
    assert [one["question"] for one in phone.look().json["stored"]] == [good]


def test_a_conflict_shows_the_order_and_the_pairs_that_stand(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client)
    kit = kit_of(contest)
    for kind in KINDS:
        place = places_of(phone, kind)[0]
        right, wrong = phone.right(kit, place), phone.wrong(kit, place)
        phone.send(right | {"seq": 5})
        conflict = phone.send(wrong | {"seq": 4}).json["stored"][0]
        assert (conflict["conflict"], conflict["response"]) == (True, right["response"])


def test_feedback_at_once_gives_the_key_in_the_keys_shown_and_locks(app: Flask, client: FlaskClient) -> None:
    contest, phone = begun(client, feedback="answers", feedback_time="at_once")
    kit = kit_of(contest)
    for kind in KINDS:
        place = places_of(phone, kind)[0]
        stored = phone.send(phone.wrong(kit, place)).json["stored"][0]
        assert (stored["locked"], stored["right"]) == (True, False)
        assert stored["key"] == phone.right(kit, place)["response"]
        assert phone.send(phone.right(kit, place)).json["stored"][0]["conflict"] is True


# Cases, pictures and languages

ORDER = ("D", "B", "A", "C")
DRAWN = DrawnQuestion(1, 1001, 1000, ORDER)
RICH = make_question(
    1,
    "ordering",
    passage="甲案。",
    media=(
        KitMedium("A", "picture", "a.png", "甲图", 30, 20),
        KitMedium("explanation", "picture", "e.png", "解析图"),
        KitMedium("B", "audio", "b.mp3", "乙声"),
        KitMedium("stem", "picture", "s.png"),
        KitMedium("D", "picture", "d.png", "丁图"),
    ),
    translations=(
        KitTranslation("ug", "سوئال", {"A": "بىر", "B": "ئىككى"}, "دېلو", "چۈنكى"),
        KitTranslation("en", "Question", {"C": "three"}),
    ),
)


def test_a_question_goes_out_with_its_case_pictures_and_languages_in_the_order_shown() -> None:
    out = shown.question_shown(question=RICH, drawn=DRAWN)
    assert out.passage == "甲案。"
    assert [(medium.at, medium.url, medium.kind) for medium in out.media or ()] == [
        ("stem", "/media/s.png", "picture"),
        ("A", "/media/d.png", "picture"),
        ("B", "/media/b.mp3", "audio"),
        ("C", "/media/a.png", "picture"),
    ]
    assert [(medium.alt, medium.width, medium.height) for medium in out.media or ()][-1] == ("甲图", 30, 20)
    uyghur, english = out.translations or ()
    assert (uyghur.language, uyghur.direction, uyghur.stem, uyghur.passage) == ("ug", "rtl", "سوئال", "دېلو")
    assert [(option.key, option.text) for option in uyghur.options] == [("B", "ئىككى"), ("C", "بىر")]
    assert (english.direction, [(option.key, option.text) for option in english.options]) == ("ltr", [("D", "three")])
    assert not uyghur.explanation


@pytest.mark.parametrize(("explains", "texts"), [(True, [("ug", "rtl", "چۈنكى")]), (False, [])])
def test_an_explanation_goes_out_with_its_pictures_and_languages_or_not_at_all(
    explains: bool, texts: list[tuple[str, str, str]]
) -> None:
    out = shown.answer_shown(
        question=RICH,
        drawn=DRAWN,
        seq=1,
        packed="ABCD",
        is_right=False,
        at_once=Shown(True, True, explains),
        with_response=True,
    )
    assert out.key == ["D", "C", "A", "B"]
    assert [medium.url for medium in out.media or ()] == (["/media/e.png"] if explains else [])
    assert [(one.language, one.direction, one.explanation) for one in out.translations or ()] == texts


def test_true_and_false_may_be_translated() -> None:
    question = make_question(1, "true_false", translations=(KitTranslation("ug", "سوئال", {"true": "توغرا"}),))
    out = shown.question_shown(question=question, drawn=DrawnQuestion(1, 1001, 1000, ()))
    assert [(option.key, option.text) for option in (out.translations or ())[0].options] == [("true", "توغرا")]


def test_a_plain_question_takes_no_more_room_than_before(app: Flask, client: FlaskClient) -> None:
    _contest, phone = begun(client, kinds={"single": 3}, count=3)
    assert {tuple(question) for question in phone.sheet["questions"]} == {("id", "kind", "stem", "options", "points")}
