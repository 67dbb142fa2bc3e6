"""Numbers of articles as statutes and citations write them: 第三十六条, 第四条第一款, 第八条之一, 第10条. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

PREAMBLE_LABEL = "序言"
LETTERS = "〇○零一二两三四五六七八九十百千"
NUMERAL = rf"[{LETTERS}0-9０-９]{{1,9}}"
_DIGITS = {letter: value for value, letter in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_CITED = re.compile(rf"第?\s*({NUMERAL})\s*条(?:\s*之\s*({NUMERAL}))?")
_RANGE = re.compile(r"\s*(?:至|到|-|—|–|~|～)\s*")
_WIDEST_RANGE = 100
"""Articles that one 第…条至第…条 may name; a wider one is read as its two ends."""


class ArticleNumber(NamedTuple):
    """Where an article stands: 第八条 is (8, 0), 第八条之一 (8, 1), the preamble (0, 0)."""

    number: int
    inserted: int = 0

    @property
    def label(self) -> str:
        """As this room writes it: 第一百零四条, 第八条之一, 序言."""
        if self.number == 0:
            return PREAMBLE_LABEL
        suffix = f"之{write_numeral(self.inserted)}" if self.inserted else ""
        return f"第{write_numeral(self.number)}条{suffix}"


PREAMBLE = ArticleNumber(0)


def read_numeral(text: str) -> int | None:
    """A whole number in Chinese (一百零四, 一〇四) or Arabic digits of any width; None where it is none."""
    text = unicodedata.normalize("NFKC", text).strip()
    if text.isascii():
        return int(text) if text.isdigit() else None
    if not any(letter in _UNITS for letter in text):
        digits = [_DIGITS.get(letter) for letter in text]
        return int("".join(str(digit) for digit in digits)) if None not in digits else None
    total, digit, last_unit = 0, None, 10_000
    for letter in text:
        if letter in _UNITS:
            unit = _UNITS[letter]
            if unit >= last_unit or (digit is None and unit != 10):
                return None
            total += (1 if digit is None else digit) * unit
            digit, last_unit = None, unit
        elif letter in _DIGITS:
            if digit:
                return None
            digit = _DIGITS[letter]
        else:
            return None
    return total + (digit or 0)


def write_numeral(number: int) -> str:
    """A number from 1 to 9999 in Chinese as statutes write it: 十五, 一百零四, 一千零一十."""
    if not 1 <= number <= 9999:
        raise ValueError(f"no article has the number {number}")
    parts: list[str] = []
    for letter, unit in (("千", 1000), ("百", 100), ("十", 10), ("", 1)):
        digit = number // unit % 10
        if digit:
            parts.append("零一二三四五六七八九"[digit] + letter)
        elif parts and parts[-1] != "零":
            parts.append("零")
    text = "".join(parts).rstrip("零")
    return text[1:] if text.startswith("一十") else text


def number_of(numeral: str, inserted: str | None = None) -> ArticleNumber | None:
    """The number of 第<numeral>条之<inserted>; None where one of them is no number an article may have."""
    number = read_numeral(numeral)
    place = read_numeral(inserted) if inserted else 0
    if number is None or place is None or not 1 <= number <= 9999 or not 0 <= place <= 9999:
        return None
    return ArticleNumber(number, place)


def articles_in(label: str) -> tuple[ArticleNumber, ...]:
    """The articles that a citation names, in the order written: one for 第四条第一款, three for 第四条至第六条."""
    if label.strip().startswith(PREAMBLE_LABEL):
        return (PREAMBLE,)
    found: list[ArticleNumber] = []
    end = -1
    for cited in _CITED.finditer(label):
        number = number_of(cited[1], cited[2])
        if number is None:
            continue
        if found and _RANGE.fullmatch(label[end : cited.start()]):
            first = found[-1].number
            if first < number.number <= first + _WIDEST_RANGE:
                found += [ArticleNumber(between) for between in range(first + 1, number.number)]
        found.append(number)
        end = cited.end()
    return tuple(dict.fromkeys(found))


def is_whole_article(label: str) -> bool:
    """Whether a label is that of one article as statutes have it, not of a paragraph, a range or a preamble."""
    found = articles_in(label)
    return len(found) == 1 and found[0] != PREAMBLE and found[0].label == label


def short_title(title: str) -> str:
    """The title as people cite it: 宪法 for 《中华人民共和国宪法》.

    The year of a revision in brackets, which some collections put behind, is no part of a title.
    """
    bare = "".join(title.split()).strip("《》<>\"'“”")
    bare = re.sub(r"[（(][0-9]{4}年?[^()（）]{0,12}[）)]$", "", bare)
    rest = bare.removeprefix("中华人民共和国")
    return rest if len(rest) > 1 else bare


def title_key(title: str) -> str:
    """Equal for the titles of versions and citations of one statute."""
    return unicodedata.normalize("NFKC", short_title(title)).casefold()
