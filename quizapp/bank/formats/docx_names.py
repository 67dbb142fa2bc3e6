"""The names of WordprocessingML that a reader of questions needs (ECMA-376 part 1)."""

from __future__ import annotations

from functools import lru_cache

from lxml import etree

_SPACES = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
)
_RELATIONSHIPS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)


def local(element: etree._Element) -> str:
    """The name of an element without its namespace: both the transitional and the strict form are read."""
    return _local(element.tag)


@lru_cache(maxsize=1024)
def _local(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: etree._Element | None, name: str) -> str:
    """An attribute of WordprocessingML; empty without one."""
    if element is None:
        return ""
    return next((value for space in _SPACES if (value := element.get(f"{{{space}}}{name}"))), "")


def relation(element: etree._Element, name: str) -> str:
    """The id of a relationship in an attribute such as r:embed; empty without one."""
    return next((value for space in _RELATIONSHIPS if (value := element.get(f"{{{space}}}{name}"))), "")


def child(element: etree._Element | None, name: str) -> etree._Element | None:
    """The first child of that local name."""
    if element is not None:
        for each in element:
            if _local(each.tag) == name:
                return each
    return None


def value_of(element: etree._Element | None, name: str) -> str:
    """The w:val of the first child of that name."""
    return attribute(child(element, name), "val")
