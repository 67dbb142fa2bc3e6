"""The tree of an XML question file, with the refusals of this package."""

from __future__ import annotations

from lxml import etree

from quizapp.bank.formats.parsed import Refused
from quizapp.bank.formats.places import FILE
from quizapp.core.xml import UnreadableXml, parse

_PROBLEMS = {
    "malformed": "xml_malformed",
    "doctype": "xml_doctype",
    "too_large": "xml_too_large",
    "undecodable": "xml_undecodable",
}


def root_of(content: bytes, *, keep_blanks: bool = False) -> etree._Element:
    """The root of the document; raise Refused, with the line where it is known."""
    try:
        return parse(content, keep_blanks=keep_blanks)
    except UnreadableXml as fault:
        where = f"line {fault.line}" if fault.line else FILE
        raise Refused(where, _PROBLEMS[fault.code], found=fault.detail) from None


def local_name(element: etree._Element) -> str:
    """The element's name without its namespace, in lower case."""
    return str(element.tag).rpartition("}")[2].lower()
