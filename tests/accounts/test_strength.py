"""Which passwords are refused."""

from __future__ import annotations

import time

import pytest

from quizapp.accounts.passwords import random_password
from quizapp.accounts.strength import find_weakness


@pytest.mark.parametrize(
    ("password", "weakness"),
    [
        ("k7x-29f", "too_short"),
        ("k" * 7, "too_short"),
        ("好" * 129, "too_long"),
        ("ab\ud800cdefgh", "unreadable"),
        ("11111111", "repeats"),
        ("abababab", "repeats"),
        ("a1a1a1a1a1a1", "repeats"),
        ("好好好好好好好好", "repeats"),
        ("12345678", "sequence"),
        ("87654321", "sequence"),
        ("a12345678", "sequence"),
        ("qwertyui", "sequence"),
        ("1qaz2wsx", "sequence"),
        ("1q2w3e4r", "sequence"),
        ("password", "common"),
        ("Password1", "common"),
        ("P@ssw0rd!", "common"),
        ("admin@2024", "common"),
        ("woaini1314", "common"),
        ("13812345678", "common"),
        ("19850612", "common"),
        ("wang19850612", "common"),
        ("5201314a", "common"),
        ("QuizApp2026", "context"),
        ("sifaju123", "context"),
        ("普法竞赛普法竞赛", "repeats"),
        ("知识竞赛2026！", "context"),
        ("olga-1234", "context"),
        ("红旗区司法局2026", "context"),
    ],
)
def test_refuses_what_anybody_would_try(password: str, weakness: str) -> None:
    assert find_weakness(password, names=("olga", "红旗区司法局")) == weakness


@pytest.mark.parametrize(
    "password",
    [
        "k7x-29fz",
        "correct horse battery",
        "一只青蛙跳过七座山头",
        "   leading and trailing   ",
        "tr0ub4dor&3",
        "\t\x00 anything 🐸 goes",
        "夏天1的西瓜_最甜",
        "x7" + "k9fQz-" * 21,
        "my dog hates password rules",
    ],
)
def test_takes_any_characters_in_any_mixture(password: str) -> None:
    assert find_weakness(password, names=("olga",)) is None


def test_takes_its_own_random_passwords() -> None:
    made = {random_password() for _number in range(300)}
    assert len(made) == 300
    assert not [password for password in made if find_weakness(password, names=("olga",))]


@pytest.mark.parametrize("password", ["a" * 128, "1_" * 64, "!" * 127 + "a", "é\u0301" * 64, "ab1" * 42])
def test_decides_in_no_time(password: str) -> None:
    began = time.perf_counter()
    find_weakness(password, names=("a" * 64,) * 5)
    assert time.perf_counter() - began < 0.05
