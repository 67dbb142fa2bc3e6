"""What an export left out, in words."""

from __future__ import annotations

import pytest

from quizapp.bank.formats import FIELDS, ParsedOption, ParsedQuestion, write
from quizapp.bank.formats.losses import CHANGES, FIELD_NAMES, is_whole, sentence
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


@pytest.mark.parametrize("code", CHANGES)
def test_change_is_named_though_the_question_is_there(code: str) -> None:
    left_out = LeftOut(4, "题", code)
    assert not is_whole(left_out) and sentence(left_out).startswith("第 4 题“题”：")


def test_question_that_is_written_otherwise_is_listed_and_written() -> None:
    question = ParsedQuestion("row 1", "single", "一\n二", (ParsedOption("A", "甲"), ParsedOption("B", "乙")), ("A",))
    written = write([question], format="aiken")
    assert [(one.number, one.code) for one in written.left_out] == [(1, "line_ends")]
    assert "一 二" in written.content.decode()
