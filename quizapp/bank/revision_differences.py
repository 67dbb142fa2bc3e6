"""What one revision of a question says differently from another, field by field, for people to read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from quizapp.bank.differences import FieldDifference, compare_revisions
from quizapp.bank.languages import name_of
from quizapp.bank.models import QuestionRevision
from quizapp.bank.words import DIFFICULTY_WORDS
from quizapp.core.i18n import _, _l

FIELD_WORDS = {
    "passage": _l("案例材料"),
    "stem": _l("题干"),
    "option": _l("选项"),
    "key": _l("答案"),
    "rubric": _l("评分要点"),
    "explanation": _l("解析"),
    "citations": _l("法律依据"),
    "topics": _l("知识点"),
    "difficulty": _l("难度"),
    "sensitive": _l("敏感"),
    "media": _l("图片和录音"),
    "translation": _l("其他语言"),
}


def compare(before: QuestionRevision, after: QuestionRevision) -> list[FieldDifference]:
    """The fields in which two revisions of one question differ, in reading order; `name` is of FIELD_WORDS.

    Topics, difficulty and sensitivity are compared where both revisions kept theirs.
    """
    is_classified = bool(before.classification and after.classification)
    return compare_revisions(*(_document(revision, is_classified=is_classified) for revision in (before, after)))


def _document(revision: QuestionRevision, *, is_classified: bool) -> dict[str, str | Mapping[str, str]]:
    kind = revision.question.kind
    classes = revision.classification
    document: dict[str, str | Mapping[str, str]] = {
        "passage": revision.passage,
        "stem": revision.stem,
        "option": {option["id"]: option["text"] for option in revision.options},
        "key": key_in_words(kind, revision.key),
        "rubric": "\n".join(_criterion(criterion) for criterion in revision.rubric),
        "explanation": revision.explanation,
        "citations": "\n".join(
            f"《{article.law.title}》{article.label}" + _day(article.law.effective_on) for article in revision.articles
        ),
        "media": "\n".join(
            f"{medium['at']}: {medium['sha256'][:12]} {medium.get('alt', '')}" for medium in revision.media
        ),
        "translation": {name_of(code): _translation(texts) for code, texts in revision.translations.items()},
    }
    if is_classified:
        document |= {
            "topics": _("、").join(sorted(classes["topics"])),
            "difficulty": str(DIFFICULTY_WORDS[classes["difficulty"]]),
            "sensitive": _("是") if classes["is_sensitive"] else _("否"),
        }
    return document


def key_in_words(kind: str, key: list[Any]) -> str:
    """A key on as few lines as it can be read on."""
    match kind:
        case "true_false":
            return _("正确") if key == ["true"] else _("错误")
        case "fill_in":
            return "\n".join(" / ".join(accepted) for accepted in key)
        case "ordering":
            return " → ".join(key)
        case "short_text":
            return str(key[0]) if key else ""
        case _:
            return _("、").join(key)


def _medium(medium: Mapping[str, Any]) -> str:
    """Where it stands, its description, and what tells one file from another."""
    return f"{medium['at']}: {medium.get('alt', '')} ({medium['sha256'][:12]})"


def _criterion(criterion: Mapping[str, Any]) -> str:
    points = criterion.get("points_hundredths")
    return str(criterion["text"]) + (f"（{points / 100:g}）" if points else "")


def _translation(texts: Mapping[str, Any]) -> str:
    lines = [texts.get("passage", ""), texts.get("stem", "")]
    lines += [f"{option_id}. {text}" for option_id, text in sorted(texts.get("options", {}).items())]
    return "\n".join(line for line in [*lines, texts.get("explanation", "")] if line)


def _day(day: date | None) -> str:
    return f"（{day.isoformat()}）" if day else ""
