"""The lines of one question, from its number to the next one's, into a draft."""

from __future__ import annotations

import re
from dataclasses import dataclass

from quizapp.bank.formats import options
from quizapp.bank.formats.answers import LETTERS
from quizapp.bank.formats.characters import clean
from quizapp.bank.formats.draft import Draft
from quizapp.bank.formats.kinds import Hint, kind_named, take_tag
from quizapp.bank.formats.line_kinds import (
    Line,
    Numbered,
    bare_key,
    has_inline_answer,
    reads_as_key,
    split_labels,
    truth_option,
)
from quizapp.bank.formats.marking import marked_letters, underlined_texts
from quizapp.bank.formats.pairing import split_sides

_ONE_A_LINE = ("matches", "rubric")
"""Fields in which each line is a thing of its own."""
_MOST_LINES_OF_A_STEM = 8
_SENTENCE_ENDS = "。！？：；!?:;.）)】"
_LAST_KEY = re.compile(
    r"(?P<text>.*\S)(?:\s*[(（【]\s?(?P<boxed>[A-HＡ-Ｈ]{1,8})\s?[)）】]|(?:\s{2,}|\t)\s*(?P<bare>[A-HＡ-Ｈ]{1,8}))\s*[。.]?",
    re.DOTALL,
)
_TRUTH_LINE = re.compile(r"[(（【]?\s?(?:正确|错误|对|错|√|×|✓|✔|✗|❌)\s?[)）】]?[。.]?")


@dataclass(slots=True)
class Block:
    """The lines of one question under their section; `numbered` is read from its first line."""

    lines: list[Line]
    numbered: Numbered | None = None
    section: Hint | None = None
    shared_answer: str = ""
    passage: str = ""


def read_block(block: Block) -> Draft:
    """Read one question of a text."""
    return _Reader(block).read()


def join(before: str, after: str) -> str:
    """Put a wrapped line behind the one it continues: on a line of its own only after the end of a sentence."""
    if not before or not after:
        return before or after
    if before[-1] in _SENTENCE_ENDS or after[:1] in "①②③④⑤⑥⑦⑧⑨⑩" or re.match(r"[(（]?[0-9]{1,2}[)）.、]", after):
        return f"{before}\n{after}"
    is_latin = before[-1].isascii() and after[0].isascii() and before[-1].isalnum() and after[0].isalnum()
    return f"{before} {after}" if is_latin else before + after


class _Reader:
    """Goes through the lines; `field` is where the next unlabelled line belongs."""

    def __init__(self, block: Block) -> None:
        numbered = block.numbered
        self.block = block
        self.field = "stem"
        self.texts: dict[str, str] = {}
        self.options: list[tuple[str, str]] = []
        self.body: list[str] = []
        """The lines of stem and options as they stand."""
        self.hint = numbered.hint if numbered else None
        self.points = numbered.points if numbered else ""
        self.has_option_a_line = any(_is_option_a(line.text) for line in block.lines[1:])
        self.has_answer_label = any(has_inline_answer(line.text) for line in block.lines)

    def read(self) -> Draft:
        for place, line in enumerate(self.block.lines):
            text = self.block.numbered.rest if place == 0 and self.block.numbered else line.text
            for name, part in split_labels(text):
                if name is None:
                    self._take_unlabelled(part)
                else:
                    self._take_labelled(name, part)
        return self._draft()

    def _take_labelled(self, name: str, text: str) -> None:
        if name == "stem":
            self.field = "stem"
            self._take_unlabelled(text)
            return
        if name == "kind":
            kind = kind_named(text)
            self.hint = Hint(kind or "unsupported", insists=True, words=text) if text else self.hint
            return
        self.field = name
        if (
            name == "answer"
            and text
            and self.texts.get("answer")
            and self._reads(text) == self._reads(self.texts["answer"])
        ):
            return
        self._add(name, text, on_a_line=name in (*_ONE_A_LINE, "law"))

    def _add(self, name: str, text: str, *, on_a_line: bool) -> None:
        before = self.texts.get(name, "")
        self.texts[name] = f"{before}\n{text}" if on_a_line and before and text else join(before, text)

    @staticmethod
    def _reads(text: str) -> str:
        return re.sub(r"[\s,，、。.]+", "", text).upper()

    def _take_unlabelled(self, text: str) -> None:
        if not text:
            return
        if self.field == "stem" or self.field == "options":
            self._take_stem_or_option(text)
        elif self.field == "answer" and not self.options and self._is_short_key() and self._starts_options(text):
            self.field = "options"
            self._take_stem_or_option(text)
        elif self.field == "answer" and not self.texts.get("answer"):
            self.texts["answer"] = text
        elif self.field == "answer" and not self._is_short_key():
            self.texts["answer"] = f"{self.texts['answer']}\n{text}"
        elif self.field == "":
            return
        else:
            name = "explanation" if self.field == "answer" else self.field
            self.field = name
            self._add(name, text, on_a_line=name in _ONE_A_LINE)

    def _is_short_key(self) -> bool:
        return reads_as_key(self.texts.get("answer", ""))

    # Stem and options -----------------------------------------------------------------------------------------

    def _take_stem_or_option(self, text: str) -> None:
        self.body.append(text)
        if self._take_truth_option(text) or self._take_bare_line(text) or self._take_options(text):
            return
        if self.options:
            letter, before = self.options[-1]
            self.options[-1] = (letter, join(before, text))
            return
        head, run = ("", []) if self.has_option_a_line else options.split_run(text)
        if len(run) > 1 or (run and head):
            self.texts["stem"] = join(self.texts.get("stem", ""), head)
            self.options, self.field = run, "options"
        else:
            self.texts["stem"] = join(self.texts.get("stem", ""), text)

    def _take_truth_option(self, text: str) -> bool:
        found = truth_option(text)
        if not found or self.options or not self.texts.get("stem"):
            return False
        self.hint = self.hint or Hint("true_false", insists=False, words=text)
        return True

    def _take_bare_line(self, text: str) -> bool:
        """A line that is a key and nothing else, in a question without a label for one."""
        if self.has_answer_label or self.texts.get("answer") or not self.texts.get("stem"):
            return False
        is_key = bare_key(text) if len(self.options) > 1 else not self.options and bool(_TRUTH_LINE.fullmatch(text))
        is_empty_option = (
            len(self.options) > 1 and text.strip() == self._next_letter() and self._has_bare_key_after(text)
        )
        if not is_key or is_empty_option:
            return False
        self.texts["answer"], self.field = text, "explanation"
        return True

    def _has_bare_key_after(self, text: str) -> bool:
        at = next((n for n, line in enumerate(self.block.lines) if line.text == text), len(self.block.lines))
        return any(bare_key(line.text) for line in self.block.lines[at + 1 :])

    def _next_letter(self) -> str:
        used = LETTERS.index(self.options[-1][0]) + 1 if self.options else 0
        return LETTERS[min(used, len(LETTERS) - 1)]

    def _take_options(self, text: str) -> bool:
        if not self.texts.get("stem") and text[:1] in ("(", "（", "【"):
            return False  # （A）是根本法: a key at the start of the stem
        letter, rest = options.split_label(text)
        awaited = self._next_letter()
        if not letter:
            letter, rest = options.split_glued_label(text)
            if letter != awaited or (letter == "A" and not self._leads_to_b(text)):
                return False
        is_next = letter == awaited
        is_gap = bool(self.options) and awaited < letter <= chr(ord(awaited) + 2)
        is_again = bool(self.options) and letter < awaited and bool(rest) and letter == self.options[-1][0]
        if not (is_next or is_gap or is_again):
            return False
        self.field = "options"
        if letter == LETTERS[-1]:
            self.options.append((letter, clean(rest)))
            return True
        following = LETTERS[LETTERS.index(letter) + 1]
        head, run = options.split_run(rest, following) if rest else ("", [])
        self.options.extend([(letter, clean(head.strip("|;；") if run else head)), *run])
        return True

    def _starts_options(self, text: str) -> bool:
        glued = options.split_glued_label(text)[0] == "A" and self._leads_to_b(text)
        return options.split_label(text)[0] == "A" or glued

    def _leads_to_b(self, text: str) -> bool:
        """A line that starts with A and a Chinese character is an option when one for B stands below or behind."""
        lines = [line.text for line in self.block.lines]
        below = lines[lines.index(text) + 1 :] if text in lines else []
        following = next((line for line in below if line), "")
        return bool(re.match(r"[BＢ]", following) or re.search(r"\s[BＢ][\u3400-\u9fff.．、]", text))

    # Result ---------------------------------------------------------------------------------------------------

    def _draft(self) -> Draft:
        texts = self.texts
        stem, tag, points = take_tag(clean(texts.get("stem", "")))
        draft = Draft(where=self.block.lines[0].where, stem=stem, options=self.options, passage=self.block.passage)
        draft.source = [line.text for line in self.block.lines]
        draft.answer = clean(texts.get("answer", "")) or self.block.shared_answer
        draft.hint = self.hint or tag or self.block.section
        if draft.hint and draft.hint.kind == "matching" and not texts.get("matches"):
            self._read_sides(draft)
        draft.points = texts.get("points", "") or self.points or points
        for name in ("explanation", "law", "article", "effective", "topics", "difficulty", "matches", "rubric"):
            setattr(draft, name, clean(texts.get(name, "")) or getattr(draft, name))
        if not draft.answer:
            self._take_key_behind_last_option(draft)
        if not draft.answer and not _has_key_in(draft):
            self._take_what_stands_out(draft)
        return draft

    def _read_sides(self, draft: Draft) -> None:
        """The two lists of a matching question, under its stem or side by side."""
        for first in range(1, min(len(self.body), _MOST_LINES_OF_A_STEM)):
            sides = split_sides("\n".join(self.body[first:]))
            if sides:
                draft.stem = take_tag(clean("\n".join(self.body[:first])))[0]
                draft.take_sides(sides)
                return

    def _take_what_stands_out(self, draft: Draft) -> None:
        """The right option in bold or colour; the text of a blank on its line."""
        lines = self.block.lines
        if len(draft.options) > 1:
            found = marked_letters(lines, draft.options)
            draft.answer, draft.manner = found or ("", "")
        elif draft.hint and draft.hint.kind == "fill_in":
            texts = underlined_texts(lines)
            rest, stem = draft.stem, ""
            for text in texts:
                before, _, rest = rest.partition(text)
                stem += f"{before}____"
            if texts and len(stem) + len(rest) == len(draft.stem) + 4 * len(texts) - sum(map(len, texts)):
                draft.stem, draft.answer, draft.manner = stem + rest, "；".join(texts), "underlined"

    @staticmethod
    def _take_key_behind_last_option(draft: Draft) -> None:
        """`D.丁　（B）`: a key at the end of the last option's line."""
        if len(draft.options) < 2 or _has_key_in(draft):
            return
        letter, text = draft.options[-1]
        found = _LAST_KEY.fullmatch(text)
        if found:
            draft.options[-1] = (letter, found["text"].rstrip())
            draft.answer = found["boxed"] or found["bare"]


def _is_option_a(text: str) -> bool:
    letter, rest = options.split_label(text)
    return letter == "A" and bool(rest)


def _has_key_in(draft: Draft) -> bool:
    letters = "".join(letter for letter, _ in draft.options)
    return bool(re.search(rf"[(（【]\s?[{letters}](?:[\s,，、]?[{letters}])*\s?[)）】]", draft.stem))
