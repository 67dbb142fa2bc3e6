"""Characters of question files: what is folded, what is dropped, at what cost."""

from __future__ import annotations

import time

import pytest

from quizapp.bank.formats.characters import clean


@pytest.mark.parametrize("space", [" ", "\t", "\u3000", "\u00a0", "\n"])
def test_very_much_space_takes_no_more_time_than_its_length(space: str) -> None:
    text = "\u00a0题" + space * 300_000 + "目\n"
    began = time.process_time()
    assert clean(text).replace(space, "").replace(" ", "") == "题目"
    assert time.process_time() - began < 1


def test_space_at_the_end_of_lines_goes() -> None:
    assert clean("\u00a0甲 \t\u3000\n\u3000乙\u00a0 \n丙") == "甲\n\u3000乙\n丙"
