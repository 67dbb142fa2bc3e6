"""Tables as files."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import openpyxl
import pytest

from quizapp.core import tables
from quizapp.core.tables import Table, neutralise, restore, write_csv, write_xlsx

NASTY = ["=1+1", "+86", "-1", "@x", "\t=1", "\r=1", " =1", "＝HYPERLINK()", "＋1", "－1", "＠x"]


@pytest.mark.parametrize("text", NASTY)
def test_text_that_could_begin_a_formula_gets_an_apostrophe(text: str) -> None:
    assert neutralise(text) == "'" + text


@pytest.mark.parametrize("value", ["张三", "", "3=3", "a-b", 5, -5, 1.5, None, True, "\u202e倒", "<script>"])
def test_harmless_value_stays_as_it_is(value: object) -> None:
    assert neutralise(value) == value


@pytest.mark.parametrize("text", [*NASTY, "'=1", "''＝", "'", "''", "'tis", "'a=1", "1'=1", "", "=", "' =1"])
def test_text_is_restored_from_what_was_made_harmless(text: str) -> None:
    assert restore(neutralise(text)) == text


@pytest.mark.parametrize("text", ["'tis", "'", "a'=1"])
def test_text_that_was_not_made_harmless_is_not_touched(text: str) -> None:
    assert restore(text) == text


def test_control_characters_are_left_out() -> None:
    assert neutralise("a\x00b\x1bc") == "abc"
    assert neutralise("\x00=1") == "'=1"


def test_csv_is_read_back_as_written() -> None:
    file = io.StringIO(newline="")
    write_csv(file, Table("t", ["a", "b"], [["x,y", 'say "hi"'], ["line\nbreak", None]], count=2))
    file.seek(0)
    assert list(csv.reader(file)) == [["a", "b"], ["x,y", 'say "hi"'], ["line\nbreak", ""]]


def test_full_sheet_goes_on_in_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "SHEET_ROWS", 2)
    path = tmp_path / "t.xlsx"
    write_xlsx(path, [Table("成绩", ["n"], ([n] for n in range(5)), count=5), Table("空", ["n", "m"], [], count=0)])
    book = openpyxl.load_workbook(path)
    assert {sheet.title: [[cell.value for cell in row] for row in sheet.rows] for sheet in book} == {
        "成绩": [["n"], [0], [1]],
        "成绩 2": [["n"], [2], [3]],
        "成绩 3": [["n"], [4]],
        "空": [["n", "m"]],
    }


@pytest.mark.parametrize("text", NASTY)
def test_no_cell_of_a_sheet_is_a_formula(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.xlsx"
    write_xlsx(path, [Table("t", ["a"], [[text]], count=1)])
    cell = openpyxl.load_workbook(path)["t"]["A2"]
    assert cell.data_type == "s"
    assert str(cell.value).startswith("'")


def test_short_look_at_a_text_takes_no_start_of_a_formula_for_harmless() -> None:
    every = (chr(code) for code in range(sys.maxunicode + 1))
    assert [letter for letter in every if tables._is_plain(letter) and tables._opens_formula(letter)] == []


def test_text_longer_than_a_cell_is_cut() -> None:
    assert neutralise("长" * (tables.CELL_LETTERS + 1)) == "长" * tables.CELL_LETTERS
