"""Matching and ordering as files write them: two lists and which goes with which, or one list and its order.

Here the left side has letters and the right side numbers. Files do it either way round; what has exactly one
partner for each of its items is the left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from quizapp.bank.formats.answers import LETTERS
from quizapp.bank.formats.characters import clean, fold

_LABEL = re.compile(
    r"(?:^|(?<=[\s\u3000]))(?:[(（]\s?(?P<boxed>[A-Z]|[0-9]{1,2})\s?[)）]|(?P<plain>[A-ZＡ-Ｚ]|[0-9]{1,2})\s?[.．、:：)）]"
    r"|(?P<round>[①-⑳]))[ \t\u3000]*",
    re.MULTILINE,
)
_PAIR = re.compile(
    r"([A-Z])\s*(?:-+>?|[—–→:=~]+)?\s*([0-9]{1,2})(?![0-9])|([0-9]{1,2})\s*(?:-+>?|[—–→:=~.、]+)?\s*([A-Z])"
)
_BETWEEN = re.compile(r"[\s,，;；、。.|()（）]*")
_ARROWS = re.compile(r"(?:->|=>|[-—–→>~<＞➔⇒])+")
_DIVIDERS = (r"\s*(?:->|=>|[→➔⇒＞>])\s*", r"[;；\n]+", r"[,，、]+")


def split_sides(text: str) -> list[tuple[str, str]]:
    """Divide lines such as `A. 宪法  1. 1982年` into items with letters and items with numbers.

    Labels must follow each other from A and from 1; empty where there are not two of each.
    """
    marks: list[tuple[str, int, int]] = []
    awaited = {True: 1, False: 1}
    for found in _LABEL.finditer(text):
        label = fold(found["boxed"] or found["plain"] or found["round"])
        number = int(label) if label.isdigit() else LETTERS.index(label) + 1
        if number == awaited[label.isdigit()]:
            awaited[label.isdigit()] += 1
            marks.append((label, found.start(), found.end()))
    if min(awaited.values()) < 3 or not marks or text[: marks[0][1]].strip():
        return []
    ends = [start for _, start, _ in marks[1:]] + [len(text)]
    return [
        (label, clean(text[begin:end]).strip(" ;；|—-")) for (label, _, begin), end in zip(marks, ends, strict=True)
    ]


def pairs_either_way(
    answer: str, left: Mapping[str, str], right: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]] | None:
    """Options with letters on the left and numbers on the right, and the key; None where the answer does not fit.

    `A1 B2`, `A-2；B-1`, `1→B，2→A` are read, and `BA` where the numbered items 1, 2 are meant in their order.
    """
    pairs = _pairs(fold(answer), list(right))
    if not pairs or any(letter not in left or number not in right for letter, number in pairs):
        return None
    by_letter, by_number = dict(pairs), {number: letter for letter, number in pairs}
    if len(pairs) == len(left) == len(by_letter):
        return {**left, **right}, tuple(f"{letter}{by_letter[letter]}" for letter in left)
    is_clear = len(set(by_number.values())) == len(right) or len(left) < len(right)
    if len(pairs) == len(right) == len(by_number) and is_clear and len(right) <= len(LETTERS):
        return _turned(left, right, by_number)
    return None


def _pairs(answer: str, numbers: Sequence[str]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(answer):
        between = _BETWEEN.match(answer, at)
        at = between.end() if between else at
        found = _PAIR.match(answer, at)
        if not found:
            break
        pairs.append((found[1] or found[4], str(int(found[2] or found[3]))))
        at = found.end()
    if at < len(answer):
        letters = re.sub(r"[\s,，;；、。.|]+", "", answer)
        is_list = letters.isascii() and letters.isalpha() and len(letters) == len(numbers)
        return list(zip(letters, numbers, strict=True)) if is_list else []
    return pairs


def _turned(
    left: Mapping[str, str], right: Mapping[str, str], by_number: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The numbered side is the left one: it gets the letters, the other one the numbers."""
    letters = {number: LETTERS[place] for place, number in enumerate(right)}
    numbers = {letter: str(place) for place, letter in enumerate(left, 1)}
    turned = {letters[own]: text for own, text in right.items()} | {numbers[own]: text for own, text in left.items()}
    return turned, tuple(f"{letters[own]}{numbers[by_number[own]]}" for own in right)


def order_of_places_or_texts(answer: str, options: Mapping[str, str]) -> tuple[str, ...] | None:
    """All option letters in the order that an answer gives by their numbers, 3142, or by their texts."""
    folded, ids = fold(answer), list(options)
    compact = re.sub(r"[\s,，、;；.。]+", "", _ARROWS.sub("", folded))
    if compact.isdigit():
        numbers = re.findall(r"[0-9]{1,2}", _ARROWS.sub(" ", folded))
        places = [int(number) for number in (numbers if len(numbers) == len(ids) else compact)]
        order = tuple(ids[place - 1] for place in places if 0 < place <= len(ids))
        return order if sorted(order) == sorted(ids) else None
    letter_of = {_same(text): letter for letter, text in options.items()}
    for divider in _DIVIDERS:
        order = tuple(letter_of.get(_same(piece), "") for piece in re.split(divider, answer) if piece.strip())
        if len(letter_of) == len(ids) and sorted(order) == sorted(ids):
            return order
    return None


def _same(text: str) -> str:
    return fold(text).replace(" ", "").strip("。.")
