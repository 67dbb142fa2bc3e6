"""The texts of QTI items: elements of XHTML into the same plain text that HTML gives.

Interactions are no text. Where one stands, a replacement is put: a blank, a prompt, a mark, or nothing.
"""

from __future__ import annotations

import html
from collections.abc import Callable

from lxml import etree

from quizapp.bank.formats import qti_maths
from quizapp.bank.formats.markup import Plain, from_html
from quizapp.bank.formats.qti_names import name

Replace = Callable[[etree._Element], str | None]
"""HTML to put in an element's place, None to read the element itself."""

BLANK = "____"
_TAG_NAMES = """a address article aside audio blockquote br caption dd div dl dt embed figcaption figure footer h1 h2 h3
    h4 h5 h6 header hr iframe img li main nav object ol p pre script section source style sub sup svg table tbody td
    tfoot th thead tr ul video"""
_TAGS = frozenset(_TAG_NAMES.split())
"""What makes a difference for the text; of all other elements, such as span, the text alone counts."""
_BLOCKS = frozenset({"itembody", "prompt", "contentbody", "stimulusbody", "rubricblock", "solution", "infocontrol"})
_SPACES = {" ": "&nbsp;", "\t": "&#9;", "\n": "<br>"}
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


def plain(element: etree._Element | None, replace: Replace | None = None) -> Plain:
    """The plain text of what is inside an element, with the pictures and recordings that it shows."""
    return Plain("") if element is None else from_html(to_html(element, replace))


def to_html(element: etree._Element, replace: Replace | None = None) -> str:
    """What is inside an element, in HTML without names of QTI."""
    parts: list[str] = []
    _write_inside(element, replace or _nothing, False, parts)
    return "".join(parts)


def _nothing(element: etree._Element) -> str | None:
    return None


def _write_inside(element: etree._Element, replace: Replace, is_kept: bool, parts: list[str]) -> None:
    """`is_kept`: white space counts, as xml:space says."""
    space = element.get(_XML_SPACE)
    is_kept = is_kept if space is None else space == "preserve"
    parts.append(_escaped(element.text, is_kept))
    for child in element:
        instead = replace(child)
        if instead is not None:
            parts.append(instead)
        else:
            _write(child, replace, is_kept, parts)
        parts.append(_escaped(child.tail, is_kept))


def _write(element: etree._Element, replace: Replace, is_kept: bool, parts: list[str]) -> None:
    own = name(element)
    if own == "math":
        parts.append(qti_maths.to_html(element))
        return
    tag = "div" if own in _BLOCKS else own if own in _TAGS else ""
    if not tag:
        _write_inside(element, replace, is_kept, parts)
        return
    named = {str(key).rpartition("}")[2]: str(value) for key, value in element.attrib.items()}
    if own in ("audio", "video"):  # HTML has no words for who cannot hear; ours are in the title.
        named.setdefault("alt", named.get("title", ""))
    attributes = "".join(f' {key}="{html.escape(value)}"' for key, value in named.items())
    if len(element) == 0 and not element.text:
        parts.append(f"<{tag}{attributes}/>")
        return
    parts.append(f"<{tag}{attributes}>")
    _write_inside(element, replace, is_kept, parts)
    parts.append(f"</{tag}>")


def kept(text: str) -> str:
    """HTML for a text in which white space counts."""
    return _escaped(text, True)


def _escaped(text: str | None, is_kept: bool) -> str:
    escaped = html.escape(text or "", quote=False)
    return "".join(_SPACES.get(letter, letter) for letter in escaped) if is_kept else escaped
