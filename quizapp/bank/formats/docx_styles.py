"""How text of a document stands out, and which numbers its styles carry. ECMA-376 part 1, 17.3.2 and 17.7."""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from quizapp.bank.formats.docx_names import attribute, child, local, value_of
from quizapp.bank.formats.marking import MANNERS

HIGHLIGHTED, COLOURED, BOLD, UNDERLINED = MANNERS
_MOST_PARENTS = 20
_LEAST_COLOUR = 64
"""How far the strongest of red, green and blue is above the weakest: below, it is black, grey or white."""


@dataclass(frozen=True, slots=True)
class _Style:
    based_on: str = ""
    manners: dict[str, bool] = field(default_factory=dict)
    number: tuple[str, int] | None = None


class Styles:
    """The styles of a document by their ids."""

    def __init__(self, root: etree._Element | None) -> None:
        self._styles: dict[str, _Style] = {}
        self.default = ""
        """The style of paragraphs that name none."""
        for element in root if root is not None else ():
            if local(element) == "style":
                name = attribute(element, "styleId")
                self._styles[name] = _Style(
                    value_of(element, "basedOn"),
                    manners_of(child(element, "rPr")),
                    number_of(child(element, "pPr")),
                )
                if attribute(element, "type") == "paragraph" and attribute(element, "default") in ("1", "true", "on"):
                    self.default = name

    def manners(self, name: str) -> dict[str, bool]:
        """How text of a style stands out; False where it says that it does not."""
        found: dict[str, bool] = {}
        for style in self._line(name):
            found = {**style.manners, **found}
        return found

    def number(self, name: str) -> tuple[str, int] | None:
        """The numbering instance and level of a style, its own or an inherited one."""
        return next((style.number for style in self._line(name) if style.number), None)

    def _line(self, name: str) -> list[_Style]:
        """A style and those that it is based on; one based on itself ends."""
        line: list[_Style] = []
        while name in self._styles and len(line) < _MOST_PARENTS:
            line.append(self._styles[name])
            name = line[-1].based_on
        return line


def manners_of(properties: etree._Element | None) -> dict[str, bool]:
    """What run properties say of the ways in which text stands out."""
    found: dict[str, bool] = {}
    for element in properties if properties is not None else ():
        name, value = local(element), attribute(element, "val")
        if name == "b":
            found[BOLD] = value not in ("0", "false", "off")
        elif name == "u":
            found[UNDERLINED] = value != "none"
        elif name == "color":
            found[COLOURED] = _is_colour(value)
        elif name == "highlight":
            found[HIGHLIGHTED] = value not in ("none", "white")
        elif name == "shd":
            fill = attribute(element, "fill")
            found.setdefault(HIGHLIGHTED, _is_colour(fill))
    return found


def _is_colour(value: str) -> bool:
    if len(value) != 6:
        return False
    try:
        parts = bytes.fromhex(value)
    except ValueError:
        return False
    return max(parts) - min(parts) >= _LEAST_COLOUR


def number_of(properties: etree._Element | None) -> tuple[str, int] | None:
    """The numbering instance and level of paragraph properties; ("0", …) takes an inherited number away."""
    numbers = child(properties, "numPr")
    instance, level = value_of(numbers, "numId"), value_of(numbers, "ilvl")
    return (
        (instance, int(level) if level.isascii() and level.isdigit() and len(level) == 1 else 0) if instance else None
    )
