"""What changes staff, sessions, privacy notices and consents. Everything here flushes and never commits."""

from __future__ import annotations

import secrets
from datetime import datetime
from hashlib import sha256

from sqlalchemy import func, insert, select

from quizapp.accounts import audit, notice_text, passwords
from quizapp.accounts.models import ROLES, Consent, EndedSession, PrivacyNotice, User
from quizapp.accounts.rules import clean_line, is_sign_in_name, normalise_sign_in_name
from quizapp.accounts.strength import find_weakness
from quizapp.accounts.words import WEAKNESS_WORDS
from quizapp.core.db import db
from quizapp.core.errors import DomainError, Invalid
from quizapp.core.i18n import _

TOKEN_BYTES = 32
_insert_consent = insert(Consent)


class NameTaken(DomainError):
    """Another account has this sign-in name."""

    status, code = 409, "name_taken"

    def message(self) -> str:
        return _("这个登录名已经有人使用，请换一个。")


class WeakPassword(DomainError):
    """The password is too short, or among the first that anybody would try; `weakness` is a code of strength."""

    status, code = 422, "weak_password"

    def __init__(self, weakness: str) -> None:
        super().__init__({"weakness": weakness})
        self.weakness = weakness

    def message(self) -> str:
        return str(WEAKNESS_WORDS[self.weakness])


class LastAdministrator(DomainError):
    """Without this account nobody could manage the site."""

    status, code = 409, "last_administrator"

    def message(self) -> str:
        return _("这是最后一个可用的管理员账号，不能停用或改为其他角色。请先再设一位管理员。")


class OwnAccount(DomainError):
    """Role and state of one's own account are for another administrator to change."""

    status, code = 409, "own_account"

    def message(self) -> str:
        return _("不能更改自己的角色、停用自己或重置自己的密码，请由另一位管理员操作。")


class Outdated(DomainError):
    """Somebody changed the same thing since the page was opened."""

    status, code = 409, "outdated"

    def message(self) -> str:
        return _("您打开页面之后，别人已经改过这里，所以没有保存。请刷新页面，看过新的内容再改。")


def create_user(
    *,
    name: str,
    display_name: str,
    role: str,
    password: str,
    now: datetime,
    actor: User | None = None,
    must_change_password: bool = False,
) -> User:
    """Make an account; raise Invalid, NameTaken or WeakPassword."""
    name = check_sign_in_name(name)
    if role not in ROLES:
        raise Invalid({"role": _("请从管理员、组织者、审核员中选择一个角色。")})
    if db.session.scalar(select(User.id).where(User.name == name)):
        raise NameTaken
    check_password(password, names=(name, display_name))
    user = User(
        name=name,
        display_name=clean_line(display_name)[:64] or name,
        role=role,
        password_hash=passwords.hash_password(password),
        session_token=_new_token(),
        must_change_password=must_change_password,
        created_at=now,
    )
    db.session.add(user)
    db.session.flush()
    _note("create_user", user, {"role": role}, now=now, actor=actor)
    return user


def check_sign_in_name(name: str) -> str:
    """The name normalised; raise Invalid when it may not be an account's."""
    normal = normalise_sign_in_name(name)
    if not is_sign_in_name(normal):
        raise Invalid({"name": _("登录名须为 2 至 64 个字母、数字或汉字，中间可用 . _ - @，不能有空格。")})
    return normal


def check_password(password: str, *, names: tuple[str, ...]) -> None:
    weakness = find_weakness(password, names=names)
    if weakness:
        raise WeakPassword(weakness)


def set_password(
    *, user: User, password: str, now: datetime, actor: User | None, must_change_password: bool = False
) -> None:
    """Set a new password and end all sessions of the account; raise WeakPassword."""
    check_password(password, names=(user.name, user.display_name))
    user.password_hash = passwords.hash_password(password)
    user.must_change_password = must_change_password
    end_sessions(user)
    db.session.flush()
    _note("set_password", user, {"own": actor is not None and actor.id == user.id}, now=now, actor=actor)


def reset_password(*, user: User, lock_version: int, now: datetime, actor: User) -> str:
    """Give an account a random password that must be changed at the first sign-in; return it to be shown once."""
    _begin_managing(user, lock_version=lock_version, actor=actor)
    password = passwords.random_password()
    set_password(user=user, password=password, now=now, actor=actor, must_change_password=True)
    return password


def change_role(*, user: User, role: str, lock_version: int, now: datetime, actor: User) -> None:
    if role not in ROLES:
        raise Invalid({"role": _("请从管理员、组织者、审核员中选择一个角色。")})
    _begin_managing(user, lock_version=lock_version, actor=actor)
    if role == user.role:
        return
    if role != "admin":
        _keep_an_administrator(user)
    before, user.role = user.role, role
    end_sessions(user)
    db.session.flush()
    _note("change_role", user, {"before": before, "after": role}, now=now, actor=actor)


def set_active(*, user: User, is_active: bool, lock_version: int, now: datetime, actor: User) -> None:
    """Disable or enable an account; disabling ends its sessions at once."""
    _begin_managing(user, lock_version=lock_version, actor=actor)
    if is_active == user.is_active:
        return
    if not is_active:
        _keep_an_administrator(user)
    user.is_active = is_active
    end_sessions(user)
    db.session.flush()
    _note("enable_user" if is_active else "disable_user", user, {}, now=now, actor=actor)


def change_display_name(*, user: User, display_name: str, now: datetime, actor: User) -> None:
    shown = clean_line(display_name)
    if not shown or len(shown) > 64:
        raise Invalid({"display_name": _("请填写 1 至 64 个字的姓名或称呼。")})
    if shown != user.display_name:
        user.display_name = shown
        db.session.flush()
        _note("change_display_name", user, {}, now=now, actor=actor)


def end_sessions(user: User) -> None:
    """From now on no cookie of this account is worth anything."""
    user.session_token = _new_token()


def end_session(*, session_id: str, now: datetime) -> None:
    """End one session; others of the same account go on."""
    digest = session_digest(session_id)
    if db.session.get(EndedSession, digest) is None:
        db.session.add(EndedSession(id=digest, ended_at=now))
        db.session.flush()


def session_digest(session_id: str) -> str:
    return sha256(session_id.encode()).hexdigest()


def new_resume_code() -> str:
    """Six digits from which a participant comes back on another device."""
    return f"{secrets.randbelow(1_000_000):06d}"


def record_consent(*, subject: str, purpose: str, notice_version: str, now: datetime) -> None:
    """Note that a participant (an opaque id) agreed to a version of the notice for a purpose ("contest:7")."""
    values = {"subject": subject, "purpose": purpose, "notice_version": notice_version, "given_at": now}
    db.session.connection().execute(_insert_consent, values)


def ensure_notice(*, now: datetime) -> PrivacyNotice:
    """Store the default privacy notice when there is none; return the newest."""
    newest = db.session.scalar(select(PrivacyNotice).order_by(PrivacyNotice.id.desc()).limit(1))
    if newest is None:
        newest = PrivacyNotice(
            version=notice_text.VERSION, body=notice_text.CHINESE, body_en=notice_text.ENGLISH, published_at=now
        )
        db.session.add(newest)
        db.session.flush()
    return newest


def publish_notice(*, body: str, body_en: str, after_version: str, now: datetime, actor: User) -> PrivacyNotice:
    """Put a new version in force; raise Outdated when it was not written over the newest one."""
    newest = ensure_notice(now=now)
    if after_version != newest.version:
        raise Outdated
    count = db.session.scalar(select(func.count(PrivacyNotice.id))) or 0
    notice = PrivacyNotice(version=str(count + 1), body=body, body_en=body_en, published_at=now)
    db.session.add(notice)
    db.session.flush()
    audit.record(
        action="accounts.publish_notice",
        subject_kind="notice",
        subject_id=notice.version,
        detail={"letters": len(body), "letters_en": len(body_en)},
        now=now,
        actor=actor,
    )
    return notice


def _begin_managing(user: User, *, lock_version: int, actor: User) -> None:
    """Refuse an act on one's own account or on a state that has changed since; count the act."""
    if user.id == actor.id:
        raise OwnAccount
    if user.lock_version != lock_version:
        raise Outdated
    user.lock_version += 1


def _keep_an_administrator(user: User) -> None:
    """Raise LastAdministrator when nobody else is an active one; two administrators who demote each other wait."""
    admins = db.session.scalars(
        select(User.id).where(User.role == "admin", User.is_active).order_by(User.id).with_for_update()
    ).all()
    if user.id in admins and len(admins) == 1:
        raise LastAdministrator


def _new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def _note(verb: str, user: User, detail: dict[str, object], *, now: datetime, actor: User | None) -> None:
    audit.record(
        action=f"accounts.{verb}",
        subject_kind="user",
        subject_id=str(user.id),
        detail={"name": user.name, **detail},
        now=now,
        actor=actor,
    )
