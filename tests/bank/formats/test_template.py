"""The template: everything in it reads as it says, and nothing of it gets into a bank unasked."""

from __future__ import annotations

import io
from dataclasses import replace

import openpyxl
import pytest

from quizapp.bank.formats import ParsedQuestion, read, template, write
from quizapp.bank.formats.problems import KIND_NAMES
from quizapp.bank.formats.table import EXAMPLE
from quizapp.bank.formats.validity import faults
from tests.bank.formats.making import codes, saved
from tests.bank.formats.strategies import same

BOOK = template.workbook()


def test_template_holds_an_example_of_every_kind() -> None:
    assert {question.kind for question in template.EXAMPLES} == set(KIND_NAMES)


@pytest.mark.parametrize("question", template.EXAMPLES, ids=lambda question: question.kind)
def test_example_is_a_whole_question(question: ParsedQuestion) -> None:
    assert faults(question) == []


def test_untouched_template_holds_no_question() -> None:
    parsed = read(BOOK)
    assert parsed.questions == ()
    assert codes(parsed) == ["examples_left", "no_questions"]


def test_examples_without_their_mark_are_read_as_they_stand() -> None:
    book = openpyxl.load_workbook(io.BytesIO(BOOK))
    for row in book["题目"].iter_rows(min_row=2, max_row=len(template.EXAMPLES) + 1):
        row[1].value = str(row[1].value).removeprefix(EXAMPLE)
    parsed = read(saved(book))
    assert codes(parsed) == []
    assert len(parsed.questions) == len(template.EXAMPLES)
    assert all(map(same, parsed.questions, template.EXAMPLES))


def test_row_written_below_the_examples_is_all_that_comes_in() -> None:
    book = openpyxl.load_workbook(io.BytesIO(BOOK))
    row = book["题目"][len(template.EXAMPLES) + 2]
    row[0].value, row[1].value, row[9].value = "判断题", "新的题目。", "错"
    (question,) = read(saved(book)).questions
    assert (question.kind, question.stem, question.key) == ("true_false", "新的题目。", ("false",))


def test_kinds_are_offered_in_every_row_to_fill_in() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(BOOK))["题目"]
    offered = {str(one.sqref): one.formula1 for one in sheet.data_validations.dataValidation}
    last = len(template.EXAMPLES) + template.EMPTY_ROWS + 1
    assert set(offered[f"A2:A{last}"].strip('"').split(",")) == set(KIND_NAMES.values())


def test_instructions_explain_every_column() -> None:
    book = openpyxl.load_workbook(io.BytesIO(BOOK))
    words = "".join(str(row[0].value) for row in book["填写说明"].iter_rows())
    headers = [str(cell.value) for cell in book["题目"][1]]
    assert [header for header in headers if header not in words and not header.startswith("选项")] == []


def test_verbatim_question_that_looks_like_an_example_is_none() -> None:
    question = replace(template.EXAMPLES[3], stem=EXAMPLE + "说法")
    assert same(read(write([question], format="xlsx").content).questions[0], question)
