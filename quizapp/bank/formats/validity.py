"""Whether a question read from a format with types holds together: options, key, lengths.

Readers of tables and texts judge drafts instead (`draft`), since they must first find out what is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from quizapp.bank.formats.answers import LETTERS, count_blanks
from quizapp.bank.formats.characters import fold, shorten
from quizapp.bank.formats.details import LONGEST_ARTICLE, LONGEST_LAW, LONGEST_TOPIC, MOST_POINTS_HUNDREDTHS
from quizapp.bank.formats.draft import LONGEST_TEXT
from quizapp.bank.formats.parsed import ParsedQuestion, Severity
from quizapp.bank.languages import is_language
from quizapp.bank.rules import BLANK_LETTERS, CHOICE_KINDS, sides

LONGEST_ALT = 500
_SHORT = 24


@dataclass(frozen=True, slots=True)
class Fault:
    """`path` is the field as documented for JSON, e.g. options[1].text; `code` and `params` are those of a problem."""

    path: str
    code: str
    params: dict[str, str] = field(default_factory=dict)
    severity: Severity = "error"


def faults(question: ParsedQuestion) -> list[Fault]:
    """Everything that keeps the question out of a bank, and what is worth a look; texts are cleaned already."""
    return [*_texts(question), *_options(question), *_KEYS[question.kind](question), *_details(question)]


def _stem(question: ParsedQuestion) -> dict[str, str]:
    return {"stem": shorten(question.stem, _SHORT)}


def _texts(question: ParsedQuestion) -> Iterator[Fault]:
    if not question.stem:
        yield Fault("stem", "no_stem", {"text": shorten(" ".join(option.text for option in question.options))})
    texts = {
        "stem": question.stem,
        "explanation": question.explanation,
        "passage": question.passage,
        **{f"options[{place}].text": option.text for place, option in enumerate(question.options)},
        **{f"rubric[{place}].text": criterion.text for place, criterion in enumerate(question.rubric)},
    }
    if question.kind == "short_text" and question.key:
        texts["key[0]"] = str(question.key[0])
    for translation in question.translations:
        path = f"translations.{translation.language}"
        texts |= {f"{path}.{name}": getattr(translation, name) for name in ("stem", "explanation", "passage")}
        texts |= {f"{path}.options.{option.id}": option.text for option in translation.options}
    for path, text in texts.items():
        if len(text) > LONGEST_TEXT:
            yield Fault(path, "text_too_long", {"text": shorten(text), "limit": str(LONGEST_TEXT)})


# Options ------------------------------------------------------------------------------------------------------


def _options(question: ParsedQuestion) -> Iterator[Fault]:
    ids = [option.id for option in question.options]
    shown = {medium.at for medium in question.media if medium.kind == "picture"}
    for place, option in enumerate(question.options):
        if not _fits(option.id, question.kind):
            yield Fault(f"options[{place}].id", "bad_option_id", _stem(question) | {"id": shorten(option.id, 20)})
        elif option.id in ids[:place]:
            yield Fault(f"options[{place}].id", "option_letter_repeated", _stem(question) | {"letter": option.id})
        if not option.text and option.id not in shown:
            yield Fault(f"options[{place}].text", "option_empty", _stem(question) | {"letter": option.id})
    if question.kind in (*CHOICE_KINDS, "ordering", "matching"):
        yield from _count(question, ids)
    elif ids:
        yield Fault("options", "options_not_expected", _stem(question))


def _fits(option_id: str, kind: str) -> bool:
    is_right_side = kind == "matching" and option_id.isdecimal() and option_id == str(int(option_id)) != "0"
    return is_right_side or (len(option_id) == 1 and option_id in LETTERS)


def _count(question: ParsedQuestion, ids: Sequence[str]) -> Iterator[Fault]:
    for side in sides(ids) if question.kind == "matching" else (ids,):
        if len(side) < 2:
            yield Fault("options", "too_few_options", _stem(question) | {"count": str(len(side))})
        if len(side) > len(LETTERS):
            yield Fault("options", "too_many_options", _stem(question) | {"count": str(len(side))})
        same: dict[str, list[str]] = {}
        for option in question.options:
            if option.id in side and option.text:
                same.setdefault(fold(option.text), []).append(option.id)
        for letters in same.values():
            if len(letters) > 1:
                yield Fault("options", "equal_options", _stem(question) | {"letters": "、".join(letters)}, "warning")


# Keys ---------------------------------------------------------------------------------------------------------


def _choice(question: ParsedQuestion) -> Iterator[Fault]:
    key = [str(part) for part in question.key]
    answer = _stem(question) | {"answer": shorten("、".join(key))}
    if not key:
        yield Fault("key", "no_key", _stem(question))
    elif len(set(key)) < len(key):
        yield Fault("key", "key_repeats", answer)
    elif missing := [letter for letter in key if letter not in [option.id for option in question.options]]:
        yield Fault("key", "key_without_option", answer | {"missing": "、".join(missing)})
    elif question.kind == "single" and len(key) > 1:
        yield Fault("key", "one_key_expected", answer)
    elif question.kind == "multiple" and len(key) < 2:
        yield Fault("key", "several_keys_expected", answer)


def _truth(question: ParsedQuestion) -> Iterator[Fault]:
    if not question.key:
        yield Fault("key", "no_key", _stem(question))
    elif question.key not in (("true",), ("false",)):
        answer = shorten("、".join(str(part) for part in question.key))
        yield Fault("key", "bad_truth", _stem(question) | {"answer": answer})


def _blanks(question: ParsedQuestion) -> Iterator[Fault]:
    key = [part if isinstance(part, tuple) else (part,) for part in question.key]
    blanks = count_blanks(question.stem)
    if not key:
        yield Fault("key", "no_key", _stem(question))
    elif not all(key) or not all(text for accepted in key for text in accepted) or blanks not in (0, len(key)):
        answer = shorten("；".join("|".join(accepted) for accepted in key))
        yield Fault("key", "blanks_differ", _stem(question) | {"blanks": str(blanks), "answer": answer})
    for place, accepted in enumerate(key):
        if any(len(text) > BLANK_LETTERS for text in accepted):
            yield Fault(f"key[{place}]", "blank_too_long", {"limit": str(BLANK_LETTERS)})


def _order(question: ParsedQuestion) -> Iterator[Fault]:
    if not question.key:
        yield Fault("key", "no_key", _stem(question))
    elif sorted(map(str, question.key)) != sorted(option.id for option in question.options):
        answer = shorten("、".join(map(str, question.key)))
        yield Fault("key", "order_incomplete", _stem(question) | {"answer": answer})


def _pairs(question: ParsedQuestion) -> Iterator[Fault]:
    left, right = sides(option.id for option in question.options)
    pairs = [str(pair) for pair in question.key]
    known = {one + other for one in left for other in right}
    if not pairs:
        yield Fault("key", "no_key", _stem(question))
    elif [pair[:1] for pair in pairs] != left or not set(pairs) <= known:
        yield Fault("key", "pairs_incomplete", _stem(question) | {"answer": shorten("、".join(pairs))})


def _reference(question: ParsedQuestion) -> Iterator[Fault]:
    if len(question.key) > 1 or not all(question.key):
        yield Fault("key", "one_reference_expected", _stem(question))


_KEYS: dict[str, Callable[[ParsedQuestion], Iterator[Fault]]] = {
    "single": _choice,
    "multiple": _choice,
    "indefinite": _choice,
    "true_false": _truth,
    "fill_in": _blanks,
    "ordering": _order,
    "matching": _pairs,
    "short_text": _reference,
}


# Around the key -----------------------------------------------------------------------------------------------


def _details(question: ParsedQuestion) -> Iterator[Fault]:
    for place, citation in enumerate(question.citations):
        path = f"citations[{place}]"
        if not citation.law:
            yield Fault(f"{path}.law", "field_empty")
        yield from _length(f"{path}.law", citation.law, LONGEST_LAW)
        yield from _length(f"{path}.article", citation.article, LONGEST_ARTICLE)
    for place, topic in enumerate(question.topics):
        if not topic:
            yield Fault(f"topics[{place}]", "field_empty")
        yield from _length(f"topics[{place}]", topic, LONGEST_TOPIC)
    if question.difficulty not in (None, 1, 2, 3):
        yield Fault("difficulty", "bad_difficulty_number", {"text": str(question.difficulty)})
    yield from _points("points_hundredths", question.points_hundredths)
    if question.rubric and question.kind != "short_text":
        yield Fault("rubric", "rubric_not_expected", _stem(question))
    for place, criterion in enumerate(question.rubric):
        if not criterion.text:
            yield Fault(f"rubric[{place}].text", "field_empty")
        yield from _points(f"rubric[{place}].points_hundredths", criterion.points_hundredths)
    yield from _media(question)
    yield from _translations(question)


def _length(path: str, text: str, limit: int) -> Iterator[Fault]:
    if len(text) > limit:
        yield Fault(path, "text_too_long", {"text": shorten(text), "limit": str(limit)})


def _points(path: str, points: int | None) -> Iterator[Fault]:
    if points is not None and not 0 <= points <= MOST_POINTS_HUNDREDTHS:
        yield Fault(path, "points_out_of_range", {"limit": str(MOST_POINTS_HUNDREDTHS)})


def _media(question: ParsedQuestion) -> Iterator[Fault]:
    places = {"stem", "explanation", "passage", *(option.id for option in question.options)}
    for place, medium in enumerate(question.media):
        if medium.at not in places:
            yield Fault(f"media[{place}].at", "medium_without_place", {"at": shorten(medium.at, 20)})
        if not medium.content:
            yield Fault(f"media[{place}].content", "field_empty")
        yield from _length(f"media[{place}].alt", medium.alt, LONGEST_ALT)


def _translations(question: ParsedQuestion) -> Iterator[Fault]:
    ids = {option.id for option in question.options}
    seen: set[str] = set()
    for translation in question.translations:
        path = f"translations.{shorten(translation.language, 20)}"
        if not is_language(translation.language) or translation.language in seen:
            yield Fault(path, "bad_language", {"language": shorten(translation.language, 20)})
        seen.add(translation.language)
        if not translation.stem:
            yield Fault(f"{path}.stem", "field_empty")
        for option in translation.options:
            if option.id not in ids:
                yield Fault(f"{path}.options", "option_unknown", {"id": shorten(option.id, 20)})
