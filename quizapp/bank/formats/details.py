"""What stands beside a question: legal basis, date of effect, topics, difficulty, points."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal

from quizapp.bank.formats.characters import clean, fold

LONGEST_LAW, LONGEST_ARTICLE, LONGEST_TOPIC = 128, 64, 64
MOST_POINTS_HUNDREDTHS = 100_000
_FIRST_SERIAL, _LAST_SERIAL = 10_000, 80_000
"""Day numbers of a sheet taken as dates: 1927 to 2119."""

_DATE = re.compile(
    r"([12][0-9]{3})\s*[-/.年．]\s*([0-9]{1,2})\s*[-/.月．]\s*([0-9]{1,2})\s*日?(?:[ T]0{1,2}:00(?::00(?:\.0+)?)?)?"
)
_COMPACT_DATE = re.compile(r"([12][0-9]{3})([01][0-9])([0-3][0-9])")
ARTICLE = (
    r"第\s?[〇零一二三四五六七八九十百千0-9]{1,9}\s?条(?:之[一二三四五六七八九十]{1,2})?"
    r"(?:第[一二三四五六七八九十0-9]{1,3}款)?(?:第[（(]?[一二三四五六七八九十0-9]{1,3}[)）]?项)?"
)
_CITED = re.compile(
    rf"《?(?P<law>[^《》\n]{{2,{LONGEST_LAW}}})》?[\s,，]*(?P<article>{ARTICLE})[\s,，:：。]*(?P<rest>.*)", re.DOTALL
)
_LABELLED_TITLE = re.compile(r"《([^《》\n]+)》")
_DIFFICULTIES = {
    **dict.fromkeys(("易", "简单", "容易", "低", "较易", "较简单", "初级", "EASY", "LOW", "1"), 1),
    **dict.fromkeys(
        ("中", "中等", "适中", "一般", "普通", "中级", "较中", "MEDIUM", "MIDDLE", "NORMAL", "MODERATE", "2"), 2
    ),
    **dict.fromkeys(("难", "困难", "较难", "高", "高级", "HARD", "DIFFICULT", "HIGH", "3"), 3),
}


def read_date(text: str) -> date | None:
    """Read 2018-02-01, 2018年2月1日, 2018/2/1, 20180201 or a sheet's day number; None where it is no date."""
    text = fold(text)
    found = _DATE.fullmatch(text) or _COMPACT_DATE.fullmatch(text)
    if found:
        try:
            return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            return None
    if text.isascii() and text.isdigit() and len(text) == 5 and _FIRST_SERIAL <= int(text) <= _LAST_SERIAL:
        return date_of_serial(int(text))
    return None


def date_of_serial(days: int) -> date:
    """The date of a day number of the 1900 system."""
    return (datetime(1899, 12, 30) + timedelta(days=days)).date()  # noqa: DTZ001 (a date, no moment)


def read_legal_basis(law: str, article: str) -> tuple[str, str, str]:
    """Law, article and what is left over; a citation in one cell, 《宗教事务条例》第四十一条…, is divided."""
    if not law and not article:
        return "", "", ""
    law, article = clean(law), clean(article)
    rest = ""
    if law and not article:
        found = _CITED.fullmatch(law)
        if found:
            law, article, rest = found["law"], found["article"], found["rest"]
    whole_title = _LABELLED_TITLE.fullmatch(law)
    if whole_title:
        law = whole_title[1]
    if len(law) > LONGEST_LAW:
        law, rest = "", f"{law}\n{rest}".strip()
    if len(article) > LONGEST_ARTICLE:
        article, rest = "", f"{article}\n{rest}".strip()
    return clean(law), article, rest


def read_topics(text: str) -> tuple[str, ...]:
    """Topic names in the order written, each once; marks between them are 、 ， ； | and line ends."""
    if not text:
        return ()
    names = (clean(part) for part in re.split(r"[、,，;；|\n]+", text))
    return tuple(dict.fromkeys(name for name in names if name))


def read_difficulty(text: str) -> int | None:
    return _DIFFICULTIES.get(fold(text).removesuffix("题").removesuffix("度"))


def read_points(text: str) -> int | None:
    """Points as written, in hundredths; None where it is no number from 0 to 1000 with at most two decimals."""
    try:
        hundredths = Decimal(fold(text).removesuffix("分").strip()) * 100
        if not 0 <= hundredths <= MOST_POINTS_HUNDREDTHS or hundredths != int(hundredths):
            return None
    except (ArithmeticError, ValueError):
        return None
    return int(hundredths)
