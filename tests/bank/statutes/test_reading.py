"""Texts of statutes in the shapes people have them: what is understood, and what is said about the rest."""

from __future__ import annotations

import io
import time
import zipfile
from datetime import date
from typing import Any

import docx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from quizapp.bank.statutes import Statute, read_statute, read_text
from quizapp.bank.statutes.parsed import Event
from quizapp.bank.statutes.problems import MESSAGES
from quizapp.bank.statutes.text import MOST_BYTES

HEAD = "# 某市养犬管理条例\n\n<!-- INFO END -->\n\n"


def labels(statute: Statute) -> list[str]:
    return [article.label for article in statute.articles]


def codes(statute: Statute) -> list[str]:
    return [problem.code for problem in statute.problems]


PLAIN = """\
某市养犬管理条例
（2010年3月1日某市第十三届人民代表大会常务委员会第五次会议通过　根据2019年6月5日某市第十五届人民代表大会常务委员会\
第二十次会议《关于修改部分地方性法规的决定》修正）

目　录
第一章　总　则
第二章　登记
附　则

第一章　总　则
第一条　为了规范养犬行为，制定本条例。
第二条　本条例适用于本市行政区域。
　　本市行政区域内的军犬不适用本条例。
第二章　登记
第一节　一般规定
第三条　养犬应当登记，登记时提交下列材料：
　　（一）身份证明；
　　（二）第五条规定的免疫证明。
第三条之一　登记每年一次。
第四条　第三条之一规定的登记不收费。
附　则
第五条　本条例自2010年5月1日起施行。
"""


def test_plain_text_with_contents_is_understood() -> None:
    statute = read_text(PLAIN)
    assert statute.title == "某市养犬管理条例"
    assert labels(statute) == ["第一条", "第二条", "第三条", "第三条之一", "第四条", "第五条"]
    assert [article.headings for article in statute.articles] == [
        ("第一章 总则",),
        ("第一章 总则",),
        ("第二章 登记", "第一节 一般规定"),
        ("第二章 登记", "第一节 一般规定"),
        ("第二章 登记", "第一节 一般规定"),
        ("附则",),
    ]
    assert statute.articles[1].text == "本条例适用于本市行政区域。\n本市行政区域内的军犬不适用本条例。"
    assert statute.articles[2].text.endswith("（二）第五条规定的免疫证明。")
    assert statute.issuing_body == "某市人民代表大会常务委员会"
    assert [event.on for event in statute.history] == [date(2010, 3, 1), date(2019, 6, 5)]
    assert statute.history[1].text.startswith("根据某市第十五届")
    assert (statute.effective_on, statute.effective_is_sure) == (date(2019, 6, 5), False)
    assert codes(statute) == ["date_from_revision"]


def make_docx(lines: list[str]) -> bytes:
    document = docx.Document()
    for line in lines:
        document.add_paragraph(line)
    table = document.add_table(rows=1, cols=1)
    table.cell(0, 0).text = "表中的字"
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def test_word_document_is_read_like_its_text() -> None:
    statute = read_statute(make_docx(PLAIN.splitlines()))
    plain = read_text(PLAIN + "表中的字")
    assert [(article.label, article.text) for article in statute.articles] == [
        (article.label, article.text) for article in plain.articles
    ]
    assert (statute.title, statute.history) == (plain.title, plain.history)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encoding_is_recognised(encoding: str) -> None:
    assert labels(read_statute(PLAIN.encode(encoding))) == labels(read_text(PLAIN))


def test_articles_without_a_blank_behind_their_number_are_told_by_their_order() -> None:
    text = "某条例\n第一条为了规范。\n第二条国家保护。\n第二条规定的行为，处罚款。\n第三条自2020年1月1日起施行。"
    statute = read_text(text)
    assert labels(statute) == ["第一条", "第二条", "第三条"]
    assert statute.articles[1].text == "国家保护。\n第二条规定的行为，处罚款。"


@pytest.mark.parametrize(
    "line",
    [
        "第五条第二款规定的期限为三日。",
        "第五条 第二款规定的期限为三日。",
        "第五条、第六条规定的行为。",
        "第五条规定的行为。",
        "第七条所称近亲属。",
        "第二章规定的行为，适用本条。",
    ],
)
def test_paragraph_that_speaks_of_an_article_begins_none(line: str) -> None:
    statute = read_text(f"{HEAD}第四条 甲。\n\n{line}\n\n第五条 乙。")
    assert labels(statute) == ["第四条", "第五条"]
    assert statute.articles[0].text == f"甲。\n{line}"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("第一条 甲。\n第三条 乙。", [("gap", "第三条")]),
        ("第一条 甲。\n第一条之二 乙。", [("gap", "第一条之二")]),
        ("第三条 甲。\n第四条 乙。", [("starts_late", "第三条")]),
        ("第一条 甲。\n第二条 乙。\n第一条 丙。", [("repeated", "第一条")]),
        ("第一条 甲。\n第二条 乙。\n第一条 甲。", [("repeated_alike", "第一条")]),
        ("第一条 甲。\n第三条 乙。\n第二条 丙。", [("gap", "第三条"), ("out_of_order", "第二条")]),
        ("第一条\n第二条 乙。", [("empty_article", "第一条")]),
        ("第一条 甲。\n第一条之一 乙。\n第二条 丙。", []),
    ],
)
def test_numbering_is_checked(lines: str, expected: list[tuple[str, str]]) -> None:
    statute = read_text(f"{HEAD}施行日期：2020-01-01\n{lines}")
    found = [(problem.code, problem.params.get("label") or problem.params.get("after")) for problem in statute.problems]
    found = [(code, label) for code, label in found if code != "stray_text"]
    named = [(code, label if code != "starts_late" else None) for code, label in expected]
    assert [entry for entry in found if entry[0] != "date_from_history" and entry[0] != "no_effective_date"] == named
    assert all(problem.where.startswith(("line", "file")) and problem.message for problem in statute.problems)


def test_only_articles_that_contradict_each_other_stop_the_import() -> None:
    assert [problem.code for problem in read_text(f"{HEAD}第一条 甲。\n第一条 乙。").errors] == ["repeated"]
    assert read_text(f"{HEAD}第一条 甲。\n第三条 乙。").errors == ()


@pytest.mark.parametrize(
    ("head", "last", "effective_on", "is_sure"),
    [
        ("2020年1月2日 国务院发布", "本条例自2020年3月1日起施行。", date(2020, 3, 1), True),
        ("2020年1月2日 国务院发布", "本条例自 ２０２０年３月１日 起施行。", date(2020, 3, 1), True),
        ("二〇二〇年一月二日 国务院发布", "本条例自二〇二〇年三月一日起施行。", date(2020, 3, 1), True),
        ("2020年1月2日 国务院批准\n\n2020年1月5日 国务院发布", "本条例自发布之日起施行。", date(2020, 1, 5), True),
        ("2020年1月2日 国务院发布", "本条例自公布之日起30日后施行。", None, False),
        ("2020年1月2日 国务院发布\n\n2020年4月1日 施行", "甲。", date(2020, 4, 1), True),
        ("2020年1月2日 国务院发布，自2020年4月1日起施行", "甲。", date(2020, 4, 1), True),
        ("2020年1月2日 国务院发布\n\n施行日期：2020-05-06", "自2020年3月1日起施行。", date(2020, 5, 6), True),
        ("2020年1月2日 国务院发布\n\n2023年1月2日 国务院修订", "自2020年3月1日起施行。", date(2023, 1, 2), False),
        ("2020年1月2日 国务院发布", "甲。", date(2020, 1, 2), False),
        ("2020年13月2日 国务院发布", "甲。", None, False),
        ("", "甲。", None, False),
    ],
)
def test_date_of_effect(head: str, last: str, effective_on: date | None, is_sure: bool) -> None:
    statute = read_text(f"# 某条例\n\n{head}\n\n<!-- INFO END -->\n\n第一条 甲。\n\n第二条 {last}")
    assert (statute.effective_on, statute.effective_is_sure) == (effective_on, is_sure)
    assert is_sure != any("date" in problem.code for problem in statute.problems)


def test_head_states_number_and_body_by_name() -> None:
    statute = read_text("# 某规定\n\n文号：国办函〔2026〕12号\n\n发布机关：国务院办公厅\n\n第一条 甲。")
    assert (statute.number, statute.issuing_body) == ("国办函〔2026〕12号", "国务院办公厅")


def test_title_is_told_from_the_order_that_makes_it_public() -> None:
    text = "中华人民共和国国务院令\n第686号\n现予公布，请遵照执行。\n宗教事务条例\n第一章 总则\n第一条 甲。"
    statute = read_text(text)
    assert statute.title == "宗教事务条例"
    assert [problem.params["text"] for problem in statute.problems if problem.code == "stray_text"] == [
        "中华人民共和国国务院令",
        "第686号",
        "现予公布，请遵照执行。",
    ]


def test_annexes_keep_their_own_articles() -> None:
    statute = read_text(f"{HEAD}第一条 甲。\n\n附件一\n\n收费标准\n\n第一条 乙。\n\n附件二：地图\n\n见图。")
    assert labels(statute) == ["第一条"]
    assert [(annex.label, annex.text) for annex in statute.annexes] == [
        ("附件一：收费标准", "第一条 乙。"),
        ("附件二：地图", "见图。"),
    ]


def test_heading_whose_title_stands_on_the_next_line_is_put_together() -> None:
    statute = read_text(f"{HEAD}第一章\n总 则\n第一条 甲。\n第二章\n登记\n第二条 乙。")
    assert statute.chapters == ("第一章 总则", "第二章 登记")


def test_repealed_code_with_parts_chapters_and_sections_keeps_all_headings() -> None:
    text = (
        "第一编 总则\n第一章 任务\n第一条 甲。\n第二编 分则\n第一章 犯罪\n第一节 盗窃\n第二条 乙。\n附则\n第三条 丙。"
    )
    assert [article.headings for article in read_text(HEAD + text).articles] == [
        ("第一编 总则", "第一章 任务"),
        ("第二编 分则", "第一章 犯罪", "第一节 盗窃"),
        ("附则",),
    ]


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty_file"),
    "blanks": (b"\xef\xbb\xbf \n\t", "empty_file"),
    "too much": (b"x" * (MOST_BYTES + 1), "file_too_large"),
    "pdf": (b"%PDF-1.7 ...", "unsupported"),
    "doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "unsupported"),
    "page": (b"<!DOCTYPE html><html></html>", "unsupported"),
    "zip": (b"PK\x03\x04junk", "damaged_file"),
    "noise": (bytes(range(256)) * 20, "undecodable"),
    "other document": (b'{"title": "a"}', "bad_document"),
    "deep document": (b'{"title":' + b"[" * 100_000, "bad_document"),
    "too many lines": (b"a\n" * 40_000, "too_many_lines"),
    "no articles": ("宪法是国家的根本法。".encode(), "no_articles"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_file_is_refused_with_a_clear_word(name: str) -> None:
    content, code = BAD_FILES[name]
    statute = read_statute(content)
    assert code in [problem.code for problem in statute.errors]
    assert all(problem.message for problem in statute.problems)


def packed(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), data)
    return file.getvalue()


WORD = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>' + WORD + b"<w:p>&b;</w:p></w:body></w:document>"


@pytest.mark.parametrize(
    "xml",
    [
        LAUGHS,
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x">' + WORD + b"</w:body></w:document>",
        WORD,
        b"\x00" * 50_000_000,
        WORD + b"<w:p>" * 100_000,
    ],
    ids=["entities", "outside", "cut short", "bomb", "deep"],
)
def test_harmful_document_is_refused_at_once(xml: bytes) -> None:
    begun = time.process_time()
    statute = read_statute(packed(word__document_xml=xml))
    assert [problem.code for problem in statute.errors] == ["damaged_file"]
    assert time.process_time() - begun < 2


def test_deleted_text_of_a_tracked_change_is_left_out() -> None:
    paragraph = b"<w:p><w:r><w:t>%s</w:t></w:r><w:del><w:r><w:delText>x</w:delText><w:t>y</w:t></w:r></w:del></w:p>"
    xml = WORD + paragraph % "第一条 甲。".encode() + b"</w:body></w:document>"
    assert read_statute(packed(word__document_xml=xml)).articles[0].text == "甲。"


KINDS_OF_LINE = """
    # 某法|## 第一章 总则|第一章|第二节 一般|第一条 甲|第二条|第二条之一 乙|第三条规定|序言|目录|附则|附件一|附：表
    <!-- INFO END -->|2020年1月2日 通过|2020年99月2日|自2020年1月1日起施行|（一）项；|\\\\第一条|施行日期：2020
    **第九条** 丙|第九千九百九十九条 丁|第99999条 戊|{|}|###|第〇条 己|第一条之一百 庚"""
LINES = st.sampled_from([line.strip() for lines in KINDS_OF_LINE.split("\n") for line in lines.split("|")])


@given(st.lists(LINES | st.text(max_size=12), max_size=30).map("\n".join))
@example("第一条\u200b")
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_the_text_reading_ends_with_a_statute_and_problems(text: str) -> None:
    statute = read_text(text)
    assert len(set(labels(statute))) == len(statute.articles)
    assert all(article.number is not None for article in statute.articles)
    for problem in statute.problems:
        assert problem.code in MESSAGES
        assert "%(" not in problem.message
    for event in statute.history:
        assert isinstance(event, Event)


@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda data: b"PK\x03\x04" + data))
@settings(max_examples=200, deadline=None)
def test_whatever_the_bytes_reading_ends(content: bytes) -> None:
    assert isinstance(read_statute(content), Statute)


def test_problems_that_are_alike_are_not_all_listed() -> None:
    statute = read_text("某法\n" + "看不懂的话\n" * 100 + "第一条 甲。")
    stray = [problem for problem in statute.problems if problem.code in ("stray_text", "more")]
    assert len(stray) == 21
    assert stray[-1].message == "还有 80 处同样的问题，没有一一列出。"


@pytest.mark.parametrize("line", ["第一条", "甲", "第一章 总则", "2020年1月1日 通过", "附件", "## 甲"])
def test_senseless_lines_are_read_fast(line: str) -> None:
    begun = time.process_time()
    read_text(f"{line}\n" * 19_000)
    assert time.process_time() - begun < 2


def test_long_statute_is_read_fast() -> None:
    text = HEAD + "\n\n".join(f"第{number}条 {'字' * 300}" for number in range(1, 3001))
    begun = time.process_time()
    statute: Any = read_text(text)
    assert (len(statute.articles), time.process_time() - begun < 2) == (3000, True)


@pytest.mark.parametrize("text", ["第" * 200_000, "第一条 " + "条" * 200_000, "（" * 200_000, "2020年1月1日" * 20_000])
def test_endless_line_takes_no_endless_time(text: str) -> None:
    begun = time.process_time()
    read_text("某法\n" + text)
    assert time.process_time() - begun < 2
