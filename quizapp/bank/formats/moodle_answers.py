"""The answers of Moodle XML, by type of question."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from quizapp.bank.formats.answers import LETTERS
from quizapp.bank.formats.characters import clean, shorten
from quizapp.bank.formats.choices import read_shares
from quizapp.bank.formats.cloze import read_fields
from quizapp.bank.formats.details import read_points
from quizapp.bank.formats.markup import from_html
from quizapp.bank.formats.moodle_text import Texts, plain_text, raw_text
from quizapp.bank.formats.parsed import ParsedCriterion, ParsedOption
from quizapp.bank.formats.short_answers import read_accepted, read_number, spellings
from quizapp.bank.formats.typed import Unfit

TRUE_WORDS, FALSE_WORDS = ("true", "正确", "对"), ("false", "错误", "错")
_RUBRIC = re.compile(r"<ul class=\"quizapp-rubric\">(.*?)</ul>", re.DOTALL)
_CRITERION = re.compile(r"<li>(?:<b>([0-9.]{1,8})</b> )?(.*?)</li>", re.DOTALL)


@dataclass(slots=True)
class Answers:
    """What was read of one question's answers; filled as far as reading goes."""

    kind: str = ""
    options: list[ParsedOption] = field(default_factory=list)
    key: Any = ()
    remarks: list[str] = field(default_factory=list)
    """Feedback on single answers, for the explanation."""
    rubric: tuple[ParsedCriterion, ...] = ()
    is_partial: bool = False


def _multichoice(question: etree._Element, texts: Texts, answers: Answers) -> None:
    letters, shares = _options(question, texts, answers)
    one_only = plain_text(question, "single").lower() not in ("false", "0")
    answers.kind = "single" if one_only else "multiple"
    answers.key = tuple(letter for letter, share in zip(letters, shares, strict=True) if share > 0)
    answers.kind, answers.key, answers.is_partial = read_shares(letters, shares, one_only=one_only)


def _all_or_nothing(question: etree._Element, texts: Texts, answers: Answers) -> None:
    """multichoiceset, a plugin: whatever is worth anything is right, and only all of it together."""
    letters, shares = _options(question, texts, answers)
    answers.key = tuple(letter for letter, share in zip(letters, shares, strict=True) if share > 0)
    answers.kind = "multiple" if len(answers.key) > 1 else "indefinite"


def _options(question: etree._Element, texts: Texts, answers: Answers) -> tuple[str, list[Decimal]]:
    found = question.findall("answer")
    if len(found) > len(LETTERS):
        raise Unfit("too_many_options", count=str(len(found)))
    for letter, answer in zip(LETTERS, found, strict=False):
        answers.options.append(ParsedOption(letter, texts.read(answer, letter)))
        _remark(answers, letter, answer, texts)
    return LETTERS[: len(found)], [_share(answer) for answer in found]


def _truefalse(question: etree._Element, texts: Texts, answers: Answers) -> None:
    answers.kind = "true_false"
    for answer in question.findall("answer"):
        _remark(answers, "", answer, texts)
        word = plain_text(answer).lower()
        if _share(answer) > 0 and word in (*TRUE_WORDS, *FALSE_WORDS):
            answers.key = ("true" if word in TRUE_WORDS else "false",)


def _shortanswer(question: etree._Element, texts: Texts, answers: Answers) -> None:
    answers.kind = "fill_in"
    accepted = [plain_text(answer) for answer in question.findall("answer")]
    _blank(question, accepted, texts, answers)


def _numerical(question: etree._Element, texts: Texts, answers: Answers) -> None:
    answers.kind = "fill_in"
    accepted = []
    for answer in question.findall("answer"):
        text, tolerance = plain_text(answer), plain_text(answer, "tolerance")
        number = read_number(f"{text}:{tolerance}" if tolerance else text)
        if number is None and _share(answer) >= 100 and text:
            raise Unfit("number_range", text=shorten(f"{text} ± {tolerance}" if tolerance else text))
        accepted.append(text if number is None else number)
    _blank(question, accepted, texts, answers)
    answers.key = (tuple(spelling for number in answers.key[0] for spelling in spellings(number)),)


def _blank(question: etree._Element, accepted: Sequence[str], texts: Texts, answers: Answers) -> None:
    found = question.findall("answer")
    for text, answer in zip(accepted, found, strict=True):
        _remark(answers, text, answer, texts)
    answers.key = (tuple(text for text in accepted if text),)
    full, answers.is_partial = read_accepted(accepted, [_share(answer) for answer in found])
    answers.key = (full,)


def _essay(question: etree._Element, texts: Texts, answers: Answers) -> None:
    answers.kind = "short_text"
    if plain_text(question, "responseformat") == "noinline":
        raise Unfit("type_unsupported", kind="essay noinline")
    for_markers = question.find("graderinfo")
    source = raw_text(for_markers)
    criteria = _RUBRIC.search(source)
    if criteria:
        answers.rubric = tuple(
            ParsedCriterion(from_html(found[2]).text, read_points(found[1]) if found[1] else None)
            for found in _CRITERION.finditer(criteria[1])
        )
        source = source[: criteria.start()]
    name = texts.format if for_markers is None else for_markers.get("format") or texts.format
    reference = Texts(texts.format).read_source(source, name, "explanation", {})
    answers.key = (reference,) if reference else ()


def _matching(question: etree._Element, texts: Texts, answers: Answers) -> None:
    answers.kind = "matching"
    lefts: list[ParsedOption] = []
    rights: dict[str, str] = {}
    pairs = []
    for pair in question.findall("subquestion"):
        if len(lefts) == len(LETTERS):
            raise Unfit("too_many_options", count=str(len(question.findall("subquestion"))))
        letter = LETTERS[len(lefts)]
        left = texts.read(pair, letter)
        is_shown = any(medium.at == letter for medium in texts.media)
        answer = pair.find("answer")
        source = raw_text(answer)
        number = str(len(rights) + 1)
        right = texts.read_source(source, "html", number, {}) if "multilang" in source else clean(source)
        if right:
            number = rights.setdefault(right, number)
        if (left or is_shown) and right:
            lefts.append(ParsedOption(letter, left))
            pairs.append(letter + number)
    answers.options = [*lefts, *(ParsedOption(number, text) for text, number in rights.items())]
    answers.key = tuple(pairs)


def _ordering(question: etree._Element, texts: Texts, answers: Answers) -> None:
    """An answer's fraction is its place (a plugin); where those are no places, the file's order is right."""
    letters, places = _options(question, texts, answers)
    answers.kind = "ordering"
    if len(set(places)) < len(places):
        places = [Decimal(place) for place in range(len(letters))]
    answers.key = tuple(letter for _, letter in sorted(zip(places, letters, strict=True)))


READERS: dict[str, Callable[[etree._Element, Texts, Answers], None]] = {
    "multichoice": _multichoice,
    "multichoiceset": _all_or_nothing,
    "truefalse": _truefalse,
    "shortanswer": _shortanswer,
    "numerical": _numerical,
    "essay": _essay,
    "matching": _matching,
    "match": _matching,
    "ordering": _ordering,
}
"""Reads into Answers; raises Unfit."""


def read_cloze(source: str, answers: Answers) -> str:
    """Read answers that stand in the text: what is left of it, a blank in place of each."""
    answers.kind = "fill_in"
    rest, answers.key, answers.is_partial = read_fields(source)
    if not answers.key:
        raise Unfit("no_key")
    return rest


def _share(answer: etree._Element) -> Decimal:
    try:
        share = Decimal((answer.get("fraction") or "0").replace(",", "."))
    except InvalidOperation:
        return Decimal(0)
    return share if share.is_finite() else Decimal(0)


def _remark(answers: Answers, name: str, answer: etree._Element, texts: Texts) -> None:
    text = texts.read(answer.find("feedback"), "explanation")
    if text:
        answers.remarks.append(f"{name}：{text}" if name else text)
