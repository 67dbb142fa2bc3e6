"""The lines of a statute's text into title, history, headings and articles."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from quizapp.bank.article_labels import NUMERAL, ArticleNumber, is_whole_article, number_of, read_numeral
from quizapp.bank.formats.characters import clean, shorten
from quizapp.bank.statutes import dates
from quizapp.bank.statutes.parsed import (
    LONGEST_CHAPTER,
    LONGEST_LABEL,
    LONGEST_NUMBER,
    LONGEST_TITLE,
    Event,
    Problem,
    Statute,
    StatuteArticle,
)

LONGEST_HEADING = 60
MOST_LINES = 20_000
"""Five times those of the longest code; what has more is no statute."""
MOST_ALIKE = 20
"""Problems of one kind that are listed."""
_RANKS = {"编": 1, "分编": 2, "章": 3, "节": 4}
_END_OF_HEAD = re.compile(r"<!--\s*INFO\s+END\s*-->", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->")
_MARKS = re.compile(r"(#{1,6})\s*(.*?)\s*#*")
_HEADING = re.compile(rf"第\s*({NUMERAL})\s*(分编|编|章|节)(?![之的])\s*(.{{0,{LONGEST_HEADING}}})")
_ARTICLE = re.compile(rf"第\s*({NUMERAL})\s*条(?:\s*之\s*({NUMERAL})(?!款|项))?(.*)", re.DOTALL)
_REFERS = re.compile(r"[和及与或]第|第|、|，|,|至|到|规定|之|的|中的|所[称列述指]")
"""What follows the number where a line only speaks of an article: 第五条规定的…, 第三条第二款…."""
_PARAGRAPH_OF = re.compile(rf"\s*第\s*{NUMERAL}\s*[款项]")
_ANNEX = re.compile(rf"附\s*(?:件|表|录|图|注)?\s*(?:{NUMERAL})?\s*(?:[：:]?|[：:\s].{{0,{LONGEST_HEADING}}})")
_ANNEX_ALONE = re.compile(rf"附\s*(?:件|表|录|图|注)?\s*(?:{NUMERAL})?")
_FINAL = re.compile(r"附\s*则")
_WHOLE = re.compile(r"(?:总|分|附)\s*则")
_PREAMBLE = re.compile(r"[序前]\s*言")
_CONTENTS = re.compile(r"目\s*[录次]")
_SENTENCE_END = re.compile(r"[。；;！？!?]$")
_SPACE_BETWEEN = re.compile(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")
_TITLE_ENDS = (
    "法", "法典", "条例", "规定", "办法", "决定", "细则", "规则", "章程", "准则", "解释", "意见", "修正案", "通则",
)  # fmt: skip
_LABELS = {
    "文号": "number",
    "发布机关": "issuing_body",
    "制定机关": "issuing_body",
    "公布日期": "issued_on",
    "施行日期": "effective_on",
}
_LABELLED = re.compile(rf"({'|'.join(_LABELS)})\s*[：:]\s*(.*)")


@dataclass(slots=True)
class _Open:
    """An article that is being read."""

    label: str
    headings: tuple[str, ...]
    line: int
    paragraphs: list[str] = field(default_factory=list)
    awaits_title: bool = False
    """Of an annex whose head says no more than 附件: its first short line is its title."""

    def close(self) -> StatuteArticle:
        return StatuteArticle(self.label, "\n".join(self.paragraphs), self.headings, self.line)


@dataclass(slots=True)
class _Reader:
    in_head: bool = True
    title: str = ""
    part: str = ""
    head_lines: list[tuple[int, str]] = field(default_factory=list)
    """Lines of the head that are neither dated nor labelled: title, decree, what nobody can place."""
    history: list[Event] = field(default_factory=list)
    stated: dict[str, str] = field(default_factory=dict)
    in_force: date | None = None
    open_headings: dict[int, str] = field(default_factory=dict)
    heading_awaits_title: int | None = None
    first_heading: str = ""
    pieces: list[_Open] = field(default_factory=list)
    annexes: list[_Open] = field(default_factory=list)
    preamble: list[str] | None = None
    """None while no preamble was begun; what is collected while it is open."""
    preamble_is_open: bool = False
    last: ArticleNumber | None = None
    problems: list[Problem] = field(default_factory=list)

    # What a line is

    def take(self, number: int, line: str) -> None:
        if _END_OF_HEAD.search(line):
            self.in_head = False
            return
        line = _COMMENT.sub("", line).strip()
        if not line:
            return
        if line.startswith("\\"):
            self.paragraph(number, line[1:])
            return
        marks = _MARKS.fullmatch(line)
        depth, bare = (len(marks[1]), marks[2]) if marks else (0, line)
        bare = re.sub(r"^[*_]{2}(第.+?[条章节编])[*_]{2}", r"\1", bare)
        if not bare:
            return
        if self.annexes:
            self.annex_line(depth, bare, number)
        elif self.article(number, bare) or self.rest_of_heading(bare) or self.heading(depth, bare, number):
            self.in_head = False
        elif self.in_head:
            self.head(number, depth, bare)
        else:
            self.paragraph(number, bare)

    def article(self, number: int, line: str) -> bool:
        found = _ARTICLE.match(line)
        place = number_of(found[1], found[2]) if found else None
        if found is None or place is None:
            return False
        rest = found[3]
        is_set_off = not rest or rest[0] in " \t\u3000：:【[（("
        refers = bool(_REFERS.match(rest.lstrip(" \t\u3000") if is_set_off else rest))
        if _PARAGRAPH_OF.match(rest) or (refers and not is_set_off) or (refers or not is_set_off) > self.follows(place):
            return False
        self.pieces.append(_Open(place.label, self.headings, number))
        self.last, self.preamble_is_open, self.heading_awaits_title = place, False, None
        text = rest.strip(" \t\u3000")
        if text:
            self.pieces[-1].paragraphs.append(text)
        return True

    def follows(self, place: ArticleNumber) -> bool:
        """Whether an article with this number is what comes next."""
        if self.last is None:
            return True
        same, next_one = self.last.number == place.number, self.last.number + 1 == place.number
        return (next_one and not place.inserted) or (same and place.inserted == self.last.inserted + 1)

    def heading(self, depth: int, line: str, number: int) -> bool:
        if depth == 1:
            if not self.in_head:
                self.open(0, _joined(line))
            return not self.in_head
        if _PREAMBLE.fullmatch(line) and not self.pieces:
            self.preamble, self.preamble_is_open = self.preamble or [], True
            return True
        if _CONTENTS.fullmatch(line) and not self.pieces:
            self.preamble_is_open = False
            return True
        found = _HEADING.fullmatch(line)
        if found and read_numeral(found[1]) is not None and not _SENTENCE_END.search(line):
            rank = _RANKS[found[2]]
            title = _joined(found[3])
            self.open(rank, _joined(f"第{found[1].strip()}{found[2]}") + (f" {title}" if title else ""))
            self.heading_awaits_title = None if title else rank
            return True
        if _WHOLE.fullmatch(line) and (depth or 1 in self.open_headings or not self.pieces or _FINAL.fullmatch(line)):
            self.open(1, _joined(line))
            return True
        if self.pieces and _ANNEX.fullmatch(line) and not _FINAL.match(line) and not _SENTENCE_END.search(line):
            self.begin_annex(depth, line, number)
            return True
        if depth and len(line) <= LONGEST_HEADING:
            self.open(depth + 1, _joined(line))
            return True
        return False

    def rest_of_heading(self, line: str) -> bool:
        """Whether the line is the title of a heading that stood alone: 第一章, and below it 总 则."""
        rank, self.heading_awaits_title = self.heading_awaits_title, None
        if rank is None or len(line) > LONGEST_HEADING or _SENTENCE_END.search(line) or _HEADING.fullmatch(line):
            return False
        self.open_headings[rank] += f" {_joined(line)}"
        return True

    def open(self, rank: int, heading: str) -> None:
        if not self.pieces and heading == self.first_heading:
            # What stood before was the table of contents.
            self.open_headings = {}
        self.first_heading = self.first_heading or heading
        self.open_headings = {above: text for above, text in self.open_headings.items() if above < rank}
        self.open_headings[rank] = heading
        self.preamble_is_open = False

    @property
    def headings(self) -> tuple[str, ...]:
        part = (self.part,) if self.part else ()
        return (*part, *(self.open_headings[rank] for rank in sorted(self.open_headings)))

    # What is done with it

    def head(self, number: int, depth: int, line: str) -> None:
        labelled = _LABELLED.fullmatch(line)
        if labelled:
            self.stated[_LABELS[labelled[1]]] = labelled[2].strip()
        elif depth == 1 and not self.title:
            self.title = _joined(line)
        elif depth == 1 and not self.part:
            self.part = _joined(line)
        elif dates.has_date(line):
            self.dated(number, line)
        else:
            self.head_lines.append((number, line))

    def dated(self, number: int, line: str) -> None:
        events, in_force = dates.read_events(line)
        self.in_force = in_force or self.in_force
        self.history += events
        if not any(event.on for event in events) and in_force is None:
            self.problems.append(Problem(f"line {number}", "bad_date", {"text": shorten(line)}, "warning"))

    def begin_annex(self, depth: int, line: str, number: int) -> None:
        label = _joined(line).rstrip("：:")[:LONGEST_LABEL]
        awaits_title = not depth and bool(_ANNEX_ALONE.fullmatch(label))
        self.annexes.append(_Open(label, (), number, awaits_title=awaits_title))

    def annex_line(self, depth: int, line: str, number: int) -> None:
        annex = self.annexes[-1]
        is_short = len(line) <= LONGEST_HEADING and not _SENTENCE_END.search(line)
        if _ANNEX.fullmatch(line) and (depth or annex.paragraphs) and is_short:
            self.begin_annex(depth, line, number)
        elif annex.awaits_title and not annex.paragraphs and is_short and line[0] not in "（(":
            annex.label = f"{annex.label}：{_joined(line)}"[:LONGEST_LABEL]
            annex.awaits_title = False
        else:
            annex.paragraphs.append(line)

    def paragraph(self, number: int, line: str) -> None:
        if self.annexes:
            self.annexes[-1].paragraphs.append(line)
        elif self.preamble_is_open and self.preamble is not None:
            self.preamble.append(line)
        elif self.pieces:
            self.pieces[-1].paragraphs.append(line)
        else:
            self.head_lines.append((number, line))


def is_numbered(heading: str) -> bool:
    """Whether a heading says by itself how high it stands: 第一编 总则, 第二章, 附则."""
    return bool(_HEADING.fullmatch(heading) or _WHOLE.fullmatch(heading))


def _joined(heading: str) -> str:
    """A heading without the spaces that only spread its characters: 总 则."""
    return " ".join(_SPACE_BETWEEN.sub("", heading).split())


def read_lines(text: str) -> Statute:
    """Understand the text of a statute; whatever it is, the answer is a statute and problems."""
    lines = clean(text).split("\n")
    if len(lines) > MOST_LINES:
        params = {"count": str(len(lines)), "limit": str(MOST_LINES)}
        return Statute(problems=(Problem("file", "too_many_lines", params),))
    reader = _Reader()
    for number, line in enumerate(lines, start=1):
        reader.take(number, line)
    title = _find_title(reader)
    articles = tuple(piece.close() for piece in reader.pieces)
    stated = reader.stated
    statute = Statute(
        title=title,
        part=reader.part,
        history=tuple(reader.history),
        number=stated.get("number", _number(reader))[:LONGEST_NUMBER],
        issuing_body=stated.get("issuing_body", dates.issuing_body(reader.history))[:LONGEST_TITLE],
        issued_on=dates.read_date(stated.get("issued_on", "")) or dates.last_date(reader.history),
        chapters=chapters_of(articles),
        preamble="\n".join(reader.preamble or ()),
        articles=articles,
        annexes=_distinct(tuple(annex.close() for annex in reader.annexes)),
    )
    in_force = dates.read_date(stated.get("effective_on", "")) or reader.in_force
    dated, problem = _date(statute, in_force)
    return check_numbers(dated).with_problem(*_few(reader.problems), *problem, *_few(_unread(reader)))


def _find_title(reader: _Reader) -> str:
    if reader.title:
        return reader.title.strip("《》")
    lines = reader.head_lines
    named = [entry for entry in lines if _without_brackets(entry[1]).endswith(_TITLE_ENDS) and len(entry[1]) <= 80]
    chosen = (named or [entry for entry in lines if len(entry[1]) <= LONGEST_TITLE])[:1]
    reader.head_lines = [entry for entry in lines if entry not in chosen]
    return _joined(chosen[0][1]).strip("《》") if chosen else ""


def _without_brackets(line: str) -> str:
    return re.sub(r"[（(][^（）()]*[）)]$", "", line.strip("《》").rstrip())


def _number(reader: _Reader) -> str:
    texts = [event.text for event in reader.history]
    lines = [line for _number, line in reader.head_lines]
    return next((found for text in reversed([*lines, *texts]) if (found := dates.number_in(text))), "")


def _unread(reader: _Reader) -> Iterator[Problem]:
    for number, line in reader.head_lines:
        if not dates.number_in(line):
            yield Problem(f"line {number}", "stray_text", {"text": shorten(line)}, "warning")


def chapters_of(articles: Iterable[StatuteArticle]) -> tuple[str, ...]:
    """Every heading above an article once, in order."""
    articles = tuple(articles)
    paths = dict.fromkeys(
        article.headings[:depth] for article in articles for depth in range(1, len(article.headings) + 1)
    )
    return tuple(path[-1] for path in paths)


def _distinct(annexes: tuple[StatuteArticle, ...]) -> tuple[StatuteArticle, ...]:
    """Annexes with one label each: 附件 and 附件（2）."""
    seen: dict[str, int] = {}
    named = []
    for annex in annexes:
        seen[annex.label] = times = seen.get(annex.label, 0) + 1
        suffix = f"（{times}）" if times > 1 else ""
        named.append(replace(annex, label=annex.label[: LONGEST_LABEL - len(suffix)] + suffix))
    return tuple(named)


def _date(statute: Statute, in_force: date | None) -> tuple[Statute, list[Problem]]:
    """The statute with the date from which it holds, and what is to be said about that date."""
    if in_force:
        return replace(statute, effective_on=in_force, effective_is_sure=True), []
    last_words = " ".join(article.text for article in statute.articles[-3:])
    revised, problems = dates.revised_on(statute.history), []
    written = [dates.read_date(found) for found in dates.IN_FORCE_FROM.findall(last_words)]
    since = next((found for found in reversed(written) if found), None)
    if since is None and dates.FROM_ISSUE.search(last_words):
        since = dates.made_public_on(statute.history)
    elif since is None and (delayed := dates.AFTER_ISSUE.search(last_words)):
        problems.append(Problem("file", "delayed_date", {"text": shorten(delayed[0])}, "warning"))
        return statute, problems
    if since and revised and since < revised:
        params = {"written": since.isoformat(), "date": revised.isoformat()}
        return replace(statute, effective_on=revised), [Problem("file", "date_from_revision", params, "warning")]
    if since:
        return replace(statute, effective_on=since, effective_is_sure=True), []
    near = dates.last_date(statute.history)
    if near:
        problem = Problem("file", "date_from_history", {"date": near.isoformat()}, "warning")
        return replace(statute, effective_on=near), [problem]
    return statute, [Problem("file", "no_effective_date", {}, "warning")]


def check_numbers(statute: Statute) -> Statute:
    """The statute with its articles each once, and with what is wrong with title and numbering as problems."""
    problems: list[Problem] = []
    if not statute.title:
        problems.append(Problem("file", "no_title", {}, "warning"))
    elif len(statute.title) > LONGEST_TITLE:
        problems.append(Problem("file", "title_too_long", {"limit": str(LONGEST_TITLE)}, "warning"))
    if not statute.articles:
        problems.append(Problem("file", "no_articles"))
    kept: dict[str, StatuteArticle] = {}
    before: StatuteArticle | None = None
    for article in statute.articles:
        where = f"line {article.line}" if article.line else article.label
        first = kept.get(article.label)
        if first is None:
            kept[article.label] = article
            problems += _order_problems(before, article, where)
            before = article
        elif first.text == article.text:
            problems.append(Problem(where, "repeated_alike", {"label": article.label}, "warning"))
        else:
            problems.append(Problem(where, "repeated", {"label": article.label, "line": str(first.line)}))
        if not article.text:
            problems.append(Problem(where, "empty_article", {"label": article.label}, "warning"))
    named = [(article, is_whole_article(article.label)) for article in kept.values()]
    for piece, is_named in [*named, *((annex, annex.number is None) for annex in statute.annexes)]:
        is_short = 0 < len(piece.label) <= LONGEST_LABEL and len("\n".join(piece.headings)) <= LONGEST_CHAPTER
        if not is_named or not is_short:
            problems.append(Problem(piece.label, "bad_label", {"label": shorten(piece.label)}))
    return replace(statute, articles=tuple(kept.values()), problems=(*statute.problems, *_few(problems)))


def _few(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Of each kind the first ones, and how many more there are."""
    counts: Counter[str] = Counter()
    worst: dict[str, Problem] = {}
    for problem in problems:
        counts[problem.code] += 1
        worst[problem.code] = problem
        if counts[problem.code] <= MOST_ALIKE:
            yield problem
    for code, count in counts.items():
        if count > MOST_ALIKE:
            last = worst[code]
            yield Problem(last.where, "more", {"count": str(count - MOST_ALIKE)}, last.severity)


def _order_problems(before: StatuteArticle | None, article: StatuteArticle, where: str) -> Iterator[Problem]:
    number = article.number
    if number is None:
        return
    last = before.number if before else None
    if before is None or last is None:
        if number.number > 1:
            yield Problem(where, "starts_late", {"first": article.label}, "warning")
        return
    params = {"before": before.label, "after": article.label, "label": article.label}
    if number < last:
        yield Problem(where, "out_of_order", params, "warning")
    missing = number.number - last.number - 1 if number.number > last.number else number.inserted - last.inserted - 1
    if number > last and missing > 0:
        yield Problem(where, "gap", params | {"count": str(missing)}, "warning")
