"""Several things in one cell or behind one label, as people type them and as exports write them.

Accepted answers (`30|三十；甲`), topics (`甲、乙`), articles, criteria and the right side of a matching question
(a line each). Where a text itself holds one of the marks, the export marks the question 原样 (verbatim) and puts a
backslash before them; only there is a backslash read as such, since in other files it is a letter like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from quizapp.bank.formats.characters import clean
from quizapp.bank.formats.details import ARTICLE, LONGEST_ARTICLE, LONGEST_LAW, read_date, read_legal_basis, read_points
from quizapp.bank.formats.parsed import ParsedCitation, ParsedCriterion, ParsedOption

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CITED_LINE = re.compile(
    rf"《(?P<law>(?:[^《》\n]|《[^《》\n]*》){{1,{LONGEST_LAW}}})》\s*(?P<article>(?:{ARTICLE})?)"
    r"\s*(?:[(（]\s?(?P<date>[^()（）\n]{6,24}?)\s?起?(?:施行|实施|生效)?\s?[)）])?"
)
_CITED_VERBATIM = re.compile(
    r"《(?P<law>(?:[^\\》]|\\.)+)》(?P<article>(?:[^\\]|\\.)*?)(?:（(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})起施行）)?",
    re.DOTALL,
)
_POINTS = re.compile(
    r"(?P<text>(?:[^\\]|\\.)*?)[(（]\s?(?P<points>[0-9]{1,4}(?:\.[0-9]{1,2})?)\s?分\s?[)）]", re.DOTALL
)
_NUMBERED = re.compile(r"(?P<number>[0-9]{1,2})\s?[.．、)）]\s*(?P<text>.+)", re.DOTALL)


def escape(text: str, marks: str) -> str:
    """Put a backslash before each of the marks, and before backslashes."""
    return "".join(f"\\{letter}" if letter in marks or letter == "\\" else letter for letter in text)


def unescape(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def split_verbatim(text: str, mark: str) -> list[str]:
    """Divide at the mark where no backslash stands before it; the backslashes stay."""
    parts, start, place = [], 0, 0
    while place < len(text):
        if text[place] == "\\":
            place += 1
        elif text[place] == mark:
            parts.append(text[start:place])
            start = place + 1
        place += 1
    return [*parts, text[start:]]


# Accepted answers and topics ----------------------------------------------------------------------------------


def blanks_text(key: Iterable[Sequence[str]], *, verbatim: bool) -> str:
    """Accepted texts of all blanks in one cell: | between those of a blank, ； between blanks."""
    return "；".join("|".join(_marked(text, "|；", verbatim) for text in accepted) for accepted in key)


def read_blanks_verbatim(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(map(unescape, split_verbatim(part, "|"))) for part in split_verbatim(text, "；"))


def topics_text(topics: Iterable[str], *, verbatim: bool) -> str:
    return "、".join(_marked(topic, "、", verbatim) for topic in topics)


def read_topics_verbatim(text: str) -> tuple[str, ...]:
    return tuple(map(unescape, split_verbatim(text, "、"))) if text else ()


def _marked(text: str, marks: str, verbatim: bool) -> str:
    return escape(text, marks) if verbatim else text


# Articles -----------------------------------------------------------------------------------------------------


def citation_text(citation: ParsedCitation, *, verbatim: bool) -> str:
    """《宗教事务条例》第四十一条（2018-02-01起施行）."""
    law, article = _marked(citation.law, "《》\n", verbatim), _marked(citation.article, "（\n", verbatim)
    day = f"（{citation.effective_on.isoformat()}起施行）" if citation.effective_on else ""
    return f"《{law}》{article}{day}"


def read_citations(text: str) -> tuple[ParsedCitation, ...]:
    """The articles of a cell in which every line is nothing but one; empty where a line is anything else."""
    citations = []
    for line in filter(None, map(clean, text.split("\n"))):
        found = _CITED_LINE.fullmatch(line)
        day = read_date(found["date"]) if found and found["date"] else None
        if not found or (found["date"] and day is None):
            return ()
        citations.append(ParsedCitation(found["law"], found["article"], day))
    return tuple(citations)


def read_legal_bases(law: str, article: str, effective: str) -> tuple[ParsedCitation, ...]:
    """Articles of which each is a whole line of the first cell, or the same line of all three; empty for others."""
    if not article and not effective:
        return read_citations(law)
    laws, articles, days = (text.split("\n") if text else [] for text in (law, article, effective))
    if len(laws) < 2 or any(column and len(column) != len(laws) for column in (articles, days)):
        return ()
    names = [read_legal_basis(name, label)[0] for name, label in zip(laws, articles or [""] * len(laws), strict=True)]
    dates = [read_date(day) for day in days] or [None] * len(laws)
    labels = [clean(label) for label in articles] or [""] * len(laws)
    if not all(names) or (days and None in dates) or any(len(label) > LONGEST_ARTICLE for label in labels):
        return ()
    return tuple(map(ParsedCitation, names, labels, dates))


def read_citations_verbatim(text: str) -> tuple[ParsedCitation, ...] | None:
    """The articles as `citation_text` writes them, a line each; None where a line is anything else."""
    citations = []
    for line in split_verbatim(text, "\n") if text else ():
        found = _CITED_VERBATIM.fullmatch(line)
        law, article = (unescape(found["law"]), unescape(found["article"])) if found else ("", "")
        if not found or len(law) > LONGEST_LAW or len(article) > LONGEST_ARTICLE:
            return None
        try:
            day = date.fromisoformat(found["date"]) if found["date"] else None
        except ValueError:
            return None
        citations.append(ParsedCitation(law, article, day))
    return tuple(citations)


# Criteria -----------------------------------------------------------------------------------------------------


def criterion_text(criterion: ParsedCriterion, *, verbatim: bool) -> str:
    """说出宪法的最高效力（2分）."""
    text = _marked(criterion.text, "（(\n", verbatim)
    return text if criterion.points_hundredths is None else f"{text}（{points_text(criterion.points_hundredths)}分）"


def read_rubric(text: str, *, verbatim: bool) -> tuple[ParsedCriterion, ...]:
    """A criterion a line, its points behind it in brackets."""
    lines = split_verbatim(text, "\n") if verbatim else text.split("\n")
    return tuple(_read_criterion(line, verbatim) for line in lines if line.strip())


def _read_criterion(line: str, verbatim: bool) -> ParsedCriterion:
    found = _POINTS.fullmatch(line)
    points = read_points(found["points"]) if found else None
    text = found["text"] if found and points is not None and found["text"] else line
    points = points if text != line else None
    return ParsedCriterion(unescape(text) if verbatim else clean(text), points)


def points_text(hundredths: int) -> str:
    """Points as people write them: 2, 2.5, 0.25."""
    whole, rest = divmod(hundredths, 100)
    return f"{whole}.{rest:02d}".rstrip("0") if rest else str(whole)


# The right side of a matching question ------------------------------------------------------------------------


def matches_text(options: Iterable[ParsedOption], *, verbatim: bool) -> str:
    """1. 根本法, a line each."""
    return "\n".join(f"{option.id}. {_marked(option.text, chr(10), verbatim)}" for option in options)


def read_matches(text: str, *, verbatim: bool) -> tuple[ParsedOption, ...]:
    """What stands on the right, a line each, numbered from 1 unless every line has its own number, upwards."""
    lines = split_verbatim(text, "\n") if verbatim else text.split("\n")
    lines = [line if verbatim else clean(line) for line in lines if line.strip()]
    numbered = [found for found in map(_NUMBERED.fullmatch, lines) if found]
    numbers = [int(found["number"]) for found in numbered]
    texts = [unescape(line) if verbatim else line for line in lines]
    if len(numbered) == len(lines) and numbers == sorted(set(numbers)) and numbers[:1] != [0]:
        texts = [unescape(found["text"]) if verbatim else found["text"] for found in numbered]
    else:
        numbers = list(range(1, len(lines) + 1))
    return tuple(ParsedOption(str(number), text) for number, text in zip(numbers, texts, strict=True))
