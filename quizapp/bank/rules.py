"""The kinds of question: what a response may look like, and whether it is right. Pure.

A response is a list of texts in canonical form: for choice kinds the ids of the chosen options, for
true_false ["true"] or ["false"], for fill_in one text a blank, for ordering all option ids in the chosen order, for
matching pairs such as "A2" with each left id at most once; [] is no answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

CHOICE_KINDS = ("single", "multiple", "indefinite")
_NO_LETTER = re.compile(r"[\W_]")
"""What a punctuation mark may be, and no letter or digit is."""
BLANK_LETTERS = 200
"""The longest text a blank takes."""
FOLDED_LETTERS = 2 * BLANK_LETTERS
"""As many letters may come of it when it is folded; one letter may become eighteen."""


class BadResponse(Exception):
    """A response that this question cannot have; `code` says why and is stable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Marked:
    points_hundredths: int
    is_right: bool


def check_response(*, kind: str, option_ids: Collection[str], blanks: int, response: Any) -> list[str]:
    """Return the response in canonical form, or raise BadResponse.

    Codes: not_a_list, unknown_option, repeated_option, too_many_options, options_missing, wrong_blanks, too_long.
    Chosen options and pairs are put in order, so that equal choices are equal responses.
    """
    if not isinstance(response, list) or not all(isinstance(part, str) for part in response):
        raise BadResponse("not_a_list")
    if not response:
        return []
    if kind == "fill_in":
        return _check_blanks(blanks, response)
    if kind == "matching":
        return _check_pairs(option_ids, response)
    allowed = ("true", "false") if kind == "true_false" else option_ids
    if any(part not in allowed for part in response):
        raise BadResponse("unknown_option")
    if len(set(response)) != len(response):
        raise BadResponse("repeated_option")
    if kind in ("single", "true_false") and len(response) > 1:
        raise BadResponse("too_many_options")
    if kind == "ordering":
        if len(response) != len(option_ids):
            raise BadResponse("options_missing")
        return response
    return sorted(response)


def sides(option_ids: Iterable[str]) -> tuple[list[str], list[str]]:
    """The ids of a matching question: those on the left (letters) and those on the right (numbers), in order."""
    ids = list(option_ids)
    return [option_id for option_id in ids if not option_id.isdigit()], [
        option_id for option_id in ids if option_id.isdigit()
    ]


def split_pair(pair: str) -> tuple[str, str]:
    """The ids on the left and on the right of a pair such as "A2"."""
    left = pair.rstrip("0123456789")
    return left, pair[len(left) :]


def _check_pairs(option_ids: Iterable[str], response: list[str]) -> list[str]:
    left, right = sides(option_ids)
    allowed = {one + other for one in left for other in right}
    if any(pair not in allowed for pair in response):
        raise BadResponse("unknown_option")
    if len({split_pair(pair)[0] for pair in response}) != len(response):
        raise BadResponse("repeated_option")
    return sorted(response)


def _check_blanks(blanks: int, response: list[str]) -> list[str]:
    if len(response) != blanks:
        raise BadResponse("wrong_blanks")
    if any(len(text) > BLANK_LETTERS or len(_fold_width(text)) > FOLDED_LETTERS for text in response):
        raise BadResponse("too_long")
    texts = ["".join(letter for letter in text if letter.isprintable()).strip() for text in response]
    return texts if any(texts) else []


def is_right(*, kind: str, key: Sequence[Any], response: Sequence[str]) -> bool:
    """Whether a canonical response is the whole right answer; no answer is never right.

    `key` is as in models.QuestionRevision: for fill_in the accepted texts of each blank.
    """
    if not response:
        return False
    if kind == "ordering":
        return list(response) == list(key)
    if kind != "fill_in":
        return set(response) == set(key)
    return len(response) == len(key) and all(
        normalise_text(text) in _normalise_all(tuple(accepted_texts))
        for text, accepted_texts in zip(response, key, strict=True)
    )


def mark(*, kind: str, key: Sequence[Any], response: Sequence[str], points_hundredths: int) -> Marked:
    """Mark by the exact rule (少选、多选、错选均不得分): all the points for the whole right answer, else none."""
    right = is_right(kind=kind, key=key, response=response)
    return Marked(points_hundredths if right else 0, right)


@lru_cache(maxsize=4096)
def _normalise_all(texts: tuple[str, ...]) -> frozenset[str]:
    """The accepted texts of a blank, kept: they are the same for everybody who answers."""
    return frozenset(map(normalise_text, texts))


def normalise_text(text: str) -> str:
    """Fold what must not decide a fill-in answer: width, case, spaces and punctuation.

    Punctuation between two digits stays, since 3.5 is not 35. A minus before a digit stays too.
    """
    folded = "".join(_fold_width(text).casefold().split())
    if folded.isalnum():
        return folded
    return _NO_LETTER.sub(_unless_mark, folded) or folded


def _unless_mark(found: re.Match[str]) -> str:
    """Nothing for a punctuation mark, unless its neighbours make it part of a number; any other sign as it is."""
    sign, place, text = found[0], found.start(), found.string
    if unicodedata.category(sign)[0] != "P":
        return sign
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    between_digits = before.isdigit() and after.isdigit()
    is_minus = sign in "-−" and after.isdigit() and not before
    return sign if between_digits or is_minus else ""


def _fold_width(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def stem_hash(stem: str, passage: str = "") -> str:
    """64 hex digits, equal for stems that differ only in width, case, spaces and punctuation.

    Questions on different cases differ, also when both ask 下列说法正确的是.
    """
    return sha256(normalise_text(passage + stem).encode("utf-8", "surrogatepass")).hexdigest()


def search_text(texts: Iterable[str]) -> str:
    """What a question says, folded as words looked for are: width and case make no difference."""
    return fold_for_search("\n".join(text for text in texts if text))


def fold_for_search(text: str) -> str:
    return _fold_width(text).casefold()
