"""Reads of accounts that other rooms and several pages share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Select, func, select

from quizapp.accounts import notice_text
from quizapp.accounts.models import AuditEvent, Headcount, PrivacyNotice, Unit, User
from quizapp.accounts.tree import Node, Tree
from quizapp.core.clock import utc_now
from quizapp.core.db import db

_newest_version = select(PrivacyNotice.version).order_by(PrivacyNotice.id.desc()).limit(1)


def latest_notice() -> PrivacyNotice:
    """The privacy notice in force; before the first one is stored, the text an installation starts with."""
    newest = db.session.scalar(select(PrivacyNotice).order_by(PrivacyNotice.id.desc()).limit(1))
    return newest or PrivacyNotice(
        version=notice_text.VERSION,
        body=notice_text.CHINESE,
        body_en=notice_text.ENGLISH,
        published_at=utc_now(),
    )


def latest_notice_version() -> str:
    """The version of `latest_notice`, without its text: asked for at every entry."""
    return db.session.scalar(_newest_version) or notice_text.VERSION


def notices() -> Sequence[PrivacyNotice]:
    """All versions, newest first."""
    return db.session.scalars(select(PrivacyNotice).order_by(PrivacyNotice.id.desc())).all()


def unit_tree() -> Tree:
    """All units with their places in the tree, in one statement."""
    columns = (Unit.id, Unit.parent_id, Unit.name, Unit.kind, Unit.is_active, Unit.code)
    return Tree(Node(*row) for row in db.session.execute(select(*columns)))


def unit_choices(*, root_id: int | None) -> list[tuple[int, str]]:
    """The active units below a unit (None: all) as (id, "region / department / unit"), the path from the root on.

    A unit below an inactive one is not offered; a root without units below it offers itself.
    """
    tree = unit_tree()
    chosen = [(node.id, tree.path(node.id, below=root_id)) for node in tree.active_below(root_id)]
    if not chosen and root_id is not None and tree.is_usable(root_id):
        return [(root_id, tree.nodes[root_id].name)]
    return chosen


def headcounts_on(day: date) -> dict[int, int]:
    """The declared number of people of each unit that holds on a day, by unit id."""
    newest = (
        select(Headcount.unit_id, func.max(Headcount.valid_from).label("valid_from"))
        .where(Headcount.valid_from <= day)
        .group_by(Headcount.unit_id)
        .subquery()
    )
    query = select(Headcount.unit_id, Headcount.people).join(
        newest, (Headcount.unit_id == newest.c.unit_id) & (Headcount.valid_from == newest.c.valid_from)
    )
    return {row.unit_id: row.people for row in db.session.execute(query)}


def staff(*, words: str = "", role: str = "", state: str = "") -> Select[User]:
    """The members of staff that fit, by sign-in name; `state` is active, disabled or empty."""
    query = select(User).order_by(User.name)
    if words:
        fits = User.name.contains(words.lower(), autoescape=True) | User.display_name.contains(words, autoescape=True)
        query = query.where(fits)
    if role:
        query = query.where(User.role == role)
    if state:
        query = query.where(User.is_active.is_(state == "active"))
    return query


def audit_events(*, actor: str = "", action: str = "", subject: str = "") -> Select[AuditEvent]:
    """The audit trail, newest first, narrowed by parts of the actor's name, of the action and of "kind:id"."""
    query = select(AuditEvent).order_by(AuditEvent.id.desc())
    if actor:
        query = query.where(AuditEvent.actor_name.contains(actor, autoescape=True))
    if action:
        query = query.where(AuditEvent.action.contains(action, autoescape=True))
    if subject:
        kind, _colon, number = subject.partition(":")
        query = query.where(AuditEvent.subject_kind.contains(kind.strip(), autoescape=True))
        if number.strip():
            query = query.where(AuditEvent.subject_id == number.strip())
    return query
