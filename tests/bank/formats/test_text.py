"""Chinese plain text of questions."""

from __future__ import annotations

import pytest

from quizapp.bank.formats import Parsed, read
from tests.bank.formats.making import codes, error, only, texts

CHOICE = "1. 国家的根本法是（ ）\nA. 宪法\nB. 民法典\nC. 刑法\n"


def text(content: str) -> Parsed:
    return read(content.encode(), format="text")


def test_plain_question_is_read_with_its_place() -> None:
    question = only(text("题库\n\n" + CHOICE + "答案：A\n解析：见总纲。\n知识点：宪法\n难度：易\n分数：2\n"))
    assert (question.where, question.kind, question.stem) == ("line 3", "single", "国家的根本法是（ ）")
    assert texts(question) == {"A": "宪法", "B": "民法典", "C": "刑法"}
    assert (question.key, question.explanation, question.topics) == (("A",), "见总纲。", ("宪法",))
    assert (question.difficulty, question.points_hundredths) == (1, 200)


@pytest.mark.parametrize(
    "label",
    [
        "答案：A",
        "答案:A",
        "正确答案：A",
        "参考答案： A 。",
        "【答案】A",
        "[答案] A",
        "答案是：Ａ",
        "答案为:a",
        "答案 A",
        "答案A",
        "我的答案：B正确答案：A",
        "我的答案:B 正确答案:A 得分：0.0分",
        "ANSWER: A",
        "（答案）A",
        "A",
        "答案：A 解析：见总纲。",
        "答案：A@@@",
    ],
)
def test_answer_is_found_under_many_labels(label: str) -> None:
    assert only(text(CHOICE + label)).key == ("A",)


def test_answer_may_stand_before_the_options() -> None:
    question = only(text("1、国家的根本法是（ ）\n答案：B\nA．刑法\nB．宪法\n"))
    assert (question.key, texts(question)["B"]) == (("B",), "宪法")


@pytest.mark.parametrize("inside", ["（A）", "( A )", "(a)".upper(), "（Ａ）", "【A】"])
def test_answer_inside_the_stem_is_taken_out_of_it(inside: str) -> None:
    question = only(text(f"1. 国家的根本法是{inside}。\nA. 宪法\nB. 民法典\n"))
    assert question.key == ("A",)
    assert "A" not in question.stem and "Ａ" not in question.stem


def test_stem_does_not_tell_the_key_that_stands_below_too() -> None:
    assert only(text("1. 根本法是（A）。\nA. 宪法\nB. 民法典\n答案：A\n")).stem == "根本法是（　）。"


def test_key_inside_one_stem_of_a_file_that_writes_them_below_is_told() -> None:
    parsed = text(f"{CHOICE}答案：A\n2. 第二题（ ）\nA.甲\nB.乙\n答案：B\n3. 第三题（B）\nA.甲\nB.乙\n")
    assert parsed.questions[2].key == ("B",)
    assert codes(parsed) == ["key_from_stem"] and parsed.problems[0].where == "line 10"


def test_two_keys_inside_a_stem_are_an_error() -> None:
    assert error(text("1. 甲是（A）乙是（B）\nA. 宪法\nB. 民法典\n")).code == "two_keys"


@pytest.mark.parametrize(
    "last", ["C. 刑法  答案：A", "C. 刑法　答案：A", "C. 刑法    A", "C. 刑法\tA", "C. 刑法 （A）"]
)
def test_answer_may_stand_at_the_end_of_the_last_option(last: str) -> None:
    question = only(text(f"1. 根本法是（ ）\nA. 宪法\nB. 民法典\n{last}\n"))
    assert (question.key, texts(question)["C"]) == (("A",), "刑法")


@pytest.mark.parametrize(
    "options",
    [
        "A.宪法\nB.民法典\nC.刑法",
        "A、宪法 B、民法典 C、刑法",
        "A．宪法\tB．民法典\tC．刑法",
        "A.宪法\nB.民法典C.刑法",
        "A：宪法\nB：民法典\nC：刑法",
        "(A)宪法 (B)民法典 (C)刑法",
        "【A】宪法\n【B】民法典\n【C】刑法",
        "A 宪法\nB 民法典\nC 刑法",
        "A宪法\nB民法典\nC.刑法",
        "   A. 宪法\n   B. 民法典\n   C. 刑法",
        "A 、宪法\nB 、民法典\nC 、刑法",
        "a. 宪法\nb. 民法典\nc. 刑法",
        "A)宪法\nB)民法典\nC)刑法",
        "A.\n宪法\nB.\n民法典\nC.\n刑法",
        "A.宪法\n\nB.民法典\n\nC.刑法",
    ],
)
def test_options_are_divided_however_laid_out(options: str) -> None:
    question = only(text(f"1. 根本法是（ ）\n{options}\n答案：A\n"))
    assert texts(question) == {"A": "宪法", "B": "民法典", "C": "刑法"}
    assert question.stem == "根本法是（ ）"


def test_options_may_begin_on_the_line_of_the_stem() -> None:
    question = only(text("51.国家的根本法是（ ）。A. 宪法\nB. 民法典\nC. 刑法\n答案：A\n"))
    assert (question.stem, texts(question)["A"]) == ("国家的根本法是（ ）。", "宪法")


def test_option_left_empty_is_none() -> None:
    assert texts(only(text("1. 题（ ）\nA.甲\nB.乙\nC\nD\n答案：A\n"))) == {"A": "甲", "B": "乙"}
    assert only(text("1. 题（ ）\nA.甲\nB.乙\nC.丙\nD\nC\n")).key == ("C",)


def test_wrapped_lines_are_joined() -> None:
    question = only(text("1. 这道题的题干\n分成两行（ ）\nA. 选项也会\n换行\nB. 乙\n答案：A\n解析：甲。\n乙。\n"))
    assert question.stem == "这道题的题干分成两行（ ）"
    assert texts(question)["A"] == "选项也会换行"
    assert question.explanation == "甲。\n乙。"


@pytest.mark.parametrize(
    "number",
    [
        "1.",
        "1、",
        "1．",
        "1 .",
        "第1题：",
        "第1题(单选)：",
        "1. (单选题, 1.0 分)",
        "[单选]1.",
        "1\t",
        "1001\n",
        "1（单选题）",
        "2、3、4…397、",
        "1）",
    ],
)
def test_question_opens_with_many_kinds_of_number(number: str) -> None:
    parsed = text(f"1. 前一题\n答案：对\n{number}国家的根本法是（ ）\nA. 宪法\nB. 民法典\n答案：A\n")
    assert len(parsed.questions) == 2
    assert parsed.questions[1].stem == "国家的根本法是（ ）"


def test_numbers_broken_around_the_blank_are_read() -> None:
    assert only(text("87（. ）是国家的根本法\nA.宪法\nB.刑法\n答案：A\n")).stem == "（）是国家的根本法"


@pytest.mark.parametrize("wrapped", ["1.5m以上的距离（ ）", "2021年起施行（ ）", "12:30以后（ ）"])
def test_figure_at_a_line_start_opens_nothing(wrapped: str) -> None:
    assert wrapped in only(text(f"1. 下列说法中\n{wrapped}\nA. 对\nB. 不对\nC. 不一定\n答案：C\n")).stem


def test_year_may_follow_the_number() -> None:
    parsed = text(
        "1.2021年1月1日施行的是（ ）\nA.民法典\nB.刑法\n答案：A\n2.2018年2月1日施行的是（ ）\nA.甲\nB.乙\n答案：B\n"
    )
    assert [question.stem[:5] for question in parsed.questions] == ["2021年", "2018年"]


def test_numbers_start_again_in_each_section() -> None:
    parsed = text(
        f"一、单选题（每题2分）\n{CHOICE}答案：A\n二、多选题\n{CHOICE}答案：AB\n"
        "三、不定项选择题\n1. 题（ ）\nA.甲\nB.乙\n答案：B\n四、判断题\n1. 说法。\n答案：对\n"
        "五、填空题\n1. ____是根本法。\n答案：宪法\n六、简答题\n1. 简述宪法。\n答案：国家的根本法。\n"
    )
    kinds = [question.kind for question in parsed.questions]
    assert kinds == ["single", "multiple", "indefinite", "true_false", "fill_in", "short_text"]
    assert codes(parsed) == ["duplicate"]


def test_key_against_the_heading_is_read_and_told() -> None:
    parsed = text(f"一、单选题\n{CHOICE}答案：AB\n")
    assert only(parsed).kind == "multiple"
    assert codes(parsed) == ["kind_by_key"] and "一、单选题" in parsed.problems[0].message


def test_mark_on_the_stem_insists_on_its_kind() -> None:
    assert error(text("1.（单选题）题（ ）\nA.甲\nB.乙\n答案：AB\n")).code == "kind_and_key_disagree"


@pytest.mark.parametrize(
    ("rest", "truth"),
    [
        ("。（√）", "true"),
        ("（ × ）", "false"),
        ("。（对）", "true"),
        ("\n答案：正确", "true"),
        ("\n（错误）", "false"),
        ("\n答案：T", "true"),
        ("\n答案：F", "false"),
        ("\n答案：1", "true"),
        ("\n答案：×", "false"),
        ("\n答案：否", "false"),
        ("\nA.错误\nB.正确\n答案：B", "true"),
        ("\nA.正确 B.错误\n答案：B", "false"),
        ("\ntrue. 正确\nfalse. 错误\n答案：false", "false"),
        ("\n答案：错误。应为五年。", "false"),
        ("  答案：对", "true"),
    ],
)
def test_right_and_wrong_are_read_in_every_coding(rest: str, truth: str) -> None:
    question = only(text(f"一、判断题\n1. 宪法是国家的根本法{rest}\n"))
    assert (question.kind, question.key, question.options) == ("true_false", (truth,), ())
    assert "√" not in question.stem and "×" not in question.stem


def test_heading_may_hold_the_key_of_its_section() -> None:
    parsed = text("判断题(正确)\n1. 甲。\n2. 乙。\n判断题(错误)\n1. 丙。\n")
    assert [question.key for question in parsed.questions] == [("true",), ("true",), ("false",)]


def test_numbered_points_of_an_answer_open_nothing() -> None:
    parsed = text(
        "四、简答题\n1. 简述甲。\n参考答案：\n（1）一；\n（2）二。\n解析：略\n"
        "2. 简述乙。\n答案：\n1.一\n2.二\n3.三\n3. 简述丙。\n答：丙。\n"
    )
    assert [question.key for question in parsed.questions] == [
        ("（1）一；\n（2）二。",),
        ("1.一\n2.二\n3.三",),
        ("丙。",),
    ]


def test_points_of_an_explanation_open_nothing() -> None:
    parsed = text(f"{CHOICE}答案：A\n解析：\n1.甲\n2.乙\n2. 第二题（ ）\nA.甲\nB.乙\n答案：B\n")
    assert [question.key for question in parsed.questions] == [("A",), ("B",)]
    assert parsed.questions[0].explanation == "1.甲\n2.乙"


def test_questions_without_numbers_open_behind_an_answer() -> None:
    parsed = text(
        "甲是什么（ ）\nA.一\nB.二\n答案：A\n乙是什么（ ）\nA.一\nB.二\n答案：B\n解析：略\n\n丙是对的\n答案：对\n"
    )
    assert [question.where for question in parsed.questions] == ["line 1", "line 5", "line 11"]
    assert parsed.questions[1].explanation == "略"


def test_start_of_a_stem_nobody_can_tell_is_told() -> None:
    parsed = text("甲（ ）\nA.一\nB.二\n答案：A\n解析：理由\n又一行\n乙（ ）\nA.一\nB.二\n答案：B\n")
    assert codes(parsed) == ["stem_start_unclear"] and parsed.problems[0].where == "line 6"


def test_titles_rulers_and_furniture_of_course_sites_are_left() -> None:
    parsed = text(
        "附件2\n某市题库\n第一章 总则\n----------\n1. 根本法是（ ）\nA. 宪法\nB. 民法典\n答案：A\n0.0分\n智能分析\n"
        "--- 《宪法》题 ---\n第 1 页 共 2 页\n2. 地球是圆的\n答案：对\n==========\n"
    )
    assert len(parsed.questions) == 2 and codes(parsed) == []
    assert all(not question.explanation for question in parsed.questions)


def test_page_headers_inside_questions_are_left_and_told_once() -> None:
    pages = "".join(
        f"{n}. 第{n}个问题\n安全生产题库 第{n}页\n问的是{chr(0x4E00 + n)}（ ）\nA. 对\nB. 错\nC. 难说\n答案：C\n"
        for n in range(1, 8)
    )
    parsed = text(pages)
    assert [question.stem for question in parsed.questions][:2] == ["第1个问题问的是丁（ ）", "第2个问题问的是丂（ ）"]
    assert all(texts(question) == {"A": "对", "B": "错", "C": "难说"} for question in parsed.questions)
    assert codes(parsed) == ["page_header"] and "7 次" in parsed.problems[0].message


def test_case_text_stays_with_all_its_questions() -> None:
    parsed = text(
        "案例一：张三和李四签订合同，\n约定了价款。\n1. 合同（ ）\nA.有效\nB.无效\n答案：A\n"
        "2. 张三应（ ）\nA.付款\nB.交货\n答案：A\n"
        "一、判断题\n1. 宪法是根本法\n答案：对\n"
    )
    first, second, third = parsed.questions
    assert (first.passage, first.stem) == ("案例一：张三和李四签订合同，约定了价款。", "合同（ ）")
    assert second.passage == first.passage and (third.passage, third.stem) == ("", "宪法是根本法")


def test_case_text_ends_behind_the_questions_it_names() -> None:
    parsed = text(
        "根据以下材料回答1-1题：\n甲乙签约。\n1. 合同（ ）\nA.有效\nB.无效\n答案：A\n2. 地球是圆的\n答案：对\n"
    )
    assert parsed.questions[0].passage.startswith("根据以下材料") and parsed.questions[1].passage == ""


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("1. 题（ ）\nA.甲\nB.乙\n", "no_key"),
        ("1. 题（ ）\nA.甲\nB.乙\n答案：C\n", "key_without_option"),
        ("1. 题（ ）\n答案：C\n", "key_without_options"),
        ("1. 题（ ）\nA.甲\nB.乙\n答案：全错。\n", "bad_key"),
        ("1.\nA.甲\nB.乙\n答案：A\n", "no_stem"),
        ("1. 题\nA.甲\nB.乙\nB.丙\n答案：A\n", "option_letter_repeated"),
        (f"{'长' * 20_001}\n1. 题\n答案：对\n", "text_too_long"),
    ],
)
def test_unusable_question_is_reported_with_its_line(content: str, code: str) -> None:
    problem = error(text(content))
    assert problem.code == code and problem.where == "line 1"


def test_labelled_lines_with_marks_between_are_read() -> None:
    parsed = text("题目：门可以开启。^*^答案：错误\n题目：应选哪项。^*^答案：B\n")
    assert (parsed.questions[0].stem, parsed.questions[0].key) == ("门可以开启。", ("false",))
    assert error(parsed).where == "line 2"


def test_prose_is_refused_with_one_sentence() -> None:
    parsed = text("关于印发方案的通知\n各县区：\n现将方案印发给你们。\n请认真执行。\n")
    assert codes(parsed) == ["no_text_questions"]


def test_lines_outside_questions_are_reported() -> None:
    parsed = text(f"一、单选题\nA. 甲\n{CHOICE}答案：A\n")
    assert error(parsed).code == "line_not_read" and error(parsed).where == "line 2"


def test_ordering_matching_and_rubric_are_read_from_labels() -> None:
    text = (
        "一、排序题\n1. 先后\nA. 甲\nB. 乙\n答案：B→A\n"
        "二、匹配题\n2. 配对\nA. 甲\nB. 乙\n匹配项：丙\n匹配项：丁\n答案：A2、B1\n"
        "三、简答题\n3. 为什么？\n答案：因为\n评分标准：说理（2分）\n评分标准：举例（1分）\n"
        "法律依据：《中华人民共和国\n宪法》第一条\n法律依据：《立法法》第二条\n"
    )
    ordering, matching, written = read(text.encode()).questions
    assert (ordering.kind, ordering.key) == ("ordering", ("B", "A"))
    assert (matching.kind, matching.key) == ("matching", ("A2", "B1"))
    assert [(criterion.text, criterion.points_hundredths) for criterion in written.rubric] == [
        ("说理", 200),
        ("举例", 100),
    ]
    assert [(cited.law, cited.article) for cited in written.citations] == [
        ("中华人民共和国宪法", "第一条"),
        ("立法法", "第二条"),
    ]
