"""Questions as Moodle XML, so that Moodle takes them and `moodle_xml` reads the same questions again.

Texts are HTML; other languages stand in spans of Moodle's own filter; pictures and recordings are files beside the
text that shows them. The case stands above the question in a block of its own. Several blanks are fields below it.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from html import escape

from lxml import etree

from quizapp.bank.formats.characters import shorten
from quizapp.bank.formats.choices import share_of
from quizapp.bank.formats.cloze import write_fields
from quizapp.bank.formats.labels import points_text, to_tags
from quizapp.bank.formats.matching import pairs_of
from quizapp.bank.formats.multilang import shown, write_languages
from quizapp.bank.formats.parsed import ParsedMedia, ParsedQuestion, ParsedTranslation
from quizapp.bank.formats.short_answers import as_pattern

_ENDINGS = (
    (b"\x89PNG", "png"), (b"\xff\xd8\xff", "jpg"), (b"GIF8", "gif"), (b"RIFF", "wav"), (b"OggS", "ogg"),
    (b"ID3", "mp3"), (b"\xff\xfb", "mp3"), (b"\xff\xf3", "mp3"),
)  # fmt: skip
_TYPES = {
    "single": "multichoice", "multiple": "multichoice", "indefinite": "multichoice", "true_false": "truefalse",
    "ordering": "ordering", "matching": "matching", "short_text": "essay",
}  # fmt: skip
_NOT_IN_XML = dict.fromkeys((*range(0xFFFE, 0x10000), *(c for c in range(0x20) if chr(c) not in "\t\n")), "\ufffd")


def write(questions: Sequence[ParsedQuestion]) -> bytes:
    """A Moodle XML file in UTF-8; the tree of one question at a time is in memory."""
    file = io.BytesIO()
    file.write(b'<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n')
    for question in questions:
        file.write(etree.tostring(_Writer(question).element(), encoding="utf-8", pretty_print=True))
    file.write(b"</quiz>\n")
    return file.getvalue()


class _Writer:
    """Writes one question."""

    def __init__(self, question: ParsedQuestion) -> None:
        self.question = question
        has_fields = question.kind == "fill_in" and len(question.key) > 1
        kind = "cloze" if has_fields else _TYPES.get(question.kind, "shortanswer")
        self.root = etree.Element("question", type=kind)

    def element(self) -> etree._Element:
        question = self.question
        _text(_under(self.root, "name"), shorten(question.stem, 80))
        self._question_text()
        if question.explanation or any(medium.at == "explanation" for medium in question.media):
            self._html(
                _under(self.root, "generalfeedback"), self._said("explanation", question.explanation), "explanation"
            )
        if question.points_hundredths is not None:
            _under(self.root, "defaultgrade").text = points_text(question.points_hundredths)
        _ANSWERS[question.kind](self)
        tags = to_tags(question, kind=question.kind == "indefinite")
        if tags:
            parent = _under(self.root, "tags")
            for tag in tags:
                _text(_under(parent, "tag"), tag)
        return self.root

    # Texts ----------------------------------------------------------------------------------------------------

    def _question_text(self) -> None:
        question = self.question
        element = _under(self.root, "questiontext")
        body = ""
        if question.passage:
            body += f'<div class="quizapp-passage">{self._said("passage", question.passage)}'
            body += f"{self._shown('passage', element)}</div>"
        body += self._said("stem", question.stem)
        if question.kind == "fill_in" and len(question.key) > 1:
            body += f'<p class="quizapp-blanks">{write_fields(_accepted(question))}</p>'
        for option in question.options:
            if option.id.isdigit() and (shown := self._shown(option.id, element)):
                body += f'<p class="quizapp-right-{option.id}">{shown}</p>'
        self._html(element, body, "stem")

    def _said(self, at: str, text: str) -> str:
        """HTML of a text with its translations."""
        others = {one.language: _part(one, at) for one in self.question.translations}
        return write_languages(text, others)

    def _html(self, element: etree._Element, body: str, at: str) -> None:
        """Give an element its text and what is shown there."""
        body += self._shown(at, element)
        element.set("format", "html")
        text = etree.Element("text")
        text.text = body.translate(_NOT_IN_XML)
        element.insert(0, text)

    def _shown(self, at: str, element: etree._Element) -> str:
        """HTML of the media at a place; their files go under the element."""
        html = ""
        for number, medium in enumerate(self.question.media):
            if medium.at == at:
                name = f"{at}-{number}.{_ending(medium)}"
                file = _under(element, "file", name=name, path="/", encoding="base64")
                file.text = base64.b64encode(medium.content).decode()
                source, alt = f"@@PLUGINFILE@@/{name}", escape(medium.alt.translate(_NOT_IN_XML)).replace("{", "&#123;")
                if medium.kind == "picture":
                    html += f'<img src="{source}" alt="{alt}">'
                else:
                    html += f'<audio controls="controls" src="{source}" title="{alt}"></audio>'
        return html

    def _answer(self, fraction: str, text: str = "", *, at: str = "") -> None:
        element = _under(self.root, "answer", fraction=fraction)
        if at:
            self._html(element, self._said(at, text), at)
        else:
            element.set("format", "moodle_auto_format")
            _text(element, text)

    # Answers by kind ------------------------------------------------------------------------------------------

    def choice(self) -> None:
        question = self.question
        one_only = question.kind == "single"
        _under(self.root, "single").text = "true" if one_only else "false"
        _under(self.root, "shuffleanswers").text = "true"
        _under(self.root, "answernumbering").text = "ABCD"
        right, wrong = ("100", "0") if one_only else (share_of(len(question.key)), "-100")
        for option in question.options:
            self._answer(right if option.id in question.key else wrong, option.text, at=option.id)

    def truth(self) -> None:
        for word in ("true", "false"):
            self._answer("100" if word in self.question.key else "0", word)

    def blanks(self) -> None:
        if len(self.question.key) == 1:
            _under(self.root, "usecase").text = "0"
            for text in _accepted(self.question)[0]:
                self._answer("100", as_pattern(text))

    def order(self) -> None:
        places = {option_id: place for place, option_id in enumerate(self.question.key, 1)}
        for option in self.question.options:
            self._answer(str(places[option.id]), option.text, at=option.id)

    def pairs(self) -> None:
        _under(self.root, "shuffleanswers").text = "true"
        for left, right in pairs_of(self.question):
            element = _under(self.root, "subquestion")
            self._html(element, self._said(left, self._option(left)) if left else "", left)
            said = self._said(right, self._option(right))
            is_html = "multilang" in said  # else Moodle takes it for plain text, and so does who reads it again
            _text(_under(element, "answer"), said if is_html else self._option(right))

    def _option(self, option_id: str) -> str:
        return next(option.text for option in self.question.options if option.id == option_id)

    def essay(self) -> None:
        question = self.question
        _under(self.root, "responseformat").text = "plain"
        body = "".join(shown(str(text)) for text in question.key)
        if question.rubric:
            criteria = "".join(
                f"<li>{'' if one.points_hundredths is None else f'<b>{points_text(one.points_hundredths)}</b> '}"
                f"{shown(one.text)}</li>"
                for one in question.rubric
            )
            body += f'<ul class="quizapp-rubric">{criteria}</ul>'
        if body:
            self._html(_under(self.root, "graderinfo"), body, "")


_ANSWERS: dict[str, Callable[[_Writer], None]] = {
    "single": _Writer.choice,
    "multiple": _Writer.choice,
    "indefinite": _Writer.choice,
    "true_false": _Writer.truth,
    "fill_in": _Writer.blanks,
    "ordering": _Writer.order,
    "matching": _Writer.pairs,
    "short_text": _Writer.essay,
}


def _part(translation: ParsedTranslation, at: str) -> str:
    if at in ("stem", "passage", "explanation"):
        return str(getattr(translation, at))
    return next((option.text for option in translation.options if option.id == at), "")


def _under(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, tag, attributes)


def _text(parent: etree._Element, text: str) -> None:
    _under(parent, "text").text = text.translate(_NOT_IN_XML)


def _accepted(question: ParsedQuestion) -> list[tuple[str, ...]]:
    return [texts if isinstance(texts, tuple) else (texts,) for texts in question.key]


def _ending(medium: ParsedMedia) -> str:
    known = next((ending for start, ending in _ENDINGS if medium.content.startswith(start)), "")
    return known or ("png" if medium.kind == "picture" else "mp3")
