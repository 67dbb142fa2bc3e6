"""What somebody tries who wants to be led away from this site, or to break a page."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.core.extents import BadSheet, sheet_extent
from quizapp.core.sheets import UnreadableTable, read_rows
from tests.core.test_sheets import SHEET, workbook

ELSEWHERE = ("//[", "//[evil", "http://[", "//evil", "///evil", "/\\evil", "\t//evil", "/\tevil", "https:evil")


@pytest.mark.parametrize("address", ["/language", "/elder"])
@pytest.mark.parametrize("target", ELSEWHERE)
def test_what_is_no_path_of_ours_leads_home(client: FlaskClient, address: str, target: str) -> None:
    response = client.post(address, data={"next": target})
    assert (response.status_code, response.location) == (303, "/")


FIRST = '<row r="1"><c r="A1"><v>1</v></c></row>'
FAR_APART = {
    "spaces": FIRST + '<row r="2"><c r     =     "XFD1048576"><v>1</v></c></row>',
    "lower case": FIRST + '<row r="2"><c r="xfd1048576"><v>1</v></c></row>',
    "eight digits": FIRST + '<row r="2"><c r="XFD99999999"><v>1</v></c></row>',
    "row alone": FIRST + '<row r="99999999"><c><v>1</v></c></row>',
    "no places": "<row><c><v>1</v></c></row>" * 3_000 + "<row>" + "<c><v>1</v></c>" * 3_000 + "</row>",
}


@pytest.mark.parametrize("sheet", FAR_APART.values(), ids=FAR_APART.keys())
def test_cells_far_apart_are_found_however_they_are_written(app: Flask, tmp_path: Path, sheet: str) -> None:
    with pytest.raises(UnreadableTable) as refused:
        read_rows(workbook(tmp_path, xl_worksheets_sheet1_xml=SHEET.format(sheet)))
    assert refused.value.reason == "too_wide"


@pytest.mark.parametrize(
    ("body", "extent"),
    [
        ("", (1, 1)),
        (FIRST, (1, 1)),
        ('<row r="3"><c r="AB3"><v>1</v></c><c><is><t>x</t></is></c></row>', (3, 29)),
        ('<row r="7"/><row><c/><c><f>A1</f></c></row>', (8, 2)),
        (FIRST + '<row r="1048576"><c r="XFD1048576" s="1"/></row>', (1, 1)),
        ('<x:row xmlns:x="y"><x:c r="C9"><x:v>1</x:v></x:c></x:row>', (9, 3)),
    ],
)
def test_a_sheet_reaches_as_far_as_its_filled_cells(body: str, extent: tuple[int, int]) -> None:
    assert sheet_extent(SHEET.format(body).encode()) == extent


@pytest.mark.parametrize("body", ["<row", '<row r="x"/>', '<row><c r="99"/></row>', '<row r="1" r="2"/>'])
def test_a_sheet_that_stands_nowhere_is_bad(body: str) -> None:
    with pytest.raises(BadSheet):
        sheet_extent(SHEET.format(body).encode())
