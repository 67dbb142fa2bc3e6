"""The spreadsheet that Kahoot gives out: instructions above, remarks in its headers, right answers by number."""

from __future__ import annotations

from typing import Any

from quizapp.bank.formats import read
from tests.bank.formats.making import codes, texts, xlsx

HEADER = (
    "",
    "Question - max 120 characters",
    *(f"Answer {number} - max 75 characters" for number in range(1, 5)),
    "Time limit (sec) – 5, 10, 20, 30, 60, 90, 120, or 240 secs",
    "Correct answer(s) - choose at least one",
)
ABOVE = [
    ["", "Quiz template"],
    ["", "Add questions, at least two answer alternatives, time limit and choose correct answers (at least one)."],
    ["", "Remember: questions have a limit of 120 characters and answers can have 75 characters max."],
]


def template(*rows: tuple[Any, ...]) -> bytes:
    return xlsx([*ABOVE, HEADER, *((number, *row) for number, row in enumerate(rows, 1))])


def test_right_answers_are_read_by_number() -> None:
    parsed = read(template(("Which?", "a", "b", "c", "d", 20, 4), ("Which ones?", "a", "b", "c", None, 20, "1,3")))
    assert [(question.kind, question.key) for question in parsed.questions] == [
        ("single", ("D",)),
        ("multiple", ("A", "C")),
    ]
    assert codes(parsed) == ["columns_not_used", "numbers_as_options"]


def test_true_or_false_is_read_through_its_options() -> None:
    (question,) = read(template(("Is it so?", "True", "False", None, None, 20, 2))).questions
    assert (question.kind, question.key) == ("true_false", ("false",))


def test_empty_rows_of_the_template_are_no_questions() -> None:
    parsed = read(template(("Which?", "a", "b", None, None, 20, 1), *[(None,) * 7] * 98))
    (question,) = parsed.questions
    assert texts(question) == {"A": "a", "B": "b"}
