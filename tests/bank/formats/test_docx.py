"""Word documents: paragraphs, tables, and what stands beside the text."""

from __future__ import annotations

import pytest

from quizapp.bank.formats import ReadOptions, SheetOptions, place, read
from tests.bank.formats.making import HEADER, codes, error, only, texts
from tests.bank.formats.making_docx import OPTIONS, docx, lines, p, part, run, table

# Text


def test_paragraphs_are_read_like_lines() -> None:
    question = only(read(docx(lines("一、单选题", "1. 题（ ）", "A. 甲", "B. 乙", "答案：B", "解析：略"))))
    assert (question.kind, question.key, question.explanation) == ("single", ("B",), "略")
    assert question.where == "paragraph 2"


def test_line_breaks_and_tabs_inside_a_paragraph_divide() -> None:
    question = only(read(docx(p("1. 题（ ）|A. 甲\tB. 乙|答案：A"))))
    assert (question.stem, texts(question), question.key) == ("题（ ）", {"A": "甲", "B": "乙"}, ("A",))


def test_two_questions_in_one_paragraph_have_places_of_their_own() -> None:
    parsed = read(docx(p("1. 题（ ）|A. 甲|B. 乙|答案：A|2. 题二（ ）|A. 甲|B. 乙|答案：B")))
    assert [question.where for question in parsed.questions] == ["paragraph 1", "paragraph 1 line 5"]


def test_text_cut_into_many_runs_is_one() -> None:
    body = p(*(run(letter) for letter in "1. 中华人民共和国（ ）")) + OPTIONS + lines("答案：A")
    assert only(read(docx(body))).stem == "中华人民共和国（ ）"


def test_inserted_text_is_in_and_deleted_text_is_out() -> None:
    change = (
        f"<w:ins>{run('乙')}</w:ins><w:del><w:r><w:delText>丙</w:delText></w:r></w:del>"
        f"<w:moveFrom>{run('丁')}</w:moveFrom><w:moveTo>{run('戊')}</w:moveTo>"
    )
    body = f"<w:p>{run('1. 甲')}{change}{run('（ ）')}</w:p>" + OPTIONS + lines("答案：A")
    assert only(read(docx(body))).stem == "甲乙戊（ ）"


def test_deleted_paragraph_mark_joins_two_paragraphs() -> None:
    first = f"<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr>{run('1. 前')}</w:p>"
    assert only(read(docx(first + p("后（ ）") + OPTIONS + lines("答案：A")))).stem == "前后（ ）"


def test_text_box_is_read_once_behind_its_paragraph() -> None:
    content = f"<w:txbxContent>{OPTIONS}{lines('答案：C')}</w:txbxContent>"
    box = (
        "<w:r><mc:AlternateContent><mc:Choice><w:drawing><wp:anchor><a:graphic><a:graphicData>"
        f"<wps:wsp><wps:txbx>{content}</wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:anchor></w:drawing>"
        f"</mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox>{content}</v:textbox></v:shape></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r>"
    )
    question = only(read(docx(p("1. 题（ ）", box))))
    assert (len(question.options), question.key) == (3, ("C",))


def test_signs_of_symbol_fonts_are_read() -> None:
    sign = '<w:r><w:sym w:font="Wingdings 2" w:char="F050"/></w:r>'
    assert only(read(docx(p("二、判断题") + p("1. 说法一（", sign, "）")))).key == ("true",)


def test_content_controls_and_links_are_text() -> None:
    body = (
        f"<w:sdt><w:sdtContent>{p('1. 题（ ）')}</w:sdtContent></w:sdt>"
        f"<w:p><w:hyperlink r:id='x'>{run('A. 甲')}</w:hyperlink></w:p>"
        f"<w:p><w:sdt><w:sdtContent>{run('B. 乙')}</w:sdtContent></w:sdt></w:p>"
    )
    assert texts(only(read(docx(body + lines("答案：A"))))) == {"A": "甲", "B": "乙"}


def test_phonetic_guide_leaves_the_word() -> None:
    ruby = f"<w:r><w:ruby><w:rt>{run('xian')}</w:rt><w:rubyBase>{run('宪')}</w:rubyBase></w:ruby></w:r>"
    assert only(read(docx(p("1. ", ruby, "法（ ）") + OPTIONS + lines("答案：A")))).stem == "宪法（ ）"


# Tables


def test_table_with_a_header_is_read_like_a_sheet() -> None:
    body = p("二、多选题") + table(
        ("序号", "题目", "A", "B", "C", "答案"),
        ("1", "甲题", "一", "二", "三", "AC"),
        ("2", "乙题", "一", "二", "三", "B"),
    )
    parsed = read(docx(p("题库") + body + lines("三、判断题", "1. 说法（对）")))
    assert [(question.where, question.kind) for question in parsed.questions] == [
        ("table 1 row 2", "multiple"),
        ("table 1 row 3", "single"),
        ("paragraph 4", "true_false"),
    ]
    assert "第 1 个表格第 3 行" in next(p.message + place(p.where) for p in parsed.problems)
    assert [(sheet.name, sheet.read_as) for sheet in parsed.sheets] == [("table 1", "table"), ("", "text")]


def test_columns_of_a_table_can_be_told() -> None:
    content = docx(table(("一", "二", "三", "四"), ("题（ ）", "甲", "乙", "B")))
    told = SheetOptions(columns={"stem": "A", "option A": "B", "option B": "C", "answer": "D"}, header_row=1)
    assert only(read(content, options=ReadOptions(sheets={"table 1": told}))).key == ("B",)


def test_table_that_only_sets_options_in_order_is_text() -> None:
    body = p("1. 题（ ）") + table(("A. 甲", "B. 乙"), ("C. 丙", "D. 丁")) + lines("答案：D", "2. 对不对（√）")
    parsed = read(docx(body))
    assert texts(parsed.questions[0]) == {"A": "甲", "B": "乙", "C": "丙", "D": "丁"}
    assert parsed.questions[0].key == ("D",) and len(parsed.questions) == 2


def test_cell_of_several_paragraphs_keeps_its_lines() -> None:
    body = table(("题目", "选项", "答案"), ("题（ ）", lines("A. 甲", "B. 乙"), "A"))
    assert texts(only(read(docx(body)))) == {"A": "甲", "B": "乙"}


def test_wide_cells_do_not_move_the_columns() -> None:
    wide = "<w:tc><w:tcPr><w:gridSpan w:val='2'/></w:tcPr>" + p("题（ ）") + "</w:tc>"
    row = (
        f"<w:tr><w:tc>{p('单选')}</w:tc>{wide}<w:tc>{p('甲')}</w:tc><w:tc>{p('乙')}</w:tc><w:tc>{p('B')}</w:tc></w:tr>"
    )
    head = table(("题型", "题干", "备注", "A", "B", "答案"))
    assert only(read(docx(head.replace("</w:tbl>", f"{row}</w:tbl>")))).key == ("B",)


def test_cells_merged_downwards_share_their_case() -> None:
    def merged(text: str, value: str) -> str:
        return f'<w:tc><w:tcPr><w:vMerge w:val="{value}"/></w:tcPr>{p(text)}</w:tc>'

    rest = "".join(f"<w:tc>{p(text)}</w:tc>" for text in ("题（ ）", "甲", "乙", "A"))
    rows = f"<w:tr>{merged('张某借款', 'restart')}{rest}</w:tr><w:tr>{merged('', 'continue')}{rest}</w:tr>"
    head = table(("案例", "题干", "A", "B", "答案")).replace("</w:tbl>", f"{rows}</w:tbl>")
    assert [question.passage for question in read(docx(head)).questions] == ["张某借款"] * 2


def test_deleted_row_is_out() -> None:
    gone = f"<w:tr><w:trPr><w:del/></w:trPr><w:tc>{p('旧题')}</w:tc><w:tc>{p('对')}</w:tc></w:tr>"
    body = table(("题目", "答案"), ("新题", "对")).replace("</w:tbl>", f"{gone}</w:tbl>")
    assert only(read(docx(body))).stem == "新题"


def test_header_row_of_the_project_is_known_in_a_table_too() -> None:
    assert only(read(docx(table(HEADER, ("单选题", "题（ ）", "甲", "乙", "", "", "B"))))).key == ("B",)


# Beside the text


@pytest.mark.parametrize(
    ("reference", "name", "root", "note"),
    [
        ("footnoteReference", "footnotes", "footnotes", "footnote"),
        ("endnoteReference", "endnotes", "endnotes", "endnote"),
        ("commentReference", "comments", "comments", "comment"),
    ],
)
def test_note_that_holds_a_key_is_told(reference: str, name: str, root: str, note: str) -> None:
    body = p("1. 题（ ）", f'<w:r><w:{reference} w:id="5"/></w:r>') + OPTIONS
    parts = {
        f"{name}.xml": part(
            root, f'<w:{note} w:id="5">{p("答案：B")}</w:{note}><w:{note} w:id="6">{p("出处")}</w:{note}>'
        )
    }
    parsed = read(docx(body, parts=parts))
    assert set(codes(parsed)) == {"no_key", "note_not_read"}
    assert "答案：B" in next(problem.message for problem in parsed.problems if problem.code == "note_not_read")


def test_note_without_a_key_is_left_without_a_word() -> None:
    body = p("1. 题（ ）", '<w:r><w:footnoteReference w:id="6"/></w:r>') + OPTIONS + lines("答案：A")
    parts = {"footnotes.xml": part("footnotes", f'<w:footnote w:id="6">{p("出处")}</w:footnote>')}
    assert codes(read(docx(body, parts=parts))) == []


def test_hidden_text_is_read_and_told() -> None:
    body = p("1. 题（ ）") + OPTIONS + p(run("答案：C", "<w:vanish/>"))
    parsed = read(docx(body))
    assert (only(parsed).key, codes(parsed)) == (("C",), ["hidden_text"])


def test_embedded_document_is_told() -> None:
    body = p("1. 题（ ）") + OPTIONS + lines("答案：A") + '<w:altChunk r:id="rIdX"/>'
    assert error(read(docx(body))).code == "embedded_part"
