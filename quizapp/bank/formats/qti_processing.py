"""Response processing of QTI 2 and 3: what outcomes a response has, and so which response is the right one.

Only what can be computed with certainty is: an operator that is not known here makes the whole outcome unknown,
and an unknown outcome tells no key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from quizapp.bank.formats.qti_names import attribute, child, children, descendants, name, text_of

Value = tuple[str, ...] | None
"""Members of a container, one for a single value; numbers and truths are written out. None is NULL."""
MOST_STEPS = 2_000
"""Rules and expressions computed for one response; items of people have some dozens."""


class Unknown(Exception):
    """The outcome cannot be told."""


@dataclass(frozen=True, slots=True)
class MapEntry:
    key: str
    value: float
    case_sensitive: bool = True


@dataclass(frozen=True, slots=True)
class Declaration:
    """A response that an item asks for."""

    cardinality: str
    base_type: str
    correct: Value
    mapping: tuple[MapEntry, ...] | None = None
    default_mapped: float = 0.0
    bounds: tuple[float | None, float | None] = (None, None)

    def mapped(self, response: Value) -> float:
        """The points that the mapping gives a response."""
        total = 0.0
        for part in dict.fromkeys(response or ()):
            entry = next((entry for entry in self.mapping or () if self._fits(entry, part)), None)
            total += self.default_mapped if entry is None else entry.value
        low, high = self.bounds
        total = total if low is None else max(total, low)
        return total if high is None else min(total, high)

    def _fits(self, entry: MapEntry, part: str) -> bool:
        key = entry.key
        if not entry.case_sensitive:
            key, part = key.casefold(), part.casefold()
        return key == part or (self.base_type == "pair" and set(key.split()) == set(part.split()))


def read_declarations(item: etree._Element) -> dict[str, Declaration]:
    """The response declarations of an item by identifier."""
    found = {}
    for element in children(item, "responsedeclaration"):
        correct = child(element, "correctresponse")
        mapping = child(element, "mapping")
        found[attribute(element, "identifier")] = Declaration(
            cardinality=attribute(element, "cardinality", "single").lower(),
            base_type=attribute(element, "basetype").lower(),
            correct=None if correct is None else _values(correct),
            mapping=None if mapping is None else tuple(_entries(mapping)),
            default_mapped=_number(attribute(mapping, "defaultvalue")) or 0.0 if mapping is not None else 0.0,
            bounds=(None, None)
            if mapping is None
            else (_number(attribute(mapping, "lowerbound")), _number(attribute(mapping, "upperbound"))),
        )
    return found


def _values(element: etree._Element) -> Value:
    values = (text_of(value).strip() for value in children(element, "value"))
    return tuple(value for value in values if value) or None


def _entries(mapping: etree._Element) -> list[MapEntry]:
    entries = []
    for element in children(mapping, "mapentry"):
        value = _number(attribute(element, "mappedvalue"))
        is_sensitive = attribute(element, "casesensitive", "true").lower() != "false"
        if value is not None:
            entries.append(MapEntry(attribute(element, "mapkey"), value, is_sensitive))
    return entries


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e12 else None


@dataclass(slots=True)
class Processing:
    """The rules of one item."""

    item: etree._Element
    declarations: Mapping[str, Declaration]
    rules: etree._Element | None = field(init=False)
    steps: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.rules = child(self.item, "responseprocessing")

    @property
    def template(self) -> str:
        """match_correct, map_response, or "" where the item has rules of its own, or none."""
        address = "" if self.rules is None else attribute(self.rules, "template")
        last = address.rpartition("/")[2].removesuffix(".xml").lower()
        if last in ("match_correct", "cc2_match", "cc2_match_basic"):
            return "match_correct"
        return "map_response" if last in ("map_response", "cc2_map_response") else ""

    def outcomes(self, responses: Mapping[str, Value]) -> dict[str, Value]:
        """What the outcomes are after these responses; raise Unknown where that cannot be told."""
        if self.rules is None:
            raise Unknown
        if self.template:
            return {"SCORE": (str(self._of_template(responses)),)}
        if attribute(self.rules, "template") or attribute(self.rules, "templatelocation"):
            raise Unknown
        self.steps = 0
        outcomes = {attribute(one, "identifier"): _default(one) for one in children(self.item, "outcomedeclaration")}
        outcomes |= {attribute(one, "identifier"): _default(one) for one in children(self.item, "templatedeclaration")}
        self._run(children(self.rules), outcomes, responses)
        return outcomes

    def score(self, responses: Mapping[str, Value]) -> float | None:
        """The outcome SCORE as a number; None where there is none or it cannot be told."""
        try:
            score = self.outcomes(responses).get("SCORE")
        except Unknown:
            return None
        return _number(score[0]) if score else None

    def right(self) -> dict[str, Value]:
        """The declared correct responses to all that the item asks for."""
        return {identifier: declaration.correct for identifier, declaration in self.declarations.items()}

    def is_loose(self, identifier: str) -> bool:
        """Whether a response need not be equal to a text or number, but only near it, like it or have it inside."""
        for test in descendants(self.rules, "equal", "equalrounded", "patternmatch", "stringmatch", "substring"):
            is_about = any(attribute(one, "identifier") == identifier for one in [test, *test.iterdescendants()])
            is_exact = (name(test) == "equal" and attribute(test, "tolerancemode", "exact").lower() == "exact") or (
                name(test) == "stringmatch" and attribute(test, "substring").lower() != "true"
            )
            if is_about and not is_exact:
                return True
        return False

    def constants(self, identifier: str) -> list[tuple[str, ...]]:
        """The values that the rules compare a response with."""
        found = []
        for operator in descendants(self.rules, "match", "stringmatch", "equal", "member", "contains"):
            operands = children(operator)
            if not any(attribute(one, "identifier") == identifier and name(one) == "variable" for one in operands):
                continue
            for one in operands:
                values = [one] if name(one) == "basevalue" else list(descendants(one, "basevalue"))
                if values:
                    found.append(tuple(text_of(value).strip() for value in values))
        return found

    def _of_template(self, responses: Mapping[str, Value]) -> float:
        declaration = self.declarations.get("RESPONSE")
        response = responses.get("RESPONSE")
        if declaration is None:
            raise Unknown
        if self.template == "map_response":
            return 0.0 if response is None else declaration.mapped(response)
        return float(_is_same(declaration, response, declaration.correct))

    # Rules ----------------------------------------------------------------------------------------------------

    def _run(self, rules: Sequence[etree._Element], outcomes: dict[str, Value], responses: Mapping[str, Value]) -> bool:
        """Carry out rules in order; False when one of them ends the processing."""
        for rule in rules:
            self._count_step()
            kind = name(rule)
            if kind == "responsecondition":
                branch = next((one for one in children(rule) if self._is_taken(one, outcomes, responses)), None)
                if branch is not None:
                    inside = children(branch)
                    inside = inside if name(branch) == "responseelse" else inside[1:]
                    if not self._run(inside, outcomes, responses):
                        return False
            elif kind == "responseprocessingfragment":
                if not self._run(children(rule), outcomes, responses):
                    return False
            elif kind == "setoutcomevalue":
                operands = children(rule)
                value = self._value(operands[0], outcomes, responses) if operands else None
                outcomes[attribute(rule, "identifier")] = value
            elif kind == "exitresponse":
                return False
            else:
                raise Unknown
        return True

    def _is_taken(self, branch: etree._Element, outcomes: dict[str, Value], responses: Mapping[str, Value]) -> bool:
        if name(branch) == "responseelse":
            return True
        operands = children(branch)
        return bool(operands) and self._value(operands[0], outcomes, responses) == ("true",)

    def _count_step(self) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Unknown

    # Expressions ----------------------------------------------------------------------------------------------

    def _value(self, element: etree._Element, outcomes: Mapping[str, Value], responses: Mapping[str, Value]) -> Value:
        self._count_step()
        kind, identifier = name(element), attribute(element, "identifier")
        declaration = self.declarations.get(identifier)
        if kind == "basevalue":
            return (text_of(element).strip(),)
        if kind == "null":
            return None
        if kind == "variable":
            return responses.get(identifier) if declaration else outcomes.get(identifier)
        if kind in ("correct", "mapresponse"):
            if declaration is None:
                raise Unknown
            if kind == "correct":
                return declaration.correct
            response = responses.get(identifier)
            return (str(0.0 if response is None else declaration.mapped(response)),)
        operands = [self._value(one, outcomes, responses) for one in children(element)]
        if kind in ("match", "stringmatch", "equal") and len(operands) == 2:
            return self._compared(element, operands[0], operands[1])
        operator = _OPERATORS.get(kind)
        if operator is None:
            raise Unknown
        return operator(operands)

    def _compared(self, element: etree._Element, left: Value, right: Value) -> Value:
        if left is None or right is None:
            return None
        kind = name(element)
        if kind == "equal":
            if attribute(element, "tolerancemode", "exact").lower() != "exact":
                raise Unknown
            return _truth(_one_number(left) == _one_number(right))
        if kind == "stringmatch":
            if attribute(element, "substring").lower() == "true":
                raise Unknown
            if attribute(element, "casesensitive", "true").lower() == "false":
                left, right = tuple(map(str.casefold, left)), tuple(map(str.casefold, right))
        names = {attribute(one, "identifier") for one in children(element) if name(one) in ("variable", "correct")}
        declaration = next((one for key, one in self.declarations.items() if key in names), None)
        return _truth(_is_same(declaration, left, right))


def _is_same(declaration: Declaration | None, left: Value, right: Value) -> bool:
    """Whether two values match, by the cardinality and base type of the response that one of them is."""
    if left is None or right is None:
        return False
    if declaration is not None and declaration.cardinality == "multiple":
        pairs = declaration.base_type == "pair"
        return sorted(_folded(left, pairs)) == sorted(_folded(right, pairs))
    if left == right:
        return True
    numbers = [_number(part) for part in (*left, *right)]
    return len(left) == len(right) == 1 and None not in numbers and numbers[0] == numbers[1]


def _folded(value: tuple[str, ...], is_pairs: bool) -> list[str]:
    return [" ".join(sorted(part.split())) if is_pairs else part.strip() for part in value]


def _default(declaration: etree._Element) -> Value:
    default = child(declaration, "defaultvalue")
    if default is not None:
        return _values(default)
    is_number = attribute(declaration, "basetype").lower() in ("float", "integer")
    return ("0",) if is_number and attribute(declaration, "cardinality", "single").lower() == "single" else None


def _truth(is_true: bool) -> Value:
    return ("true",) if is_true else ("false",)


def _one_number(value: Value) -> float:
    number = _number(value[0]) if value and len(value) == 1 else None
    if number is None:
        raise Unknown
    return number


def _numbers(values: Sequence[Value]) -> list[float]:
    return [_one_number((part,)) for value in values for part in value or ()]


def _arithmetic(compute: Callable[[list[float]], float]) -> Callable[[Sequence[Value]], Value]:
    def operator(operands: Sequence[Value]) -> Value:
        if None in operands:
            return None
        try:
            return (str(compute(_numbers(operands))),)
        except (ZeroDivisionError, OverflowError, IndexError, ValueError):
            return None

    return operator


def _comparison(compare: Callable[[float, float], bool]) -> Callable[[Sequence[Value]], Value]:
    def operator(operands: Sequence[Value]) -> Value:
        if len(operands) != 2:
            raise Unknown
        left, right = operands
        return None if left is None or right is None else _truth(compare(_one_number(left), _one_number(right)))

    return operator


def _container(operands: Sequence[Value]) -> Value:
    return tuple(part for value in operands for part in value or ()) or None


def _product(numbers: list[float]) -> float:
    result = 1.0
    for number in numbers:
        result *= number
    return result


def _and(operands: Sequence[Value]) -> Value:
    if ("false",) in operands:
        return ("false",)
    return None if None in operands else ("true",)


def _or(operands: Sequence[Value]) -> Value:
    if ("true",) in operands:
        return ("true",)
    return None if None in operands else ("false",)


def _not(operands: Sequence[Value]) -> Value:
    if len(operands) != 1:
        raise Unknown
    return None if operands[0] is None else _truth(operands[0] != ("true",))


def _member(operands: Sequence[Value]) -> Value:
    if len(operands) != 2 or operands[0] is None or operands[1] is None:
        return None
    return _truth(operands[0][0] in operands[1])


def _contains(operands: Sequence[Value]) -> Value:
    if len(operands) != 2 or operands[0] is None or operands[1] is None:
        return None
    return _truth(set(operands[1]) <= set(operands[0]))


_OPERATORS: dict[str, Callable[[Sequence[Value]], Value]] = {
    "isnull": lambda operands: _truth(not any(operands)),
    "and": _and,
    "or": _or,
    "not": _not,
    "member": _member,
    "contains": _contains,
    "multiple": _container,
    "ordered": _container,
    "containersize": lambda operands: (str(len(_container(operands) or ())),),
    "sum": _arithmetic(sum),
    "product": _arithmetic(_product),
    "subtract": _arithmetic(lambda numbers: numbers[0] - numbers[1]),
    "divide": _arithmetic(lambda numbers: numbers[0] / numbers[1]),
    "max": _arithmetic(max),
    "min": _arithmetic(min),
    "gt": _comparison(lambda left, right: left > right),
    "gte": _comparison(lambda left, right: left >= right),
    "lt": _comparison(lambda left, right: left < right),
    "lte": _comparison(lambda left, right: left <= right),
}
