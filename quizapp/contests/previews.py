"""A sample paper for staff: the questions as a participant would see them, with the key beside. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quizapp.bank.rules import split_pair
from quizapp.contests.kit import Kit, KitMedium, KitQuestion
from quizapp.contests.rules import DrawnQuestion, PaperCannotBeFilled, draw_paper, keys_shown
from quizapp.core.i18n import _


@dataclass(frozen=True, slots=True)
class ShownOption:
    key: str
    """The letter or number shown."""
    text: str
    media: Sequence[KitMedium]
    translations: Sequence[tuple[str, str]]
    """(language, text)."""


@dataclass(frozen=True, slots=True)
class ShownQuestion:
    number: int
    question: KitQuestion
    points_hundredths: int
    options: Sequence[ShownOption]
    """In the order shown; those on the left of matching first."""
    key: str
    """The right answer in the keys shown; "" for true_false, whose words the page knows."""
    begins_case: bool
    """Whether the passage is to be read now: the question before was about another one."""

    def media_at(self, place: str) -> list[KitMedium]:
        """The media of the stem, passage or explanation."""
        return [medium for medium in self.question.media if medium.at == place]


def sample_paper(*, kit: Kit, seed: str) -> list[ShownQuestion] | None:
    """One paper of a person who has seen nothing yet; None when the sections cannot be filled."""
    try:
        paper = draw_paper(kit=kit, seen={}, seed=seed)
    except PaperCannotBeFilled:
        return None
    shown: list[ShownQuestion] = []
    for number, drawn in enumerate(paper, start=1):
        question = kit.questions[drawn.question_id]
        before = shown[-1].question.passage if shown else ""
        shown.append(
            ShownQuestion(
                number=number,
                question=question,
                points_hundredths=drawn.points_hundredths,
                options=_options(question, drawn),
                key=_key(question, drawn),
                begins_case=question.passage not in ("", before),
            )
        )
    return shown


def _options(question: KitQuestion, drawn: DrawnQuestion) -> list[ShownOption]:
    texts = dict(question.options)
    return [
        ShownOption(
            key=key,
            text=texts[option_id],
            media=[medium for medium in question.media if medium.at == option_id],
            translations=[
                (translation.language, translation.options[option_id])
                for translation in question.translations
                if translation.options.get(option_id)
            ],
        )
        for key, option_id in zip(keys_shown(question=question, drawn=drawn), drawn.option_ids, strict=True)
    ]


def _key(question: KitQuestion, drawn: DrawnQuestion) -> str:
    if question.kind == "true_false":
        return ""
    if question.kind == "fill_in":
        return _("；").join(_("、").join(accepted) for accepted in question.key)
    keys = dict(zip(drawn.option_ids, keys_shown(question=question, drawn=drawn), strict=True))
    parts = [str(part) for part in question.key]
    if question.kind == "matching":
        return _("；").join(" → ".join(keys[option_id] for option_id in split_pair(pair)) for pair in sorted(parts))
    if question.kind == "ordering":
        return " → ".join(keys[option_id] for option_id in parts)
    return "".join(sorted(keys[option_id] for option_id in parts))
