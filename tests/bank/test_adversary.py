"""What somebody uploads who wants to break the reading of question files."""

from __future__ import annotations

import pytest

from quizapp.bank.formats import read
from tests.bank.formats.making import error, sheet_xml, with_parts
from tests.bank.formats.test_archive import SHEET, WORKBOOK
from tests.core.test_adversary import FAR_APART


@pytest.mark.parametrize("sheet", FAR_APART.values(), ids=FAR_APART.keys())
def test_cells_far_apart_are_found_however_they_are_written(sheet: str) -> None:
    assert error(read(with_parts(WORKBOOK, {SHEET: sheet_xml(sheet)}))).code == "sheet_too_large"


def test_a_sheet_under_another_name_is_looked_at_too() -> None:
    relations = b"""<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
    <Relationship Id="rId1" Target="elsewhere.xml"
    Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/></Relationships>"""
    parts = {"xl/_rels/workbook.xml.rels": relations, "xl/elsewhere.xml": sheet_xml(FAR_APART["row alone"])}
    assert error(read(with_parts(WORKBOOK, parts))).code == "sheet_too_large"
