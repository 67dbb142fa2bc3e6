"""Tables of the site's settings."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.core.db import Base


class Site(Base):
    """The one row of settings that administrators edit in the browser."""

    __tablename__ = "site"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    name: Mapped[str] = mapped_column(String(64), default="")
    """Shown in the header; empty: the product's name."""
    host_unit: Mapped[str] = mapped_column(String(128), default="")
    icp_number: Mapped[str] = mapped_column(String(64), default="")
    police_number: Mapped[str] = mapped_column(String(64), default="")
    accent: Mapped[str] = mapped_column(String(7), default="")
    logo: Mapped[bytes | None] = mapped_column(LargeBinary)
    """A PNG."""
    log_retention_days: Mapped[int] = mapped_column(default=183)
    updated_at: Mapped[datetime | None]
    lock_version: Mapped[int] = mapped_column(default=1)
    """Raised with each edit; an edit of an older one is refused."""


class VerificationFile(Base):
    """A file that a platform asks for at the root of the site to verify the domain."""

    __tablename__ = "verification_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    content: Mapped[str] = mapped_column(String(512))
    created_at: Mapped[datetime]
