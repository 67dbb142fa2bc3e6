"""Moodle XML: questions with their pictures, recordings and languages, as Moodle exports them.

Short answers, exact numbers and embedded short answers become blanks. What has another form, or none here, is told by
its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from quizapp.bank.formats.characters import clean, shorten
from quizapp.bank.formats.details import read_points
from quizapp.bank.formats.labels import Labels, from_tags, topic_of_category
from quizapp.bank.formats.markup import from_base64
from quizapp.bank.formats.moodle_answers import READERS, Answers, read_cloze
from quizapp.bank.formats.moodle_text import Texts, files_of, plain_text, raw_text
from quizapp.bank.formats.parsed import Parsed, ParsedMedia, ParsedQuestion, ReadOptions, Refused
from quizapp.bank.formats.places import FILE
from quizapp.bank.formats.typed import MOST_QUESTIONS, Candidate, Typed, Unfit
from quizapp.bank.formats.xml_tree import local_name, root_of

NAME = "moodle-xml"
_OPENS = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)*+<quiz(?=[\s/>])", re.DOTALL)
_PASSAGE = re.compile(r"\s*<div class=\"quizapp-passage\">(.*?)</div>(.*)", re.DOTALL)
_RIGHT = re.compile(r"<p class=\"quizapp-right-([0-9]{1,3})\">(.*?)</p>", re.DOTALL)
_BLANKS = re.compile(r"<p class=\"quizapp-blanks\">(.*?)</p>", re.DOTALL)
_COMBINED = ("correctfeedback", "partiallycorrectfeedback", "incorrectfeedback", "hint")
_KNOWN_BY = {
    "calculated": "计算题", "calculatedsimple": "简单计算题", "calculatedmulti": "计算选择题", "cloze": "完形填空",
    "ddimageortext": "拖放图文", "ddmarker": "拖放标记", "ddwtos": "拖放填空", "gapselect": "选词填空",
    "kprime": "K型判断", "mtf": "多项判断", "randomsamatch": "随机匹配", "random": "随机题", "stack": "STACK",
    "coderunner": "编程题", "missingtype": "类型不明",
}  # fmt: skip


def is_moodle(text: str) -> bool:
    """Whether a text is XML whose root is Moodle's."""
    return bool(_OPENS.match(text[:20_000].lstrip("\ufeff")))


def read(content: bytes, options: ReadOptions) -> Parsed:
    """Read the questions of a Moodle XML file."""
    typed = Typed(NAME, options)
    try:
        root = root_of(content)
        if local_name(root) != "quiz":
            raise Refused(FILE, "xml_other", found=shorten(local_name(root)))
        if sum(1 for _ in root.iterchildren("question")) > MOST_QUESTIONS:
            raise Refused(FILE, "too_many_questions", limit=str(MOST_QUESTIONS))
        _read_all(root, typed)
    except Refused as refusal:
        return Parsed(NAME, (), (refusal.problem,))
    return typed.parsed()


def _read_all(root: etree._Element, typed: Typed) -> None:
    topic, combined = "", 0
    for element in root.iterfind("question"):
        if element.get("type") == "category":
            topic = topic_of_category(raw_text(element, "category/text"))
        else:
            _Question(element, topic, typed).read()
            combined += any(plain_text(part) for name in _COMBINED for part in element.iterfind(name))
    if combined:
        typed.report(FILE, "combined_feedback", count=str(combined))


class _Question:
    """Reads one question and hands it, or what is wrong with it, to the file's collection."""

    def __init__(self, element: etree._Element, topic: str, typed: Typed) -> None:
        self.element = element
        self.typed = typed
        self.type = (element.get("type") or "").strip().lower()
        self.texts = Texts()
        self.answers = Answers()
        self.labels = _labels(element)
        topics = tuple(dict.fromkeys(filter(None, (topic, *self.labels.topics))))
        self.name = plain_text(element, "name/text")
        self.candidate = Candidate(f"line {element.sourceline}", self.name, topics=topics)

    def read(self) -> None:
        if self.type != "description" and self.type != "cloze" and self.type not in READERS:
            kind = _KNOWN_BY.get(self.type, "")
            words = f"{kind}（{self.type}）" if kind else shorten(self.type) or "?"
            self.typed.refuse(self.candidate, "type_unsupported", kind=words)
            return
        passage, stem, explanation, fault = "", "", "", None
        try:
            passage, stem = self._stem()
            if self.type in READERS:
                READERS[self.type](self.element, self.texts, self.answers)
            explanation = self.texts.read(self.element.find("generalfeedback"), "explanation")
        except Unfit as unfit:
            fault = unfit
        stem = self._describe(stem, explanation)
        if self.type == "description":
            self.typed.report(self.candidate.where, "description_skipped", text=shorten(stem))
        elif fault:
            self.typed.refuse(self.candidate, fault.code, **fault.params)
        else:
            self._take(passage, stem)

    def _describe(self, stem: str, explanation: str) -> str:
        """Fill in what a person would mend; the answer is the stem, or the name where there is none."""
        answers = self.answers
        stem = stem or self.name
        lines = dict.fromkeys(text for text in (explanation, *answers.remarks) if text)
        self.candidate.stem, self.candidate.kind = stem, answers.kind
        self.candidate.options, self.candidate.explanation = answers.options, clean("\n".join(lines))
        self.candidate.answer = _answer_in_words(answers)
        self.candidate.source = tuple(text for text in (self.name, stem) if text)
        return stem

    def _take(self, passage: str, stem: str) -> None:
        answers, candidate, labels = self.answers, self.candidate, self.labels
        options = tuple(answers.options)
        translations = tuple(self.texts.translations(stem, options))
        if labels.kind == "indefinite" and answers.kind in ("multiple", "single"):
            candidate.kind = "indefinite"
        question = ParsedQuestion(
            candidate.where,
            candidate.kind,
            stem,
            options,
            answers.key,
            candidate.explanation,
            labels.citations,
            candidate.topics,
            labels.difficulty,
            read_points(plain_text(self.element, "defaultgrade")),
            passage,
            answers.rubric,
            tuple(self.texts.media),
            translations,
        )
        self.typed.take(candidate, question)
        if answers.is_partial:
            self.typed.warn(candidate, "partial_credit")
        self.typed.warn_all(candidate, self.texts.faults)

    def _stem(self) -> tuple[str, str]:
        """Case and stem; answers inside the text are read on the way."""
        element = self.element.find("questiontext")
        if element is None:
            return "", ""
        texts = self.texts
        source, texts.format = raw_text(element), element.get("format") or texts.format
        files = files_of(element)
        passage = ""
        if found := _PASSAGE.fullmatch(source):
            passage, source = texts.read_source(found[1], "html", "passage", files), found[2]
        for right in _RIGHT.finditer(source):
            texts.read_source(right[2], "html", right[1], files)
        source = _RIGHT.sub("", source)
        if self.type == "cloze":
            source = self._without_fields(source)
        stem = texts.read_source(source, texts.format, "stem", files)
        self._take_old_picture()
        return passage, stem

    def _without_fields(self, source: str) -> str:
        if found := _BLANKS.search(source):  # ours: the text has its blanks already
            read_cloze(found[1], self.answers)
            return _BLANKS.sub("", source)
        return read_cloze(source, self.answers)

    def _take_old_picture(self) -> None:
        """A picture as Moodle wrote it before it had files (1.9)."""
        if encoded := raw_text(self.element, "image_base64").strip():
            content = from_base64(encoded)
            if content is None:
                self.texts.faults.append(("media_damaged", {"source": plain_text(self.element, "image")}))
            else:
                self.texts.media.append(ParsedMedia("stem", content))


def _answer_in_words(answers: Answers) -> str:
    """The key as a person writes it."""
    key = [part if isinstance(part, str) else "|".join(part) for part in answers.key]
    if answers.kind == "true_false":
        return {"true": "正确", "false": "错误"}.get("".join(key), "")
    return ("；" if answers.kind in ("fill_in", "matching") else "").join(key)


def _labels(element: etree._Element) -> Labels:
    return from_tags(_tags(element))


def _tags(element: etree._Element) -> Iterator[str]:
    for tag in element.iterfind("tags/tag"):
        yield plain_text(tag, ".")
