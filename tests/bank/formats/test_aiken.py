"""Aiken: a stem, options, `ANSWER: B`."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.bank.formats import Parsed, ParsedQuestion, ReadOptions, read, recognise
from quizapp.bank.formats import aiken as format_module
from tests.bank.formats.making import codes, error, only, texts
from tests.bank.formats.test_never_raises import check


def parse(text: str) -> Parsed:
    return format_module.read(text.encode(), ReadOptions())


def question(text: str) -> ParsedQuestion:
    return only(parse(text))


@pytest.mark.parametrize("mark", [")", "."])
def test_question_is_read_with_either_mark(mark: str) -> None:
    ours = question(f"Who?\nA{mark} he\nB{mark} she\nC{mark} it\nANSWER: C\n")
    assert (ours.kind, ours.stem, ours.key) == ("single", "Who?", ("C",))
    assert texts(ours) == {"A": "he", "B": "she", "C": "it"}


@pytest.mark.parametrize("answer", ["ANSWER: B", "ANSWER:B", "Answer: b", "ANSWER：B.", "  ANSWER: B  "])
def test_answer_is_read_in_its_spellings(answer: str) -> None:
    assert question(f"q\nA) a\nB) b\n{answer}").key == ("B",)


@pytest.mark.parametrize(
    ("first", "second", "answer", "key"),
    [
        ("True", "False", "A", "true"),
        ("False", "True", "A", "false"),
        ("正确", "错误", "B", "false"),
        ("√", "×", "A", "true"),
    ],
)
def test_options_that_say_true_and_false_are_a_true_false_question(
    first: str, second: str, answer: str, key: str
) -> None:
    ours = question(f"q\nA) {first}\nB) {second}\nANSWER: {answer}\n")
    assert (ours.kind, ours.key, ours.options) == ("true_false", (key,), ())


def test_markup_stays_text() -> None:
    ours = question('input that includes <html class="cool"> & images\nA) <b>\nB) &amp;\nANSWER: A\n')
    assert (ours.stem, texts(ours)) == ('input that includes <html class="cool"> & images', {"A": "<b>", "B": "&amp;"})


def test_several_letters_are_several_right_options() -> None:
    ours = question("q\nA) a\nB) b\nC) c\nANSWER: C, A\n")
    assert (ours.kind, ours.key) == ("multiple", ("A", "C"))


def test_lines_that_go_on_belong_to_what_stands_before() -> None:
    ours = question("first line\nsecond line\n\nA) one\nmore\n\nB) two\nANSWER: A\n")
    assert ours.stem == "first line\nsecond line" and texts(ours) == {"A": "one more", "B": "two"}


def test_stem_that_looks_like_an_option_is_a_stem() -> None:
    parsed = parse("A) plan\nA) a\nB) b\nANSWER: A\n\nANSWER: B\nA) a\nB) b\nANSWER: B\n")
    assert [one.stem for one in parsed.questions] == ["A) plan", "ANSWER: B"]


def test_questions_need_no_empty_line_between() -> None:
    parsed = parse("q\nA) a\nB) b\nANSWER: A\nr\nA) a\nB) b\nANSWER: B\n")
    assert [(one.where, one.stem) for one in parsed.questions] == [("line 1", "q"), ("line 5", "r")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("q\nA) a\nB) b\n\n", "no_key"),
        ("q\nA) a\nB) b\nANSWER:\n", "no_key"),
        ("q\nA) a\nB) b\nANSWER: D\n", "key_without_option"),
        ("q\nA) a\nA) b\nANSWER: A\n", "option_letter_repeated"),
        ("q\nA) a\nANSWER: A\n", "too_few_options"),
        ("q\nA) a\nB)\nANSWER: A\n", "option_empty"),
        ("q\nANSWER: A\n", "key_without_options"),
        ("A) a\nB) b\nANSWER: A\n", "no_stem"),
        ("ANSWER: A\n", "line_not_read"),
        ("a title\n", "line_not_read"),
    ],
)
def test_fault_is_told_with_its_line(text: str, code: str) -> None:
    parsed = parse("first\nA) a\nB) b\nANSWER: A\n\n" + text + "\n\nlast\nA) a\nB) b\nANSWER: A\n")
    problem = error(parsed)
    assert (problem.code, problem.where) == (code, "line 6")


def test_question_without_an_answer_leaves_the_next_one_alone() -> None:
    parsed = parse("q\nA) a\nB) b\n\nr\nA) c\nB) d\nANSWER: B\n")
    assert [one.stem for one in parsed.questions] == ["r"] and codes(parsed) == ["no_key"]


def test_question_can_be_mended_in_place() -> None:
    text = "q\nA) a\nB) b\n\n"
    assert parse(text).unusable[0].fields == {"kind": "single", "stem": "q", "options": "A. a\nB. b"}
    mended = format_module.read(text.encode(), ReadOptions(mends={"line 1": {"answer": "B"}}))
    assert mended.questions[0].key == ("B",)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("q\nA. a\nB. b\nANSWER: B\n", "aiken"),
        ("q\r\nA) a\r\nB) b\r\nANSWER: B", "aiken"),
        ("1. q\nA. a\nB. b\nANSWER: B\n", "aiken"),
        ("".join(f"{number}. q\nA. a\nB. b\nANSWER: B\n" for number in (1, 2, 3)), "text"),
        ("a title\n\nq\nA) a\nB) b\nANSWER: B\nANSWER: C\nA) a\nB) b\nANSWER: B\n", "aiken"),
        ("q\nA. a\nB. b\nAnswer: B\n", "text"),
        ("1. 题\nA. 甲\nB. 乙\n答案：B\n", "text"),
    ],
)
def test_aiken_is_told_by_its_answers(text: str, name: str) -> None:
    assert recognise(text.encode()) == name


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(["A) a", "B) b", "A)", "ANSWER: A", "ANSWER: C", "ANSWER:", "q", "", "A) True", "B) False"])
    )
)
def test_any_order_of_lines_is_read(lines: list[str]) -> None:
    check(parse("\n".join([*lines, "x"])))


@pytest.mark.parametrize("piece", ["A) a\n", "ANSWER: A\n", "q\n", "\n", "q\nANSWER: A\n", "A", " "])
def test_long_and_broken_text_is_read_in_time(piece: str) -> None:
    content = ("q " + piece * (45_000 // len(piece)) + "\nA) a\nB) b\nANSWER: A").encode()
    start = time.process_time()
    format_module.is_aiken(content.decode())
    format_module.read(content, ReadOptions())
    assert time.process_time() - start < 4


def test_file_reads_the_same_with_any_line_end() -> None:
    text = "q\nA) a\nB) b\nANSWER: A\n"
    assert {read(text.replace("\n", end).encode()).questions for end in ("\n", "\r\n", "\r")} == {
        read(text.encode()).questions
    }
