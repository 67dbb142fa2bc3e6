"""What a fresh data folder gets: the privacy notice and, when asked for, the demo with sign-ins for its staff."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from quizapp.accounts.actions import create_user, ensure_notice
from quizapp.accounts.models import User
from quizapp.accounts.passwords import random_password
from quizapp.contests.demo import load_demo
from quizapp.core.db import db
from quizapp.core.settings import get_settings

STAFF = {"admin": "演示管理员", "organiser": "演示组织者", "reviewer": "演示审核员"}
"""Roles, which are also the sign-in names, and the names shown."""


def prepare(*, demo: bool, now: datetime, command: str) -> list[str]:
    """Fill an installation that has no staff yet, and commit; return the lines to show whoever started it.

    `command` is how a person calls this program on this folder.
    """
    ensure_notice(now=now)
    has_staff = db.session.scalar(select(User.id).limit(1)) is not None
    if has_staff:
        lines = [f"Forgot a password? {command} user password NAME"]
    elif demo:
        lines = _make_demo(now, command)
    else:
        lines = [f"Nobody can sign in yet. Make the first administrator: {command} user add NAME --role admin"]
    db.session.commit()
    return lines


def _make_demo(now: datetime, command: str) -> list[str]:
    contest = load_demo(now=now)
    lines = [f"Demo contest: {get_settings().public_url}/play/{contest.slug}", "Demo sign-ins, shown only this once:"]
    for name, display_name in STAFF.items():
        password = random_password()
        create_user(name=name, display_name=display_name, role=name, password=password, now=now)
        lines.append(f"  {name:<10} {password}")
    return [*lines, f"A new password: {command} user password NAME"]
