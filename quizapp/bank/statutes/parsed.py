"""What reading the text of a statute gives. Reading never fails: it returns what was understood and the problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from quizapp.bank.article_labels import ArticleNumber, articles_in, title_key
from quizapp.bank.statutes.problems import message

LONGEST_TITLE, LONGEST_LABEL, LONGEST_NUMBER, LONGEST_CHAPTER = 128, 64, 64, 255


@dataclass(frozen=True, slots=True)
class Problem:
    """An error keeps the statute from being stored; a warning tells what is worth a look."""

    where: str
    """"file", "line 12", or the label of an article."""
    code: str
    params: Mapping[str, str] = field(default_factory=dict)
    severity: Literal["error", "warning"] = "error"

    @property
    def message(self) -> str:
        return message(self.code, self.params)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a statute's history, in the words of its head without the date."""

    on: date | None
    text: str


@dataclass(frozen=True, slots=True)
class StatuteArticle:
    """An article, the preamble or an annex with its text, paragraphs by line ends."""

    label: str
    text: str
    headings: tuple[str, ...] = ()
    """Those above it, highest first: 第五章 行政处罚的决定, 第一节 一般规定."""
    line: int = 0
    status: str = "in_force"
    status_on: date | None = None
    status_note: str = ""

    @property
    def number(self) -> ArticleNumber | None:
        """None for an annex."""
        found = articles_in(self.label)
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Statute:
    title: str = ""
    """As the text has it, with 中华人民共和国 where that stands."""
    part: str = ""
    """The part of a code that the text holds alone, e.g. 人格权编."""
    history: tuple[Event, ...] = ()
    number: str = ""
    issuing_body: str = ""
    issued_on: date | None = None
    effective_on: date | None = None
    effective_is_sure: bool = False
    """Whether the text itself says from when this version holds; else the date is only near and must be checked."""
    status: str = "in_force"
    status_on: date | None = None
    status_note: str = ""
    chapters: tuple[str, ...] = ()
    """Every heading above an article, in order."""
    preamble: str = ""
    articles: tuple[StatuteArticle, ...] = ()
    annexes: tuple[StatuteArticle, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def key(self) -> str:
        return title_key(self.title)

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def pieces(self) -> tuple[StatuteArticle, ...]:
        """All that is stored under a label, in order: preamble, articles, annexes."""
        preamble = (StatuteArticle("序言", self.preamble),) if self.preamble else ()
        return (*preamble, *self.articles, *self.annexes)

    def with_problem(self, *problems: Problem) -> Statute:
        return replace(self, problems=(*self.problems, *problems))


class Unreadable(Exception):
    """The bytes are no text of a statute; `problem` says why."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(code)
        self.problem = Problem("file", code, params)
