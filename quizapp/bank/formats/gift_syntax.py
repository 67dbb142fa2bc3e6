"""GIFT, the signs: a text into questions, a question into title, text and answer block, a block into answers.

The grammar is Moodle's (docs.moodle.org, GIFT format). Escaped signs are put out of the way first, so that every
`{`, `}`, `~`, `=`, `#`, `:` that is left has its meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

ESCAPED = "~=#{}:\\n"
_SHIFT = 0x0E
_CONTROLS: dict[int, None] = dict.fromkeys(code for code in range(0x20) if chr(code) not in "\t\n")
_HIDE = re.compile(r"\\([~=#{}:\\n])")
_HIDDEN = re.compile(f"[{chr(_SHIFT)}-{chr(_SHIFT + len(ESCAPED) - 1)}]")
_BLOCK = re.compile(r"\{([^{}]*)\}")
_REST_OF_LINE = re.compile(r"[ \t]*\n")
_TITLE = re.compile(r"\s*::(.*?)::", re.DOTALL)
_FORMAT = re.compile(r"\s*\[(html|moodle|plain|markdown)\]", re.IGNORECASE)
_CATEGORY = re.compile(r"\s*\$CATEGORY:(.*)", re.DOTALL)
_WEIGHT = re.compile(r"\s*%\s*(-?[0-9]{1,3}(?:[.,][0-9]{0,9})?)\s*%")
_WRAP = re.compile(r"[ \t]*\n\s*")
_WRAP_IN_CHINESE = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])[ \t]*\n\s*(?=[\u3000-\u9fff\uff00-\uffef])")


def hide(text: str) -> str:
    """The text with each escaped sign as one letter that has no meaning; stray control characters go."""
    return _HIDE.sub(lambda found: chr(_SHIFT + ESCAPED.index(found[1])), text.translate(_CONTROLS))


def shown(text: str) -> str:
    """The text with the escaped signs as they are meant."""
    return _HIDDEN.sub(lambda found: ESCAPED[ord(found[0]) - _SHIFT].replace("n", "\n"), text)


def as_written(text: str) -> str:
    """The text with the escapes as they stood in the file."""
    return _HIDDEN.sub(lambda found: "\\" + ESCAPED[ord(found[0]) - _SHIFT], text)


def escape(text: str) -> str:
    """A plain text on one line of a GIFT file."""
    return re.sub(r"[~=#{}:\\]", r"\\\g<0>", text).replace("\n", "\\n")


def unwrapped(text: str, format_name: str) -> str:
    """The text without the line ends of the file, which mean nothing but in Markdown."""
    if format_name == "markdown":
        return text
    return _WRAP.sub(" ", _WRAP_IN_CHINESE.sub("", text))


@dataclass(slots=True)
class Piece:
    """What stands between empty lines: a question, or the name of a category."""

    line: int
    text: str
    """Signs hidden; without comments."""
    comments: list[str] = field(default_factory=list)
    category: str | None = None


def pieces(text: str) -> Iterator[Piece]:
    """Cut a file at its empty lines. One inside an answer block does not count, unless the block never ends."""
    lines = hide(text).split("\n")
    opens_next = _next_braces(lines)
    piece: Piece | None = None
    comments: list[str] = []
    is_open = False
    for at, line in enumerate(lines):
        bare = line.strip(" \t")
        if bare.startswith("//"):
            if piece and not is_open and piece.text.rstrip(" \t").endswith("}"):
                yield piece
                piece, comments = None, []
            (piece.comments if piece else comments).append(as_written(bare[2:]))
        elif found := _CATEGORY.match(line):
            if piece:
                yield piece
            yield Piece(at + 1, line, category=shown(found[1]).strip(" \t"))
            piece, comments, is_open = None, [], False
        elif not bare:
            if piece and not (is_open and opens_next[at] == "}"):
                yield piece
                piece = None
            if not piece:
                comments, is_open = [], False
        else:
            if piece:
                piece.text += "\n" + line
            else:
                piece, comments = Piece(at + 1, line, comments), []
            last = max(line.rfind("{"), line.rfind("}"))
            is_open = line[last] == "{" if last >= 0 else is_open
    if piece:
        yield piece


def _next_braces(lines: Sequence[str]) -> list[str]:
    """For each line the first brace at or after it, "" where there is none."""
    upcoming = ""
    braces = [""] * len(lines)
    for at in range(len(lines) - 1, -1, -1):
        found = re.search(r"[{}]", lines[at])
        upcoming = found[0] if found else upcoming
        braces[at] = upcoming
    return braces


@dataclass(frozen=True, slots=True)
class Item:
    """One question: title, format of its texts, text before and after the block; `block` None without one."""

    line: int
    title: str
    format: str
    before: str
    after: str
    block: str | None
    comments: tuple[str, ...]
    source: str
    blocks: int = 1
    """More than one: two questions on one line, or braces that are no answers."""
    has_stray_brace: bool = False


def items(piece: Piece) -> Iterator[Item]:
    """The questions of a piece: one, or several that stand on lines of their own without an empty line between."""
    start, line = 0, piece.line
    ends = [found.end() for found in _BLOCK.finditer(piece.text)]
    for end in ends[:-1]:
        if line_end := _REST_OF_LINE.match(piece.text, end):
            yield _item(piece, piece.text[start:end], line)
            line += piece.text.count("\n", start, end) + 1
            start = line_end.end()
    yield _item(piece, piece.text[start:], line)


def _item(piece: Piece, text: str, line: int) -> Item:
    source = as_written(text)
    title, format_name = "", "moodle"
    if found := _TITLE.match(text):
        title, text = shown(found[1]).strip(" \t\n"), text[found.end() :]
    if found := _FORMAT.match(text):
        format_name, text = found[1].lower(), text[found.end() :]
    found = _BLOCK.search(text)
    before, after = (text[: found.start()], text[found.end() :]) if found else (text, "")
    rest = before + after
    return Item(
        line=line,
        title=title,
        format=format_name,
        before=before.lstrip(" \t\n") if after.strip(" \t\n") else before.strip(" \t\n"),
        after=after.rstrip(" \t\n"),
        block=found[1] if found else None,
        comments=tuple(piece.comments),
        source=source,
        blocks=len(_BLOCK.findall(text)),
        has_stray_brace="{" in _BLOCK.sub("", rest) or "}" in _BLOCK.sub("", rest),
    )


# The answer block ---------------------------------------------------------------------------------------------

BlockKind = Literal["essay", "truth", "numerical", "choice", "matching", "short", "unknown"]


@dataclass(frozen=True, slots=True)
class Answer:
    sign: str
    """ "=" or "~"; "" for a lone answer without one."""
    weight: Decimal | None
    """As written, in percent."""
    text: str
    feedback: str


@dataclass(frozen=True, slots=True)
class Block:
    kind: BlockKind
    answers: tuple[Answer, ...] = ()
    general: str = ""
    """General feedback."""


_TRUTH = re.compile(r"\s*(T|TRUE|F|FALSE|正确|错误|对|错)\s*(#.*)?", re.DOTALL | re.IGNORECASE)
TRUE_WORDS = ("T", "TRUE", "正确", "对")


def read_block(block: str, *, has_arrows: bool = True) -> Block:
    """What kind an answer block is, and its answers. `has_arrows`: -> parts the two sides of matching."""
    answers, _, general = block.partition("####")
    answers = answers.strip(" \t\n")
    if not answers:
        return Block("essay", (), general)
    if found := _TRUTH.fullmatch(answers):
        feedbacks = (found[2] or "").split("#")[1:]
        return Block(
            "truth", (Answer("", None, found[1].upper(), ""), *(_feedback(text) for text in feedbacks)), general
        )
    if answers.startswith("#"):
        return _numerical(answers[1:], general)
    if "~" not in answers and "=" not in answers:
        return Block("short", (_answer("", answers),), general)
    first = min(at for at in (answers.find("~"), answers.find("=")) if at >= 0)
    if first > 0:
        return Block("unknown", (), general)
    found_answers = tuple(_answer(sign, text) for sign, text in re.findall(r"([=~])([^=~]*)", answers))
    if "~" in answers:
        return Block("choice", found_answers, general)
    if has_arrows and all("->" in answer.text for answer in found_answers):
        return Block("matching", found_answers, general)
    return Block("short", found_answers, general)


def _numerical(text: str, general: str) -> Block:
    text = text.lstrip(" \t\n")
    if not text.startswith(("=", "~")):
        return Block("numerical", (_answer("=", text),), general)
    return Block("numerical", tuple(_answer(sign, part) for sign, part in re.findall(r"([=~])([^=~]*)", text)), general)


def _answer(sign: str, text: str) -> Answer:
    text, _, feedback = text.partition("#")
    weight = None
    if found := _WEIGHT.match(text):
        weight, text = Decimal(found[1].replace(",", ".").rstrip(".")), text[found.end() :]
    return Answer(sign, weight, text.strip(" \t\n"), feedback.strip(" \t\n"))


def _feedback(text: str) -> Answer:
    return Answer("#", None, "", text.strip(" \t\n"))


def with_format(text: str, default: str) -> tuple[str, str]:
    """Take a format such as [html] off the start of a part: the rest, and the format that holds."""
    found = _FORMAT.match(text)
    return (text[found.end() :], found[1].lower()) if found else (text, default)
