"""Questions as the rows of a table that a clerk could have typed, and that is read back equal.

A row is first written plainly. Where it would be read otherwise (a key in the stem, option texts that look like
labels, a mark inside an accepted answer), its kind is marked 原样 and its lists get backslashes; see `listing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from quizapp.bank.formats import listing
from quizapp.bank.formats.answers import LETTERS
from quizapp.bank.formats.collect import Collected
from quizapp.bank.formats.kinds import VERBATIM
from quizapp.bank.formats.parsed import ParsedQuestion, ReadOptions, SheetOptions
from quizapp.bank.formats.places import row_place
from quizapp.bank.formats.problems import KIND_NAMES
from quizapp.bank.formats.rows import Row
from quizapp.bank.formats.table import Table
from quizapp.bank.rules import sides
from quizapp.core.tables import CELL_LETTERS, neutralise

KINDS = frozenset(KIND_NAMES)
FIELDS = frozenset(
    (
        "explanation",
        "citations",
        "effective_on",
        "topics",
        "difficulty",
        "points_hundredths",
        "passage",
        "rubric",
    )
)
HEADERS = {
    "kind": "题型",
    "stem": "题干",
    "options": "选项",
    "matches": "匹配项",
    "answer": "答案",
    "explanation": "解析",
    "law": "法律依据",
    "article": "条款",
    "effective": "生效日期",
    "topics": "知识点",
    "difficulty": "难度",
    "points": "分值",
    "passage": "案例",
    "rubric": "评分标准",
}
"""Role → header, in the order of the columns; the options are one column each, 选项A and so on."""
RARE = frozenset(("matches", "passage", "rubric"))
"""Columns that are only written when a question needs them."""
LEAST_OPTIONS = 4
DIFFICULTIES = {1: "易", 2: "中", 3: "难"}
TRUTHS = {"true": "正确", "false": "错误"}
_AT_ONCE = 500
_MOST_AROUND = 40
"""Letters of marks, dates and points around a text; escaped and in UTF-16 a letter may take four places."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns a table has."""

    roles: Sequence[str]
    letters: Sequence[str]

    @property
    def headers(self) -> list[str]:
        return [
            header
            for role in self.roles
            for header in ([f"选项{letter}" for letter in self.letters] if role == "options" else [HEADERS[role]])
        ]

    def row(self, texts: dict[str, str], options: dict[str, str]) -> list[str]:
        return [
            text
            for role in self.roles
            for text in ([options.get(letter, "") for letter in self.letters] if role == "options" else [texts[role]])
        ]


def layout_for(questions: Sequence[ParsedQuestion]) -> Layout:
    """The columns that these questions need."""
    count, used = LEAST_OPTIONS, set[str]()
    for question in questions:
        letters = [LETTERS.index(option.id) for option in question.options if not option.id.isdigit()]
        count = max(count, max(letters, default=0) + 1)
        used |= {name for name in ("passage", "rubric") if getattr(question, name)}
        used |= {"matches"} if question.kind == "matching" else set()
    return Layout([role for role in HEADERS if role not in RARE or role in used], LETTERS[:count])


def rows_of(questions: Sequence[ParsedQuestion], layout: Layout) -> Iterator[list[str]]:
    """A row for each question, without the header."""
    rest = iter(questions)
    while several := list(islice(rest, _AT_ONCE)):
        rows = [_row(question, layout, verbatim=False) for question in several]
        read = _read_back(rows, layout)
        for question, row in zip(several, rows, strict=True):
            back = read.pop(0)
            yield row if back == replace(question, where="") else _row(question, layout, verbatim=True)


def fault(question: ParsedQuestion) -> str:
    """ "text_too_long" where a cell would be longer than spreadsheets take; what they would cut is not written."""
    texts = [
        question.stem,
        question.explanation,
        question.passage,
        *(option.text for option in question.options),
        *(criterion.text for criterion in question.rubric),
        *(cited.law + cited.article for cited in question.citations),
        *question.topics,
        *map(str, question.key),
    ]
    if sum(len(text) + _MOST_AROUND for text in texts) < CELL_LETTERS // 4:
        return ""
    cells = _row(question, layout_for([question]), verbatim=True)
    is_long = any(len(neutralise(cell).encode("utf-16-le")) // 2 >= CELL_LETTERS for cell in cells)
    return "text_too_long" if is_long else ""


def _read_back(rows: Sequence[list[str]], layout: Layout) -> list[ParsedQuestion | None]:
    """What the reader of tables makes of each row."""
    collected = Collected(ReadOptions())
    numbered = [Row(number, cells) for number, cells in enumerate([layout.headers, *rows], 1)]
    Table(numbered, told=SheetOptions()).read_into(collected)
    by_place = {question.where: replace(question, where="") for question in collected.questions}
    return [by_place.get(row_place(row.number)) for row in numbered[1:]]


def _row(question: ParsedQuestion, layout: Layout, *, verbatim: bool) -> list[str]:
    left, right = sides(option.id for option in question.options)
    law, article, effective = _legal_basis(question, verbatim=verbatim)
    texts = {
        "kind": KIND_NAMES[question.kind] + VERBATIM if verbatim else KIND_NAMES[question.kind],
        "stem": question.stem,
        "matches": listing.matches_text(
            (option for option in question.options if option.id in right), verbatim=verbatim
        ),
        "answer": answer_text(question, verbatim=verbatim),
        "explanation": question.explanation,
        "law": law,
        "article": article,
        "effective": effective,
        "topics": listing.topics_text(question.topics, verbatim=verbatim),
        "difficulty": DIFFICULTIES.get(question.difficulty or 0, ""),
        "points": "" if question.points_hundredths is None else listing.points_text(question.points_hundredths),
        "passage": question.passage,
        "rubric": "\n".join(listing.criterion_text(criterion, verbatim=verbatim) for criterion in question.rubric),
    }
    return layout.row(texts, {option.id: option.text for option in question.options if option.id in left})


def answer_text(question: ParsedQuestion, *, verbatim: bool) -> str:
    """The key as people write it."""
    if question.kind == "fill_in":
        return listing.blanks_text([tuple(accepted) for accepted in question.key], verbatim=verbatim)
    key = [str(part) for part in question.key]
    if question.kind == "true_false":
        return TRUTHS[key[0]]
    return ("、" if question.kind in ("ordering", "matching") else "").join(key)


def _legal_basis(question: ParsedQuestion, *, verbatim: bool) -> tuple[str, str, str]:
    """One article in three cells; several, or one to be read verbatim, in the first cell, a line each."""
    if len(question.citations) == 1 and not verbatim:
        cited = question.citations[0]
        return cited.law, cited.article, cited.effective_on.isoformat() if cited.effective_on else ""
    return "\n".join(listing.citation_text(cited, verbatim=verbatim) for cited in question.citations), "", ""
