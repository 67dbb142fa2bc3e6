"""Items of QTI 2 and 3: kinds, keys, texts, feedback, and what is told to be missing."""

from __future__ import annotations

import pytest

from tests.bank.formats.making import error, only, texts
from tests.bank.formats.making_qti import choices, declared, entries, outcome, qti2, read_qti, warnings

ABC = choices("甲", "乙", "丙")
MATCH = (
    "<responseProcessing><responseCondition><responseIf>{test}"
    '<setOutcomeValue identifier="SCORE"><baseValue baseType="float">1</baseValue></setOutcomeValue>'
    "</responseIf></responseCondition></responseProcessing>"
)
EQUALS = '<match><variable identifier="RESPONSE"/><baseValue baseType="identifier">{value}</baseValue></match>'
RESPONSE_AND_KEY = '<variable identifier="RESPONSE"/><correct identifier="RESPONSE"/>'


# Choice -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2p0", "2p1", "2p2"])
def test_single_choice_has_the_declared_key(version: str) -> None:
    question = only(read_qti(qti2(ABC, declared("C2"), version=version)))
    assert (question.kind, question.stem, question.key) == ("single", "题？", ("B",))
    assert texts(question) == {"A": "甲", "B": "乙", "C": "丙"}


def test_names_of_version_3_are_the_same_things() -> None:
    item = b"""<qti-assessment-item xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" identifier="Q" title="t">
    <qti-response-declaration identifier="RESPONSE" cardinality="multiple" base-type="identifier"><qti-correct-response>
    <qti-value>cX</qti-value><qti-value>cZ</qti-value></qti-correct-response></qti-response-declaration><qti-item-body>
    <qti-choice-interaction response-identifier="RESPONSE" max-choices="0"><qti-prompt>Which?</qti-prompt>
    <qti-simple-choice identifier="cX">x</qti-simple-choice><qti-simple-choice identifier="cY">y</qti-simple-choice>
    <qti-simple-choice identifier="cZ">z</qti-simple-choice></qti-choice-interaction></qti-item-body>
    </qti-assessment-item>"""
    question = only(read_qti(item))
    assert (question.kind, question.stem, question.key) == ("multiple", "Which?", ("A", "C"))


def test_prefix_of_the_namespace_makes_no_difference() -> None:
    item = qti2(ABC, declared("C1")).decode().replace("<", "<q:").replace("<q:/", "</q:").replace("<q:?", "<?")
    assert only(read_qti(item.replace("xmlns=", "xmlns:q=").encode())).key == ("A",)


def test_several_choices_of_which_one_is_right_are_indefinite() -> None:
    question = only(read_qti(qti2(choices("甲", "乙", most=0), declared("C2", cardinality="multiple"))))
    assert (question.kind, question.key) == ("indefinite", ("B",))


def test_letters_as_identifiers_stay_the_letters() -> None:
    body = choices("甲", "乙").replace('"C1"', '"A"').replace('"C2"', '"D"')
    question = only(read_qti(qti2(body, declared("D"))))
    assert (list(texts(question)), question.key) == (["A", "D"], ("D",))


@pytest.mark.parametrize(("right", "wrong"), [("True", "False"), ("正确", "错误"), ("对", "错")])
def test_two_options_that_read_right_and_wrong_are_true_or_false(right: str, wrong: str) -> None:
    question = only(read_qti(qti2(choices(wrong, right), declared("C2"))))
    assert (question.kind, question.options, question.key) == ("true_false", (), ("true",))


def test_mapping_tells_the_key_where_nothing_is_declared() -> None:
    several = declared(cardinality="multiple", mapping=entries(C1=1, C2=-1, C3=0.5))
    question = only(read_qti(qti2(choices("甲", "乙", "丙", most=0), several)))
    assert (question.kind, question.key) == ("multiple", ("A", "C"))
    parsed = read_qti(qti2(ABC, declared(mapping=entries(C1=0.5, C2=2))))
    assert only(parsed).key == ("B",)
    assert warnings(parsed) == ["partial_credit"]


def test_mapping_with_two_best_choices_is_no_key() -> None:
    assert error(read_qti(qti2(ABC, declared(mapping=entries(C1=1, C2=1))))).code == "two_keys"


def test_rules_tell_the_key_where_nothing_is_declared() -> None:
    rules = MATCH.format(test=EQUALS.format(value="C3"))
    assert only(read_qti(qti2(ABC, declared(), processing=rules))).key == ("C",)


def test_rules_for_a_set_tell_the_key() -> None:
    values = "".join(f'<baseValue baseType="identifier">{value}</baseValue>' for value in ("C1", "C3"))
    test = f'<match><variable identifier="RESPONSE"/><multiple>{values}</multiple></match>'
    body, declaration = choices("甲", "乙", "丙", most=0), declared(cardinality="multiple")
    question = only(read_qti(qti2(body, declaration, processing=MATCH.format(test=test))))
    assert (question.kind, question.key) == ("multiple", ("A", "C"))


@pytest.mark.parametrize(
    "test",
    [
        f"<or>{EQUALS.format(value='C1')}{EQUALS.format(value='C2')}</or>",
        '<customOperator class="x"><variable identifier="RESPONSE"/></customOperator>',
        '<isNull><variable identifier="RESPONSE"/></isNull>',
    ],
)
def test_rules_that_tell_no_single_choice_are_no_key(test: str) -> None:
    parsed = read_qti(qti2(ABC, declared(), processing=MATCH.format(test=test)))
    assert error(parsed).code in ("no_key", "two_keys") and parsed.questions == ()


def test_rules_against_the_declared_key_are_reported() -> None:
    rules = MATCH.format(test=EQUALS.format(value="C3"))
    fault = error(read_qti(qti2(ABC, declared("C1"), processing=rules)))
    assert fault.code == "two_keys" and "C1" in fault.message and "C3" in fault.message


def test_rules_that_give_nothing_for_the_declared_key_are_worth_a_look() -> None:
    nothing = '<setOutcomeValue identifier="SCORE"><baseValue baseType="float">0</baseValue></setOutcomeValue>'
    rules = f"<responseProcessing>{nothing}</responseProcessing>"
    parsed = read_qti(qti2(ABC, declared("C1"), processing=rules))
    assert only(parsed).key == ("A",)
    assert warnings(parsed) == ["scores_nothing"]


def test_default_value_is_no_key() -> None:
    item = qti2(ABC, declared().replace("></resp", "><defaultValue><value>C1</value></defaultValue></resp"))
    fault = error(read_qti(item))
    assert (fault.code, fault.where) == ("no_key", "item Q1 line 2")


def test_key_that_is_no_choice_is_reported() -> None:
    fault = error(read_qti(qti2(ABC, declared("C9"))))
    assert fault.code == "key_not_in_choices" and "C9" in fault.message


def test_single_choice_with_two_keys_is_reported() -> None:
    assert error(read_qti(qti2(ABC, declared("C1", "C2")))).code == "one_key_expected"


def test_more_choices_than_letters_are_reported() -> None:
    fault = error(read_qti(qti2(choices(*map(str, range(27))), declared("C1"))))
    assert (fault.code, fault.params["count"]) == ("too_many_options", "27")


def test_repeated_identifier_is_reported() -> None:
    assert error(read_qti(qti2(ABC.replace("C2", "C1"), declared("C1")))).code == "option_letter_repeated"


# Other kinds --------------------------------------------------------------------------------------------------


def order(*identifiers: str) -> bytes:
    inside = "".join(f'<simpleChoice identifier="{one}">{one}</simpleChoice>' for one in ("s1", "s2", "s3"))
    body = f'<orderInteraction responseIdentifier="RESPONSE"><prompt>排</prompt>{inside}</orderInteraction>'
    return qti2(body, declared(*identifiers, cardinality="ordered"))


def test_order_interaction_is_ordering() -> None:
    question = only(read_qti(order("s3", "s1", "s2")))
    assert (question.kind, question.key) == ("ordering", ("C", "A", "B"))


def test_order_of_some_choices_only_is_reported() -> None:
    assert error(read_qti(order("s3", "s1"))).code == "order_incomplete"


def match(pairs: list[str], left: str = "AB", right: str = "XYZ") -> bytes:
    sets = "".join(
        "<simpleMatchSet>"
        + "".join(
            f'<simpleAssociableChoice identifier="{one}" matchMax="1">{one}</simpleAssociableChoice>' for one in side
        )
        + "</simpleMatchSet>"
        for side in (left, right)
    )
    body = f'<matchInteraction responseIdentifier="RESPONSE"><prompt>配</prompt>{sets}</matchInteraction>'
    return qti2(body, declared(*pairs, cardinality="multiple", base="directedPair"))


@pytest.mark.parametrize("pairs", [["A Z", "B X"], ["B X", "A Z"], ["Z A", "X B"]])
def test_match_interaction_is_matching(pairs: list[str]) -> None:
    question = only(read_qti(match(pairs)))
    assert (question.kind, question.key) == ("matching", ("A3", "B1"))
    assert texts(question) == {"A": "A", "B": "B", "1": "X", "2": "Y", "3": "Z"}


def test_several_may_share_a_partner() -> None:
    assert only(read_qti(match(["A Z", "B Z"]))).key == ("A3", "B3")


def test_side_on_which_each_has_one_partner_stands_left() -> None:
    question = only(read_qti(match(["A X", "A Y", "A Z"])))
    assert question.key == ("A1", "B1", "C1")
    assert texts(question) == {"A": "X", "B": "Y", "C": "Z", "1": "A", "2": "B"}


@pytest.mark.parametrize("pairs", [["A X", "A Y", "B X", "B Y"], ["A X"], ["A B", "B A"]])
def test_match_that_is_not_one_to_one_is_reported(pairs: list[str]) -> None:
    assert error(read_qti(match(pairs))).code == "not_one_to_one"


def test_associate_interaction_in_pairs_is_matching() -> None:
    inside = "".join(
        f'<simpleAssociableChoice identifier="{one}" matchMax="1">{one}</simpleAssociableChoice>' for one in "APCM"
    )
    body = f'<associateInteraction responseIdentifier="RESPONSE"><prompt>配</prompt>{inside}</associateInteraction>'
    question = only(read_qti(qti2(body, declared("A P", "C M", cardinality="multiple", base="pair"))))
    assert (question.kind, question.key) == ("matching", ("A1", "B2"))
    assert texts(question) == {"A": "A", "B": "C", "1": "P", "2": "M"}


def entry(identifier: str = "RESPONSE") -> str:
    return f'<textEntryInteraction responseIdentifier="{identifier}" expectedLength="10"/>'


def test_text_entries_are_blanks_at_their_places() -> None:
    body = f"<p>首都是{entry('R1')}，国歌是{entry('R2')}。</p>"
    declarations = declared("北京", identifier="R1", base="string") + declared(
        "义勇军进行曲", identifier="R2", base="string"
    )
    question = only(read_qti(qti2(body, declarations)))
    assert (question.kind, question.stem) == ("fill_in", "首都是____，国歌是____。")
    assert question.key == (("北京",), ("义勇军进行曲",))


def test_blanks_beside_each_other_stay_two() -> None:
    body = f"<p>{entry('R1')}{entry('R2')}好</p>"
    question = only(
        read_qti(
            qti2(body, declared("你", identifier="R1", base="string") + declared("们", identifier="R2", base="string"))
        )
    )
    assert (question.stem, len(question.key)) == ("____ ____好", 2)


def test_marks_that_stand_for_blanks_already_are_enough() -> None:
    question = only(read_qti(qti2(f"<p>首都是（ ）。</p><p>{entry()}</p>", declared("北京", base="string"))))
    assert question.stem == "首都是（ ）。"


def test_accepted_texts_are_those_with_the_most_points() -> None:
    declaration = declared("York", base="string", mapping=entries(York=1, york=0.5, Yorks=1, Yorkshire=0.5))
    parsed = read_qti(qti2(f"<p>of {entry()}</p>", declaration))
    assert only(parsed).key == (("York", "Yorks"),)
    assert warnings(parsed) == ["partial_credit"]


def test_rules_tell_the_accepted_text() -> None:
    values = '<variable identifier="RESPONSE"/><baseValue baseType="string">北京</baseValue>'
    test = f'<stringMatch caseSensitive="false">{values}</stringMatch>'
    question = only(
        read_qti(qti2(f"<p>{entry()}是首都</p>", declared(base="string"), processing=MATCH.format(test=test)))
    )
    assert question.key == (("北京",),)


def test_number_is_accepted_in_its_spellings() -> None:
    assert only(read_qti(qti2(f"<p>几？{entry()}</p>", declared("3.50", base="float")))).key == (("3.5", "3.50"),)


TOLERANT = f'<equal toleranceMode="absolute" tolerance="0.1 0.1">{RESPONSE_AND_KEY}</equal>'
PATTERN = '<patternMatch pattern="[0-9]+"><variable identifier="RESPONSE"/></patternMatch>'
SUBSTRING = f'<substring caseSensitive="false">{RESPONSE_AND_KEY}</substring>'


def test_number_with_a_tolerance_is_reported() -> None:
    item = qti2(f"<p>几？{entry()}</p>", declared("5", base="float"), processing=MATCH.format(test=TOLERANT))
    fault = error(read_qti(item))
    assert fault.code == "number_range" and "5" in fault.message


@pytest.mark.parametrize("test", [PATTERN, SUBSTRING])
def test_text_that_need_only_be_like_the_answer_is_worth_a_look(test: str) -> None:
    body, processing = f"<p>几？{entry()}</p>", MATCH.format(test=test)
    parsed = read_qti(qti2(body, declared("五", base="string"), processing=processing))
    assert only(parsed).key == (("五",),)
    assert warnings(parsed) == ["marked_strictly"]
    assert error(read_qti(qti2(body, declared(base="string"), processing=processing))).code == "loose_answer"


def test_interaction_inside_another_is_not_named_twice() -> None:
    inside = "<portableCustomInteraction responseIdentifier='RESPONSE'/>"
    body = f"<p>画</p><customInteraction responseIdentifier='RESPONSE'>{inside}</customInteraction>"
    assert "customInteraction" in error(read_qti(qti2(body, declared("x")))).message


def test_blank_without_an_answer_is_reported() -> None:
    assert error(read_qti(qti2(f"<p>{entry()}是首都</p>", declared(base="string")))).code == "no_key"


def test_extended_text_is_short_text_with_its_rubric() -> None:
    body = (
        '<rubricBlock view="scorer"><p>说到宪法得两分</p></rubricBlock><p>谈谈法治。</p>'
        '<extendedTextInteraction responseIdentifier="RESPONSE"/>'
    )
    question = only(read_qti(qti2(body, declared("依法治国", base="string"))))
    assert (question.kind, question.stem, question.key) == ("short_text", "谈谈法治。", ("依法治国",))
    assert [criterion.text for criterion in question.rubric] == ["说到宪法得两分"]


# What the product has not -------------------------------------------------------------------------------------


UNSUPPORTED = [
    "hotspotInteraction",
    "selectPointInteraction",
    "graphicOrderInteraction",
    "graphicAssociateInteraction",
    "graphicGapMatchInteraction",
    "gapMatchInteraction",
    "sliderInteraction",
    "mediaInteraction",
    "drawingInteraction",
    "uploadInteraction",
    "customInteraction",
    "hottextInteraction",
    "inlineChoiceInteraction",
    "positionObjectInteraction",
    "portableCustomInteraction",
]


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_interaction_that_does_not_exist_here_is_named(name: str) -> None:
    parsed = read_qti(qti2(f'<div><p>看图。</p><{name} responseIdentifier="RESPONSE"/></div>', declared("x")))
    fault = error(parsed)
    assert fault.code == "interaction_unsupported" and name in fault.message and "看图" in fault.message
    assert parsed.questions == () and fault.where == "item Q1 line 2"


def test_adaptive_item_is_named() -> None:
    item = qti2(ABC, declared("C1"), attributes='identifier="Q1" title="t" adaptive="true" timeDependent="false"')
    fault = error(read_qti(item))
    assert fault.code == "interaction_unsupported" and "adaptive" in fault.message


def test_item_made_by_a_template_is_named() -> None:
    template = "<templateProcessing><setTemplateValue identifier='x'/></templateProcessing>"
    assert error(read_qti(qti2(ABC, declared("C1") + template))).code == "template_item"
    assert (
        error(read_qti(qti2(f"<p><printedVariable identifier='x'/></p>{ABC}", declared("C1")))).code == "template_item"
    )


def test_text_without_a_question_is_named() -> None:
    assert error(read_qti(qti2("<p>请看材料。</p>"))).code == "interaction_unsupported"


# Several interactions -----------------------------------------------------------------------------------------


def test_item_of_several_interactions_gives_a_question_for_each() -> None:
    body = (
        f"<p>张三借款一万元。</p>{choices('是', '否', prompt='合同成立吗？', identifier='R1')}"
        f"<p>再看利息。</p>{choices('高', '低', prompt='利息如何？', identifier='R2')}"
        f"<p>期限是{entry('R3')}年。</p>"
    )
    declarations = (
        declared("C1", identifier="R1")
        + declared("C2", identifier="R2")
        + declared("二", identifier="R3", base="string")
    )
    parsed = read_qti(qti2(body, declarations))
    first, second, third = parsed.questions
    assert [one.stem for one in parsed.questions] == ["合同成立吗？", "再看利息。\n利息如何？", "期限是____年。"]
    assert {one.passage for one in parsed.questions} == {"张三借款一万元。"}
    assert (first.key, second.key, third.key) == (("A",), ("B",), (("二",),))
    assert len({one.where for one in parsed.questions}) == 3 and "part 2" in second.where


def test_interaction_that_cannot_be_taken_does_not_stop_the_others() -> None:
    body = f"<div>{ABC}<sliderInteraction responseIdentifier='R2' lowerBound='0' upperBound='9'/></div>"
    parsed = read_qti(qti2(body, declared("C1")))
    assert [one.key for one in parsed.questions] == [("A",)]
    assert "sliderInteraction" in error(parsed).message


def test_choices_inside_a_text_with_blanks_stay_in_it() -> None:
    inline = (
        '<inlineChoiceInteraction responseIdentifier="R2"><inlineChoice identifier="X">红</inlineChoice>'
        '<inlineChoice identifier="Y">绿</inlineChoice></inlineChoiceInteraction>'
    )
    parsed = read_qti(qti2(f"<p>{entry()}旗是{inline}色的。</p>", declared("国", base="string")))
    assert parsed.questions[0].stem == "____旗是（红 / 绿）色的。"
    assert "inlineChoiceInteraction" in error(parsed).message


def test_points_of_several_questions_are_not_divided() -> None:
    maximum = outcome("MAXSCORE", "5")
    body = choices("是", "否", identifier="R1") + choices("高", "低", identifier="R2")
    parsed = read_qti(qti2(body, declared("C1", identifier="R1") + declared("C1", identifier="R2") + maximum))
    assert [one.points_hundredths for one in parsed.questions] == [None, None]
    assert warnings(parsed).count("points_of_several") == 2
