"""Questions and answers as a participant sees them: letters in the order shown, keys only where the rule allows.

Everything that leaves is made here from named fields; a kit's question is never passed on whole. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from quizapp.bank.languages import direction_of
from quizapp.bank.rules import BadResponse, mark, split_pair
from quizapp.contests.kit import Basis, Kit, KitQuestion, KitTranslation
from quizapp.contests.rules import LETTERS, DrawnQuestion, keys_shown
from quizapp.core.clock import from_ms
from quizapp.core.i18n import _
from quizapp.play import packing
from quizapp.play.hashes import LiveAttempt
from quizapp.play.rules import Shown

Key = list[str | list[str]] | dict[str, str]
"""Option keys, accepted texts of each blank, or of matching what belongs to each on the left."""
Response = list[str] | dict[str, str]
EXPLAINING = {"explanation": "explanation"}
Points = int | float


class OptionShown(Struct, frozen=True):
    key: str
    text: str


class MediumShown(Struct, frozen=True):
    """A picture or a recording (kind: picture or audio), shown below the text it belongs to.

    That is at the stem, passage or explanation, or at the option with this key.
    """

    at: str
    kind: str
    url: str
    alt: str
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET
    """In pixels."""


class TranslationShown(Struct, frozen=True):
    """A question in a further language; keys and marks are those of the question. What is not translated is absent."""

    language: str
    """BCP 47, such as ug."""
    direction: str
    """ltr or rtl."""
    stem: str
    options: list[OptionShown]
    passage: str | UnsetType = UNSET
    explanation: str | UnsetType = UNSET


class ExplanationShown(Struct, frozen=True):
    """An explanation in a further language."""

    language: str
    direction: str
    explanation: str


class QuestionShown(Struct, frozen=True):
    """A question without its key and explanation.

    Options of matching have letters on the left and numbers on the right. Questions of one case have the same
    passage and follow each other.
    """

    id: int
    kind: str
    stem: str
    options: list[OptionShown]
    points: Points
    blanks: int | UnsetType = UNSET
    """How many texts a fill-in question takes."""
    passage: str | UnsetType = UNSET
    media: list[MediumShown] | UnsetType = UNSET
    translations: list[TranslationShown] | UnsetType = UNSET


class BasisShown(Struct, frozen=True):
    law: str
    article: str
    effective_on: str | None


class AnswerShown(Struct, frozen=True):
    """The answer that stands for a question; what follows `locked` is said under feedback at once alone."""

    question: int
    seq: int
    response: Response | UnsetType = UNSET
    conflict: bool | UnsetType = UNSET
    """Another response than the one sent stands, with a newer or the same number, or locked."""
    locked: bool | UnsetType = UNSET
    right: bool | UnsetType = UNSET
    key: Key | UnsetType = UNSET
    explanation: str | UnsetType = UNSET
    basis: list[BasisShown] | UnsetType = UNSET
    media: list[MediumShown] | UnsetType = UNSET
    """Those of the explanation."""
    translations: list[ExplanationShown] | UnsetType = UNSET


class QuestionReviewed(Struct, frozen=True):
    """A question of a finished attempt with the response, its key and, if the rule says so, why."""

    id: int
    kind: str
    stem: str
    options: list[OptionShown]
    response: Response
    right: bool
    key: Key
    points: Points
    full_points: Points
    explanation: str | None
    basis: list[BasisShown] | None
    passage: str | UnsetType = UNSET
    media: list[MediumShown] | UnsetType = UNSET
    translations: list[TranslationShown] | UnsetType = UNSET
    void: bool | UnsetType = UNSET
    """Voided after publishing: everybody has its points."""


class CorrectionShown(Struct, frozen=True):
    """A question of this paper that was set right after publishing."""

    question: int
    number: int
    """On this paper, from 1."""
    what: str
    """void: everybody has its points; key: the right answer was corrected and the paper marked anew."""
    at: str
    reason: str | None
    """null while it could tell a right answer that is not shown yet."""


def points(hundredths: int) -> Points:
    """Points as a number for programs: whole where it is whole."""
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


def to_canonical(*, question: KitQuestion, drawn: DrawnQuestion, response: Any) -> Any:
    """A response with the keys shown turned into canonical ids; what is no such key stays no option.

    Raises BadResponse for pairs that are no object.
    """
    if question.kind == "matching":
        return _to_pairs(question, drawn, response)
    if not drawn.option_ids or not isinstance(response, list):
        return response
    letters = dict(zip(LETTERS, drawn.option_ids, strict=False))
    return [letters.get(part, "") if isinstance(part, str) else part for part in response]


def _to_pairs(question: KitQuestion, drawn: DrawnQuestion, response: Any) -> list[str]:
    """{"A": "2", …} as canonical pairs; what is matched with "" is not matched, and an empty list clears as well."""
    if response == []:
        return []
    if not isinstance(response, dict) or not all(isinstance(other, str) for other in response.values()):
        raise BadResponse("not_an_object")
    ids = dict(zip(keys_shown(question=question, drawn=drawn), drawn.option_ids, strict=True))
    return [ids.get(one, "") + ids.get(other, "") for one, other in response.items() if other]


def to_shown(*, question: KitQuestion, drawn: DrawnQuestion, response: Sequence[str]) -> Response:
    """Canonical ids as the keys shown: pairs as an object, what is chosen in order; other responses as they are."""
    if not drawn.option_ids:
        return list(response)
    if question.kind == "matching":
        keys = dict(zip(drawn.option_ids, keys_shown(question=question, drawn=drawn), strict=True))
        matches = dict(map(split_pair, response))
        return {keys[one]: keys[matches[one]] for one in drawn.option_ids if one in matches}
    letters = [LETTERS[drawn.option_ids.index(option_id)] for option_id in response]
    return letters if question.kind == "ordering" else sorted(letters, key=LETTERS.index)


def _key_shown(question: KitQuestion, drawn: DrawnQuestion) -> Key:
    if question.kind == "fill_in":
        return [list(accepted) for accepted in question.key]
    shown = to_shown(question=question, drawn=drawn, response=[str(option_id) for option_id in question.key])
    return shown if isinstance(shown, dict) else [*shown]


def _options_shown(question: KitQuestion, drawn: DrawnQuestion) -> list[OptionShown]:
    if question.kind == "true_false":
        return [OptionShown("true", _("正确")), OptionShown("false", _("错误"))]
    texts = dict(question.options)
    keys = keys_shown(question=question, drawn=drawn)
    return [OptionShown(key, texts[option_id]) for key, option_id in zip(keys, drawn.option_ids, strict=True)]


def _places(question: KitQuestion, drawn: DrawnQuestion) -> dict[str, str]:
    """Where media of what is asked may stand → how that place is called."""
    keys = zip(drawn.option_ids, keys_shown(question=question, drawn=drawn), strict=True)
    return {"stem": "stem", "passage": "passage", **dict(keys)}


def _media_shown(question: KitQuestion, places: Mapping[str, str]) -> list[MediumShown] | UnsetType:
    """The media at these places in the order shown: the kit's own order would tell how the options stand there."""
    shown = [
        MediumShown(
            at=name,
            kind=medium.kind,
            url=medium.url,
            alt=medium.alt,
            width=medium.width or UNSET,
            height=medium.height or UNSET,
        )
        for place, name in places.items()
        for medium in question.media
        if medium.at == place
    ]
    return shown or UNSET


def _translations_shown(
    question: KitQuestion, drawn: DrawnQuestion, *, explains: bool
) -> list[TranslationShown] | UnsetType:
    return [_translation_shown(question, drawn, texts, explains) for texts in question.translations] or UNSET


def _translation_shown(
    question: KitQuestion, drawn: DrawnQuestion, translation: KitTranslation, explains: bool
) -> TranslationShown:
    ids = drawn.option_ids or ("true", "false")
    keys = keys_shown(question=question, drawn=drawn) or ids
    return TranslationShown(
        language=translation.language,
        direction=direction_of(translation.language),
        stem=translation.stem,
        options=[
            OptionShown(key, translation.options[option_id])
            for key, option_id in zip(keys, ids, strict=True)
            if translation.options.get(option_id)
        ],
        passage=translation.passage or UNSET,
        explanation=(explains and translation.explanation) or UNSET,
    )


def question_shown(*, question: KitQuestion, drawn: DrawnQuestion) -> QuestionShown:
    return QuestionShown(
        id=question.id,
        kind=question.kind,
        stem=question.stem,
        options=_options_shown(question, drawn),
        points=points(drawn.points_hundredths),
        blanks=len(question.key) if question.kind == "fill_in" else UNSET,
        passage=question.passage or UNSET,
        media=_media_shown(question, _places(question, drawn)) if question.media else UNSET,
        translations=_translations_shown(question, drawn, explains=False),
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
    explains = tells and at_once.explanations
    return AnswerShown(
        question=question.id,
        seq=seq,
        response=to_shown(question=question, drawn=drawn, response=response) if with_response or is_conflict else UNSET,
        conflict=True if is_conflict else UNSET,
        locked=True if tells else UNSET,
        right=(is_right or question.is_void) if tells else UNSET,
        key=_key_shown(question, drawn) if tells else UNSET,
        explanation=question.explanation if explains else UNSET,
        basis=_basis_shown(question.basis) if explains else UNSET,
        media=_media_shown(question, EXPLAINING) if explains else UNSET,
        translations=_explanations_shown(question) if explains else UNSET,
    )


def answers_shown(
    *, kit: Kit, paper: Sequence[DrawnQuestion], attempt: LiveAttempt, at_once: Shown
) -> list[AnswerShown]:
    """All answers of an attempt, for a device that comes back to it."""
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
        response=to_shown(question=question, drawn=drawn, response=response),
        right=question.is_void or bool(stored and stored.is_right),
        key=_key_shown(question, drawn),
        points=points(drawn.points_hundredths if question.is_void else stored.points_hundredths if stored else 0),
        full_points=points(drawn.points_hundredths),
        explanation=question.explanation if shown.explanations else None,
        basis=_basis_shown(question.basis) if shown.explanations else None,
        passage=question.passage or UNSET,
        media=_media_shown(question, _places(question, drawn) | (EXPLAINING if shown.explanations else {})),
        translations=_translations_shown(question, drawn, explains=shown.explanations),
        void=question.is_void or UNSET,
    )


def corrections_shown(
    *, kit: Kit, paper: Sequence[DrawnQuestion], attempt: LiveAttempt, shown: Shown
) -> list[CorrectionShown]:
    """What was set right on the paper of an ended attempt, the oldest first; the reasons where they tell no key."""
    if attempt.finish is None:
        return []
    numbers = {drawn.question_id: number for number, drawn in enumerate(paper, 1)}
    return [
        CorrectionShown(
            question=note.question,
            number=numbers[note.question],
            what=note.what,
            at=moment(note.at_ms),
            reason=note.reason if shown.answers or kit.questions[note.question].is_void else None,
        )
        for note in kit.corrections
        if note.question in numbers
    ]


def score_before(*, kit: Kit, paper: Sequence[DrawnQuestion], attempt: LiveAttempt) -> int | None:
    """The score that an ended attempt had when it ended; None when nothing was set right since."""
    places = {drawn.question_id: place for place, drawn in enumerate(paper)}
    keys_then: dict[int, list[str | list[str]]] = {}
    for note in kit.corrections:
        if note.question in places and note.at_ms > (attempt.finished_ms or note.at_ms):
            keys_then.setdefault(note.question, note.key_before)
    if not keys_then:
        return None
    score = attempt.score_hundredths
    for question_id, key in keys_then.items():
        question, worth = kit.questions[question_id], paper[places[question_id]].points_hundredths
        stored = attempt.answers.get(places[question_id])
        response = packing.unpack_response(question=question, packed=stored.response if stored else "")
        then = mark(kind=question.kind, key=key, response=response, points_hundredths=worth).points_hundredths
        score += then - (worth if question.is_void else stored.points_hundredths if stored else 0)
    return score


def moment(milliseconds: int) -> str:
    """RFC 3339 UTC with milliseconds."""
    return from_ms(milliseconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _explanations_shown(question: KitQuestion) -> list[ExplanationShown] | UnsetType:
    return [
        ExplanationShown(texts.language, direction_of(texts.language), texts.explanation)
        for texts in question.translations
        if texts.explanation
    ] or UNSET


def _basis_shown(basis: Sequence[Basis]) -> list[BasisShown]:
    return [BasisShown(cited.law, cited.article, cited.effective_on or None) for cited in basis]
