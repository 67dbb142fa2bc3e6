"""Options as people write them: a column each, or several in one cell or line, with or without labels."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from quizapp.bank.formats.answers import LETTERS
from quizapp.bank.formats.characters import clean, fold

_MARK = r"[.．、:：)）\]】,，]"
_AT_START = re.compile(rf"[(（\[【]?\s?([A-Za-zＡ-Ｚ])\s{{0,2}}(?:{_MARK}\s*|(?=[ \t\u3000]))(?P<text>.*)", re.DOTALL)
_BARE = re.compile(r"[(（\[【]?([A-ZＡ-Ｚ])[)）\]】]?\s*[.．、:：]?")
_GLUED = re.compile(r"([A-ZＡ-Ｚ])(?=[\u3400-\u9fff《“‘（(\"0-9])(?P<text>.*)", re.DOTALL)


_GLUED_INSIDE = re.compile(r"(?<=[\s\u3000])([A-ZＡ-Ｚ])(?=[\u3400-\u9fff《“‘（(\"0-9])")
_LEAST_GLUED = 3


def split_label(text: str) -> tuple[str, str]:
    """`B．乙` → ("B", "乙"); ("", text) where no label stands at the start."""
    found = _AT_START.match(text)
    if found and (found[1].isupper() or not text[found.end(1) : found.end(1) + 1].isspace()):
        return fold(found[1]), found["text"].strip()
    found = _BARE.fullmatch(text.strip())
    return (fold(found[1]), "") if found else ("", text)


def split_glued_label(text: str) -> tuple[str, str]:
    """`A绿水青山` → ("A", "绿水青山"): only where the letter is awaited."""
    found = _GLUED.match(text)
    return (fold(found[1]), found["text"].strip()) if found else ("", text)


def split_run(text: str, first: str = "A") -> tuple[str, list[tuple[str, str]]]:
    """Divide `…A.甲 B.乙C.丙` at its labels, which must follow each other from `first`: head and options.

    A label stands apart, at the start or after a space, or else is glued to what is before it. One that stands
    apart is taken before a glued one, which may be no label: 维生素B、. `A 甲  B 乙` is divided where nothing else is.
    """
    starts = _labels(text, first)
    if len(starts) < 2 and not (starts and starts[0][0]):
        starts = _bare_labels(text, first) or starts
    if not starts:
        return text, []
    ends = [start for start, _ in starts[1:]] + [len(text)]
    texts = [clean(text[start:end]).strip("|;；") for (_, start), end in zip(starts, ends, strict=True)]
    letters = LETTERS[LETTERS.index(first) :]
    return text[: starts[0][0]].rstrip(), [(letters[n], clean(option)) for n, option in enumerate(texts)]


def _labels(text: str, first: str) -> list[tuple[int, int]]:
    """Start and end of each label in a run."""
    starts: list[tuple[int, int]] = []
    position = 0
    for letter in LETTERS[LETTERS.index(first) :]:
        apart, glued = _PATTERNS[letter]
        found = apart.search(text, position) or glued.search(text, position)
        if not found:
            break
        starts.append(found.span())
        position = found.end()
    return _without_key_at_start(text, starts, first)


def _without_key_at_start(text: str, starts: list[tuple[int, int]], first: str) -> list[tuple[int, int]]:
    """`（A）是…的根本法。 A.甲 B.乙`: what stands in brackets at the start is the key, the label comes later."""
    if len(starts) > 1 and starts[0][0] == 0 and text[0] in "(（【[":
        again = _PATTERNS[first][0].search(text, starts[0][1], starts[1][0])
        if again and text[again.start()] not in "(（【[":
            return [again.span(), *starts[1:]]
    return starts


def _bare_labels(text: str, first: str) -> list[tuple[int, int]]:
    """Labels that are nothing but a letter between blanks; an A only at the start of the text."""
    starts: list[tuple[int, int]] = []
    position = 0
    for letter in LETTERS[LETTERS.index(first) :]:
        found = _BARE_PATTERNS[letter].search(text, position)
        if not found or (not starts and found.start() and first == "A"):
            break
        starts.append(found.span())
        position = found.end()
    return starts if len(starts) > 1 or first != "A" else []


def split_glued_run(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Divide `…（ ） A甲 B乙 C丙`: letters without a mark, each behind a space, from A on and at least three."""
    starts: list[int] = []
    at = 0
    for letter in LETTERS:
        found = re.compile(
            rf"(?<=[\s\u3000])[{letter}{chr(ord(letter) + 0xFEE0)}](?=[\u3400-\u9fff《“‘（(\"0-9])"
        ).search(text, at)
        if not found:
            break
        starts.append(found.start())
        at = found.end()
    if len(starts) < _LEAST_GLUED:
        return text, []
    ends = [*starts[1:], len(text)]
    run = [(LETTERS[n], clean(text[start + 1 : end])) for n, (start, end) in enumerate(zip(starts, ends, strict=True))]
    return text[: starts[0]].rstrip(), run


def _pattern(letter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The labels of a letter that stand apart, and those that are glued to what is before them."""
    own = f"[{letter}{chr(ord(letter) + 0xFEE0)}]"
    boxed = rf"[(（\[【]\s?{own}\s?[)）\]】]\s*[.．、:：]?"
    plain = rf"(?<![0-9]){own}\s?[.．、:：]|{own}[.．、]\s?(?=[0-9])|{own}\s?[)）]"
    apart = rf"(?:^|(?<=[\s\u3000;；|。]))(?:{boxed}|{own}\s?[.．、:：)）])\s*"
    glued = rf"(?:{boxed}|(?<![A-Za-zＡ-Ｚ.．&+\-(（\[【])(?:{plain}))\s*"
    return re.compile(apart), re.compile(glued)


_PATTERNS = {letter: _pattern(letter) for letter in LETTERS}
_BARE_PATTERNS = {
    letter: re.compile(rf"(?:^|(?<=[\t\u3000])|(?<=\s\s)){letter}[ \u3000]{{1,3}}(?=[\u3400-\u9fff《“‘（(\"0-9])")
    for letter in LETTERS
}


def split_cell(cell: str) -> list[tuple[str, str]]:
    """The options of one cell: a JSON list, labelled, by line, by bars, by wide gaps or by semicolons."""
    texts = _json_list(cell)
    if not texts:
        head, labelled = split_run(cell)
        if len(labelled) > 1 and not head.strip():
            return labelled
        texts = next((parts for parts in map(_parts, (cell,) * len(_DIVIDERS), _DIVIDERS) if len(parts) > 1), [])
    return _with_letters(texts)


_DIVIDERS = (r"\n+", r"\$;\$|###|@@|\|+", r"\t+|[ \u3000]{2,}", r"[;；]+")


def _parts(cell: str, divider: str) -> list[str]:
    return [part for part in (clean(piece) for piece in re.split(divider, cell)) if part]


def _json_list(cell: str) -> list[str]:
    if not cell.startswith("["):
        return []
    try:
        values = json.loads(cell)
    except (ValueError, RecursionError):
        return []
    if not isinstance(values, list) or not all(isinstance(value, (str, int, float)) for value in values):
        return []
    return [clean(str(value)) for value in values]


def _with_letters(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Letters by place; labels of the texts themselves are taken off when all have the one of their place."""
    if len(texts) > len(LETTERS):
        return []
    return without_labels([(LETTERS[place], text) for place, text in enumerate(texts)])


def without_labels(options: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Take `C.` off an option C when all options repeat their own letter."""
    labelled = [(letter, split_label(text)) for letter, text in options if text]
    if len(labelled) > 1 and all(label == letter for letter, (label, _) in labelled):
        texts = {letter: text for letter, (_, text) in labelled}
        return [(letter, texts.get(letter, "")) for letter, _ in options]
    return list(options)
