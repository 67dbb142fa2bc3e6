"""The texts of Moodle XML: format, languages, files beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from quizapp.bank.formats.attached import Fault, attached
from quizapp.bank.formats.characters import clean, shorten
from quizapp.bank.formats.draft import LONGEST_TEXT
from quizapp.bank.formats.markup import from_base64, from_format, is_overgrown
from quizapp.bank.formats.multilang import main_language, read_languages
from quizapp.bank.formats.parsed import ParsedMedia, ParsedOption, ParsedTranslation
from quizapp.bank.formats.typed import Unfit
from quizapp.bank.languages import is_language

MOST_LANGUAGES = 30


def raw_text(element: etree._Element | None, path: str = "text") -> str:
    """What stands in an element's text as the file has it; "" where there is none."""
    found = element if element is None or path == "." else element.find(path)
    return "" if found is None else "".join(found.itertext())


def plain_text(element: etree._Element | None, path: str = "text") -> str:
    """A text that other systems take for plain: short answers, names, tags."""
    return clean(raw_text(element, path))


@dataclass(slots=True)
class Texts:
    """The texts of one question as they are read, with what they show and what they are in other languages."""

    format: str = "moodle_auto_format"
    """Of the question's own text: that of the others where they do not say."""
    main: str = ""
    """The main language; decided by the first text that has several."""
    media: list[ParsedMedia] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    translated: dict[str, dict[str, str]] = field(default_factory=dict)
    """Language → place → text."""

    def read(self, element: etree._Element | None, at: str) -> str:
        """The text of an element; what it shows stands at `at`. Raise Unfit where it is too much for one."""
        if element is None:
            return ""
        return self.read_source(raw_text(element), element.get("format") or self.format, at, files_of(element))

    def read_source(self, source: str, name: str, at: str, files: dict[str, bytes | None]) -> str:
        if is_overgrown(source):
            raise Unfit("text_too_long", text=shorten(source[:200]), limit=str(LONGEST_TEXT))
        languages = read_languages(source)
        codes = languages.codes
        if len(codes) > MOST_LANGUAGES:
            self.faults.append(("language_left_out", {"language": codes[MOST_LANGUAGES][:20]}))
            codes = codes[:MOST_LANGUAGES]
        self.main = self.main or main_language(codes)
        plain = from_format(languages.in_language(self.main), name)
        references = dict.fromkeys(plain.references)
        for code in codes:
            if code not in (self.main, "other"):
                other = from_format(languages.in_language(code), name)
                references |= dict.fromkeys(other.references)
                self.translated.setdefault(code, {})[at] = other.text
        media, missing = attached(references, at=at, files=files)
        self.media += media
        self.faults += missing
        return plain.text

    def translations(self, stem: str, options: tuple[ParsedOption, ...]) -> Iterator[ParsedTranslation]:
        """The question in each further language that has a usable code."""
        for code, texts in self.translated.items():
            if is_language(code):
                yield ParsedTranslation(
                    code,
                    texts.get("stem") or stem,
                    tuple(ParsedOption(one.id, texts[one.id]) for one in options if texts.get(one.id)),
                    texts.get("explanation", ""),
                    texts.get("passage", ""),
                )
            else:
                self.faults.append(("language_left_out", {"language": code[:20]}))


def files_of(element: etree._Element) -> dict[str, bytes | None]:
    """Name → content of the files beside a text, None for one that is damaged."""
    files: dict[str, bytes | None] = {}
    for file in element.iterfind("file"):
        name = ((file.get("path") or "/") + (file.get("name") or "")).lstrip("/")
        files[name] = from_base64(file.text or "")
    return files
