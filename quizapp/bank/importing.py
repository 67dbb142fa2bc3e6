"""Taking question files into a bank: read at once, shown row by row, stored only on a second act."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from quizapp.accounts import audit
from quizapp.accounts.models import User
from quizapp.bank import formats
from quizapp.bank.actions import Content, add_questions
from quizapp.bank.formats.parsed import Parsed, ParsedQuestion
from quizapp.bank.models import Bank, QuestionImport
from quizapp.bank.queries import known_stems
from quizapp.bank.reviewing import approve_import
from quizapp.bank.rules import stem_hash
from quizapp.bank.shelf import Citation
from quizapp.core.db import db
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _

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
FILE_NAME_LETTERS = 255


class NothingToImport(DomainError):
    """The file holds no question that could be stored."""

    status, code = 422, "nothing_to_import"

    def message(self) -> str:
        return _("这个文件里没有可以导入的题目，题库没有变化。")


class AlreadyImported(DomainError):
    """The file was taken into the bank before."""

    status, code = 409, "already_imported"

    def message(self) -> str:
        return _("这个文件已经导入过了，没有重复导入。")


def read_file(content: bytes, *, format_name: str) -> Parsed:
    """Read a question file; never raises for bad content."""
    return formats.read(content, format=format_name)


def format_names() -> list[str]:
    """What `format_name` may be: "auto" and the formats that can be read."""
    return ["auto", *formats.FORMATS]


def make_report(*, file_name: str, parsed: Parsed, known: dict[str, int]) -> dict[str, Any]:
    """The document that `quizapp bank import --json` prints and the page shows.

    `by_kind` counts each question once by its kind; "case" is the number of passages that questions share.
    `duplicates` counts questions whose stem stood before in the same file; `known` are those already in
    the bank, by place.
    """
    kinds = Counter(question.kind for question in parsed.questions)
    already = [question.where for question in parsed.questions if stem_hash(question.stem, question.passage) in known]
    return {
        "file": file_name,
        "format": parsed.format,
        "questions": len(parsed.questions),
        "by_kind": {
            **{kind: kinds[kind] for kind in REPORTED_KINDS},
            "case": len({question.passage for question in parsed.questions if question.passage}),
        },
        "duplicates": parsed.duplicates,
        "already_in_bank": already,
        "problems": [
            {"where": problem.where, "code": problem.code, "severity": problem.severity, "message": problem.message}
            for problem in parsed.problems
        ],
    }


def stage(
    *, bank: Bank, file_name: str, content: bytes, format_name: str, actor: User | None, now: datetime
) -> QuestionImport:
    """Read a file and keep it beside its report until somebody takes it or leaves it."""
    parsed = read_file(content, format_name=format_name)
    staged = QuestionImport(
        bank_id=bank.id,
        file_name=file_name[-FILE_NAME_LETTERS:],
        format=parsed.format,
        content=content,
        state="staged",
        report=make_report(file_name=file_name, parsed=parsed, known=known_stems(bank.id)),
        created_by_id=actor.id if actor else None,
        created_at=now,
    )
    db.session.add(staged)
    db.session.flush()
    return staged


def take(*, staged: QuestionImport, bank: Bank, approve: bool, actor: User | None, now: datetime) -> int:
    """Store the usable questions of a staged file, as approved ones if asked; return how many.

    Raises AlreadyImported, NothingToImport.
    """
    if staged.state != "staged" or staged.content is None:
        raise AlreadyImported
    parsed = read_file(staged.content, format_name=staged.format)
    if not parsed.questions:
        raise NothingToImport
    add_questions(
        bank=bank,
        contents=[content_of(question) for question in parsed.questions],
        actor=actor,
        now=now,
        import_id=staged.id,
    )
    staged.state, staged.content = "imported", None
    audit.record(
        action="bank.import",
        subject_kind="import",
        subject_id=str(staged.id),
        detail={"bank": bank.name, "file": staged.file_name, "questions": len(parsed.questions)},
        now=now,
        actor=actor,
    )
    if approve:
        approve_import(import_id=staged.id, actor=actor, now=now)
    db.session.flush()
    return len(parsed.questions)


def content_of(question: ParsedQuestion) -> Content:
    """A parsed question as content of a revision."""
    return Content(
        kind=question.kind,
        stem=question.stem,
        options=[(option.id, option.text) for option in question.options],
        key=_listed(question.key),
        explanation=question.explanation,
        citations=[Citation(cited.law, cited.article, cited.effective_on) for cited in question.citations],
        topics=question.topics,
        difficulty=question.difficulty or 2,
        passage=question.passage,
        rubric=[
            {"text": criterion.text, "points_hundredths": criterion.points_hundredths} for criterion in question.rubric
        ],
        translations={
            translation.language: {
                "stem": translation.stem,
                "options": {option.id: option.text for option in translation.options},
                "explanation": translation.explanation,
                "passage": translation.passage,
            }
            for translation in question.translations
        },
    )


def _listed(key: tuple[Any, ...]) -> list[Any]:
    return [list(part) if isinstance(part, tuple) else part for part in key]


SAMPLE_QUESTIONS = 20


def sample(staged: QuestionImport) -> list[ParsedQuestion]:
    """The first questions of a staged file as they were understood; none once it was taken."""
    if staged.content is None:
        return []
    return list(read_file(staged.content, format_name=staged.format).questions[:SAMPLE_QUESTIONS])
