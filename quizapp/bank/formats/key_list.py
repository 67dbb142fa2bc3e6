"""Answers that stand together behind all the questions of a text: `1. A 2. C`, `1-5 ABCAB`, `二、判断题 1.√ 2.×`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from quizapp.bank.formats.characters import fold
from quizapp.bank.formats.kinds import kind_named, section_heading

_HEAD = re.compile(
    r"[【\[(（]?\s?(?:参考|标准|正确|试题)?答案(?:部分|一览|汇总|表)?\s?[】\])）]?\s?[:：]?\s*(?P<rest>.*)", re.DOTALL
)
_SECTION = re.compile(
    r"(?:[一二三四五六七八九十]{1,3}\s?[、.．]\s?)?(?P<kind>[\u4e00-\u9fff]{2,6}题?)\s?[:：]?\s*(?=[0-9])"
)
_SIGN = r"[√×✓✔✗✘对错]"
_ONE = re.compile(
    rf"(?P<number>[0-9]{{1,4}})\s?[.．、:：)）\-—]?\s?[(（【]?\s?(?P<key>[A-H]{{1,8}}|{_SIGN}|正确|错误|[TF])\s?[)）】]?"
    r"(?![A-Za-z\u4e00-\u9fff])"
)
_RANGE = re.compile(r"(?P<first>[0-9]{1,4})\s?[-—–~～至]\s?(?P<last>[0-9]{1,4})\s?题?\s?[.．、:：)）]?\s?")
_GROUP = re.compile(rf"[A-H]{{1,8}}|{_SIGN}")
_BETWEEN = re.compile(r"[\s,，;；、。.]*")
_LEAST = 2
_MOST_IN_A_RANGE = 100


@dataclass(frozen=True, slots=True)
class Entry:
    line: int
    """The place of its line in the text."""
    kind: str | None
    """The kind of the section it stands in; None where the list has no sections."""
    number: int
    key: str


@dataclass(frozen=True, slots=True)
class KeyList:
    start: int
    """The place of the line from which on there is nothing but the list."""
    entries: tuple[Entry, ...]


def find_key_list(texts: Sequence[str]) -> KeyList | None:
    """The list of answers at the end of a text; None where its last lines are anything else."""
    start = len(texts)
    while start and (not texts[start - 1] or _is_of_list(texts[start - 1])):
        start -= 1
    for place in range(max(start - 1, 0), len(texts)):
        head = _HEAD.fullmatch(texts[place])
        if head and (not head["rest"] or _pairs(head["rest"])):
            entries = _entries([head["rest"], *texts[place + 1 :]], place)
            return KeyList(place, tuple(entries)) if len(entries) >= _LEAST else None
    return None


def _is_of_list(text: str) -> bool:
    return section_heading(text) is not None or bool(_pairs(_without_section(text)[1]))


def _entries(texts: Sequence[str], first: int) -> list[Entry]:
    entries: list[Entry] = []
    kind: str | None = None
    for place, text in enumerate(texts, first):
        heading = section_heading(text)
        if heading:
            kind = heading.kind
            continue
        named, rest = _without_section(text)
        kind = named or kind
        entries.extend(Entry(place, kind, number, key) for number, key in _pairs(rest))
    return entries


def _without_section(text: str) -> tuple[str | None, str]:
    found = _SECTION.match(text)
    kind = kind_named(found["kind"]) if found else None
    return (kind, text[found.end() :]) if found and kind else (None, text)


def _pairs(text: str) -> list[tuple[int, str]]:
    """Numbers and keys of a line that holds nothing else; empty for any other line."""
    folded = fold(text)
    pairs: list[tuple[int, str]] = []
    at = 0
    while True:
        between = _BETWEEN.match(folded, at)
        at = between.end() if between else at
        if at == len(folded):
            return pairs
        found = _range(folded, at) or _single(folded, at)
        if found is None:
            return []
        pairs.extend(found[0])
        at = found[1]


def _single(text: str, at: int) -> tuple[list[tuple[int, str]], int] | None:
    found = _ONE.match(text, at)
    return ([(int(found["number"]), found["key"])], found.end()) if found else None


def _range(text: str, at: int) -> tuple[list[tuple[int, str]], int] | None:
    """`1-5 ABCAB` for single letters, `6-8 AB ACD BC` for several."""
    found = _RANGE.match(text, at)
    count = int(found["last"]) - int(found["first"]) + 1 if found else 0
    if not found or not 1 < count <= _MOST_IN_A_RANGE:
        return None
    numbers = range(int(found["first"]), int(found["last"]) + 1)
    keys: list[str] = []
    end = found.end()
    while len(keys) < count:
        between = _BETWEEN.match(text, end)
        group = _GROUP.match(text, between.end() if between else end)
        if not group:
            break
        keys.append(group[0])
        end = group.end()
    if len(keys) == count:
        return list(zip(numbers, keys, strict=True)), end
    joined = re.compile(rf"(?:(?:[A-H]|{_SIGN})\s?){{{count}}}(?![A-H√×])").match(text, found.end())
    return (list(zip(numbers, re.sub(r"\s", "", joined[0]), strict=True)), joined.end()) if joined else None
