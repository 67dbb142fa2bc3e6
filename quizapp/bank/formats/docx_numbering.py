"""Word's automatic numbers as text: what stands before a paragraph on paper though no letter of it is in the file.

The rules are those of ECMA-376 part 1, 17.9: a level counts on until a higher one advances; instances of one
definition count together unless one of them starts anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lxml import etree

from quizapp.bank.formats.docx_names import attribute, child, local, value_of

_LEVELS = 9
_DIGITS = "〇一二三四五六七八九"
_LEGAL_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_MOST = 32_767


@dataclass(frozen=True, slots=True)
class _Level:
    start: int = 1
    form: str = "decimal"
    text: str = ""
    restart_after: int | None = None
    """The level (from 1) behind which it starts anew; 0 never, None behind every higher one."""
    is_legal: bool = False
    suffix: str = "tab"


@dataclass(slots=True)
class _Instance:
    definition: str
    starts: dict[int, int] = field(default_factory=dict)
    levels: dict[int, _Level] = field(default_factory=dict)


class Numbering:
    """Counts while a document is gone through from top to bottom."""

    def __init__(self, root: etree._Element | None) -> None:
        self._definitions: dict[str, dict[int, _Level]] = {}
        self._instances: dict[str, _Instance] = {}
        self._counts: dict[str, list[int | None]] = {}
        self._begun: set[tuple[str, int]] = set()
        if root is not None:
            self._read(root)

    def label(self, instance: str, level: int) -> str:
        """Count on and give the paragraph's number with the space behind it; empty for a bullet or no number."""
        found = self._instances.get(instance)
        if found is None or not 0 <= level < _LEVELS:
            return ""
        levels = {**self._definitions.get(found.definition, {}), **found.levels}
        own = levels.get(level)
        if own is None:
            return ""
        counts = self._counts.setdefault(found.definition, [None] * _LEVELS)
        self._advance(counts, found, instance, level, levels)
        if own.form == "bullet":
            return ""
        return self._text(own, counts, levels)

    def _advance(
        self, counts: list[int | None], found: _Instance, instance: str, level: int, levels: dict[int, _Level]
    ) -> None:
        before = counts[level]
        if level in found.starts and (instance, level) not in self._begun:
            counts[level] = found.starts[level]
        else:
            counts[level] = levels[level].start if before is None else min(before + 1, _MOST)
        self._begun.add((instance, level))
        for deeper in range(level + 1, _LEVELS):
            after = levels[deeper].restart_after if deeper in levels else None
            if after is None or after > level:
                counts[deeper] = None
        for higher in range(level):
            if counts[higher] is None:
                counts[higher] = levels[higher].start if higher in levels else 1

    @staticmethod
    def _text(own: _Level, counts: list[int | None], levels: dict[int, _Level]) -> str:
        text = own.text
        for place in range(_LEVELS):
            mark = f"%{place + 1}"
            if mark in text:
                form = "decimal" if own.is_legal else levels[place].form if place in levels else "decimal"
                text = text.replace(mark, spell(counts[place] or 0, form))
        return text + ("" if own.suffix == "nothing" or not text else " ")

    # The part numbering.xml -----------------------------------------------------------------------------------

    def _read(self, root: etree._Element) -> None:
        by_style: dict[str, str] = {}
        linked: dict[str, str] = {}
        for element in root:
            name = local(element)
            if name == "abstractNum":
                own = attribute(element, "abstractNumId")
                self._definitions[own] = dict(
                    _read_level(level) for level in element if local(level) == "lvl" and _number(level, "ilvl") >= 0
                )
                if value_of(element, "styleLink"):
                    by_style[value_of(element, "styleLink")] = own
                if value_of(element, "numStyleLink"):
                    linked[own] = value_of(element, "numStyleLink")
            elif name == "num":
                self._instances[attribute(element, "numId")] = _read_instance(element)
        for instance in self._instances.values():
            style = linked.get(instance.definition)
            if style in by_style:
                instance.definition = by_style[style]


def _number(element: etree._Element | None, name: str, default: int = -1) -> int:
    text = attribute(element, name)
    return min(int(text), _MOST) if text.isascii() and text.isdigit() and len(text) < 10 else default


def _read_level(element: etree._Element) -> tuple[int, _Level]:
    restart = child(element, "lvlRestart")
    return _number(element, "ilvl"), _Level(
        start=_number(child(element, "start"), "val", 1),
        form=value_of(element, "numFmt") or "decimal",
        text=value_of(element, "lvlText")[:40],
        restart_after=None if restart is None else _number(restart, "val", 0),
        is_legal=child(element, "isLgl") is not None,
        suffix=value_of(element, "suff") or "tab",
    )


def _read_instance(element: etree._Element) -> _Instance:
    instance = _Instance(value_of(element, "abstractNumId"))
    for override in element:
        level = _number(override, "ilvl")
        if local(override) == "lvlOverride" and level >= 0:
            start, own = child(override, "startOverride"), child(override, "lvl")
            if start is not None:
                instance.starts[level] = _number(start, "val", 1)
            if own is not None:
                instance.levels[level] = _read_level(own)[1]
    return instance


# Forms of numbers ---------------------------------------------------------------------------------------------


def spell(number: int, form: str) -> str:
    """A number in one of Word's forms; in figures where the form is not known or does not reach so far."""
    return _FORMS.get(form, str)(number)


def _letters(first: str) -> Callable[[int], str]:
    """A to Z, then AA, BB, … as Word counts."""

    def spelled(number: int) -> str:
        if number < 1:
            return str(number)
        rounds, place = divmod(number - 1, 26)
        return chr(ord(first) + place) * min(rounds + 1, 20)

    return spelled


def _one_of(signs: str) -> Callable[[int], str]:
    return lambda number: signs[number - 1] if 0 < number <= len(signs) else str(number)


def _chinese(digits: str, units: str) -> Callable[[int], str]:
    """Counting as spoken: 十二, 一百零三."""

    def spelled(number: int) -> str:
        if not 0 < number < 10_000:
            return str(number)
        text, is_gap = "", False
        for place in (3, 2, 1, 0):
            figure = number // 10**place % 10
            if not figure:
                is_gap = bool(text)
                continue
            text += (digits[0] if is_gap else "") + digits[figure] + (units[place - 1] if place else "")
            is_gap = False
        return text.removeprefix("一") if units[0] == "十" and 10 <= number < 20 else text

    return spelled


def _figure_by_figure(number: int) -> str:
    return "".join(_DIGITS[int(figure)] for figure in str(number))


def _roman(number: int) -> str:
    if not 0 < number < 4_000:
        return str(number)
    text = ""
    for value, sign in zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        ("M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"),
        strict=True,
    ):
        text += sign * (number // value)
        number %= value
    return text


def _run(first: int, count: int) -> Callable[[int], str]:
    """Signs that follow each other in Unicode, such as ① to ⑳."""
    return lambda number: chr(first + number - 1) if 0 < number <= count else str(number)


_SPOKEN = _chinese("零一二三四五六七八九", "十百千")
_FORMS: dict[str, Callable[[int], str]] = {
    "decimalZero": lambda number: f"{number:02d}",
    "upperLetter": _letters("A"),
    "lowerLetter": _letters("a"),
    "upperRoman": _roman,
    "lowerRoman": lambda number: _roman(number).lower(),
    **dict.fromkeys(
        (
            "chineseCounting",
            "chineseCountingThousand",
            "taiwaneseCounting",
            "taiwaneseCountingThousand",
            "japaneseCounting",
        ),
        _SPOKEN,
    ),
    **dict.fromkeys(("ideographDigital", "japaneseDigitalTenThousand", "taiwaneseDigital"), _figure_by_figure),
    "chineseLegalSimplified": _chinese(_LEGAL_DIGITS, "拾佰仟"),
    "ideographTraditional": _one_of("甲乙丙丁戊己庚辛壬癸"),
    "ideographZodiac": _one_of("子丑寅卯辰巳午未申酉戌亥"),
    "decimalFullWidth": lambda number: "".join(chr(ord(figure) + 0xFEE0) for figure in str(max(number, 0))),
    "decimalEnclosedCircle": _run(0x2460, 20),
    "decimalEnclosedCircleChinese": _run(0x2460, 20),
    "decimalEnclosedParen": _run(0x2474, 20),
    "decimalEnclosedFullstop": _run(0x2488, 20),
    "ideographEnclosedCircle": _run(0x3280, 10),
    "none": lambda number: "",
}
