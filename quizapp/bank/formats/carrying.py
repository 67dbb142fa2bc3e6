"""What a format can carry of a question, and what has to be left out: nothing is lost without being said."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from quizapp.bank.formats.characters import shorten
from quizapp.bank.formats.parsed import LeftOut, ParsedCitation, ParsedQuestion, QuestionSequence

FIELDS = (
    "explanation",
    "citations",
    "effective_on",
    "topics",
    "difficulty",
    "points_hundredths",
    "passage",
    "rubric",
    "pictures",
    "audio",
    "translations",
)
"""What a question may carry beside kind, stem, options and key; a format declares which of these it can."""

MEDIA_FIELDS = {"picture": "pictures", "audio": "audio"}


def carried(
    question: ParsedQuestion, *, number: int, kinds: Collection[str], fields: Collection[str]
) -> tuple[ParsedQuestion | None, list[LeftOut]]:
    """The question with nothing but what these kinds and fields allow, None for another kind; and what is gone."""
    stem = shorten(question.stem)
    if question.kind not in kinds:
        return None, [LeftOut(number, stem, "kind", question.kind)]
    left_out = []
    for field in FIELDS:
        words = "" if field in fields else _WORDS[field](question)
        if words:
            left_out.append(LeftOut(number, stem, field, words))
            question = _WITHOUT[field](question)
    return question, left_out


class Kept(QuestionSequence):
    """Some of a sequence's questions, each with nothing but what these kinds and fields allow; made anew when asked.

    The questions of a large bank come from a file of their own, and are never all in memory.
    """

    def __init__(
        self,
        questions: Sequence[ParsedQuestion],
        numbers: Sequence[int],
        *,
        kinds: Collection[str],
        fields: Collection[str],
    ) -> None:
        self.questions, self.numbers = questions, numbers
        self.kinds, self.fields = kinds, fields

    def __len__(self) -> int:
        return len(self.numbers)

    def fetch(self, place: int) -> ParsedQuestion:
        whole = self.questions[self.numbers[place] - 1]
        question, _left_out = carried(whole, number=0, kinds=self.kinds, fields=self.fields)
        assert question is not None  # noqa: S101 (its kind was looked at before)
        return question


def cited(citation: ParsedCitation) -> str:
    """A citation in words: 《宗教事务条例》第四十一条."""
    return f"《{citation.law}》{citation.article}"


def _media_words(question: ParsedQuestion, kind: str) -> str:
    return "、".join(medium.alt or medium.at for medium in question.media if medium.kind == kind)


def _without_media(question: ParsedQuestion, kind: str) -> ParsedQuestion:
    return replace(question, media=tuple(medium for medium in question.media if medium.kind != kind))


def _without_dates(question: ParsedQuestion) -> ParsedQuestion:
    return replace(question, citations=tuple(replace(one, effective_on=None) for one in question.citations))


def _without(field: str, empty: object) -> Callable[[ParsedQuestion], ParsedQuestion]:
    return lambda question: replace(question, **{field: empty})  # type: ignore[arg-type]


# In the order of FIELDS: citations go with their dates, which are then nothing more to tell of.
_WORDS: dict[str, Callable[[ParsedQuestion], str]] = {
    "explanation": lambda question: shorten(question.explanation),
    "citations": lambda question: "、".join(map(cited, question.citations)),
    "effective_on": lambda question: "、".join(
        citation.effective_on.isoformat() for citation in question.citations if citation.effective_on
    ),
    "topics": lambda question: "、".join(question.topics),
    "difficulty": lambda question: "" if question.difficulty is None else str(question.difficulty),
    "points_hundredths": lambda question: (
        "" if question.points_hundredths is None else f"{question.points_hundredths / 100:g}"
    ),
    "passage": lambda question: shorten(question.passage),
    "rubric": lambda question: shorten("、".join(criterion.text for criterion in question.rubric)),
    "pictures": lambda question: _media_words(question, "picture"),
    "audio": lambda question: _media_words(question, "audio"),
    "translations": lambda question: "、".join(translation.language for translation in question.translations),
}
_WITHOUT: dict[str, Callable[[ParsedQuestion], ParsedQuestion]] = {
    "explanation": _without("explanation", ""),
    "citations": _without("citations", ()),
    "effective_on": _without_dates,
    "topics": _without("topics", ()),
    "difficulty": _without("difficulty", None),
    "points_hundredths": _without("points_hundredths", None),
    "passage": _without("passage", ""),
    "rubric": _without("rubric", ()),
    "pictures": lambda question: _without_media(question, "picture"),
    "audio": lambda question: _without_media(question, "audio"),
    "translations": _without("translations", ()),
}
