"""Many rows by one statement, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import JSON, BigInteger, Boolean, Column, Integer, MetaData, String, Table, UniqueConstraint, select
from sqlalchemy.exc import DataError

from quizapp.core import bulk
from quizapp.core.db import db
from tests.conftest import app_without_store, in_context

table = Table(
    "bulk_row",
    MetaData(),
    Column("id", String(4), primary_key=True),
    Column("part", Integer),
    Column("seq", BigInteger),
    Column("is_right", Boolean),
    Column("words", JSON),
    Column("end", String(8)),
    UniqueConstraint("id", "part"),
)


@pytest.fixture(autouse=True)
def app(any_database: str, tmp_path: Path) -> Iterator[Flask]:
    with in_context(app_without_store(any_database, tmp_path)) as app:
        table.create(db.session.connection())
        yield app


def row(name: str, seq: int, words: list[str], *, is_right: bool = True) -> dict[str, Any]:
    return {"id": name, "part": 1, "seq": seq, "is_right": is_right, "words": words}


def stored() -> list[tuple[Any, ...]]:
    columns = (table.c.id, table.c.seq, table.c.is_right, table.c.words, table.c.end)
    return [tuple(found) for found in db.session.execute(select(*columns).order_by(table.c.id))]


def test_rows_come_out_as_they_went_in() -> None:
    words = ["宪法", '"', "\\", "’; drop table bulk_row; --", "%(a)s", "🙂", "", ":b"]
    bulk.insert_or_keep(table, [row("a", 2**60, words), row("b", -1, [], is_right=False)], key="id")
    assert stored() == [("a", 2**60, True, words, None), ("b", -1, False, [], None)]


def test_no_rows_are_nothing() -> None:
    bulk.insert_or_keep(table, [], key="id")
    bulk.insert_or_renew(table, [], keys=("id", "part"), newer="seq")
    assert bulk.update_where_none(table, [], key="id", empty="end") == 0


def test_a_row_that_is_there_is_kept() -> None:
    bulk.insert_or_keep(table, [row("a", 1, ["A"])], key="id")
    bulk.insert_or_keep(table, [row("a", 2, ["B"]), row("b", 2, ["B"])], key="id")
    assert [found[:2] for found in stored()] == [("a", 1), ("b", 2)]


def test_only_a_greater_number_takes_the_place_of_a_row() -> None:
    bulk.insert_or_renew(table, [row("a", 5, ["A"]), row("b", 5, ["A"])], keys=("id", "part"), newer="seq")
    bulk.insert_or_renew(table, [row("a", 4, ["B"]), row("b", 6, ["B"])], keys=("id", "part"), newer="seq")
    bulk.insert_or_renew(table, [row("a", 5, ["C"])], keys=("id", "part"), newer="seq")
    assert [(found[1], found[3]) for found in stored()] == [(5, ["A"]), (6, ["B"])]


def test_rows_are_updated_once() -> None:
    bulk.insert_or_keep(table, [row("a", 1, []), row("b", 1, []), row("c", 1, [])], key="id")
    assert bulk.update_where_none(table, [{"id": "a", "end": "first"}], key="id", empty="end") == 1
    ends = [{"id": name, "end": "second"} for name in ("a", "b", "x")]
    assert bulk.update_where_none(table, ends, key="id", empty="end") == 1
    assert [found[-1] for found in stored()] == ["first", "second", None]


@pytest.mark.parametrize(
    "wrong", [{"id": "too long"}, {"part": 2**40}, {"words": ["\0"], "id": "\0"}, {"seq": 2**63}, {"seq": 2**80}]
)
@pytest.mark.parametrize("any_database", ["postgresql"], indirect=True)
def test_what_does_not_fit_is_refused_and_nothing_is_cut_off(wrong: dict[str, Any]) -> None:
    with pytest.raises((DataError, OverflowError)):
        bulk.insert_or_keep(table, [row("a", 1, []) | wrong], key="id")
