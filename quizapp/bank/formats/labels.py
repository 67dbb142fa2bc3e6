"""What a question has beside its text, as the tags and categories of other systems.

A tag is a topic, unless it begins with one of our words, such as 难度:难. Such tags say something to people there,
come back unharmed when they export again, and a topic that begins so is written as 知识点:….
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date

from quizapp.bank.formats.characters import clean
from quizapp.bank.formats.details import read_difficulty, read_points
from quizapp.bank.formats.parsed import ParsedCitation, ParsedQuestion

_KIND, _CITATION, _DIFFICULTY, _POINTS, _PASSAGE, _TOPIC = "题型", "法律依据", "难度", "分值", "案例字数", "知识点"
_WORDS = (_KIND, _CITATION, _DIFFICULTY, _POINTS, _PASSAGE, _TOPIC)
_OURS = re.compile(rf"({'|'.join(_WORDS)})[:：](.*)", re.DOTALL)
_DIFFICULTIES = {1: "易", 2: "中", 3: "难"}
_CITED = re.compile(
    r"《(?P<law>(?:[^\\》]|\\.)+)》(?P<article>(?:[^\\（]|\\.)*)"
    r"(?:（(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})施行）)?",
    re.DOTALL,
)
_MARKS = re.compile(r"[\\》（]")
_KIND_WORDS = {
    "indefinite": "不定项选择题",
    "fill_in": "填空题",
    "ordering": "排序题",
}
"""The kinds that other systems have no form of their own for everywhere."""
_DEFAULT_CATEGORY = re.compile(
    r"Default for .*|top|.*(?:默认|缺省)(?:类别|分类|值)|(?:默认|缺省)(?:类别|分类)?(?:为|：|:| ).*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Labels:
    """What the tags of a question say."""

    topics: tuple[str, ...] = ()
    citations: tuple[ParsedCitation, ...] = ()
    difficulty: int | None = None
    points_hundredths: int | None = None
    kind: str = ""
    passage_letters: int = 0
    """How many letters at the beginning of the text are the case."""


def to_tags(question: ParsedQuestion, *, kind: bool = False, points: bool = False, passage: bool = False) -> list[str]:
    """The tags of a question; what is asked for with True stands in a tag too."""
    tags = [f"{_TOPIC}:{topic}" if _OURS.fullmatch(topic) else topic for topic in question.topics]
    tags += [f"{_CITATION}:{_cited(citation)}" for citation in question.citations]
    if question.difficulty is not None:
        tags.append(f"{_DIFFICULTY}:{_DIFFICULTIES[question.difficulty]}")
    if points and question.points_hundredths is not None:
        tags.append(f"{_POINTS}:{points_text(question.points_hundredths)}")
    if kind:
        tags.append(f"{_KIND}:{_KIND_WORDS[question.kind]}")
    if passage and question.passage:
        tags.append(f"{_PASSAGE}:{len(question.passage)}")
    return tags


def from_tags(tags: Iterable[str]) -> Labels:
    """What tags say; one of ours that cannot be read stays a topic."""
    labels = Labels()
    for tag in map(clean, tags):
        found = _OURS.fullmatch(tag)
        read = _READ[found[1]](labels, found[2]) if found else None
        if read is not None:
            labels = read
        elif tag:
            labels = replace(labels, topics=(*labels.topics, tag))
    return labels


def topic_of_category(path: str) -> str:
    """The topic that a category is: the last name of its path; "" for the one that holds what has no category.

    A stroke in a name is written twice (Moodle).
    """
    names = [clean(name.replace("\0", "/")) for name in path.replace("//", "\0").split("/")]
    names = [name for name in names if name and not re.fullmatch(r"\$\w+\$", name)]
    return "" if not names or _DEFAULT_CATEGORY.fullmatch(names[-1]) else names[-1]


def points_text(hundredths: int) -> str:
    """250 → 2.5"""
    whole, rest = divmod(hundredths, 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".")


def _cited(citation: ParsedCitation) -> str:
    law, article = (_MARKS.sub(r"\\\g<0>", text) for text in (citation.law, citation.article))
    day = f"（{citation.effective_on.isoformat()}施行）" if citation.effective_on else ""
    return f"《{law}》{article}{day}"


def _unmarked(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _read_citation(labels: Labels, text: str) -> Labels | None:
    found = _CITED.fullmatch(text)
    if not found:
        return None
    try:
        day = date.fromisoformat(found["date"]) if found["date"] else None
    except ValueError:
        return None
    citation = ParsedCitation(clean(_unmarked(found["law"])), clean(_unmarked(found["article"])), day)
    return replace(labels, citations=(*labels.citations, citation)) if citation.law else None


def _read_difficulty(labels: Labels, text: str) -> Labels | None:
    difficulty = read_difficulty(text)
    return None if difficulty is None else replace(labels, difficulty=difficulty)


def _read_points(labels: Labels, text: str) -> Labels | None:
    points = read_points(text)
    return None if points is None else replace(labels, points_hundredths=points)


def _read_kind(labels: Labels, text: str) -> Labels | None:
    kind = next((kind for kind, words in _KIND_WORDS.items() if words == text), None)
    return None if kind is None else replace(labels, kind=kind)


def _read_passage(labels: Labels, text: str) -> Labels | None:
    is_number = text.isascii() and text.isdigit() and len(text) < 6
    return replace(labels, passage_letters=int(text)) if is_number else None


_READ: dict[str, Callable[[Labels, str], Labels | None]] = {
    _KIND: _read_kind,
    _CITATION: _read_citation,
    _DIFFICULTY: _read_difficulty,
    _POINTS: _read_points,
    _PASSAGE: _read_passage,
    _TOPIC: lambda labels, text: replace(labels, topics=(*labels.topics, clean(text))) if clean(text) else None,
}
