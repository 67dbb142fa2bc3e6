"""The right answers of QTI 2 and 3: declared, mapped, or found by the rules of the item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lxml import etree

from quizapp.bank.formats.characters import clean, shorten
from quizapp.bank.formats.qti_key import NoKey, SeveralKeys, best_set, best_single
from quizapp.bank.formats.qti_names import attribute
from quizapp.bank.formats.qti_processing import Declaration, Processing
from quizapp.bank.formats.qti_question import spellings
from quizapp.bank.formats.typed import Unfit
from quizapp.bank.rules import normalise_text

Warn = Callable[[str], None]


def right_values(processing: Processing, identifier: str, warn: Warn) -> tuple[str, ...]:
    """The correct response as declared; raise Unfit where there is none."""
    declaration = processing.declarations.get(identifier)
    if declaration is None or not declaration.correct:
        raise Unfit("no_key")
    _check_against_rules(processing, identifier, declaration.correct, (), warn)
    return declaration.correct


def choice_key(
    processing: Processing, interaction: etree._Element, choices: Sequence[str], warn: Warn
) -> tuple[bool, tuple[str, ...]]:
    """Whether several choices may be right, and the identifiers of those that are; raise Unfit."""
    identifier = attribute(interaction, "responseidentifier")
    declaration = processing.declarations.get(identifier)
    if declaration is None:
        raise Unfit("no_key")
    if declaration.cardinality not in ("single", "multiple"):
        raise Unfit("interaction_unsupported", kind=f"choiceInteraction, {declaration.cardinality}")
    is_multiple = declaration.cardinality == "multiple" and attribute(interaction, "maxchoices") != "1"
    key = declaration.correct or ()
    if key:
        _check_against_rules(processing, identifier, key, choices if not is_multiple else (), warn)
        return is_multiple, key
    if declaration.mapping:
        return is_multiple, _mapped(declaration, choices, is_multiple, warn)
    return is_multiple, _by_rules(processing, identifier, choices, is_multiple, warn)


def _check_against_rules(
    processing: Processing, identifier: str, key: tuple[str, ...], choices: Sequence[str], warn: Warn
) -> None:
    """Rules that can be computed must not give another single choice more points than the declared one."""
    right = {**processing.right(), identifier: key}
    score = processing.score(right)
    if score is None:
        return
    others = {choice: processing.score({**right, identifier: (choice,)}) for choice in choices if (choice,) != key}
    better = [choice for choice, points in others.items() if points is not None and points > max(score, 0.0)]
    if better:
        raise Unfit("two_keys", answers=shorten("、".join((*key, *better))))
    if score <= 0:
        warn("scores_nothing")
    elif len(right) == 1 and any(points is not None and points > 0 for points in others.values()):
        warn("partial_credit")


def _mapped(declaration: Declaration, choices: Sequence[str], is_multiple: bool, warn: Warn) -> tuple[str, ...]:
    given = {choice: declaration.mapped((choice,)) for choice in choices}
    positive = tuple(choice for choice in choices if given[choice] > 0)
    if not positive:
        raise Unfit("no_key")
    if is_multiple:
        return positive
    most = max(given.values())
    best = tuple(choice for choice in positive if given[choice] == most)
    if len(best) > 1:
        raise Unfit("two_keys", answers=shorten("、".join(best)))
    if len(positive) > 1:
        warn("partial_credit")
    return best


def _by_rules(
    processing: Processing, identifier: str, choices: Sequence[str], is_multiple: bool, warn: Warn
) -> tuple[str, ...]:
    constants = processing.constants(identifier)

    def points(chosen: tuple[str, ...]) -> float | None:
        return processing.score({**processing.right(), identifier: chosen})

    try:
        if is_multiple:
            together = [value for values in constants for value in values]
            found = best_set(choices, [*constants, together], points)
        else:
            found = best_single(choices, points)
    except NoKey:
        raise Unfit("no_key") from None
    except SeveralKeys as several:
        raise Unfit("two_keys", answers=shorten("、".join(several.keys))) from None
    if found.has_partial:
        warn("partial_credit")
    return found.key


def texts_accepted(processing: Processing, interaction: etree._Element, warn: Warn) -> tuple[str, ...]:
    """The texts that a blank accepts; none where nothing tells; raise Unfit."""
    identifier = attribute(interaction, "responseidentifier")
    declaration = processing.declarations.get(identifier)
    if declaration is None:
        return ()
    if declaration.cardinality == "record":
        raise Unfit("interaction_unsupported", kind="textEntryInteraction, record")
    if processing.is_loose(identifier):
        if declaration.base_type in ("float", "integer"):
            raise Unfit("number_range", text=shorten("、".join(declaration.correct or ())) or "…")
        if not declaration.correct:
            raise Unfit("loose_answer")
        warn("marked_strictly")
    mapping = [entry for entry in declaration.mapping or () if entry.value > 0]
    most = max((entry.value for entry in mapping), default=0.0)
    accepted = [*(declaration.correct or ()), *(entry.key for entry in mapping if entry.value == most)]
    if not accepted:
        accepted = [
            values[0]
            for values in processing.constants(identifier)
            if len(values) == 1 and (processing.score({**processing.right(), identifier: values}) or 0.0) > 0
        ]
    if declaration.base_type in ("float", "integer"):
        accepted = [spelling for value in accepted for spelling in spellings(value)]
    texts = tuple(dict.fromkeys(filter(None, map(clean, accepted))))
    known = set(map(normalise_text, texts))
    if any(normalise_text(entry.key) not in known for entry in mapping if entry.value < most):
        warn("partial_credit")
    return texts


@dataclass(frozen=True, slots=True)
class Pairs:
    left: tuple[str, ...]
    right: tuple[str, ...]
    key: tuple[str, ...]
    """What is right for each on the left."""


def one_to_one(correct: Sequence[str], groups: Sequence[Sequence[str]]) -> Pairs:
    """The pairs of a match between two groups, or inside one; raise Unfit where not each has one partner.

    Of two groups the one whose members all have exactly one partner stands on the left.
    """
    pairs = [tuple(pair.split()) for pair in correct]
    if any(len(pair) != 2 for pair in pairs):
        raise Unfit("key_not_in_choices", answer=shorten("、".join(correct)))
    if len(groups) == 2:
        for left, right in (groups, groups[::-1]):
            partners = {one: [_partner(one, pair) for pair in pairs if one in pair] for one in left}
            if all(len(found) == 1 and found[0] in right for found in partners.values()):
                return Pairs(tuple(left), tuple(right), tuple(str(found[0]) for found in partners.values()))
        raise Unfit("not_one_to_one")
    everybody = [one for pair in pairs for one in pair]
    if len(groups) != 1 or len(set(everybody)) < len(everybody) or not set(everybody) <= set(groups[0]):
        raise Unfit("not_one_to_one")
    left = tuple(pair[0] for pair in pairs)
    return Pairs(left, tuple(one for one in groups[0] if one not in left), tuple(pair[1] for pair in pairs))


def _partner(one: str, pair: tuple[str, ...]) -> str:
    return pair[1] if pair[0] == one else pair[0]
