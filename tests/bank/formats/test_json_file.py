"""Our own JSON: the documented example, every wrong field with its place, hostile documents."""

from __future__ import annotations

import base64
import json
import re
import time
import tracemalloc
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from quizapp.bank.formats import MOST_BYTES, ParsedQuestion, place, read
from quizapp.bank.formats.json_file import MOST_QUESTIONS, MOST_VALUES
from quizapp.bank.formats.problems import KIND_NAMES
from tests.bank.formats.making import codes, error, only
from tests.bank.formats.strategies import png

DOCUMENTATION = (Path(__file__).parents[3] / "docs" / "question-json.md").read_text(encoding="utf-8")
SINGLE = {
    "kind": "single",
    "stem": "下列正确的是（ ）。",
    "options": [{"id": "A", "text": "甲"}, {"id": "B", "text": "乙"}],
    "key": ["A"],
}
OPTIONS = [{"id": name, "text": name} for name in ("A", "B", "1", "2")]
MATCHING = {"kind": "matching", "stem": "配对", "options": OPTIONS, "key": ["A2", "B1"]}


def document(*questions: Any, **more: Any) -> bytes:
    return json.dumps({"format": "quizapp-questions", "version": 1, "questions": questions} | more).encode()


def faults_of(**changes: Any) -> list[tuple[str, str]]:
    """Place (without the question) and code of each problem of a question changed like this."""
    parsed = read(document(SINGLE, SINGLE | {"stem": "另一题"} | changes))
    problems = [problem for problem in parsed.problems if problem.where.startswith("question 2")]
    assert len(parsed.questions) == (1 if any(problem.severity == "error" for problem in problems) else 2)
    return [(problem.where.removeprefix("question 2").removeprefix(" field "), problem.code) for problem in problems]


def test_documented_example_is_read_without_a_word() -> None:
    example = re.search(r"```json\n(.*?)```", DOCUMENTATION, re.DOTALL)
    assert example
    parsed = read(document(json.loads(example[1])))
    question = only(parsed)
    assert parsed.problems == ()
    assert (question.kind, question.key, question.difficulty, question.points_hundredths) == ("single", ("B",), 1, 200)
    assert question.citations[0].effective_on and question.translations[0].options[1].text == "18"


def test_documentation_names_every_field_and_kind() -> None:
    names = {field.name for field in fields(ParsedQuestion)} - {"where"}
    assert {name for name in {*names, *KIND_NAMES} if f"| `{name}` |" not in DOCUMENTATION} == set()


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"kind": "choice"}, [("kind", "not_one_of")]),
        ({"kind": None}, [("kind", "field_missing")]),
        ({"kind": 1}, [("kind", "not_text")]),
        ({"stem": ["另一题"]}, [("stem", "not_text")]),
        ({"stem": " \u200b "}, [("stem", "no_stem")]),
        ({"stem": "\ud800"}, [("stem", "broken_letter")]),
        ({"stem": "长" * 20_001}, [("stem", "text_too_long")]),
        ({"options": "AB"}, [("options", "not_list")]),
        ({"options": ["甲", "乙"]}, [("options[0]", "not_object"), ("options[1]", "not_object")]),
        ({"options": [{"id": "A", "text": "甲"}]}, [("options", "too_few_options")]),
        ({"options": [{"id": "A", "text": "甲"}, {"id": "B"}]}, [("options[1].text", "option_empty")]),
        (
            {"options": [{"id": "A", "text": "甲"}, {"id": "A", "text": "乙"}]},
            [("options[1].id", "option_letter_repeated")],
        ),
        ({"options": [{"id": "A", "text": "甲"}, {"id": "1", "text": "乙"}]}, [("options[1].id", "bad_option_id")]),
        ({"options": [{"id": "A", "text": "甲"}, {"id": "B", "text": " 甲"}]}, [("options", "equal_options")]),
        ({"key": "A"}, [("key", "not_list")]),
        ({"key": [True]}, [("key[0]", "not_text")]),
        ({"key": []}, [("key", "no_key")]),
        ({"key": ["C"]}, [("key", "key_without_option")]),
        ({"key": ["A", "A"]}, [("key", "key_repeats")]),
        ({"key": ["A", "B"]}, [("key", "one_key_expected")]),
        ({"kind": "multiple"}, [("key", "several_keys_expected")]),
        ({"kind": "true_false"}, [("options", "options_not_expected"), ("key", "bad_truth")]),
        ({"kind": "ordering"}, [("key", "order_incomplete")]),
        (MATCHING | {"key": ["A2"]}, [("key", "pairs_incomplete")]),
        (MATCHING | {"key": ["A2", "A1"]}, [("key", "pairs_incomplete")]),
        (MATCHING | {"key": ["A2", "B3"]}, [("key", "pairs_incomplete")]),
        (
            MATCHING | {"options": MATCHING["options"][:3]},
            [("options", "too_few_options"), ("key", "pairs_incomplete")],
        ),
        ({"kind": "fill_in", "options": None}, [("key[0]", "not_list")]),
        ({"kind": "fill_in", "options": [], "key": [["甲"], []]}, [("key", "blanks_differ")]),
        ({"kind": "fill_in", "options": [], "key": [["甲"]], "stem": "____和____"}, [("key", "blanks_differ")]),
        ({"kind": "fill_in", "options": [], "key": [["长" * 201]]}, [("key[0]", "blank_too_long")]),
        ({"kind": "short_text", "options": [], "key": ["甲", "乙"]}, [("key", "one_reference_expected")]),
        ({"difficulty": "1"}, [("difficulty", "not_whole_number")]),
        ({"difficulty": True}, [("difficulty", "not_whole_number")]),
        ({"difficulty": 1.0}, [("difficulty", "not_whole_number")]),
        ({"difficulty": float("nan")}, [("difficulty", "not_whole_number")]),
        ({"difficulty": 10**4000}, [("difficulty", "not_whole_number")]),
        ({"difficulty": 4}, [("difficulty", "bad_difficulty_number")]),
        ({"points_hundredths": -1}, [("points_hundredths", "points_out_of_range")]),
        ({"points_hundredths": float("inf")}, [("points_hundredths", "not_whole_number")]),
        ({"rubric": [{"text": "甲"}]}, [("rubric", "rubric_not_expected")]),
        ({"topics": {"甲": 1}}, [("topics", "not_list")]),
        ({"topics": ["甲"] * 1001}, [("topics", "list_too_long")]),
        ({"topics": ["", "长" * 65]}, [("topics[0]", "field_empty"), ("topics[1]", "text_too_long")]),
        ({"citations": [{"article": "第一条"}]}, [("citations[0].law", "field_empty")]),
        ({"citations": [{"law": "宪法", "effective_on": "2018"}]}, [("citations[0].effective_on", "not_date")]),
        ({"citations": [{"law": "宪法", "effective_on": "2018-02-30"}]}, [("citations[0].effective_on", "not_date")]),
        ({"media": [{"at": "C", "content": "eA=="}]}, [("media[0].at", "medium_without_place")]),
        ({"media": [{"at": "A", "content": "e A"}]}, [("media[0].content", "not_base64")]),
        ({"media": [{"at": "A"}]}, [("media[0].content", "field_empty")]),
        ({"media": [{"at": "A", "content": "eA==", "kind": "video"}]}, [("media[0].kind", "not_one_of")]),
        ({"translations": ["en"]}, [("translations", "not_object")]),
        ({"translations": {"English": {"stem": "x"}}}, [("translations.English", "bad_language")]),
        ({"translations": {"en": {}}}, [("translations.en.stem", "field_empty")]),
        (
            {"translations": {"en": {"stem": "x", "options": {"C": "x"}}}},
            [("translations.en.options", "option_unknown")],
        ),
        ({"__proto__": {}, "difficulty": 2}, [("", "field_unknown")]),
        ({"difficulty": "x", "topics": 1}, [("topics", "not_list"), ("difficulty", "not_whole_number")]),
    ],
)
def test_wrong_field_is_told_with_its_place(changes: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    assert faults_of(**changes) == faults


def test_option_may_be_a_picture_alone() -> None:
    picture = {"at": "B", "content": base64.b64encode(png()).decode()}
    assert faults_of(options=[{"id": "A", "text": "甲"}, {"id": "B"}], media=[picture]) == []


def test_name_written_twice_keeps_its_question_out() -> None:
    twice = json.dumps(SINGLE)[:-1] + ', "key": ["B"]}'
    parsed = read(b'{"format": "quizapp-questions", "questions": [' + twice.encode() + b"]}")
    assert (error(parsed).where, error(parsed).code) == ("question 1", "field_repeated")


def test_question_with_endless_faults_tells_the_first_ones() -> None:
    parsed = read(document(SINGLE | {"topics": [1] * 900}))
    assert len(parsed.problems) == 101 and parsed.problems[-1].code == "more_problems"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"format": "quizapp-questions", "version": 2, "questions": []}', "json_version"),
        (b'{"format": "quizapp-questions", "version": true, "questions": []}', "json_version"),
        (b'{"format": "quizapp-questions", "questions": {}}', "json_not_questions"),
        (b'{"format": "quizapp-questions"}', "json_not_questions"),
        (b'{"format": "quizapp-questions", "questions": [], "questions": [1]}', "json_broken"),
        (b'{"format": "quizapp-questions", "questions": []}', "no_questions"),
        (b'{"format": "quizapp-questions", "questions": [', "json_broken"),
        (document(SINGLE) + b"{}", "json_broken"),
        (b'{"format": "quizapp-questions", "questions": ' + b"[" * 100_000, "json_too_deep"),
        (b'{"format": "quizapp-questions", "questions": ' + b'{"a":' * 100_000, "json_too_deep"),
        (document(*[1] * (MOST_QUESTIONS + 1)), "json_too_many_questions"),
    ],
)
def test_document_that_is_no_list_of_questions_is_refused(content: bytes, code: str) -> None:
    parsed = read(content)
    assert parsed.questions == () and [problem.code for problem in parsed.problems] == [code]


def test_broken_document_names_its_line() -> None:
    parsed = read(b'{"format": "quizapp-questions",\n"questions": [\n{"kind": }\n]}')
    assert error(parsed).where == "line 3"


def test_document_of_nothing_but_brackets_is_refused_before_it_fills_memory() -> None:
    head = b'{"format": "quizapp-questions", "questions": ['
    content = head + b"[]," * ((MOST_BYTES - len(head)) // 3)
    tracemalloc.start()
    try:
        parsed = read(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert codes(parsed) == ["json_too_many_values"] and content.count(b"[") > MOST_VALUES
    assert peak < 100_000_000


@pytest.mark.parametrize(
    "one",
    [
        '"topics": [' + ",".join(f'"{n:x}"' for n in range(100_000)) + "]",
        '"topics": [' + "[]," * 100_000 + "[]]",
        ",".join(f'"{n:x}": 1' for n in range(100_000)),
        ",".join('"same": 1' for _ in range(100_000)),
        '"stem": "' + "长" * 1_000_000 + '"',
    ],
    ids=["strings", "lists", "names", "repeated names", "long text"],
)
def test_huge_question_is_refused_soon(one: str) -> None:
    content = ('{"format": "quizapp-questions", "questions": [{"kind": "single", ' + one + "}]}").encode()
    began = time.process_time()
    parsed = read(content)
    assert time.process_time() - began < 1
    assert parsed.questions == () and parsed.problems


def test_bare_list_of_our_questions_is_known() -> None:
    assert only(read(json.dumps([SINGLE], indent=2).encode())).key == ("A",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_document_in_other_encodings_is_read(encoding: str) -> None:
    content = json.dumps({"format": "quizapp-questions", "questions": [SINGLE]}, ensure_ascii=False)
    assert only(read(content.encode(encoding))).stem == SINGLE["stem"]


def test_line_that_is_no_question_leaves_the_others() -> None:
    lines = [SINGLE, None, SINGLE | {"stem": "二", "key": ["C"]}, SINGLE | {"stem": "三"}, SINGLE]
    content = "\n".join("{broken" if line is None else json.dumps(line) for line in lines)
    parsed = read(content.encode())
    assert parsed.format == "jsonl" and parsed.duplicates == 1
    assert [question.where for question in parsed.questions] == ["line 1", "line 4", "line 5"]
    assert [(problem.where, problem.code) for problem in parsed.problems] == [
        ("line 2", "json_broken_line"),
        ("line 3 field key", "key_without_option"),
        ("line 5", "duplicate"),
    ]


def test_place_of_a_field_is_said_in_words() -> None:
    parsed = read(document(SINGLE | {"key": [1]}))
    assert place(error(parsed).where) == "第 1 题 key[0]"
