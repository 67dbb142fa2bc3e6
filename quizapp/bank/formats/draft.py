"""A question as a file writes it: what every reader of tables and texts fills, and a person may mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from quizapp.bank.formats.characters import clean
from quizapp.bank.formats.kinds import CHOICE, UNSUPPORTED, Hint, is_verbatim, kind_named
from quizapp.bank.formats.options import split_cell
from quizapp.bank.formats.problems import KIND_NAMES
from quizapp.bank.formats.read_options import FIELDS

LONGEST_TEXT = 20_000


DETAILS = (
    "explanation",
    "law",
    "article",
    "effective",
    "topics",
    "difficulty",
    "points",
    "passage",
    "matches",
    "rubric",
)
"""What stands beside stem, options and answer, and is kept as written until it is judged."""


@dataclass(slots=True)
class Draft:
    """What was read of one question, in the file's own spellings."""

    where: str
    stem: str = ""
    options: list[tuple[str, str]] = field(default_factory=list)
    """Letter and text; an empty text is an option without content."""
    answer: str = ""
    hint: Hint | None = None
    code: str = ""
    """A bare code number in the kind column."""
    blanks: list[str] = field(default_factory=list)
    """Accepted texts, one entry a blank, where the file has a column for each."""
    passage: str = ""
    explanation: str = ""
    law: str = ""
    article: str = ""
    effective: str = ""
    topics: str = ""
    difficulty: str = ""
    points: str = ""
    matches: str = ""
    """What stands on the right of a matching question, a line each."""
    rubric: str = ""
    manner: str = ""
    """How the answer stands out, one of marking.MANNERS, where it is written in no other way."""
    source: Sequence[str] = ()
    """The cells or lines as they stand in the file."""

    @property
    def verbatim(self) -> bool:
        """Whether the file says that the question stands as it is, without marks and keys in its texts."""
        return bool(self.hint and is_verbatim(self.hint.words))

    def take_sides(self, sides: Sequence[tuple[str, str]]) -> None:
        """Set both lists of a matching question, divided as by pairing.split_sides; nothing where there are none."""
        if sides:
            self.options = [(own, text) for own, text in sides if not own.isdigit()]
            self.matches = "\n".join(f"{own}. {text}" for own, text in sides if own.isdigit())

    def fields(self) -> dict[str, str]:
        """What is filled, in the form that `mend` takes."""
        hint = self.hint.kind if self.hint and self.hint.kind in KIND_NAMES and not self.verbatim else ""
        texts = {
            "kind": hint or (self.hint.words if self.hint and self.hint.kind != CHOICE else "") or self.code,
            "options": "\n".join(f"{letter}. {text}" for letter, text in self.options if text),
            "answer": self.answer or "；".join(text for text in self.blanks if text),
            **{name: getattr(self, name) for name in FIELDS if name not in ("kind", "options", "answer")},
        }
        return {name: texts[name] for name in FIELDS if texts[name]}

    def mend(self, fields: Mapping[str, str]) -> None:
        """Replace what a person has written anew."""
        for name, text in fields.items():
            text = clean(text)
            if name == "kind":
                kind = kind_named(text) or UNSUPPORTED
                self.hint, self.code = (Hint(kind, insists=True, words=text) if text else None), ""
            elif name == "options":
                self.options = split_cell(text) or ([("A", text)] if text else [])
            else:
                setattr(self, name, text)
                if name == "answer":
                    self.blanks, self.manner = [], ""
