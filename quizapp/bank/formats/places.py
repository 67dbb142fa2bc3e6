"""The places problems name: a stable English form for scripts, and words for pages."""

from __future__ import annotations

import re

from quizapp.core.i18n import _

FILE = "file"
_MEMBER = re.compile(
    r"(?:in (?P<member>.+?))?(?:(?:^| )item (?P<item>.+?))?"
    r"(?:(?:^| )line (?P<line>[0-9]+))?(?:(?:^| )part (?P<part>[0-9]+))?",
    re.DOTALL,
)
_PLACE = re.compile(
    r"(?:sheet (?P<sheet>.+?)|table (?P<table>[0-9]+))?"
    r"(?: ?(?P<unit>row|line|paragraph|question) (?P<number>[0-9]+)(?: line (?P<line>[0-9]+))?"
    r"(?: column (?P<column>[A-Z]+)| field (?P<field>.+))?)?",
    re.DOTALL,
)


def row_place(row: int, *, sheet: str = "", column: str = "") -> str:
    """The stable place of a row (from 1) or of one of its cells."""
    return " ".join(part for part in (sheet and f"sheet {sheet}", f"row {row}", column and f"column {column}") if part)


def question_place(number: int, *, unit: str = "question", field: str = "") -> str:
    """The stable place of a question (from 1, or by its line) of a document, or of one of its fields."""
    return f"{unit} {number} field {field}" if field else f"{unit} {number}"


def member_place(member: str = "", *, item: str = "", line: int = 0, part: int = 0) -> str:
    """The stable place of something in a file of XML: in items/q1.xml item Q1 line 12 part 2.

    `member` is the file inside a package, `item` the identifier of an item, `part` which of its questions, from 1.
    """
    named = (("in", member), ("item", item), ("line", line), ("part", part))
    return " ".join(f"{word} {value}" for word, value in named if value) or FILE


def position(where: str) -> tuple[str, int]:
    """The sheet, or file of a package, and the number of a place, for sorting; 0 for a whole sheet or file."""
    found = _PLACE.fullmatch(where)
    if found:
        return found["sheet"] or "", int(found["number"] or 0)
    found = _MEMBER.fullmatch(where)
    return (found["member"] or "", int(found["line"] or 0)) if found else ("", 0)


def place(where: str) -> str:
    """Say a stable place in words for pages: sheet 单选题 row 12 → 工作表“单选题”第 12 行."""
    if where == FILE:
        return _("整个文件")
    found = _PLACE.fullmatch(where)
    if not found:
        return _member_in_words(where)
    sheet, number, column, field = found["sheet"], found["number"], found["column"], found["field"]
    if found["table"]:
        return _in_document_table(found["table"], number, column)
    if found["unit"] == "paragraph":
        if found["line"]:
            return _("第 %(number)s 段第 %(line)s 行", number=number, line=found["line"])
        return _("第 %(number)s 段", number=number)
    if number is None:
        return _("工作表“%(sheet)s”", sheet=sheet)
    if found["unit"] == "question":
        where = _("第 %(number)s 题", number=number)
        return f"{where} {field}" if field else where
    if field:
        return _("第 %(number)s 行 %(field)s", number=number, field=field)
    if sheet and column:
        return _("工作表“%(sheet)s”第 %(number)s 行 %(column)s 列", sheet=sheet, number=number, column=column)
    if sheet:
        return _("工作表“%(sheet)s”第 %(number)s 行", sheet=sheet, number=number)
    if column:
        return _("第 %(number)s 行 %(column)s 列", number=number, column=column)
    return _("第 %(number)s 行", number=number)


def _in_document_table(table: str, number: str | None, column: str | None) -> str:
    if number is None:
        return _("第 %(table)s 个表格", table=table)
    if column is None:
        return _("第 %(table)s 个表格第 %(number)s 行", table=table, number=number)
    return _("第 %(table)s 个表格第 %(number)s 行 %(column)s 列", table=table, number=number, column=column)


def _member_in_words(where: str) -> str:
    found = _MEMBER.fullmatch(where)
    if not found:
        return where
    words = (
        found["member"] and _("文件“%(member)s”", member=found["member"]),
        found["item"] and _("题目“%(item)s”", item=found["item"]),
        found["line"] and _("第 %(number)s 行", number=found["line"]),
        found["part"] and _("第 %(part)s 小题", part=found["part"]),
    )
    return " ".join(word for word in words if word)
