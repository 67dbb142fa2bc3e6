"""The texts of QTI 1.2: material in the flow of a presentation, as plain text."""

from __future__ import annotations

import html
from collections.abc import Callable

from lxml import etree

from quizapp.bank.formats.markup import Plain, from_html
from quizapp.bank.formats.qti_names import attribute, children, name, text_of
from quizapp.bank.formats.qti_text import to_html

RESPONSES = ("response_lid", "response_str", "response_num", "response_xy", "response_grp", "response_extension")
_MEDIA = {"matimage": "image", "mataudio": "audio", "matvideo": "video"}


def material(element: etree._Element | None, *, without: str = "") -> Plain:
    """The text of all material inside, but for elements whose name begins with `without`."""
    return html_of(element, lambda response: "", without=without)


def html_of(element: etree._Element | None, replace: Callable[[etree._Element], str], *, without: str = "") -> Plain:
    """The text of what is inside; for a response in it stands what `replace` gives."""
    if element is None:
        return Plain("")
    parts: list[str] = []
    _write(element, replace, without, parts)
    return from_html("".join(parts))


def own_material(element: etree._Element) -> Plain:
    """The text of the material that stands in the element itself."""
    return from_html("".join(f"<div>{_piece(piece)}</div>" for one in children(element, "material") for piece in one))


def _write(element: etree._Element, replace: Callable[[etree._Element], str], without: str, parts: list[str]) -> None:
    for one in children(element):
        kind = name(one)
        if kind in RESPONSES:
            parts.append(replace(one))
        elif kind == "material":
            parts.append(" ")
            parts.extend(_piece(piece) for piece in children(one))
        elif not (without and kind.startswith(without)):
            is_block = kind.startswith("flow")
            parts.append("<div>" if is_block else "")
            _write(one, replace, without, parts)
            parts.append("</div>" if is_block else "")


def _piece(element: etree._Element) -> str:
    """HTML of a piece of material. A text is taken for HTML unless it says that it is plain."""
    kind = name(element)
    if kind in ("mattext", "matemtext"):
        if len(element):
            return to_html(element)
        is_plain = attribute(element, "texttype").lower() == "text/plain"
        return html.escape(text_of(element), quote=False) if is_plain else text_of(element)
    if kind == "matbreak":
        return "<br/>"
    if kind in _MEDIA:
        types = (attribute(element, one) for one in ("imagtype", "audiotype", "videotype"))
        content_type = next(filter(None, types), f"{_MEDIA[kind]}/*")
        source = attribute(element, "uri")
        if attribute(element, "embedded").lower() == "base64" or (not source and text_of(element).strip()):
            source = f"data:{content_type};base64,{''.join(text_of(element).split())}"
        words = html.escape(attribute(element, "label"))
        return f'<object data="{html.escape(source)}" type="{html.escape(content_type)}">{words}</object>'
    return ""
