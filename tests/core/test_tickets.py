"""Tickets for downloads."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from quizapp.core import tickets


def test_ticket_gives_back_what_was_wanted(app: Flask) -> None:
    assert tickets.redeem("export", tickets.issue("export", [1, "秋", True])) == [1, "秋", True]


@pytest.mark.parametrize("change", [lambda text: text[:-1], lambda text: "x" + text, lambda text: text[:0]])
def test_changed_ticket_is_refused(app: Flask, change: Callable[[str], str]) -> None:
    with pytest.raises(tickets.TicketExpired):
        tickets.redeem("export", change(tickets.issue("export", [1])))


def test_ticket_of_another_purpose_is_refused(app: Flask) -> None:
    with pytest.raises(tickets.TicketExpired):
        tickets.redeem("bank export", tickets.issue("export", [1]))


def test_ticket_ends(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = tickets.issue("export", [1])
    monkeypatch.setattr(tickets, "SECONDS", -1)
    with pytest.raises(tickets.TicketExpired):
        tickets.redeem("export", ticket)
