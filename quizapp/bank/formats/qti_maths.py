"""Formulas of MathML as HTML that keeps apart what stands apart: 10⁵ is not 105, and ½ is not 12."""

from __future__ import annotations

import html
from collections.abc import Callable

from lxml import etree

from quizapp.bank.formats.qti_names import attribute, name


def to_html(element: etree._Element) -> str:
    """The formula as HTML without names of MathML. Depth is bounded by the parser."""
    own = name(element)
    if own.startswith("annotation"):
        return ""
    inside = [to_html(child) for child in element]
    if own == "mfenced":
        return f"{_mark(element, 'open', '(')}{', '.join(inside)}{_mark(element, 'close', ')')}"
    if own == "msqrt":
        return f"√({''.join(inside)})"
    if own == "mtable":
        return "<br/>".join(inside)
    if own == "mtr":
        return " ".join(inside)
    if len(inside) == 2 and own in _PAIRS:
        return _PAIRS[own](inside[0], inside[1])
    if len(inside) == 3 and own in ("msubsup", "munderover"):
        return f"{inside[0]}<sub>{inside[1]}</sub><sup>{inside[2]}</sup>"
    return html.escape((element.text or "").strip(), quote=False) + "".join(inside)


def _mark(element: etree._Element, which: str, otherwise: str) -> str:
    return html.escape(attribute(element, which, otherwise), quote=False)


def _grouped(part: str) -> str:
    return part if part.isalnum() else f"({part})"


_PAIRS: dict[str, Callable[[str, str], str]] = {
    "msup": lambda base, raised: f"{base}<sup>{raised}</sup>",
    "mover": lambda base, above: f"{base}<sup>{above}</sup>",
    "msub": lambda base, lowered: f"{base}<sub>{lowered}</sub>",
    "munder": lambda base, below: f"{base}<sub>{below}</sub>",
    "mfrac": lambda above, below: f"{_grouped(above)}/{_grouped(below)}",
    "mroot": lambda base, degree: f"<sup>{degree}</sup>√({base})",
}
