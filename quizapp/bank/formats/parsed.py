"""What reading a question file gives: questions, and problems with their places. Reading never fails."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, overload

from quizapp.bank.formats import problems
from quizapp.bank.formats.layout import SheetLayout
from quizapp.bank.formats.read_options import ReadOptions, SheetOptions

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class ParsedOption:
    id: str
    """The letter the file's key uses, "A" to "Z"; "1", "2", … for what is on the right of matching."""
    text: str


@dataclass(frozen=True, slots=True)
class ParsedCitation:
    """A law and article as a question names them."""

    law: str
    article: str = ""
    effective_on: date | None = None


@dataclass(frozen=True, slots=True)
class ParsedMedia:
    """A picture or a recording as it stands in the file: not yet checked, whatever it claims to be."""

    at: str
    """The text it belongs to: "stem", "passage", "explanation" or an option id."""
    content: bytes
    kind: Literal["picture", "audio"] = "picture"
    alt: str = ""


@dataclass(frozen=True, slots=True)
class ParsedTranslation:
    """The question's texts in one further language; options by id. The key is that of the question."""

    language: str
    stem: str
    options: tuple[ParsedOption, ...] = ()
    explanation: str = ""
    passage: str = ""


@dataclass(frozen=True, slots=True)
class ParsedCriterion:
    """What an answer in one's own words earns points for."""

    text: str
    points_hundredths: int | None = None


@dataclass(frozen=True, slots=True)
class ParsedQuestion:
    """One usable question, as every reader gives it and every writer takes it. All texts are plain text.

    `key` by kind: single, multiple, indefinite: option ids in order; true_false: ("true",) or ("false",);
    fill_in: one tuple of accepted texts a blank; ordering: all option ids in the right order; matching: a pair
    for each option on the left, such as "A2"; short_text: (reference answer,) or ().
    """

    where: str
    kind: str
    stem: str
    options: tuple[ParsedOption, ...]
    key: tuple[str, ...] | tuple[tuple[str, ...], ...]
    explanation: str = ""
    citations: tuple[ParsedCitation, ...] = ()
    topics: tuple[str, ...] = ()
    difficulty: int | None = None
    """1 easy, 2 medium, 3 hard."""
    points_hundredths: int | None = None
    passage: str = ""
    """The case (案例) it is about; the questions of one case carry the same text."""
    rubric: tuple[ParsedCriterion, ...] = ()
    media: tuple[ParsedMedia, ...] = ()
    translations: tuple[ParsedTranslation, ...] = ()


class QuestionSequence(Sequence[ParsedQuestion]):
    """Questions of which each is made when it is asked for, so that many need not be in memory at once."""

    @abstractmethod
    def fetch(self, place: int) -> ParsedQuestion:
        """Make the question at a place, from 0 up to the length."""

    @overload
    def __getitem__(self, index: int) -> ParsedQuestion: ...

    @overload
    def __getitem__(self, index: slice) -> list[ParsedQuestion]: ...

    def __getitem__(self, index: int | slice) -> ParsedQuestion | list[ParsedQuestion]:
        places = range(len(self))[index]
        return self.fetch(places) if isinstance(places, int) else [self.fetch(place) for place in places]


@dataclass(frozen=True, slots=True)
class Problem:
    """An error keeps something out of the bank; a warning tells what was read in a way worth a look.

    `where` is in the stable English form that `place` turns into words.
    """

    where: str
    code: str
    params: Mapping[str, str] = field(default_factory=dict)
    severity: Severity = "error"

    @property
    def message(self) -> str:
        """What is wrong and how to mend it, in the reader's language."""
        return problems.message(self.code, self.params)


@dataclass(frozen=True, slots=True)
class Unusable:
    """What stands in the file where no question could be made of it."""

    where: str
    codes: tuple[str, ...]
    """Those of its errors."""
    source: tuple[str, ...]
    """The file's own cells or lines."""
    fields: Mapping[str, str]
    """What was read, each field of read_options.FIELDS that has something; a mend replaces them."""


@dataclass(frozen=True, slots=True)
class Parsed:
    format: str
    questions: tuple[ParsedQuestion, ...]
    problems: tuple[Problem, ...]
    duplicates: int = 0
    """Questions whose stem stood before in the same file; they are kept."""
    unusable: tuple[Unusable, ...] = ()
    """Every row or piece of text with an error that a mend can cure."""
    sheets: tuple[SheetLayout, ...] = ()
    """What was recognised of each sheet; one without a name for a file that has no sheets. Empty where a format
    leaves nothing to correct."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a format could not carry of a question, or why it could not carry the question at all."""

    number: int
    """The question's place in the export, from 1."""
    stem: str
    """Its first words."""
    code: str
    """"kind" or another of losses.REASONS: the whole question is left out; of losses.CHANGES: it is written otherwise;
    else the field that is left out: explanation, citations, …"""
    words: str = ""
    """What it was, for the sentence."""


@dataclass(frozen=True, slots=True)
class Written:
    """A question file made for others."""

    content: bytes
    left_out: tuple[LeftOut, ...] = ()


class Refused(Exception):
    """The whole file, or a whole sheet, cannot be read; `problem` says why."""

    def __init__(self, where: str, code: str, **params: str) -> None:
        super().__init__(code)
        self.problem = Problem(where, code, params)


__all__ = [
    "LeftOut",
    "Parsed",
    "ParsedCitation",
    "ParsedCriterion",
    "ParsedMedia",
    "ParsedOption",
    "ParsedQuestion",
    "ParsedTranslation",
    "Problem",
    "ReadOptions",
    "Refused",
    "Severity",
    "SheetOptions",
    "Unusable",
    "Written",
]
