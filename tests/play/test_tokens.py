from __future__ import annotations

import dataclasses
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from flask import Flask

from quizapp.app import create_app
from quizapp.core.settings import Settings
from quizapp.play import tokens

ENTRY = tokens.EntryToken(7, 0, "ab" * 16, "张*", 2_000)
ATTEMPT = tokens.AttemptToken(7, 0, "ab" * 16, "x" * 22, 1, 2_000)


def test_a_token_comes_back_whole(app: Flask) -> None:
    assert tokens.read_entry(tokens.sign(ENTRY), now_ms=1_999) == ENTRY
    assert tokens.read_attempt(tokens.sign(ATTEMPT), now_ms=1_999) == ATTEMPT


def test_a_token_ends(app: Flask) -> None:
    with pytest.raises(tokens.BadToken):
        tokens.read_entry(tokens.sign(ENTRY), now_ms=2_000)


def test_one_kind_of_token_is_not_taken_for_the_other(app: Flask) -> None:
    with pytest.raises(tokens.BadToken):
        tokens.read_entry(tokens.sign(ATTEMPT), now_ms=0)
    with pytest.raises(tokens.BadToken):
        tokens.read_attempt(tokens.sign(ENTRY), now_ms=0)


def test_no_changed_bit_passes(app: Flask) -> None:
    payload, _dot, signature = tokens.sign(ENTRY).partition(".")
    raw = urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(tokens.BadToken):
            tokens.read_entry(f"{urlsafe_b64encode(changed).decode()}.{signature}", now_ms=0)


@pytest.mark.parametrize("text", ["", ".", "a.b", "é.é", "x" * 5000, "lQEA.lQEA", "..", "\x00"])
def test_nonsense_is_no_token(app: Flask, text: str) -> None:
    with pytest.raises(tokens.BadToken):
        tokens.read_entry(text, now_ms=0)


def test_a_token_outlives_the_change_of_the_secret_key(app: Flask, settings: Settings) -> None:
    signed = tokens.sign(ENTRY)
    renewed = dataclasses.replace(
        settings, secret_key="another-secret-key-0123456789-abcdefgh", secret_key_fallbacks=(settings.secret_key,)
    )
    with create_app(renewed).app_context():
        assert tokens.read_entry(signed, now_ms=0) == ENTRY
    stranger = dataclasses.replace(settings, secret_key="another-secret-key-0123456789-abcdefgh")
    with create_app(stranger).app_context(), pytest.raises(tokens.BadToken):
        tokens.read_entry(signed, now_ms=0)
