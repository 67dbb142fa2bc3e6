"""Questions as GIFT, so that Moodle and its like take them and `gift` reads the same questions again.

Texts are marked [plain]. What GIFT has no form for takes one that other systems can ask: several blanks and ordering
become matching. Tags tell the rest; a comment of ours carries what nobody else could use.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from quizapp.bank.formats.choices import share_of
from quizapp.bank.formats.gift_syntax import escape
from quizapp.bank.formats.labels import to_tags
from quizapp.bank.formats.markup import to_html
from quizapp.bank.formats.matching import pairs_of
from quizapp.bank.formats.parsed import ParsedQuestion
from quizapp.bank.formats.short_answers import as_pattern

KINDS = frozenset(("single", "multiple", "indefinite", "true_false", "fill_in", "ordering", "matching", "short_text"))
FIELDS = frozenset(("explanation", "citations", "effective_on", "topics", "difficulty", "points_hundredths", "passage"))

Show = Callable[[str], str]
"""Writes a plain text as a part of the file."""


def write(questions: Sequence[ParsedQuestion]) -> bytes:
    """A GIFT file in UTF-8."""
    return "\n".join(map(_written, questions)).encode()


def _written(question: ParsedQuestion) -> str:
    # An arrow parts the two sides of matching and cannot be escaped; in HTML it can be spelled otherwise.
    name, show = ("html", _shown_in_html) if _has_arrow_on_the_left(question) else ("plain", escape)
    text = f"{question.passage}\n\n{question.stem}" if question.passage else question.stem
    block = _BLOCKS[question.kind](question, lambda part: _guarded(part, show, name))
    if question.explanation:
        block += f"\n\t####{_guarded(question.explanation, show, name)}\n"
    lines = []
    if tags := to_tags(question, kind=_needs_kind(question), points=True, passage=True):
        lines.append("// " + " ".join(map(_tag, tags)))
    if carried := _carried(question):
        lines.append("// quizapp: " + json.dumps(carried, ensure_ascii=False))
    lines.append(f"[{name}]{show(text)}{{{block}}}\n")
    return "\n".join(lines)


def _has_arrow_on_the_left(question: ParsedQuestion) -> bool:
    return question.kind in ("matching", "ordering") and any("->" in option.text for option in question.options)


def _shown_in_html(text: str) -> str:
    return escape(to_html(text))


def _guarded(text: str, show: Show, name: str) -> str:
    """What begins like a format or a weight is given a format of its own, so that it is neither."""
    return f"[{name}]{show(text)}" if text.startswith(("[", "%")) else show(text)


def _tag(tag: str) -> str:
    escaped = tag.replace("\\", "\\\\").replace("]", "\\]").replace("\n", " ")
    return f"[tag:{escaped}]"


def _needs_kind(question: ParsedQuestion) -> bool:
    """Whether the block alone would be read as another kind."""
    if question.kind == "fill_in":
        return len(question.key) > 1 or any("->" in text for text in question.key[0])
    return question.kind in ("indefinite", "ordering")


def _carried(question: ParsedQuestion) -> dict[str, Any]:
    if question.kind == "fill_in" and len(question.key) > 1:
        return {"blanks": question.key}
    if question.kind == "short_text" and question.key:
        return {"answer": question.key[0]}
    return {}


# The answer block by kind -------------------------------------------------------------------------------------


def _lines(answers: Sequence[str]) -> str:
    return "".join(f"\n\t{answer}" for answer in answers) + "\n"


def _single(question: ParsedQuestion, show: Show) -> str:
    return _lines([("=" if option.id in question.key else "~") + show(option.text) for option in question.options])


def _several(question: ParsedQuestion, show: Show) -> str:
    """What is wrong costs all, so that choosing everything earns nothing there."""
    share = share_of(len(question.key))
    return _lines(
        [(f"~%{share}%" if option.id in question.key else "~%-100%") + show(option.text) for option in question.options]
    )


def _truth(question: ParsedQuestion, show: Show) -> str:
    return str(question.key[0]).upper()


def _blanks(question: ParsedQuestion, show: Show) -> str:
    if len(question.key) == 1:
        return _lines(["=" + show(as_pattern(text)) for text in question.key[0]])
    return _lines([f"=（{number}） -> {show(texts[0])}" for number, texts in enumerate(question.key, 1)])


def _ordering(question: ParsedQuestion, show: Show) -> str:
    places = {option_id: place for place, option_id in enumerate(question.key, 1)}
    return _lines([f"={show(option.text)} -> {places[option.id]}" for option in question.options])


def _matching(question: ParsedQuestion, show: Show) -> str:
    texts = {"": "", **{option.id: option.text for option in question.options}}
    return _lines([f"={show(texts[left])} -> {show(texts[right])}" for left, right in pairs_of(question)])


def _essay(question: ParsedQuestion, show: Show) -> str:
    return ""


_BLOCKS: dict[str, Callable[[ParsedQuestion, Show], str]] = {
    "single": _single,
    "multiple": _several,
    "indefinite": _several,
    "true_false": _truth,
    "fill_in": _blanks,
    "ordering": _ordering,
    "matching": _matching,
    "short_text": _essay,
}
