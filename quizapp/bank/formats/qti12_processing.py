"""Response processing of QTI 1.2: the points of a response, and so which response is the right one.

Conditions are computed as they stand, one after the other; nothing is known of the system that wrote them. What is
not known here (regions of a picture, times) makes the points unknown, and unknown points tell no key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from quizapp.bank.formats.qti_names import attribute, children, descendants, name, text_of

Responses = Mapping[str, tuple[str, ...]]
"""The identifier of a response → the chosen identifiers, or the text written."""
MOST_CONDITIONS = 1_000
"""Of one item; those that people write have some dozens, and more than this tell nothing here."""
_COMPARISONS = ("vargte", "vargt", "varlte", "varlt")
_SCORES = ("score", "que_score")


class Unknown(Exception):
    """The points cannot be told."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Numbers taken as right: from `low` to `high`; None where there is no such end."""

    low: float | None
    high: float | None

    def __str__(self) -> str:
        return "–".join("∞" if end is None else f"{end:.12g}" for end in (self.low, self.high))


class Processing:
    """The conditions of one item."""

    def __init__(self, item: etree._Element) -> None:
        conditions = [
            condition for block in children(item, "resprocessing") for condition in children(block, "respcondition")
        ]
        self.conditions = conditions if len(conditions) <= MOST_CONDITIONS else []

    def points(self, responses: Responses) -> float | None:
        """The points of a response; None where they cannot be told."""
        scores: dict[str, float] = {}
        has_scored = False
        try:
            for condition in self.conditions:
                tests = children(condition, "conditionvar")
                if not all(_holds(test, responses, has_scored) for test in tests):
                    continue
                for setting in children(condition, "setvar"):
                    has_scored = True
                    _set(setting, scores)
                if attribute(condition, "continue").lower() == "no":
                    break
        except Unknown:
            return None
        return next((points for variable, points in scores.items() if variable in _SCORES), sum(scores.values()))

    def feedback(self, responses: Responses) -> list[str]:
        """The identifiers of the feedback that a response leads to."""
        shown = []
        for condition in self.conditions:
            try:
                holds = all(_holds(test, responses, False) for test in children(condition, "conditionvar"))
            except Unknown:
                holds = False
            if holds:
                shown += [attribute(one, "linkrefid") for one in children(condition, "displayfeedback")]
                if attribute(condition, "continue").lower() == "no":
                    break
        return shown

    def right_values(self, identifier: str) -> list[tuple[float, list[str]]]:
        """What the conditions that give points want of a response: the points, and the values named."""
        found = []
        for condition in self.conditions:
            points = max((_given_points(setting) for setting in children(condition, "setvar")), default=0.0)
            values = list(_wanted(condition, identifier)) if points > 0 else []
            if values:
                found.append((points, values))
        return found

    def marked_right(self, identifier: str) -> list[str]:
        """The values of conditions that say of themselves that they are the right answer."""
        return [
            value
            for condition in self.conditions
            if _is_marked_right(condition)
            for value in _wanted(condition, identifier)
        ]

    def bounds(self, identifier: str) -> list[Bounds]:
        """The ranges of numbers that conditions with points accept."""
        found = []
        for condition in self.conditions:
            if not _gives_points(condition):
                continue
            low = high = None
            for test in descendants(condition, *_COMPARISONS):
                if attribute(test, "respident") == identifier:
                    number = _number(text_of(test))
                    low, high = (number, high) if name(test).startswith("varg") else (low, number)
            if low is not None or high is not None:
                found.append(Bounds(low, high))
        return found

    def uses(self, *tests: str) -> bool:
        """Whether a condition with points has one of these tests."""
        return any(
            True for condition in self.conditions if _gives_points(condition) for _ in descendants(condition, *tests)
        )


def _wanted(condition: etree._Element, identifier: str) -> Iterator[str]:
    for test in descendants(condition, "varequal"):
        is_denied = sum(name(above) == "not" for above in test.iterancestors()) % 2
        if not is_denied and attribute(test, "respident") == identifier:
            yield text_of(test).strip()


def _given_points(setting: etree._Element) -> float:
    """What a setting adds to the points; 0 where it takes some away."""
    number = _number(text_of(setting))
    return number if number and attribute(setting, "action", "set").lower() in ("set", "add") else 0.0


def _gives_points(condition: etree._Element) -> bool:
    return any(_given_points(setting) > 0 for setting in children(condition, "setvar"))


def _is_marked_right(condition: etree._Element) -> bool:
    return attribute(condition, "correctanswer").lower() == "yes"


def _set(setting: etree._Element, scores: dict[str, float]) -> None:
    number = _number(text_of(setting))
    if number is None:
        raise Unknown
    variable = attribute(setting, "varname", "SCORE").lower()
    before = scores.get(variable, 0.0)
    action = attribute(setting, "action", "set").lower()
    if action == "set":
        scores[variable] = number
    elif action == "add":
        scores[variable] = before + number
    elif action == "subtract":
        scores[variable] = before - number
    else:
        raise Unknown


def _holds(test: etree._Element, responses: Responses, has_scored: bool) -> bool:
    """Whether a test holds. `other` holds where nothing before it gave points."""
    kind = name(test)
    if kind in ("conditionvar", "and"):
        return all(_holds(one, responses, has_scored) for one in children(test))
    if kind == "or":
        return any(_holds(one, responses, has_scored) for one in children(test))
    if kind == "not":
        return not all(_holds(one, responses, has_scored) for one in children(test))
    if kind == "other":
        return not has_scored
    given = responses.get(attribute(test, "respident"), ())
    if kind == "unanswered":
        return not given
    if kind == "varequal":
        return _is_given(test, given)
    if kind in _COMPARISONS:
        wanted, number = _number(text_of(test)), _number(given[0]) if given else None
        if wanted is None:
            raise Unknown
        return number is not None and _compare(kind, number, wanted)
    raise Unknown


def _is_given(test: etree._Element, given: tuple[str, ...]) -> bool:
    wanted = text_of(test).strip()
    place = attribute(test, "index")
    if place.isdecimal():
        return 0 < int(place) <= len(given) and given[int(place) - 1] == wanted
    if attribute(test, "case", "no").lower() != "yes":
        return wanted.casefold() in {part.casefold() for part in given}
    return wanted in given


def _compare(kind: str, number: float, wanted: float) -> bool:
    if kind == "vargte":
        return number >= wanted
    if kind == "vargt":
        return number > wanted
    return number <= wanted if kind == "varlte" else number < wanted


def _number(text: str) -> float | None:
    try:
        number = float(text.strip())
    except ValueError:
        return None
    return number if abs(number) < 1e12 else None
