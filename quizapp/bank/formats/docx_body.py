"""The body of a Word document as paragraphs and tables of plain lines, from top to bottom.

What is on paper without being text is written out: automatic numbers, formulas, signs of symbol fonts. A picture
leaves a token in the text. Inserted text is in, deleted text is out. Notes and comments stay away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from lxml import etree

from quizapp.bank.formats.characters import clean
from quizapp.bank.formats.docx_math import linear
from quizapp.bank.formats.docx_names import attribute, child, local, relation, value_of
from quizapp.bank.formats.docx_numbering import Numbering
from quizapp.bank.formats.docx_styles import UNDERLINED, Styles, manners_of, number_of
from quizapp.bank.formats.line_kinds import Mark

MOST_TAGS = 1_000_000
MOST_TAGS_OF_A_BLOCK = 600_000
"""A paragraph or table is held as a whole: about 100 MB."""
_CHUNK = 256 * 1024
_INSIDE = frozenset(
    (
        *("ins", "moveTo", "hyperlink", "smartTag", "sdt", "sdtContent", "customXml", "fldSimple", "dir", "bdo"),
        *("ruby", "rubyBase"),
        *(
            "drawing",
            "inline",
            "anchor",
            "graphic",
            "graphicData",
            "pic",
            "blipFill",
            "wpc",
            "wgp",
            "grpSp",
            "wsp",
            "txbx",
        ),
        *("txbx", "pict", "object", "group", "shape", "rect", "oval", "roundrect", "line", "polyline", "textbox"),
    )
)
"""What is gone into for text, pictures and text boxes; anything else holds nothing to read."""
_AROUND = frozenset(("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"))
"""What may stand between a table and its rows, a cell and its paragraphs."""
_SIGNS = {"br": "\n", "cr": "\n", "tab": "\t", "ptab": "\t", "noBreakHyphen": "-"}
_NOTES = frozenset(("footnoteReference", "endnoteReference", "commentReference"))
_SYMBOLS = {
    "wingdings": {0xFC: "√", 0xFB: "×", 0xFE: "√", 0xFD: "×", 0xA8: "□"},
    "wingdings 2": {0x50: "√", 0x4F: "×", 0x52: "√", 0x51: "×", 0x54: "×", 0x53: "√"},
    "symbol": {0xD6: "√", 0xB4: "×", 0xB3: "≥", 0xA3: "≤", 0xB9: "≠", 0xB0: "°", 0x61: "α", 0x62: "β", 0x70: "π"},
}


PictureTaker = Callable[[str, str], str]
"""Relationship, description → the token that stands for the picture in the text."""


class TooLarge(Exception):
    """More in the document than is read at once."""


_PLAIN: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Piece:
    text: str
    manners: frozenset[str] = _PLAIN


@dataclass(slots=True)
class TextLine:
    """A line of a paragraph: where it breaks on purpose, not where the page is full."""

    text: str
    marks: tuple[Mark, ...] = ()


@dataclass(slots=True)
class Paragraph:
    number: int
    """From 1, in the order of the document; those of tables and text boxes are not counted."""
    lines: list[TextLine]


@dataclass(slots=True)
class Cell:
    lines: list[TextLine]
    span: int = 1
    goes_on: bool = False
    """It shows as one with the cell above."""


@dataclass(slots=True)
class Table:
    number: int
    rows: list[list[Cell]] = field(default_factory=list)


@dataclass(slots=True)
class Notice:
    """Something met on the way that a person should know of."""

    paragraph: int
    code: str
    text: str = ""


class Body:
    """Goes through a document once; what it meets is kept in `notices` and `pictures`."""

    def __init__(self, *, numbering: Numbering, styles: Styles, take_picture: PictureTaker) -> None:
        self.numbering = numbering
        self.styles = styles
        self.take_picture = take_picture
        self.notices: list[Notice] = []
        self.paragraphs = self.tables = 0

    def blocks(self, content: bytes) -> Iterator[Paragraph | Table]:
        """Read the part document.xml; raise etree.XMLSyntaxError where it is broken."""
        carried: list[_Piece] = []
        for element in _top_blocks(content):
            name = local(element)
            if name == "altChunk":
                self.notices.append(Notice(self.paragraphs, "embedded_part"))
            elif name == "tbl":
                self.tables += 1
                yield Table(self.tables, list(self._rows(element)))
            else:
                self.paragraphs += 1
                boxes: list[etree._Element] = []
                pieces = [*carried, *self._pieces(element, boxes)]
                carried = pieces if _is_mark_deleted(element) else []
                if not carried:
                    yield Paragraph(self.paragraphs, _lines(pieces) + self._box_lines(boxes))
        if carried:
            yield Paragraph(self.paragraphs, _lines(carried))

    # Tables ---------------------------------------------------------------------------------------------------

    def _rows(self, table: etree._Element) -> Iterator[list[Cell]]:
        for row in _within(table, "tr"):
            properties = child(row, "trPr")
            if child(properties, "del") is None:
                yield [self._cell(cell) for cell in _within(row, "tc")]

    def _cell(self, element: etree._Element) -> Cell:
        properties = child(element, "tcPr")
        span = value_of(properties, "gridSpan")
        merged = child(properties, "vMerge")
        lines = self._lines_of(element)
        goes_on = merged is not None and attribute(merged, "val") != "restart"
        width = int(span) if span.isascii() and span.isdigit() and len(span) < 4 else 1
        return Cell([] if goes_on else lines, width, goes_on)

    def _lines_of(self, container: etree._Element) -> list[TextLine]:
        """The lines of all paragraphs in a cell or a box, and of the tables in it, cell by cell."""
        lines: list[TextLine] = []
        for block in _within(container, "p", "tbl"):
            if local(block) == "tbl":
                for row in self._rows(block):
                    lines.extend(line for cell in row for line in cell.lines)
            else:
                boxes: list[etree._Element] = []
                lines.extend(_lines(self._pieces(block, boxes)))
                lines.extend(self._box_lines(boxes))
        return lines

    def _box_lines(self, boxes: Iterable[etree._Element]) -> list[TextLine]:
        return [line for box in boxes for line in self._lines_of(box)]

    # Paragraphs -----------------------------------------------------------------------------------------------

    def _pieces(self, paragraph: etree._Element, boxes: list[etree._Element]) -> list[_Piece]:
        """The texts of a paragraph, its number first; its text boxes go to `boxes`."""
        properties = child(paragraph, "pPr")
        style = value_of(properties, "pStyle") or self.styles.default
        number = number_of(properties) or self.styles.number(style)
        label = self.numbering.label(*number) if number else ""
        found = [_Piece(label)] if label else []
        self._walk(paragraph, self.styles.manners(style), found, boxes)
        return found

    def _walk(
        self, element: etree._Element, manners: dict[str, bool], found: list[_Piece], boxes: list[etree._Element]
    ) -> None:
        for each in element:
            name = local(each)
            if name == "t" or name in _SIGNS:
                found.append(_written(_SIGNS.get(name) or (each.text or "").replace("\n", " "), manners))
            elif name == "sym":
                found.append(_Piece(_symbol(each)))
            elif name in ("oMath", "oMathPara"):
                found.append(_Piece(linear(each)))
            elif name in ("blip", "imagedata"):
                self._take_picture(each, found)
            elif name == "txbxContent":
                boxes.append(each)
            elif name in _NOTES:
                self.notices.append(Notice(self.paragraphs, name, attribute(each, "id")))
            elif name == "r":
                own = self._manners_of_run(each)
                self._walk(each, {**manners, **own} if own else manners, found, boxes)
            elif name == "AlternateContent":
                chosen = _chosen(each)
                if chosen is not None:
                    self._walk(chosen, manners, found, boxes)
            elif name in _INSIDE:
                self._walk(each, manners, found, boxes)

    def _manners_of_run(self, run: etree._Element) -> dict[str, bool]:
        properties = child(run, "rPr")
        if properties is None:
            return {}
        style = value_of(properties, "rStyle")
        if child(properties, "vanish") is not None:
            self.notices.append(Notice(self.paragraphs, "hidden_text"))
        return {**self.styles.manners(style), **manners_of(properties)} if style else manners_of(properties)

    def _take_picture(self, element: etree._Element, found: list[_Piece]) -> None:
        identity = relation(element, "embed") or relation(element, "id") or relation(element, "link")
        if identity:
            found.append(_Piece(self.take_picture(identity, _described(element))))


# Parts of the tree --------------------------------------------------------------------------------------------


def _top_blocks(content: bytes) -> Iterator[etree._Element]:
    """The paragraphs, tables and foreign parts that stand in no other one; each is gone when the next is asked for."""
    parser = etree.XMLPullParser(
        events=("end",),
        tag=("{*}p", "{*}tbl", "{*}altChunk"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    if content.count(b"<") - content.count(b"</") > MOST_TAGS:
        raise TooLarge
    tags_of_block = 0
    for at in range(0, len(content), _CHUNK):
        chunk = content[at : at + _CHUNK]
        tags_of_block += chunk.count(b"<") - chunk.count(b"</")
        if tags_of_block > MOST_TAGS_OF_A_BLOCK:
            raise TooLarge
        parser.feed(chunk)
        for _, element in parser.read_events():
            around = {local(each) for each in element.iterancestors()}
            if not around & {"p", "tbl", "Fallback", "del", "moveFrom"}:
                yield element
                tags_of_block = 0
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
    parser.close()


def _within(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """The children of these names, also inside what may stand around them."""
    waiting = [iter(element)]
    while waiting:
        each = next(waiting[-1], None)
        if each is None:
            waiting.pop()
        elif local(each) in names:
            yield each
        elif local(each) in _AROUND:
            waiting.append(iter(each))


def _chosen(alternatives: etree._Element) -> etree._Element | None:
    """The first alternative that has something to read."""
    readable = {"t", "blip", "imagedata"}
    return next((each for each in alternatives if any(local(part) in readable for part in each.iter())), None)


def _is_mark_deleted(paragraph: etree._Element) -> bool:
    """A deleted paragraph mark joins the paragraph to the next one."""
    return child(child(child(paragraph, "pPr"), "rPr"), "del") is not None


def _written(text: str, manners: dict[str, bool]) -> _Piece:
    """A text as it shows: spaces with a line under them are a blank."""
    if manners.get(UNDERLINED) and text.isspace() and "\n" not in text:
        return _Piece("____")
    return _Piece(text, frozenset([manner for manner, is_on in manners.items() if is_on]) if manners else _PLAIN)


def _symbol(element: etree._Element) -> str:
    """A character of a symbol font as the one it shows; nothing for one that is not known."""
    font, code = attribute(element, "font").lower(), attribute(element, "char")
    try:
        place = int(code, 16) & 0xFF
    except ValueError:
        return ""
    return _SYMBOLS.get(font, {}).get(place, "")


def _described(element: etree._Element) -> str:
    """What the document says a picture shows."""
    for around in element.iterancestors():
        if local(around) in ("inline", "anchor"):
            properties = child(around, "docPr")
            return clean(properties.get("descr") or "") if properties is not None else ""
        if local(around) == "r":
            break
    return ""


# Lines --------------------------------------------------------------------------------------------------------


def _lines(pieces: Iterable[_Piece]) -> list[TextLine]:
    """The pieces joined, divided where a line breaks on purpose, cleaned; what stands out keeps its place."""
    lines: list[TextLine] = []
    texts: list[str] = []
    marks: list[Mark] = []
    length = 0
    for piece in pieces:
        for turn, part in enumerate(piece.text.split("\n") if "\n" in piece.text else (piece.text,)):
            if turn:
                lines.append(_line("".join(texts), marks))
                texts, marks, length = [], [], 0
            texts.append(part)
            if piece.manners and part:
                marks.extend([Mark(length, length + len(part), manner) for manner in piece.manners])
            length += len(part)
    lines.append(_line("".join(texts), marks))
    return lines


def _line(text: str, marks: list[Mark]) -> TextLine:
    cleaned = clean(text)
    if not marks or cleaned == text:
        return TextLine(cleaned, tuple(marks))
    lost = len(clean(f"|{text}|")) - 2 - len(clean(f"{text}|")) + 1  # what cleaning takes off at the start

    def moved(at: int) -> int:
        return min(max(len(clean(f"|{text[:at]}|")) - 2 - lost, 0), len(cleaned))

    return TextLine(cleaned, tuple(Mark(moved(mark.start), moved(mark.end), mark.manner) for mark in marks))
