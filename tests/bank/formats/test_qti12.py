"""Items of QTI 1.2 as Canvas, Common Cartridge and others write them."""

from __future__ import annotations

import pytest

from tests.bank.formats.making import error, only, texts
from tests.bank.formats.making_qti import gives, is_, item12, labels12, qti12, read_qti, text12, warnings

OPTIONS = labels12(a="甲", b="乙", c="丙")


def choice(processing: str, *, kind: str = "multiple_choice_question", many: bool = False, after: str = "") -> bytes:
    cardinality = "Multiple" if many else "Single"
    response = f'<response_lid ident="r1" rcardinality="{cardinality}">{OPTIONS}</response_lid>'
    return qti12(item12(text12("题？") + response, processing, kind=kind, after=after))


def written(processing: str, *, kind: str = "", stem: str = "题？", fib: str = "") -> bytes:
    response = (
        f'<response_str ident="r1" rcardinality="Single"><render_fib {fib}><response_label ident="x"/></render_fib>'
        "</response_str>"
    )
    return qti12(item12(text12(stem) + response, processing, kind=kind))


# Choice -------------------------------------------------------------------------------------------------------


def test_choice_with_points_is_the_key() -> None:
    question = only(read_qti(choice(gives(is_("a"), 0) + gives(is_("b")) + gives(is_("c"), 0))))
    assert (question.kind, question.stem, question.key) == ("single", "题？", ("B",))
    assert texts(question) == {"A": "甲", "B": "乙", "C": "丙"}


def test_condition_that_ends_the_processing_is_obeyed() -> None:
    stops = gives(is_("a"), 100, more=' continue="No"')
    otherwise = gives("<other/>", 0)
    assert only(read_qti(choice(stops + otherwise))).key == ("A",)


def test_file_without_namespace_and_with_a_document_type_is_read() -> None:
    content = choice(gives(is_("b"))).replace(b' xmlns="http://www.imsglobal.org/xsd/ims_qtiasiv1p2"', b"")
    content = content.replace(b"<questest", b'<!DOCTYPE questestinterop SYSTEM "ims_qtiasiv1p2p1.dtd">\n<questest')
    assert only(read_qti(content)).key == ("B",)


@pytest.mark.parametrize("kind", ["multiple_choice_question", "cc.multiple_choice.v0p1", "Multiple Choice", ""])
def test_kind_is_that_of_the_structure_whatever_it_is_called(kind: str) -> None:
    assert only(read_qti(choice(gives(is_("b")), kind=kind))).kind == "single"


def test_two_equally_good_choices_are_no_key() -> None:
    fault = error(read_qti(choice(gives(is_("a")) + gives(is_("b")))))
    assert fault.code == "two_keys" and "甲" in fault.message and "乙" in fault.message


def test_choice_with_fewer_points_is_worth_a_look() -> None:
    parsed = read_qti(choice(gives(is_("a"), 100) + gives(is_("b"), 50)))
    assert only(parsed).key == ("A",)
    assert warnings(parsed) == ["partial_credit"]


def test_mark_against_the_points_is_no_key() -> None:
    marked = gives(is_("b"), 5, more=' correctanswer="Yes"')
    assert error(read_qti(choice(gives(is_("a"), 10) + marked))).code == "two_keys"


def test_choice_without_points_is_no_key() -> None:
    fault = error(read_qti(choice(gives(is_("a"), 0))))
    assert (fault.code, fault.where) == ("no_key", "item i1 line 3")


ALL_OF = f"<and>{is_('a')}<not>{is_('b')}</not>{is_('c')}</and>"


@pytest.mark.parametrize(
    "processing",
    [
        gives(ALL_OF),
        gives(is_("a"), 50, action="Add") + gives(is_("c"), 50, action="Add") + gives(is_("b"), -50, action="Add"),
        gives(is_("a"), 50, action="Add") + gives(is_("c"), 50, action="Add"),
        gives(is_("a") + is_("c")),
    ],
)
def test_set_with_the_most_points_is_the_key(processing: str) -> None:
    question = only(read_qti(choice(processing, kind="multiple_answers_question", many=True)))
    assert (question.kind, question.key) == ("multiple", ("A", "C"))


def test_one_right_of_several_to_choose_is_indefinite() -> None:
    question = only(read_qti(choice(gives(f"<and>{is_('b')}<not>{is_('a')}</not></and>"), many=True)))
    assert (question.kind, question.key) == ("indefinite", ("B",))


def test_any_of_several_sets_is_no_key() -> None:
    either = gives(f"<or>{is_('a')}{is_('b')}</or>")
    assert error(read_qti(choice(either, many=True))).code == "no_key"


@pytest.mark.parametrize(("right", "wrong"), [("True", "False"), ("是", "否"), ("正确", "错误")])
def test_true_or_false(right: str, wrong: str) -> None:
    response = f'<response_lid ident="r1" rcardinality="Single">{labels12(x=wrong, y=right)}</response_lid>'
    item = item12(text12("题？") + response, gives(is_("y")), kind="true_false_question")
    question = only(read_qti(qti12(item)))
    assert (question.kind, question.options, question.key) == ("true_false", (), ("true",))


# Ordering and matching ----------------------------------------------------------------------------------------


def test_ordered_response_is_ordering() -> None:
    response = f'<response_lid ident="r1" rcardinality="Ordered">{OPTIONS}</response_lid>'
    item = item12(text12("排"), kind="ordering_question").replace("</presentation>", f"{response}</presentation>")
    item = item.replace("</outcomes>", f"</outcomes>{gives(is_('c') + is_('a') + is_('b'))}")
    question = only(read_qti(qti12(item)))
    assert (question.kind, question.key) == ("ordering", ("C", "A", "B"))


def test_what_an_order_begins_and_ends_with_is_in_the_stem() -> None:
    labels = "".join(f'<response_label ident="{one}">{text12(one)}</response_label>' for one in "abc")
    ends = text12("最早") + text12("最晚")
    response = (
        f'<response_lid ident="r1" rcardinality="Ordered"><render_extension>{ends}<ims_render_object>'
        f"<flow_label>{labels}</flow_label></ims_render_object></render_extension></response_lid>"
    )
    item = item12(text12("排") + response, gives(is_("b") + is_("a") + is_("c")), kind="ordering_question")
    question = only(read_qti(qti12(item)))
    assert (question.stem, question.key) == ("排\n最早\n最晚", ("B", "A", "C"))


def matching(processing: str, *, second: str = OPTIONS) -> bytes:
    responses = "".join(
        f'<response_lid ident="{ident}">{text12(left)}{options}</response_lid>'
        for ident, left, options in (("r1", "左一", OPTIONS), ("r2", "左二", second))
    )
    return qti12(item12(text12("配") + responses, processing, kind="matching_question"))


def test_responses_with_the_same_answers_are_matching() -> None:
    question = only(read_qti(matching(gives(is_("c"), 50, action="Add") + gives(is_("a", "r2"), 50, action="Add"))))
    assert (question.kind, question.stem, question.key) == ("matching", "配", ("A3", "B1"))
    assert texts(question) == {"A": "左一", "B": "左二", "1": "甲", "2": "乙", "3": "丙"}


def test_matching_marked_as_a_whole_is_read_too() -> None:
    question = only(read_qti(matching(gives(f"<and>{is_('b')}{is_('b', 'r2')}</and>"))))
    assert question.key == ("A2", "B2")


def test_matching_without_a_key_for_each_is_reported() -> None:
    assert error(read_qti(matching(gives(is_("c"), 50, action="Add")))).code == "no_key"


def test_responses_with_different_answers_are_named() -> None:
    other = labels12(d="丁", e="戊")
    fault = error(read_qti(matching(gives(is_("c")), second=other)))
    assert fault.code == "interaction_unsupported"


# Texts --------------------------------------------------------------------------------------------------------


def test_short_answer_accepts_all_its_spellings() -> None:
    question = only(read_qti(written(gives(is_("北京") + is_("北京市")), kind="short_answer_question")))
    assert (question.kind, question.stem, question.key) == ("fill_in", "题？", (("北京", "北京市"),))


def test_short_answer_without_a_key_is_reported() -> None:
    assert error(read_qti(written("", kind="short_answer_question"))).code == "no_key"


def test_blanks_in_the_flow_stand_at_their_places() -> None:
    blank = '<response_str ident="{}"><render_fib><response_label ident="x"/></render_fib></response_str>'
    flow = f"<flow>{text12('首都是')}{blank.format('r1')}{text12('，国歌是')}{blank.format('r2')}{text12('。')}</flow>"
    processing = gives(is_("北京"), 50, action="Add") + gives(is_("进行曲", "r2"), 50, action="Add")
    question = only(read_qti(qti12(item12(flow, processing))))
    assert question.stem == "首都是 ____ ，国歌是 ____ 。"
    assert question.key == (("北京",), ("进行曲",))


def test_named_blanks_are_those_in_brackets() -> None:
    labels = labels12(x="义勇军", y="志愿军")
    presentation = (
        text12("[b]进行曲，见[1]，作于[a]年")
        + f'<response_lid ident="response_a">{text12("a")}{labels12(z="1935")}</response_lid>'
        + f'<response_lid ident="response_b">{text12("b")}{labels}</response_lid>'
    )
    processing = gives(is_("z", "response_a"), 50, action="Add") + gives(is_("x", "response_b"), 50, action="Add")
    question = only(read_qti(qti12(item12(presentation, processing, kind="fill_in_multiple_blanks_question"))))
    assert question.stem == "____进行曲，见[1]，作于____年"
    assert question.key == (("义勇军", "志愿军"), ("1935",))


def test_blank_that_the_stem_does_not_name_is_reported() -> None:
    presentation = text12("题") + f'<response_lid ident="response_a">{text12("a")}{labels12(z="x")}</response_lid>'
    item = item12(presentation, gives(is_("z", "response_a")), kind="fill_in_multiple_blanks_question")
    fault = error(read_qti(qti12(item)))
    assert fault.code == "blank_not_in_stem" and "[a]" in fault.message


def named_blank(attribute: str) -> bytes:
    labels = labels12(z="x").replace('ident="z"', f'ident="z" {attribute}')
    presentation = text12("[a]") + f'<response_lid ident="response_a">{text12("a")}{labels}</response_lid>'
    item = item12(presentation, gives(is_("z", "response_a")), kind="fill_in_multiple_blanks_question")
    return qti12(item)


def test_blank_marked_by_likeness_is_worth_a_look() -> None:
    parsed = read_qti(named_blank('answer_type="openEntry" scoring_algorithm="TextCloseEnough"'))
    assert only(parsed).key == (("x",),)
    assert "marked_strictly" in warnings(parsed)


@pytest.mark.parametrize(
    ("attribute", "code"),
    [('answer_type="wordbank"', "interaction_unsupported"), ('scoring_algorithm="TextRegex"', "loose_answer")],
)
def test_blank_that_is_chosen_or_marked_loosely_is_reported(attribute: str, code: str) -> None:
    assert error(read_qti(named_blank(attribute))).code == code


def between(low: str, high: str) -> str:
    bounds = f'<vargte respident="r1">{low}</vargte><varlte respident="r1">{high}</varlte>'
    return gives(f"<or>{is_(low)}<and>{bounds}</and></or>")


def test_exact_number_is_accepted_in_its_spellings() -> None:
    question = only(read_qti(written(between("12.0", "12.0"), kind="numerical_question")))
    assert (question.kind, question.key) == ("fill_in", (("12", "12.0"),))


def test_range_of_numbers_is_reported() -> None:
    fault = error(read_qti(written(between("11.5", "12.5"), kind="numerical_question")))
    assert fault.code == "number_range" and "11.5–12.5" in fault.message


def test_essay_is_short_text_with_its_solution_and_notes() -> None:
    solution = (
        f'<itemfeedback ident="s"><solution><solutionmaterial>{text12("要点")}</solutionmaterial></solution>'
        "</itemfeedback>"
    )
    response = '<response_str ident="r1"><render_fib><response_label ident="x"/></render_fib></response_str>'
    item = item12(text12("谈谈"), kind="essay_question", fields={"grading_notes": "说到宪法"}, after=solution)
    question = only(read_qti(qti12(item.replace("</presentation>", f"{response}</presentation>"))))
    assert (question.kind, question.stem, question.key) == ("short_text", "谈谈", ("要点",))
    assert [criterion.text for criterion in question.rubric] == ["说到宪法"]
    assert question.explanation == ""


# What the product has not -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        "multiple_dropdowns_question",
        "calculated_question",
        "file_upload_question",
        "text_only_question",
        "hot_spot_question",
        "categorization_question",
        "formula_question",
    ],
)
def test_kind_that_does_not_exist_here_is_named(kind: str) -> None:
    fault = error(read_qti(choice(gives(is_("a")), kind=kind)))
    assert fault.code == "interaction_unsupported" and kind in fault.message and "题？" in fault.message


@pytest.mark.parametrize("response", ["response_xy", "response_grp", "response_extension"])
def test_response_that_does_not_exist_here_is_named(response: str) -> None:
    fault = error(read_qti(qti12(item12(f'{text12("题？")}<{response} ident="r1"/>'))))
    assert fault.code == "interaction_unsupported" and response in fault.message


def test_items_of_another_bank_are_named() -> None:
    content = qti12('<bankentry_item sourcebank_ref="b" item_ref="i9"/>')
    assert (error(read_qti(content)).code, error(read_qti(content)).where) == ("item_elsewhere", "item i9 line 3")
    selection = "<selection_ordering><selection><sourcebank_ref>b</sourcebank_ref></selection></selection_ordering>"
    assert error(read_qti(qti12(f'<section ident="g">{selection}</section>'))).where == "item g line 3"


# Around the question ------------------------------------------------------------------------------------------


def test_html_is_read_as_text() -> None:
    stem = text12("&lt;p&gt;一&lt;b&gt;二&lt;/b&gt;&lt;/p&gt;&lt;p&gt;1 &amp;lt; 2&lt;/p&gt;", "text/html")
    response = f'<response_lid ident="r1">{labels12(a="&lt;b&gt;", b="x &lt; y")}</response_lid>'
    question = only(read_qti(qti12(item12(stem + response, gives(is_("a"))))))
    assert question.stem == "一二\n1 < 2"
    assert texts(question) == {"A": "<b>", "B": "x < y"}


def test_points_and_their_absence() -> None:
    for written_points, points in (("2.5", 250), ("0.0", None), ("", None)):
        response = f'<response_lid ident="r1">{OPTIONS}</response_lid>'
        item = item12(text12("题？") + response, gives(is_("a")), fields={"points_possible": written_points})
        assert only(read_qti(qti12(item))).points_hundredths == points


def test_stimulus_is_the_passage_of_those_who_refer_to_it() -> None:
    stimulus = item12(text12("案情"), kind="text_only_question").replace('ident="i1"', 'ident="s1"')
    response = f'<response_lid ident="r1">{OPTIONS}</response_lid>'
    question = item12(text12("题？") + response, gives(is_("a"))).replace(
        'ident="i1"', 'ident="i1" parent_stimulus_item_ident="s1"'
    )
    assert only(read_qti(qti12(stimulus, question))).passage == "案情"
    parsed = read_qti(qti12(question))
    assert warnings(parsed) == ["passage_missing"]


def feedback(identifier: str, text: str) -> str:
    return f'<itemfeedback ident="{identifier}"><flow_mat>{text12(text)}</flow_mat></itemfeedback>'


def shows(test: str, identifier: str) -> str:
    return (
        f'<respcondition continue="Yes"><conditionvar>{test}</conditionvar>'
        f'<displayfeedback feedbacktype="Response" linkrefid="{identifier}"/></respcondition>'
    )


def test_feedback_becomes_the_explanation() -> None:
    right = gives(is_("a"), 100, more=' continue="No"').replace(
        "</respcondition>", '<displayfeedback linkrefid="correct_fb"/></respcondition>'
    )
    processing = (
        shows("<other/>", "general_fb")
        + shows(is_("a"), "a_fb")
        + shows(is_("b"), "b_fb")
        + right
        + shows("<other/>", "general_incorrect_fb")
    )
    named = {"general_fb": "总说", "correct_fb": "对了", "general_incorrect_fb": "错了", "a_fb": "因为", "b_fb": "混淆"}
    parsed = read_qti(choice(processing, after="".join(feedback(*one) for one in named.items())))
    assert only(parsed).explanation == "总说\n对了\n因为\n乙：混淆"
    (left_out,) = [problem for problem in parsed.problems if problem.code == "feedback_left_out"]
    assert "错了" in left_out.message


def test_broken_item_does_not_stop_the_others() -> None:
    good = f'<response_lid ident="r1">{OPTIONS}</response_lid>'
    parsed = read_qti(
        qti12(item12(text12("坏"), kind="file_upload_question"), item12(text12("好") + good, gives(is_("a"))))
    )
    assert [question.stem for question in parsed.questions] == ["好"]
    assert "坏" in error(parsed).message
