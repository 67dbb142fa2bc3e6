"""The audit trail: who did what to what and when. Rows are only added, and deleted after the time set."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog

from quizapp.accounts.models import AuditEvent, User
from quizapp.core.db import db
from quizapp.core.logs import get_logger

COMMAND_LINE, SYSTEM = "command line", "system"
log = get_logger("accounts")


def record(
    *,
    action: str,
    subject_kind: str,
    subject_id: str,
    detail: dict[str, Any],
    now: datetime,
    actor: User | None,
    by: str = "",
) -> None:
    """Note an act in the same transaction as the act itself.

    `action` is a stable verb with its room ("contests.publish"). `detail` says before and after, reason, counts,
    and holds no personal field: mask it before. `by` names who acts where there is no `actor`; without it that
    is the command line, or inside a request the system.
    """
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    actor_name = actor.name if actor else by or (SYSTEM if request_id else COMMAND_LINE)
    db.session.add(
        AuditEvent(
            at=now,
            actor_id=actor.id if actor else None,
            actor_name=actor_name,
            action=action,
            subject_kind=subject_kind,
            subject_id=subject_id,
            detail=detail,
            request_id=request_id,
        )
    )
    log.info("audit", actor=actor_name, action=action, subject=f"{subject_kind}:{subject_id}")
