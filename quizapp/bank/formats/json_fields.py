"""One question of our JSON: every field checked by name and type, each fault with its path."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

from quizapp.bank.formats.characters import clean, shorten
from quizapp.bank.formats.parsed import (
    ParsedCitation,
    ParsedCriterion,
    ParsedMedia,
    ParsedOption,
    ParsedQuestion,
    ParsedTranslation,
    Problem,
    Severity,
)
from quizapp.bank.formats.places import question_place
from quizapp.bank.formats.problems import KIND_NAMES
from quizapp.bank.formats.validity import faults

MOST_PROBLEMS = 100
"""Told of one question; what has more is no question, however it came to be here."""
MOST_ITEMS = 1_000
"""In any list of a question."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Repeating(dict[str, Any]):
    """An object of a document that remembers which names were written more than once."""

    repeated: tuple[str, ...] = ()

    @classmethod
    def from_pairs(cls, pairs: list[tuple[str, Any]]) -> Repeating:
        made = cls(pairs)
        if len(made) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            made.repeated = tuple(sorted(name for name, count in counts.items() if count > 1))
        return made


def read_question(value: Any, *, number: int, unit: str) -> tuple[ParsedQuestion | None, list[Problem]]:
    """Read a question; None where anything is wrong with it. `unit` says what `number` counts: question or line."""
    reading = _Reading(number, unit)
    question = reading.question(value)
    if not reading.has_errors and question is not None:
        for fault in faults(question):
            reading.report(fault.path, fault.code, fault.severity, **fault.params)
    return (None if reading.has_errors else question), reading.problems


class _Reading:
    """Goes through one question; what is wrong is reported, and something empty taken in its place."""

    def __init__(self, number: int, unit: str) -> None:
        self.number, self.unit = number, unit
        self.problems: list[Problem] = []
        self.has_errors = False

    def report(self, path: str, code: str, severity: Severity = "error", **params: str) -> None:
        self.has_errors = self.has_errors or severity == "error"
        if len(self.problems) > MOST_PROBLEMS:
            return
        if len(self.problems) == MOST_PROBLEMS:
            path, code, severity, params = "", "more_problems", "error", {"limit": str(MOST_PROBLEMS)}
        where = question_place(self.number, unit=self.unit, field=path)
        self.problems.append(Problem(where, code, params, severity))

    def question(self, value: Any) -> ParsedQuestion | None:
        fields = self._object(
            "",
            value,
            "kind stem options key explanation citations topics difficulty points_hundredths passage rubric media "
            "translations",
        )
        if fields is None:
            return None
        for name in ("kind", "stem"):
            if fields.get(name) is None:
                self.report(name, "field_missing")
        kind = self._one_of("kind", fields.get("kind"), tuple(KIND_NAMES))
        return ParsedQuestion(
            where=question_place(self.number, unit=self.unit),
            kind=kind,
            stem=self._text("stem", fields.get("stem")),
            options=tuple(self._options(fields.get("options"))),
            key=self._key(kind, fields.get("key")),
            explanation=self._text("explanation", fields.get("explanation")),
            citations=tuple(self._citations(fields.get("citations"))),
            topics=tuple(
                dict.fromkeys(self._text(path, topic) for path, topic in self._items("topics", fields.get("topics")))
            ),
            difficulty=self._whole("difficulty", fields.get("difficulty")),
            points_hundredths=self._whole("points_hundredths", fields.get("points_hundredths")),
            passage=self._text("passage", fields.get("passage")),
            rubric=tuple(self._rubric(fields.get("rubric"))),
            media=tuple(self._media(fields.get("media"))),
            translations=tuple(self._translations(fields.get("translations"))),
        )

    # The fields of a question ---------------------------------------------------------------------------------

    def _options(self, value: Any) -> Iterator[ParsedOption]:
        for path, item in self._items("options", value):
            fields = self._object(path, item, "id text")
            if fields is not None:
                yield ParsedOption(
                    self._text(f"{path}.id", fields.get("id")), self._text(f"{path}.text", fields.get("text"))
                )

    def _key(self, kind: str, value: Any) -> tuple[str, ...] | tuple[tuple[str, ...], ...]:
        if kind != "fill_in":
            return tuple(self._text(path, part) for path, part in self._items("key", value))
        return tuple(
            tuple(self._text(inner, text) for inner, text in self._items(path, part))
            for path, part in self._items("key", value)
        )

    def _citations(self, value: Any) -> Iterator[ParsedCitation]:
        for path, item in self._items("citations", value):
            fields = self._object(path, item, "law article effective_on")
            if fields is not None:
                yield ParsedCitation(
                    self._text(f"{path}.law", fields.get("law")),
                    self._text(f"{path}.article", fields.get("article")),
                    self._date(f"{path}.effective_on", fields.get("effective_on")),
                )

    def _rubric(self, value: Any) -> Iterator[ParsedCriterion]:
        for path, item in self._items("rubric", value):
            fields = self._object(path, item, "text points_hundredths")
            if fields is not None:
                points = self._whole(f"{path}.points_hundredths", fields.get("points_hundredths"))
                yield ParsedCriterion(self._text(f"{path}.text", fields.get("text")), points)

    def _media(self, value: Any) -> Iterator[ParsedMedia]:
        for path, item in self._items("media", value):
            fields = self._object(path, item, "at kind alt content")
            if fields is not None:
                kind = self._one_of(f"{path}.kind", fields.get("kind", "picture"), ("picture", "audio"))
                yield ParsedMedia(
                    at=self._text(f"{path}.at", fields.get("at")),
                    content=self._bytes(f"{path}.content", fields.get("content")),
                    kind="audio" if kind == "audio" else "picture",
                    alt=self._text(f"{path}.alt", fields.get("alt")),
                )

    def _translations(self, value: Any) -> Iterator[ParsedTranslation]:
        for language, item in (self._object("translations", value or {}) or {}).items():
            path = f"translations.{shorten(language, 20)}"
            fields = self._object(path, item, "stem options explanation passage")
            if fields is not None:
                options = self._object(f"{path}.options", fields.get("options") or {}) or {}
                yield ParsedTranslation(
                    language=language,
                    stem=self._text(f"{path}.stem", fields.get("stem")),
                    options=tuple(
                        ParsedOption(option, self._text(f"{path}.options.{shorten(option, 20)}", text))
                        for option, text in options.items()
                    ),
                    explanation=self._text(f"{path}.explanation", fields.get("explanation")),
                    passage=self._text(f"{path}.passage", fields.get("passage")),
                )

    # Types ----------------------------------------------------------------------------------------------------

    def _object(self, path: str, value: Any, names: str = "") -> dict[str, Any] | None:
        """The object; names that it may not have are told and left, all are allowed where none are given."""
        if not isinstance(value, dict):
            self.report(path, "not_object", found=_shown(value))
            return None
        for name in getattr(value, "repeated", ()):
            self.report(path, "field_repeated", name=shorten(name, 40))
        for name in value if names else ():
            if name not in names.split():
                self.report(path, "field_unknown", "warning", name=shorten(name, 40))
        return value

    def _items(self, path: str, value: Any) -> Iterator[tuple[str, Any]]:
        if value is None:
            return
        if not isinstance(value, list):
            self.report(path, "not_list", found=_shown(value))
            return
        if len(value) > MOST_ITEMS:
            self.report(path, "list_too_long", count=str(len(value)), limit=str(MOST_ITEMS))
            return
        for place, item in enumerate(value):
            yield f"{path}[{place}]", item

    def _text(self, path: str, value: Any) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            self.report(path, "not_text", found=_shown(value))
            return ""
        if _SURROGATE.search(value):
            self.report(path, "broken_letter")
        return clean(value)

    def _whole(self, path: str, value: Any) -> int | None:
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        self.report(path, "not_whole_number", found=_shown(value))
        return None

    def _one_of(self, path: str, value: Any, known: tuple[str, ...]) -> str:
        text = self._text(path, value)
        if text and text not in known:
            self.report(path, "not_one_of", known="、".join(known), found=shorten(text))
        return text

    def _date(self, path: str, value: Any) -> date | None:
        text = self._text(path, value)
        if not text:
            return None
        try:
            if _DATE.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        self.report(path, "not_date", found=shorten(text))
        return None

    def _bytes(self, path: str, value: Any) -> bytes:
        try:
            return base64.b64decode(self._text(path, value), validate=True)
        except (binascii.Error, ValueError):
            self.report(path, "not_base64")
            return b""


def _shown(value: Any) -> str:
    """A value in a sentence, never longer than a line: what is inside of lists and objects is not looked at."""
    if isinstance(value, list):
        return "[…]"
    if isinstance(value, dict):
        return "{…}"
    return shorten(json.dumps(value, ensure_ascii=False), 30)
