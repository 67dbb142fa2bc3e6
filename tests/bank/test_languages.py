from __future__ import annotations

import pytest

from quizapp.bank.languages import LANGUAGES, direction_of, is_language, name_of


@pytest.mark.parametrize(
    ("code", "direction"),
    [
        ("ug", "rtl"),
        ("ug-Latn", "ltr"),
        ("kk-Arab", "rtl"),
        ("kk", "ltr"),
        ("ar-EG", "rtl"),
        ("bo", "ltr"),
        ("mn-Mong", "ltr"),
        ("en", "ltr"),
        ("", "ltr"),
    ],
)
def test_script_decides_before_the_language(code: str, direction: str) -> None:
    assert direction_of(code) == direction


def test_language_is_called_by_its_own_name() -> None:
    assert name_of("ug") == "ئۇيغۇرچە"
    assert name_of("en-GB") == "English"
    assert name_of("xx") == "xx"


@pytest.mark.parametrize(("code", "is_one"), [("mn-Mong", True), ("en-GB", True), ("中文", False), ("a", False)])
def test_code_is_told_from_other_text(code: str, is_one: bool) -> None:
    assert is_language(code) is is_one


def test_every_language_offered_has_a_good_code() -> None:
    assert all(map(is_language, LANGUAGES))
