"""Short texts for what live memory keeps of a paper, a response and a person's history. Pure.

A hash stays small in Redis as long as no value is longer than 64 bytes, so longer texts are cut into parts.

paper      "17BADC,4,9DCBA": question ids in the order shown, each with its options in the order shown, named by
           their places in the kit (A the first); nothing for options in the kit's order. Of matching only what
           is on the right, named by its place there: the left stands in the kit's order
response   chosen or ordered options named likewise ("AC"), "t" or "f", the texts of the blanks joined by U+001F,
           or for each on the left of matching the one on the right, "-" for none ("BA-C")
history    for each number of times seen, the distances between the sorted question ids in digits of base 32
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from quizapp.bank.rules import sides, split_pair
from quizapp.contests.kit import Kit, KitQuestion
from quizapp.contests.rules import DrawnQuestion

PLACES = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
UNMATCHED = "-"
PART_LETTERS = 60
BLANK_SEPARATOR = "\x1f"
DIGITS = "0123456789abcdefghijklmnopqrstuv"
"""The last digit of a number is a capital letter or one of LAST, so that numbers need no separator."""
LAST = "ABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&*"


def pack_paper(*, kit: Kit, paper: Sequence[DrawnQuestion]) -> str:
    return ",".join(f"{drawn.question_id}{_order(kit.questions[drawn.question_id], drawn)}" for drawn in paper)


def _order(question: KitQuestion, drawn: DrawnQuestion) -> str:
    ids, shown = [option_id for option_id, _text in question.options], list(drawn.option_ids)
    if question.kind == "matching":
        ids, shown = sides(ids)[1], sides(shown)[1]
    return "" if shown == ids else _names(ids, shown)


def _names(ids: Sequence[str], wanted: Iterable[str]) -> str:
    return "".join(PLACES[ids.index(option_id)] for option_id in wanted)


def unpack_paper(*, kit: Kit, packed: str) -> tuple[DrawnQuestion, ...]:
    """The paper again; points follow from the place, since sections stand in order with their numbers."""
    points = [section.points_hundredths for section in kit.sections for _ in range(section.count)]
    return tuple(_unpack_drawn(kit, item, worth) for item, worth in zip(packed.split(","), points, strict=True))


def _unpack_drawn(kit: Kit, item: str, points_hundredths: int) -> DrawnQuestion:
    number = item.rstrip(PLACES)
    question = kit.questions[int(number)]
    left: list[str] = []
    ids = [option_id for option_id, _text in question.options]
    if question.kind == "matching":
        left, ids = sides(ids)
    order = item[len(number) :]
    shown = [ids[PLACES.index(place)] for place in order] if order else ids
    return DrawnQuestion(question.id, question.revision, points_hundredths, (*left, *shown))


def pack_response(*, question: KitQuestion, response: Sequence[str]) -> str:
    """A canonical response as a text; "" for no answer."""
    if question.kind == "fill_in":
        return BLANK_SEPARATOR.join(response)
    if question.kind == "true_false":
        return response[0][0] if response else ""
    ids = [option_id for option_id, _text in question.options]
    if question.kind == "matching":
        return _pack_pairs(ids, response) if response else ""
    return _names(ids, response)


def _pack_pairs(ids: Sequence[str], pairs: Sequence[str]) -> str:
    left, right = sides(ids)
    matches = dict(map(split_pair, pairs))
    return "".join(PLACES[right.index(matches[one])] if one in matches else UNMATCHED for one in left)


def unpack_response(*, question: KitQuestion, packed: str) -> list[str]:
    if not packed:
        return []
    if question.kind == "fill_in":
        return packed.split(BLANK_SEPARATOR)
    if question.kind == "true_false":
        return ["true" if packed == "t" else "false"]
    ids = [option_id for option_id, _text in question.options]
    if question.kind == "matching":
        left, right = sides(ids)
        named = zip(left, packed, strict=False)
        return [f"{one}{right[PLACES.index(name)]}" for one, name in named if name != UNMATCHED]
    return [ids[PLACES.index(place)] for place in packed]


def pack_history(seen: Mapping[int, int]) -> str:
    """How often each question was seen, e.g. {5: 1, 9: 1, 7: 2} → "5… 4…;2=7…"."""
    by_times: defaultdict[int, list[int]] = defaultdict(list)
    for question_id, times in seen.items():
        by_times[times].append(question_id)
    groups = []
    for times, ids in sorted(by_times.items()):
        ids.sort()
        steps = [after - before for before, after in zip([0, *ids], ids, strict=False)]
        groups.append(f"{times}=" + "".join(map(_number, steps)))
    return ";".join(groups)


def unpack_history(packed: str) -> dict[int, int]:
    seen: dict[int, int] = {}
    for group in packed.split(";") if packed else ():
        times, _equals, text = group.partition("=")
        question_id = 0
        for step in _numbers(text):
            question_id += step
            seen[question_id] = int(times)
    return seen


def _number(value: int) -> str:
    value, last = divmod(value, 32)
    digits = ""
    while value:
        value, digit = divmod(value, 32)
        digits = DIGITS[digit] + digits
    return digits + LAST[last]


def _numbers(text: str) -> Iterable[int]:
    value = 0
    for letter in text:
        place = LAST.find(letter)
        if place < 0:
            value = value * 32 + DIGITS.index(letter)
        else:
            yield value * 32 + place
            value = 0


def parts(text: str) -> list[str]:
    """The text cut into pieces that a small hash can hold; none for an empty one."""
    return [text[start : start + PART_LETTERS] for start in range(0, len(text), PART_LETTERS)]
