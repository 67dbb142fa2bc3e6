"""A text of questions cut into its questions: one pass that tells where a question opens.

A numbered line opens a question when what follows shows one (options from A, an answer, a key in the stem), or
when its number is the next one and no answer or explanation is running; numbered points of an answer do neither.
Without numbers, the line after an answer opens one when options or an answer follow. Everything else belongs to
the question before, or is furniture, or is reported.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from quizapp.bank.formats.block import Block, join, read_block
from quizapp.bank.formats.characters import shorten
from quizapp.bank.formats.coding import Coding, told_coding
from quizapp.bank.formats.collect import Collected
from quizapp.bank.formats.draft import LONGEST_TEXT
from quizapp.bank.formats.judging import settle
from quizapp.bank.formats.key_list import find_key_list
from quizapp.bank.formats.kinds import Hint
from quizapp.bank.formats.layout import SheetLayout
from quizapp.bank.formats.line_kinds import (
    Kind,
    Line,
    Numbered,
    classify,
    looks_back,
    passage_range,
    reads_as_key,
    split_labels,
)
from quizapp.bank.formats.parsed import Problem

LEAST_REPEATS_OF_A_HEADER = 5
LEAST_HEADER_LETTERS = 4
MOST_LINES_OF_A_QUESTION = 500
TITLE_LINES = 8
"""Lines before the first question, or under a heading, that pass as titles and instructions."""
_LINES_OF_A_STEM = 20
_OF_FEW_WORDS = ("single", "multiple", "indefinite", "true_false", "fill_in", "choice")
_CERTAIN = 0.8


def read_lines(lines: Sequence[Line], collected: Collected, *, layout: SheetLayout | None = None) -> None:
    """Read all questions of a text; lines are cleaned already. `layout` is that of the sheet they stand in."""
    cutter = _Cutter(lines)
    cutter.cut()
    for problem in cutter.problems:
        collected.report(problem)
    layout = layout or SheetLayout("", "text", sum(1 for line in lines if line.text))
    told = collected.options.sheet(layout.name)
    drafts = collected.corrected((read_block(block) for block in cutter.whole_blocks), told)
    collected.take(drafts, told_coding(told), layout)


def read_if_certain(lines: Sequence[Line], collected: Collected, *, layout: SheetLayout) -> bool:
    """Read lines that may be a text of questions; only when most of its questions are usable."""
    cutter = _Cutter(lines)
    cutter.cut()
    drafts = [read_block(block) for block in cutter.whole_blocks]
    good = [draft for draft in drafts if settle(draft, coding=Coding(), default_kind=None)[0]]
    if len(good) < 2 or len(good) < _CERTAIN * len(drafts) or len(cutter.problems) > len(good):
        return False
    read_lines(lines, collected, layout=layout)
    return True


class _Cutter:
    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.kinds = [classify(line.text) for line in lines]
        self.blocks: list[Block] = []
        self.problems: list[Problem] = []
        self.section: Hint | None = None
        self.shared_answer = ""
        self.passage = ""
        self.passage_numbers: tuple[int, int] | None = None
        self.current: Block | None = None
        self.number = 0
        self.has_options = self.has_answer = self.in_explanation = False
        self.outside = 0
        self.opened_at = -1
        self.is_in_passage = False
        self.key_list = find_key_list([line.text for line in lines])
        self.has_whole_answer = False
        """The answer is one that no numbered point goes on."""
        self.evidence = self._evidence()
        self.is_numbered = self._is_numbered()
        self.next_mark, self.next_empty, self.last_text = self._neighbours()
        self._mark_page_headers()

    # Looking ahead --------------------------------------------------------------------------------------------

    def _evidence(self) -> list[bool]:
        """For each line: whether a question shows from it on, before the next numbered line or heading."""
        evidence = [False] * len(self.kinds)
        ahead = False
        for place in range(len(self.kinds) - 1, -1, -1):
            kind = self.kinds[place]
            if kind.heading or kind.is_passage:
                ahead = False
                continue
            evidence[place] = ahead = ahead or kind.is_evidence
            if kind.numbered or kind.is_id:
                ahead = False
        return evidence

    def _neighbours(self) -> tuple[list[int], list[int], list[int]]:
        """For each place: the next line that is something by itself, the next empty one, the last text before it."""
        count = len(self.kinds)
        next_mark, next_empty, last_text = [count] * count, [count] * count, [-1] * (count + 1)
        mark = empty = count
        for place in range(count - 1, -1, -1):
            next_mark[place], next_empty[place] = mark, empty
            kind = self.kinds[place]
            if not kind.text:
                empty = place
            elif kind.is_mark or (kind.label == "answer" and not self.is_numbered):
                mark = place
        for place, kind in enumerate(self.kinds):
            last_text[place + 1] = place if kind.text else last_text[place]
        return next_mark, next_empty, last_text

    def _is_numbered(self) -> bool:
        numbered = sum(
            1 for kind, shows in zip(self.kinds, self.evidence, strict=True) if shows and (kind.numbered or kind.is_id)
        )
        answers = sum(1 for kind in self.kinds if kind.label == "answer")
        options = sum(1 for kind in self.kinds if kind.opens_options)
        return numbered * 2 >= (answers or options)

    def _mark_page_headers(self) -> None:
        """Lines that come again and again, but for their figures, are headers and footers of pages."""
        if not self.is_numbered:
            return
        forms: dict[int, str] = {}
        counts: Counter[str] = Counter()
        apart: dict[str, bool] = {}
        for place, kind in enumerate(self.kinds):
            if kind.is_plain and len(kind.text) >= LEAST_HEADER_LETTERS:
                forms[place] = re.sub(r"[0-9]+", "#", kind.text)
                follows_number = place > 0 and (self.kinds[place - 1].is_id or self._is_bare_number(place - 1))
                counts[forms[place]] += 1
                apart[forms[place]] = apart.get(forms[place], False) or not follows_number
        told: set[str] = set()
        for place, form in forms.items():
            if counts[form] >= LEAST_REPEATS_OF_A_HEADER and apart[form]:
                self.kinds[place].is_furniture = True
                if form not in told:
                    told.add(form)
                    params = {"text": shorten(self.kinds[place].text), "count": str(counts[form])}
                    self.problems.append(Problem(self.lines[place].where, "page_header", params, "warning"))

    def _is_bare_number(self, place: int) -> bool:
        numbered = self.kinds[place].numbered
        return bool(numbered and not numbered.rest)

    # Cutting --------------------------------------------------------------------------------------------------

    def cut(self) -> None:
        end = self.key_list.start if self.key_list else len(self.lines)
        for place, (line, kind) in enumerate(zip(self.lines[:end], self.kinds[:end], strict=True)):
            if len(line.text) > LONGEST_TEXT:
                params = {"text": shorten(line.text), "limit": str(LONGEST_TEXT)}
                self.problems.append(Problem(line.where, "text_too_long", params))
            elif kind.heading:
                self._open_section(kind)
            elif kind.is_passage and not kind.label and self._is_complete():
                self._open_passage(place, kind)
            elif self._opens(place, kind):
                self._open_question(place, kind)
            elif kind.text and not kind.is_furniture:
                self._take(line, kind)

        self._share_out_keys()

    def _share_out_keys(self) -> None:
        """Give the questions their answers from the list at the end, by section and number."""
        waiting: dict[tuple[str | None, int | None], list[Block]] = {}
        for block in self.blocks:
            number = block.numbered.number if block.numbered else None
            for kind in {None, block.section.kind if block.section else None}:
                waiting.setdefault((kind, number), []).append(block)
        told: set[int] = set()
        for entry in self.key_list.entries if self.key_list else ():
            blocks = waiting.get((entry.kind, entry.number), [])
            if len(blocks) == 1:
                blocks[0].shared_answer = entry.key
            elif entry.line not in told:
                told.add(entry.line)
                line = self.lines[entry.line]
                self.problems.append(Problem(line.where, "line_not_read", {"text": shorten(line.text)}))

    @property
    def whole_blocks(self) -> list[Block]:
        """The questions that are not too long to be one."""
        return [block for block in self.blocks if len(block.lines) <= MOST_LINES_OF_A_QUESTION]

    def _open_section(self, kind: Kind) -> None:
        assert kind.heading is not None  # noqa: S101 (told by the caller)
        self.section = Hint(kind.heading.kind, insists=False, words=shorten(kind.heading.words, 20))
        self.shared_answer = kind.heading.answer
        self.passage, self.is_in_passage, self.passage_numbers = "", False, None
        self.current, self.number, self.outside = None, 0, 0

    def _open_passage(self, place: int, kind: Kind) -> None:
        above = self._lines_above(place) if looks_back(kind.text) else []
        text = kind.text
        for line in reversed(above):
            text = join(line.text, text)
        self.passage, self.is_in_passage = text, True
        self.passage_numbers = passage_range(kind.text)
        self.current = None

    def _lines_above(self, place: int) -> list[Line]:
        """`根据以上材料回答` names what stands right above it: taken out of the question before."""
        first = place
        while first and self.kinds[first - 1].is_plain and not self.kinds[first - 1].is_furniture:
            first -= 1
        above = list(self.lines[first:place])
        if self.current is not None:
            above = [line for line in above if line in self.current.lines[1:]]
            self.current.lines = [line for line in self.current.lines if line not in above]
        return above

    def _is_complete(self) -> bool:
        return self.current is None or self.has_answer or self.has_options

    def _opens(self, place: int, kind: Kind) -> bool:
        if not kind.text or kind.is_furniture:
            return False
        if kind.label == "stem":
            return True
        if kind.numbered and kind.numbered.hint:
            return True
        if kind.is_id:
            return self.evidence[place] and self._is_complete() and self._is_next_plain(place)
        if kind.numbered:
            return self._number_opens(place, kind.numbered)
        if kind.doubtful and kind.doubtful.number == self.number + 1 and self.has_answer and self.evidence[place]:
            return True
        return kind.is_plain_or_key and self._plain_opens(place)

    def _number_opens(self, place: int, numbered: Numbered) -> bool:
        is_next = numbered.number == self.number + 1
        if self._is_open_matching():  # the numbers of its right side are no questions
            return is_next and self._has_own_options(place)
        if self._is_complete() and self.evidence[place]:
            return True
        if not self.has_answer:
            return is_next
        return (
            is_next
            and self.has_whole_answer
            and not self.in_explanation
            and not self._goes_on_counting(place, numbered.number)
        )

    def _goes_on_counting(self, place: int, number: int | None) -> bool:
        """Whether the line before has the number before and opened nothing: points of something, no questions."""
        before = self.kinds[place - 1].numbered if place - 1 > self.opened_at else None
        return before is not None and before.number is not None and before.number + 1 == number

    def _is_open_matching(self) -> bool:
        if self.current is None or self.has_answer:
            return False
        numbered = self.current.numbered
        hint = (numbered.hint if numbered else None) or self.current.section
        return hint is not None and hint.kind == "matching"

    def _has_own_options(self, place: int) -> bool:
        """Whether options from A stand before the next number or heading."""
        for kind in self.kinds[place + 1 : place + 1 + _LINES_OF_A_STEM]:
            if kind.numbered or kind.heading or kind.opens_options:
                return kind.opens_options and not kind.numbered
        return False

    def _is_next_plain(self, place: int) -> bool:
        after = self.kinds[place + 1] if place + 1 < len(self.kinds) else Kind("")
        return after.is_plain_or_key

    def _plain_opens(self, place: int) -> bool:
        """A line without a number: only behind a complete question, when options or an answer follow it.

        Of several lines the first behind the last empty one opens; without an empty line among them, and with an
        explanation before, nobody can tell where the explanation ends: that gets a warning.
        """
        if self.is_in_passage or (self.current is not None and not self.has_answer):
            return False
        if self.current is None and self.is_numbered:
            return False
        mark = self.next_mark[place]
        if mark == len(self.kinds) or not self._shows_question(self.kinds[mark]):
            return False
        if self.next_empty[place] < self.last_text[mark]:
            return False
        if self.in_explanation and self.last_text[mark] > place and self.kinds[place - 1].text:
            self.problems.append(Problem(self.lines[place].where, "stem_start_unclear", severity="warning"))
        return True

    def _shows_question(self, kind: Kind) -> bool:
        return kind.opens_options or (kind.label == "answer" and not self.is_numbered)

    def _open_question(self, place: int, kind: Kind) -> None:
        line = self.lines[place]
        numbered = kind.numbered or (Numbered(int(kind.text), "") if kind.is_id else None)
        if kind.doubtful and kind.doubtful.number == self.number + 1 and self.is_numbered:
            numbered = kind.doubtful
        if numbered and numbered.number is not None:
            self.number = numbered.number
        if self.passage_numbers and not self.passage_numbers[0] <= self.number <= self.passage_numbers[1]:
            self.passage, self.passage_numbers = "", None
        self.is_in_passage = False
        self.current = Block([line], numbered, self.section, self.shared_answer, self.passage)
        self.blocks.append(self.current)
        self.has_answer = kind.label == "answer" or kind.has_answer or (kind.is_key and not kind.opens_options)
        self.has_options = kind.opens_options
        self.in_explanation = False
        self.opened_at = place
        self.has_whole_answer = self._is_whole_answer(line, kind)

    def _is_whole_answer(self, line: Line, kind: Kind) -> bool:
        """A key, or any answer but that to a question of many words."""
        if kind.label != "answer" and not kind.has_answer:
            return False
        value = next((text for name, text in split_labels(line.text) if name == "answer" and text), "")
        hint = (self.current.numbered.hint if self.current and self.current.numbered else None) or self.section
        return bool(value) and (reads_as_key(value) or (hint is not None and hint.kind in _OF_FEW_WORDS))

    def _take(self, line: Line, kind: Kind) -> None:
        if self.current is not None:
            if len(self.current.lines) == MOST_LINES_OF_A_QUESTION:
                params = {"limit": str(MOST_LINES_OF_A_QUESTION)}
                self.problems.append(Problem(self.current.lines[0].where, "too_many_lines", params))
            if len(self.current.lines) <= MOST_LINES_OF_A_QUESTION:
                self.current.lines.append(line)
            self.has_options = self.has_options or kind.opens_options
            self.has_whole_answer = self.has_whole_answer or self._is_whole_answer(line, kind)
            self.in_explanation = self.in_explanation or kind.label == "explanation"
            self.has_answer = (
                self.has_answer
                or kind.label is not None
                or kind.has_answer
                or (self.has_options and kind.is_key and not kind.opens_options)
            )
        elif self.is_in_passage:
            if len(self.passage) <= LONGEST_TEXT:
                self.passage = join(self.passage, line.text)
        else:
            self._take_outside(line, kind)

    def _take_outside(self, line: Line, kind: Kind) -> None:
        self.outside += 1
        if kind.is_evidence or kind.numbered or self.outside > TITLE_LINES:
            self.problems.append(Problem(line.where, "line_not_read", {"text": shorten(line.text)}))
