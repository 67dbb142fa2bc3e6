"""What somebody uploads who wants to break the reading of question files."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from quizapp.accounts.models import User
from quizapp.bank.formats import read
from quizapp.bank.models import Bank, QuestionImport
from quizapp.core.db import db
from tests.bank.formats.making import error, sheet_xml, with_parts
from tests.bank.formats.test_archive import SHEET, WORKBOOK
from tests.cast import post, sign_in
from tests.core.test_adversary import FAR_APART

TOO_FAR = ("sheet_too_large", "too_many_rows")
"""A block that no memory holds, or a narrow one that is far too long."""


@pytest.mark.parametrize("sheet", FAR_APART.values(), ids=FAR_APART.keys())
def test_cells_far_apart_are_found_however_they_are_written(sheet: str) -> None:
    assert error(read(with_parts(WORKBOOK, {SHEET: sheet_xml(sheet)}))).code in TOO_FAR


def test_a_sheet_under_another_name_is_looked_at_too() -> None:
    relations = b"""<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
    <Relationship Id="rId1" Target="elsewhere.xml"
    Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/></Relationships>"""
    parts = {"xl/_rels/workbook.xml.rels": relations, "xl/elsewhere.xml": sheet_xml(FAR_APART["row alone"])}
    assert error(read(with_parts(WORKBOOK, parts))).code in TOO_FAR


@pytest.fixture
def organiser(client: FlaskClient, olga: User) -> FlaskClient:
    sign_in(client, olga.name)
    return client


@pytest.mark.parametrize("name", ["\0", "\u202e", " \x7f\u200b"])
def test_a_name_that_shows_nothing_is_asked_for_again(organiser: FlaskClient, name: str) -> None:
    response = post(organiser, "/bank/new", name=name)
    assert (response.status_code, "请填写题库名称" in response.text) == (422, True)


def test_names_cannot_turn_the_text_around_them(organiser: FlaskClient) -> None:
    post(organiser, "/bank/new", name="宪\0法\u202egnp.", description="说\u2066明\0")
    bank = db.session.scalars(select(Bank)).one()
    assert (bank.name, bank.description) == ("宪法gnp.", "说明")
    post(organiser, f"/bank/{bank.id}/import", format="auto", files=(io.BytesIO(b"x"), "a\u202evsc.csv"))
    assert db.session.scalars(select(QuestionImport.file_name)).one() == "avsc.csv"
