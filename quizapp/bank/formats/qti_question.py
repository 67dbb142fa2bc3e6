"""What an item of QTI gives, whatever its version, and the one place where it becomes a question or a problem."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from quizapp.bank.formats.answers import LETTERS, truths_of_options
from quizapp.bank.formats.characters import clean, shorten
from quizapp.bank.formats.details import read_points
from quizapp.bank.formats.draft import Draft
from quizapp.bank.formats.markup import Plain, embedded
from quizapp.bank.formats.parsed import (
    ParsedCitation,
    ParsedCriterion,
    ParsedMedia,
    ParsedOption,
    ParsedQuestion,
    Refused,
)
from quizapp.bank.formats.qti_package import Document, Package
from quizapp.bank.formats.qti_text import BLANK
from quizapp.bank.formats.typed import Candidate, Typed, Unfit
from quizapp.bank.formats.validity import LONGEST_ALT

NOTHING = Plain("")
_SHORT = 24
_LINK = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//|mailto:|file:", re.IGNORECASE)


@dataclass(slots=True)
class Choice:
    """An option under the identifier that the file gives it."""

    identifier: str
    text: Plain


@dataclass(slots=True)
class Sketch:
    """A question as an item gives it, before it is judged."""

    where: str
    identifier: str = ""
    title: str = ""
    kind: str = ""
    stem: Plain = NOTHING
    choices: list[Choice] = field(default_factory=list)
    """Of choice kinds and ordering, or what is on the left of matching."""
    targets: list[Choice] = field(default_factory=list)
    """What is on the right of matching."""
    right: tuple[str, ...] = ()
    """Identifiers of choices; of matching those of the targets, one for each choice."""
    blanks: tuple[tuple[str, ...], ...] = ()
    reference: str = ""
    is_own: bool = False
    """Whether we wrote the file: its letters are ours."""
    may_be_truth: bool = True
    """Whether two options that read 对 and 错 make a true_false question."""
    passage: Plain = NOTHING
    explanation: Plain = NOTHING
    points: str = ""
    rubric: tuple[ParsedCriterion, ...] = ()
    citations: tuple[ParsedCitation, ...] = ()
    topics: tuple[str, ...] = ()
    difficulty: int | None = None
    warnings: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Codes and params of what is worth a look, if a question comes of it."""

    def warn(self, code: str, **params: str) -> None:
        if (code, params) not in self.warnings:
            self.warnings.append((code, params))

    @property
    def label(self) -> str:
        """What problems call it."""
        return shorten(self.stem.text or self.title or self.identifier, _SHORT)


@dataclass(slots=True)
class _Candidate(Candidate):
    """What a person may mend of an item."""

    passage: str = ""
    points: str = ""

    def draft(self) -> Draft:
        draft = Candidate.draft(self)
        draft.passage, draft.points = self.passage, self.points
        return draft


class Reading:
    """The questions and problems of one document go to `typed`; what they show comes from the package."""

    def __init__(self, package: Package, document: Document, typed: Typed) -> None:
        self.package = package
        self.document = document
        self.typed = typed

    def take(self, sketch: Sketch) -> None:
        """Make a question of a sketch, or say why there is none; warnings come with a question."""
        maker = _Maker(self, sketch)
        try:
            question = maker.question()
        except Unfit as fault:
            self.refuse(sketch, fault)
            return
        before = len(self.typed.questions)
        self.typed.take(maker.candidate(), question)
        if sketch.where in self.typed.options.mends:
            self._give_back(sketch, before)
        elif len(self.typed.questions) > before:
            for code, params in sketch.warnings:
                self.typed.report(sketch.where, code, "warning", stem=sketch.label, **params)

    def refuse(self, sketch: Sketch, fault: Unfit) -> None:
        """Tell why there is no question, unless a person has mended it."""
        before = len(self.typed.questions)
        candidate = _Maker(self, sketch).candidate()
        self.typed.refuse(candidate, fault.code, **{"stem": sketch.label, **fault.params})
        self._give_back(sketch, before)

    def _give_back(self, sketch: Sketch, before: int) -> None:
        """Give a question that a person has mended what its item shows, where there still is a place for it."""
        for place in range(before, len(self.typed.questions)):
            mended = self.typed.questions[place]
            places = {"stem", "explanation", "passage", *(option.id for option in mended.options)}
            kept = tuple(medium for medium in _Maker(self, sketch).shown() if medium.at in places)
            self.typed.questions[place] = replace(mended, media=kept)


class _Maker:
    """Makes one question: letters for identifiers, content for addresses."""

    def __init__(self, reading: Reading, sketch: Sketch) -> None:
        self.reading = reading
        self.sketch = sketch
        self.media: list[ParsedMedia] = []

    def question(self) -> ParsedQuestion:
        sketch = self.sketch
        stem = self._stem()
        explanation, passage = self._text("explanation", sketch.explanation), self._text("passage", sketch.passage)
        kind, options, key = self._settled()
        return ParsedQuestion(
            where=sketch.where,
            kind=kind,
            stem=stem,
            options=options,
            key=key,
            explanation=explanation,
            citations=sketch.citations,
            topics=sketch.topics,
            difficulty=sketch.difficulty,
            points_hundredths=self._points(),
            passage=passage,
            rubric=sketch.rubric if kind == "short_text" else (),
            media=tuple(self.media),
        )

    def shown(self) -> list[ParsedMedia]:
        """All that the item shows, as far as it was understood."""
        sketch, ids = self.sketch, self._ids()
        for at, plain in (("stem", sketch.stem), ("explanation", sketch.explanation), ("passage", sketch.passage)):
            self._text(at, plain)
        for choice in (*sketch.choices, *sketch.targets):
            if choice.identifier in ids:
                self._text(ids[choice.identifier], choice.text)
        return self.media

    def _ids(self) -> dict[str, str]:
        left = dict(zip((choice.identifier for choice in self.sketch.choices), LETTERS, strict=False))
        return left | {target.identifier: str(number) for number, target in enumerate(self.sketch.targets, 1)}

    def candidate(self) -> _Candidate:
        """The item as far as it was understood."""
        sketch, ids = self.sketch, self._ids()
        answer = "；".join("|".join(accepted) for accepted in sketch.blanks) or sketch.reference
        if sketch.kind == "matching":
            answer = "、".join(one + ids.get(other, "") for one, other in zip(LETTERS, sketch.right, strict=False))
        elif not answer:
            answer = "、".join(ids[identifier] for identifier in sketch.right if identifier in ids)
        choices = [choice for choice in (*sketch.choices, *sketch.targets) if choice.identifier in ids]
        texts = (sketch.stem, *(choice.text for choice in choices))
        return _Candidate(
            where=sketch.where,
            stem=sketch.stem.text or clean(sketch.title),
            kind=sketch.kind,
            options=[ParsedOption(ids[choice.identifier], choice.text.text) for choice in choices],
            answer=answer,
            explanation=sketch.explanation.text,
            topics=sketch.topics,
            source=[line for text in texts for line in text.text.split("\n")],
            passage=sketch.passage.text,
            points=sketch.points,
        )

    def _stem(self) -> str:
        """The stem; the item's title in place of one that is nothing but blanks, and before these."""
        sketch = self.sketch
        stem = self._text("stem", sketch.stem)
        title = clean(sketch.title)
        if _has_words(stem) or not _has_words(title):
            return stem
        sketch.warn("stem_from_title", title=shorten(title))
        return clean(f"{title} {stem}")

    def _points(self) -> int | None:
        points = read_points(self.sketch.points) if self.sketch.points else None
        if points is None and self.sketch.points:
            self.sketch.warn("bad_points", text=shorten(self.sketch.points))
        return points

    # The key --------------------------------------------------------------------------------------------------

    def _settled(self) -> tuple[str, tuple[ParsedOption, ...], tuple[str, ...] | tuple[tuple[str, ...], ...]]:
        sketch = self.sketch
        if sketch.kind == "fill_in":
            if not all(sketch.blanks):
                raise Unfit("no_key")
            return sketch.kind, (), sketch.blanks
        if sketch.kind == "short_text":
            return sketch.kind, (), (sketch.reference,) if sketch.reference else ()
        return self._matching() if sketch.kind == "matching" else self._choice()

    def _choice(self) -> tuple[str, tuple[ParsedOption, ...], tuple[str, ...]]:
        sketch = self.sketch
        letters = self._letters()
        key = tuple(letters[identifier] for identifier in self._known(sketch.right, letters))
        if sketch.kind == "ordering":
            return "ordering", self._options(sketch.choices, letters), key
        truths = self._truths(letters)
        if truths is not None and len(key) == 1:
            return "true_false", (), ("true" if truths[key[0]] else "false",)
        kind = "single" if sketch.kind == "true_false" else sketch.kind
        return kind, self._options(sketch.choices, letters), tuple(sorted(key))

    def _letters(self) -> dict[str, str]:
        """The letters of the options by identifier: the identifiers themselves where these are letters from A on."""
        choices = self.sketch.choices
        identifiers = [choice.identifier for choice in choices]
        are_letters = all(one in LETTERS and len(one) == 1 for one in identifiers) and identifiers == sorted(
            identifiers
        )
        is_from_a = identifiers[:1] == ["A"] or self.sketch.is_own
        return _in_order(choices, identifiers if are_letters and is_from_a else LETTERS)

    def _truths(self, letters: Mapping[str, str]) -> dict[str, bool] | None:
        """Which option of two means right; None where the question is an ordinary choice."""
        sketch = self.sketch
        has_media = any(choice.text.references for choice in sketch.choices)
        if sketch.kind not in ("single", "true_false") or not sketch.may_be_truth or has_media:
            return None
        texts = {letters[choice.identifier]: choice.text.text for choice in sketch.choices}
        return truths_of_options(texts, weak=sketch.kind == "true_false")

    def _matching(self) -> tuple[str, tuple[ParsedOption, ...], tuple[str, ...]]:
        sketch = self.sketch
        letters = _in_order(sketch.choices, LETTERS)
        numbers = _in_order(sketch.targets, [str(number) for number in range(1, len(sketch.targets) + 1)])
        right = self._known(sketch.right, numbers)
        key = tuple(letter + numbers[target] for letter, target in zip(letters.values(), right, strict=False))
        left = self._options(sketch.choices, letters)
        return "matching", (*left, *self._options(sketch.targets, numbers)), key

    def _known(self, right: Sequence[str], ids: Mapping[str, str]) -> Sequence[str]:
        unknown = [identifier for identifier in right if identifier not in ids]
        if unknown:
            raise Unfit("key_not_in_choices", answer=shorten("、".join(unknown)))
        return right

    def _options(self, choices: Sequence[Choice], ids: Mapping[str, str]) -> tuple[ParsedOption, ...]:
        options = []
        for choice in choices:
            option_id = ids[choice.identifier]
            text, before = choice.text.text, len(self.media)
            self._text(option_id, choice.text)
            shown = self.media[before:]
            if not text and not shown:
                raise Unfit("option_without_text", letter=shorten(choice.identifier))
            if not text and all(medium.kind == "audio" for medium in shown):
                text = shown[0].alt or f"（{option_id}）"
            options.append(ParsedOption(option_id, text))
        return tuple(options)

    # Pictures and recordings ----------------------------------------------------------------------------------

    def _text(self, at: str, plain: Plain) -> str:
        """The text, with what it shows taken out of the package, or told to be missing. Nothing is fetched."""
        for reference in plain.references:
            source = reference.source.strip()
            if reference.kind == "other":
                self.sketch.warn("media_unsupported", source=shorten(source))
            elif _LINK.match(source):
                self.sketch.warn("media_linked", source=shorten(source, 80))
            else:
                content = self._content(source)
                if content is not None:
                    alt = reference.alt if len(reference.alt) <= LONGEST_ALT else shorten(reference.alt, LONGEST_ALT)
                    self.media.append(ParsedMedia(at, content, reference.kind, alt))
        return plain.text

    def _content(self, source: str) -> bytes | None:
        """What is embedded in the address, or what it leads to in the package."""
        content, package = None, self.reading.package
        if source[:5].lower() == "data:":
            content = embedded(source)
        else:
            path = package.find(source, self.reading.document)
            if path is None:
                self.sketch.warn("media_missing", source=shorten(source, 80))
                return None
            with suppress(Refused):
                content = package.media(path)
        if not content:
            self.sketch.warn("media_damaged", source=shorten(source))
        return content or None


def check_count(choices: Sequence[object]) -> None:
    """Raise Unfit for more choices than there are letters, before anything is done with each."""
    if len(choices) > len(LETTERS):
        raise Unfit("too_many_options", count=str(len(choices)))


def _has_words(text: str) -> bool:
    return bool(text.replace(BLANK, "").strip())


def _in_order(choices: Sequence[Choice], ids: Sequence[str]) -> dict[str, str]:
    """Ids for identifiers; raise Unfit for more of them than there are ids, and for one that is there twice."""
    check_count(choices)
    identifiers = [choice.identifier for choice in choices]
    repeated = next((identifier for identifier in identifiers if identifiers.count(identifier) > 1), None)
    if repeated is not None:
        raise Unfit("option_letter_repeated", letter=shorten(repeated))
    return dict(zip(identifiers, ids, strict=False))


def spellings(number: str) -> list[str]:
    """The ways to write a number that are accepted, shortest first: 1234 and 1234.0. Other text stays alone."""
    try:
        value = float(number)
    except ValueError:
        return [number]
    short = f"{value:.12g}"
    return [short, number] if "e" not in short and abs(value) < 1e12 else [number]
