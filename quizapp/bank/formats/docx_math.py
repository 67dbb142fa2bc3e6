"""Formulas of Word (OMML) as one line of text: (a+b)/2, x^(2), √(n). ECMA-376 part 1, 22.1."""

from __future__ import annotations

from lxml import etree

from quizapp.bank.formats.docx_names import local


def linear(element: etree._Element) -> str:
    """A formula in one line; what is not known comes as the texts in it."""
    name = local(element)
    if name in ("t", "delText"):
        return "" if name == "delText" else element.text or ""
    if name.endswith("Pr"):
        return ""
    if name in _FORMS:
        return _written(element, name)
    return "".join([linear(each) for each in element])


_FORMS = frozenset(
    (
        *("f", "sSup", "sSub", "sSubSup", "sPre", "rad", "nary", "d", "m", "mr", "eqArr"),
        *("acc", "bar", "func", "limLow", "limUpp"),
    )
)


def _written(element: etree._Element, name: str) -> str:
    parts: dict[str, list[str]] = {}
    for each in element:
        if not local(each).endswith("Pr"):
            parts.setdefault(local(each), []).append(linear(each))
    one = {part: texts[0] for part, texts in parts.items()}
    base, above, below = (one.get(part, "") for part in ("e", "sup", "sub"))
    if name == "f":
        return f"{_grouped(one.get('num', ''))}/{_grouped(one.get('den', ''))}"
    if name in ("sSup", "sSub", "sSubSup"):
        return base + _raised("_", below) + _raised("^", above)
    if name == "sPre":
        return _raised("_", below) + _raised("^", above) + base
    if name == "rad":
        return f"{one.get('deg', '')}√{_grouped(base)}"
    if name == "nary":
        return (_property(element, "chr") or "∫") + _raised("_", below) + _raised("^", above) + _grouped(base)
    if name == "d":
        opening, closing = _property(element, "begChr", "("), _property(element, "endChr", ")")
        return opening + (_property(element, "sepChr") or "|").join(parts.get("e", [])) + closing
    if name == "m":
        return "[" + "; ".join(parts.get("mr", [])) + "]"
    if name == "eqArr":
        return "; ".join(parts.get("e", []))
    if name == "mr":
        return ", ".join(parts.get("e", []))
    if name == "func":
        return one.get("fName", "") + _grouped(base)
    if name in ("limLow", "limUpp"):
        return base + _raised("_" if name == "limLow" else "^", one.get("lim", ""))
    return base + (_property(element, "chr") if name == "acc" else "\u0305")


def _grouped(text: str) -> str:
    is_whole = len(text) <= 1 or text.isalnum() or (text[0] == "(" and text.find(")") == len(text) - 1)
    return text if is_whole else f"({text})"


def _raised(mark: str, text: str) -> str:
    return f"{mark}{_grouped(text)}" if text else ""


def _property(element: etree._Element, name: str, default: str = "") -> str:
    """A character given in the properties of a form, such as the sign of a sum; empty when said to be none."""
    for properties in element:
        if local(properties).endswith("Pr"):
            for each in properties:
                if local(each) == name:
                    return next((value for key, value in each.attrib.items() if str(key).endswith("}val")), "")
    return default
