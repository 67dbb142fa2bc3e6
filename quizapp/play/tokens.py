"""Signed tokens: who somebody is in a contest, and which attempt is theirs. Nothing is looked up to check one.

`<payload>.<signature>`: the payload is msgpack, the signature the first 128 bits of an HMAC-SHA-256 with a key of
its own for each kind of token, both in base64 without padding.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from hashlib import sha256
from typing import TypeVar

import msgspec

from quizapp.core.crypto import token_key, token_keys

SIGNATURE_BYTES = 16
ATTEMPT_ID_BYTES = 16
TOKEN_LETTERS = 1000
"""Longer texts are not looked at."""


def new_attempt_id() -> str:
    """128 random bits; letters, digits, - and _ only."""
    return secrets.token_urlsafe(ATTEMPT_ID_BYTES)


class BadToken(Exception):
    """A token that this installation did not sign, of another kind, or out of date."""


class EntryToken(msgspec.Struct, frozen=True, array_like=True):
    contest_id: int
    shard: int
    person: str
    name: str
    """As boards show it."""
    expires_ms: int


class AttemptToken(msgspec.Struct, frozen=True, array_like=True):
    contest_id: int
    shard: int
    person: str
    attempt_id: str
    kit: int
    expires_ms: int


Token = TypeVar("Token", EntryToken, AttemptToken)

_encoder = msgspec.msgpack.Encoder()
_entry_decoder = msgspec.msgpack.Decoder(EntryToken)
_attempt_decoder = msgspec.msgpack.Decoder(AttemptToken)
ENTRY, ATTEMPT = "play.entry_token", "play.attempt_token"


def sign(token: EntryToken | AttemptToken) -> str:
    purpose = ENTRY if isinstance(token, EntryToken) else ATTEMPT
    payload = _encoder.encode(token)
    return f"{_to_text(payload)}.{_to_text(_signature(token_key(purpose), payload))}"


def read_entry(text: str, *, now_ms: int) -> EntryToken:
    """The entry that a token proves; raises BadToken."""
    return _current(_decode(_entry_decoder, _verified(ENTRY, text)), now_ms)


def read_attempt(text: str, *, now_ms: int) -> AttemptToken:
    """The attempt that a token proves; raises BadToken."""
    return _current(_decode(_attempt_decoder, _verified(ATTEMPT, text)), now_ms)


def _verified(purpose: str, text: str) -> bytes:
    """The payload of a token whose signature is ours, written as we write it; raises BadToken."""
    if len(text) > TOKEN_LETTERS or not text.isascii():
        raise BadToken
    payload_text, _dot, signature_text = text.partition(".")
    try:
        payload, signature = _to_bytes(payload_text), _to_bytes(signature_text)
    except (BadBase64, ValueError):
        raise BadToken from None
    if text != f"{_to_text(payload)}.{_to_text(signature)}":
        raise BadToken
    if not any(hmac.compare_digest(_signature(key, payload), signature) for key in token_keys(purpose)):
        raise BadToken
    return payload


def _decode(decoder: msgspec.msgpack.Decoder[Token], payload: bytes) -> Token:
    try:
        return decoder.decode(payload)
    except msgspec.DecodeError:
        raise BadToken from None


def _current(token: Token, now_ms: int) -> Token:
    if now_ms >= token.expires_ms:
        raise BadToken
    return token


def _signature(key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, payload, sha256)[:SIGNATURE_BYTES]


def _to_text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _to_bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
