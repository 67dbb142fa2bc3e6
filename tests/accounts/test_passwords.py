"""Password hashes."""

from __future__ import annotations

import re
import threading

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from quizapp.accounts import passwords


def test_hashes_are_argon2id_with_the_parameters_asked_for() -> None:
    assert re.match(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$", passwords.hash_password("一只青蛙 jumps"))


def test_one_letter_more_is_another_password_also_at_the_end_of_a_long_one() -> None:
    longest = "x1" * 64
    stored = passwords.hash_password(longest)
    assert passwords.verify(longest, stored)[0]
    assert not passwords.verify(longest + "x", stored)[0]


def test_a_keyboard_that_composes_letters_otherwise_gets_in() -> None:
    stored = passwords.hash_password("caf\u00e9 au lait")
    assert passwords.verify("cafe\u0301 au lait", stored)[0]


def test_weaker_hashes_of_old_are_renewed() -> None:
    old = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)).hash("old password")
    is_right, renewed = passwords.verify("old password", old)
    assert is_right and renewed and "m=19456,t=2,p=1" in renewed


def test_an_unknown_name_costs_one_verification_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    plain = passwords._hasher.verify_and_update

    def watch(password: str, stored: str) -> tuple[bool, str | None]:
        seen.append(stored)
        return plain(password, stored)

    monkeypatch.setattr(passwords._hasher, "verify_and_update", watch)
    assert passwords.verify("whatever it is", None) == (False, None)
    assert not passwords.verify("whatever it is", passwords.hash_password("something else"))[0]
    assert ["m=19456,t=2,p=1" in stored for stored in seen] == [True, True]


def test_only_a_few_are_hashed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(passwords, "_places", threading.BoundedSemaphore(1))
    with passwords._one_of_few(), pytest.raises(passwords.TooManyAtOnce) as refused:
        passwords.hash_password("any password")
    assert refused.value.status == 503 and refused.value.retry_after
