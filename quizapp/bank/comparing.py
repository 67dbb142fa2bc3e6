"""Which questions of a file stand in the bank already, or above in the same file, or nearly so. Only reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from quizapp.bank.formats.parsed import ParsedQuestion
from quizapp.bank.import_rows import Fingerprint, Row, fingerprint, fingerprint_of
from quizapp.bank.likeness import find_similar, likeness_text
from quizapp.bank.models import Question, QuestionRevision
from quizapp.core.db import db

AT_ONCE = 1000


@dataclass(slots=True)
class Comparison:
    """The good rows of a file beside the questions of a bank; retired questions do not count.

    First `load`, inside a transaction; then mark, which takes its time and needs none. Equal stems go before
    likeness, the bank before the file, the same options before others.
    """

    rows: Sequence[Row]
    _good: list[tuple[int, Row, ParsedQuestion]] = field(init=False)
    _prints: list[Fingerprint] = field(init=False)
    _ids: list[int] = field(default_factory=list)
    _texts: list[str] = field(default_factory=list)
    _known: dict[str, dict[str, int]] = field(default_factory=dict)
    """For stems that the file has too: Fingerprint.whole → id of the first such question."""

    def __post_init__(self) -> None:
        self._good = [(number, row, row.question) for number, row in enumerate(self.rows, 1) if row.question]
        self._prints = [fingerprint_of(question) for _, _, question in self._good]

    def load(self, bank_id: int, *, with_texts: bool = True) -> None:
        """Read what the bank has; with its texts where likeness is looked for too."""
        stems = {found.stem for found in self._prints}
        revision = QuestionRevision
        newest = (
            select(revision.question_id, func.max(revision.number).label("number"))
            .join(Question)
            .where(Question.bank_id == bank_id, Question.state != "retired")
            .group_by(revision.question_id)
            .subquery()
        )
        query = (
            select(
                Question.id,
                Question.kind,
                revision.stem_hash,
                revision.stem,
                revision.passage,
                revision.options,
                revision.key,
            )
            .join(newest, newest.c.question_id == Question.id)
            .join(revision, (revision.question_id == Question.id) & (revision.number == newest.c.number))
            .order_by(Question.id)
        )
        for row in db.session.execute(query, execution_options={"yield_per": AT_ONCE}):
            options = [(option["id"], option["text"]) for option in row.options]
            if row.stem_hash in stems:
                found = fingerprint(kind=row.kind, stem=row.stem, passage=row.passage, options=options, key=row.key)
                self._known.setdefault(row.stem_hash, {}).setdefault(found.whole, row.id)
            if with_texts:
                self._ids.append(row.id)
                self._texts.append(likeness_text(row.stem, (text for _, text in options)))

    def mark_same_stems(self) -> None:
        above: dict[str, dict[str, int]] = {}
        for (number, row, _), found in zip(self._good, self._prints, strict=True):
            in_bank, in_file = self._known.get(found.stem, {}), above.setdefault(found.stem, {})
            if found.whole in in_bank:
                row.duplicate, row.other = "same", {"question": in_bank[found.whole]}
            elif found.whole in in_file:
                row.duplicate, row.other = "same", self._above(in_file[found.whole])
            elif in_bank:
                row.duplicate, row.other = "other", {"question": next(iter(in_bank.values()))}
            elif in_file:
                row.duplicate, row.other = "other", self._above(next(iter(in_file.values())))
            in_file.setdefault(found.whole, number)

    def mark_similar(self, *, tell: Callable[[int, int], None] | None = None) -> None:
        """Mark what is like another; after mark_same_stems. `tell` is called with how many are done, of how many."""
        texts = [
            likeness_text(question.stem, (option.text for option in question.options)) for _, _, question in self._good
        ]
        for at, (place, percent) in find_similar(self._texts, texts, tell=tell).items():
            row = self._good[at][1]
            if not row.duplicate:
                is_known = place < len(self._ids)
                other = (
                    {"question": self._ids[place]} if is_known else self._above(self._good[place - len(self._ids)][0])
                )
                row.duplicate, row.other = "similar", {**other, "likeness": percent}

    def _above(self, number: int) -> dict[str, Any]:
        return {"row": number, "place": self.rows[number - 1].place}
