"""Tables of questions, from whatever kind of file: header, rows, sections, options in rows below.

Every row with something in it ends as part of a question, as furniture (title, header, section heading, a bare
number) or as a problem.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from quizapp.bank.formats import answers, options, shape
from quizapp.bank.formats.characters import shorten
from quizapp.bank.formats.coding import Coding, read_coding
from quizapp.bank.formats.collect import Collected
from quizapp.bank.formats.columns import (
    LONGEST_HEADER,
    Columns,
    columns_by_letter,
    read_header,
    role_named,
    roles_by_letter,
)
from quizapp.bank.formats.draft import Draft
from quizapp.bank.formats.kinds import Hint, is_verbatim, kind_named, section_heading
from quizapp.bank.formats.layout import SAMPLE_ROWS, ColumnLayout, ReadAs, SampleRow, SheetLayout
from quizapp.bank.formats.parsed import Problem, SheetOptions
from quizapp.bank.formats.places import row_place
from quizapp.bank.formats.row_draft import draft_of_row
from quizapp.bank.formats.rows import Merged, Row, cell, column_letters
from quizapp.bank.formats.workbook import MOST_ROWS

HEADER_WITHIN = 10
"""Rows among which a header is looked for."""
_LEAST_CONTRADICTED = 3
_SHARED = ("passage", "kind", "law", "article", "effective", "topics", "difficulty", "points")
"""What the rows of merged cells have in common; a stem is that of its first row."""
_CHAPTER = re.compile(
    r"(?:第\s?[一二三四五六七八九十百0-9]{1,4}\s?[章节篇部单]|附件|附录|[一二三四五六七八九十]{1,3}、).{0,60}",
    re.DOTALL,
)
EXAMPLE = "【示例】"
"""Opens the stem of a question that is only an example."""
WRITTEN_KINDS = ("fill_in", "short_text", "ordering", "matching")
"""Kinds whose answers do not look like the keys of choice questions."""


class Table:
    """The rows of one sheet or file, read as a person told or else as recognised.

    `name` is what options call it, `part` the start of its places, `section` the kind told outside of it.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        *,
        told: SheetOptions,
        name: str = "",
        part: str = "",
        section: Hint | None = None,
        merged: Sequence[Merged] = (),
    ) -> None:
        self.rows = rows
        self.name = name
        self.part = part
        self.section = section
        self.merged = merged
        self.told = told
        self.header_at, self.columns = _told_header(rows, told.header_row) if told.header_row else find_header(rows)
        if told.header_row == 0:
            self.header_at, self.columns = -1, Columns()

    @property
    def has_header(self) -> bool:
        return self.header_at >= 0

    @property
    def body(self) -> Sequence[Row]:
        return self.rows[self.header_at + 1 :]

    def where(self, row: int, column: int | None = None) -> str:
        where = row_place(row, column="" if column is None else column_letters(column))
        return f"{self.part} {where}" if self.part else where

    def read_into(self, collected: Collected) -> bool:
        """Read the table; False where it has neither header nor a shape that is certain."""
        columns = self._find_columns(collected)
        if columns is None:
            return False
        self._fill_merged(columns)
        drafts = collected.corrected(self._without_examples(_Rows(self, columns).read(self.body), collected), self.told)
        coding = read_coding(
            ((answers.read_numbers(draft.answer), len(draft.options), len(filled(draft))) for draft in drafts),
            self.told,
        )
        for problem in (*self._unused(columns), *self._number_warnings(drafts, coding)):
            collected.report(problem)
        collected.take(drafts, coding, self.layout(columns))
        return True

    def _without_examples(self, drafts: Sequence[Draft], collected: Collected) -> list[Draft]:
        """Rows that the template holds to show how they are written."""
        examples = [draft for draft in drafts if draft.stem.startswith(EXAMPLE) and not draft.verbatim]
        if examples:
            collected.report(Problem(examples[0].where, "examples_left", {"count": str(len(examples))}, "warning"))
        return [draft for draft in drafts if draft not in examples] if examples else list(drafts)

    def layout(self, columns: Columns | None = None, *, read_as: ReadAs = "") -> SheetLayout:
        """What was recognised; without columns: of what was not read as a table."""
        body = self.body[:SAMPLE_ROWS]
        header = None
        if self.has_header:
            header = Row(self.rows[self.header_at].number, header_cells(self.rows, self.header_at))
        width = max((len(row.cells) for row in ((header, *body) if header else body)), default=0)
        roles = roles_by_letter(columns or self.columns)
        letters = [column_letters(place) for place in range(width)]
        return SheetLayout(
            name=self.name,
            where=self.part,
            read_as="table" if columns else read_as,
            rows=len(self.rows),
            header_row=header.number if header else 0,
            columns=tuple(
                ColumnLayout(letter, cell(header, place) if header else "", roles.get(letter, ""))
                for place, letter in enumerate(letters)
            ),
            samples=tuple(SampleRow(row.number, tuple(cell(row, place) for place in range(width))) for row in body),
        )

    def _find_columns(self, collected: Collected) -> Columns | None:
        if self.told.columns is not None:
            return columns_by_letter(self.told.columns)
        found_by = ""
        columns: Columns | None = self.columns
        if not self.columns.is_questions:
            columns, found_by = shape.columns_by_content(self.body), "columns_by_content"
        elif self._is_contradicted():
            by_shape = shape.columns_by_content(self.body)
            if by_shape is not None:
                columns, found_by = by_shape, "header_contradicted"
        if columns is None:
            return None
        if found_by:
            where = self.where(self.rows[max(self.header_at, 0)].number)
            collected.report(Problem(where, found_by, shape.describe(columns), "warning"))
        return _without_foreign_kinds(columns, self.body)

    def _fill_merged(self, columns: Columns) -> None:
        """What several rows share, such as the case they are about, stands in the first of their merged cells."""
        shared = {columns.role[name] for name in _SHARED if name in columns.role}
        rows = {row.number: row for row in self.rows} if shared and self.merged else {}
        numbers = sorted(rows)
        steps = 0
        for merged in self.merged:
            if merged.column not in shared or merged.first_row not in rows:
                continue
            text = cell(rows[merged.first_row], merged.column)
            start, end = bisect_right(numbers, merged.first_row), bisect_right(numbers, merged.last_row)
            steps += end - start
            if steps > MOST_ROWS:  # more than a sheet has, unless they overlap
                return
            for number in numbers[start:end]:
                cells = rows[number].cells
                cells.extend([""] * (merged.column + 1 - len(cells)))
                cells[merged.column] = cells[merged.column] or text

    def _is_contradicted(self) -> bool:
        """Under the header 答案 stands hardly anything that can be a key."""
        place, kind = self.columns.role.get("answer"), self.columns.role.get("kind")
        body = [row for row in self.body if kind_named(cell(row, kind)) not in WRITTEN_KINDS]
        if place is None or len(body) < _LEAST_CONTRADICTED or not self.columns.options:
            return False
        keys = sum(1 for row in body if shape.looks_like_key(cell(row, place)))
        filled = sum(1 for row in body if cell(row, place))
        return filled >= _LEAST_CONTRADICTED and keys * 5 < filled

    def _unused(self, columns: Columns) -> list[Problem]:
        if not self.has_header or self.told.columns is not None:
            return []
        header = Row(self.rows[self.header_at].number, header_cells(self.rows, self.header_at))
        filled = [place for place in columns.unused if any(cell(row, place) for row in self.body)]
        if not filled:
            return []
        names = "、".join(shorten(cell(header, place), 20) or column_letters(place) for place in filled)
        return [Problem(self.where(header.number), "columns_not_used", {"columns": names}, "warning")]

    def _number_warnings(self, drafts: Sequence[Draft], coding: Coding) -> list[Problem]:
        where = self.where(self.rows[max(self.header_at, 0)].number)
        warnings = []
        numeric = [draft for draft in drafts if answers.read_numbers(draft.answer)]
        is_told = self.told.numbers_from is not None
        if coding.first is not None and not is_told and any(len(filled(draft)) > 2 for draft in numeric):
            warnings.append(Problem(where, "numbers_as_options", {"base": str(coding.first)}, "warning"))
        truths = {
            draft.answer
            for draft in numeric
            if draft.hint
            and draft.hint.kind == "true_false"
            and not filled(draft)
            and coding.truth(draft.answer) is None
        }
        if truths:
            false = "、".join(sorted(truths & {"0", "2"})) or "0"
            warnings.append(Problem(where, "numbers_as_truth", {"false": false}, "warning"))
        return warnings


def filled(draft: Draft) -> list[str]:
    """The texts of the options that have one."""
    return [text for _, text in draft.options if text]


def find_header(rows: Sequence[Row]) -> tuple[int, Columns]:
    """The place of the header among the first rows and its columns; -1 where there is none.

    Of header rows that follow each other, machine names above Chinese ones, the last one counts.
    """
    at, columns = -1, Columns()
    for place in range(min(HEADER_WITHIN, len(rows))):
        found = read_header(header_cells(rows, place))
        if found.is_questions:
            if at < 0 or found.score >= columns.score:
                at, columns = place, found
        elif at >= 0:
            break
    return at, columns


def header_cells(rows: Sequence[Row], at: int) -> list[str]:
    """The headers of a row; one of nothing but option letters stands under the wide 选项 of the row above."""
    cells = rows[at].cells
    texts = [text for text in cells if text]
    if at and len(texts) > 1 and all(role_named(text).startswith("option ") for text in texts):
        above = rows[at - 1].cells
        width = max(len(cells), len(above))
        own, over = (row + [""] * (width - len(row)) for row in (cells, above))
        return [text or higher for text, higher in zip(own, over, strict=True)]
    return cells


def _told_header(rows: Sequence[Row], number: int) -> tuple[int, Columns]:
    """The header in the row that a person told, or the next one with something in it."""
    at = next((place for place, row in enumerate(rows) if row.number >= number), len(rows) - 1)
    return at, read_header(header_cells(rows, at))


def _without_foreign_kinds(columns: Columns, body: Sequence[Row]) -> Columns:
    """A column 类型 in which no known kind stands tells something else."""
    place = columns.role.get("kind")
    words = {cell(row, place) for row in body} - {""} if place is not None else set()
    if place is None or not words or any(kind_named(word) or word.isdigit() for word in words):
        return columns
    role = {name: at for name, at in columns.role.items() if name != "kind"}
    return Columns(role, columns.options, columns.blanks, sorted([*columns.unused, place]))


class _Rows:
    """Goes down the rows of a table with its columns."""

    def __init__(self, table: Table, columns: Columns) -> None:
        self.table = table
        self.columns = columns
        self.header = table.rows[table.header_at].cells if table.has_header else None
        self.section = table.section
        self.shared_answer = ""
        self.drafts: list[Draft] = []
        self.last: Draft | None = None
        self.last_row = 0
        self.is_below = False
        """Whether the last rows held options of the question above."""

    def read(self, rows: Sequence[Row]) -> list[Draft]:
        for row in rows:
            if not self._is_furniture(row) and not self._is_continuation(row):
                self._take_question(row)
            self.last_row = row.number
        return self.drafts

    def _is_furniture(self, row: Row) -> bool:
        if is_verbatim(cell(row, self.columns.role.get("kind"))):
            return False
        places = [place for place, text in enumerate(row.cells) if text]
        texts = [row.cells[place] for place in places]
        if row.cells == self.header:
            return True
        could_be_header = len(texts) > 2 and all(len(text) <= LONGEST_HEADER for text in texts)
        again = read_header(row.cells) if could_be_header else Columns()
        if again.is_questions and again.score == len(texts) - len(again.unused) and again.score > 2:
            self.columns, self.last = again, None
            return True
        if len(set(texts)) == 1:
            heading = section_heading(texts[0])
            if heading:
                self.section = Hint(heading.kind, insists=False, words=shorten(heading.words, 20))
                self.shared_answer, self.last = heading.answer, None
                return True
            if _CHAPTER.fullmatch(texts[0]) and places[0] != self.columns.role.get("stem"):
                return True
        idle = {self.columns.role.get("number"), self.columns.role.get("kind")}
        is_number = all(place in idle for place in places)
        return is_number and not any(len(text) > 20 for text in texts)

    def _is_continuation(self, row: Row) -> bool:
        """Options stand in the rows under their stem."""
        last = self.last
        if last is None or row.number != self.last_row + 1:
            return False
        stem = cell(row, self.columns.role.get("stem"))
        if stem and not options.split_label(stem)[0]:
            return False
        if not self.is_below:
            if filled(last):
                return False
            last.options = []
        found: list[tuple[str, str]] = []
        for text in (text for text in row.cells if text):
            letter = answers.LETTERS[min(len(last.options) + len(found), len(answers.LETTERS) - 1)]
            head, run = options.split_run(text, letter)
            if head.strip() or not run:
                return False
            found.extend(run)
        last.options.extend(found)
        self.is_below = True
        return True

    def _take_question(self, row: Row) -> None:
        self.is_below = False
        draft = draft_of_row(row, self.columns, where=self.table.where(row.number), section=self.section)
        draft.answer = draft.answer or self.shared_answer
        self.drafts.append(draft)
        self.last = draft
