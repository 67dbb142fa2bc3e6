"""The pictures and recordings that the texts of a question show: those in the file are taken, none is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from quizapp.bank.formats.characters import shorten
from quizapp.bank.formats.markup import Reference, embedded
from quizapp.bank.formats.parsed import ParsedMedia

_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//|mailto:|file:", re.IGNORECASE)
_PLUGIN_FILE = "@@PLUGINFILE@@/"

Fault = tuple[str, dict[str, str]]
"""Code and params of a problem."""


def attached(
    references: Iterable[Reference], *, at: str, files: Mapping[str, bytes | None]
) -> tuple[list[ParsedMedia], list[Fault]]:
    """The media at one place of a question, and what is missing there.

    `files`: name → content, None for one that is damaged.
    """
    media: list[ParsedMedia] = []
    missing: list[Fault] = []
    for reference in references:
        source = reference.source
        if reference.kind == "other":
            missing.append(("media_unsupported", {"source": shorten(source)}))
        elif source[:5].lower() == "data:":
            content = embedded(source)
            if content is None:
                missing.append(("media_damaged", {"source": shorten(source)}))
            else:
                media.append(ParsedMedia(at, content, reference.kind, reference.alt))
        elif _ADDRESS.match(source):
            missing.append(("media_linked", {"source": shorten(source, 80)}))
        else:
            name = unquote(source.removeprefix(_PLUGIN_FILE).partition("?")[0]).lstrip("/")
            content = files.get(name)
            if content is None:
                missing.append(("media_damaged" if name in files else "media_missing", {"source": shorten(name)}))
            else:
                media.append(ParsedMedia(at, content, reference.kind, reference.alt))
    return media, missing
