"""Our own documents of a statute: JSON with everything, and Markdown as collections of laws use it.

What `write_json` and `write_markdown` give, `read_text` reads back: the JSON whole, the Markdown without the states
of single articles.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Literal

import msgspec

from quizapp.bank.formats.characters import clean, shorten
from quizapp.bank.statutes.lines import check_numbers, is_numbered
from quizapp.bank.statutes.parsed import (
    LONGEST_LABEL,
    LONGEST_NUMBER,
    LONGEST_TITLE,
    Event,
    Problem,
    Statute,
    StatuteArticle,
)

FORMAT = "quizapp-statute"
Status = Literal["in_force", "amended", "repealed"]


class _Event(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    text: str
    on: date | None = None


class _Article(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    label: str
    text: str = ""
    headings: list[str] = []
    status: Status = "in_force"
    status_on: date | None = None
    status_note: str = ""


class _Statute(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    title: str
    format: Literal["quizapp-statute"]
    number: str = ""
    issuing_body: str = ""
    issued_on: date | None = None
    effective_on: date | None = None
    status: Status = "in_force"
    status_on: date | None = None
    status_note: str = ""
    history: list[_Event] = []
    preamble: str = ""
    articles: list[_Article] = []
    annexes: list[_Article] = []


def is_document(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n").startswith("{")


def read_document(text: str) -> Statute:
    """Read the JSON of one statute; what does not keep to its shape is refused with the reason."""
    try:
        read = msgspec.json.decode(text.lstrip("\ufeff").encode("utf-8", "replace"), type=_Statute)
    except (msgspec.DecodeError, RecursionError) as fault:
        return Statute(problems=(Problem("file", "bad_document", {"reason": shorten(str(fault), 120)}),))
    statute = Statute(
        title=clean(read.title),
        history=tuple(Event(event.on, clean(event.text)) for event in read.history),
        number=clean(read.number)[:LONGEST_NUMBER],
        issuing_body=clean(read.issuing_body)[:LONGEST_TITLE],
        issued_on=read.issued_on,
        effective_on=read.effective_on,
        effective_is_sure=read.effective_on is not None,
        status=read.status,
        status_on=read.status_on,
        status_note=clean(read.status_note)[:255],
        chapters=tuple(dict.fromkeys(heading for article in read.articles for heading in article.headings)),
        preamble=clean(read.preamble),
        articles=tuple(_article(article) for article in read.articles),
        annexes=tuple(_article(annex) for annex in read.annexes),
    )
    if statute.effective_on is None:
        statute = statute.with_problem(Problem("file", "no_effective_date", {}, "warning"))
    return check_numbers(statute)


def _article(read: _Article) -> StatuteArticle:
    return StatuteArticle(
        label=clean(read.label)[: LONGEST_LABEL + 1],
        text=clean(read.text),
        headings=tuple(clean(heading) for heading in read.headings),
        status=read.status,
        status_on=read.status_on,
        status_note=clean(read.status_note)[:255],
    )


def write_json(statute: Statute) -> bytes:
    """The statute as a JSON document, readable by people, without what is empty."""

    def article(piece: StatuteArticle) -> _Article:
        return _Article(
            piece.label, piece.text, list(piece.headings), _status(piece.status), piece.status_on, piece.status_note
        )

    document = _Statute(
        title=statute.title,
        format="quizapp-statute",
        number=statute.number,
        issuing_body=statute.issuing_body,
        issued_on=statute.issued_on,
        effective_on=statute.effective_on,
        status=_status(statute.status),
        status_on=statute.status_on,
        status_note=statute.status_note,
        history=[_Event(event.text, event.on) for event in statute.history],
        preamble=statute.preamble,
        articles=[article(piece) for piece in statute.articles],
        annexes=[article(piece) for piece in statute.annexes],
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _status(status: str) -> Any:
    return status


_STRUCTURE = re.compile(r"[#\\*_]|<!--|第|附|[序前总分目]")
"""How a line begins that the reader could take for something else than a paragraph."""


def write_markdown(statute: Statute) -> str:
    """The statute as Markdown of the shape that is read: title, head, end of the head, headings, articles."""
    head = [f"# {statute.title}"]
    head += [f"{_day(event.on)} {event.text}".strip() for event in statute.history]
    stated = (
        ("文号", statute.number),
        ("发布机关", statute.issuing_body),
        ("公布日期", statute.issued_on and statute.issued_on.isoformat()),
        ("施行日期", statute.effective_on and statute.effective_on.isoformat()),
    )
    head += [f"{name}：{value}" for name, value in stated if value]
    blocks = [*head, "<!-- INFO END -->"]
    if statute.preamble:
        blocks += ["## 序言", *_escaped(statute.preamble)]
    above: tuple[str, ...] = ()
    parts = {article.headings[0] for article in statute.articles if len(article.headings) > 1}
    for article in statute.articles:
        blocks += _headings(above, article.headings, parts)
        above = article.headings
        first, *others = article.text.split("\n")
        blocks += [f"{article.label} {first}".strip(), *_escaped("\n".join(others))]
    for annex in statute.annexes:
        blocks += [f"## {annex.label}", *_escaped(annex.text)]
    return "\n\n".join(blocks) + "\n"


def _headings(before: tuple[str, ...], now: tuple[str, ...], parts: set[str]) -> list[str]:
    """The headings that begin between two articles; the name of a code's part, which has no number, is a first one."""
    same = next(
        (place for place, pair in enumerate(zip(before, now, strict=False)) if pair[0] != pair[1]),
        min(len(before), len(now)),
    )
    is_part = bool(now) and now[0] in parts and not is_numbered(now[0])
    return [
        f"{'#' * min(6, place + (1 if is_part else 2))} {heading}" for place, heading in enumerate(now) if place >= same
    ]


def _escaped(text: str) -> list[str]:
    return [f"\\{line}" if _STRUCTURE.match(line) else line for line in text.split("\n") if line]


def _day(day: date | None) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if day else ""
