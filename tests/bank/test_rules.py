"""Responses are checked and marked."""

from __future__ import annotations

from typing import Any

import pytest

from quizapp.bank.rules import BadResponse, check_response, is_right, mark, normalise_text, stem_hash

OPTIONS = ("A", "B", "C", "D")


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


def test_stems_that_differ_in_punctuation_hash_alike() -> None:
    assert stem_hash("宪法 第二条（ ）。") == stem_hash("宪法第二条()")
    assert stem_hash("宪法第二条") != stem_hash("宪法第三条")
