"""Tickets for downloads: a form notes on the audit trail what is wanted, and the file is a reading request of its own.

On SQLite a writing request holds the one write lock, and an export may take a minute: nobody must wait for it.
"""

from __future__ import annotations

from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer

from quizapp.core.crypto import token_key
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _

SECONDS = 300


class TicketExpired(DomainError):
    """A download without its own export request, or long after it."""

    status, code = 403, "ticket_expired"

    def message(self) -> str:
        return _("这个下载链接已经失效，请回到导出页面重新导出。")


def issue(purpose: str, wanted: list[Any]) -> str:
    """A ticket that says what is wanted and by whom; everybody can read it, nobody can change it."""
    return _signer(purpose).dumps(wanted)


def redeem(purpose: str, ticket: str) -> list[Any]:
    """What `issue` was given; raise TicketExpired for any other text and after SECONDS."""
    try:
        wanted: list[Any] = _signer(purpose).loads(ticket, max_age=SECONDS)
    except BadData:
        raise TicketExpired from None
    return wanted


def _signer(purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(token_key(purpose))
