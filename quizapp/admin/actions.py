"""What changes the site's settings. Everything here flushes and never commits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from quizapp.accounts import audit
from quizapp.accounts.actions import Outdated
from quizapp.accounts.models import User
from quizapp.admin.models import VerificationFile
from quizapp.admin.queries import get_site, site_cache
from quizapp.core.db import after_commit, db
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _

MOST_FILES = 50


class NameUsed(DomainError):
    """There is a verification file of this name already."""

    status, code = 409, "name_used"

    def message(self) -> str:
        return _("已经有同名的校验文件，请先删除旧的。")


class TooManyFiles(DomainError):
    status, code = 409, "too_many_files"

    def message(self) -> str:
        return _("校验文件最多 50 个，请先删除不用的。")


def change_site(
    *,
    changes: Mapping[str, str | int],
    logo: bytes | None,
    drop_logo: bool,
    lock_version: int,
    now: datetime,
    actor: User,
) -> None:
    """Write the settings (`changes` by column) and, when given, a checked logo; raise Outdated."""
    site = get_site()
    if site.lock_version != lock_version:
        raise Outdated
    db.session.add(site)
    detail: dict[str, object] = {}
    for column, value in changes.items():
        before = getattr(site, column)
        if before != value:
            setattr(site, column, value)
            detail[column] = {"before": before, "after": value}
    if drop_logo or logo:
        site.logo = logo
        detail["logo"] = "changed" if logo else "removed"
    site.lock_version += 1
    site.updated_at = now
    db.session.flush()
    if detail:
        audit.record(
            action="admin.change_site", subject_kind="site", subject_id="1", detail=detail, now=now, actor=actor
        )
    after_commit(site_cache().forget)


def add_verification_file(*, name: str, content: str, now: datetime, actor: User) -> VerificationFile:
    """Keep a file for the root of the site (the name is checked by the form); raise NameUsed or TooManyFiles."""
    names = db.session.scalars(select(VerificationFile.name)).all()
    if name in names:
        raise NameUsed
    if len(names) >= MOST_FILES:
        raise TooManyFiles
    row = VerificationFile(name=name, content=content, created_at=now)
    db.session.add(row)
    db.session.flush()
    audit.record(
        action="admin.add_verification_file",
        subject_kind="verification_file",
        subject_id=name,
        detail={},
        now=now,
        actor=actor,
    )
    return row


def delete_verification_file(*, row: VerificationFile, now: datetime, actor: User) -> None:
    db.session.delete(row)
    db.session.flush()
    audit.record(
        action="admin.delete_verification_file",
        subject_kind="verification_file",
        subject_id=row.name,
        detail={},
        now=now,
        actor=actor,
    )
