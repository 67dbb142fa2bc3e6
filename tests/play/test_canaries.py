"""No key, mark, explanation or score leaves before the feedback rule allows it: canaries in all of them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from quizapp.bank.models import Question, QuestionRevision
from quizapp.core.db import db
from quizapp.play import rebuild
from quizapp.play.state import Shard
from tests.play.makers import Phone, kit_of, make_contest

EXPLANATION, TEXT_KEY, LAW = "金丝雀解析", "金丝雀填空答案", "宪法"
TRANSLATED, PICTURE, PICTURED = "كانارېيكا", "c0ffee" * 10 + "c0ff", "金丝雀图"
EXPLAINS = (EXPLANATION, TRANSLATED, PICTURE, PICTURED)
"""In explanations, their translations, and the addresses and words of their pictures."""
SAYS_RIGHT = ('"right"', '"key":[', '"key":{', '"is_right"')
KINDS = {"single": 4, "fill_in": 3, "ordering": 3, "matching": 3}


def planted(**changes: Any) -> Any:
    """A contest whose explanations and text keys carry canaries."""
    import quizapp.contests.actions as contest_actions

    published = contest_actions.publish

    def plant_and_publish(**arguments: Any) -> None:
        picture = {"at": "explanation", "kind": "picture", "sha256": PICTURE, "ending": "png", "alt": PICTURED}
        asked = picture | {"at": "stem", "sha256": "0a" * 32, "alt": "题图"}
        db.session.execute(
            update(QuestionRevision).values(
                explanation=EXPLANATION,
                passage="大家都看的案例。",
                media=[medium | {"width": 4, "height": 3, "duration_ms": None} for medium in (picture, asked)],
                translations={"ug": {"stem": "سوئال", "explanation": TRANSLATED}},
            )
        )
        fill_in = select(Question.id).where(Question.kind == "fill_in")
        db.session.execute(
            update(QuestionRevision).where(QuestionRevision.question_id.in_(fill_in)).values(key=[[TEXT_KEY]])
        )
        db.session.expire_all()
        published(**arguments)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(contest_actions, "publish", plant_and_publish)
        contest = make_contest(kinds=KINDS, count=12, opens=False, **changes)
    assert rebuild.open_if_new(shard=Shard(contest.id), now=contest.opens_at)
    return contest


class Crawler:
    """Plays and keeps every byte that came back, headers included."""

    def __init__(self, client: FlaskClient, contest: Any) -> None:
        self.client, self.kit, self.phone = client, kit_of(contest), Phone(client)
        self.pages: list[str] = []

    def keep(self, response: Any) -> Any:
        self.pages.append(response.get_data(as_text=True) + str(response.headers))
        return response

    def play(self) -> None:
        phone, keep = self.phone, self.keep
        keep(self.client.get("/api/v1/contests/autumn"))
        keep(phone.enter())
        keep(phone.begin())
        keep(phone.begin())
        # A right fill-in answer would put the canary there by itself: only choices are answered rightly.
        choices = [n for n, question in enumerate(phone.sheet["questions"]) if question["kind"] != "fill_in"]
        texts = [n for n, question in enumerate(phone.sheet["questions"]) if question["kind"] == "fill_in"]
        answers = [phone.right(self.kit, n) for n in choices] + [phone.wrong(self.kit, n) for n in texts]
        for answer in answers:
            keep(phone.send(answer))
            keep(phone.send(answer))
        keep(phone.send(phone.give(answers[0]["question"], ["Z"])))
        keep(phone.look())
        self.look_around()

    def look_around(self) -> None:
        token = {"Authorization": f"Bearer {self.phone.token}"}
        for path in ("pulse", "boards/overall", "boards/overall?top=200"):
            self.keep(self.client.get(f"/api/v1/contests/autumn/{path}", headers=token))
        for path in ("/", "/play/autumn", "/play/autumn/board"):
            self.keep(self.client.get(path))
        self.client.set_cookie(f"entry-{self.kit.contest_id}", self.phone.token)
        self.client.set_cookie("quizapp_second_language", "ug")
        attempt = f"/play/autumn/attempts/{self.phone.attempt}"
        for path in ("/play/autumn", "/play/autumn/answer", "/play/autumn/me", "/play/autumn/me/data", attempt):
            self.keep(self.client.get(path))
        self.client.delete_cookie(f"entry-{self.kit.contest_id}")

    def holds(self, *texts: str) -> list[str]:
        return [text for text in texts if any(text in page for page in self.pages)]


RULES = [
    (feedback, when)
    for feedback in ("nothing", "score", "answers", "explanations")
    for when in ("at_once", "after_finish", "after_close")
    if not (when == "at_once" and feedback in ("nothing", "score"))
]


@pytest.mark.parametrize(("feedback", "when"), RULES)
def test_nothing_leaves_before_its_time(app: Flask, client: FlaskClient, feedback: str, when: str) -> None:
    contest = planted(feedback=feedback, feedback_time=when)
    crawler = Crawler(client, contest)
    crawler.play()
    at_once = when == "at_once"
    assert bool(crawler.holds(TEXT_KEY)) == at_once
    assert crawler.holds(*EXPLAINS) == list(EXPLAINS if at_once and feedback == "explanations" else ())
    asked = "大家都看的案例。", "/media/" + "0a" * 32 + ".png", "题图", "سوئال"
    assert crawler.holds(*asked) == list(asked)
    if not at_once:
        assert crawler.holds(*SAYS_RIGHT) == []
    crawler.pages.clear()
    result = crawler.keep(crawler.phone.finish()).json
    crawler.keep(crawler.phone.look())
    crawler.look_around()
    shows = when != "after_close"
    assert (result["score"] is not None) == (shows and feedback != "nothing")
    assert bool(crawler.holds(TEXT_KEY)) == (shows and feedback in ("answers", "explanations"))
    assert crawler.holds(*EXPLAINS) == list(EXPLAINS if shows and feedback == "explanations" else ())


def test_after_the_close_the_result_opens(app: Flask, client: FlaskClient) -> None:
    from quizapp.core.live import get_live
    from quizapp.play import state

    contest = planted(feedback="explanations", feedback_time="after_close")
    crawler = Crawler(client, contest)
    crawler.play()
    assert crawler.phone.finish().json["review"] is None
    state.write_gate(get_live(), Shard(contest.id), ["closes", 1])
    review = crawler.phone.look().json["review"]
    assert {question["explanation"] for question in review} == {EXPLANATION}
    assert {question["translations"][0]["explanation"] for question in review} == {TRANSLATED}
    assert {question["media"][-1]["at"] for question in review} == {"explanation"}


def test_a_stored_answer_looks_the_same_right_or_wrong(app: Flask, client: FlaskClient) -> None:
    contest = make_contest(kinds={"single": 3, "ordering": 3, "matching": 2}, count=8)
    phone = Phone(client)
    phone.enter()
    phone.begin()
    kit = kit_of(contest)
    replies = [
        phone.send((phone.right if place % 2 else phone.wrong)(kit, place)).json["stored"][0] for place in range(8)
    ]
    assert {tuple(reply) for reply in replies} == {("question", "seq")}
