"""Word documents: numbers that are not in the text, tables, looks, pictures, formulas, and what does harm."""

from __future__ import annotations

import time

import pytest

from quizapp.bank.formats import ReadOptions, SheetOptions, read
from quizapp.bank.formats.docx_numbering import spell
from tests.bank.formats.making import HEADER, codes, error, only, texts, with_parts
from tests.bank.formats.making_docx import (
    PNG,
    docx,
    lines,
    numbering,
    p,
    part,
    picture,
    relationships,
    run,
    table,
)

RED, BOLD, LINE = '<w:color w:val="FF0000"/>', "<w:b/>", '<w:u w:val="single"/>'
OPTIONS = lines("A. 甲", "B. 乙", "C. 丙")
WITH_PICTURE = (("rIdP", "image", "media/image1.png", False),)
SECONDS = 2.0


# Text -----------------------------------------------------------------------------------------------------------


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


# Automatic numbers -----------------------------------------------------------------------------------------------


def test_automatic_numbers_and_letters_open_questions_and_options() -> None:
    body = ""
    for stem in ("甲题（ ）", "乙题（ ）"):
        body += p(stem, number=(1, 0)) + p("一", number=(1, 1)) + p("二", number=(1, 1)) + lines("答案：B")
    parsed = read(docx(body, parts={"numbering.xml": numbering(("decimal", "%1."), ("upperLetter", "%2．"))}))
    assert [(question.stem, texts(question)) for question in parsed.questions] == [
        ("甲题（ ）", {"A": "一", "B": "二"}),
        ("乙题（ ）", {"A": "一", "B": "二"}),
    ]


def test_numbers_from_a_style_are_found() -> None:
    styles = part(
        "styles",
        '<w:style w:type="paragraph" w:styleId="Base"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="Q"><w:basedOn w:val="Base"/></w:style>',
    )
    body = p("题（ ）", style="Q") + OPTIONS + lines("答案：A")
    content = docx(body, parts={"numbering.xml": numbering(("decimal", "第%1题")), "styles.xml": styles})
    assert only(read(content)).stem == "题（ ）"


def test_section_heading_may_be_numbered_automatically() -> None:
    body = p("判断题", number=(1, 0)) + lines("1. 说法（√）")
    parsed = read(docx(body, parts={"numbering.xml": numbering(("chineseCounting", "%1、"))}))
    assert only(parsed).kind == "true_false"


@pytest.mark.parametrize(("again", "labels"), [(False, ["1.", "2.", "3."]), (True, ["1.", "2.", "1."])])
def test_instances_count_on_unless_one_starts_anew(again: bool, labels: list[str]) -> None:
    from quizapp.bank.formats.docx_numbering import Numbering
    from quizapp.core.xml import parse

    counted = Numbering(parse(numbering(("decimal", "%1."), start_again=again)))
    assert [counted.label(instance, 0).strip() for instance in ("1", "1", "2")] == labels


def test_deeper_level_starts_anew_behind_a_higher_one() -> None:
    from quizapp.bank.formats.docx_numbering import Numbering
    from quizapp.core.xml import parse

    counted = Numbering(parse(numbering(("decimal", "%1"), ("decimal", "%1.%2"), ("bullet", "•"))))
    found = [counted.label("1", level).strip() for level in (0, 1, 1, 2, 0, 1)]
    assert found == ["1", "1.1", "1.2", "", "2", "2.1"]
    assert counted.label("9", 0) == "" and counted.label("1", 8) == ""


@pytest.mark.parametrize(
    ("form", "number", "text"),
    [
        ("decimal", 12, "12"),
        ("decimalZero", 3, "03"),
        ("upperLetter", 28, "BB"),
        ("lowerLetter", 2, "b"),
        ("upperRoman", 1994, "MCMXCIV"),
        ("lowerRoman", 4, "iv"),
        ("chineseCounting", 10, "十"),
        ("chineseCountingThousand", 12, "十二"),
        ("japaneseCounting", 103, "一百零三"),
        ("chineseCounting", 110, "一百一十"),
        ("ideographDigital", 20, "二〇"),
        ("chineseLegalSimplified", 12, "壹拾贰"),
        ("ideographTraditional", 2, "乙"),
        ("decimalFullWidth", 12, "１２"),
        ("decimalEnclosedCircle", 3, "③"),
        ("decimalEnclosedParen", 3, "⑶"),
        ("decimalEnclosedFullstop", 3, "⒊"),
        ("ideographTraditional", 99, "99"),
        ("unknown", 5, "5"),
        ("none", 5, ""),
    ],
)
def test_number_is_spelled_in_its_form(form: str, number: int, text: str) -> None:
    assert spell(number, form) == text


# Looks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("properties", "manner"),
    [(RED, "颜色"), (BOLD, "粗体"), ('<w:highlight w:val="yellow"/>', "底色"), (LINE, "下划线")],
)
@pytest.mark.parametrize("is_whole_line", [True, False])
def test_option_that_stands_out_is_the_answer(properties: str, manner: str, is_whole_line: bool) -> None:
    marked = p(run("B. 乙", properties)) if is_whole_line else p("B. ", run("乙", properties))
    parsed = read(docx(lines("1. 题（ ）", "A. 甲") + marked + lines("C. 丙")))
    assert only(parsed).key == ("B",)
    (warning,) = parsed.problems
    assert warning.code == "key_from_looks" and manner in warning.message


def test_several_options_that_stand_out_are_the_answer() -> None:
    body = p("1. 题（ ）") + p("A. 甲 ", run("B. 乙 ", RED), "C. 丙 ", run("D. 丁", RED))
    assert only(read(docx(body))).key == ("B", "D")


@pytest.mark.parametrize(
    "options",
    [
        p(run("A. 甲", BOLD)) + p(run("B. 乙", BOLD)),  # all look the same
        p(run("A. 甲", BOLD)) + p(run("B. 乙", RED)),  # two manners say different things
        p("A. 甲有", run("很", BOLD), "多的话要说") + p("B. 乙"),  # a word, not the option
        p(run("A. 甲", '<w:b w:val="0"/>')) + p("B. 乙"),
        p(run("A. 甲", '<w:color w:val="333333"/>')) + p("B. 乙"),
    ],
)
def test_looks_that_say_nothing_clear_leave_the_question_without_a_key(options: str) -> None:
    assert error(read(docx(p("1. 题（ ）") + options))).code == "no_key"


def test_written_answer_wins_over_looks() -> None:
    body = lines("1. 题（ ）", "A. 甲") + p(run("B. 乙", RED)) + lines("答案：A")
    parsed = read(docx(body))
    assert (only(parsed).key, codes(parsed)) == (("A",), [])


def test_looks_come_from_styles_too() -> None:
    styles = part("styles", f'<w:style w:type="character" w:styleId="Right"><w:rPr>{BOLD}</w:rPr></w:style>')
    body = lines("1. 题（ ）", "A. 甲") + p(run("B. 乙", '<w:rStyle w:val="Right"/>'))
    assert only(read(docx(body, parts={"styles.xml": styles}))).key == ("B",)


def test_looks_that_are_the_manner_of_the_file_are_told_once() -> None:
    body = "".join(lines(f"{number}. 第{number}题（ ）", "A. 甲") + p(run("B. 乙", RED)) for number in range(1, 9))
    parsed = read(docx(body))
    assert [question.key for question in parsed.questions] == [("B",)] * 8
    assert codes(parsed) == ["keys_from_looks"] and "8" in parsed.problems[0].message


def test_underlined_text_fills_the_blanks() -> None:
    body = lines("一、填空题") + p("1. 宪法于", run("1982", LINE), "年由", run("全国人大", LINE), "通过。")
    question = only(read(docx(body)))
    assert (question.stem, question.key) == ("宪法于____年由____通过。", (("1982",), ("全国人大",)))


def test_underlined_spaces_are_a_blank() -> None:
    body = lines("一、填空题") + p("1. 宪法于", run("      ", LINE), "年通过。") + lines("答案：1982")
    question = only(read(docx(body)))
    assert (question.stem, question.key) == ("宪法于____年通过。", (("1982",),))


# Tables ----------------------------------------------------------------------------------------------------------


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
    assert "第 1 个表格第 3 行" in next(p.message + place_of(p.where) for p in parsed.problems)
    assert [(sheet.name, sheet.read_as) for sheet in parsed.sheets] == [("table 1", "table"), ("", "text")]


def place_of(where: str) -> str:
    from quizapp.bank.formats import place

    return place(where)


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


# Pictures and formulas -------------------------------------------------------------------------------------------


def test_picture_belongs_to_the_text_it_stands_in() -> None:
    body = (
        p("1. 看图", picture(alt="路标"), "（ ）")
        + p("A. ", picture())
        + p("B. 乙")
        + p("答案：A")
        + p("解析：", picture())
    )
    question = only(read(docx(body, parts={"media/image1.png": PNG}, relations=WITH_PICTURE)))
    assert [(medium.at, medium.content, medium.alt) for medium in question.media] == [
        ("stem", PNG, "路标"),
        ("A", PNG, ""),
        ("explanation", PNG, ""),
    ]
    assert (question.stem, texts(question), question.explanation) == ("看图（ ）", {"A": "", "B": "乙"}, "")


def test_stem_of_nothing_but_a_picture_gets_a_word() -> None:
    body = p("1. ", picture()) + OPTIONS + lines("答案：A")
    question = only(read(docx(body, parts={"media/image1.png": PNG}, relations=WITH_PICTURE)))
    assert question.stem == "（见图）" and question.media[0].at == "stem"


def test_pictures_of_a_passage_go_to_each_of_its_questions() -> None:
    body = p("材料一：", picture()) + lines(
        "1. 题（ ）", "A. 甲", "B. 乙", "答案：A", "2. 题二（ ）", "A. 甲", "B. 乙", "答案：A"
    )
    parsed = read(docx(body, parts={"media/image1.png": PNG}, relations=WITH_PICTURE))
    assert [[medium.at for medium in question.media] for question in parsed.questions] == [["passage"], ["passage"]]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\x01\x00\x00\x00" + bytes(36) + b" EMF", "image1.png"),
        (b"\xd7\xcd\xc6\x9a", "image1.png"),
        (None, "image1.png"),
    ],
)
def test_picture_that_cannot_be_shown_keeps_its_question_out(content: bytes | None, name: str) -> None:
    parts = {"media/image1.png": content} if content else {}
    body = lines("1. 题（ ）", "A. 甲") + p("B. ", picture()) + lines("答案：A")
    parsed = read(docx(body, parts=parts, relations=WITH_PICTURE))
    problem = error(parsed)
    assert problem.code == "picture_unreadable" and name in problem.message
    mend = {parsed.unusable[0].where: {"options": "A. 甲\nB. 乙"}}
    assert only(read(docx(body, parts=parts, relations=WITH_PICTURE), options=ReadOptions(mends=mend))).key == ("A",)


def test_picture_that_cannot_be_shown_in_an_explanation_is_told() -> None:
    body = lines("1. 题（ ）", "A. 甲", "B. 乙", "答案：A") + p("解析：见图", picture())
    parsed = read(docx(body))
    assert codes(parsed) == ["picture_left_out"] and only(parsed).explanation == "见图"


def test_picture_from_elsewhere_is_not_fetched() -> None:
    body = p("1. 题", picture(), "（ ）") + OPTIONS + lines("答案：A")
    outside = (("rIdP", "image", "http://127.0.0.1:9/x.png", True),)
    assert error(read(docx(body, relations=outside))).code == "picture_unreadable"


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("<m:f><m:num>{a}</m:num><m:den>{b}</m:den></m:f>", "a+1/b"),
        ("<m:sSup><m:e>{b}</m:e><m:sup>{b}</m:sup></m:sSup>", "b^b"),
        ("<m:sSubSup><m:e>{b}</m:e><m:sub>{a}</m:sub><m:sup>{b}</m:sup></m:sSubSup>", "b_(a+1)^b"),
        ("<m:rad><m:deg/><m:e>{a}</m:e></m:rad>", "√(a+1)"),
        ('<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{b}</m:sub><m:sup/><m:e>{b}</m:e></m:nary>', "∑_bb"),
        ("<m:d><m:e>{a}</m:e></m:d>", "(a+1)"),
        ("<m:m><m:mr><m:e>{b}</m:e><m:e>{b}</m:e></m:mr><m:mr><m:e>{b}</m:e></m:mr></m:m>", "[b, b; b]"),
        ("<m:func><m:fName>{b}</m:fName><m:e>{a}</m:e></m:func>", "b(a+1)"),
    ],
)
def test_formula_is_one_line_of_text(formula: str, text: str) -> None:
    parts = {"a": "<m:r><m:t>a+1</m:t></m:r>", "b": "<m:r><m:t>b</m:t></m:r>"}
    body = p("1. 算", f"<m:oMath>{formula.format(**parts)}</m:oMath>", "（ ）") + OPTIONS + lines("答案：A")
    stem = only(read(docx(body))).stem
    assert stem == f"算{text}（ ）".replace("a+1/b", "(a+1)/b")


# Beside the text -------------------------------------------------------------------------------------------------


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


# Harm ------------------------------------------------------------------------------------------------------------


def nested(opening: str, closing: str, depth: int, inside: str) -> str:
    return opening * depth + inside + closing * depth


@pytest.mark.parametrize(
    "body",
    [
        nested("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>", 1000, p("甲")),
        nested("<w:sdt><w:sdtContent>", "</w:sdtContent></w:sdt>", 3000, p("甲")),
        p(nested("<m:oMath><m:f><m:num>", "</m:num></m:f></m:oMath>", 1000, "<m:r><m:t>a</m:t></m:r>")),
    ],
)
def test_deep_nesting_is_refused(body: str) -> None:
    began = time.process_time()
    assert codes(read(docx(body))) == ["document_too_large"]
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize(
    "body",
    [
        nested("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>", 80, p("1. 说法（对）")),
        nested("<w:sdt><w:sdtContent>", "</w:sdtContent></w:sdt>", 120, p("1. 说法（对）")),
        p("1. ", nested("<m:sSup><m:e>", "</m:e></m:sSup>", 120, "<m:r><m:t>说法</m:t></m:r>"), "（对）"),
        p(nested("<w:hyperlink>", "</w:hyperlink>", 240, run("1. 说法（对）"))),
        nested(
            "<w:p><w:r><w:pict><v:shape><v:textbox><w:txbxContent>",
            "</w:txbxContent></v:textbox></v:shape></w:pict></w:r></w:p>",
            40,
            p("1. 说法（对）"),
        ),
    ],
)
def test_nesting_as_deep_as_the_parser_lets_through_is_read(body: str) -> None:
    assert only(read(docx(p("判断题") + body))).key == ("true",)


def test_a_million_runs_are_refused_quickly() -> None:
    runs = "".join(f"<w:r><w:t>{number}</w:t></w:r>" for number in range(1_000_000))
    content = docx(f"<w:p>{runs}</w:p>")
    began = time.process_time()
    assert codes(read(content)) == ["document_too_large"]
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize(
    "name", ["document.xml", "numbering.xml", "styles.xml", "_rels/document.xml.rels", "footnotes.xml"]
)
@pytest.mark.parametrize(
    "payload",
    [
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x/>',
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x><x/>'.encode("utf-16"),
    ],
)
def test_document_type_in_any_part_is_refused(name: str, payload: bytes) -> None:
    content = docx(
        p("1. 说法（对）"), parts={"numbering.xml": numbering(("decimal", "%1.")), "styles.xml": part("styles", "")}
    )
    assert codes(read(with_parts(content, {f"word/{name}": payload}))) == ["unsafe_archive"]


@pytest.mark.parametrize("broken", [b"", b"<w:document", b"<a/>" * 3, b"\xff\xfe\x00", b"<a>&undefined;</a>"])
def test_broken_body_gives_a_problem_and_no_exception(broken: bytes) -> None:
    (code,) = codes(read(with_parts(docx(p("x")), {"word/document.xml": broken})))
    assert code in ("damaged_file", "no_text_questions", "unsafe_archive")


def test_relationship_out_of_the_zip_finds_nothing() -> None:
    outside = relationships(("rIdP", "image", "../../../../etc/hostname", False))
    body = p("1. 题", picture(), "（ ）") + OPTIONS + lines("答案：A")
    content = with_parts(docx(body), {"word/_rels/document.xml.rels": outside})
    assert error(read(content)).code == "picture_unreadable"


def test_header_row_of_the_project_is_known_in_a_table_too() -> None:
    assert only(read(docx(table(HEADER, ("单选题", "题（ ）", "甲", "乙", "", "", "B"))))).key == ("B",)
