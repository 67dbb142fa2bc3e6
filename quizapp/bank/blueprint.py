"""The blueprint on which all view modules of this room put their pages, and what they all fetch."""

from __future__ import annotations

from flask import Blueprint, current_app

from quizapp.bank.models import Bank, Question, QuestionImport
from quizapp.core.db import db
from quizapp.core.errors import NotFound
from quizapp.core.settings import Settings

ROWS = 30
"""Rows of a page of a list."""

blueprint = Blueprint("bank", __name__, url_prefix="/bank")


def four_eyes() -> bool:
    settings: Settings = current_app.extensions["quizapp.settings"]
    return settings.four_eyes


def bank_or_404(bank_id: int) -> Bank:
    bank = db.session.get(Bank, bank_id)
    if bank is None:
        raise NotFound
    return bank


def question_or_404(question_id: int) -> Question:
    question = db.session.get(Question, question_id)
    if question is None:
        raise NotFound
    return question


def import_or_404(import_id: int, *, change: bool = False) -> QuestionImport:
    """An import; to be changed, it is held until the end of the request, so that two people change it in turn."""
    imported = db.session.get(QuestionImport, import_id, with_for_update=change)
    if imported is None:
        raise NotFound
    return imported
