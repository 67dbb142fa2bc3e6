"""XML from strangers: the one parser for it.

Nothing outside the document is ever opened; a document type is refused before parsing starts, so there are no
entities but the five of XML; depth, size and number of nodes are bounded. Whatever the bytes, the answer is a tree
or `UnreadableXml`.
"""

from __future__ import annotations

import codecs
import re

from lxml import etree

MOST_TAGS = 600_000
"""Opening tags, also those inside text; with the nodes between them about 100 MB of tree."""
MOST_ATTRIBUTES = 600_000
MOST_DEPTH = 256
"""Elements in each other, the limit of libxml2; it also refuses a text of more than 10 MB."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\x00?\x00", "utf-16-le"),
    (b"\x00<\x00?", "utf-16-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
_ENCODINGS = frozenset(
    {
        "utf-8",
        "ascii",
        "gb18030",
        *("big5", "big5hkscs", "shift_jis", "euc_jp", "euc_kr", "koi8-r"),
        *(f"iso8859-{part}" for part in (1, 2, 5, 6, 7, 8, 9, 13, 15)),
        *(f"cp{page}" for page in range(1250, 1259)),
    }
)
"""What a declaration may name, as codecs calls it. GB2312 and GBK are read as GB18030, of which they are parts."""
_DECLARED = re.compile(rb"""\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,40})["']""")
_DECLARATION = re.compile(r"""\s*<\?xml(?:\s+[a-z]{1,20}\s*=\s*(?:"[^"<>]*"|'[^'<>]*'))+\s*\?>""")
_BEFORE_ROOT = re.compile(r"(?:\s+|<!--.*?-->|<\?.*?\?>)*", re.DOTALL)
_LIMITS = (etree.ErrorTypes.ERR_RESOURCE_LIMIT, etree.ErrorTypes.ERR_NAME_TOO_LONG)


class UnreadableXml(Exception):
    """The bytes give no tree.

    `code`: malformed; doctype (a document type, which could pull in other files or swell); too_large (a limit of
    this module); undecodable (not in the encoding that it claims, or an encoding not known here). `line` from 1,
    0 for the whole document; `detail` is the parser's own English sentence, or empty.
    """

    def __init__(self, code: str, line: int = 0, detail: str = "") -> None:
        super().__init__(code)
        self.code, self.line, self.detail = code, line, detail


def parse(content: bytes, *, keep_blanks: bool = False) -> etree._Element:
    """Return the root of a document, without its comments and processing instructions; raise UnreadableXml.

    Elements know their `sourceline`. White space alone between tags is dropped, unless it counts as in HTML.
    """
    text = _decode(content)
    declaration = _DECLARATION.match(text)
    if declaration:
        text = "\n" * declaration[0].count("\n") + text[declaration.end() :]
    start = _BEFORE_ROOT.match(text)
    at = start.end() if start else 0
    if text.startswith("<!", at):
        raise UnreadableXml("doctype", text.count("\n", 0, at) + 1)
    if text.count("<") - text.count("</") > MOST_TAGS or text.count("=") > MOST_ATTRIBUTES:
        raise UnreadableXml("too_large")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_blank_text=not keep_blanks,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        detail = re.sub(r"\s*,? line \d+, column \d+.*", "", error.msg or "", flags=re.DOTALL)
        is_limit = error.code in _LIMITS or detail.startswith("CData section too big")
        raise UnreadableXml("too_large" if is_limit else "malformed", error.lineno or 0, detail) from None


def _decode(content: bytes) -> str:
    marked = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), None)
    declared = _DECLARED.match(content)
    encoding = marked or _named(declared[1].decode("ascii") if declared else "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableXml("undecodable", content.count(b"\n", 0, error.start) + 1, encoding) from None


def _named(encoding: str) -> str:
    """The codec of an encoding's name; a document that claims UTF-16 but can be read as bytes is not in it."""
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise UnreadableXml("undecodable", 1, encoding) from None
    name = {"gb2312": "gb18030", "gbk": "gb18030"}.get(name, name)
    if name.startswith(("utf-16", "utf-32")):
        return "utf-8"
    if name not in _ENCODINGS:
        raise UnreadableXml("undecodable", 1, encoding)
    return name
