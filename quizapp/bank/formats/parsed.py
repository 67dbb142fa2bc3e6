"""What reading a question file gives: questions, and problems with their places. Reading never fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from quizapp.bank.formats import problems

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the person who imports can tell about the file.

    `default_kind` is taken for a question whose kind neither the file nor its key tells.
    """

    default_kind: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedOption:
    id: str
    """The letter the file's key uses, "A" to "Z"."""
    text: str


@dataclass(frozen=True, slots=True)
class ParsedQuestion:
    """One usable question. `key` by kind:

    single, multiple, indefinite: option ids in order; true_false: ("true",) or ("false",);
    fill_in: one tuple of accepted texts a blank; short_text: (reference answer,) or ().
    """

    where: str
    kind: str
    stem: str
    options: tuple[ParsedOption, ...]
    key: tuple[str, ...] | tuple[tuple[str, ...], ...]
    explanation: str = ""
    law: str = ""
    article: str = ""
    effective_on: date | None = None
    topics: tuple[str, ...] = ()
    difficulty: int | None = None
    """1 easy, 2 medium, 3 hard."""
    points_hundredths: int | None = None


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
class Parsed:
    format: str
    questions: tuple[ParsedQuestion, ...]
    problems: tuple[Problem, ...]
    duplicates: int = 0
    """Questions whose stem stood before in the same file; they are kept."""


class Refused(Exception):
    """The whole file, or a whole sheet, cannot be read; `problem` says why."""

    def __init__(self, where: str, code: str, **params: str) -> None:
        super().__init__(code)
        self.problem = Problem(where, code, params)
