"""Questions out of a bank as a file: which ones, by their newest or their approved revisions, and what gets lost."""

from __future__ import annotations

import re
import tempfile
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Self

import msgspec
from sqlalchemy import Select, exists, func, select

from quizapp.accounts import audit
from quizapp.accounts.models import User
from quizapp.bank import finding, formats, media
from quizapp.bank.finding import Filter
from quizapp.bank.formats.characters import clean
from quizapp.bank.formats.parsed import (
    LeftOut,
    ParsedCitation,
    ParsedCriterion,
    ParsedMedia,
    ParsedOption,
    ParsedQuestion,
    ParsedTranslation,
    QuestionSequence,
)
from quizapp.bank.models import (
    Article,
    Bank,
    Law,
    Question,
    QuestionRevision,
    question_topic,
    revision_article,
)
from quizapp.core.db import db
from quizapp.core.errors import DomainError
from quizapp.core.i18n import _

AT_ONCE = 200
MOST_MEDIA_BYTES = 200 * 1024 * 1024
_NO_FILE_NAME = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+')
_NAME_LETTERS = 60


class NothingToExport(DomainError):
    """No question of the bank is asked for."""

    status, code = 422, "nothing_to_export"

    def message(self) -> str:
        return _("没有可以导出的题目。请换一个条件，或选择导出最新内容。")


class MediaTooLarge(DomainError):
    """Pictures and recordings would make a file that nobody can import again."""

    status, code = 422, "media_too_large"

    def message(self) -> str:
        limit = str(MOST_MEDIA_BYTES // 1024 // 1024)
        return _(
            "这些题目的图片和录音超过 %(limit)s MB。请按题型或知识点分几次导出，或选择不带图片的格式。", limit=limit
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which questions, and which of their revisions."""

    filter: Filter = field(default_factory=Filter)
    approved: bool = False
    """The newest approved revisions, as contests use them; else the newest of all. Retired questions are left
    out unless the filter asks for them."""


def writable() -> list[formats.Format]:
    """The formats that can be written, in the order of the registry."""
    return [entry for entry in formats.FORMATS.values() if entry.write]


# Which questions ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chosen:
    """The ids of the questions to export, in the order in which they came into the bank, and what they carry."""

    ids: Sequence[int]
    by_kind: Mapping[str, int]
    by_field: Mapping[tuple[str, str], int]
    """Kind and field of formats.FIELDS → how many questions."""

    def lost(self, entry: formats.Format) -> dict[str, int]:
        """What a format cannot carry: kinds, then fields of the kinds that it can, with the number of questions."""
        kinds = {kind: count for kind, count in self.by_kind.items() if kind not in entry.kinds}
        fields = Counter[str]()
        for (kind, name), count in self.by_field.items():
            if kind in entry.kinds and name not in entry.fields:
                fields[name] += count
        return kinds | {name: fields[name] for name in formats.FIELDS if fields[name]}


def choose(*, bank: Bank, wanted: Wanted) -> Chosen:
    """Find the questions, with what is needed to say beforehand what a format cannot carry of them.

    An empty choice is one too: `make` and `note` refuse it.
    """
    found = sorted(finding.find_ids(bank_id=bank.id, wanted=wanted.filter))
    ids: list[int] = []
    by_kind, by_field = Counter[str](), Counter[tuple[str, str]]()
    for start in range(0, len(found), 5 * AT_ONCE):
        for question_id, kind, *carried in db.session.execute(_carried(found[start : start + 5 * AT_ONCE], wanted)):
            ids.append(question_id)
            by_kind[kind] += 1
            by_field.update((kind, name) for name in _fields(*carried))
    return Chosen(ids, by_kind, by_field)


def _carried(ids: Sequence[int], wanted: Wanted) -> Select[Any]:
    """Id and kind of those that are wanted, and what their revisions carry, in the order that `_fields` takes."""
    revision = QuestionRevision
    numbers = select(func.max(revision.number)).where(revision.question_id == Question.id)
    if wanted.approved:
        numbers = numbers.where(revision.approved_at.is_not(None))
    cites = exists().where(revision_article.c.revision_id == revision.id)
    dated = (revision_article.c.article_id == Article.id, Article.law_id == Law.id, Law.effective_on.is_not(None))
    query = (
        select(
            Question.id,
            Question.kind,
            revision.explanation != "",
            revision.passage != "",
            cites.label("cites"),
            cites.where(*dated).label("is_dated"),
            exists().where(question_topic.c.question_id == Question.id).label("has_topics"),
            revision.rubric,
            revision.media,
            revision.translations,
        )
        .join(revision, revision.question_id == Question.id)
        .where(Question.id.in_(ids), revision.number == numbers.correlate(Question).scalar_subquery())
        .order_by(Question.id)
    )
    return query if wanted.filter.state == "retired" else query.where(Question.state != "retired")


def _fields(
    has_explanation: bool,
    has_passage: bool,
    cites: bool,
    is_dated: bool,
    has_topics: bool,
    rubric: Sequence[Any],
    shown: Sequence[Mapping[str, Any]],
    translations: Mapping[str, Any],
) -> list[str]:
    kinds = {medium["kind"] for medium in shown}
    carried = {
        "explanation": has_explanation,
        "citations": cites,
        "effective_on": is_dated,
        "topics": has_topics,
        "difficulty": True,
        "passage": has_passage,
        "rubric": rubric,
        "pictures": "picture" in kinds,
        "audio": "audio" in kinds,
        "translations": translations,
    }
    return [name for name, is_there in carried.items() if is_there]


# What they say ------------------------------------------------------------------------------------------------


class Questions(QuestionSequence):
    """The questions of an export in a temporary file: read as often as a writer likes, held one at a time.

    A context manager, at whose end the file is gone.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as this object)
        self._places = array("q")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def append(self, question: ParsedQuestion) -> None:
        self._places.append(self._file.seek(0, 2))
        self._file.write(msgspec.msgpack.encode(question))

    def __len__(self) -> int:
        return len(self._places)

    def fetch(self, place: int) -> ParsedQuestion:
        self._file.seek(self._places[place])
        is_last = place == len(self) - 1
        return _restored(self._file.read(-1 if is_last else self._places[place + 1] - self._places[place]))


_SHAPES: dict[str, Any] = {
    "options": tuple[ParsedOption, ...],
    "citations": tuple[ParsedCitation, ...],
    "topics": tuple[str, ...],
    "rubric": tuple[ParsedCriterion, ...],
    "media": tuple[ParsedMedia, ...],
    "translations": tuple[ParsedTranslation, ...],
}


def _restored(content: bytes) -> ParsedQuestion:
    """What `Questions.append` wrote; field by field, since only its kind tells which shape a key has."""
    fields: dict[str, Any] = msgspec.msgpack.decode(content)
    key: Any = tuple[tuple[str, ...], ...] if fields["kind"] == "fill_in" else tuple[str, ...]
    shaped = {name: msgspec.convert(fields[name], shape) for name, shape in (_SHAPES | {"key": key}).items()}
    return ParsedQuestion(**fields | shaped)


def collect(ids: Sequence[int], *, approved: bool, with_media: bool) -> Questions:
    """The questions of these ids with all they carry; raises MediaTooLarge.

    Without media it is still told that there are some, but not what they are.
    """
    questions, media_bytes = Questions(), 0
    for start in range(0, len(ids), AT_ONCE):
        found = finding.load_questions(ids[start : start + AT_ONCE])
        said = [(question, question.approved if approved else question.latest) for question in found]
        shown = [medium for _, revision in said if revision for medium in revision.media] if with_media else []
        loaded = {digest: kept.body for digest, kept in media.load(shown).items()} if shown else {}
        media_bytes += sum(map(len, loaded.values()))
        if media_bytes > MOST_MEDIA_BYTES:
            questions.close()
            raise MediaTooLarge
        for question, revision in said:
            if revision is not None:
                questions.append(as_parsed(question, revision, loaded))
    return questions


def as_parsed(question: Question, revision: QuestionRevision, loaded: Mapping[str, bytes]) -> ParsedQuestion:
    """A stored revision as writers take it; `loaded` are pictures and recordings by digest."""
    return ParsedQuestion(
        where=f"question {question.id}",
        kind=question.kind,
        stem=revision.stem,
        options=tuple(ParsedOption(option["id"], option["text"]) for option in revision.options),
        key=tuple(tuple(part) if isinstance(part, list) else part for part in revision.key),
        explanation=revision.explanation,
        citations=tuple(
            ParsedCitation(article.law.title, article.label, article.law.effective_on) for article in revision.articles
        ),
        topics=tuple(topic.name for topic in question.topics),
        difficulty=question.difficulty,
        passage=revision.passage,
        rubric=tuple(
            ParsedCriterion(criterion["text"], criterion.get("points_hundredths")) for criterion in revision.rubric
        ),
        media=tuple(
            ParsedMedia(medium["at"], loaded.get(medium["sha256"], b""), medium["kind"], medium["alt"])
            for medium in revision.media
        ),
        translations=tuple(_translation(language, texts) for language, texts in revision.translations.items()),
    )


def _translation(language: str, texts: Mapping[str, Any]) -> ParsedTranslation:
    return ParsedTranslation(
        language=language,
        stem=texts.get("stem", ""),
        options=tuple(ParsedOption(option_id, text) for option_id, text in texts.get("options", {}).items()),
        explanation=texts.get("explanation", ""),
        passage=texts.get("passage", ""),
    )


# The file -----------------------------------------------------------------------------------------------------


def make(chosen: Chosen, *, approved: bool, format_name: str) -> formats.Written:
    """The file, and all that is not in it; raises NothingToExport, MediaTooLarge."""
    with _questions(chosen, approved=approved, format_name=format_name) as questions:
        return formats.write(questions, format=format_name)


def surprises(written: formats.Written) -> list[LeftOut]:
    """What `Chosen.lost` could not know: questions dropped or changed though the format knows their kind."""
    return [one for one in written.left_out if one.code != "kind" and one.code not in formats.FIELDS]


def _questions(chosen: Chosen, *, approved: bool, format_name: str) -> Questions:
    if not chosen.ids:
        raise NothingToExport
    fields = formats.FORMATS[format_name].fields
    return collect(chosen.ids, approved=approved, with_media=bool({"pictures", "audio"} & fields))


def file_name(bank: Bank, *, format_name: str, day: date) -> str:
    """The bank's name without what a file's name may not hold, and the day."""
    name = _NO_FILE_NAME.sub("_", clean(bank.name)).strip(" .")[:_NAME_LETTERS] or "bank"
    return f"{name}-{day:%Y%m%d}.{formats.FORMATS[format_name].ending}"


def note(*, bank: Bank, wanted: Wanted, chosen: Chosen, format_name: str, actor: User | None, now: datetime) -> None:
    """Put the export on the audit trail; raises NothingToExport."""
    if not chosen.ids:
        raise NothingToExport
    audit.record(
        action="bank.export",
        subject_kind="bank",
        subject_id=str(bank.id),
        detail={
            "bank": bank.name,
            "format": format_name,
            "content": "approved" if wanted.approved else "newest",
            "questions": len(chosen.ids),
        },
        now=now,
        actor=actor,
    )
