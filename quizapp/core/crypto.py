"""Personal fields at rest: AES-GCM columns, exact blind indexes, and keys derived from the installation's field key.

A stored value is `key id (1 byte) ‖ nonce (12) ‖ ciphertext`, bound to its table and column by the
associated data, so that a value copied into another column does not decrypt. A blind index is an
HMAC-SHA-256 of the normalised value: equal values are found, nothing else can be asked.
"""

from __future__ import annotations

import hmac
import os
from functools import lru_cache
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask, current_app
from sqlalchemy import LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from quizapp.core.settings import get_settings

KEY_ID = b"\x01"
NONCE_BYTES = 12


class WrongKey(Exception):
    """A stored value was written with a field key this installation does not have."""


def init_app(app: Flask, *, field_key: str, secret_key: str) -> None:
    app.extensions["quizapp.keys"] = (field_key, secret_key)


def token_key(purpose: str) -> bytes:
    """32 bytes for signing what leaves the house (tokens, links), one key a purpose."""
    return _derive(_keys()[1], purpose)


def token_keys(purpose: str) -> list[bytes]:
    """The keys by which a signature may have been made: today's first, then those it has replaced."""
    fallbacks = get_settings().secret_key_fallbacks
    return [token_key(purpose), *(_derive(key, purpose) for key in fallbacks)]


def blind_index(purpose: str, value: str) -> str:
    """64 hex digits that are equal for equal values of one purpose; the caller normalises the value."""
    return hmac.new(_derive(_keys()[0], f"index {purpose}"), value.encode(), sha256).hexdigest()


class EncryptedText(TypeDecorator[str]):
    """Text encrypted at rest; `label` is "table.column" and must never change once rows exist."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        if value is None:
            return None
        nonce = os.urandom(NONCE_BYTES)
        return KEY_ID + nonce + self._cipher().encrypt(nonce, value.encode(), self.label.encode())

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value[:1] != KEY_ID:
            raise WrongKey(self.label)
        nonce, ciphertext = value[1 : 1 + NONCE_BYTES], value[1 + NONCE_BYTES :]
        return self._cipher().decrypt(nonce, ciphertext, self.label.encode()).decode()

    def _cipher(self) -> AESGCM:
        return AESGCM(_derive(_keys()[0], f"field {self.label}"))


def _keys() -> tuple[str, str]:
    keys: tuple[str, str] = current_app.extensions["quizapp.keys"]
    return keys


@lru_cache(maxsize=256)
def _derive(key: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"quizapp " + purpose.encode()).derive(key.encode())
