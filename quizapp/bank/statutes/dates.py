"""Dates, history, issuing body and number as the head and the last article of a statute state them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from quizapp.bank.article_labels import NUMERAL, read_numeral
from quizapp.bank.statutes.parsed import LONGEST_NUMBER, LONGEST_TITLE, Event

_DIGIT = "0-9０-９〇○零一二三四五六七八九"
_YEAR, _SHORT = rf"[{_DIGIT}]{{4}}", rf"[{_DIGIT}十]{{1,3}}"
DATE_TEXT = rf"(?<![{_DIGIT}]){_YEAR}\s*年\s*{_SHORT}\s*月\s*{_SHORT}\s*日"
_DATE = re.compile(rf"(?<![{_DIGIT}])({_YEAR})\s*年\s*({_SHORT})\s*月\s*({_SHORT})\s*日")
_ISO_DATE = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_EVENT_DATE = re.compile(rf"(?<!自)(?<!自 )(?={DATE_TEXT})")
_EDGES = " \t\u3000，,；;。"
_IN_FORCE = r"(?:施行|实施|生效|执行)"
IN_FORCE_FROM = re.compile(rf"自\s*({DATE_TEXT})\s*起\s*{_IN_FORCE}")
FROM_ISSUE = re.compile(rf"自(?:公布|发布|颁布|印发)之日起\s*{_IN_FORCE}")
AFTER_ISSUE = re.compile(rf"自(?:公布|发布|颁布|印发)之?[^。]{{0,20}}{_IN_FORCE}")
_REVISED = re.compile("修正|修订|修改")
_ISSUED = re.compile("公布|发布|颁布|印发")
_ORDER = re.compile(rf"([\u4e00-\u9fff]{{2,24}})令\s*(?:[〔\[（(]?[0-9]{{4}}[〕\]）)]?\s*)?第?\s*{NUMERAL}\s*号")
_DOCUMENT_NUMBER = re.compile(r"[\u4e00-\u9fff]{1,12}\s*[〔\[（(][0-9]{4}[〕\]）)]\s*第?\s*[0-9]{1,5}\s*号")
_TERM = re.compile(rf"第{NUMERAL}届")
_MEETING = re.compile(rf"第{NUMERAL}次.*")
_ISSUE_VERB = re.compile("(?:公告)?(?:公布|发布|颁布|印发).*")
_NATION = "中华人民共和国"


def read_date(text: str) -> date | None:
    """The date in a text such as 2018年2月1日, 二〇一八年二月一日 or 2018-02-01; None where there is no real one."""
    found = _DATE.search(text) or _ISO_DATE.search(text)
    if found is None:
        return None
    year, month, day = (read_numeral(part) or 0 for part in found.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None


def has_date(text: str) -> bool:
    """Whether something is written like a date, real or not."""
    return bool(_DATE.search(text))


def read_events(line: str) -> tuple[list[Event], date | None]:
    """The events of a dated line of the head, and the date of effect where it tells one.

    One line may hold several: 2017年6月14日… 修订通过　2017年8月26日… 公布　自2018年2月1日起施行. What only says from
    when the statute holds is no event.
    """
    bare = line.strip().strip("（）()").strip()
    starts = [len(bare[: found.start()].rstrip().removesuffix("根据")) for found in _EVENT_DATE.finditer(bare)] or [0]
    starts[0] = 0
    events, in_force = [], None
    for start, end in zip(starts, [*starts[1:], len(bare)], strict=True):
        words = bare[start:end].strip(_EDGES)
        since = IN_FORCE_FROM.search(words)
        in_force = (read_date(since[1]) if since else None) or in_force
        dated = _DATE.search(words)
        if dated is None or (since and since[0] == words):
            continue
        text = (words[: dated.start()] + words[dated.end() :]).strip(_EDGES)
        if re.fullmatch(_IN_FORCE, text.lstrip("起")):
            in_force = read_date(words) or in_force
        else:
            events.append(Event(read_date(words), text))
    return events, in_force


def last_date(history: Iterable[Event]) -> date | None:
    return max((event.on for event in history if event.on), default=None)


def revised_on(history: Iterable[Event]) -> date | None:
    """The date of the newest event that changed the statute."""
    return last_date(event for event in history if _REVISED.search(event.text))


def made_public_on(history: Sequence[Event]) -> date | None:
    """The date from which 自公布之日起 counts: of the newest event that says so, else of the newest of all."""
    return last_date(event for event in history if _ISSUED.search(event.text)) or last_date(history)


def number_in(text: str) -> str:
    """The number of a decree or document in a text, e.g. 国务院令第686号; "" without one."""
    found = _ORDER.search(text) or _DOCUMENT_NUMBER.search(text)
    return "".join(found[0].removeprefix(_NATION).split())[:LONGEST_NUMBER] if found else ""


def issuing_body(history: Sequence[Event]) -> str:
    """Who made the statute, by the first event that tells: 全国人民代表大会常务委员会, 国务院; "" where none does."""
    for event in history:
        body = _body_of(event.text)
        if 2 <= len(body) <= LONGEST_TITLE:
            return body
    return ""


def _body_of(text: str) -> str:
    order = _ORDER.search(text)
    if order and not order[1].endswith("主席"):
        return order[1].removeprefix(_NATION)
    if "通过" in text and _MEETING.search(text):
        return _MEETING.sub("", _TERM.sub("", text)).removeprefix(_NATION).strip()
    if _ISSUED.search(text) and not order:
        return _ISSUE_VERB.sub("", text).removeprefix(_NATION).strip(" 由经，,")
    return ""
