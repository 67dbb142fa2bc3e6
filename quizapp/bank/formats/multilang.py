"""One text in several languages, as Moodle's filters part them: spans of class multilang, or {mlang xx}…{mlang}."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from quizapp.bank.formats.markup import to_html

CHINESE = ("zh-CN", "zh-Hans", "zh")
"""What the main language is called, best first."""
_MLANG = re.compile(r"\{mlang\s+([a-zA-Z0-9_,\s-]{2,100})\}(.*?)\{mlang\}", re.DOTALL | re.IGNORECASE)
_SPAN = re.compile(
    r"<span\b(?=[^<>]*\bclass\s*=\s*[\"']multilang[\"'])[^<>]*\blang\s*=\s*[\"']([a-zA-Z0-9_-]{1,20})[\"'][^<>]*>"
)
_ANY_SPAN = re.compile(r"<(/?)span\b[^<>]*>", re.IGNORECASE)
_OTHER = "other"


@dataclass(frozen=True, slots=True)
class Languages:
    """A marked-up text cut where it changes its language: shared parts, and groups of one part a language."""

    parts: tuple[str | Mapping[str, str], ...]

    @property
    def codes(self) -> list[str]:
        """Each language once, in the order of the text."""
        return list(dict.fromkeys(code for part in self.parts if not isinstance(part, str) for code in part))

    def in_language(self, code: str) -> str:
        """The text for readers of one language; a group that lacks it gives its own first."""
        return "".join(
            part if isinstance(part, str) else part.get(code, part.get(_OTHER, next(iter(part.values()))))
            for part in self.parts
        )


def read_languages(source: str) -> Languages:
    """Cut a text into its languages; one without any is one shared part."""
    if "{mlang" in source.lower():
        found = [(match.start(), match.end(), match[1], match[2]) for match in _MLANG.finditer(source)]
    else:
        found = list(_spans(source)) if "multilang" in source else []
    parts: list[str | dict[str, str]] = []
    at = 0
    for start, end, names, text in found:
        codes = [_OTHER if name.strip().lower() == _OTHER else language_code(name) for name in names.split(",")]
        between, group = source[at:start], parts[-1] if parts else None
        if isinstance(group, dict) and not between.strip() and not set(codes) & set(group):
            group |= dict.fromkeys(codes, text)
        else:
            parts += [between, dict.fromkeys(codes, text)]
        at = end
    return Languages((*parts, source[at:]))


def main_language(codes: Iterable[str]) -> str:
    """The language that is Chinese, or else the first; "" without any."""
    named = [code for code in codes if code != _OTHER]
    best = [code for code in CHINESE if code in named] or [code for code in named if code.startswith("zh")]
    return (best or named or [""])[0]


def language_code(name: str) -> str:
    """zh_cn, EN-us → zh-CN, en-US: as BCP 47 writes it."""
    first, *rest = name.strip().replace("_", "-").split("-")
    return "-".join([first.lower(), *(part.title() if len(part) == 4 else part.upper() for part in rest)])


def shown(text: str) -> str:
    """HTML of a plain text in which no filter of Moodle finds anything to do."""
    return to_html(text).replace("{", "&#123;")


def write_languages(text: str, others: Mapping[str, str]) -> str:
    """HTML of a text and what it is in other languages."""
    if not any(others.values()):
        return shown(text)
    texts = {CHINESE[0]: text, **{code: other for code, other in others.items() if other}}
    return "".join(f'<span lang="{code}" class="multilang">{shown(words)}</span>' for code, words in texts.items())


def _spans(source: str) -> Iterable[tuple[int, int, str, str]]:
    at = 0
    while found := _SPAN.search(source, at):
        depth, end = 1, None
        for tag in _ANY_SPAN.finditer(source, found.end()):
            depth += -1 if tag[1] else 1
            if depth == 0:
                end = tag
                break
        if end is None:
            return
        yield found.start(), end.end(), found[1], source[found.end() : end.start()]
        at = end.end()
