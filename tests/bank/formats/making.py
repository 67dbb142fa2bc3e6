"""Question files made for one test, with the writers of others."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl
import xlwt

from quizapp.bank.formats import Parsed, ParsedQuestion, Problem

HEADER = ("题型", "题干", "选项A", "选项B", "选项C", "选项D", "答案")


def xlsx(rows: Sequence[Sequence[Any]], **more_sheets: Sequence[Sequence[Any]]) -> bytes:
    """A workbook; the first sheet is called 题库."""
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "题库"
    for sheet, content in ((first, rows), *((book.create_sheet(name), rows) for name, rows in more_sheets.items())):
        for row in content:
            sheet.append(list(row))
    return saved(book)


def saved(book: Any) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def xls(rows: Sequence[Sequence[Any]]) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("题库")
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            if value is not None:
                sheet.write(at, column, value)
    return saved(book)


def with_parts(content: bytes, parts: Mapping[str, bytes]) -> bytes:
    """The zip with these parts put in or replaced."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, data in parts.items():
            new.writestr(name, data)
    return file.getvalue()


def sheet_xml(body: str) -> bytes:
    """The first sheet of a workbook, from its rows in XML."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<?xml version="1.0"?><worksheet xmlns="{space}"><sheetData>{body}</sheetData></worksheet>'.encode()


def only(parsed: Parsed) -> ParsedQuestion:
    """The one question of a file without errors."""
    assert [problem.code for problem in parsed.problems if problem.severity == "error"] == []
    (question,) = parsed.questions
    return question


def error(parsed: Parsed) -> Problem:
    """The one error of a file."""
    (problem,) = [problem for problem in parsed.problems if problem.severity == "error"]
    return problem


def codes(parsed: Parsed) -> list[str]:
    return [problem.code for problem in parsed.problems]


def texts(question: ParsedQuestion) -> dict[str, str]:
    return {option.id: option.text for option in question.options}
