"""Responses are checked and marked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.bank.rules import (
    BadResponse,
    check_response,
    is_right,
    mark,
    normalise_text,
    sides,
    split_pair,
    stem_hash,
)

OPTIONS = ("A", "B", "C", "D")
PAIRED = ("A", "B", "C", "1", "2", "3", "10")


@pytest.mark.parametrize(
    ("kind", "response", "canonical"),
    [
        ("single", ["B"], ["B"]),
        ("multiple", ["D", "A"], ["A", "D"]),
        ("indefinite", ["C"], ["C"]),
        ("true_false", ["false"], ["false"]),
        ("single", [], []),
        ("fill_in", [" 三十 ", "60\u202e"], ["三十", "60"]),
        ("fill_in", [" ", ""], []),
        ("fill_in", ["\ufdfa" * 22, "㎡" * 200], ["\ufdfa" * 22, "㎡" * 200]),
        ("ordering", ["D", "A", "C", "B"], ["D", "A", "C", "B"]),
        ("ordering", [], []),
    ],
)
def test_good_response_is_put_in_canonical_form(kind: str, response: list[str], canonical: list[str]) -> None:
    assert check_response(kind=kind, option_ids=OPTIONS, blanks=2, response=response) == canonical


@pytest.mark.parametrize(
    ("kind", "response", "code"),
    [
        ("single", "B", "not_a_list"),
        ("single", None, "not_a_list"),
        ("single", [1], "not_a_list"),
        ("single", {"A": 1}, "not_a_list"),
        ("single", ["E"], "unknown_option"),
        ("single", ["a"], "unknown_option"),
        ("single", ["A", "B"], "too_many_options"),
        ("multiple", ["A", "A"], "repeated_option"),
        ("true_false", ["A"], "unknown_option"),
        ("true_false", ["true", "false"], "too_many_options"),
        ("fill_in", ["一"], "wrong_blanks"),
        ("fill_in", ["一", "x" * 201], "too_long"),
        ("fill_in", ["一", "\ufdfa" * 23], "too_long"),
        ("ordering", ["A", "B", "C"], "options_missing"),
        ("ordering", ["A", "B", "C", "A"], "repeated_option"),
        ("ordering", ["A", "B", "C", "E"], "unknown_option"),
        ("ordering", ["A", "B", "C", ""], "unknown_option"),
    ],
)
def test_bad_response_is_refused_with_its_code(kind: str, response: Any, code: str) -> None:
    with pytest.raises(BadResponse) as refusal:
        check_response(kind=kind, option_ids=OPTIONS, blanks=2, response=response)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("kind", "key", "response", "right"),
    [
        ("single", ["B"], ["B"], True),
        ("single", ["B"], ["A"], False),
        ("multiple", ["A", "C"], ["A", "C"], True),
        ("multiple", ["A", "C"], ["A"], False),
        ("multiple", ["A", "C"], ["A", "B", "C"], False),
        ("indefinite", ["A"], ["A"], True),
        ("true_false", ["true"], ["true"], True),
        ("true_false", ["true"], ["false"], False),
        ("fill_in", [["30", "三十"], ["自治区"]], ["３０", " 自 治 区 。"], True),
        ("fill_in", [["30"], ["自治区"]], ["30", ""], False),
        ("fill_in", [["3.5"]], ["35"], False),
        ("single", ["A"], [], False),
        ("ordering", ["C", "A", "B"], ["C", "A", "B"], True),
        ("ordering", ["C", "A", "B"], ["A", "B", "C"], False),
        ("ordering", ["C", "A", "B"], [], False),
        ("matching", ["A2", "B10"], ["B10", "A2"], True),
        ("matching", ["A2", "B10"], ["A2"], False),
        ("matching", ["A2", "B10"], ["A2", "B1"], False),
        ("matching", ["A2", "B10"], [], False),
    ],
)
def test_whole_right_answer_alone_is_right(kind: str, key: list[Any], response: list[str], right: bool) -> None:
    assert is_right(kind=kind, key=key, response=response) is right
    marked = mark(kind=kind, key=key, response=response, points_hundredths=1000)
    assert (marked.is_right, marked.points_hundredths) == (right, 1000 if right else 0)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ＡＢＣ", "abc"),
        ("《宪 法》", "宪法"),
        ("3.5", "3.5"),
        ("-3", "-3"),
        ("1/2。", "1/2"),
        ("。", "."),
        ("。。", ".."),
    ],
)
def test_text_is_folded(text: str, folded: str) -> None:
    assert normalise_text(text).replace("。", ".") == folded


def test_accepted_texts_are_folded_once_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    key, folded = [[f"第{number}条" for number in range(20)]], []
    assert is_right(kind="fill_in", key=key, response=["第七条"]) is False
    monkeypatch.setattr("quizapp.bank.rules.normalise_text", lambda text: folded.append(text) or text)
    assert is_right(kind="fill_in", key=key, response=["第7条"])
    assert folded == ["第7条"]


def test_stems_that_differ_in_punctuation_hash_alike() -> None:
    assert stem_hash("宪法 第二条（ ）。") == stem_hash("宪法第二条()")
    assert stem_hash("宪法第二条") != stem_hash("宪法第三条")


# Ordering and matching


@given(response=st.permutations(OPTIONS), key=st.permutations(OPTIONS))
def test_every_order_of_all_options_is_taken_and_only_the_keys_is_right(response: list[str], key: list[str]) -> None:
    assert check_response(kind="ordering", option_ids=OPTIONS, blanks=0, response=response) == response
    assert is_right(kind="ordering", key=key, response=response) is (response == key)


@given(response=st.lists(st.sampled_from([*OPTIONS, "E", ""]), min_size=1, max_size=6))
def test_an_order_is_all_options_once_each_or_refused(response: list[str]) -> None:
    if sorted(response) == list(OPTIONS):
        assert check_response(kind="ordering", option_ids=OPTIONS, blanks=0, response=response) == response
    else:
        with pytest.raises(BadResponse):
            check_response(kind="ordering", option_ids=OPTIONS, blanks=0, response=response)


def test_left_and_right_of_matching_are_told_by_their_ids() -> None:
    assert sides(["A", "1", "B", "2", "10"]) == (["A", "B"], ["1", "2", "10"])
    assert split_pair("B10") == ("B", "10")


@st.composite
def matchings(draw: st.DrawFn, *, is_whole: bool) -> dict[str, str]:
    """From each, or some, on the left to one on the right, which may be given to several."""
    left, right = sides(PAIRED)
    chosen = left if is_whole else draw(st.lists(st.sampled_from(left), unique=True))
    return {one: draw(st.sampled_from(right)) for one in chosen}


@given(matches=matchings(is_whole=False), key=matchings(is_whole=True), data=st.data())
def test_pairs_are_taken_whole_or_in_part_in_any_order_and_only_the_whole_key_is_right(
    matches: dict[str, str], key: dict[str, str], data: st.DataObject
) -> None:
    pairs = [one + other for one, other in matches.items()]
    sent = data.draw(st.permutations(pairs))
    stored = check_response(kind="matching", option_ids=PAIRED, blanks=0, response=sent)
    assert stored == sorted(pairs)
    marked = mark(
        kind="matching",
        key=[one + other for one, other in key.items()],
        response=stored,
        points_hundredths=300,
    )
    assert (marked.is_right, marked.points_hundredths) == (matches == key, 300 if matches == key else 0)


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (["A1", "A2"], "repeated_option"),
        (["A1", "A1"], "repeated_option"),
        (["A4"], "unknown_option"),
        (["D1"], "unknown_option"),
        (["A"], "unknown_option"),
        (["1"], "unknown_option"),
        (["1A"], "unknown_option"),
        (["AB"], "unknown_option"),
        ([""], "unknown_option"),
        (["A01"], "unknown_option"),
        ([1], "not_a_list"),
        ({"A": "1"}, "not_a_list"),
    ],
)
def test_bad_pairs_are_refused_with_their_code(response: Any, code: str) -> None:
    with pytest.raises(BadResponse) as refusal:
        check_response(kind="matching", option_ids=PAIRED, blanks=0, response=response)
    assert refusal.value.code == code
