"""A file that was read, place by place: what pages show, people decide and the report lists. Pure.

A good row holds a question, a bad one what stands in the file where no question could be made of it; a note is about
something that is no row, such as a whole sheet.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from typing import Any, Literal

import msgspec

from quizapp.bank.clean_media import CleanMedia, UnusableMedia
from quizapp.bank.formats import listing
from quizapp.bank.formats.characters import shorten
from quizapp.bank.formats.parsed import Parsed, ParsedMedia, ParsedQuestion, Problem
from quizapp.bank.formats.places import FILE, position
from quizapp.bank.media import clean
from quizapp.bank.rules import normalise_text, stem_hash
from quizapp.core.background import failure

REPORTED_KINDS = (
    "single",
    "multiple",
    "indefinite",
    "true_false",
    "fill_in",
    "short_text",
    "ordering",
    "matching",
)
WITHOUT_MEDIA = "without_media"
"""A mend of this name, with any text: take the question without the pictures and recordings that cannot be used."""
DIFFICULTY_IN_FILES = {1: "易", 2: "中", 3: "难"}
_PART_OF_ROW = re.compile(r" (?:column [A-Z]+|field .+)$", re.DOTALL)


@dataclass(slots=True)
class Row:
    """One place of the file; columns of models.ImportRow, with the question itself."""

    place: str
    state: Literal["good", "bad", "note"]
    question: ParsedQuestion | None = None
    media: Sequence[tuple[ParsedMedia, CleanMedia]] = ()
    """The question's pictures and recordings, cleaned."""
    problems: list[Problem] = field(default_factory=list)
    source: Sequence[str] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    duplicate: Literal["", "same", "other", "similar"] = ""
    other: dict[str, Any] = field(default_factory=dict)
    """Of a duplicate: {"question": id} or {"row": number, "place": …}, and "likeness" in percent."""

    def content(self, media: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        """For ImportRow.content; `media` is what a revision would say of the question's pictures and recordings."""
        found = {
            "question": question_document(self.question, media) if self.question else None,
            "other": self.other,
            "source": list(self.source),
            "fields": dict(self.fields),
        }
        return {name: value for name, value in found.items() if value}


def rows_of(parsed: Parsed, *, mends: Mapping[str, Any]) -> list[Row]:
    """What was read, in the order of the file.

    A question whose picture or recording cannot be used is no good row, unless its mend says to take it without.
    """
    rows = [
        *(_row_of_question(question, mends.get(question.where, {})) for question in parsed.questions),
        *(Row(unusable.where, "bad", source=unusable.source, fields=unusable.fields) for unusable in parsed.unusable),
    ]
    by_place = {row.place: row for row in reversed(rows)}
    for problem in parsed.problems:
        place = _PART_OF_ROW.sub("", problem.where)
        if place not in by_place:
            by_place[place] = Row(place, "note")
            rows.append(by_place[place])
        by_place[place].problems.append(problem)
    for row in rows:
        if row.question and (row.problems or row.place in mends):
            row.fields = fields_of(row.question)
    return _in_order(rows)


def _row_of_question(question: ParsedQuestion, mend: Mapping[str, str]) -> Row:
    cleaned: list[tuple[ParsedMedia, CleanMedia]] = []
    unusable = []
    for medium in question.media:
        try:
            cleaned.append((medium, clean(medium)))
        except UnusableMedia as refusal:
            params = {"stem": shorten(question.stem, 24), "reason": refusal.message()}
            unusable.append(Problem(question.where, "media_unusable", params))
    if unusable and WITHOUT_MEDIA not in mend:
        return Row(question.where, "bad", problems=unusable, source=(question.stem,), fields=fields_of(question))
    warnings = [replace(problem, code="media_left_out", severity="warning") for problem in unusable]
    return Row(question.where, "good", replace(question, media=()), cleaned, warnings)


def _in_order(rows: list[Row]) -> list[Row]:
    """Sheet by sheet and from top to bottom; what is on one place stays as it was read."""
    sheets: dict[str, int] = {}
    for row in rows:
        sheets.setdefault(position(row.place)[0], len(sheets))

    def key(row: Row) -> tuple[int, int]:
        sheet, number = position(row.place)
        return sheets[sheet], number

    return sorted(rows, key=key)


def question_document(question: ParsedQuestion, media: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """A question as a document of JSON, for pages; `media` as in models.QuestionRevision."""
    return {
        "kind": question.kind,
        "stem": question.stem,
        "passage": question.passage,
        "options": [[option.id, option.text] for option in question.options],
        "key": [list(part) if isinstance(part, tuple) else part for part in question.key],
        "explanation": question.explanation,
        "basis": [[cited.law, cited.article, _day(cited.effective_on)] for cited in question.citations],
        "topics": list(question.topics),
        "difficulty": question.difficulty,
        "rubric": [criterion.text for criterion in question.rubric],
        "media": list(media),
        "languages": [translation.language for translation in question.translations],
    }


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def fields_of(question: ParsedQuestion) -> dict[str, str]:
    """What a mend of a question can replace (read_options.FIELDS), as it is written in files; only what is filled."""
    left = [option for option in question.options if not option.id.isdigit()]
    right = [option for option in question.options if option.id.isdigit()]
    cited = question.citations[0] if question.citations else None
    several = "\n".join(listing.citation_text(citation, verbatim=False) for citation in question.citations)
    fields = {
        "kind": question.kind,
        "passage": question.passage,
        "stem": question.stem,
        "options": "\n".join(f"{option.id}. {option.text}" for option in left),
        "matches": listing.matches_text(right, verbatim=False),
        "answer": key_in_words(question.kind, question.key),
        "explanation": question.explanation,
        "law": several if len(question.citations) > 1 else (cited.law if cited else ""),
        "article": cited.article if cited and len(question.citations) == 1 else "",
        "effective": _day(cited.effective_on) if cited and len(question.citations) == 1 else "",
        "topics": listing.topics_text(question.topics, verbatim=False),
        "difficulty": DIFFICULTY_IN_FILES.get(question.difficulty or 0, ""),
        "points": "" if question.points_hundredths is None else listing.points_text(question.points_hundredths),
        "rubric": "\n".join(listing.criterion_text(criterion, verbatim=False) for criterion in question.rubric),
    }
    return {name: text for name, text in fields.items() if text}


def key_in_words(kind: str, key: Sequence[Any]) -> str:
    """A key as it is written in files: ABD, 正确, 甲；乙|丙."""
    if kind == "true_false":
        return "正确" if list(key) == ["true"] else "错误"
    if kind == "fill_in":
        return listing.blanks_text(key, verbatim=False)
    return ("、" if kind == "matching" else "").join(key)


# Duplicates


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """By what two questions are compared."""

    stem: str
    """rules.stem_hash: equal for the same stem about the same case."""
    whole: str
    """Equal for questions that also have the same options and the same ones of them right."""


def fingerprint(
    *, kind: str, stem: str, passage: str, options: Iterable[tuple[str, str]], key: Sequence[Any]
) -> Fingerprint:
    """The order of the options and their letters make no difference, unless the key is an order."""
    texts = {option_id: normalise_text(text) for option_id, text in options}
    right: list[Any] = [texts.get(part, part) if isinstance(part, str) else sorted(part) for part in key]
    if kind == "matching":
        right = [[texts.get(pair[:1], ""), texts.get(pair[1:], "")] for pair in key]
    if kind not in ("ordering", "fill_in"):
        right.sort()
    family = "choice" if kind in ("single", "multiple", "indefinite") else kind
    whole = msgspec.json.encode([family, sorted(texts.values()), right])
    return Fingerprint(stem_hash(stem, passage), sha256(whole).hexdigest())


def fingerprint_of(question: ParsedQuestion) -> Fingerprint:
    return fingerprint(
        kind=question.kind,
        stem=question.stem,
        passage=question.passage,
        options=[(option.id, option.text) for option in question.options],
        key=question.key,
    )


def digest(rows: Sequence[Row]) -> str:
    """Equal for readings that gave the same questions at the same places."""
    content = [(row.place, len(row.media), question_document(row.question)) for row in rows if row.question]
    return sha256(msgspec.json.encode(content)).hexdigest()


# Figures


def report_of_failure(*, file_name: str, code: str) -> dict[str, Any]:
    """The same document for a file whose reading was ended; `code` as in core.background.failure."""
    problem = {"where": FILE, "code": code, "severity": "error", "message": failure(code)}
    return report(file_name=file_name, parsed=Parsed("auto", (), ()), rows=()) | {"problems": [problem]}


def report(*, file_name: str, parsed: Parsed, rows: Sequence[Row]) -> dict[str, Any]:
    """The document that `quizapp bank import --json` prints.

    `by_kind` counts each question once by its kind; "case" is the number of passages that questions share.
    `duplicates` counts questions whose stem stood before in the same file.
    """
    questions = [row.question for row in rows if row.question]
    kinds = Counter(question.kind for question in questions)
    problems = [problem for row in rows for problem in row.problems]
    in_bank = [row.place for row in rows if row.duplicate in ("same", "other") and "question" in row.other]
    return {
        "file": file_name,
        "format": parsed.format,
        "questions": len(questions),
        "by_kind": {
            **{kind: kinds[kind] for kind in REPORTED_KINDS},
            "case": len({question.passage for question in questions if question.passage}),
        },
        "duplicates": parsed.duplicates,
        "already_in_bank": in_bank,
        "problems": [
            {"where": problem.where, "code": problem.code, "severity": problem.severity, "message": problem.message}
            for problem in problems
        ],
    }


def outline(*, parsed: Parsed, rows: Sequence[Row]) -> dict[str, Any]:
    """What pages show of a reading beside its rows: {"sheets": layouts, "counts": …, "digest": …}.

    Whoever reads adds "bank", the mark of the bank it was compared with, and "why" it was read anew unasked.
    """
    return {
        "sheets": msgspec.to_builtins(parsed.sheets),
        "digest": digest(rows),
        "counts": {
            "good": sum(row.state == "good" for row in rows),
            "bad": sum(row.state == "bad" for row in rows),
            "errors": sum(has_error(row) for row in rows),
            "warnings": sum(is_doubtful(row) for row in rows),
            **{kind: sum(row.duplicate == kind for row in rows) for kind in ("same", "other", "similar")},
        },
    }


def has_error(row: Row) -> bool:
    return row.state == "bad" or any(problem.severity == "error" for problem in row.problems)


def is_doubtful(row: Row) -> bool:
    """Whether it would be taken, but in a way worth a look; duplicates are looked at by themselves."""
    return not has_error(row) and any(problem.code != "duplicate" for problem in row.problems)
