"""Columns of a table told by what stands in them, for tables without a header or with one that lies.

Only what is certain is taken: one column of keys, one of stems, and options exactly where the keys point.
"""

from __future__ import annotations

from collections.abc import Sequence

from quizapp.bank.formats import answers
from quizapp.bank.formats.answers import LETTERS, BadKey
from quizapp.bank.formats.characters import fold
from quizapp.bank.formats.columns import Columns
from quizapp.bank.formats.kinds import kind_named
from quizapp.bank.formats.rows import Row, cell, column_letters
from quizapp.core.i18n import _

LEAST_ROWS = 3
_NEARLY_ALL = 0.95
_OFTEN = 0.3
_LEAST_STEM_LETTERS = 6
_MOST_OPTIONS = 8
_SAMPLE = 2_000


def columns_by_content(rows: Sequence[Row]) -> Columns | None:
    """Find key, stem, options and kind; None where anything about them is in doubt."""
    rows = [row for row in rows[:_SAMPLE] if sum(1 for text in row.cells if text) > 1]
    if len(rows) < LEAST_ROWS:
        return None
    width = max(len(row.cells) for row in rows)
    texts = [[cell(row, place) for row in rows] for place in range(width)]
    keys = [place for place in range(width) if _is_key_column(texts[place])]
    kinds = [place for place in range(width) if _is_kind_column(texts[place])]
    if len(keys) != 1 or len(kinds) > 1:
        return None
    stem = _stem_column(texts, {*keys, *kinds})
    if stem is None:
        return None
    places = _option_columns(texts, stem, keys[0])
    if places is None or not _keys_point_at(texts, keys[0], places):
        return None
    role = {"stem": stem, "answer": keys[0], **({"kind": kinds[0]} if kinds else {})}
    return Columns(role, dict(zip(LETTERS, places, strict=False)))


def looks_like_key(text: str) -> bool:
    """Letters from A to H, each once, or a word or sign for right or wrong."""
    if not text or len(text) > 24:
        return False
    if answers.read_truth(text, weak=False) is not None:
        return True
    try:
        return set(answers.read_letters(text, {}).letters) <= set("ABCDEFGH")
    except BadKey:
        return False


def describe(columns: Columns) -> dict[str, str]:
    """The columns' letters, as params of a problem."""
    places = sorted(columns.options.values())
    return {
        "stem": column_letters(columns.role["stem"]),
        "answer": column_letters(columns.role["answer"]),
        "options": _("、").join(map(column_letters, places)) or "—",
    }


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags)


def _is_key_column(texts: Sequence[str]) -> bool:
    return _share([looks_like_key(text) for text in texts]) >= _NEARLY_ALL


def _is_kind_column(texts: Sequence[str]) -> bool:
    return _share([bool(kind_named(text)) for text in texts]) >= _NEARLY_ALL


def _stem_column(texts: Sequence[Sequence[str]], taken: set[int]) -> int | None:
    """The one column of long texts that hardly ever repeat and never lack."""
    candidates = []
    for place, column in enumerate(texts):
        length = sum(map(len, column)) / len(column)
        is_full = _share([bool(text) for text in column]) == 1
        if place not in taken and is_full and length >= _LEAST_STEM_LETTERS and len(set(column)) >= 0.8 * len(column):
            candidates.append((length, place))
    candidates.sort(reverse=True)
    if not candidates or (len(candidates) > 1 and candidates[0][0] < 1.2 * candidates[1][0]):
        return None
    return candidates[0][1]


def _option_columns(texts: Sequence[Sequence[str]], stem: int, key: int) -> list[int] | None:
    """The columns from the stem to the key, or from the key on where it stands first; [] where there are none."""
    is_key_behind = key > stem + 1
    places = list(range(stem + 1, key)) if is_key_behind else [p for p in range(stem + 1, len(texts)) if p != key]
    places = [place for place in places if len({*texts[place]} - {""}) > 1]  # one word all over is a remark
    while places and _share([bool(text) for text in texts[places[-1]]]) < (0 if is_key_behind else _OFTEN):
        places.pop()
    if len(places) == 1 or len(places) > _MOST_OPTIONS:
        return None
    if not is_key_behind and places:
        lengths = sorted(sum(map(len, texts[place])) for place in places)
        if lengths[-1] > 3 * max(1, lengths[len(lengths) // 2]):
            return None
    return places


def _keys_point_at(texts: Sequence[Sequence[str]], key: int, places: Sequence[int]) -> bool:
    """Whether the letters of nearly every key have an option in their row."""
    good = []
    for row, answer in enumerate(texts[key]):
        if answers.read_truth(answer, weak=False) is not None and fold(answer) not in ("F", "T"):
            good.append(True)
            continue
        options = {LETTERS[n]: texts[place][row] for n, place in enumerate(places) if texts[place][row]}
        good.append(set(answers.read_letters(answer, {}).letters) <= set(options) if looks_like_key(answer) else False)
    return _share(good) >= _NEARLY_ALL
