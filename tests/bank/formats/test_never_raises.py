"""Whatever the bytes, reading ends with questions and problems."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quizapp.bank.formats import FORMATS, Parsed, read
from quizapp.bank.formats.problems import MESSAGES
from tests.bank.formats.making import HEADER, sheet_xml, with_parts, xls, xlsx

ROWS = [HEADER, ("单选题", "题（ ）", "甲", "乙", "", "", "A"), ("判断题", "地球是圆的", "", "", "", "", "对")]
WORKBOOK, OLD_WORKBOOK = xlsx(ROWS), xls(ROWS)
TEXT = (
    "一、单选题\n1. 题（ ）\nA. 甲\nB. 乙\n答案：A\n解析：略\n"
    "二、判断题\n1. 说法（√）\n三、填空题\n1. ____\n答案：甲|乙\n"
)
SLOW = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORDS = """1. 2、 第3题 （4） A. B、 C (D) 【A】 E． 答案： 正确答案 【解析】 AB （A） （√） 对 错误
    题目： 一、单选题 判断题(正确) 二、匹配题 【排序题】 A1 B2 A→B 1. 2. 案例： 根据以下材料回答1-3题 @@@
    ---- ____ （_） | ； 甲 乙丙丁 1.5m 2021年 999999 ， ^*^ \u200b \x00 😀"""
PIECES = st.sampled_from([*WORDS.split(), "\n", "\n\n", "\t", "  ", "　", "（ ）"])
CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [
            "A",
            "ABD",
            "对",
            "1",
            "0",
            "单选题",
            "判断题",
            "填空",
            "排序",
            "匹配",
            "A1B2",
            "A. 甲\nB. 乙\n1. 丙\n2. 丁",
            "____",
            "A.甲 B.乙",
            '["甲",["乙"]]',
            "[" * 3000,
        ]
    ),
    st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20),
)


def check(parsed: Parsed) -> None:
    """Every problem can be said in words, every key fits its question."""
    assert parsed.questions or parsed.problems
    for problem in parsed.problems:
        assert problem.code in MESSAGES and problem.message and problem.where
    for question in parsed.questions:
        assert question.stem and question.where
        ids = {option.id for option in question.options}
        if question.kind in ("single", "multiple", "indefinite"):
            assert len(ids) == len(question.options) >= 2 and set(question.key) <= ids
            assert len(question.key) == 1 if question.kind == "single" else question.key
        elif question.kind == "true_false":
            assert question.key in (("true",), ("false",)) and not ids
        elif question.kind == "fill_in":
            assert question.key and all(question.key) and not ids
        elif question.kind == "ordering":
            assert sorted(question.key) == sorted(ids) and len(ids) >= 2
        elif question.kind == "matching":
            assert [pair[0] for pair in question.key] == sorted(own for own in ids if not own.isdigit())
            assert {pair[1:] for pair in question.key} <= {own for own in ids if own.isdigit()}
        else:
            assert question.kind == "short_text" and len(question.key) <= 1


@SLOW
@given(st.binary(max_size=3000))
def test_arbitrary_bytes_are_read(content: bytes) -> None:
    check(read(content))


@SLOW
@given(st.binary(max_size=800), st.sampled_from(sorted(FORMATS)))
def test_arbitrary_bytes_are_read_in_the_format_asked_for(content: bytes, name: str) -> None:
    check(read(content, format=name))


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=60))
def test_arbitrary_lines_are_read(pieces: list[str]) -> None:
    check(read("".join(pieces).encode("utf-8", "replace"), format="text"))


@settings(SLOW, max_examples=40)
@given(st.lists(st.lists(CELLS, max_size=8), min_size=1, max_size=8), st.booleans())
def test_arbitrary_cells_are_read(rows: list[list[object]], has_header: bool) -> None:
    check(read(xlsx([HEADER, *rows] if has_header else rows)))


JSON_NAMES = st.sampled_from(["question", "options", "answer", "type", "题干", "A", "B", "questions", "incorrect", "x"])
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.sampled_from(["A", "AB", "对", "单选题", "甲", "B. 乙", ""]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(JSON_NAMES, inner, max_size=6),
    max_leaves=40,
)


@SLOW
@given(JSONS)
def test_arbitrary_json_is_read(document: object) -> None:
    check(read(json.dumps(document).encode(), format="other-json" if isinstance(document, (list, dict)) else "auto"))


@SLOW
@given(st.text(max_size=400))
def test_arbitrary_text_under_a_header_is_read(text: str) -> None:
    content = ("题型,题干,A,B,答案\n" + text).encode("utf-8", "replace")
    check(read(content, format="csv"))


@pytest.mark.parametrize("content", [WORKBOOK, OLD_WORKBOOK, TEXT.encode(), TEXT.encode("utf-16")])
@SLOW
@given(data=st.data())
def test_good_file_with_bytes_changed_is_read(content: bytes, data: st.DataObject) -> None:
    broken = bytearray(content)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(broken) - 1))
        change = data.draw(st.sampled_from(["set", "cut", "repeat"]))
        if change == "set":
            broken[at] = data.draw(st.integers(0, 255))
        elif change == "cut" and len(broken) > 20:
            del broken[at : at + data.draw(st.integers(1, 64))]
        else:
            broken[at:at] = broken[at : at + data.draw(st.integers(1, 64))]
        if not broken:
            break
    check(read(bytes(broken)))


@SLOW
@given(data=st.data())
def test_workbook_with_changed_parts_is_read(data: st.DataObject) -> None:
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as archive:
        name = data.draw(st.sampled_from([entry for entry in archive.namelist() if entry.startswith("xl/")]))
        part = bytearray(archive.read(name))
    at = data.draw(st.integers(0, len(part) - 1))
    part[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=30))
    check(read(with_parts(WORKBOOK, {name: bytes(part)})))


@SLOW
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["A1", "B2", "C3", "XFD9", "A", "1", ""]),
            st.sampled_from("snbe") | st.just("inlineStr"),
            st.text("01<>&x;", max_size=6),
        ),
        max_size=12,
    )
)
def test_sheet_of_arbitrary_cells_in_xml_is_read(cells: list[tuple[str, str, str]]) -> None:
    body = "".join(
        f'<row r="{n}"><c r="{place}" t="{kind}"><v>{text}</v></c></row>' for n, (place, kind, text) in enumerate(cells)
    )
    check(read(with_parts(WORKBOOK, {"xl/worksheets/sheet1.xml": sheet_xml(body)})))
