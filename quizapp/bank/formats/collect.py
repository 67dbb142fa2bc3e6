"""From the drafts of a file to its questions and problems: judged one by one, then compared with each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from quizapp.bank.formats.characters import shorten
from quizapp.bank.formats.draft import Draft, Numbers, settle
from quizapp.bank.formats.parsed import Parsed, ParsedQuestion, Problem, ReadOptions
from quizapp.bank.formats.places import FILE, position
from quizapp.bank.rules import normalise_text

_LEAST_OF_A_CODE = 5
_USUAL_SHARE = 0.8


class Collected:
    """The questions and problems of a file while it is read, sheet by sheet or at once."""

    def __init__(self, options: ReadOptions) -> None:
        self.options = options
        self.questions: list[ParsedQuestion] = []
        self.problems: list[Problem] = []
        self._first_place: dict[str, str] = {}
        self._duplicates = 0

    def report(self, problem: Problem) -> None:
        self.problems.append(problem)

    def take(self, drafts: Sequence[Draft], numbers: Numbers) -> None:
        """Judge the drafts of one table or text."""
        settled: list[tuple[Draft, ParsedQuestion]] = []
        from_stem: list[Problem] = []
        for draft in drafts:
            question, problems = settle(draft, numbers=numbers, default_kind=self.options.default_kind)
            self.problems.extend(problem for problem in problems if problem.code != "key_from_stem")
            from_stem.extend(problem for problem in problems if problem.code == "key_from_stem")
            if question is not None:
                self.questions.append(question)
                self._warn_of_duplicate(question)
                settled.append((draft, question))
        if len(from_stem) * 2 < len(drafts):  # else it is the manner of the whole file
            self.problems.extend(from_stem)
        self.problems.extend(_kind_codes_that_differ(settled))

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
        return Parsed(format_name, tuple(self.questions), self._problems_in_order(), self._duplicates)

    def _problems_in_order(self) -> tuple[Problem, ...]:
        """Sheet by sheet, and from top to bottom."""
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
