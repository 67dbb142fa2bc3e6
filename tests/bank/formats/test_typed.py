"""What all formats share that state kinds and keys themselves: bounds, warnings, topics, duplicates."""

from __future__ import annotations

import pytest

from quizapp.bank.formats import Parsed, ParsedQuestion, ReadOptions, aiken, gift, typed
from quizapp.bank.formats.typed import Candidate, Typed
from tests.bank.formats.making import codes, error


def question(stem: str, **more: object) -> ParsedQuestion:
    return ParsedQuestion("line 1", "true_false", stem, (), ("true",), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parsed", "text"),
    [(gift.read, "q {T}\n\nr {=a\n\ns {T}\n"), (aiken.read, "q\nA) a\nB) b\nANSWER: A\n" * 3)],
    ids=["gift", "aiken"],
)
def test_file_with_too_many_questions_is_refused_whole(
    monkeypatch: pytest.MonkeyPatch, parsed: object, text: str
) -> None:
    read = parsed
    assert callable(read)
    monkeypatch.setattr(typed, "MOST_QUESTIONS", 3)
    assert len(read(text.encode(), ReadOptions()).questions) >= 2
    monkeypatch.setattr(typed, "MOST_QUESTIONS", 2)
    refused: Parsed = read(text.encode(), ReadOptions())
    assert refused.questions == () and error(refused).code == "too_many_questions"


def test_first_of_many_warnings_about_a_question_are_told() -> None:
    read = Typed("x", ReadOptions())
    read.warn_all(Candidate("line 1", "q"), [("media_missing", {"source": str(number)}) for number in range(100)])
    assert len(read.problems) == 20


def test_topics_are_told_apart_and_long_ones_left_out() -> None:
    read = Typed("x", ReadOptions())
    read.take(Candidate("line 1", "q"), question("q", topics=("甲", "", "甲", "乙" * 65, "丙")))
    assert read.questions[0].topics == ("甲", "丙") and codes(read.parsed()) == ["topic_too_long"]


def test_equal_stems_are_told_and_kept() -> None:
    read = Typed("x", ReadOptions())
    for stem in ("宪法。", "宪 法", "民法"):
        read.take(Candidate("line 1", stem), question(stem))
    parsed = read.parsed()
    assert (len(parsed.questions), parsed.duplicates, codes(parsed)) == (3, 1, ["duplicate"])


def test_problems_come_from_top_to_bottom() -> None:
    read = Typed("x", ReadOptions())
    for line in (30, 4, 12):
        read.refuse(Candidate(f"line {line}", "q"), "no_key")
    assert [problem.where for problem in read.parsed().problems] == ["line 4", "line 12", "line 30"]
