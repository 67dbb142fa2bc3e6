"""Two versions of a statute, article by article. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from quizapp.bank.differences import Piece, compare_texts

Kind = Literal["changed", "moved", "gone", "new"]


@dataclass(frozen=True, slots=True)
class ArticleChange:
    """What became of one article; those that stayed as they were have none."""

    label: str
    kind: Kind
    """moved: the same text stands under another number now."""
    before: str = ""
    after: str = ""
    moved_to: str = ""

    @property
    def pieces(self) -> tuple[Piece, ...]:
        return compare_texts(self.before, self.after)


def compare_versions(before: Mapping[str, str], after: Mapping[str, str]) -> list[ArticleChange]:
    """Compare label → text of two versions, in the order of the old one, then what is new.

    Width and spaces make no difference. An article without a text in the old version cannot be compared.
    """
    now_at = {_folded(text): label for label, text in reversed(list(after.items()))}
    changes = []
    arrived = set()
    for label, text in before.items():
        if not text or _folded(text) == _folded(after.get(label, "")):
            continue
        moved_to = now_at.get(_folded(text), "")
        if moved_to and _folded(before.get(moved_to, "")) != _folded(text):
            arrived.add(moved_to)
            changes.append(ArticleChange(label, "moved", text, text, moved_to))
        elif label in after:
            changes.append(ArticleChange(label, "changed", text, after[label]))
        else:
            changes.append(ArticleChange(label, "gone", text))
    known = {label for label, text in before.items() if text}
    changes += [
        ArticleChange(label, "new", after=text)
        for label, text in after.items()
        if label not in known and label not in arrived
    ]
    return changes


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())
