"""Texts, points and feedback of QTI 2 and 3 items, and files with several items."""

from __future__ import annotations

import pytest

from tests.bank.formats.making import error, only, texts
from tests.bank.formats.making_qti import choices, declared, outcome, qti2, read_qti, warnings

ABC = choices("甲", "乙", "丙")


def test_text_before_and_behind_the_interaction_is_in_the_stem() -> None:
    question = only(read_qti(qti2(f"<p>材料<b>一</b> <i>二</i></p>{ABC}<p>出处：宪法</p>", declared("C1"))))
    assert question.stem == "材料一 二\n题？\n出处：宪法"


def test_title_stands_in_for_a_stem_that_is_not_there() -> None:
    parsed = read_qti(qti2(choices("甲", "乙", prompt=""), declared("C1")))
    assert only(parsed).stem == "标题"
    assert warnings(parsed) == ["stem_from_title"]


def test_item_without_any_text_is_reported() -> None:
    item = qti2(choices("甲", "乙", prompt=""), declared("C1"), attributes='identifier="Q1" title=""')
    assert error(read_qti(item)).code == "no_stem"


def test_markup_that_stands_as_text_stays_text() -> None:
    question = only(read_qti(qti2(choices("&lt;script&gt;alert(1)&lt;/script&gt;", "&amp;lt;"), declared("C1"))))
    assert texts(question) == {"A": "<script>alert(1)</script>", "B": "&lt;"}


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("<m:msup><m:mn>10</m:mn><m:mn>5</m:mn></m:msup>", "10⁵"),
        ("<m:msub><m:mi>H</m:mi><m:mn>2</m:mn></m:msub><m:mi>O</m:mi>", "H₂O"),
        ("<m:mfrac><m:mn>1</m:mn><m:mrow><m:mi>x</m:mi><m:mo>+</m:mo><m:mn>2</m:mn></m:mrow></m:mfrac>", "1/(x+2)"),
        ("<m:msqrt><m:mi>x</m:mi><m:mo>&lt;</m:mo></m:msqrt>", "√(x<)"),
        ("<m:mfenced><m:mi>a</m:mi><m:mi>b</m:mi></m:mfenced>", "(a, b)"),
        ("<m:semantics><m:mi>e</m:mi><m:annotation>[e]</m:annotation></m:semantics>", "e"),
    ],
)
def test_formula_keeps_its_parts_apart(formula: str, text: str) -> None:
    body = f'<p>求<m:math xmlns:m="http://www.w3.org/1998/Math/MathML">{formula}</m:math>。</p>{ABC}'
    assert only(read_qti(qti2(body, declared("C1")))).stem == f"求{text}。\n题？"


def test_script_and_its_attributes_are_gone() -> None:
    body = f"<p>题<script>alert('x')</script><img src='a.png' script=\"alert('bad')\" onerror='x()'/></p>{ABC}"
    question = only(read_qti(qti2(body, declared("C1"))))
    assert question.stem == "题\n题？"


@pytest.mark.parametrize(("maximum", "points"), [("2.5", 250), ("0", None), ("", None)])
def test_points_are_those_of_the_outcome(maximum: str, points: int | None) -> None:
    item = qti2(ABC, declared("C1") + outcome("MAXSCORE", maximum))
    assert only(read_qti(item)).points_hundredths == points


@pytest.mark.parametrize("maximum", ["1e999999", "-1", "nan", "0.333333", "many"])
def test_points_that_are_none_are_told(maximum: str) -> None:
    parsed = read_qti(qti2(ABC, declared("C1") + outcome("MAXSCORE", maximum)))
    assert only(parsed).points_hundredths is None
    assert warnings(parsed) == ["bad_points"]


FEEDBACK_RULES = """<responseProcessing><responseCondition><responseIf><match><variable identifier="RESPONSE"/>
<correct identifier="RESPONSE"/></match><setOutcomeValue identifier="SCORE"><baseValue baseType="float">1</baseValue>
</setOutcomeValue><setOutcomeValue identifier="F"><baseValue baseType="identifier">X7</baseValue></setOutcomeValue>
</responseIf><responseElse><setOutcomeValue identifier="F"><baseValue baseType="identifier">X8</baseValue>
</setOutcomeValue></responseElse></responseCondition></responseProcessing>"""


def modal(identifier: str, text: str) -> str:
    return f'<modalFeedback outcomeIdentifier="F" showHide="show" identifier="{identifier}">{text}</modalFeedback>'


def test_feedback_of_the_right_answer_is_the_explanation() -> None:
    item = qti2(
        ABC,
        declared("C1"),
        processing=FEEDBACK_RULES,
        feedback=modal("X7", "依据宪法第一条。") + modal("X8", "再想想。"),
    )
    parsed = read_qti(item)
    assert only(parsed).explanation == "依据宪法第一条。"
    (left_out,) = [problem for problem in parsed.problems if problem.code == "feedback_left_out"]
    assert "再想想" in left_out.message


@pytest.mark.parametrize(("identifier", "is_kept"), [("correct", True), ("any", True), ("incorrect", False)])
def test_feedback_without_rules_is_told_by_its_name(identifier: str, is_kept: bool) -> None:
    parsed = read_qti(qti2(ABC, declared("C1"), feedback=modal(identifier, "话")))
    assert (only(parsed).explanation == "话") is is_kept
    assert ("feedback_left_out" in warnings(parsed)) is not is_kept


def test_feedback_of_a_choice_names_the_choice_and_is_not_in_its_text() -> None:
    inside = '<feedbackInline outcomeIdentifier="F" identifier="C2" showHide="show">乙不对，因为…</feedbackInline>'
    question = only(read_qti(qti2(ABC.replace("乙", f"乙{inside}"), declared("C1"))))
    assert texts(question)["B"] == "乙"
    assert question.explanation == "乙：乙不对，因为…"


def test_rubric_for_candidates_is_the_passage() -> None:
    question = only(read_qti(qti2(f'<rubricBlock view="candidate"><p>案情</p></rubricBlock>{ABC}', declared("C1"))))
    assert (question.passage, question.stem) == ("案情", "题？")


def test_several_items_in_one_file_are_all_read() -> None:
    one, two = (qti2(ABC.replace("题", f"题{n}"), declared("C1")).decode().partition("?>")[2] for n in (1, 2))
    parsed = read_qti(f"<?xml version='1.0'?><items>{one}{two}</items>".encode())
    assert [question.stem for question in parsed.questions] == ["题1？", "题2？"]
    assert len({question.where for question in parsed.questions}) == 2


def test_equal_stems_are_told() -> None:
    one = qti2(ABC, declared("C1")).decode().partition("?>")[2]
    parsed = read_qti(f"<items>{one}{one}</items>".encode())
    assert parsed.duplicates == 1 and "duplicate" in warnings(parsed)
