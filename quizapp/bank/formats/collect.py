"""From the drafts of a file to its questions and problems: judged one by one, then compared with each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from quizapp.bank.formats.characters import shorten
from quizapp.bank.formats.coding import Coding
from quizapp.bank.formats.draft import Draft
from quizapp.bank.formats.judging import settle
from quizapp.bank.formats.kinds import Hint
from quizapp.bank.formats.layout import MOST_SPELLINGS, SheetLayout
from quizapp.bank.formats.parsed import Parsed, ParsedQuestion, Problem, ReadOptions, SheetOptions, Unusable
from quizapp.bank.formats.places import FILE, position
from quizapp.bank.formats.problems import KIND_NAMES
from quizapp.bank.rules import normalise_text

_OF_THE_WHOLE_FILE = ("key_from_stem", "key_from_looks")
"""Warnings of how a key was found: where most questions have it, it is the manner of the file."""
_LEAST_OF_A_MANNER = 6
_LEAST_OF_A_CODE = 5
_USUAL_SHARE = 0.8


Finish = Callable[[ParsedQuestion], tuple[ParsedQuestion | None, list[Problem]]]
"""What a format still does with a question that holds: None and an error where it does not after all."""


class Collected:
    """The questions and problems of a file while it is read, sheet by sheet or at once."""

    def __init__(self, options: ReadOptions, *, finish: Finish | None = None) -> None:
        self.options = options
        self._finish = finish
        self._order: dict[str, int] = {}
        self.questions: list[ParsedQuestion] = []
        self.problems: list[Problem] = []
        self.unusable: list[Unusable] = []
        self.sheets: list[SheetLayout] = []
        self._first_place: dict[str, str] = {}
        self._duplicates = 0

    def report(self, problem: Problem) -> None:
        self.problems.append(problem)

    def place_in_order(self, where: str) -> None:
        """Note a place in the order of the file, where that is not the order of reading."""
        self._order.setdefault(where, len(self._order))

    def corrected(self, drafts: Iterable[Draft], sheet: SheetOptions) -> list[Draft]:
        """The drafts with what a person said of their kind and wrote anew in their places."""
        corrected = []
        for draft in drafts:
            if sheet.kind:
                draft.hint, draft.code = Hint(sheet.kind, insists=True, words=KIND_NAMES[sheet.kind]), ""
            if draft.where in self.options.mends:
                draft.mend(self.options.mends[draft.where])
            corrected.append(draft)
        return corrected

    def take(self, drafts: Sequence[Draft], coding: Coding, layout: SheetLayout) -> None:
        """Judge the drafts of one table or text; `layout` is what was recognised of it."""
        settled: list[tuple[Draft, ParsedQuestion]] = []
        by_manner: dict[str, list[Problem]] = {code: [] for code in _OF_THE_WHOLE_FILE}
        for draft in drafts:
            stem, answer = draft.stem, draft.answer
            question, problems = settle(draft, coding=coding, default_kind=self.options.default_kind)
            if question is not None and self._finish:
                question, more = self._finish(question)
                problems = [*problems, *more]
            for problem in problems:
                by_manner.get(problem.code, self.problems).append(problem)
            if question is None:
                codes = tuple(problem.code for problem in problems if problem.severity == "error")
                draft.stem, draft.answer = stem, answer
                self.unusable.append(Unusable(draft.where, codes, tuple(filter(None, draft.source)), draft.fields()))
            else:
                self.questions.append(question)
                self._warn_of_duplicate(question)
                settled.append((draft, question))
        for warnings in by_manner.values():
            self._report_manner(warnings, is_of_all=len(warnings) * 2 >= max(len(drafts), _LEAST_OF_A_MANNER))
        self.problems.extend(_kind_codes_that_differ(settled))
        self.sheets.append(
            replace(layout, questions=len(settled), numbers_from=coding.first, truths=_spellings_of_truth(settled))
        )

    def _report_manner(self, warnings: Sequence[Problem], *, is_of_all: bool) -> None:
        """Warn of how keys were found one by one, or once where it is the manner of the whole file."""
        if not is_of_all:
            self.problems.extend(warnings)
        elif warnings and warnings[0].code == "key_from_looks":
            params = {"count": str(len(warnings)), "manner": warnings[0].params["manner"]}
            self.report(Problem(warnings[0].where, "keys_from_looks", params, "warning"))

    def _warn_of_duplicate(self, question: ParsedQuestion) -> None:
        stem = normalise_text(question.passage + question.stem)
        first = self._first_place.setdefault(stem, question.where)
        if first is not question.where:
            self._duplicates += 1
            params = {"stem": shorten(question.stem, 24), "first_place": first}
            self.report(Problem(question.where, "duplicate", params, "warning"))

    def parsed(self, format_name: str, *, nothing_found: str = "no_questions") -> Parsed:
        """All there is; a file without a question and without an error says so."""
        if not self.questions and not any(problem.severity == "error" for problem in self.problems):
            self.report(Problem(FILE, nothing_found))
        if self._order:
            self.questions.sort(key=lambda question: self._order.get(question.where, -1))
            self.unusable.sort(key=lambda piece: self._order.get(piece.where, -1))
        return Parsed(
            format_name,
            tuple(self.questions),
            self._problems_in_order(),
            self._duplicates,
            tuple(self.unusable),
            tuple(self.sheets),
        )

    def _problems_in_order(self) -> tuple[Problem, ...]:
        """Sheet by sheet, and from top to bottom."""
        if self._order:
            return tuple(sorted(self.problems, key=lambda problem: self._order.get(problem.where, -1)))
        sheets: dict[str, int] = {}
        positions = [position(problem.where) for problem in self.problems]
        for sheet, _ in positions:
            sheets.setdefault(sheet, len(sheets))
        order = sorted(range(len(positions)), key=lambda at: (sheets[positions[at][0]], positions[at][1]))
        return tuple(self.problems[at] for at in order)


def _kind_codes_that_differ(settled: Iterable[tuple[Draft, ParsedQuestion]]) -> list[Problem]:
    """Bare codes (0, 1, 2) in a kind column say nothing by themselves, but most of one code are of one kind.

    The questions that are not get a warning: either their code or their key is wrong.
    """
    coded = [(draft.code, question) for draft, question in settled if draft.code]
    kinds = Counter((code, question.kind) for code, question in coded)
    of_code = Counter(code for code, _ in coded)
    usual = {
        code: kind
        for (code, kind), count in kinds.items()
        if of_code[code] >= _LEAST_OF_A_CODE and count >= _USUAL_SHARE * of_code[code]
    }
    return [
        Problem(
            question.where,
            "kind_code_differs",
            {"code": code, "usual": usual[code], "taken": question.kind},
            "warning",
        )
        for code, question in coded
        if code in usual and usual[code] != question.kind
    ]


def _spellings_of_truth(settled: Iterable[tuple[Draft, ParsedQuestion]]) -> tuple[tuple[str, bool], ...]:
    """The answers of true or false questions as written, with what they were read as."""
    spellings: dict[tuple[str, bool], None] = {}
    for draft, question in settled:
        if question.kind == "true_false" and len(spellings) < MOST_SPELLINGS:
            spellings[shorten(draft.answer, 20), question.key == ("true",)] = None
    return tuple(spellings)
