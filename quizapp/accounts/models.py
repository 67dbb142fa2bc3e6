"""Tables of staff, units, privacy notices, consent and the audit trail."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quizapp.core.db import Base

ROLES = ("admin", "organiser", "reviewer")
UNIT_KINDS = ("region", "department", "unit")


class User(Base):
    """A member of staff; participants have no account."""

    __tablename__ = "user_account"
    __table_args__ = (CheckConstraint("role in ('admin','organiser','reviewer')", name="role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    """The sign-in name, normalised (NFKC, lower case)."""
    display_name: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(String(255))
    session_token: Mapped[str] = mapped_column(String(64), unique=True)
    """What a session cookie carries; renewed at a password change, a role change and when disabled."""
    is_active: Mapped[bool] = mapped_column(default=True)
    must_change_password: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    last_sign_in_at: Mapped[datetime | None]
    lock_version: Mapped[int] = mapped_column(default=1)
    """Raised by each act of an administrator on this account; an act on an older state is refused."""

    # What Flask-Login asks of a user; written out so that the class stays typed.
    @property
    def is_authenticated(self) -> bool:
        return True

    @property
    def is_anonymous(self) -> bool:
        return False

    def get_id(self) -> str:
        return self.session_token

    def has_role(self, *roles: str) -> bool:
        """An administrator has every role."""
        return self.role == "admin" or self.role in roles


class EndedSession(Base):
    """A session that was signed out before its time, so that a copy of its cookie is worth nothing."""

    __tablename__ = "ended_session"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of the session's random id."""
    ended_at: Mapped[datetime] = mapped_column(index=True)


class Unit(Base):
    """A node of the unit tree: region, department or unit."""

    __tablename__ = "unit"
    __table_args__ = (
        UniqueConstraint("parent_id", "name"),
        CheckConstraint("kind in ('region','department','unit')", name="kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    code: Mapped[str | None] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(16), default="unit")
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    lock_version: Mapped[int] = mapped_column(default=1)
    """Raised with each edit; an edit of an older one is refused."""
    parent: Mapped[Unit | None] = relationship(remote_side=[id])
    headcounts: Mapped[list[Headcount]] = relationship(order_by="Headcount.valid_from", cascade="all, delete-orphan")


class Headcount(Base):
    """The declared number of people of a unit (应参人数) from a day on; earlier rows stay as history."""

    __tablename__ = "unit_headcount"
    __table_args__ = (
        UniqueConstraint("unit_id", "valid_from"),
        CheckConstraint("people >= 0", name="people"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    people: Mapped[int]
    valid_from: Mapped[date]


class UnitImport(Base):
    """An uploaded list of units: shown row by row, taken into the tree only on a second act, then deleted."""

    __tablename__ = "unit_import"

    id: Mapped[int] = mapped_column(primary_key=True)
    file_name: Mapped[str] = mapped_column(String(255))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]


class PrivacyNotice(Base):
    """One version of the privacy notice; the newest is shown, older ones stay for the consents that name them."""

    __tablename__ = "privacy_notice"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(String(32), unique=True)
    body: Mapped[str] = mapped_column(Text)
    body_en: Mapped[str] = mapped_column(Text, default="")
    published_at: Mapped[datetime]


class Consent(Base):
    """That a participant agreed to a notice before giving anything."""

    __tablename__ = "consent"

    id: Mapped[int] = mapped_column(primary_key=True)
    notice_version: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(64), index=True)
    """The participant's opaque id."""
    purpose: Mapped[str] = mapped_column(String(64))
    """What it was given for, e.g. "contest:7"."""
    given_at: Mapped[datetime]


class AuditEvent(Base):
    """One act that changed or took out something; rows are only added."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_subject", "subject_kind", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    actor_name: Mapped[str] = mapped_column(String(64))
    """The sign-in name at the time, or "command line" / "system"."""
    action: Mapped[str] = mapped_column(String(64))
    """Stable verb with its room, e.g. "contests.publish"."""
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[str] = mapped_column(String(64))
    detail: Mapped[dict[str, Any]]
    """Facts of the act without personal fields: before and after, reason, counts."""
    request_id: Mapped[str | None] = mapped_column(String(64))
