"""The clean layout of plain text: it says so in its first line, and then every line is what its start says.

    【题库文本格式 1】
    1.（单选题）国家的根本法是（ ）。
    A. 宪法
    B. 民法典
    答案：A
    法律依据：《宪法》序言

A text goes on in the next line when that one starts with two full-width spaces. Nothing is recognised from its looks:
what is written so is read back letter by letter. Texts without the first line are read by `lines`. The whole is
described in docs/question-files.md.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from quizapp.bank.formats import listing
from quizapp.bank.formats.characters import clean, shorten
from quizapp.bank.formats.coding import told_coding
from quizapp.bank.formats.collect import Collected
from quizapp.bank.formats.draft import Draft
from quizapp.bank.formats.kinds import UNSUPPORTED, VERBATIM, Hint, kind_named
from quizapp.bank.formats.layout import SheetLayout
from quizapp.bank.formats.parsed import ParsedQuestion, Problem
from quizapp.bank.formats.problems import KIND_NAMES
from quizapp.bank.formats.table_writing import DIFFICULTIES, HEADERS, answer_text

FIRST_LINE = "【题库文本格式 1】"
_NOTE = "# 每道题以题号和（题型）开头；一段文字换行时，下一行以两个全角空格开头。以 # 开头的行不读。"
_MORE = "　　"
_SAME_PASSAGE = "案例同上"
_FIELD_OF = {header: role for role, header in HEADERS.items() if role not in ("kind", "stem", "options")}
_BETWEEN = {"answer": "；", "topics": "、"}
"""What joins the texts of a label that stands more than once in a question; a line end for all others."""
_FIRST = re.compile(r"\s*【\s?题库文本格式\s?1\s?】")
_QUESTION = re.compile(r"[0-9]{1,6}\s?[.．、]\s?[(（](?P<kind>[^()（）]{1,20})[)）](?P<text>.*)", re.DOTALL)
_OPTION = re.compile(r"(?P<letter>[A-Z])[.．、](?P<text>.*)", re.DOTALL)
_FIELD = re.compile(rf"(?P<label>{'|'.join(_FIELD_OF)})\s?[:：](?P<text>.*)", re.DOTALL)


def is_own(text: str) -> bool:
    return bool(_FIRST.match(text.lstrip("\ufeff")))


# Reading ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Part:
    """A text with its place, from its first line to the last one that carries it on."""

    number: int
    lines: list[str] = field(default_factory=list)
    empty: int = 0
    """Empty lines behind it, which count when it still goes on."""

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def read(text: str, collected: Collected) -> None:
    """Read all questions of a text whose first line is FIRST_LINE."""
    drafts = list(_drafts(text, collected))
    told = collected.options.sheet("")
    rows = sum(len(draft.source) for draft in drafts)
    collected.take(collected.corrected(drafts, told), told_coding(told), SheetLayout("", "text", rows))


def _drafts(text: str, collected: Collected) -> Iterator[Draft]:
    draft: Draft | None = None
    passage = ""
    for part in _parts(text):
        opened = _QUESTION.fullmatch(part.text)
        if opened:
            if draft is not None:
                passage = draft.passage
                yield draft
            draft = _opened(part, opened)
        elif draft is None or not _take(draft, part, passage):
            where = f"line {part.number}"
            collected.report(Problem(where, "line_not_in_layout", {"text": shorten(part.text)}))
    if draft is not None:
        yield draft


def _parts(text: str) -> Iterator[_Part]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    part: _Part | None = None
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            if part:
                part.empty += 1
        elif line[0] in " \t\u3000" and part:
            more = line.removeprefix(_MORE) if line.startswith(_MORE) else line.strip()
            part.lines += [*[""] * part.empty, more]
            part.empty = 0
        else:
            if part:
                yield part
            part = None if line.startswith("#") else _Part(number, [line.strip()])
    if part:
        yield part


def _opened(part: _Part, opened: re.Match[str]) -> Draft:
    words, _, points = opened["kind"].replace(",", "，").partition("，")
    kind = kind_named(words)
    hint = Hint(kind or UNSUPPORTED, insists=True, words=f"{words}{VERBATIM}" if kind else words)
    stem = clean(opened["text"])
    return Draft(where=f"line {part.number}", stem=stem, hint=hint, points=points.strip(), source=part.lines)


def _take(draft: Draft, part: _Part, passage: str) -> bool:
    """Put an option or a field into its question; False for anything else."""
    draft.source = [*draft.source, *part.lines]
    if part.text == _SAME_PASSAGE and passage:
        draft.passage = passage
        return True
    option, labelled = _OPTION.fullmatch(part.text), _FIELD.fullmatch(part.text)
    if option:
        draft.options.append((option["letter"], clean(option["text"])))
    elif labelled:
        role = _FIELD_OF[labelled["label"]]
        before, text = getattr(draft, role), clean(labelled["text"])
        setattr(draft, role, f"{before}{_BETWEEN.get(role, chr(10))}{text}" if before else text)
    return bool(option or labelled)


# Writing ------------------------------------------------------------------------------------------------------


def write(questions: Sequence[ParsedQuestion]) -> bytes:
    """The questions with the mark and the line ends by which old editors know UTF-8 and lines."""
    content = io.BytesIO()
    file = io.TextIOWrapper(content, "utf-8-sig", newline="\r\n", write_through=True)
    file.write(f"{FIRST_LINE}\n{_NOTE}\n")
    passage = ""
    for number, question in enumerate(questions, 1):
        file.write("\n")
        file.writelines(f"{line}\n" for line in _lines(number, question, passage))
        passage = question.passage
    return content.getvalue()


def _lines(number: int, question: ParsedQuestion, passage: str) -> Iterator[str]:
    yield from _labelled(f"{number}.（{KIND_NAMES[question.kind]}）", question.stem)
    for option in question.options:
        if option.id.isdigit():
            yield from _labelled("匹配项：", listing.matches_text([option], verbatim=True))
        else:
            yield from _labelled(f"{option.id}. ", option.text)
    yield from _labelled("答案：", answer_text(question, verbatim=True))
    yield from _labelled("解析：", question.explanation)
    for citation in question.citations:
        yield from _labelled("法律依据：", listing.citation_text(citation, verbatim=True))
    yield from _labelled("知识点：", listing.topics_text(question.topics, verbatim=True))
    yield from _labelled("难度：", DIFFICULTIES.get(question.difficulty or 0, ""))
    points = question.points_hundredths
    yield from _labelled("分值：", "" if points is None else listing.points_text(points))
    if question.passage and question.passage == passage:
        yield _SAME_PASSAGE
    else:
        yield from _labelled("案例：", question.passage)
    for criterion in question.rubric:
        yield from _labelled("评分标准：", listing.criterion_text(criterion, verbatim=True))


def _labelled(label: str, text: str) -> Iterator[str]:
    if text:
        first, *more = text.split("\n")
        yield label + first
        yield from (_MORE + line for line in more)
