"""Entering a contest: fields checked, consent logged, one entry a person; and taking personal fields away again."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from quizapp.accounts.actions import record_consent
from quizapp.accounts.queries import latest_notice_version, unit_choices
from quizapp.accounts.rules import mask_name, normalise_name, normalise_phone
from quizapp.contests import queries, rules
from quizapp.contests.models import Contest, Entry
from quizapp.core.crypto import blind_index
from quizapp.core.db import add_if_new, db
from quizapp.core.errors import DomainError, Invalid, NotFound
from quizapp.core.i18n import _
from quizapp.core.throttle import count_try, forget_tries, seconds_to_wait

NICKNAME_LETTERS = 16
NAME_LETTERS = 32
PERSON_DIGITS = 32
RESUME_CODE = re.compile(r"[0-9]{6}")
RESUME_TRIES, RESUME_SECONDS = 10, 3600
RESUME_COUNTER = "contests.resume"
ENTRY_KEY_LETTERS = 16
"""An entry key that is shorter could be guessed, and counts as none."""
ANONYMOUS = "***"
"""What boards show once a person's fields are gone."""


class ContestClosed(DomainError):
    """The contest is over; nobody new can enter."""

    status, code = 403, "contest_closed"

    def message(self) -> str:
        return _("竞赛已经结束，不能再报名。")


class ConsentRequired(DomainError):
    """Nothing may be stored before the present privacy notice was agreed to."""

    status, code = 422, "consent_required"

    def message(self) -> str:
        return _("请先阅读并同意最新的隐私说明。")


class ResumeCodeRequired(DomainError):
    """This person has entered before; the code shown then proves that it is the same one."""

    status, code = 401, "resume_code_required"

    def message(self) -> str:
        return _("这些信息已经报过名。如果是您本人，请输入首次报名时显示的六位续答码；忘记了请联系主办单位。")


class TooManyTries(DomainError):
    """Too many resume codes were tried for one person."""

    status, code = 429, "too_many_requests"
    retry_after: int | None = RESUME_SECONDS

    def message(self) -> str:
        return _("续答码试的次数太多，请过一小时再试。")


class EntryDeleted(DomainError):
    """The person's fields were deleted, by wish or in due time; there is nothing left to prove identity by."""

    status, code = 403, "entry_deleted"

    def message(self) -> str:
        return _("这份报名资料已按本人要求或保存期限删除，不能再次参加这场竞赛。")


@dataclass(frozen=True, slots=True)
class Entered:
    entry: Entry
    resume_code: str | None
    """Six digits to be shown now, never again; None for nickname entries and for those who came back."""
    is_new: bool


@dataclass(frozen=True, slots=True)
class _Fields:
    """Checked fields of an entry."""

    name: str
    masked_name: str
    phone: str | None = None
    unit_id: int | None = None
    audience: str | None = None


def enter(
    *,
    contest: Contest,
    fields: Mapping[str, str],
    notice_version: str,
    resume_code: str | None,
    now: datetime,
    entry_key: str | None = None,
) -> Entered:
    """Enter a person, or let one who entered before come back with the resume code.

    `entry_key` is a random text that the browser made and keeps: the same entry sent again with it, because
    the reply was lost, is not refused but gets a new resume code in place of the one nobody saw.
    Raises NotFound (a draft), Invalid (names each bad field), ConsentRequired, ContestClosed (new entries
    only), ResumeCodeRequired (also for a wrong code), TooManyTries, EntryDeleted.
    """
    if not contest.is_published:
        raise NotFound
    checked = _check(contest, fields)
    if notice_version != latest_notice_version():
        raise ConsentRequired
    key = entry_key if entry_key and len(entry_key) >= ENTRY_KEY_LETTERS else None
    person = _person(contest, checked, key)
    if queries.stage_of(contest, now=now) != "closed":
        entered = _enter_new(contest, checked, person, key, now)
        if entered is not None:
            record_consent(subject=person, purpose=f"contest:{contest.id}", notice_version=notice_version, now=now)
            return entered
    entry = queries.get_entry(contest_id=contest.id, person=person)
    if entry is None:
        raise ContestClosed
    return _repeat(entry, key) or _come_back(entry, resume_code)


def _enter_new(contest: Contest, checked: _Fields, person: str, key: str | None, now: datetime) -> Entered | None:
    """A first entry; None where the table's unique person says that there is one, if only since a moment ago."""
    entry = Entry(
        contest_id=contest.id,
        person=person,
        shard=contest.shards.of(person).number,
        name=checked.name,
        phone=checked.phone,
        masked_name=checked.masked_name,
        unit_id=checked.unit_id,
        audience=checked.audience,
        entry_key_hash=_key_hash(key) if key else None,
        entered_at=now,
    )
    code = _give_code(entry) if contest.entry_mode == "form" else None
    return Entered(entry, code, is_new=True) if add_if_new(entry) else None


def _repeat(entry: Entry, key: str | None) -> Entered | None:
    """The entry again for the browser that made it; None for any other."""
    if key is None or entry.entry_key_hash is None or entry.anonymised_at is not None:
        return None
    if not hmac.compare_digest(_key_hash(key), entry.entry_key_hash):
        return None
    code = _give_code(entry) if entry.resume_code_hash else None
    db.session.flush()
    return Entered(entry, code, is_new=False)


def _give_code(entry: Entry) -> str:
    code = f"{secrets.randbelow(10**6):06d}"
    entry.resume_code_hash = _code_hash(entry.contest_id, entry.person, code)
    return code


def _key_hash(key: str) -> str:
    return blind_index("contests.entry_key", key)


def _come_back(entry: Entry, resume_code: str | None) -> Entered:
    if entry.anonymised_at is not None or entry.resume_code_hash is None:
        raise EntryDeleted
    if not resume_code:
        raise ResumeCodeRequired
    _count_try(entry.person)
    code = rules.ascii_digits(resume_code)
    is_right = RESUME_CODE.fullmatch(code) is not None and hmac.compare_digest(
        _code_hash(entry.contest_id, entry.person, code), entry.resume_code_hash
    )
    if not is_right:
        raise ResumeCodeRequired
    forget_tries(name=RESUME_COUNTER, subject=entry.person, times=RESUME_TRIES, seconds=RESUME_SECONDS)
    return Entered(entry, None, is_new=False)


def _count_try(person: str) -> None:
    counter = {"name": RESUME_COUNTER, "subject": person}
    if not count_try(**counter, times=RESUME_TRIES, seconds=RESUME_SECONDS):
        refusal = TooManyTries()
        refusal.retry_after = seconds_to_wait(**counter, times=RESUME_TRIES, seconds=RESUME_SECONDS)
        raise refusal


def _code_hash(contest_id: int, person: str, code: str) -> str:
    return blind_index("contests.resume_code", f"{contest_id} {person} {code}")


def _person(contest: Contest, checked: _Fields, key: str | None) -> str:
    """32 hex digits: by the phone number if it is asked for, else by name, unit and group together.

    A nickname says nothing of who it is: its person is random, or made of the browser's entry key so that
    an entry sent twice is one. The contest is part of it, so that nobody can be followed from one contest
    to another.
    """
    if contest.entry_mode == "nickname":
        return blind_index(f"contests.person {contest.id}", key or secrets.token_hex())[:PERSON_DIGITS]
    identity = checked.phone or f"{checked.name}\x1f{checked.unit_id or ''}\x1f{checked.audience or ''}"
    return blind_index(f"contests.person {contest.id}", identity)[:PERSON_DIGITS]


def _check(contest: Contest, fields: Mapping[str, str]) -> _Fields:
    """The fields that the contest asks for, checked and in canonical form; others are ignored."""
    if contest.entry_mode == "nickname":
        wrong: dict[str, str] = {}
        nickname = _read(wrong, "nickname", lambda: _clean(fields.get("nickname", ""), NICKNAME_LETTERS))
        if wrong:
            raise Invalid(wrong)
        return _Fields(name=nickname, masked_name=nickname)
    return _check_form(contest, fields)


class _Refused(Exception):
    """A field's text is refused; the message is for the person who wrote it."""


def _check_form(contest: Contest, fields: Mapping[str, str]) -> _Fields:
    wrong: dict[str, str] = {}
    asked = contest.entry_fields
    name = _read(wrong, "name", lambda: _name(fields.get("name", "")))
    phone = _read(wrong, "phone", lambda: _phone(fields.get("phone", ""))) if "phone" in asked else None
    unit_id = _read(wrong, "unit", lambda: _unit(contest, fields.get("unit", ""))) if "unit" in asked else None
    audience = (
        _read(wrong, "audience", lambda: _audience(contest, fields.get("audience", "")))
        if "audience" in asked
        else None
    )
    if wrong:
        raise Invalid(wrong)
    return _Fields(
        name=name,
        masked_name=mask_name(name),
        phone=phone,
        unit_id=int(unit_id) if unit_id else None,
        audience=audience,
    )


def _read(wrong: dict[str, str], field: str, read: Callable[[], str]) -> str:
    try:
        return read()
    except _Refused as refusal:
        wrong[field] = str(refusal)
        return ""


def _clean(text: str, letters: int) -> str:
    try:
        return rules.clean_name(text, letters=letters)
    except rules.BadName as refusal:
        raise _Refused(
            {
                "empty": _("请填写。"),
                "too_long": _("最多 %(letters)s 个字。", letters=str(letters)),
                "bad_characters": _("含有不能显示的字符，请重新输入。"),
            }[refusal.code]
        ) from None


def _name(text: str) -> str:
    return _clean(normalise_name(_clean(text, NAME_LETTERS)), NAME_LETTERS)


def _phone(text: str) -> str:
    if not text.strip():
        raise _Refused(_("请填写手机号。"))
    phone = normalise_phone(text)
    if phone is None:
        raise _Refused(_("手机号应为 11 位数字，以 1 开头，请检查。"))
    return phone


def _unit(contest: Contest, text: str) -> str:
    if text not in {str(unit_id) for unit_id, _path in unit_choices(root_id=contest.unit_root_id)}:
        raise _Refused(_("请从列表中选择单位。"))
    return text


def _audience(contest: Contest, text: str) -> str:
    if text not in contest.audience_groups:
        raise _Refused(_("请从列表中选择人群。"))
    return text


def anonymise(*, entry: Entry, now: datetime) -> None:
    """Take away what tells who an entry was; the person's attempts, unit and group stay for the statistics.

    Doing it twice changes nothing.
    """
    if entry.anonymised_at is not None:
        return
    entry.name = entry.phone = entry.resume_code_hash = entry.entry_key_hash = None
    entry.masked_name = ANONYMOUS
    entry.anonymised_at = now
    db.session.flush()
