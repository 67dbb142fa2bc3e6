"""A question as one row of cells, or one object of fields, into a draft."""

from __future__ import annotations

from quizapp.bank.formats import answers, options
from quizapp.bank.formats.characters import shorten
from quizapp.bank.formats.columns import Columns
from quizapp.bank.formats.draft import DETAILS, Draft
from quizapp.bank.formats.kinds import CHOICE, UNSUPPORTED, Hint, is_verbatim, kind_named, take_tag
from quizapp.bank.formats.pairing import split_sides
from quizapp.bank.formats.rows import Row, cell

_WITH_OPTIONS = ("single", "multiple", "indefinite", "ordering", CHOICE)


def draft_of_row(row: Row, columns: Columns, *, where: str, section: Hint | None = None) -> Draft:
    """Read the cells of a row by their columns; `section` is the kind that a heading or the sheet tells."""
    role = columns.role
    draft = Draft(where=where, stem=cell(row, role.get("stem")), source=row.cells)
    draft.answer = cell(row, role.get("answer"))
    for name in DETAILS:
        setattr(draft, name, cell(row, role.get(name)))
    draft.blanks = [cell(row, place) for place in columns.blanks]
    words = cell(row, role.get("kind"))
    own = [(letter, cell(row, at)) for letter, at in sorted(columns.options.items())]
    kind = kind_named(words)
    if kind and is_verbatim(words):
        draft.hint = Hint(kind, insists=True, words=words)
        draft.options = own
    else:
        _take_kind(draft, words, section)
        _take_options(draft, own, cell(row, role.get("options")))
    return draft


def _take_kind(draft: Draft, words: str, section: Hint | None) -> None:
    draft.stem, tag, points = take_tag(draft.stem)
    draft.points = draft.points or points
    kind = kind_named(words)
    if kind:
        draft.hint = Hint(kind, insists=True, words=words)
    elif words.isdigit():
        draft.code = words
    elif words:
        draft.hint = Hint(UNSUPPORTED, insists=True, words=shorten(words, 20))
    draft.hint = draft.hint or tag or section


def _take_options(draft: Draft, own: list[tuple[str, str]], together: str) -> None:
    """Options of their own cells, or all in one cell, or those that stand in the stem."""
    draft.options = options.without_labels(own)
    texts = [text for _, text in draft.options if text]
    takes_options = draft.hint is None or draft.hint.kind in _WITH_OPTIONS
    if draft.hint and draft.hint.kind == "matching" and not draft.matches:
        _take_sides(draft, together or "\n".join(texts))
    elif not texts and together:
        draft.options = options.split_cell(together) or [("A", together)]
    elif len(texts) == 1 and takes_options:
        head, labelled = options.split_run(texts[0])
        draft.options = labelled if len(labelled) > 1 and not head else draft.options
    elif not texts and draft.hint and draft.hint.kind == "true_false":
        head, labelled = options.split_run(draft.stem)
        if head and answers.truths_of_options(dict(labelled), weak=True):
            draft.stem, draft.options = head, labelled
    elif not texts and takes_options:
        head, labelled = options.split_run(draft.stem)
        if not labelled and draft.hint:
            head, labelled = options.split_glued_run(draft.stem)
        if len(labelled) > 1 and head:
            draft.stem, draft.options = head, labelled


def _take_sides(draft: Draft, together: str) -> None:
    """Both lists of a matching question in one cell, or under its stem."""
    sides = split_sides(together)
    if not sides:
        head, _, below = draft.stem.partition("\n")
        sides = split_sides(below)
        draft.stem = head if sides else draft.stem
    draft.take_sides(sides)
