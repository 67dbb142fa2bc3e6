"""Questions as banks hold them, for property tests of writers: any kind, any field, texts of many kinds.

Only valid questions come out: keys fit, options differ, blanks match, texts are as `characters.clean` leaves them.
`same` compares what came back.
"""

from __future__ import annotations

import io
import struct
import wave
import zlib
from collections.abc import Collection
from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from quizapp.bank.formats import FIELDS
from quizapp.bank.formats.answers import LETTERS, count_blanks
from quizapp.bank.formats.characters import clean, fold
from quizapp.bank.formats.details import LONGEST_ARTICLE, LONGEST_LAW, LONGEST_TOPIC, MOST_POINTS_HUNDREDTHS
from quizapp.bank.formats.parsed import (
    ParsedCitation,
    ParsedCriterion,
    ParsedMedia,
    ParsedOption,
    ParsedQuestion,
    ParsedTranslation,
)
from quizapp.bank.models import KINDS
from quizapp.bank.rules import BLANK_LETTERS

PLAIN = (
    "成年人的年龄界限是几周岁？", "宪法是国家的根本法，具有最高的法律效力。", "下列说法正确的是（　　）。",
    "十八周岁", "A", "以上都对", "3.5%", "12:30", "30", "true", "The quick brown fox", "naïve café",
    "مرحبا بالعالم", "שלום עולם 12", "བཀྲ་ཤིས་བདེ་ལེགས།", "ئۇيغۇر", "👨\u200d👩\u200d👧 家庭", "e\u0301", "ﬁ ½ ①",
    "甲、乙；丙，丁。", "“引号”‘单’\"直\"'撇'",
)  # fmt: skip
LIKE_MARKUP = (
    "<b>粗</b>", "<script>alert(1)</script>", "&amp; &lt; &#65; &", "]]>", "<!-- 注 -->", "{{7*7}}", "${x}",
    "%s %(a)d %7E", "\\", "\\n", "C:\\temp\\", "\\frac{1}{2}", "~=#{}:", "=甲 ~乙 #丙", "::题::", "->", "//注",
    "$CATEGORY: x", "{1:SHORTANSWER:=x}", "=1+1", "+1", "-1", "@x", "＝1", "'=1+1", "''", "=HYPERLINK(\"x\")",
    "a,b;c\td|e", "\"", "\"\"", "_x0041_", "[[1]]", "**重**",
    "[html]甲", "%50%乙", "{mlang en}x{mlang}", "{1:SA:=x}", "multilang",
    "<span class=\"multilang\" lang=\"en\">x</span>", "题型:排序题", "法律依据:《宪法》", "知识点:x",
    "《甲》（2018-03-11施行）",
)  # fmt: skip
LIKE_STRUCTURE = (
    "A. 甲 B. 乙", "B", "答案：A", "ANSWER: A", "正确答案：B", "解析：略", "【解析】略", "（A）", "（正确）",
    "(A)", "（ A ）", "1. 甲", "2、", "一、单选题", "单选题", "（多选题，2分）", "题型", "题干", "案例：甲",
    "----", "（2分）", "第1题", "附件2", "法律依据：x", "——", "（ ）", "____",
)  # fmt: skip
"""What the readers of tables and texts take for labels, marks and headings when it stands in their places."""

_LETTERS = st.characters(blacklist_categories=("Cs", "Cc", "Cn", "Co"))


def _one_line(text: str) -> str:
    return clean(" ".join(text.split("\n")))


_PIECES = st.one_of(
    st.sampled_from(PLAIN + LIKE_MARKUP + LIKE_STRUCTURE),
    st.text(_LETTERS, max_size=8),
)
LINE = (
    st.one_of(
        st.sampled_from(PLAIN),
        st.lists(_PIECES, min_size=1, max_size=3).map("".join),
        st.lists(_PIECES, min_size=2, max_size=3).map(" ".join),
        st.just("很长的题干，" * 300),
    )
    .map(_one_line)
    .filter(bool)
)
"""Texts of one line, for formats that cannot carry more."""
TEXTS = st.one_of(LINE, st.lists(st.just("") | LINE, max_size=3).map("\n".join).map(clean).filter(bool))
"""Texts of one or several lines, some of them empty."""
NAMES = st.one_of(st.sampled_from(("宪法", "民法典", "宗教事务条例", "Law")), LINE)
LANGUAGES = ("en", "ug", "bo", "mn", "kk", "ar", "zh-Hant")


@st.composite
def questions(
    draw: DrawFn,
    *,
    kinds: Collection[str] = KINDS,
    fields: Collection[str] = FIELDS,
    texts: SearchStrategy[str] = TEXTS,
) -> ParsedQuestion:
    """A valid question of one of `kinds` that carries nothing but `fields`, made of `texts` (TEXTS, LINE)."""
    kind = draw(st.sampled_from(sorted(kinds)))
    stem, options, key = draw(_BODIES[kind](texts))
    has = {name: name in fields and draw(st.booleans()) for name in FIELDS}
    question = ParsedQuestion(
        where="row 1",
        kind=kind,
        stem=stem,
        options=options,
        key=key,
        explanation=draw(texts) if has["explanation"] else "",
        citations=draw(_citations(with_dates="effective_on" in fields)) if has["citations"] else (),
        topics=draw(_topics()) if has["topics"] else (),
        difficulty=draw(st.sampled_from((1, 2, 3))) if has["difficulty"] else None,
        points_hundredths=draw(st.integers(0, MOST_POINTS_HUNDREDTHS)) if has["points_hundredths"] else None,
        passage=draw(texts) if has["passage"] else "",
        rubric=draw(_rubrics(texts)) if has["rubric"] and kind == "short_text" else (),
    )
    media = {name for name in ("pictures", "audio") if has[name]}
    return replace(
        question,
        media=draw(_media(question, media)) if media else (),
        translations=draw(_translations(question, texts)) if has["translations"] else (),
    )


def same(question: ParsedQuestion, other: ParsedQuestion) -> bool:
    """Whether two questions say the same: everything is compared but `where`.

    Media and translations may come in another order, since formats keep them beside what they belong to; among
    the media at one place the order counts.
    """
    return _comparable(question) == _comparable(other)


def _comparable(question: ParsedQuestion) -> ParsedQuestion:
    return replace(
        question,
        where="",
        media=tuple(sorted(question.media, key=lambda medium: medium.at)),
        translations=tuple(sorted(question.translations, key=lambda translation: translation.language)),
    )


# Stem, options and key by kind --------------------------------------------------------------------------------

_Body = tuple[str, tuple[ParsedOption, ...], tuple[Any, ...]]


def _distinct(texts: SearchStrategy[str], least: int, most: int) -> SearchStrategy[list[str]]:
    """Texts that differ in more than width, case and spaces."""
    return st.lists(texts, min_size=least, max_size=most, unique_by=lambda text: "".join(fold(text).split()))


@st.composite
def _choice(draw: DrawFn, texts: SearchStrategy[str], *, least_right: int, most_right: int) -> _Body:
    options = _lettered(draw(_distinct(texts, 2, 5)))
    right = draw(
        st.lists(
            st.sampled_from([option.id for option in options]),
            min_size=least_right,
            max_size=min(most_right, len(options)),
            unique=True,
        )
    )
    return draw(texts), options, tuple(sorted(right))


@st.composite
def _true_false(draw: DrawFn, texts: SearchStrategy[str]) -> _Body:
    return draw(texts), (), (draw(st.sampled_from(("true", "false"))),)


@st.composite
def _fill_in(draw: DrawFn, texts: SearchStrategy[str]) -> _Body:
    blanks = draw(st.integers(1, 4))
    pieces = texts.filter(lambda text: not count_blanks(text) and "_" not in text and "…" not in text)
    stem = "____".join([draw(pieces), *(draw(st.sampled_from(("、", "和")) | pieces) for _ in range(blanks - 1)), "。"])
    accepted = LINE.filter(lambda text: len(text) <= BLANK_LETTERS)
    return stem, (), tuple(tuple(draw(_distinct(accepted, 1, 3))) for _ in range(blanks))


@st.composite
def _ordering(draw: DrawFn, texts: SearchStrategy[str]) -> _Body:
    options = _lettered(draw(_distinct(texts, 2, 5)))
    return draw(texts), options, tuple(draw(st.permutations([option.id for option in options])))


@st.composite
def _matching(draw: DrawFn, texts: SearchStrategy[str]) -> _Body:
    left = _lettered(draw(_distinct(texts, 2, 5)))
    right = [ParsedOption(str(n), text) for n, text in enumerate(draw(_distinct(texts, 2, 5)), 1)]
    key = tuple(option.id + draw(st.sampled_from(right)).id for option in left)
    return draw(texts), (*left, *right), key


@st.composite
def _short_text(draw: DrawFn, texts: SearchStrategy[str]) -> _Body:
    return draw(texts), (), tuple(draw(st.lists(texts, max_size=1)))


def _lettered(texts: list[str]) -> tuple[ParsedOption, ...]:
    return tuple(ParsedOption(LETTERS[place], text) for place, text in enumerate(texts))


_BODIES = {
    "single": lambda texts: _choice(texts, least_right=1, most_right=1),
    "multiple": lambda texts: _choice(texts, least_right=2, most_right=6),
    "indefinite": lambda texts: _choice(texts, least_right=1, most_right=6),
    "true_false": _true_false,
    "fill_in": _fill_in,
    "ordering": _ordering,
    "matching": _matching,
    "short_text": _short_text,
}


# What stands beside -------------------------------------------------------------------------------------------


def _citations(*, with_dates: bool) -> SearchStrategy[tuple[ParsedCitation, ...]]:
    dates = st.none() | st.dates(date(1949, 10, 1), date(2099, 12, 31)) if with_dates else st.none()
    citation = st.builds(
        ParsedCitation,
        law=NAMES.filter(lambda name: len(name) <= LONGEST_LAW),
        article=st.sampled_from(("", "第十七条", "第四条第一款"))
        | NAMES.filter(lambda name: len(name) <= LONGEST_ARTICLE),
        effective_on=dates,
    )
    return st.lists(citation, min_size=1, max_size=3, unique=True).map(tuple)


def _topics() -> SearchStrategy[tuple[str, ...]]:
    """Knowledge points; the marks that stand between them in every list of them are in none."""
    topics = LINE.filter(lambda text: len(text) <= LONGEST_TOPIC and not set(text) & set("、,，;；|"))
    return st.lists(topics, min_size=1, max_size=3, unique=True).map(tuple)


def _rubrics(texts: SearchStrategy[str]) -> SearchStrategy[tuple[ParsedCriterion, ...]]:
    criterion = st.builds(
        ParsedCriterion, text=texts, points_hundredths=st.none() | st.integers(0, MOST_POINTS_HUNDREDTHS)
    )
    return st.lists(criterion, min_size=1, max_size=4).map(tuple)


@st.composite
def _media(draw: DrawFn, question: ParsedQuestion, names: Collection[str]) -> tuple[ParsedMedia, ...]:
    places = ["stem", *(option.id for option in question.options)]
    places += [place for place in ("passage", "explanation") if getattr(question, place)]
    kinds = [kind for kind, name in (("picture", "pictures"), ("audio", "audio")) if name in names]
    medium = st.builds(
        lambda at, kind, shade, alt: ParsedMedia(at, _CONTENTS[kind](shade), kind, alt),
        st.sampled_from(places),
        st.sampled_from(kinds),
        st.integers(0, 255),
        st.just("") | LINE.filter(lambda text: len(text) <= 200),
    )
    return tuple(draw(st.lists(medium, min_size=1, max_size=3)))


@st.composite
def _translations(draw: DrawFn, question: ParsedQuestion, texts: SearchStrategy[str]) -> tuple[ParsedTranslation, ...]:
    return tuple(
        ParsedTranslation(
            language=language,
            stem=draw(texts),
            options=tuple(ParsedOption(option.id, draw(texts)) for option in question.options),
            explanation=draw(st.just("") | texts) if question.explanation else "",
            passage=draw(st.just("") | texts) if question.passage else "",
        )
        for language in draw(st.lists(st.sampled_from(LANGUAGES), min_size=1, max_size=2, unique=True))
    )


def png(shade: int = 0) -> bytes:
    """A whole picture of one grey pixel."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((0, shade)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def wav(level: int = 0) -> bytes:
    """A whole recording of a hundredth of a second."""
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(1)
        recording.setframerate(8000)
        recording.writeframes(bytes((level,)) * 80)
    return file.getvalue()


_CONTENTS = {"picture": png, "audio": wav}
