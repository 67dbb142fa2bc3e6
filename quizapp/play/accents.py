"""The colours of a page made from one accent, readable on light and on dark ground. Pure."""

from __future__ import annotations

from quizapp.contests.rules import contrast, text_on

READABLE = 4.6
"""A little over WCAG's 4.5, so that rounding to whole channels does not fall below."""
WHITE, BLACK = "#ffffff", "#000000"
LIGHT_GROUNDS = ("#faf8f4", "#ffffff")
DARK_GROUNDS = ("#14161a", "#1c1f25")


def accent_style(colour: str) -> str:
    """A style sheet that sets the accent's tokens for `colour` (#rrggbb) in light and dark.

    The colour is darkened (on dark ground lightened) until it can be read as text, so a contest's pale
    colour still gives readable words.
    """
    light_soft, dark_soft = mix(colour, WHITE, 0.9), mix(colour, DARK_GROUNDS[0], 0.8)
    light = _until_readable(colour, BLACK, (*LIGHT_GROUNDS, light_soft))
    dark = _until_readable(colour, WHITE, (*DARK_GROUNDS, dark_soft))
    return (
        f":root{{{_tokens(light, mix(light, BLACK, 0.2), light_soft)}{_banner(light, 0.3, 0.0)}}}\n"
        "@media (prefers-color-scheme:dark){"
        f":root{{{_tokens(dark, mix(dark, WHITE, 0.25), dark_soft)}{_banner(light, 0.55, 0.35)}}}}}\n"
    )


def _tokens(accent: str, strong: str, soft: str) -> str:
    return f"--accent:{accent};--accent-strong:{strong};--accent-soft:{soft};--on-accent:{text_on(accent)};"


def _banner(accent: str, first: float, second: float) -> str:
    shade = mix(accent, BLACK, second)
    return f"--banner-from:{mix(accent, BLACK, first)};--banner:{shade};--banner-to:{shade};"


def _until_readable(colour: str, towards: str, grounds: tuple[str, ...]) -> str:
    for step in range(21):
        shade = mix(colour, towards, step / 20)
        if all(contrast(shade, ground) >= READABLE for ground in grounds):
            return shade
    return towards


def mix(colour: str, other: str, share: float) -> str:
    """`colour` with a share (0 to 1) of `other` in each channel."""
    pairs = ((int(colour[place : place + 2], 16), int(other[place : place + 2], 16)) for place in (1, 3, 5))
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)
