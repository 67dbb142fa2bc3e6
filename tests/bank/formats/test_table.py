"""Tables of questions: headers, columns, rows."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest

from quizapp.bank.formats import Parsed, ReadOptions, read
from quizapp.bank.formats.parsed import ParsedCitation
from tests.bank.formats.making import HEADER, codes, error, only, saved, sheet_xml, texts, with_parts, xls, xlsx

CHOICE = ("单选题", "国家的根本法是（ ）。", "宪法", "民法典", "刑法", "", "A")


def table(*rows: tuple[Any, ...], header: tuple[str, ...] = HEADER) -> Parsed:
    return read(xlsx([header, *rows]))


def test_plain_row_becomes_a_question() -> None:
    question = only(table(CHOICE))
    assert question.where == "sheet 题库 row 2"
    assert (question.kind, question.stem, question.key) == ("single", "国家的根本法是（ ）。", ("A",))
    assert texts(question) == {"A": "宪法", "B": "民法典", "C": "刑法"}


def test_old_workbook_reads_like_a_new_one() -> None:
    new, old = read(xlsx([HEADER, CHOICE])), read(xls([HEADER, CHOICE]))
    assert (new.format, old.format) == ("xlsx", "xls")
    assert new.questions == old.questions


@pytest.mark.parametrize(
    "header",
    [
        ("试题类型", "试题内容", "A", "B", "C", "D", "标准答案"),
        ("类 型", "题目", "A选项", "B选项", "C选项", "D选项", "正确答案"),
        ("*题型（必填）", "*题干", "选项 A", "选项 B", "选项  C", "选项 D", "答案(多个用逗号隔开)"),
        ("Type", "Question", "OptionA", "option_b", "Option C", "OPTION-D", "Correct Answer"),
        ("题型", "题干", "选项1", "选项2", "选项3", "选项4", "答案"),
        ("题型", "题干", "选项一", "选项二", "选项三", "选项四", "参考答案"),
        ("类型", "题目", "A项", "B项", "C项", "D项目", "答案"),
    ],
)
def test_header_is_known_in_many_words(header: tuple[str, ...]) -> None:
    assert texts(only(table(CHOICE, header=header)))["B"] == "民法典"


def test_header_stands_under_a_merged_title_and_a_machine_row() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["某市法治知识竞赛题库"])
    sheet.merge_cells("A1:G1")
    sheet.append(["f_type", "f_title", "f_a", "f_b", "f_c", "f_d", "f_key"])
    sheet.append(HEADER)
    sheet.append(CHOICE)
    assert only(read(saved(book))).where == "sheet Sheet row 4"


def test_chinese_header_below_an_english_one_is_no_question() -> None:
    rows = [("type", "question", "A", "B", "C", "D", "answer"), HEADER, CHOICE]
    assert only(read(xlsx(rows))).where == "sheet 题库 row 3"


def test_formatted_empty_rows_give_nothing() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER)
    for row in range(2, 900):
        sheet.cell(row, 1).font = openpyxl.styles.Font(bold=True)
    assert error(read(saved(book))).code == "no_questions"


def test_numbered_rows_without_a_question_are_furniture() -> None:
    parsed = read(xlsx([("序号", *HEADER), (1, *CHOICE), (2,), (3, "单选题")]))
    assert only(parsed).key == ("A",)


def test_sheet_as_wide_as_can_be_is_read() -> None:
    content = xlsx([HEADER, CHOICE])
    body = "".join(f'<row r="{row}"><c r="XFB{row}" s="0"/></row>' for row in range(3, 900))
    plain = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>题干</t></is></c>'
        '<c r="B1" t="inlineStr"><is><t>答案</t></is></c></row>'
        '<row r="2"><c r="A2" t="inlineStr"><is><t>地球是圆的</t></is></c>'
        '<c r="B2" t="inlineStr"><is><t>对</t></is></c></row>'
    )
    wide = with_parts(content, {"xl/worksheets/sheet1.xml": sheet_xml(plain + body)})
    assert only(read(wide)).kind == "true_false"


def test_content_beyond_the_last_column_is_told() -> None:
    row = [*CHOICE, *[None] * 300, "远处"]
    parsed = table(tuple(row))
    assert error(parsed).code == "too_many_columns"
    assert error(parsed).where.startswith("sheet 题库 row 2 column ")
    assert len(parsed.questions) == 1


def test_same_sheet_again_is_read_once() -> None:
    parsed = read(xlsx([HEADER, CHOICE], 副本=[HEADER, CHOICE], 副本二=[HEADER, CHOICE]))
    assert len(parsed.questions) == 1
    assert codes(parsed) == ["sheet_repeated", "sheet_repeated"]


def test_hidden_sheet_is_left_and_told() -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx([HEADER, CHOICE], 参数=[("单选题",), ("多选题",)])))
    book["参数"].sheet_state = "hidden"
    parsed = read(saved(book))
    assert only(parsed) and codes(parsed) == ["sheet_hidden"]


def test_sheet_of_words_for_a_list_is_left_and_told() -> None:
    parsed = read(xlsx([HEADER, CHOICE], 数据源=[("单选题",), ("多选题",), ("判断题",)]))
    assert only(parsed) and codes(parsed) == ["sheet_not_read"]


def test_name_of_a_sheet_tells_the_kind() -> None:
    header = ("题干", "答案")
    parsed = read(xlsx([HEADER], 判断题=[header, ("地球是圆的", "1")], 简答题=[header, ("简述依法行政", "合法合理")]))
    assert [(question.kind, question.key) for question in parsed.questions] == [
        ("true_false", ("true",)),
        ("short_text", ("合法合理",)),
    ]


def test_two_tables_in_one_sheet_are_both_read() -> None:
    second = ("题干", "答案", "解析", "难度")
    parsed = table(CHOICE, ("判断题",), second, ("地球是圆的", "错", "扁球体", "易"))
    first, other = parsed.questions
    assert (first.kind, other.kind, other.key, other.explanation, other.difficulty) == (
        "single",
        "true_false",
        ("false",),
        "扁球体",
        1,
    )


def test_columns_without_a_header_are_told_by_content() -> None:
    rows = [(f"第{n}个问题问的是什么内容呢", f"甲{n}", f"乙{n}", f"丙{n}", "ABC"[n % 3]) for n in range(12)]
    parsed = read(xlsx(rows))
    assert len(parsed.questions) == 12
    assert codes(parsed) == ["columns_by_content"]
    assert "题干在 A 列" in parsed.problems[0].message


def test_table_without_header_and_keys_is_refused() -> None:
    rows = [(f"第{n}个问题问的是什么内容呢", f"甲{n}", f"乙{n}", f"丙{n}") for n in range(12)]
    parsed = read(xlsx(rows))
    assert parsed.questions == ()
    assert error(parsed).code == "no_header" and "12 行" in error(parsed).message


def test_header_that_lies_is_set_right_by_content() -> None:
    header = ("题目", "答案", "选项A", "选项B", "选项C")
    rows = [(f"第{n}个问题问的是什么内容呢", f"甲{n}", f"乙{n}", f"丙{n}", "ABC"[n % 3]) for n in range(12)]
    parsed = read(xlsx([header, *rows]))
    assert texts(parsed.questions[0]) == {"A": "甲0", "B": "乙0", "C": "丙0"}
    assert codes(parsed) == ["header_contradicted"]


def test_options_in_the_rows_below_belong_to_the_stem_above() -> None:
    rows = [
        ("题号", "题目", "答案"),
        (1, "国家的根本法是（ ）", "B"),
        (None, None, None, "A.民法典"),
        (None, None, None, "B.宪法"),
        (2, "第二题（C）", None),
        ("A、甲", None, "B、乙", "C、丙"),
    ]
    first, second = read(xlsx(rows)).questions
    assert texts(first) == {"A": "民法典", "B": "宪法"}
    assert (texts(second), second.key, second.stem) == ({"A": "甲", "B": "乙", "C": "丙"}, ("C",), "第二题（　）")


@pytest.mark.parametrize(
    "cell",
    [
        "A.宪法\nB.民法典\nC.刑法",
        "A、宪法 B、民法典 C、刑法",
        "A.宪法B.民法典C.刑法",
        "宪法\n民法典\n刑法",
        "宪法 | 民法典 | 刑法",
        "宪法    民法典    刑法",
        '["宪法", "民法典", "刑法"]',
        "宪法；民法典；刑法",
        "（A）宪法（B）民法典（C）刑法",
        "【A】宪法【B】民法典【C】刑法",
    ],
)
def test_options_of_one_cell_are_divided(cell: str) -> None:
    question = only(read(xlsx([("题目", "选项", "答案"), ("国家的根本法是", cell, "A")])))
    assert texts(question) == {"A": "宪法", "B": "民法典", "C": "刑法"}


def test_options_behind_the_stem_in_its_cell_are_divided() -> None:
    question = only(read(xlsx([("题目", "答案"), ("国家的根本法是（ ）\nA.宪法\nB.民法典", "A")])))
    assert (question.stem, texts(question)) == ("国家的根本法是（ ）", {"A": "宪法", "B": "民法典"})


def test_letter_repeated_inside_an_option_is_taken_off() -> None:
    question = only(table(("单选", "题", "A. 时间", "B．空间", "C、物质", "", "C")))
    assert texts(question) == {"A": "时间", "B": "空间", "C": "物质"}


def test_numbers_become_what_a_sheet_shows() -> None:
    question = only(table(("单选", "几年", 1.0, 2.5, 1e-05, datetime(2018, 2, 1), "A")))  # noqa: DTZ001
    assert texts(question) == {"A": "1", "B": "2.5", "C": "0.00001", "D": "2018-02-01"}


def test_key_without_its_option_is_an_error_with_its_place() -> None:
    problem = error(table(CHOICE, ("多选题", "体温计放哪里", "腋下", "口腔", "", "", "ACD")))
    assert (problem.code, problem.where) == ("key_without_option", "sheet 题库 row 3")
    assert "C、D" in problem.message


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (("单选题", "", "甲", "乙", "", "", "A"), "no_stem"),
        (("单选题", "题", "甲", "乙", "", "", ""), "no_key"),
        (("单选题", "题", "甲", "乙", "", "", "全错。"), "bad_key"),
        (("单选题", "题", "甲", "乙", "", "", "AB"), "kind_and_key_disagree"),
        (("单选题", "题", "甲", "", "", "", "A"), "too_few_options"),
        (("单选题", "题", "", "", "", "", "A"), "key_without_options"),
        (("多选题", "题", "甲", "乙", "", "", "AAB"), "key_repeats"),
        (("判断题", "题", "", "", "", "", "A"), "key_without_options"),
        (("判断题", "题", "", "", "", "", "也许"), "bad_truth"),
        (("判断题", "题", "", "", "", "", ""), "no_key"),
        (("填空题", "____和____", "", "", "", "", "甲"), "blanks_differ"),
        (("填空题", "____", "", "", "", "", "长" * 201), "blank_too_long"),
        (("排序题", "题", "甲", "乙", "", "", "AA"), "order_incomplete"),
        (("排序题", "题", "甲", "乙", "丙", "", "BA"), "order_incomplete"),
        (("排序题", "题", "甲", "乙", "", "", ""), "no_key"),
        (("排序题", "题", "甲", "", "", "", "A"), "too_few_options"),
        (("匹配题", "题", "甲", "乙", "", "", "A1、B2"), "matches_missing"),
        (("配伍题", "题", "甲", "乙", "", "", "A"), "kind_unsupported"),
        (("古文今译题", "题", "", "", "", "", "译文"), "kind_unsupported"),
        (("", "为什么", "", "", "", "", "因为"), "kind_unknown"),
        (("单选题", "长" * 20_001, "甲", "乙", "", "", "A"), "text_too_long"),
    ],
)
def test_unusable_row_is_reported_and_the_others_are_read(row: tuple[str, ...], code: str) -> None:
    parsed = table(CHOICE, row)
    assert error(parsed).code == code
    assert error(parsed).where == "sheet 题库 row 3"
    assert len(parsed.questions) == 1


def test_multiple_with_one_letter_is_read_by_its_key_and_told() -> None:
    parsed = table(("多选题", "题", "甲", "乙", "", "", "B"))
    assert only(parsed).kind == "single"
    assert codes(parsed) == ["kind_by_key"]


def test_kind_without_a_column_is_told_by_the_key() -> None:
    header = ("题目", "A", "B", "C", "答案")
    rows = [("一", "甲", "乙", "丙", "A"), ("二", "甲", "乙", "丙", "AC"), ("三", "正确", "错误", "", "B")]
    parsed = read(xlsx([header, *rows, ("四____", "", "", "", "宪法"), ("五", "是", "否", "", "A")]))
    assert [question.kind for question in parsed.questions] == ["single", "multiple", "true_false", "fill_in", "single"]
    assert parsed.questions[2].key == ("false",)


def test_false_option_first_is_read_through_its_text() -> None:
    assert only(table(("判断题", "题", "错误", "正确", "", "", "A"))).key == ("false",)
    assert only(table(("判断题", "题", "不可以", "可以", "", "", "B"))).key == ("true",)


def test_numbers_for_options_count_from_one() -> None:
    header = ("Question", "Answer 1", "Answer 2", "Answer 3", "Correct")
    parsed = read(xlsx([header, ("q1", "a", "b", "c", 3), ("q2", "a", "b", "c", "1,2")]))
    assert [question.key for question in parsed.questions] == [("C",), ("A", "B")]
    assert codes(parsed) == ["numbers_as_options"]


def test_numbers_for_options_count_from_zero_when_a_zero_stands() -> None:
    header = ("Question", "Answer 1", "Answer 2", "Answer 3", "Correct")
    parsed = read(xlsx([header, ("q1", "a", "b", "c", 0), ("q2", "a", "b", "c", 2)]))
    assert [question.key for question in parsed.questions] == [("A",), ("C",)]


def test_numbers_that_fit_no_counting_are_errors() -> None:
    header = ("Question", "Answer 1", "Answer 2", "Answer 3", "Correct")
    parsed = read(xlsx([header, ("q1", "a", "b", "c", 0), ("q2", "a", "b", "c", 3)]))
    assert parsed.questions == () and codes(parsed) == ["unclear_number", "unclear_number"]


def test_one_and_nought_of_true_false_rows_are_read_and_told() -> None:
    parsed = table(("判断题", "一", "", "", "", "", 1), ("判断题", "二", "", "", "", "", 0))
    assert [question.key for question in parsed.questions] == [("true",), ("false",)]
    assert codes(parsed) == ["numbers_as_truth"]


def test_nought_with_true_and_false_options_could_mean_either() -> None:
    assert error(table(("判断题", "一", "正确", "错误", "", "", 0))).code == "unclear_number"
    assert only(table(("判断题", "一", "正确", "错误", "", "", 1))).key == ("true",)


def test_fill_in_columns_give_a_blank_each() -> None:
    header = ("题干", "空 1", "空 2", "空 3", "单空分数")
    question = only(read(xlsx([("题干", "答案")], 填空题=[header, ("四大名著有哪些", "西游记", "水浒传", None, 2.5)])))
    assert (question.kind, question.key, question.points_hundredths) == ("fill_in", (("西游记",), ("水浒传",)), 250)


def test_legal_basis_topics_and_measure_are_read() -> None:
    header = (*HEADER, "解析", "法律依据", "生效日期", "知识点", "难度", "分值")
    details = ("理由", "《宗教事务条例》第四十一条第一款：非宗教团体……", "2018年2月1日", "宗教、场所", "困难", "2.5分")
    question = only(table((*CHOICE, *details), header=header))
    assert question.citations == (ParsedCitation("宗教事务条例", "第四十一条第一款", date(2018, 2, 1)),)
    assert question.explanation == "理由\n非宗教团体……"
    assert question.topics == ("宗教", "场所")
    assert (question.difficulty, question.points_hundredths) == (3, 250)


def test_details_that_are_none_are_told_and_left() -> None:
    header = (*HEADER, "法律", "生效日期", "难度", "分值", "知识点")
    parsed = table((*CHOICE, "宪法", "某天", "0.8", "很多", "长" * 65), header=header)
    question = only(parsed)
    assert (question.difficulty, question.points_hundredths, question.topics) == (None, None, ())
    assert question.citations == (ParsedCitation("宪法"),)
    assert codes(parsed) == ["bad_date", "bad_difficulty", "bad_points", "topic_too_long"]


@pytest.mark.parametrize("day", ["2018-02-01", "2018/2/1", "2018.2.1", "20180201", 43132, datetime(2018, 2, 1)])  # noqa: DTZ001
def test_date_of_effect_is_read_however_written(day: Any) -> None:
    question = only(table((*CHOICE, "宪法", day), header=(*HEADER, "法律", "施行日期")))
    assert question.citations == (ParsedCitation("宪法", "", date(2018, 2, 1)),)


def test_article_without_a_law_is_told_and_kept_in_the_explanation() -> None:
    parsed = table((*CHOICE, "第三条", "2018-02-01"), header=(*HEADER, "条款", "施行日期"))
    question = only(parsed)
    assert (question.citations, question.explanation) == ((), "第三条 2018-02-01")
    assert codes(parsed) == ["law_missing"]


def test_same_stem_again_is_kept_and_told_with_the_first_place() -> None:
    parsed = table(CHOICE, ("单选题", "国家的根本法是( )", "甲", "乙", "", "", "B"))
    assert (len(parsed.questions), parsed.duplicates) == (2, 1)
    (problem,) = parsed.problems
    assert (problem.code, problem.severity, problem.where) == ("duplicate", "warning", "sheet 题库 row 3")
    assert "工作表“题库”第 2 行" in problem.message


def test_column_nobody_needs_is_named() -> None:
    parsed = table((*CHOICE, "张三"), header=(*HEADER, "出题人"))
    assert codes(parsed) == ["columns_not_used"] and "出题人" in parsed.problems[0].message


def test_column_called_type_without_kinds_is_left() -> None:
    parsed = read(xlsx([("类型", "题目", "A", "B", "答案"), ("公共基础", "一", "甲", "乙", "A")]))
    assert only(parsed).kind == "single"


def test_case_text_of_a_column_stays_with_its_question() -> None:
    question = only(table((*CHOICE, "张三与李四签订合同。"), header=(*HEADER, "案例")))
    assert (question.passage, question.stem) == ("张三与李四签订合同。", "国家的根本法是（ ）。")


def test_markup_stays_text() -> None:
    stem = '<img src=x onerror="alert(1)"> 与 <b>粗体</b> &amp;'
    assert only(table(("单选题", stem, "<i>", "乙", "", "", "A"))).stem == stem


def test_radicals_become_characters_and_wide_marks_stay() -> None:
    question = only(table(("单选题", "⼯程⻛险，（　）！", "⽤", "乙", "", "", "A")))
    assert (question.stem, question.options[0].text) == ("工程风险，（　）！", "用")


def test_lone_cell_below_a_table_is_reported() -> None:
    problem = error(table(CHOICE, (), (None, None, None, "å")))
    assert (problem.code, problem.where) == ("no_stem", "sheet 题库 row 4") and "å" in problem.message


def test_kind_nobody_tells_is_taken_from_the_options() -> None:
    content = xlsx([("题目", "答案"), ("为什么", "因为")])
    assert error(read(content)).code == "kind_unknown"
    assert only(read(content, options=ReadOptions(default_kind="short_text"))).key == ("因为",)


def test_sheet_with_lines_of_a_text_is_read_as_one() -> None:
    lines = ["1. 国家的根本法是（ ）", "A. 宪法", "B. 民法典", "答案：A", "2. 地球是圆的", "答案：对"]
    first, second = read(xlsx([(line,) for line in lines])).questions
    assert (first.where, texts(first)["B"], second.key) == ("sheet 题库 row 1", "民法典", ("true",))
