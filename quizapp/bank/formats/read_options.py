"""What the person who imports knows better than the program: how sheets are to be read, and mends of single rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from quizapp.bank.formats.problems import KIND_NAMES

ROLES = (
    "stem",
    "kind",
    "answer",
    "explanation",
    "law",
    "article",
    "effective",
    "topics",
    "difficulty",
    "points",
    "passage",
    "options",
    "matches",
    "rubric",
)
"""What a column can be; beside them "option A" to "option Z" and "blank 1" to "blank 9", a column each."""
FIELDS = (
    "kind",
    "passage",
    "stem",
    "options",
    "answer",
    "explanation",
    "law",
    "article",
    "effective",
    "topics",
    "difficulty",
    "points",
    "matches",
    "rubric",
)
"""What a mend can replace. `options` are lines such as "A. …"; `kind` is a code or a word such as 单选题."""
_ROLE = re.compile(rf"(?:{'|'.join(ROLES)}|option [A-Z]|blank [1-9])")
_LETTERS = re.compile(r"[A-Z]{1,3}")
_LONGEST_SPELLING = 20


class BadOptions(ValueError):
    """A document that does not say how to read a file; the text says where it goes wrong."""


@dataclass(frozen=True, slots=True)
class SheetOptions:
    """How one sheet is to be read; what is None or empty is recognised."""

    is_read: bool | None = None
    """True reads a hidden or repeated sheet too."""
    header_row: int | None = None
    """As a spreadsheet counts; 0: there is none. Rows above it are not read."""
    columns: Mapping[str, str] | None = None
    """Role → column letter, the whole mapping: a role that is not named has no column."""
    kind: str | None = None
    """The kind of all questions, whatever the file says."""
    numbers_from: int | None = None
    """0 or 1: the number that stands for the first option."""
    right: str = ""
    wrong: str = ""
    """The spellings that stand for right and wrong in true or false questions: "0" and "1", "A" and "B"."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the person who imports can tell about the file.

    `default_kind` is taken for a question whose kind neither the file nor its key tells.
    """

    default_kind: str | None = None
    sheets: Mapping[str, SheetOptions] = field(default_factory=dict)
    """By the sheet's name, "" for a file without sheets."""
    mends: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Place → field of FIELDS → the text that replaces what the file has there; "" takes it away."""

    def sheet(self, name: str) -> SheetOptions:
        return self.sheets.get(name) or SheetOptions()

    def as_document(self) -> dict[str, Any]:
        """All but the mends as plain JSON; only what is told."""
        sheets = {
            name: {key: value for key, value in asdict(sheet).items() if value not in (None, "")}
            for name, sheet in self.sheets.items()
        }
        document: dict[str, Any] = {"sheets": sheets} if sheets else {}
        return {**document, "default_kind": self.default_kind} if self.default_kind else document

    @classmethod
    def from_document(cls, document: Mapping[str, Any], mends: Mapping[str, Any] | None = None) -> ReadOptions:
        """Read what `as_document` gave, and mends as they are kept; raise BadOptions for anything else."""
        _refuse_unknown(document, ("default_kind", "sheets"), "options")
        sheets = _mapping(document.get("sheets", {}), "sheets")
        return cls(
            default_kind=_kind(document.get("default_kind"), "default_kind"),
            sheets={name: _sheet(name, value) for name, value in sheets.items()},
            mends={place: _mend(place, fields) for place, fields in _mapping(mends or {}, "mends").items()},
        )


def _sheet(name: str, value: Any) -> SheetOptions:
    at = f"sheet {name!r}"
    given = _mapping(value, at)
    _refuse_unknown(given, SheetOptions.__dataclass_fields__, at)
    is_read, header_row, numbers_from = (given.get(key) for key in ("is_read", "header_row", "numbers_from"))
    if is_read is not None and not isinstance(is_read, bool):
        raise BadOptions(f"{at}: is_read is true or false")
    if header_row is not None and (isinstance(header_row, bool) or not isinstance(header_row, int) or header_row < 0):
        raise BadOptions(f"{at}: header_row is a number from 0")
    if numbers_from not in (None, 0, 1) or isinstance(numbers_from, bool):
        raise BadOptions(f"{at}: numbers_from is 0 or 1")
    right, wrong = (_text_or_none(given.get(key), f"{at}: {key}") or "" for key in ("right", "wrong"))
    if bool(right) != bool(wrong) or (right and right == wrong) or max(len(right), len(wrong)) > _LONGEST_SPELLING:
        raise BadOptions(f"{at}: right and wrong are two different short texts")
    return SheetOptions(
        is_read=is_read,
        header_row=header_row,
        columns=None if given.get("columns") is None else _columns(given["columns"], at),
        kind=_kind(given.get("kind"), f"{at}: kind"),
        numbers_from=numbers_from,
        right=right,
        wrong=wrong,
    )


def _kind(value: Any, at: str) -> str | None:
    kind = _text_or_none(value, at)
    if kind and kind not in KIND_NAMES:
        raise BadOptions(f"{at}: {kind!r} is no kind")
    return kind


def _columns(value: Any, at: str) -> dict[str, str]:
    columns = _mapping(value, f"{at}: columns")
    for role, letter in columns.items():
        if not _ROLE.fullmatch(role) or not isinstance(letter, str) or not _LETTERS.fullmatch(letter):
            raise BadOptions(f"{at}: column {role!r}: {letter!r}")
    return dict(columns)


def _mend(place: str, value: Any) -> dict[str, str]:
    fields = _mapping(value, f"mend {place!r}")
    _refuse_unknown(fields, FIELDS, f"mend {place!r}")
    if not all(isinstance(text, str) for text in fields.values()):
        raise BadOptions(f"mend {place!r}: fields are texts")
    return dict(fields)


def _mapping(value: Any, at: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise BadOptions(f"{at} is no object")
    return value


def _refuse_unknown(given: Mapping[str, Any], known: Any, at: str) -> None:
    unknown = [key for key in given if key not in known]
    if unknown:
        raise BadOptions(f"{at}: unknown {unknown[0]!r}")


def _text_or_none(value: Any, at: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise BadOptions(f"{at} is no text")
    return value or None
