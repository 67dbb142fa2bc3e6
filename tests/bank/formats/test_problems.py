"""Sentences for problems, and words for their places."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from quizapp.bank import formats
from quizapp.bank.formats import Problem, place, read
from quizapp.bank.formats.problems import MESSAGES

HERE = Path(formats.__file__).parent
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@pytest.mark.parametrize("code", MESSAGES)
def test_sentence_takes_its_params_and_says_something(code: str) -> None:
    known = {"taken": "single", "usual": "multiple", "first_place": "row 3", "manner": "bold"}
    params = {name: known.get(name, "甲%s乙") for name in PLACEHOLDER.findall(MESSAGES[code])}
    message = Problem("row 2", code, params).message
    assert message and "%(" not in message and "single" not in message


@pytest.mark.parametrize("code", MESSAGES)
def test_sentence_is_used_somewhere(code: str) -> None:
    files = [*HERE.glob("*.py"), HERE.parent / "import_rows.py"]
    modules = [path.read_text(encoding="utf-8") for path in files if path.name != "problems.py"]
    assert any(f'"{code}"' in module for module in modules)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("file", "整个文件"),
        ("row 12", "第 12 行"),
        ("line 40", "第 40 行"),
        ("row 12 column E", "第 12 行 E 列"),
        ("paragraph 7", "第 7 段"),
        ("paragraph 7 line 2", "第 7 段第 2 行"),
        ("table 3", "第 3 个表格"),
        ("table 3 row 4", "第 3 个表格第 4 行"),
        ("table 3 row 4 line 2", "第 3 个表格第 4 行"),
        ("table 3 row 4 column B", "第 3 个表格第 4 行 B 列"),
        ("sheet 单选题", "工作表“单选题”"),
        ("sheet 单选题 row 12", "工作表“单选题”第 12 行"),
        ("sheet a row 1 row 12 column AB", "工作表“a row 1”第 12 行 AB 列"),
        ("sheet row 5 row 6", "工作表“row 5”第 6 行"),
    ],
)
def test_place_is_said_in_words(where: str, words: str) -> None:
    assert place(where) == words


def test_problems_come_from_top_to_bottom() -> None:
    rows = "题干,A,B,答案\n一,甲,乙,A\n二,甲,乙,\n一,甲,乙,C\n,甲,乙,A\n一,甲,乙,B\n"
    parsed = read(rows.encode())
    assert [(problem.where, problem.code) for problem in parsed.problems] == [
        ("row 3", "no_key"),
        ("row 4", "key_without_option"),
        ("row 5", "no_stem"),
        ("row 6", "duplicate"),
    ]
