from __future__ import annotations

import re

import pytest

from quizapp.contests.rules import contrast
from quizapp.play.accents import accent_style, mix

COLOURS = ("#b3261e", "#ffd27a", "#000000", "#ffffff", "#7f7f7f", "#00ff00", "#1f5fa8")


def tokens(style: str) -> list[dict[str, str]]:
    """The tokens of the light and of the dark theme."""
    return [dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{6})", block)) for block in style.split("@media")]


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(("theme", "ground"), [(0, "#faf8f4"), (1, "#14161a")])
def test_an_accent_can_be_read_on_its_grounds(colour: str, theme: int, ground: str) -> None:
    found = tokens(accent_style(colour))[theme]
    for over, under in (
        (found["accent"], ground),
        (found["accent"], found["accent-soft"]),
        (found["on-accent"], found["accent"]),
        ("#ffffff", found["banner-from"]),
        ("#ffffff", found["banner-to"]),
    ):
        assert contrast(over, under) >= 4.5, (over, under)


def test_a_readable_accent_stays_as_it_is() -> None:
    assert tokens(accent_style("#b3261e"))[0]["accent"] == "#b3261e"


def test_mixing_goes_from_one_colour_to_the_other() -> None:
    assert [mix("#000000", "#ff8000", share) for share in (0, 0.5, 1)] == ["#000000", "#804000", "#ff8000"]
