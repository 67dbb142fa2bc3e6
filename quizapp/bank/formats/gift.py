"""GIFT, Moodle's questions as text. Signs are `gift_syntax`; here they become questions.

Short answers and exact numbers become questions with one blank. What is worth a part of the points counts as wrong,
with a warning; tolerances, patterns and descriptions are told by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from quizapp.bank.formats.answers import LETTERS
from quizapp.bank.formats.attached import attached
from quizapp.bank.formats.characters import clean, shorten
from quizapp.bank.formats.choices import read_shares
from quizapp.bank.formats.decoding import decode
from quizapp.bank.formats.draft import LONGEST_TEXT
from quizapp.bank.formats.gift_syntax import (
    TRUE_WORDS,
    Answer,
    Block,
    Item,
    items,
    pieces,
    read_block,
    shown,
    unwrapped,
    with_format,
)
from quizapp.bank.formats.labels import Labels, from_tags, topic_of_category
from quizapp.bank.formats.markup import MOST_SIGNS, from_format, is_overgrown
from quizapp.bank.formats.parsed import (
    Parsed,
    ParsedMedia,
    ParsedOption,
    ParsedQuestion,
    ReadOptions,
    Refused,
)
from quizapp.bank.formats.places import FILE
from quizapp.bank.formats.short_answers import read_accepted, read_number, spellings
from quizapp.bank.formats.typed import Candidate, Typed, Unfit

NAME = "gift"
MOST_LINES = 200_000
MOST_LETTERS = 4_000_000
"""Of one question; a picture may be embedded."""
_Read = tuple[str, tuple[ParsedOption, ...], Any]
"""Kind, options and key."""
BLANK = "____"
_TAG = re.compile(r"\[tag:((?:\\.|[^\\\]])*)\]")
_TAGS = re.compile(r"\[tags:((?:\\.|[^\\\]])*)\]")
_OURS = re.compile(r"\s*quizapp: (\{.*)")


def read(content: bytes, options: ReadOptions) -> Parsed:
    """Read the questions of a GIFT file."""
    typed = Typed(NAME, options)
    try:
        text = decode(content).replace("\r\n", "\n").replace("\r", "\n")
        if text.count("\n") >= MOST_LINES:
            raise Refused(FILE, "too_many_rows", limit=str(MOST_LINES))
        _read_pieces(text, typed)
    except Refused as refusal:
        return Parsed(NAME, (), (refusal.problem,))
    return typed.parsed()


def _read_pieces(text: str, typed: Typed) -> None:
    topic = ""
    for piece in pieces(text):
        if piece.category is not None:
            topic = topic_of_category(piece.category)
        elif len(piece.text) > MOST_LETTERS or is_overgrown(piece.text) or piece.text.count("~") > MOST_SIGNS:
            candidate = Candidate(f"line {piece.line}", clean(shown(piece.text[:200])))
            typed.refuse(candidate, "text_too_long", text=shorten(candidate.stem), limit=str(LONGEST_TEXT))
        else:
            for item in items(piece):
                _Question(item, topic, typed).read()


@dataclass(slots=True)
class _Texts:
    """Texts read so far, with what they show."""

    item: Item
    media: list[ParsedMedia] = field(default_factory=list)
    faults: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def read(self, raw: str, at: str) -> str:
        """A part of the question as plain text; what it shows stands at `at`."""
        return self.read_as(*with_format(raw, self.item.format), at)

    def read_as(self, raw: str, name: str, at: str) -> str:
        plain = from_format(shown(unwrapped(raw, name).strip(" \t\n")), name)
        media, missing = attached(plain.references, at=at, files={})
        self.media += media
        self.faults += missing
        return plain.text


class _Question:
    """Reads one question and hands it, or what is wrong with it, to the file's collection."""

    def __init__(self, item: Item, topic: str, typed: Typed) -> None:
        self.item = item
        self.typed = typed
        self.texts = _Texts(item)
        self.ours = _carried(item.comments)
        labels = _labels(item.comments)
        self.labels = labels
        self.topics = tuple(dict.fromkeys(filter(None, (topic, *labels.topics))))
        self.where = f"line {item.line}"
        self.candidate = Candidate(self.where, topics=self.topics, source=item.source.split("\n"))
        self.partial = False
        self.general = ""
        self.remarks: list[str] = []
        """What stands beside single answers, for the explanation."""

    def read(self) -> None:
        item = self.item
        block = None if item.block is None else read_block(item.block, has_arrows=not self._has_literal_arrows())
        self.candidate.stem = stem = self._stem(block)
        if item.has_stray_brace or item.blocks > 1:
            self.typed.refuse(self.candidate, "gift_braces")
            return
        if block is None:
            self.typed.report(self.where, "description_skipped", text=shorten(stem))
            return
        try:
            kind, options, key = self._answers(block)
        except Unfit as fault:
            self.candidate.explanation = self._explanation(block)
            self.typed.refuse(self.candidate, fault.code, **fault.params)
            return
        explanation = self._explanation(block)
        self.candidate.explanation = explanation
        passage, stem = _parted(stem, self.labels.passage_letters)
        question = ParsedQuestion(
            self.where,
            kind,
            stem,
            options,
            key,
            explanation,
            self.labels.citations,
            self.topics,
            self.labels.difficulty,
            self.labels.points_hundredths,
            passage,
            media=tuple(self.texts.media),
        )
        self._take(question)

    def _take(self, question: ParsedQuestion) -> None:
        self.typed.take(self.candidate, question)
        if self.partial:
            self.typed.warn(self.candidate, "partial_credit")
        self.typed.warn_all(self.candidate, self.texts.faults)

    def _has_literal_arrows(self) -> bool:
        return self.labels.kind == "fill_in" and "blanks" not in self.ours

    def _stem(self, block: Block | None) -> str:
        item = self.item
        if block and not item.before and not item.after:
            return clean(item.title)
        if item.after and block and block.kind in ("choice", "short", "numerical"):
            return self.texts.read_as(item.before + BLANK + item.after, item.format, "stem")
        return self.texts.read_as(f"{item.before.rstrip()} {item.after.lstrip()}", item.format, "stem")

    # Answers by kind ------------------------------------------------------------------------------------------

    def _answers(self, block: Block) -> _Read:
        read = {
            "truth": self._truth,
            "essay": self._essay,
            "choice": self._choice,
            "matching": self._matching,
            "short": self._short,
            "numerical": self._numerical,
        }.get(block.kind)
        if read is None:
            raise Unfit("gift_block", text=shorten(self.item.block or ""))
        return read(block.answers)

    def _truth(self, answers: Sequence[Answer]) -> _Read:
        is_true = answers[0].text in TRUE_WORDS
        self.candidate.kind, self.candidate.answer = "true_false", "正确" if is_true else "错误"
        self.remarks += [self.texts.read(answer.feedback, "explanation") for answer in answers[1:]]
        return "true_false", (), ("true" if is_true else "false",)

    def _essay(self, answers: Sequence[Answer]) -> _Read:
        reference = self.ours.get("answer", "")
        key = (clean(reference),) if isinstance(reference, str) and clean(reference) else ()
        self.candidate.kind, self.candidate.answer = "short_text", "".join(key)
        return "short_text", (), key

    def _choice(self, answers: Sequence[Answer]) -> _Read:
        if len(answers) > len(LETTERS):
            raise Unfit("too_many_options", count=str(len(answers)))
        letters = LETTERS[: len(answers)]
        options = tuple(
            ParsedOption(letter, self.texts.read(answer.text, letter))
            for letter, answer in zip(letters, answers, strict=True)
        )
        shares = [_share(answer) for answer in answers]
        self.candidate.options = list(options)
        self.candidate.answer = "".join(letter for letter, share in zip(letters, shares, strict=True) if share > 0)
        for letter, answer in zip(letters, answers, strict=True):
            self._remark(letter, answer)
        one_only = any(answer.sign == "=" for answer in answers)
        kind, key, self.partial = read_shares(letters, shares, one_only=one_only)
        if self.labels.kind == "indefinite":
            kind = "indefinite"
        self.candidate.kind = kind
        return kind, options, key

    def _short(self, answers: Sequence[Answer]) -> _Read:
        texts = [self.texts.read(answer.text, "stem") for answer in answers]
        return self._blank(answers, texts)

    def _numerical(self, answers: Sequence[Answer]) -> _Read:
        answers = [answer for answer in answers if answer.sign == "="]
        self.candidate.kind, self.candidate.answer = "fill_in", "|".join(shown(answer.text) for answer in answers)
        texts = []
        for answer in answers:
            number = read_number(shown(answer.text))
            if number is None and _share(answer) >= 100:
                raise Unfit("number_range", text=shorten(shown(answer.text)))
            texts.append(shown(answer.text) if number is None else number)
        kind, options, (accepted,) = self._blank(answers, texts)
        return kind, options, (tuple(spelling for number in accepted for spelling in spellings(number)),)

    def _blank(self, answers: Sequence[Answer], texts: Sequence[str]) -> _Read:
        for text, answer in zip(texts, answers, strict=True):
            self._remark(text, answer)
        shares = [_share(answer) for answer in answers]
        self.candidate.kind, self.candidate.answer = "fill_in", "|".join(text for text in texts if text)
        accepted, self.partial = read_accepted(texts, shares)
        return "fill_in", (), (accepted,)

    def _matching(self, answers: Sequence[Answer]) -> _Read:
        lefts: list[tuple[str, str]] = []
        rights: dict[str, str] = {}
        self.candidate.kind = "matching"
        for answer in answers:
            raw_left, _, raw_right = answer.text.partition("->")
            letter = LETTERS[len(lefts)] if len(lefts) < len(LETTERS) else ""
            left = self.texts.read(raw_left, letter) if raw_left.strip(" \t\n") else ""
            right = self.texts.read(raw_right, "stem")
            rights.setdefault(right, str(len(rights) + 1))
            self._remark(left or right, answer)
            if left and not letter:
                raise Unfit("too_many_options", count=str(len(answers)))
            if left:
                lefts.append((left, rights[right]))
        if self.labels.kind == "ordering":
            return self._order(lefts, list(rights))
        if self.labels.kind == "fill_in":
            return self._blanks(lefts, list(rights))
        pairs = tuple(LETTERS[place] + right for place, (_, right) in enumerate(lefts))
        options = [ParsedOption(LETTERS[place], left) for place, (left, _) in enumerate(lefts)]
        options += [ParsedOption(number, text) for text, number in rights.items()]
        self.candidate.options, self.candidate.answer = options, "；".join(pairs)
        return "matching", tuple(options), pairs

    def _order(self, lefts: Sequence[tuple[str, str]], rights: Sequence[str]) -> _Read:
        """Ours: on the left what is put in order, on the right its place."""
        options = tuple(ParsedOption(LETTERS[place], left) for place, (left, _) in enumerate(lefts))
        places = [rights[int(right) - 1] for _, right in lefts]
        self.candidate.kind, self.candidate.options = "ordering", list(options)
        if sorted(places) != sorted(str(place + 1) for place in range(len(places))):
            raise Unfit("order_incomplete", answer="、".join(places))
        return "ordering", options, tuple(options[places.index(str(place + 1))].id for place in range(len(places)))

    def _blanks(self, lefts: Sequence[tuple[str, str]], rights: Sequence[str]) -> _Read:
        """Ours: on the left the number of a blank, on the right its first accepted text."""
        firsts = [rights[int(right) - 1] for _, right in lefts]
        key = tuple((text,) for text in firsts)
        all_accepted = _key_of(self.ours.get("blanks"))
        self.candidate.kind, self.candidate.answer = "fill_in", "；".join(firsts)
        return "fill_in", (), all_accepted if [texts[0] for texts in all_accepted] == firsts else key

    # Around the answers ---------------------------------------------------------------------------------------

    def _remark(self, name: str, answer: Answer) -> None:
        text = self.texts.read(answer.feedback, "explanation") if answer.feedback else ""
        if text:
            self.remarks.append(f"{name}：{text}" if name else text)

    def _explanation(self, block: Block) -> str:
        general = self.texts.read(block.general, "explanation")
        return clean("\n".join(dict.fromkeys(text for text in (general, *self.remarks) if text)))


def _share(answer: Answer) -> Decimal:
    """The share of the points in percent."""
    return Decimal(0 if answer.sign == "~" else 100) if answer.weight is None else answer.weight


def _parted(text: str, letters: int) -> tuple[str, str]:
    """Case and stem, where the case was said to have so many letters and an empty line follows them."""
    if letters and text[letters : letters + 2] == "\n\n":
        return text[:letters], text[letters + 2 :]
    return "", text


def _labels(comments: Sequence[str]) -> Labels:
    tags: list[str] = []
    for comment in comments:
        if not _OURS.match(comment):
            tags += [re.sub(r"\\(.)", r"\1", tag) for tag in _TAG.findall(comment)]
            tags += [tag for several in _TAGS.findall(comment) for tag in several.split(",")]
    return from_tags(tags)


def _carried(comments: Sequence[str]) -> dict[str, Any]:
    """What our writer put into a comment; a comment that was changed by hand into nonsense is none."""
    for comment in comments:
        found = _OURS.match(comment)
        if found and len(found[1]) < 100_000:
            try:
                value = json.loads(found[1])
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict):
                return value
    return {}


def _key_of(value: Any) -> tuple[tuple[str, ...], ...]:
    """Accepted texts by blank out of a comment; () where it does not hold such."""
    is_key = isinstance(value, list) and all(
        isinstance(texts, list) and texts and all(isinstance(text, str) and clean(text) for text in texts)
        for texts in value
    )
    return tuple(tuple(clean(text) for text in texts) for texts in value) if is_key else ()
