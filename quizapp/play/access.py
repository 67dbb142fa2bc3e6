"""Who is asking: a program's bearer token, or the browser's cookie of a contest with the CSRF header.

The entry's cookie is HttpOnly and same-site; each contest has its own. A call that changes something and is
known by its cookie alone must carry the page's CSRF token, so that no other site can make it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flask import Response, current_app, request, session
from flask_wtf.csrf import CSRFError, validate_csrf
from wtforms.validators import ValidationError

from quizapp.contests.models import Contest, Entry
from quizapp.core.clock import to_ms
from quizapp.core.db import READING_METHODS
from quizapp.core.errors import DomainError, Invalid, NotFound, StoreUnavailable
from quizapp.core.i18n import _
from quizapp.core.live import get_live
from quizapp.core.settings import get_settings
from quizapp.core.throttle import count_try, network_of
from quizapp.play import tokens
from quizapp.play.papers import paper_of
from quizapp.play.state import Recovering, Shard

DAY_MS = 24 * 3600 * 1000
KEEP_DAYS = 180
"""A token is good for so long after the end of its contest, for looking at the own result."""
NETWORK_LIMITS = {"visits": 6000, "entries": 3000}
"""Calls of one network in a minute. A school of 2,000 phones behind it gets in within the minute of the opening, each
with three pages of the contest, and every second form sent twice; a flood is refused."""
BEGINS, BEGIN_SECONDS = 120, 10
"""So many begins of one person in so many seconds; see `limit_begins`."""
CSRF_HEADERS = ("X-CSRF-Token", "X-CSRFToken")
BEGIN_KEY = re.compile(r"[\x21-\x7e]{1,64}")
COOKIE = re.compile(r"(?:__Host-)?entry-(\d{1,12})")


class EntryRequired(DomainError):
    """No token, or one that is not valid here: enter the contest first."""

    status, code = 401, "entry_required"

    def message(self) -> str:
        return _("请先在竞赛页面报名，再开始答题。")


class TooManyRequests(DomainError):
    """More calls of a kind than a school full of phones makes from one address, or a phone for one person."""

    status, code = 429, "too_many_requests"
    retry_after: int | None = 30

    def message(self) -> str:
        return _("操作太频繁，请稍候再试。")


def limit_network(name: str) -> None:
    """Count a call of this network; raises TooManyRequests. When calls cannot be counted they are let through."""
    if not _count(name=name, subject=network_of(request.remote_addr or ""), times=NETWORK_LIMITS[name], seconds=60):
        raise TooManyRequests


def _count(*, name: str, subject: str, times: int, seconds: int) -> bool:
    try:
        return count_try(name=f"play.{name}", subject=subject, times=times, seconds=seconds)
    except StoreUnavailable:
        return True


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody who has entered a contest."""

    shard: Shard
    person: str
    name: str
    token: str
    expires_ms: int


def limit_begins(participant: Participant) -> None:
    """Count a begin of this person; raises TooManyRequests. When begins cannot be counted they are let through.

    Who waits in the queue begins again every 3 to 20 s (rules.retry_after), and loses the place after 60 s unheard.
    The 2,000 phones of a school make up to 9,600 such begins a minute from one address, and those of a mobile operator
    more: counted by address they would be refused and lose their places. So each person is counted alone. A phone makes
    at most 4 begins in 10 s, forty devices of one person that come at the same moment 40; who is refused comes back
    after 10 to 15 s, when the count has begun anew, and keeps the place. Strangers need no count: without a token they
    are refused before anything is looked up. A flood takes many people, and an address can enter 3,000 a minute.
    """
    subject = f"{participant.shard.contest_id} {participant.person}"
    if not _count(name="begins", subject=subject, times=BEGINS, seconds=BEGIN_SECONDS):
        refusal = TooManyRequests()
        refusal.retry_after = BEGIN_SECONDS
        raise refusal


def wait_ms() -> int:
    """How long phones may send again after an outage."""
    return int(current_app.config["PLAY_OUTAGE_WAIT_MS"])


def issue_entry(*, contest: Contest, entry: Entry) -> Participant:
    """The participant that an entry makes, with a new token."""
    expires_ms = to_ms(contest.closes_at) + KEEP_DAYS * DAY_MS
    token = tokens.EntryToken(contest.id, entry.shard, entry.person, entry.masked_name, expires_ms)
    return Participant(Shard(contest.id, entry.shard), entry.person, entry.masked_name, tokens.sign(token), expires_ms)


def issue_attempt(*, participant: Participant, attempt_id: str, kit: int) -> str:
    """The token of an attempt, for its owner."""
    shard = participant.shard
    return tokens.sign(
        tokens.AttemptToken(shard.contest_id, shard.number, participant.person, attempt_id, kit, participant.expires_ms)
    )


def cookie_name(contest_id: int) -> str:
    return f"__Host-entry-{contest_id}" if get_settings().is_https else f"entry-{contest_id}"


def remember(response: Response, participant: Participant, *, now: datetime, resume_code: str | None = None) -> None:
    """Let this browser be known as the participant, and show a new resume code until the first begin."""
    drop_resume_code(participant.shard.contest_id)
    if resume_code:
        session[_code_name(participant.shard.contest_id)] = resume_code
    response.set_cookie(
        cookie_name(participant.shard.contest_id),
        participant.token,
        max_age=min(400 * DAY_MS, participant.expires_ms - to_ms(now)) // 1000,
        httponly=True,
        secure=get_settings().is_https,
        samesite="Lax",
        path="/",
    )


def resume_code_to_show(contest_id: int) -> str | None:
    """The resume code of an entry of this browser that has begun nothing yet."""
    code: str | None = session.get(_code_name(contest_id))
    return code


def drop_resume_code(contest_id: int) -> None:
    session.pop(_code_name(contest_id), None)


def _code_name(contest_id: int) -> str:
    return f"resume_code_{contest_id}"


def forget(response: Response, *, contest_id: int) -> None:
    """Let this browser be nobody in a contest again."""
    drop_resume_code(contest_id)
    response.delete_cookie(
        cookie_name(contest_id), path="/", httponly=True, secure=get_settings().is_https, samesite="Lax"
    )


def participant_by_cookie(contest_id: int, *, now: datetime) -> Participant | None:
    """Whom this browser is known as in a contest, for pages; None for nobody."""
    text = request.cookies.get(cookie_name(contest_id), "")
    participant = _participant(text, now) if text else None
    return participant if participant and participant.shard.contest_id == contest_id else None


def require_participant(contest_id: int, *, now: datetime) -> Participant:
    """Who calls about a contest; raises EntryRequired, and CSRFError for a changing call by cookie alone."""
    bearer = _bearer()
    if bearer is not None:
        participant = _participant(bearer, now)
    else:
        participant = participant_by_cookie(contest_id, now=now)
        if participant is not None:
            _require_csrf()
    if participant is None or participant.shard.contest_id != contest_id:
        raise EntryRequired
    return participant


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody with an attempt that was found to be theirs."""

    shard: Shard
    person: str


def require_owner(attempt_id: str, *, now: datetime) -> Owner:
    """Who calls about an own attempt; somebody else's is not found.

    Raises EntryRequired, NotFound, Recovering, CSRFError.
    """
    bearer = _bearer()
    if bearer is None:
        return _owner_by_cookies(attempt_id, now)
    try:
        token = tokens.read_attempt(bearer, now_ms=to_ms(now))
    except tokens.BadToken:
        participant = _participant(bearer, now)
        if participant is None:
            raise EntryRequired from None
        return _require_own(participant, attempt_id)
    if token.attempt_id != attempt_id:
        raise NotFound
    return Owner(Shard(token.contest_id, token.shard), token.person)


def _owner_by_cookies(attempt_id: str, now: datetime) -> Owner:
    """A browser may be known in several contests; the attempt belongs to one of them."""
    participants = list(_participants_by_cookies(now))
    if not participants:
        raise EntryRequired
    _require_csrf()
    refusal: DomainError = NotFound()
    for participant in participants:
        try:
            return _require_own(participant, attempt_id)
        except NotFound:
            continue
        except Recovering as error:
            refusal = error
    raise refusal


def _participants_by_cookies(now: datetime) -> Iterator[Participant]:
    for name in request.cookies:
        found = COOKIE.fullmatch(name)
        participant = participant_by_cookie(int(found[1]), now=now) if found else None
        if participant:
            yield participant


def _require_own(participant: Participant, attempt_id: str) -> Owner:
    shard, person = participant.shard, participant.person
    paper_of(live=get_live(), shard=shard, attempt_id=attempt_id, person=person)
    return Owner(shard, person)


def _bearer() -> str | None:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _participant(text: str, now: datetime) -> Participant | None:
    try:
        entry = tokens.read_entry(text, now_ms=to_ms(now))
    except tokens.BadToken:
        return None
    return Participant(Shard(entry.contest_id, entry.shard), entry.person, entry.name, text, entry.expires_ms)


def _require_csrf() -> None:
    """Raise CSRFError for a changing call without the token that our own pages know."""
    if request.method in READING_METHODS:
        return
    token = next((request.headers[name] for name in CSRF_HEADERS if name in request.headers), None)
    try:
        validate_csrf(token)
    except ValidationError as error:
        raise CSRFError(str(error)) from error


def begin_key() -> str:
    """The Idempotency-Key of this call, "" without one; raises Invalid."""
    key = request.headers.get("Idempotency-Key", "")
    if key and not BEGIN_KEY.fullmatch(key):
        raise Invalid({"Idempotency-Key": _("Idempotency-Key 应为 1 到 64 个可见的 ASCII 字符。")})
    return key
