"""The questions of a format that states kinds, options and keys itself: each is checked, not interpreted.

What does not hold together becomes a problem with its place and can be mended like a row of a table: the mended
fields are then read as those of a table are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from quizapp.bank.formats.characters import shorten
from quizapp.bank.formats.coding import Coding
from quizapp.bank.formats.details import LONGEST_TOPIC
from quizapp.bank.formats.draft import Draft
from quizapp.bank.formats.judging import settle
from quizapp.bank.formats.kinds import Hint
from quizapp.bank.formats.parsed import (
    Parsed,
    ParsedOption,
    ParsedQuestion,
    Problem,
    ReadOptions,
    Refused,
    Severity,
    Unusable,
)
from quizapp.bank.formats.places import FILE, position
from quizapp.bank.formats.problems import KIND_NAMES
from quizapp.bank.formats.validity import faults
from quizapp.bank.rules import normalise_text

_STEM_LETTERS = 24
_SOURCE_LINES = 40
_WARNINGS = 20
"""Of one question; after so many, more say nothing new."""


MOST_QUESTIONS = 20_000
"""Of one file, those that cannot be taken included: about two seconds of reading."""


class Unfit(Exception):
    """Why a question of the file cannot be taken; `code` and `params` are those of a problem."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(code)
        self.code, self.params = code, params


@dataclass(slots=True)
class Candidate:
    """A question as far as it was read, for a person to mend where no question could be made of it."""

    where: str
    stem: str = ""
    kind: str = ""
    options: list[ParsedOption] = field(default_factory=list)
    answer: str = ""
    explanation: str = ""
    topics: tuple[str, ...] = ()
    source: Sequence[str] = ()
    """The lines of the file."""

    def draft(self) -> Draft:
        return Draft(
            self.where,
            stem=self.stem,
            options=[(option.id, option.text) for option in self.options],
            answer=self.answer,
            hint=Hint(self.kind, insists=True, words=KIND_NAMES[self.kind]) if self.kind else None,
            explanation=self.explanation,
            topics="、".join(self.topics),
            source=tuple(self.source)[:_SOURCE_LINES],
        )


class Typed:
    """The questions and problems of a file while it is read."""

    def __init__(self, format_name: str, options: ReadOptions) -> None:
        self.format_name = format_name
        self.options = options
        self.questions: list[ParsedQuestion] = []
        self.problems: list[Problem] = []
        self.unusable: list[Unusable] = []
        self._first_place: dict[str, str] = {}
        self._duplicates = 0
        self._number = 0

    def report(self, where: str, code: str, severity: Severity = "warning", **params: str) -> None:
        self.problems.append(Problem(where, code, params, severity))

    def warn(self, candidate: Candidate, code: str, **params: str) -> None:
        """Tell what is worth a look about a question that is taken."""
        self.report(candidate.where, code, "warning", stem=shorten(candidate.stem, _STEM_LETTERS), **params)

    def warn_all(self, candidate: Candidate, found: Sequence[tuple[str, dict[str, str]]]) -> None:
        """Tell the first of many warnings about a question."""
        for code, params in found[:_WARNINGS]:
            self.warn(candidate, code, **params)

    def refuse(self, candidate: Candidate, code: str, **params: str) -> None:
        """Tell why a question is not taken, unless a person has mended it; raise Refused as `take` does."""
        self._count()
        if not self._mend(candidate):
            stem = {"stem": shorten(candidate.stem, _STEM_LETTERS)}
            self._leave_out(candidate, [Problem(candidate.where, code, {**stem, **params})])

    def take(self, candidate: Candidate, question: ParsedQuestion) -> None:
        """Take a question if it holds together; raise Refused where the file has too many."""
        self._count()
        if self._mend(candidate):
            return
        question = self._with_fitting_topics(question)
        found = [Problem(question.where, fault.code, fault.params, fault.severity) for fault in faults(question)]
        if any(problem.severity == "error" for problem in found):
            self._leave_out(candidate, found)
        else:
            self.problems.extend(found)
            self._add(question)

    def parsed(self, *, nothing_found: str = "no_questions") -> Parsed:
        """All there is, from top to bottom, file by file; one without a question and without an error says so."""
        if not self.questions and not any(problem.severity == "error" for problem in self.problems):
            self.report(FILE, nothing_found, "error")
        members = {position(problem.where)[0]: None for problem in self.problems}
        order = {member: place for place, member in enumerate(members)}
        problems = sorted(
            self.problems, key=lambda problem: (order[position(problem.where)[0]], position(problem.where)[1])
        )
        return Parsed(self.format_name, tuple(self.questions), tuple(problems), self._duplicates, tuple(self.unusable))

    def _count(self) -> None:
        self._number += 1
        if self._number > MOST_QUESTIONS:
            raise Refused(FILE, "too_many_questions", limit=str(MOST_QUESTIONS))

    def _mend(self, candidate: Candidate) -> bool:
        mend = self.options.mends.get(candidate.where)
        if mend is None:
            return False
        draft = candidate.draft()
        draft.mend(mend)
        fields = draft.fields()
        question, found = settle(draft, coding=Coding(), default_kind=self.options.default_kind)
        self.problems.extend(found)
        if question is not None:
            self._add(question)
        else:
            codes = tuple(problem.code for problem in found if problem.severity == "error")
            self.unusable.append(Unusable(candidate.where, codes, tuple(draft.source), fields))
        return True

    def _leave_out(self, candidate: Candidate, found: Sequence[Problem]) -> None:
        draft = candidate.draft()
        self.problems.extend(found)
        codes = tuple(problem.code for problem in found if problem.severity == "error")
        self.unusable.append(Unusable(candidate.where, codes, tuple(draft.source), draft.fields()))

    def _with_fitting_topics(self, question: ParsedQuestion) -> ParsedQuestion:
        for topic in question.topics:
            if len(topic) > LONGEST_TOPIC:
                self.report(question.where, "topic_too_long", text=shorten(topic), limit=str(LONGEST_TOPIC))
        topics = dict.fromkeys(topic for topic in question.topics if topic and len(topic) <= LONGEST_TOPIC)
        return replace(question, topics=tuple(topics))

    def _add(self, question: ParsedQuestion) -> None:
        self.questions.append(question)
        text = normalise_text(question.passage + question.stem)
        first = self._first_place.get(text)
        if first is None:
            self._first_place[text] = question.where
        else:
            self._duplicates += 1
            stem = shorten(question.stem, _STEM_LETTERS)
            self.report(question.where, "duplicate", stem=stem, first_place=first)
