"""Signing in with a password: the same work and the same refusal whatever was wrong, and not too many tries.

Tries are counted in three ways, each over a span that begins with its first try and then is over, so that nobody
is ever locked out for good:
- by account, for browsers that never signed in to it: who guesses from everywhere stops at `TRIES` a span;
- by browser, for those that did (a signed cookie says so): the owner gets in while others guess;
- by network, whatever the name: who tries many names stops too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select

from quizapp.accounts import passwords
from quizapp.accounts.models import User
from quizapp.accounts.rules import normalise_sign_in_name
from quizapp.core.db import db, reading, release
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _
from quizapp.core.logs import get_logger
from quizapp.core.throttle import count_try, forget_tries, network_of, seconds_to_wait

SPAN_SECONDS = 15 * 60
TRIES = 10
NETWORK_TRIES = 100

log = get_logger("accounts")


class WrongSignIn(DomainError):
    """Unknown name, wrong password or disabled account: nobody is told which."""

    status, code = 401, "wrong_sign_in"

    def message(self) -> str:
        return _("登录名或密码不对，或者账号已停用。请检查后再试；忘记密码请联系管理员重置。")


class TooManyTries(DomainError):
    """The tries of this span are used up; `retry_after` seconds from now a new one begins."""

    status, code = 429, "too_many_tries"

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after

    def message(self) -> str:
        minutes = -(-(self.retry_after or 1) // 60)
        return _("尝试的次数太多，请过 %(minutes)s 分钟再试。账号没有被锁定，到时即可照常登录。", minutes=minutes)


@dataclass(frozen=True, slots=True)
class Counter:
    """One of the three ways to count a try."""

    name: str
    subject: str
    times: int

    def count(self) -> None:
        if not count_try(name=self.name, subject=self.subject, times=self.times, seconds=SPAN_SECONDS):
            log.warning("sign_in_throttled", counter=self.name)
            wait = seconds_to_wait(name=self.name, subject=self.subject, times=self.times, seconds=SPAN_SECONDS)
            raise TooManyTries(wait)

    def forget(self) -> None:
        forget_tries(name=self.name, subject=self.subject, times=self.times, seconds=SPAN_SECONDS)


def authenticate(*, name: str, password: str, address: str, device: str | None, now: datetime) -> User:
    """Return the active user with this name and password; raise WrongSignIn, TooManyTries or TooManyAtOnce.

    `address` is the network address of the request; `device` the id of a browser that has signed in to this very
    account before, else None.
    """
    normal = normalise_sign_in_name(name)
    own = _own_counter(normal, device)
    Counter("accounts-network", network_of(address), NETWORK_TRIES).count()
    own.count()
    with reading():
        stored = db.session.execute(select(User.password_hash, User.is_active).where(User.name == normal)).one_or_none()
    release()
    is_right, renewed = passwords.verify(password, stored.password_hash if stored else None)
    if not (is_right and stored and stored.is_active):
        # A name nobody has is not logged: people type passwords into the wrong field.
        log.warning("sign_in_failed", account=normal if stored else "unknown")
        raise WrongSignIn
    user = db.session.scalars(select(User).where(User.name == normal)).one()
    user.last_sign_in_at = now
    user.password_hash = renewed or user.password_hash
    own.forget()
    log.info("signed_in", actor=user.name)
    return user


def check_own_password(*, user: User, password: str) -> None:
    """Raise WrongSignIn unless this is the password of the person who is signed in; tries are counted."""
    counter = Counter("accounts-own", str(user.id), TRIES)
    counter.count()
    if not passwords.verify(password, user.password_hash)[0]:
        log.warning("own_password_wrong", actor=user.name)
        raise WrongSignIn
    counter.forget()


def _own_counter(name: str, device: str | None) -> Counter:
    if device:
        return Counter("accounts-browser", device, TRIES)
    return Counter("accounts-name", _short_digest(name), TRIES)


def _short_digest(name: str) -> str:
    """What stands for a typed name in a counter: it may be long, or a password in the wrong field."""
    return sha256(name.encode(errors="replace")).hexdigest()[:16]
