"""How much live memory a person takes in a contest of twenty questions."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.core.live import get_live
from quizapp.play import state
from quizapp.play.state import Shard
from tests.play.makers import Phone, kit_of, make_contest

PEOPLE = 60
BUDGET_BYTES = 1536


KINDS = {"single": 60, "multiple": 40, "true_false": 20, "fill_in": 20, "ordering": 30, "matching": 30}
OLD_KINDS = {"single": 100, "multiple": 60, "true_false": 40}


@pytest.mark.parametrize("kinds", [OLD_KINDS, KINDS])
def test_a_person_with_twenty_answers_stays_within_the_budget(
    app: Flask, client: FlaskClient, kinds: dict[str, int]
) -> None:
    contest = make_contest(kinds=kinds, count=20, attempts_per_day=3)
    kit, live, shard = kit_of(contest), get_live(), Shard(contest.id)
    phones = []
    for number in range(PEOPLE):
        phone = Phone(client)
        phone.enter(f"参与者{number}")
        phone.begin()
        phone.send(*(phone.right(kit, place) for place in range(20)))
        phones.append(phone)
    own = [
        live.command("MEMORY", "USAGE", key)
        for phone in phones
        for key in (state.attempt_key(shard, phone.attempt), state.person_key(shard, phone.entry))
    ]
    shared = [live.command("MEMORY", "USAGE", key, "SAMPLES", 0) for key in state.keys_of(shard)[3:5]]
    encodings = {live.command("OBJECT", "ENCODING", state.attempt_key(shard, phone.attempt)) for phone in phones}
    per_person = (sum(own) + sum(shared)) / PEOPLE
    print(f"{per_person:.0f} bytes a person: {sum(own) / PEOPLE:.0f} own, {sum(shared) / PEOPLE:.0f} in sorted sets")
    assert encodings == {"listpack"}
    assert per_person <= BUDGET_BYTES
