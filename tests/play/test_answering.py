from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.core.live import get_live
from quizapp.play import state
from quizapp.play.state import Shard
from tests.play.makers import Phone, make_contest


@pytest.mark.parametrize("was_playing", [True, False])
def test_a_paper_drawn_from_an_old_view_of_a_person_is_drawn_again(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, was_playing: bool
) -> None:
    contest = make_contest(kinds={"single": 10}, count=5)
    phone = Phone(client)
    phone.enter()
    old = state.look(get_live(), Shard(contest.id), person=phone.entry)
    first = {question["id"] for question in phone.begin().json["questions"]}
    if was_playing:
        old = state.look(get_live(), Shard(contest.id), person=phone.entry)
    phone.finish()
    look, views = state.look, [old]

    def slow_look(*args: Any, **more: Any) -> state.Look:
        return views.pop() if views else look(*args, **more)

    monkeypatch.setattr(state, "look", slow_look)
    assert phone.begin().status_code == 201
    second = {question["id"] for question in phone.sheet["questions"]}
    assert (len(second), first & second, views) == (5, set(), [])
