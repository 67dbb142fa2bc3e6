"""Aiken, the plainest of the formats that Moodle reads: a stem, options from A) on, and `ANSWER: B`.

It holds one right option and nothing beside it, and has no lines inside a text. Two options that say true and false
are a true/false question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from quizapp.bank.formats.answers import LETTERS, compact, truths_of_options
from quizapp.bank.formats.characters import clean, shorten
from quizapp.bank.formats.decoding import decode
from quizapp.bank.formats.parsed import Parsed, ParsedOption, ParsedQuestion, ReadOptions, Refused
from quizapp.bank.formats.places import FILE
from quizapp.bank.formats.typed import Candidate, Typed

NAME = "aiken"
KINDS = frozenset(("single", "true_false"))
MOST_LINES = 200_000
TRUE, FALSE = "正确", "错误"
_OPTION = re.compile(r"([A-Z])[.)](?:[ \t\u3000]+(.*)|([^\x00-\x7f].*)|)$")
_ANSWER = re.compile(r"ANSWER[ \t]*[:：][ \t]*(.*)$", re.IGNORECASE)
_SURE_ANSWER = re.compile(r"ANSWER: *[A-Z] *")
_NUMBER = re.compile(r"第?([0-9]{1,4})[.、)）．题]")
_LEAST_NUMBERED = 3


def is_aiken(text: str) -> bool:
    """Whether a text is made of a stem, options from A on and an answer each, and of little else.

    Questions that are numbered one after the other are left to the reader of plain text, which takes the numbers off.
    """
    lines = [line.strip() for line in text[:200_000].lstrip("\ufeff").splitlines() if line.strip()]
    numbers: list[int] = []
    at = others = 0
    while at < len(lines):
        end = _end_of_question(lines, at)
        if end:
            number = _NUMBER.match(lines[at])
            numbers.append(int(number[1]) if number else 0)
        others += 0 if end else 1
        at = end or at + 1
    is_numbered = len(numbers) >= _LEAST_NUMBERED and all(
        number and after == number + 1 for number, after in pairwise(numbers)
    )
    return bool(numbers) and 2 * len(numbers) > others and not is_numbered


def _end_of_question(lines: Sequence[str], at: int) -> int:
    """The line after the question whose stem stands at a line, 0 where none stands there."""
    letters = 0
    for place in range(at + 1, min(at + 2 + len(LETTERS), len(lines))):
        option = _OPTION.match(lines[place])
        if option and option[1] == LETTERS[letters : letters + 1]:
            letters += 1
        else:
            return place + 1 if letters >= 2 and _SURE_ANSWER.fullmatch(lines[place]) else 0
    return 0


@dataclass(slots=True)
class _Lines:
    """The lines of one question."""

    line: int = 0
    stem: list[str] = field(default_factory=list)
    options: list[tuple[str, list[str]]] = field(default_factory=list)
    source: list[str] = field(default_factory=list)
    after_gap: bool = False
    """An empty line stood last."""


def read(content: bytes, options: ReadOptions) -> Parsed:
    """Read the questions of an Aiken file."""
    typed = Typed(NAME, options)
    try:
        text = decode(content).replace("\r\n", "\n").replace("\r", "\n")
        if text.count("\n") >= MOST_LINES:
            raise Refused(FILE, "too_many_rows", limit=str(MOST_LINES))
        question = _Lines()
        for number, line in enumerate(map(clean, text.split("\n")), 1):
            question = _take(question, number, line, typed)
        _finish(question, None, typed)
    except Refused as refusal:
        return Parsed(NAME, (), (refusal.problem,))
    return typed.parsed()


def _take(question: _Lines, number: int, line: str, typed: Typed) -> _Lines:
    """Add a line; the answer is the question that is being read after it."""
    if not line:
        question.after_gap = bool(question.stem)
        return question
    option, answer = _OPTION.match(line), _ANSWER.match(line)
    if question.after_gap and not option and not answer:
        _finish(question, None, typed)
        question = _Lines()
    if not question.stem:  # whatever it looks like, what comes first is the stem
        return _Lines(number, [line], source=[line])
    question.source.append(line)
    question.after_gap = False
    if answer:
        _finish(question, clean(answer[1]), typed)
        return _Lines()
    if option:
        question.options.append((option[1], [option[2] or option[3] or ""]))
    elif question.options:
        question.options[-1][1].append(line)
    else:
        question.stem.append(line)
    return question


def _finish(question: _Lines, answer: str | None, typed: Typed) -> None:
    if not question.stem:
        return
    stem = "\n".join(question.stem)
    options = tuple(ParsedOption(letter, clean(" ".join(texts))) for letter, texts in question.options)
    candidate = Candidate(f"line {question.line}", stem, "", list(options), answer or "", source=question.source)
    first = _OPTION.match(stem)
    if first and options and options[0].id == "B":
        texts = " ".join([first[2] or first[3] or "", *(option.text for option in options)])
        candidate.stem = ""
        typed.refuse(candidate, "no_stem", text=shorten(texts))
        return
    if not options:
        if _ANSWER.match(stem) or answer is None:
            typed.report(f"line {question.line}", "line_not_read", "error", text=shorten(stem))
        else:
            typed.refuse(candidate, "key_without_options", answer=shorten(answer))
        return
    key = tuple(dict.fromkeys(compact(answer or "")))
    truths = truths_of_options({option.id: option.text for option in options}, weak=False)
    if truths and len(key) == 1 and key[0] in truths:
        is_true = "true" if truths[key[0]] else "false"
        candidate.kind, candidate.options, candidate.answer = "true_false", [], TRUE if truths[key[0]] else FALSE
        typed.take(candidate, ParsedQuestion(candidate.where, "true_false", stem, (), (is_true,)))
        return
    candidate.kind = "multiple" if len(key) > 1 else "single"
    typed.take(candidate, ParsedQuestion(candidate.where, candidate.kind, stem, options, tuple(sorted(key))))


def fault(question: ParsedQuestion) -> str:
    """What becomes of a question here: its lines are joined, and 正确 and 错误 alone are read as true or false."""
    texts = {option.id: option.text for option in question.options}
    if any("\n" in text for text in (question.stem, *texts.values())):
        return "line_ends"
    return "becomes_true_false" if truths_of_options(texts, weak=False) else ""


def write(questions: Sequence[ParsedQuestion]) -> bytes:
    """An Aiken file in UTF-8; the lines of a text are written as one."""
    return "\n".join(map(_written, questions)).encode()


def _written(question: ParsedQuestion) -> str:
    options, key = question.options, str(question.key[0])
    if question.kind == "true_false":
        options = (ParsedOption("A", TRUE), ParsedOption("B", FALSE))
        key = "A" if key == "true" else "B"
    lines = [question.stem, *(f"{option.id}) {option.text}" for option in options), f"ANSWER: {key}"]
    return "\n".join(" ".join(line.split("\n")) for line in lines) + "\n"
