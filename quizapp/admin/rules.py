"""What the site's settings may be. Pure."""

from __future__ import annotations

import re

from quizapp.contests.rules import contrast

LEAST_LOG_DAYS = 183
"""Six months: the Cybersecurity Law of the PRC, article 21 (3)."""
MOST_LOG_DAYS = 3650
READABLE = 4.5
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_VERIFICATION_NAME = re.compile(r"[A-Za-z0-9_-]{1,59}\.(?:txt|html)")
RESERVED_NAMES = frozenset({"index.html", "robots.txt"})


def normalise_colour(text: str) -> str | None:
    """#rrggbb in small letters; the # may be missing; empty stays empty; None for anything else."""
    colour = text.strip().lower()
    if not colour:
        return ""
    colour = colour if colour.startswith("#") else f"#{colour}"
    return colour if _COLOUR.fullmatch(colour) else None


def is_readable(colour: str) -> bool:
    """Whether white text on this ground, and this colour as text on white, can be read (WCAG 2.2, 1.4.3)."""
    return contrast(colour, "#ffffff") >= READABLE


def is_verification_name(name: str) -> bool:
    """A plain file name of letters, digits, - and _ that ends in .txt or .html."""
    return bool(_VERIFICATION_NAME.fullmatch(name)) and name.lower() not in RESERVED_NAMES
