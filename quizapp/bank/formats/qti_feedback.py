"""Feedback of QTI 2 and 3 as explanation: what somebody with the right answer sees, and what is said of each choice."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from quizapp.bank.formats.characters import clean
from quizapp.bank.formats.markup import Plain, Reference
from quizapp.bank.formats.qti_names import attribute, descendants, is_within, name
from quizapp.bank.formats.qti_processing import Processing, Unknown, Value
from quizapp.bank.formats.qti_question import NOTHING, Sketch
from quizapp.bank.formats.qti_text import plain

_OF_WRONG = re.compile("incorrect|wrong|false|partly|partial|^no$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Explanation:
    text: Plain
    left_out: tuple[str, ...] = ()
    """Feedback that only wrong answers see and that belongs to no single choice."""


def explanation(
    item: etree._Element, processing: Processing, sketch: Sketch, interaction: etree._Element
) -> Explanation:
    """Put together the feedback of an item, for the question that an interaction of it has become."""
    outcomes = _outcomes(processing, sketch, attribute(interaction, "responseidentifier"))
    choices = {choice.identifier: choice.text.text for choice in sketch.choices}
    texts: list[str] = []
    references: list[Reference] = []
    left_out: list[str] = []
    for feedback in descendants(item, "modalfeedback", "feedbackblock", "feedbackinline"):
        text = plain(feedback)
        if text == NOTHING:
            continue
        identifier = attribute(feedback, "identifier")
        owner = _choice_around(feedback) or (identifier if identifier in choices else "")
        if owner and owner not in choices:
            continue
        is_shown = _is_shown(feedback, outcomes)
        if owner and owner not in sketch.right:
            texts.append(f"{choices[owner]}：{text.text}")
        elif owner or is_shown or (is_shown is None and not _OF_WRONG.search(identifier)):
            texts.append(text.text)
        else:
            left_out.append(text.text)
            continue
        references += text.references
    return Explanation(Plain(clean("\n".join(texts)), tuple(references)), tuple(filter(None, left_out)))


def _outcomes(processing: Processing, sketch: Sketch, identifier: str) -> dict[str, Value] | None:
    """The outcomes after the right response; None where they cannot be told."""
    declaration = processing.declarations.get(identifier)
    response = declaration.correct if declaration is not None and declaration.correct else sketch.right or None
    if processing.template or response is None:
        return None
    try:
        return processing.outcomes({**processing.right(), identifier: response})
    except Unknown:
        return None


def _is_shown(feedback: etree._Element, outcomes: dict[str, Value] | None) -> bool | None:
    """Whether the right response leads to a feedback; None where that cannot be told."""
    outcome = attribute(feedback, "outcomeidentifier")
    value = None if outcomes is None else outcomes.get(outcome)
    if value is None:
        return None
    is_named = attribute(feedback, "identifier") in value
    return is_named == (attribute(feedback, "showhide", "show").lower() == "show")


def _choice_around(feedback: etree._Element) -> str:
    """The identifier of the choice that a feedback stands in."""
    if not is_within(feedback, ("simplechoice", "simpleassociablechoice")):
        return ""
    return next(
        attribute(above, "identifier") for above in feedback.iterancestors() if name(above).startswith("simple")
    )
