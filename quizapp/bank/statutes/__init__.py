"""Texts of statutes: reading what collections offer (Markdown, plain text, Word, our own JSON), and writing them.

Reading never raises: it returns what was understood and the problems. These modules know neither SQL nor a request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from quizapp.bank.article_labels import PREAMBLE, ArticleNumber
from quizapp.bank.statutes.document import is_document, read_document
from quizapp.bank.statutes.lines import chapters_of, check_numbers, read_lines
from quizapp.bank.statutes.parsed import Event, Problem, Statute, StatuteArticle, Unreadable
from quizapp.bank.statutes.text import text_of


def read_statute(content: bytes) -> Statute:
    """Read one statute; whatever the content, the answer is a statute and problems."""
    try:
        return read_text(text_of(content))
    except Unreadable as refusal:
        return Statute(problems=(refusal.problem,))


def read_text(text: str) -> Statute:
    """Read the text of one statute."""
    return read_document(text) if is_document(text) else read_lines(text)


def join_parts(statutes: Sequence[Statute]) -> list[Statute]:
    """Put the parts of one code together (总则, 人格权编, …); what is no part stays as it is, in its place."""
    return [_join([statutes[place] for place in places]) for places in group_parts(statutes)]


def group_parts(statutes: Sequence[Statute]) -> list[list[int]]:
    """The places of the statutes that `join_parts` makes one."""
    groups: dict[tuple[str, int], list[int]] = {}
    for place, statute in enumerate(statutes):
        groups.setdefault((statute.key, 0) if statute.part else ("", place + 1), []).append(place)
    return list(groups.values())


def _join(parts: Sequence[Statute]) -> Statute:
    if len(parts) == 1:
        return parts[0]
    in_order = sorted(parts, key=lambda part: _first_number(part.articles))
    # The date of a part that states one itself counts for all.
    dated = next((part for part in in_order if part.effective_is_sure), in_order[0])
    articles = tuple(sorted((article for part in in_order for article in part.articles), key=_number))
    dropped = {"starts_late", "gap", "out_of_order"} | ({"date_from_history"} if dated.effective_is_sure else set())
    problems = [problem for part in in_order for problem in part.problems if problem.code not in dropped]
    return check_numbers(
        replace(
            dated,
            part="",
            chapters=chapters_of(articles),
            preamble=next((part.preamble for part in in_order if part.preamble), ""),
            articles=articles,
            annexes=tuple(annex for part in in_order for annex in part.annexes),
            problems=tuple(problems),
        )
    )


def _number(article: StatuteArticle) -> ArticleNumber:
    return article.number or PREAMBLE


def _first_number(articles: Sequence[StatuteArticle]) -> ArticleNumber:
    return _number(articles[0]) if articles else PREAMBLE


__all__ = [
    "Event",
    "Problem",
    "Statute",
    "StatuteArticle",
    "group_parts",
    "join_parts",
    "read_statute",
    "read_text",
]
