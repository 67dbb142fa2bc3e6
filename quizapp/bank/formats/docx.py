"""Word documents (.docx): a zip of XML parts; text as in a text file, tables with a header as in a workbook."""

from __future__ import annotations

import posixpath
import re

from lxml import etree

from quizapp.bank.formats.archive import unpack
from quizapp.bank.formats.characters import clean, shorten
from quizapp.bank.formats.collect import Collected
from quizapp.bank.formats.docx_body import Body, Cell, Notice, Paragraph, TooLarge
from quizapp.bank.formats.docx_body import Table as TableBlock
from quizapp.bank.formats.docx_names import attribute, local
from quizapp.bank.formats.docx_numbering import Numbering
from quizapp.bank.formats.docx_pictures import Pictures, Relationship
from quizapp.bank.formats.docx_styles import Styles
from quizapp.bank.formats.kinds import Hint, section_heading
from quizapp.bank.formats.line_kinds import Line, bare_key, has_inline_answer, label_at_start
from quizapp.bank.formats.lines import read_lines
from quizapp.bank.formats.parsed import Parsed, Problem, ReadOptions, Refused
from quizapp.bank.formats.places import FILE
from quizapp.bank.formats.rows import Merged, Row
from quizapp.bank.formats.table import Table
from quizapp.bank.formats.workbook import MOST_COLUMNS, MOST_ROWS
from quizapp.core.xml import UnreadableXml, parse

NAME = "docx"
_PARTS = re.compile(
    r"(?:[^/]+/){0,3}(?:_rels/)?[^/]+\.(?:xml|rels)|_rels/\.rels|(?:[^/]+/){0,3}media/[^/]+", re.IGNORECASE
)
_NOTES = {"footnoteReference": "footnotes", "endnoteReference": "endnotes", "commentReference": "comments"}


def read(content: bytes, options: ReadOptions) -> Parsed:
    """Read the questions of a document."""
    try:
        document = _Document(unpack(content, _PARTS))
        collected = Collected(options, finish=document.pictures.attach)
        _Reading(document, collected).read()
    except Refused as refusal:
        return Parsed(NAME, (), (refusal.problem,))
    if not collected.questions and all(problem.code == "line_not_read" for problem in collected.problems):
        return Parsed(NAME, (), (Problem(FILE, "no_text_questions"),), sheets=tuple(collected.sheets))
    return collected.parsed(NAME, nothing_found="no_text_questions")


class _Document:
    """The parts of a document that are needed, found by their relationships."""

    def __init__(self, parts: dict[str, bytes]) -> None:
        self.parts = parts
        main = next(
            (each.target for kind, each in self._relationships("").values() if kind == "officeDocument"),
            "word/document.xml",
        )
        if main not in parts:
            raise Refused(FILE, "damaged_file")
        self.main = parts[main]
        if self.main.count(b"</w:p>") > MOST_ROWS:
            raise Refused(FILE, "too_many_rows", limit=str(MOST_ROWS))
        found = self._relationships(main)
        self._of_kind = {kind: each.target for kind, each in found.values() if not each.is_outside}
        self.pictures = Pictures(parts, {identity: each for identity, (_, each) in found.items()})

    def part(self, kind: str) -> etree._Element | None:
        """The root of a part by its kind, such as numbering; None where the document has none."""
        content = self.parts.get(self._of_kind.get(kind, ""))
        return None if content is None else _tree(content)

    def _relationships(self, part: str) -> dict[str, tuple[str, Relationship]]:
        """By their ids: kind and target of what a part refers to."""
        folder, _, name = part.rpartition("/")
        content = self.parts.get(posixpath.join(folder, "_rels", f"{name}.rels"))
        found: dict[str, tuple[str, Relationship]] = {}
        for element in _tree(content) if content else ():
            target = element.get("Target") or ""
            is_outside = element.get("TargetMode") == "External"
            if not is_outside:
                target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            kind = (element.get("Type") or "").rpartition("/")[2]
            found[element.get("Id") or ""] = kind, Relationship(target, is_outside)
        return found


def _tree(content: bytes) -> etree._Element:
    try:
        return parse(content)
    except UnreadableXml as fault:
        raise Refused(FILE, "document_too_large" if fault.code == "too_large" else "damaged_file") from None


class _Reading:
    """One way through a document: lines are gathered, tables of questions are read on the way."""

    def __init__(self, document: _Document, collected: Collected) -> None:
        self.document = document
        self.collected = collected
        self.lines: list[Line] = []
        self.section: Hint | None = None
        self.body = Body(
            numbering=Numbering(document.part("numbering")),
            styles=Styles(document.part("styles")),
            take_picture=document.pictures.token,
        )

    def read(self) -> None:
        try:
            for block in self.body.blocks(self.document.main):
                if isinstance(block, Paragraph):
                    self._take_paragraph(block)
                else:
                    self._take_table(block)
                if len(self.lines) > MOST_ROWS:
                    raise Refused(FILE, "too_many_rows", limit=str(MOST_ROWS))
        except TooLarge:
            raise Refused(FILE, "document_too_large") from None
        except etree.XMLSyntaxError as fault:
            is_deep = "depth" in (fault.msg or "").lower()
            raise Refused(FILE, "document_too_large" if is_deep else "damaged_file") from None
        if any(line.text for line in self.lines):
            read_lines(self.lines, self.collected)
        for problem in self._told(self.body.notices):
            self.collected.report(problem)

    def _take_paragraph(self, block: Paragraph) -> None:
        for place, line in enumerate(block.lines):
            where = f"paragraph {block.number}" + (f" line {place + 1}" if place else "")
            self.collected.place_in_order(where)
            self.lines.append(Line(where, line.text, line.marks))
            heading = section_heading(line.text)
            if heading:
                self.section = Hint(heading.kind, insists=False, words=shorten(heading.words, 20))

    def _take_table(self, block: TableBlock) -> None:
        name = f"table {block.number}"
        rows = [Row(number, cells) for number, row in enumerate(block.rows, 1) if any(cells := _texts(row))]
        for row in rows:
            self.collected.place_in_order(f"{name} row {row.number}")
        told = self.collected.options.sheet(name)
        table = Table(rows, told=told, name=name, part=name, section=self.section, merged=_merged(block))
        if told.is_read is False:
            self.collected.sheets.append(table.layout())
        elif rows and not table.read_into(self.collected):
            if len(rows) > 1 and len(rows[0].cells) > 1:
                self.collected.sheets.append(table.layout(read_as="text"))
            self._take_layout(name, block)

    def _take_layout(self, name: str, block: TableBlock) -> None:
        """A table that only sets its cells in order is text, cell by cell."""
        for number, row in enumerate(block.rows, 1):
            lines = [line for cell in row for line in cell.lines]
            for place, line in enumerate(lines):
                where = f"{name} row {number}" + (f" line {place + 1}" if place else "")
                self.collected.place_in_order(where)
                self.lines.append(Line(where, line.text, line.marks))

    # What stands beside the text ------------------------------------------------------------------------------

    def _told(self, notices: list[Notice]) -> list[Problem]:
        """Notes that seem to hold a key, hidden text, foreign parts; each kind of remark once a place."""
        notes = {kind: self._notes_with_key(part) for kind, part in _NOTES.items()}
        problems: dict[tuple[str, str], Problem] = {}
        for notice in notices:
            where = f"paragraph {max(notice.paragraph, 1)}"
            if notice.code == "embedded_part":
                problems[notice.code, where] = Problem(where, "embedded_part")
            elif notice.code == "hidden_text":
                problems.setdefault((notice.code, ""), Problem(where, "hidden_text", severity="warning"))
            elif notice.text in notes[notice.code]:
                params = {"text": notes[notice.code][notice.text]}
                problems[notice.text, where] = Problem(where, "note_not_read", params, "warning")
        return list(problems.values())

    def _notes_with_key(self, part: str) -> dict[str, str]:
        root = self.document.part(part)
        found = {}
        for note in root if root is not None else ():
            text = clean("".join(each.text or "" for each in note.iter() if local(each) == "t"))
            if label_at_start(text) == "answer" or has_inline_answer(text) or bare_key(text):
                found[attribute(note, "id")] = shorten(text)
        return found


def _texts(row: list[Cell]) -> list[str]:
    """The cells of a row as a sheet has them: a wide one is followed by empty ones."""
    texts: list[str] = []
    for cell in row:
        texts.append(clean("\n".join(line.text for line in cell.lines)))
        texts.extend("" for _ in range(min(cell.span, MOST_COLUMNS) - 1))
    del texts[MOST_COLUMNS:]
    while texts and not texts[-1]:
        texts.pop()
    return texts


def _merged(block: TableBlock) -> list[Merged]:
    """The cells of a table that go on downwards."""
    merged: list[Merged] = []
    open_at: dict[int, int] = {}
    for number, row in enumerate([*block.rows, []], 1):
        going_on = set()
        column = 0
        for cell in row:
            if cell.goes_on and column in open_at:
                going_on.add(column)
            column += min(cell.span, MOST_COLUMNS)
        for start in [start for start in open_at if start not in going_on]:
            if number - open_at[start] > 1:
                merged.append(Merged(start, open_at[start], number - 1))
            del open_at[start]
        column = 0
        for cell in row:
            open_at.setdefault(column, number)
            column += min(cell.span, MOST_COLUMNS)
    return merged
