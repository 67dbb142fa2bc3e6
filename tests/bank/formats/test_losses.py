"""What an export left out, in words."""

from __future__ import annotations

import pytest

from quizapp.bank.formats import FIELDS
from quizapp.bank.formats.losses import FIELD_NAMES, is_whole, sentence
from quizapp.bank.formats.parsed import LeftOut


def test_every_field_has_a_name() -> None:
    assert set(FIELD_NAMES) == set(FIELDS)


@pytest.mark.parametrize("field", FIELDS)
def test_field_is_named_with_what_it_was(field: str) -> None:
    left_out = LeftOut(3, "国家的根本法", field, "甲")
    assert not is_whole(left_out)
    assert sentence(left_out) == f"第 3 题“国家的根本法”没有带上{FIELD_NAMES[field]}：甲。"


@pytest.mark.parametrize(
    ("left_out", "words"),
    [
        (LeftOut(1, "题", "kind", "matching"), "第 1 题“题”没有导出：这种格式没有“匹配题”这种题型。"),
        (LeftOut(2, "题", "text_too_long"), "第 2 题“题”没有导出：文字太长，一个单元格写不下。"),
    ],
)
def test_whole_question_is_named_with_the_reason(left_out: LeftOut, words: str) -> None:
    assert is_whole(left_out) and sentence(left_out) == words
