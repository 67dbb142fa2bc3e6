"""Questions and answers as a participant sees them: letters in the order shown, keys only where the rule allows.

Everything that leaves is made here from named fields; a kit's question is never passed on whole. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from quizapp.contests.kit import Basis, Kit, KitQuestion
from quizapp.contests.rules import DrawnQuestion
from quizapp.core.i18n import _
from quizapp.play import packing
from quizapp.play.hashes import LiveAttempt
from quizapp.play.rules import Shown

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

Key = list[str | list[str]]
Points = int | float


class OptionShown(Struct, frozen=True):
    key: str
    text: str


class QuestionShown(Struct, frozen=True):
    """A question without its key and explanation."""

    id: int
    kind: str
    stem: str
    options: list[OptionShown]
    points: Points
    blanks: int | UnsetType = UNSET
    """How many texts a fill-in question takes."""


class BasisShown(Struct, frozen=True):
    law: str
    article: str
    effective_on: str | None


class AnswerShown(Struct, frozen=True):
    """The answer that stands for a question; what follows `locked` is said under feedback at once alone."""

    question: int
    seq: int
    response: list[str] | UnsetType = UNSET
    conflict: bool | UnsetType = UNSET
    """Another response than the one sent stands, with a newer or the same number, or locked."""
    locked: bool | UnsetType = UNSET
    right: bool | UnsetType = UNSET
    key: Key | UnsetType = UNSET
    explanation: str | UnsetType = UNSET
    basis: list[BasisShown] | UnsetType = UNSET


class QuestionReviewed(Struct, frozen=True):
    """A question of a finished attempt with the response, its key and, if the rule says so, why."""

    id: int
    kind: str
    stem: str
    options: list[OptionShown]
    response: list[str]
    right: bool
    key: Key
    points: Points
    full_points: Points
    explanation: str | None
    basis: list[BasisShown] | None


def points(hundredths: int) -> Points:
    """Points as a number for programs: whole where it is whole."""
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


def to_canonical(*, question: KitQuestion, drawn: DrawnQuestion, response: Any) -> Any:
    """A response with the letters shown turned into canonical option ids; what is no such letter stays no option."""
    if not drawn.option_ids or not isinstance(response, list):
        return response
    letters = dict(zip(LETTERS, drawn.option_ids, strict=False))
    return [letters.get(part, "") if isinstance(part, str) else part for part in response]


def to_shown(*, drawn: DrawnQuestion, response: Sequence[str]) -> list[str]:
    """Canonical option ids as the letters shown, in their order; other responses as they are."""
    if not drawn.option_ids:
        return list(response)
    return sorted((LETTERS[drawn.option_ids.index(option_id)] for option_id in response), key=LETTERS.index)


def _key_shown(question: KitQuestion, drawn: DrawnQuestion) -> Key:
    if question.kind == "fill_in":
        return [list(accepted) for accepted in question.key]
    return list(to_shown(drawn=drawn, response=[str(option_id) for option_id in question.key]))


def _options_shown(question: KitQuestion, drawn: DrawnQuestion) -> list[OptionShown]:
    if question.kind == "true_false":
        return [OptionShown("true", _("正确")), OptionShown("false", _("错误"))]
    texts = dict(question.options)
    return [OptionShown(LETTERS[i], texts[option_id]) for i, option_id in enumerate(drawn.option_ids)]


def question_shown(*, question: KitQuestion, drawn: DrawnQuestion) -> QuestionShown:
    return QuestionShown(
        id=question.id,
        kind=question.kind,
        stem=question.stem,
        options=_options_shown(question, drawn),
        points=points(drawn.points_hundredths),
        blanks=len(question.key) if question.kind == "fill_in" else UNSET,
    )


def answer_shown(
    *,
    question: KitQuestion,
    drawn: DrawnQuestion,
    seq: int,
    packed: str,
    is_right: bool,
    at_once: Shown,
    with_response: bool,
    is_conflict: bool = False,
) -> AnswerShown:
    """The answer that stands, with its verdict where feedback is given at once."""
    response = packing.unpack_response(question=question, packed=packed)
    tells = at_once.answers and bool(response)
    return AnswerShown(
        question=question.id,
        seq=seq,
        response=to_shown(drawn=drawn, response=response) if with_response or is_conflict else UNSET,
        conflict=True if is_conflict else UNSET,
        locked=True if tells else UNSET,
        right=is_right if tells else UNSET,
        key=_key_shown(question, drawn) if tells else UNSET,
        explanation=question.explanation if tells and at_once.explanations else UNSET,
        basis=_basis_shown(question.basis) if tells and at_once.explanations else UNSET,
    )


def answers_shown(
    *, kit: Kit, paper: Sequence[DrawnQuestion], attempt: LiveAttempt, at_once: Shown
) -> list[AnswerShown]:
    """All answers of an open attempt, for a device that comes back to it."""
    return [
        answer_shown(
            question=kit.questions[paper[place].question_id],
            drawn=paper[place],
            seq=stored.seq,
            packed=stored.response,
            is_right=stored.is_right,
            at_once=at_once,
            with_response=True,
        )
        for place, stored in sorted(attempt.answers.items())
    ]


def review(
    *, kit: Kit, paper: Sequence[DrawnQuestion], attempt: LiveAttempt, shown: Shown
) -> list[QuestionReviewed] | None:
    """Every question with response, key and points; None while the rule hides the answers."""
    if not shown.answers:
        return None
    return [
        _reviewed(kit.questions[drawn.question_id], drawn, place, attempt, shown) for place, drawn in enumerate(paper)
    ]


def _reviewed(
    question: KitQuestion, drawn: DrawnQuestion, place: int, attempt: LiveAttempt, shown: Shown
) -> QuestionReviewed:
    stored = attempt.answers.get(place)
    response = packing.unpack_response(question=question, packed=stored.response if stored else "")
    return QuestionReviewed(
        id=question.id,
        kind=question.kind,
        stem=question.stem,
        options=_options_shown(question, drawn),
        response=to_shown(drawn=drawn, response=response),
        right=bool(stored and stored.is_right),
        key=_key_shown(question, drawn),
        points=points(stored.points_hundredths if stored else 0),
        full_points=points(drawn.points_hundredths),
        explanation=question.explanation if shown.explanations else None,
        basis=_basis_shown(question.basis) if shown.explanations else None,
    )


def _basis_shown(basis: Sequence[Basis]) -> list[BasisShown]:
    return [BasisShown(cited.law, cited.article, cited.effective_on or None) for cited in basis]
