"""Plain text: numbered questions with options on lines of their own and labels such as 答案： and 解析：."""

from __future__ import annotations

from quizapp.bank.formats import clean_text
from quizapp.bank.formats.characters import clean
from quizapp.bank.formats.collect import Collected
from quizapp.bank.formats.decoding import decode
from quizapp.bank.formats.line_kinds import Line
from quizapp.bank.formats.lines import read_lines
from quizapp.bank.formats.parsed import Parsed, Problem, ReadOptions, Refused
from quizapp.bank.formats.places import FILE

NAME = "text"
MOST_LINES = 200_000


def read(content: bytes, options: ReadOptions) -> Parsed:
    """Read the questions of a text file."""
    collected = Collected(options)
    try:
        text = decode(content)
        if text.count("\n") + text.count("\r") - text.count("\r\n") >= MOST_LINES:
            raise Refused(FILE, "too_many_rows", limit=str(MOST_LINES))
        texts = split_lines(text)
    except Refused as refusal:
        return Parsed(NAME, (), (refusal.problem,))
    if clean_text.is_own(text):
        clean_text.read(text, collected)
        return collected.parsed(NAME)
    read_lines([Line(f"line {number}", text) for number, text in enumerate(texts, 1)], collected)
    if not collected.questions and all(problem.code == "line_not_read" for problem in collected.problems):
        return Parsed(NAME, (), (Problem(FILE, "no_text_questions"),))
    return collected.parsed(NAME, nothing_found="no_text_questions")


def split_lines(text: str) -> list[str]:
    """Cleaned lines; ends may be LF, CRLF or CR."""
    return [clean(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
