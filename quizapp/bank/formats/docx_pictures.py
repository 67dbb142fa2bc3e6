"""Pictures of a document: a token holds their place while the text is cut into questions.

The token is readable, since a person who mends a row sees it and may move it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from quizapp.bank.formats.characters import clean, shorten
from quizapp.bank.formats.parsed import ParsedMedia, ParsedOption, ParsedQuestion, Problem

_TOKEN = re.compile(r"⟦图([0-9]{1,6})⟧")
_UNREADABLE = "⟦图：{}⟧"
_IS_UNREADABLE = re.compile(r"⟦图：([^⟦⟧]{1,40})⟧")
_BRACKETS = str.maketrans("⟦⟧", "[]")
MOST_PICTURES = 10_000
_STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
STEM_OF_A_PICTURE = "（见图）"


@dataclass(frozen=True, slots=True)
class Relationship:
    target: str
    """The name of the part in the zip; an address where it is outside."""
    is_outside: bool = False


@dataclass(slots=True)
class Pictures:
    parts: Mapping[str, bytes]
    relationships: Mapping[str, Relationship]
    taken: list[ParsedMedia] = field(default_factory=list)

    def token(self, identity: str, description: str) -> str:
        """What stands in the text for the picture of a relationship; nothing outside the file is fetched."""
        relationship = self.relationships.get(identity)
        if relationship is None or len(self.taken) >= MOST_PICTURES:
            return _UNREADABLE.format("?")
        content = self.parts.get(relationship.target)
        name = relationship.target.rpartition("/")[2].translate(_BRACKETS)
        if relationship.is_outside or content is None:
            return _UNREADABLE.format(shorten(name, 30) or "?")
        if not content.startswith(_STARTS) and content[8:12] != b"WEBP":
            return _UNREADABLE.format(shorten(name, 30))
        self.taken.append(ParsedMedia("", content, alt=shorten(description, 300)))
        return f"⟦图{len(self.taken)}⟧"

    def attach(self, question: ParsedQuestion) -> tuple[ParsedQuestion | None, list[Problem]]:
        """Take the tokens out of the texts and hang the pictures where they stood.

        A question that needs a picture nobody can show is none; one that only explains with it is told.
        """
        key_text = " ".join(part if isinstance(part, str) else " ".join(part) for part in question.key)
        needed = [question.stem, question.passage, key_text, *(option.text for option in question.options)]
        lost = next((found for text in needed if (found := _IS_UNREADABLE.search(text))), None)
        params = {"stem": shorten(_without_tokens(question.stem), 24) or STEM_OF_A_PICTURE}
        if lost:
            return None, [Problem(question.where, "picture_unreadable", {**params, "name": lost[1]})]
        problems: list[Problem] = []
        lost = _IS_UNREADABLE.search(question.explanation)
        if lost:
            problems.append(Problem(question.where, "picture_left_out", {**params, "name": lost[1]}, "warning"))
        if "⟦图" not in "".join((*needed, question.explanation)):
            return question, problems
        media = [
            replace(self.taken[number - 1], at=at)
            for at, text in (
                ("stem", question.stem),
                ("passage", question.passage),
                *((option.id, option.text) for option in question.options),
                ("explanation", f"{key_text} {question.explanation}"),
            )
            for number in map(int, _TOKEN.findall(text))
            if 0 < number <= len(self.taken)
        ]
        return replace(
            question,
            stem=_without_tokens(question.stem) or STEM_OF_A_PICTURE,
            passage=_without_tokens(question.passage),
            options=tuple(ParsedOption(option.id, _without_tokens(option.text)) for option in question.options),
            key=tuple(
                _without_tokens(part) if isinstance(part, str) else tuple(map(_without_tokens, part))
                for part in question.key
            ),  # type: ignore[arg-type]  # the parts are of one kind, as before
            explanation=_without_tokens(question.explanation),
            media=(*question.media, *media),
        ), problems


def _without_tokens(text: str) -> str:
    return clean(_IS_UNREADABLE.sub("", _TOKEN.sub("", text))) if "⟦图" in text else text
