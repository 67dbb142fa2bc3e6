"""Names of QTI elements and attributes, the same for all versions: choiceInteraction and qti-choice-interaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from lxml import etree


def name(element: etree._Element) -> str:
    """The element's name in lower case, without namespace, prefix and hyphens: choiceinteraction."""
    return _plain_name(str(element.tag))


@lru_cache(maxsize=1024)
def _plain_name(tag: str) -> str:
    return tag.rpartition("}")[2].lower().removeprefix("qti-").replace("-", "")


@lru_cache(maxsize=1024)
def _plain_attribute(key: str) -> str:
    return key.rpartition("}")[2].lower().replace("-", "")


def attribute(element: etree._Element, wanted: str, default: str = "") -> str:
    """The attribute with this name, in lower case and without hyphens: responseidentifier."""
    for key, value in element.attrib.items():
        if _plain_attribute(str(key)) == wanted:
            return str(value).strip()
    return default


def children(element: etree._Element | None, *names: str) -> list[etree._Element]:
    """The children with one of these names, all without names."""
    return [] if element is None else [child for child in element if not names or name(child) in names]


def child(element: etree._Element | None, *names: str) -> etree._Element | None:
    return next(iter(children(element, *names)), None)


def descendants(element: etree._Element | None, *names: str) -> Iterator[etree._Element]:
    """What is inside, in the order of the document, with one of these names."""
    if element is not None:
        yield from (found for found in element.iterdescendants() if name(found) in names)


def first(element: etree._Element | None, *names: str) -> etree._Element | None:
    return next(descendants(element, *names), None)


def is_within(element: etree._Element, names: Iterable[str]) -> bool:
    wanted = set(names)
    return any(name(above) in wanted for above in element.iterancestors())


def text_of(element: etree._Element | None) -> str:
    """All text inside, as written."""
    return "" if element is None else "".join(str(part) for part in element.itertext())
