"""Our own JSON: a document with all questions, or one question a line (JSONL); see docs/question-json.md.

It carries everything that a question has. Every field that is wrong is told with its place; a question with one
stays out, the others come in.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from quizapp.bank.formats.characters import shorten
from quizapp.bank.formats.decoding import decode
from quizapp.bank.formats.json_fields import Repeating, read_question
from quizapp.bank.formats.parsed import (
    Parsed,
    ParsedQuestion,
    Problem,
    ReadOptions,
    Refused,
)
from quizapp.bank.formats.places import FILE
from quizapp.bank.rules import normalise_text

NAME, NAME_OF_LINES = "json", "jsonl"
FORMAT, VERSION = "quizapp-questions", 1
MOST_VALUES = 2_000_000
"""About as many values as a file of the greatest size has when it holds questions; far fewer bytes can name more."""
MOST_QUESTIONS = 100_000
_OPENS_OWN = re.compile(r'"format"\s*:\s*"quizapp-questions"')
_OPENS_LIST = re.compile(r"\s*\[\s*\{")
_LINES_LOOKED_AT = 5


def is_own(text: str) -> bool:
    """Whether a text is a document of ours: it says so, or is a list that starts with a question of ours."""
    start = text[:1_000].lstrip("\ufeff \t\r\n")
    if start.startswith("{"):
        return bool(_OPENS_OWN.search(text))
    first = _OPENS_LIST.match(text)
    return first is not None and _is_question(text, first.end() - 1)


def is_own_lines(text: str) -> bool:
    """Whether one of the first lines is a question of ours."""
    lines = (line for line in text[:200_000].splitlines() if line.strip())
    return any(_is_question(line.strip(), 0) for line in islice(lines, _LINES_LOOKED_AT))


def _is_question(text: str, start: int) -> bool:
    """Whether an object with a kind and a stem stands there."""
    try:
        value, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and {"kind", "stem"} <= set(value)


# Reading ------------------------------------------------------------------------------------------------------


def read(content: bytes, options: ReadOptions) -> Parsed:
    """Read the questions of a document, or of a bare list of questions."""
    try:
        text = _text(content)
        try:
            document = _load(text)
        except json.JSONDecodeError as fault:
            raise Refused(f"line {fault.lineno}", "json_broken", found=shorten(str(fault), 60)) from None
        except RecursionError:
            raise Refused(FILE, "json_too_deep") from None
        items = _items(document)
        if len(items) > MOST_QUESTIONS:
            raise Refused(FILE, "json_too_many_questions", limit=str(MOST_QUESTIONS))
    except Refused as refusal:
        return Parsed(NAME, (), (refusal.problem,))
    return _collect(NAME, "question", enumerate(items, 1))


def read_lines(content: bytes, options: ReadOptions) -> Parsed:
    """Read one question a line; a line that is no JSON is a problem of its own."""
    try:
        text = _text(content)
        if text.count("\n") > MOST_QUESTIONS:
            raise Refused(FILE, "json_too_many_questions", limit=str(MOST_QUESTIONS))
    except Refused as refusal:
        return Parsed(NAME_OF_LINES, (), (refusal.problem,))
    return _collect(NAME_OF_LINES, "line", _values_of_lines(text))


def _text(content: bytes) -> str:
    text = decode(content)
    if sum(text.count(mark) for mark in "[{,") > MOST_VALUES:
        raise Refused(FILE, "json_too_many_values", limit=str(MOST_VALUES))
    return text


def _load(text: str) -> Any:
    return json.loads(text, object_pairs_hook=Repeating.from_pairs, parse_int=_whole_number)


def _whole_number(digits: str) -> int | float:
    """Numbers beyond all measure stay numbers, but no whole ones: so they are a wrong value and not an error."""
    return int(digits) if len(digits) < 20 else float("inf")


def _items(document: Any) -> list[Any]:
    if isinstance(document, list):
        return document
    if not isinstance(document, dict) or document.get("format", FORMAT) != FORMAT:
        raise Refused(FILE, "json_not_questions")
    if repeated := getattr(document, "repeated", ()):
        raise Refused(FILE, "json_broken", found=shorten(f"repeated: {', '.join(repeated)}", 60))
    version = document.get("version", VERSION)
    if version != VERSION or isinstance(version, bool):
        raise Refused(FILE, "json_version", found=shorten(str(version), 20), known=str(VERSION))
    questions = document.get("questions")
    if not isinstance(questions, list):
        raise Refused(FILE, "json_not_questions")
    return questions


def _values_of_lines(text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, _load(line)
            except json.JSONDecodeError as fault:
                yield number, Problem(f"line {number}", "json_broken_line", {"found": shorten(str(fault), 60)})
            except RecursionError:
                yield number, Problem(f"line {number}", "json_broken_line", {"found": "nesting too deep"})


def _collect(name: str, unit: str, values: Iterator[tuple[int, Any]]) -> Parsed:
    questions: list[ParsedQuestion] = []
    problems: list[Problem] = []
    first_place: dict[str, str] = {}
    duplicates = 0
    for number, value in values:
        if isinstance(value, Problem):
            problems.append(value)
            continue
        question, found = read_question(value, number=number, unit=unit)
        problems.extend(found)
        if question is None:
            continue
        questions.append(question)
        first = first_place.setdefault(normalise_text(question.passage + question.stem), question.where)
        if first is not question.where:
            duplicates += 1
            params = {"stem": shorten(question.stem, 24), "first_place": first}
            problems.append(Problem(question.where, "duplicate", params, "warning"))
    if not questions and not any(problem.severity == "error" for problem in problems):
        problems.append(Problem(FILE, "no_questions"))
    return Parsed(name, tuple(questions), tuple(problems), duplicates)


# Writing ------------------------------------------------------------------------------------------------------


def write(questions: Sequence[ParsedQuestion]) -> bytes:
    """A document with a line for each question, so that two versions can be compared."""
    head = json.dumps({"format": FORMAT, "version": VERSION})[:-1]
    file = io.BytesIO()
    file.write(f'{head}, "questions": ['.encode())
    for place, question in enumerate(questions):
        file.write(f"{',' if place else ''}\n{_dump(question)}".encode())
    file.write(b"\n]}\n")
    return file.getvalue()


def write_lines(questions: Sequence[ParsedQuestion]) -> bytes:
    file = io.BytesIO()
    for question in questions:
        file.write(f"{_dump(question)}\n".encode())
    return file.getvalue()


def _dump(question: ParsedQuestion) -> str:
    return json.dumps(document_of(question), ensure_ascii=False)


def document_of(question: ParsedQuestion) -> dict[str, Any]:
    """A question as JSON has it; what it does not have is left away."""
    document = {
        "kind": question.kind,
        "stem": question.stem,
        "options": [{"id": option.id, "text": option.text} for option in question.options],
        "key": [list(part) if isinstance(part, tuple) else part for part in question.key],
        "explanation": question.explanation,
        "citations": [
            _filled(
                law=cited.law,
                article=cited.article,
                effective_on=cited.effective_on.isoformat() if cited.effective_on else None,
            )
            for cited in question.citations
        ],
        "topics": list(question.topics),
        "difficulty": question.difficulty,
        "points_hundredths": question.points_hundredths,
        "passage": question.passage,
        "rubric": [
            _filled(text=criterion.text, points_hundredths=criterion.points_hundredths) for criterion in question.rubric
        ],
        "media": [
            _filled(at=medium.at, kind=medium.kind, alt=medium.alt, content=base64.b64encode(medium.content).decode())
            for medium in question.media
        ],
        "translations": {
            translation.language: _filled(
                stem=translation.stem,
                options={option.id: option.text for option in translation.options},
                explanation=translation.explanation,
                passage=translation.passage,
            )
            for translation in question.translations
        },
    }
    return _filled(**document)


def _filled(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value or value == 0}
