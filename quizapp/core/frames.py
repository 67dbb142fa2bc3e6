"""Pages of which most is the same for everybody: that part is rendered once, with slots for what is a reader's own.

A template writes a slot as any other value. What goes into slots (names, tokens, codes, the moment, figures) is given
anew for every request and kept nowhere.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Hashable, Mapping

from flask import Flask, current_app, request
from flask_babel import get_locale
from markupsafe import escape

KEPT = 64
_MARK = secrets.token_hex(16)
"""By which slots are found again. No reader ever sees it, so that no text can pretend to be one."""
_SLOT = re.compile(rf"{_MARK}(\w+);")


def slot(name: str) -> str:
    """What a template is given in place of a value that `Frame.fill` will be told."""
    return f"{_MARK}{name};"


class Frame:
    """A rendered page with slots."""

    def __init__(self, page: str) -> None:
        self._parts = _SLOT.split(page)

    def fill(self, values: Mapping[str, object]) -> str:
        """The page, with a value for each of its slots; what is not Markup is escaped."""
        parts = self._parts.copy()
        parts[1::2] = [escape(values[name]) for name in parts[1::2]]
        return "".join(parts)


class Frames:
    """The newest frame of each kind, as long as it is made of what it was made of."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[object, Frame]] = {}
        self.shared: list[Callable[[], object]] = []
        """What these return is among what every frame is made of."""

    def get(self, kind: Hashable, *, made_of: object, render: Callable[[], str]) -> Frame:
        """The kept frame of a kind if it was made of equal things, else a new one, which replaces it.

        `kind` says for which of the readers that come in turns it is, but for their language; `made_of` must hold
        everything else that `render` uses.
        """
        kind = (str(get_locale()), request.script_root, kind)
        made_of = (made_of, [look() for look in self.shared])
        kept = self._kept.get(kind)
        if kept is not None and kept[0] == made_of:
            return kept[1]
        frame = Frame(render())
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[kind] = (made_of, frame)
        return frame


def init_app(app: Flask) -> None:
    app.extensions["quizapp.frames"] = Frames()


def share(app: Flask, look: Callable[[], object]) -> None:
    """Let every frame be made of what `look` returns, too: every page shows it."""
    app.extensions["quizapp.frames"].shared.append(look)


def get_frames() -> Frames:
    """The running app's frames."""
    frames: Frames = current_app.extensions["quizapp.frames"]
    return frames
