"""Marked-up text of other systems into plain text, and plain text into HTML for them.

Only names that HTML has are tags: `a<b`, `List<String>` and what stands escaped stay text. What is dropped is
what nobody reads: comments, scripts, styles. Pictures and recordings come out as references; nothing is fetched.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from dataclasses import dataclass
from typing import Literal

from quizapp.bank.formats.characters import clean

MediaKind = Literal["picture", "audio", "other"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture or recording that a text shows."""

    source: str
    """Its address as written."""
    kind: MediaKind
    """ "other": a film, a frame, a drawing in the text: what no question here can show."""
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Plain:
    """What a marked-up text says and shows."""

    text: str
    references: tuple[Reference, ...] = ()


_ATTRIBUTES = r"""((?:\s|/)(?:"[^"]*"|'[^']*'|[^'"<>])*)?"""
_TOKEN = re.compile(
    rf"<!--.*?(?:-->|\Z)|<![A-Za-z\[][^<>]*>|<\?[^<>]*>|<(/?)([A-Za-z][A-Za-z0-9:]*){_ATTRIBUTES}>", re.DOTALL
)
_ATTRIBUTE = re.compile(r"""([A-Za-z_:][\w:.-]*)\s*(?:=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+)))?""")
_BLOCK_NAMES = """address article aside blockquote body br caption center dd div dl dt fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 header hr html legend li main nav ol p pre section table tbody tfoot thead tr ul"""
_INLINE_NAMES = """a abbr acronym audio b bdi bdo big button cite code col colgroup data del details dfn em embed font
    i img input ins kbd label link map mark meta nobr optgroup option output param picture q rb rp rt ruby s samp
    select small source span strike strong sub summary sup td textarea th time tt u var video wbr o:p"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_PLAYED = frozenset({"audio", "video"})
_DROPPED = _PLAYED | {"head", "iframe", "noscript", "object", "script", "style", "svg", "template", "title"}
"""Elements whose content nobody reads, or only who cannot see or hear what they show."""
_KNOWN = _BLOCKS | _DROPPED | frozenset(_INLINE_NAMES.split())
_RAISED = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_AUDIO = re.compile(r"\.(?:mp3|wav|ogg|oga|m4a|aac|flac|opus|wma)(?:$|[?#])", re.IGNORECASE)
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|webp|bmp)(?:$|[?#])", re.IGNORECASE)
_SOURCE = re.compile(r"<source((?:\s(?:\"[^\"]*\"|'[^']*'|[^'\"<>])*))>", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\n\r\f]+")
_BREAK_IN_CHINESE = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])[ \t\r]*\n[ \t\r\n]*(?=[\u3000-\u9fff\uff00-\uffef])")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")

# While a text is read: the edge of a block, a break, the end of a cell, of a row, the mark of a list item, a line of
# the source where those count. Control characters, which no text may have.
_EDGE, _BREAK, _CELL, _ROW, _ITEM, _LINE = "\x01", "\x02", "\x03", "\x04", "\x05", "\x06"
_MARKS: dict[int, None] = dict.fromkeys(range(1, 7))


MOST_SIGNS = 20_000


def is_overgrown(source: str) -> bool:
    """Whether a text has more tags, entities or braces than one for people can have; reading it would take seconds."""
    return sum(source.count(sign) for sign in "<&{") > MOST_SIGNS


def from_html(source: str) -> Plain:
    """Read HTML. Blocks and breaks become lines, list items keep a mark, cells are parted by |."""
    return _Reader().read(source.translate(_MARKS))


def from_plain(source: str) -> Plain:
    return Plain(clean(source))


def from_moodle(source: str) -> Plain:
    """Read a text of which nobody said what it is: HTML if it has tags that belong together, else as it stands.

    Line breaks count in both (Moodle's auto-format). In a text without such tags a lone `<html>` is its subject.
    """
    if not is_marked_up(source):
        return Plain(clean(_ENTITY.sub(lambda found: html.unescape(found[0]), source)))
    return _Reader(lines_count=True).read(source.translate(_MARKS))


def is_marked_up(source: str) -> bool:
    """Tell whether tags in a text are markup: one is closed again, or is a break, paragraph or picture."""
    opened = set()
    for found in _TOKEN.finditer(source):
        name = (found[2] or "").lower()
        if name in ("br", "p", "img", "audio", "hr") or (found[1] and name in opened):
            return True
        if name in _KNOWN:
            opened.add(name)
    return False


_CODE = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n`]{0,40}\n(?P<lines>.{0,5000}?)\n {0,3}(?P=fence) *$"
    r"|(?<!`)(?P<ticks>`{1,3})(?!`)(?P<span>.{1,2000}?)(?<!`)(?P=ticks)(?!`)",
    re.DOTALL | re.MULTILINE,
)
_MARKDOWN = (
    (re.compile(r"^ {0,3}#{1,6} +(.*?)(?: +#+)? *$", re.MULTILINE), r"\1"),
    (re.compile(r"^ {0,3}> ?", re.MULTILINE), ""),
    (re.compile(r"(?<!!)\[([^\[\]\n]{1,500})\]\(\s*<?([^\s()<>]{1,2000})>?(?: +\"[^\"\n]{0,200}\")?\s*\)"), r"\1 (\2)"),
    (re.compile(r"(?<![\\*])\*\*(?=\S)([^\n]{1,500}?)(?<=[^\s\\])\*\*"), r"\1"),
    (re.compile(r"(?<![\\\w])__(?=\S)([^\n]{1,500}?)(?<=[^\s\\])__(?!\w)"), r"\1"),
    (re.compile(r"(?<![\\*\w])\*(?=[^\s*])([^\n*]{1,500}?)(?<=[^\s\\])\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<![\\\w])_(?=[^\s_])([^\n_]{1,500}?)(?<=[^\s\\])_(?!\w)"), r"\1"),
)
_MARKDOWN_PICTURE = re.compile(r"!\[([^\[\]\n]{0,500})\]\(\s*<?([^\s()<>]+)>?(?: +\"[^\"\n]{0,200}\")?\s*\)")
_MARKDOWN_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!<>|~])")


def from_markdown(source: str) -> Plain:
    """Read Markdown: emphasis, headings and quotation marks go, lists stay as they are written, code stays text."""
    texts: list[str] = []
    references: list[Reference] = []
    at = 0
    for found in (*_CODE.finditer(source), None):
        prose = source[at : found.start() if found else len(source)]
        references += [Reference(match[2], "picture", clean(match[1])) for match in _MARKDOWN_PICTURE.finditer(prose)]
        prose = _MARKDOWN_PICTURE.sub("", prose)
        for pattern, replacement in _MARKDOWN:
            prose = pattern.sub(replacement, prose)
        prose = _MARKDOWN_ESCAPE.sub(lambda match: f"&#{ord(match[1])};", prose)
        edges = len(prose) - len(prose.lstrip()), len(prose.rstrip())
        plain = from_moodle(prose)
        references += plain.references
        texts.append(prose[: edges[0]] + plain.text + (prose[edges[1] :] if edges[1] >= edges[0] else ""))
        if found:
            texts.append(found["span"].strip() if found["fence"] is None else found["lines"])
            at = found.end()
    return Plain(clean("".join(texts)), tuple(references))


_FORMATS = {
    "html": from_html, "markdown": from_markdown, "plain": from_plain, "plain_text": from_plain,
    "moodle": from_moodle, "moodle_auto_format": from_moodle,
}  # fmt: skip


def from_format(source: str, name: str) -> Plain:
    """Read a text in one of Moodle's formats: html, markdown, plain(_text), else the auto-format."""
    return _FORMATS.get(name.strip().lower(), from_moodle)(source)


def to_html(text: str) -> str:
    """HTML that shows the plain text, and that from_html reads as the same text."""
    escaped = html.escape(text, quote=False).replace("\t", "&#9;")
    escaped = re.sub(r"(?<=^)( +)|(?<=\n)( +)|(?<= )( +)", lambda found: "&nbsp;" * len(found[0]), escaped)
    return escaped.replace("\n", "<br>")


def embedded(source: str) -> bytes | None:
    """The content of a data: address, None where the address is none or is damaged."""
    found = re.match(r"data:[^,]{0,200};base64,", source, re.IGNORECASE)
    return from_base64(source[found.end() :]) if found else None


def from_base64(text: str) -> bytes | None:
    """The bytes, None where the text is no base64; line ends and spaces in it do not matter."""
    try:
        return base64.b64decode("".join(text.split()), validate=True) or None
    except (binascii.Error, ValueError):
        return None


class _Reader:
    """Walks once over a text of HTML."""

    def __init__(self, *, lines_count: bool = False) -> None:
        self.lines_count = lines_count
        self.parts: list[str] = []
        self.references: list[Reference] = []
        self.in_pre = 0
        self.lists: list[int | None] = []
        """Of each open list the number of its last item, None for a list without numbers."""
        self.shifted: list[tuple[str, int]] = []
        """Open sub and sup, with where in parts they began."""
        self.left_open: set[str] = set()

    def read(self, source: str) -> Plain:
        at = text_from = 0
        while found := _TOKEN.search(source, at):
            name = (found[2] or "").lower()
            if name and name not in _KNOWN:
                at = found.start() + 1
                continue
            self._text(source[text_from : found.start()])
            at = self._tag(source, found, name) if name else found.end()
            text_from = at
        self._text(source[text_from:])
        while self.shifted:
            self._close_shift()
        return Plain(clean(_laid_out("".join(self.parts))), tuple(self.references))

    def _text(self, raw: str) -> None:
        if self.in_pre:
            raw = raw.replace("\r\n", "\n").replace("\n", _BREAK).replace(" ", "&nbsp;")
        elif self.lines_count:
            raw = _SPACES.sub(" ", re.sub(r"\r\n?|\n", _LINE, raw))
        elif raw:
            raw = _SPACES.sub(" ", _BREAK_IN_CHINESE.sub("", raw))
        self.parts.append(html.unescape(raw))

    def _tag(self, source: str, found: re.Match[str], name: str) -> int:
        """Take one tag; the answer is where to read on."""
        closes, at = bool(found[1]), found.end()
        if name in ("sub", "sup"):
            self._shift(name, closes)
        elif name in _BLOCKS:
            self._block(name, closes)
        elif name in ("td", "th"):
            self.parts.append(_CELL if closes else "")
        elif not closes:
            self._refer(name, _attributes(found[3] or ""))
            if name in _DROPPED - self.left_open and not (found[3] or "").endswith("/"):
                return self._skip(source, at, name)
        return at

    def _skip(self, source: str, at: int, name: str) -> int:
        """Pass over the content of an element. One that is never closed hides nothing."""
        end = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(source, at)
        if not end:
            self.left_open.add(name)
            return at
        if name in _PLAYED:
            for source_tag in _SOURCE.finditer(source, at, end.start()):
                self._refer(name, _attributes(source_tag[1]))
        if name == "object" and self.references and not self.references[-1].alt:
            last = self.references[-1]
            alt = clean(html.unescape(_TOKEN.sub("", source[at : end.start()])))
            self.references[-1] = Reference(last.source, last.kind, alt)
        return end.end()

    def _block(self, name: str, closes: bool) -> None:
        self.parts.append(_BREAK if name == "br" else _ROW if name == "tr" else _EDGE)
        if name == "pre":
            self.in_pre = max(0, self.in_pre + (-1 if closes else 1))
        elif name in ("ol", "ul"):
            if not closes:
                self.lists.append(0 if name == "ol" else None)
            elif self.lists:
                self.lists.pop()
        elif name == "li" and not closes and self.lists:
            last = self.lists[-1]
            self.lists[-1] = None if last is None else last + 1
            self.parts.append(("-" if last is None else f"{last + 1}.") + _ITEM)

    def _shift(self, name: str, closes: bool) -> None:
        if not closes:
            self.shifted.append((name, len(self.parts)))
        elif self.shifted:
            self._close_shift()

    def _close_shift(self) -> None:
        """10<sup>5</sup> is 10⁵, never 105; what has no raised letter is written ^(…)."""
        name, at = self.shifted.pop()
        text = "".join(self.parts[at:]).strip()
        table = _RAISED if name == "sup" else _LOWERED
        if text and all(ord(letter) in table for letter in text):
            text = text.translate(table)
        elif text:
            text = f"{'^' if name == 'sup' else '_'}({text})"
        self.parts[at:] = [text]

    def _refer(self, name: str, attributes: dict[str, str]) -> None:
        alt = clean(attributes.get("alt") or attributes.get("title") or "")
        source = attributes.get("src") or attributes.get("data") or ""
        formula = attributes.get("data-equation-content") or (
            alt if "equation_image" in attributes.get("class", "") else ""
        )
        if name == "img" and formula:
            self.parts.append(formula)
        elif name == "img" and source:
            self.references.append(Reference(source, "picture", alt))
        elif name in ("audio", "video", "source", "embed", "iframe", "object") and source:
            self.references.append(Reference(source, _kind_of(name, source, attributes.get("type", "")), alt))
        elif name == "svg":
            self.references.append(Reference("svg", "other", alt))
        elif name == "a" and _AUDIO.search(attributes.get("href", "")):
            self.references.append(Reference(attributes["href"], "audio"))


def _lines_between(found: re.Match[str]) -> str:
    """Lines of the source count between words, not beside a block."""
    before, after = found.string[found.start() - 1 : found.start()], found.string[found.end() : found.end() + 1]
    return "" if {before, after} & {_EDGE, _BREAK, _CELL, _ROW, _ITEM} else found[0]


def _laid_out(text: str) -> str:
    """Lines out of edges, breaks, cells and items; spaces beside them go, edges on each other are one."""
    text = re.sub(" {2,}", " ", text)
    if not re.search(f"[{_EDGE}-{_LINE}]", text):  # most texts are one line
        return text.strip(" ")
    text = re.sub(rf" *{_LINE} *", _LINE, text)
    text = re.sub(f"{_LINE}+", _lines_between, text).replace(_LINE, _BREAK)
    text = re.sub(rf" ?{_EDGE}[ {_EDGE}]*", _EDGE, text)
    text = re.sub(rf"[ {_EDGE}]?{_CELL}[ {_EDGE}{_CELL}]*(?={_ROW}|\Z)", "", text)
    text = re.sub(rf"[ {_EDGE}]?{_CELL}[ {_EDGE}]?", " | ", text)
    text = re.sub(rf"{_ITEM}[ {_EDGE}]?", " ", text)
    text = re.sub(rf"[ {_EDGE}{_ROW}]*[{_EDGE}{_ROW}][ {_EDGE}{_ROW}]*", _EDGE, text)
    text = re.sub(rf"{_EDGE}?{_BREAK}{_EDGE}", _EDGE, text)
    text = text.strip(f"{_EDGE} ")
    return re.sub(rf" ?{_BREAK} ?|{_EDGE}", "\n", text)


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), html.unescape(double or single or bare).strip())
    return found


def _kind_of(element: str, source: str, content_type: str) -> MediaKind:
    content_type = content_type.lower()
    if content_type.startswith("image/") or _PICTURE.search(source):
        return "picture"
    if element == "audio" or content_type.startswith("audio/") or _AUDIO.search(source):
        return "audio"
    return "other"
