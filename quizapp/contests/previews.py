"""A sample paper for staff: the questions as a participant would see them, with the key beside. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quizapp.contests.kit import Kit, KitQuestion
from quizapp.contests.rules import PaperCannotBeFilled, draw_paper
from quizapp.core.i18n import _

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class ShownQuestion:
    number: int
    question: KitQuestion
    points_hundredths: int
    options: Sequence[tuple[str, str]]
    """(letter shown, text) in the order shown."""
    key: str
    """The right answer in the letters shown; "" for true_false, whose words the page knows."""


def sample_paper(*, kit: Kit, seed: str) -> list[ShownQuestion] | None:
    """One paper of a person who has seen nothing yet; None when the sections cannot be filled."""
    try:
        paper = draw_paper(kit=kit, seen={}, seed=seed)
    except PaperCannotBeFilled:
        return None
    shown = []
    for number, drawn in enumerate(paper, start=1):
        question = kit.questions[drawn.question_id]
        texts = dict(question.options)
        letters = {option_id: LETTERS[place] for place, option_id in enumerate(drawn.option_ids)}
        options = [(letters[option_id], texts[option_id]) for option_id in drawn.option_ids]
        shown.append(ShownQuestion(number, question, drawn.points_hundredths, options, _key(question, letters)))
    return shown


def _key(question: KitQuestion, letters: dict[str, str]) -> str:
    if question.kind == "true_false":
        return ""
    if question.kind == "fill_in":
        return _("；").join(_("、").join(accepted) for accepted in question.key)
    return "".join(sorted(letters[option_id] for option_id in question.key if isinstance(option_id, str)))
