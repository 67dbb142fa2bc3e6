"""What somebody enters under who does not want to be seen on a board."""

from __future__ import annotations

import pytest

from quizapp.contests.rules import INVISIBLE_LETTERS, BadName, clean_name


@pytest.mark.parametrize("name", [*INVISIBLE_LETTERS, INVISIBLE_LETTERS, "\u3164\u200d", "\u2800 \u2800"])
def test_a_name_of_which_nothing_is_seen_is_refused(name: str) -> None:
    with pytest.raises(BadName) as refused:
        clean_name(name, letters=16)
    assert refused.value.code == "bad_characters"


@pytest.mark.parametrize("name", ["小\u3164明", "⠓⠊", "김\u115f", "👩\u200d🌾"])
def test_letters_beside_them_make_a_name(name: str) -> None:
    assert clean_name(name, letters=16)
