"""What stands beside an item of QTI 2 and 3: points, rubric, and what our own files say in the manifest."""

from __future__ import annotations

from lxml import etree

from quizapp.bank.formats.details import read_date, read_points
from quizapp.bank.formats.parsed import ParsedCitation, ParsedCriterion
from quizapp.bank.formats.qti_names import attribute, child, children, descendants, first, text_of
from quizapp.bank.formats.qti_question import Sketch
from quizapp.bank.formats.qti_text import Replace, plain

DIFFICULTIES = {1: "easy", 2: "medium", 3: "difficult"}
TOOL = "QuizApp"
"""The tool-name of items that we wrote."""


def points(item: etree._Element) -> str:
    """The most points, as written; "" where the item says none, or 0, which is no weight but in our own files."""
    outcomes = {attribute(one, "identifier").upper(): one for one in children(item, "outcomedeclaration")}
    default = child(outcomes.get("MAXSCORE"), "defaultvalue")
    maximum = text_of(child(default, "value")).strip()
    if not maximum and "SCORE" in outcomes:
        maximum = attribute(outcomes["SCORE"], "normalmaximum")
    is_own = attribute(item, "toolname") == TOOL
    return maximum if is_own or read_points(maximum) != 0 else ""


def read_own(item: etree._Element, metadata: etree._Element | None, sketch: Sketch) -> None:
    """Take topics, difficulty and legal basis from the manifest of a package that we wrote.

    Learning-object metadata: keyword, difficulty, and a relation "references" for each citation.
    """
    sketch.is_own = attribute(item, "toolname") == TOOL
    if not sketch.is_own or metadata is None:
        return
    sketch.topics = tuple(text_of(first(one, "string")) for one in descendants(metadata, "keyword"))
    difficulty = text_of(child(first(metadata, "difficulty"), "value")).strip()
    sketch.difficulty = {words: level for level, words in DIFFICULTIES.items()}.get(difficulty)
    citations = []
    for resource in descendants(metadata, "resource"):
        law = text_of(first(resource, "catalog"))
        if law:
            on = read_date(text_of(first(resource, "description")).strip())
            citations.append(ParsedCitation(law, text_of(first(resource, "entry")), on))
    sketch.citations = tuple(citations)


def rubric(item: etree._Element, apart: Replace) -> tuple[ParsedCriterion, ...]:
    """What those who mark are told: the entries of a list, or else the whole block."""
    found = []
    for block in descendants(item, "rubricblock"):
        views = attribute(block, "view").lower().split()
        if "scorer" not in views and "tutor" not in views:
            continue
        entries = [one for one in descendants(block, "li") if one.get("data-points") is not None] or [block]
        for entry in entries:
            text = plain(entry).text
            if text:
                found.append(ParsedCriterion(text, read_points(entry.get("data-points") or "")))
    return tuple(found)
