"""Who is signed in, for how long, and who may open a page.

The session's cookie carries the account's random token (renewing it ends all sessions of the account), a random
id of its own (signing out ends that one), the moment of signing in and the last moment of use.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ParamSpec, cast

from flask import Flask, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user
from sqlalchemy import exists, select

from quizapp.accounts.actions import session_digest
from quizapp.accounts.models import EndedSession, User
from quizapp.core.clock import from_ms, to_ms, utc_now
from quizapp.core.db import READING_METHODS, db
from quizapp.core.errors import NotAllowed
from quizapp.core.logs import get_logger
from quizapp.core.web import here

P = ParamSpec("P")

IDLE = timedelta(hours=2)
ABSOLUTE = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=5)
"""The cookie is written anew at most so often, not with each page."""
OPEN_WHILE_PASSWORD_MUST_CHANGE = ("accounts.own_password", "accounts.sign_out")

log = get_logger("accounts")
manager = LoginManager()
manager.session_protection = None
manager.user_loader(lambda token: load_staff(token, now=utc_now()))


def init_app(app: Flask) -> None:
    """Like `manager.init_app`, but without its look at the session after every response.

    That look would mark all responses as varying by cookie, also the cacheable ones of participants.
    """
    app.login_manager = manager  # type: ignore[attr-defined]
    app.context_processor(lambda: {"current_user": current_user})


def require(*roles: str) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Open a page to signed-in staff of these roles (none named: to all staff); administrators may open all.

    Who is not signed in is sent to sign in and back; who has another role gets NotAllowed.
    """

    def decorate(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @functools.wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if not current_user.is_authenticated:
                return redirect(url_for("accounts.sign_in", next=_way_back()), 303)
            staff = current_staff()
            if staff.must_change_password and request.endpoint not in OPEN_WHILE_PASSWORD_MUST_CHANGE:
                return redirect(url_for("accounts.own_password"), 303)
            if roles and not staff.has_role(*roles):
                log.warning("access_denied", actor=staff.name, endpoint=request.endpoint)
                raise NotAllowed
            return view(*args, **kwargs)

        return checked

    return decorate


def current_staff() -> User:
    """The member of staff who is signed in; only for pages behind `require`."""
    return cast(User, current_user._get_current_object())


def session_fields(user: User, *, now: datetime) -> dict[str, object]:
    """What the cookie of a new session carries."""
    moment = to_ms(now)
    return {"_user_id": user.get_id(), "session_id": secrets.token_urlsafe(16), "since": moment, "seen": moment}


def begin_session(user: User, *, now: datetime) -> None:
    """Start a session for a user who has just shown who they are; nothing of the session before stays."""
    session.clear()
    session.update(session_fields(user, now=now))


@dataclass(frozen=True, slots=True)
class Pass:
    """What a session's cookie says, for what goes on after its request: see `still_opens`."""

    token: str
    session_id: str
    since: int


def current_pass() -> Pass:
    """The pass of who is signed in; only for pages behind `require`."""
    return Pass(session["_user_id"], session["session_id"], session["since"])


def still_opens(held: Pass, *roles: str, now: datetime) -> bool:
    """Whether a page of these roles would still open to the holder: they still work here, and did not sign out."""
    user = _find_staff(held.token, held.session_id)
    is_theirs = user is not None and user.has_role(*roles) and not user.must_change_password
    return is_theirs and now - from_ms(held.since) < ABSOLUTE


def load_staff(token: str, *, now: datetime) -> User | None:
    """The active user of the current session's token, or None when it has ended in any way."""
    since, seen, session_id = session.get("since"), session.get("seen"), session.get("session_id")
    if not (isinstance(since, int) and isinstance(seen, int) and isinstance(session_id, str)):
        return None
    if now - from_ms(since) >= ABSOLUTE or now - from_ms(seen) >= IDLE:
        return None
    user = _find_staff(token, session_id)
    if user and now - from_ms(seen) >= SEEN_EVERY:
        session["seen"] = to_ms(now)
    return user


def _find_staff(token: str, session_id: str) -> User | None:
    has_ended = exists().where(EndedSession.id == session_digest(session_id))
    return db.session.scalar(select(User).where(User.session_token == token, User.is_active, ~has_ended))


def _way_back() -> str:
    """Where to go after signing in: this page, but not the address of a form that was being sent."""
    if request.method not in READING_METHODS:
        return url_for("admin.desk")
    return here()
