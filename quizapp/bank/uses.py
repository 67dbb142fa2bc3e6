"""Where a question is in use. The bank knows no contest: whoever wires the rooms says how to find out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that uses a revision of a question, and keeps it whatever becomes of the question."""

    title: str
    endpoint: str
    values: Mapping[str, str]
    """What the address of its page is built from."""
    revision_id: int


FindUses = Callable[[int], list[Use]]


def init_app(app: Flask, *, find: FindUses) -> None:
    app.extensions["quizapp.bank.uses"] = find


def uses_of(question_id: int) -> list[Use]:
    """What uses a question now, by whichever revision."""
    find = cast(FindUses, current_app.extensions["quizapp.bank.uses"])
    return find(question_id)
