"""A question as pages show it to staff, whatever it comes from: a revision, a form just sent, a file just read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import singledispatch
from typing import Any

from quizapp.bank.actions import Content, content_of
from quizapp.bank.languages import direction_of, name_of
from quizapp.bank.models import QuestionRevision
from quizapp.bank.rules import normalise_text, sides


@dataclass(frozen=True, slots=True)
class Version:
    """A text in a further language."""

    language: str
    text: str

    @property
    def name(self) -> str:
        return name_of(self.language)

    @property
    def direction(self) -> str:
        return direction_of(self.language)


@dataclass(frozen=True, slots=True)
class ShownMedium:
    kind: str
    alt: str
    sha256: str
    ending: str
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class ShownText:
    """A text, its versions in further languages below it, and below these what is seen or heard."""

    text: str
    versions: Sequence[Version] = ()
    media: Sequence[ShownMedium] = ()
    id: str = ""

    def __bool__(self) -> bool:
        return bool(self.text or self.versions or self.media)


@dataclass(frozen=True, slots=True)
class ShownBlank:
    """The accepted texts of one blank, and what each is compared as where that is something else."""

    accepted: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ShownQuestion:
    kind: str
    stem: ShownText
    key: Sequence[Any]
    passage: ShownText = field(default_factory=lambda: ShownText(""))
    explanation: ShownText = field(default_factory=lambda: ShownText(""))
    options: Sequence[ShownText] = ()
    """Of matching what is on the left."""
    others: Sequence[ShownText] = ()
    """Of matching what is on the right."""
    rubric: Sequence[Mapping[str, Any]] = ()
    basis: Sequence[tuple[str, str, date | str | None]] = ()
    topics: Sequence[str] = ()

    @property
    def blanks(self) -> list[ShownBlank]:
        return [
            ShownBlank([(text, compared if (compared := normalise_text(text)) != text else "") for text in accepted])
            for accepted in self.key
        ]

    @property
    def in_order(self) -> list[ShownText]:
        """The options of an ordering question in the right order."""
        by_id = {option.id: option for option in self.options}
        return [by_id[option_id] for option_id in self.key if option_id in by_id]

    @property
    def pairs(self) -> list[tuple[ShownText, ShownText]]:
        """Of matching each on the left with its one on the right."""
        right = {other.id: other for other in self.others}
        partners = {pair.rstrip("0123456789"): pair for pair in self.key}
        return [
            (option, right[partners[option.id].removeprefix(option.id)])
            for option in self.options
            if option.id in partners
        ]

    @property
    def without_partner(self) -> list[ShownText]:
        """Of matching those on the right that belong to nothing on the left."""
        used = {other.id for _option, other in self.pairs}
        return [other for other in self.others if other.id not in used]


@singledispatch
def as_shown(subject: object) -> ShownQuestion:
    """A revision, a Content or the document of an import's row as pages show it."""
    raise TypeError(subject)


@as_shown.register
def _of_content(content: Content) -> ShownQuestion:
    def text(at: str, chinese: str, option_id: str = "") -> ShownText:
        found = {
            code: (version.get("options", {}) if option_id else version).get(at, "")
            for code, version in content.translations.items()
        }
        return ShownText(
            chinese,
            [Version(code, words) for code, words in found.items() if words],
            [_shown_medium(medium) for medium in content.media if medium["at"] == at],
            option_id,
        )

    options = [text(option_id, words, option_id) for option_id, words in content.options]
    left, _right = sides(option_id for option_id, _words in content.options)
    return ShownQuestion(
        kind=content.kind,
        stem=text("stem", content.stem),
        key=content.key,
        passage=text("passage", content.passage),
        explanation=text("explanation", content.explanation),
        options=[option for option in options if option.id in left],
        others=[option for option in options if option.id not in left],
        rubric=content.rubric,
        basis=[(citation.law, citation.article, citation.effective_on) for citation in content.citations],
        topics=content.topics,
    )


@as_shown.register
def _of_revision(revision: QuestionRevision) -> ShownQuestion:
    return _of_content(content_of(revision))


@as_shown.register
def _of_document(document: dict) -> ShownQuestion:  # type: ignore[type-arg]
    """A question of a file as an import keeps it (import_rows.question_document): without translations."""

    def text(at: str, words: str, option_id: str = "") -> ShownText:
        return ShownText(words, (), [_shown_medium(one) for one in document["media"] if one["at"] == at], option_id)

    options = [text(option_id, words, option_id) for option_id, words in document["options"]]
    left, _right = sides(option.id for option in options)
    return ShownQuestion(
        kind=document["kind"],
        stem=text("stem", document["stem"]),
        key=document["key"],
        passage=text("passage", document["passage"]),
        explanation=text("explanation", document["explanation"]),
        options=[option for option in options if option.id in left],
        others=[option for option in options if option.id not in left],
        rubric=[{"text": text, "points_hundredths": None} for text in document["rubric"]],
        basis=[(law, article, day) for law, article, day in document["basis"]],
        topics=document["topics"],
    )


def _shown_medium(medium: Mapping[str, Any]) -> ShownMedium:
    return ShownMedium(
        medium["kind"], medium["alt"], medium["sha256"], medium["ending"], medium["width"], medium["height"]
    )
