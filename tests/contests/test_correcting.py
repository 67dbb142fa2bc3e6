"""What setting a question right does to a kit, and what a key may look like."""

from __future__ import annotations

from typing import Any

import pytest

from quizapp.contests.correcting import KEY, VOID, BadKey, clean_key, corrected, read_key, void_points, written_key
from quizapp.contests.kit import Kit
from quizapp.contests.kits import decode, encode
from quizapp.contests.rules import draw_paper
from tests.contests.kit_makers import make_kit, make_question


def voided(kit: Kit, question_id: int) -> Kit:
    return corrected(kit, question_id=question_id, what=VOID, key=[], reason="有误", version=2, at_ms=5)


def test_a_corrected_key_is_all_that_changes_in_a_question() -> None:
    kit = make_kit([1, 2, 3], counts=[2])
    new = corrected(kit, question_id=2, what=KEY, key=["C"], reason="答案有误", version=2, at_ms=5)
    assert (new.version, new.questions[2].key, new.questions[1]) == (2, ["C"], kit.questions[1])
    assert new.questions[2].stem == kit.questions[2].stem
    note = new.corrections[0]
    assert (note.question, note.version, note.what, note.reason, note.key_before) == (2, 2, KEY, "答案有误", ["A"])
    assert decode(encode(new)) == new


def test_a_voided_question_is_drawn_no_more_where_the_others_fill_the_paper() -> None:
    assert voided(make_kit([1, 2, 3], counts=[2]), 2).sections[0].question_ids == (1, 3)
    assert voided(make_kit([1, 2], counts=[2]), 2).sections[0].question_ids == (1, 2)
    assert voided(make_kit([1, 2], [2, 3], counts=[1, 1]), 2).sections[1].question_ids == (3,)
    assert voided(make_kit([1, 2], counts=[2], paper="fixed"), 2).sections[0].question_ids == (1, 2)


def test_sections_that_share_their_last_questions_keep_the_voided_one() -> None:
    kit = make_kit([1, 2], [1, 2], counts=[1, 1])
    assert voided(kit, 1).sections == kit.sections


def test_the_full_score_stays_what_it_was() -> None:
    kit = make_kit([1, 2], counts=[2])
    new = voided(kit, 1)
    assert new.full_hundredths == kit.full_hundredths
    assert void_points(new, draw_paper(kit=new, seen={}, seed="x")) == (1000, 1)
    assert void_points(kit, draw_paper(kit=kit, seen={}, seed="x")) == (0, 0)


KEYS: list[tuple[str, str, list[Any]]] = [
    ("single", "b", ["B"]),
    ("multiple", "D、 B", ["B", "D"]),
    ("indefinite", "C", ["C"]),
    ("true_false", "错", ["false"]),
    ("true_false", "FALSE", ["false"]),
    ("ordering", "D,C,B,A", ["D", "C", "B", "A"]),
    ("matching", "C3 B2 A1", ["A1", "B2", "C3"]),
    ("fill_in", "国务院 | 中央人民政府\n", [["国务院", "中央人民政府"]]),
]


@pytest.mark.parametrize(("kind", "text", "key"), KEYS)
def test_a_key_is_read_as_people_write_it(kind: str, text: str, key: list[Any]) -> None:
    question = make_question(1, kind)
    assert read_key(question, text) == key
    if kind != "true_false":
        assert read_key(question, written_key(question, key)) == key


BAD = [
    ("single", "", "empty"),
    ("single", "A", "same"),
    ("single", "AB", "one_option"),
    ("single", "E", "unknown_option"),
    ("multiple", "A", "two_options"),
    ("true_false", "也许", "unknown_option"),
    ("ordering", "CAB", "all_options"),
    ("matching", "A1 B2", "all_pairs"),
    ("fill_in", "宪法\n民法典", "blanks"),
    ("fill_in", "  |  ", "blanks"),
]


@pytest.mark.parametrize(("kind", "text", "code"), BAD)
def test_a_key_that_cannot_be_is_refused(kind: str, text: str, code: str) -> None:
    with pytest.raises(BadKey) as refusal:
        read_key(make_question(1, kind), text)
    assert refusal.value.code == code


def test_a_key_of_no_list_of_texts_is_refused() -> None:
    with pytest.raises(BadKey):
        clean_key(make_question(1), [1])
