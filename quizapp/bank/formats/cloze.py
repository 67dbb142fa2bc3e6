"""The answers that stand inside the text of Moodle's embedded answers (cloze): {1:SHORTANSWER:=甲~乙}."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from decimal import Decimal

from quizapp.bank.formats.characters import clean
from quizapp.bank.formats.markup import to_html
from quizapp.bank.formats.short_answers import as_pattern, read_accepted
from quizapp.bank.formats.typed import Unfit

BLANK = "____"
_FIELD = re.compile(r"\{([0-9]{0,4}):([A-Z_]{1,40}):((?:\\.|[^\\{}])*)\}", re.DOTALL)
_SHORT_ANSWERS = frozenset({"SHORTANSWER", "SA", "MW", "SHORTANSWER_C", "SAC", "MWC"})
_ANSWER = re.compile(r"(?:(=)|%\s*(-?[0-9]{1,3}(?:\.[0-9]{0,9})?)\s*%)?(.*)", re.DOTALL)
_FEEDBACK = re.compile(r"(?<!&)#.*", re.DOTALL)
"""Not the # of an entity such as &#123;."""
_HIDDEN = re.compile(r"[\x0e-\x12]")
_SIGNS = "~=#}\\"


def read_fields(source: str) -> tuple[str, tuple[tuple[str, ...], ...], bool]:
    """The text with a blank for each field, the accepted texts of each, and whether one worth a part was left out.

    Raise Unfit where a field is no short answer.
    """
    key: list[tuple[str, ...]] = []
    is_partial = False
    for found in _FIELD.finditer(source):
        if found[2] not in _SHORT_ANSWERS:
            raise Unfit("type_unsupported", kind=f"cloze {found[2]}")
        texts, shares = _answers(found[3])
        accepted, left_out = read_accepted(texts, shares)
        key.append(accepted)
        is_partial = is_partial or left_out
    return _FIELD.sub(BLANK, source), tuple(key), is_partial


def write_fields(key: Sequence[Sequence[str]]) -> str:
    """HTML of one field a blank."""
    return " ".join(f"{{1:SHORTANSWER:{'~'.join('=' + _written(text) for text in texts)}}}" for texts in key)


def _written(text: str) -> str:
    marked = re.sub(r"[~=}\\]|(?<!&)#", r"\\\g<0>", to_html(as_pattern(text)))
    return marked.replace("{", "&#123;")


def _answers(field: str) -> tuple[list[str], list[Decimal]]:
    hidden = re.sub(r"\\([~=#}\\])", lambda found: chr(0x0E + _SIGNS.index(found[1])), field)
    texts, shares = [], []
    for part in hidden.split("~"):
        found = _ANSWER.fullmatch(_FEEDBACK.sub("", part).strip())
        if found:
            text = _HIDDEN.sub(lambda sign: _SIGNS[ord(sign[0]) - 0x0E], found[3])
            texts.append(clean(html.unescape(text)))
            shares.append(Decimal(100 if found[1] else found[2] or 0))
    return texts, shares
