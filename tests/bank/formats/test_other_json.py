"""JSON of other systems: found by its shape, read like a table, told what is missing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quizapp.bank.formats import Parsed, ReadOptions, SheetOptions, read
from tests.bank.formats.making import codes, error, only, texts

QUESTION = {"question": "哪一个（ ）", "options": ["甲", "乙", "丙"], "answer": "B"}


def of(document: Any) -> Parsed:
    return read(json.dumps(document, ensure_ascii=False).encode())


@pytest.mark.parametrize(
    "options",
    [
        ["甲", "乙", "丙"],
        ["A. 甲", "B. 乙", "C. 丙"],
        ["(A)甲", "(B)乙", "(C)丙"],
        {"A": "甲", "B": "乙", "C": "丙"},
        {"a": {"text": "甲"}, "b": {"text": "乙"}, "c": {"text": "丙"}},
        {"text": ["甲", "乙", "丙"], "label": ["A", "B", "C"]},
        [{"label": "A", "text": "甲"}, {"label": "B", "text": "乙"}, {"label": "C", "text": "丙"}],
        [
            {"optionName": "A", "optionContent": "甲"},
            {"optionName": "B", "optionContent": "乙"},
            {"key": "C", "value": "丙"},
        ],
        "A. 甲\nB. 乙\nC. 丙",
        "甲|乙|丙",
    ],
)
def test_options_are_read_in_every_form(options: Any) -> None:
    question = only(of([{"question": "哪一个（ ）", "options": options, "answer": "B"}]))
    assert (texts(question), question.key) == ({"A": "甲", "B": "乙", "C": "丙"}, ("B",))


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        ("B", ("B",)),
        ("乙", ("B",)),
        (["A", "C"], ("A", "C")),
        ("AC", ("A", "C")),
        ("A,C", ("A", "C")),
        (3, ("C",)),
        ("B. 乙", ("B",)),
    ],
)
def test_answers_are_read_in_every_form(answer: Any, key: tuple[str, ...]) -> None:
    assert only(of([QUESTION | {"answer": answer}])).key == key


def test_numbers_count_from_zero_where_the_file_shows_it() -> None:
    parsed = of([QUESTION | {"answer": 0}, QUESTION | {"question": "另一个（ ）", "answer": 2}])
    assert [question.key for question in parsed.questions] == [("A",), ("C",)]


def test_numbers_can_be_told_to_count_from_zero() -> None:
    told = ReadOptions(sheets={"": SheetOptions(numbers_from=0)})
    content = json.dumps([QUESTION | {"answer": 1}]).encode()
    assert only(read(content, options=told)).key == ("B",)


def test_option_may_say_itself_that_it_is_right() -> None:
    options = [{"answer": "甲", "correct": False}, {"answer": "乙", "correct": True}, {"answer": "丙", "correct": True}]
    assert only(of({"questions": [{"question": "题", "choices": options}]})).key == ("B", "C")


def test_answer_may_name_options_by_their_ids() -> None:
    options = [{"id": "x1", "text": "甲"}, {"id": "x2", "text": "乙"}]
    assert only(of([{"title": "题（ ）", "options": options, "answer": ["x2"]}])).key == ("B",)


@pytest.mark.parametrize(
    ("fields", "kind", "key"),
    [
        ({"type": "判断题", "answer": True}, "true_false", ("true",)),
        ({"type": "判断题", "answer": "正确；√"}, "true_false", ("true",)),
        ({"type": "判断题", "answer": "×"}, "true_false", ("false",)),
        ({"type": "填空题", "question": "____和____", "answer": ["甲", "乙"]}, "fill_in", (("甲",), ("乙",))),
        ({"type": "填空题", "question": "____", "answer": [["甲", "甲甲"]]}, "fill_in", (("甲", "甲甲"),)),
        ({"type": "简答题", "answer": "因为"}, "short_text", ("因为",)),
    ],
)
def test_kinds_without_options(fields: dict[str, Any], kind: str, key: Any) -> None:
    question = only(of([{"question": "题"} | fields]))
    assert (question.kind, question.key) == (kind, key)


def test_questions_are_found_in_chapters_and_sections() -> None:
    document = {"chapters": [{"title": "第一章", "sections": [{"type": "试题", "questions": [QUESTION]}]}]}
    question = only(of(document))
    assert (question.where, question.passage) == ("question 1", "")


def test_name_of_a_list_tells_the_kind_of_its_questions() -> None:
    document = {
        "判断题": [{"题干": "说法", "答案": "1"}],
        "不定项选择题": [{"题干": "题（ ）", "选项": ["甲", "乙"], "答案": "A"}],
    }
    assert [question.kind for question in of(document).questions] == ["true_false", "indefinite"]


@pytest.mark.parametrize("case", [{"material": "张某借款"}, {"content": "张某借款" * 12}, {"question": "张某借款"}])
def test_case_goes_with_each_of_its_questions(case: dict[str, str]) -> None:
    parsed = of([case | {"type": "案例题", "questions": [QUESTION, QUESTION | {"question": "二（ ）"}]}, QUESTION])
    assert [question.passage for question in parsed.questions] == [*case.values(), *case.values(), ""]


def test_stem_and_choices_may_stand_inside_the_question() -> None:
    document = {
        "question": {"stem": "题（ ）", "choices": [{"text": "甲", "label": "A"}, {"text": "乙", "label": "B"}]},
        "answerKey": "B",
    }
    question = only(of([document]))
    assert (question.stem, question.key) == ("题（ ）", ("B",))


def test_texts_may_be_objects_with_their_format() -> None:
    fields = {"stem": {"format": "plain", "text": "题（ ）"}, "title": "甲一"}
    choices = [{"isCorrect": False, "text": {"text": "甲"}}, {"isCorrect": True, "text": {"text": "乙"}}]
    question = only(of([fields | {"choices": choices}]))
    assert (question.stem, texts(question), question.key) == ("题（ ）", {"A": "甲", "B": "乙"}, ("B",))


def test_title_gives_way_to_a_stem() -> None:
    assert only(of([{"title": "练习", "content": "第一题", **QUESTION}])).stem == "哪一个（ ）"


def test_details_are_kept() -> None:
    question = only(of([QUESTION | {"analysis": "见第二条", "difficulty": "难", "tags": ["甲", "乙"], "score": 2.5}]))
    assert (question.explanation, question.difficulty, question.topics) == ("见第二条", 3, ("甲", "乙"))
    assert question.points_hundredths == 250


def test_one_object_a_line_is_read_with_its_line() -> None:
    lines = [json.dumps(QUESTION | {"passage": None}), "", '{"question": "断', json.dumps({"x": 1})]
    parsed = read("\n".join(lines).encode())
    assert parsed.questions[0].where == "line 1"
    assert [(problem.where, problem.code) for problem in parsed.problems] == [
        ("line 3", "json_broken_line"),
        ("line 4", "line_not_read"),
    ]


def test_options_in_the_stem_are_divided() -> None:
    for stem in ("题（ ）A. 甲 B. 乙", "题（ ） A甲 B乙 C丙"):
        question = only(of([{"content": stem, "type": "单选题", "options": [], "answer": "B"}]))
        assert question.stem == "题（ ）" and texts(question)["B"] == "乙"


def test_unknown_kind_and_missing_key_are_told_by_name() -> None:
    parsed = of(
        [{"content": "译文", "type": "古文今译题", "answer": "略"}, {"content": "说法", "type": "判断题", "answer": ""}]
    )
    assert codes(parsed) == ["kind_unsupported", "no_key"]
    assert [piece.where for piece in parsed.unusable] == ["question 1", "question 2"]


# Open Trivia Database --------------------------------------------------------------------------------------------

TRIVIA = {
    "type": "multiple",
    "difficulty": "easy",
    "category": "History",
    "question": "Who said &quot;Caf&eacute; &amp;amp; bar&quot;?",
    "correct_answer": "O&#039;Neil",
    "incorrect_answers": ["Zoe", "Adam", "Max"],
}


def test_wrong_answers_apart_become_options_that_do_not_tell_the_right_one() -> None:
    question = only(of({"response_code": 0, "results": [TRIVIA]}))
    assert question.stem == 'Who said "Café &amp; bar"?'  # decoded once
    assert texts(question) == {"A": "Adam", "B": "Max", "C": "O'Neil", "D": "Zoe"}
    assert (question.kind, question.key, question.topics, question.difficulty) == ("single", ("C",), ("History",), 1)
    assert codes(of({"results": [TRIVIA]})) == []


def test_boolean_of_trivia_is_true_or_false() -> None:
    item = {"type": "boolean", "question": "Panic!", "correct_answer": "False", "incorrect_answers": ["True"]}
    question = only(of({"results": [item]}))
    assert (question.kind, question.key, question.options) == ("true_false", ("false",), ())


def test_trivia_encoded_as_in_addresses_is_decoded() -> None:
    item = {"question": "Who%20is%20it%3F", "correct_answer": "Me%21", "incorrect_answers": ["You"]}
    question = only(of({"results": [item]}))
    assert (question.stem, sorted(texts(question).values())) == ("Who is it?", ["Me!", "You"])


# Harm ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"[" * 100_000, "json_too_deep"),
        (b"[" * 100_000 + b"]" * 100_000, "json_too_deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "json_too_deep"),
        (b'[{"question": "x", "answer": ', "json_broken"),
        (b"[" + b"1," * 1_100_000 + b"1]", "json_too_many_values"),
        (b'{"questions": []}', "no_json_questions"),
        (b'[{"a": 1}, {"b": NaN}]', "no_json_questions"),
        (b'[{"question": "\\ud800", "answer": "A"}]', "key_without_options"),
        (b'[{"question": 5, "answer": "A"}]', "key_without_options"),
        (b'[{"question": ["x"], "answer": {"a": 1}}]', "no_key"),
        (b'[{"question": "x", "options": [[["A"]]], "answer": 123456789012345678901234567890}]', "kind_unknown"),
        (b'[{"__proto__": {"question": "x"}, "constructor": 1}]', "no_json_questions"),
    ],
)
def test_json_made_to_do_harm_gives_one_problem(content: bytes, code: str) -> None:
    assert error(read(content)).code == code
