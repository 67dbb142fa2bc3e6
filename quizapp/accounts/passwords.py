"""Password hashes: argon2id, only a few at a time.

Parameters are OWASP's least ones of 2023 (m=19456 KiB, t=2, p=1): about 20 ms of one core. A hash is slow by
design, so no more than `AT_ONCE` run in one process; whoever waits longer than `WAIT_SECONDS` is asked to come
again, and the answers of a contest keep the rest of the machine.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from quizapp.accounts.strength import MOST_LETTERS, normalise
from quizapp.core.errors import StoreUnavailable
from quizapp.core.i18n import _

AT_ONCE = 2
WAIT_SECONDS = 2.0
# No letters that look alike: people copy it from a screen.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"

_hasher = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19456, parallelism=1),))
_places = threading.BoundedSemaphore(AT_ONCE)


class TooManyAtOnce(StoreUnavailable):
    """So many people sign in at this moment that one more would slow everybody down."""

    code = "busy"

    def message(self) -> str:
        return _("此刻登录的人太多，请过几秒再试一次。")


def hash_password(password: str) -> str:
    with _one_of_few():
        return _hasher.hash(normalise(password))


def verify(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Whether a password is the stored one, and a new hash when the parameters have risen since.

    Without a stored hash (an unknown name) the same work is done on a hash of nobody's password.
    """
    given = normalise(password[: MOST_LETTERS + 1])
    nobody = _nobody()
    with _one_of_few():
        is_right, renewed = _hasher.verify_and_update(given, stored or nobody)
    return (is_right and stored is not None), renewed


def random_password() -> str:
    """Four groups of four letters and digits with about 79 bits of chance, easy to read out."""
    return "-".join("".join(secrets.choice(ALPHABET) for _place in range(4)) for _group in range(4))


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _hasher.hash(secrets.token_hex(16))


@contextmanager
def _one_of_few() -> Iterator[None]:
    if not _places.acquire(timeout=WAIT_SECONDS):
        raise TooManyAtOnce
    try:
        yield
    finally:
        _places.release()
