"""Many rows by one statement, of the database in use.

SQLite runs a prepared statement for each row inside this process, which costs microseconds. PostgreSQL would be sent
each row by itself; it is given all rows as one JSON document instead and reads them as a table. Neither commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Integer,
    Select,
    String,
    Table,
    Text,
    bindparam,
    cast,
    func,
    select,
    update,
)
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

from quizapp.core.db import db, insert_into

Rows = Sequence[Mapping[str, Any]]
"""All with the same names, each a column's."""


def insert_or_keep(table: Table, rows: Rows, *, key: str) -> None:
    """Insert rows; one whose `key` is there already changes nothing."""
    if rows:
        _insert(_insert_or_keep(db.engine.dialect.name, table, tuple(rows[0]), key), rows)


def insert_or_renew(table: Table, rows: Rows, *, keys: tuple[str, ...], newer: str) -> None:
    """Insert rows; one whose `keys` are there already takes its place only if its `newer` is greater.

    No two rows have the same keys.
    """
    if rows:
        _insert(_insert_or_renew(db.engine.dialect.name, table, tuple(rows[0]), keys, newer), rows)


def update_where_none(table: Table, rows: Rows, *, key: str, empty: str) -> int:
    """Update rows found by `key` in which `empty` is still null; return how many there were."""
    if not rows:
        return 0
    statement = _update_where_none(db.engine.dialect.name, table, tuple(rows[0]), key, empty)
    if _takes_json():
        return int(db.session.connection().execute(statement, _document(rows)).rowcount)
    # The name of a column in SET may not be that of a parameter in WHERE.
    return int(db.session.connection().execute(statement, [{**row, "_key": row[key]} for row in rows]).rowcount)


def _insert(statement: Any, rows: Rows) -> None:
    db.session.connection().execute(statement, _document(rows) if _takes_json() else list(rows))


def _takes_json() -> bool:
    return db.engine.dialect.name == "postgresql"


def _document(rows: Rows) -> dict[str, str]:
    return {"rows": msgspec.json.encode(rows).decode()}


@lru_cache(maxsize=64)
def _insert_or_keep(dialect: str, table: Table, names: tuple[str, ...], key: str) -> Any:
    return _insert_of(dialect, table, names).on_conflict_do_nothing(index_elements=[key])


@lru_cache(maxsize=64)
def _insert_or_renew(dialect: str, table: Table, names: tuple[str, ...], keys: tuple[str, ...], newer: str) -> Any:
    insert = _insert_of(dialect, table, names)
    return insert.on_conflict_do_update(
        index_elements=keys,
        set_={name: insert.excluded[name] for name in names if name not in keys},
        where=insert.excluded[newer] > table.c[newer],
    )


def _insert_of(dialect: str, table: Table, names: tuple[str, ...]) -> Any:
    insert = insert_into(table)
    if dialect == "postgresql":
        return insert.from_select(names, _selected(_given(table, names), names))
    return insert


def _selected(given: TableValuedAlias, names: tuple[str, ...]) -> Select[Any]:
    return select(*(given.c[name] for name in names))


@lru_cache(maxsize=64)
def _update_where_none(dialect: str, table: Table, names: tuple[str, ...], key: str, empty: str) -> Any:
    changing = [name for name in names if name != key]
    if dialect == "postgresql":
        given = _given(table, names)
        changed = update(table).values({name: given.c[name] for name in changing})
        return changed.where(table.c[key] == given.c[key], table.c[empty].is_(None))
    changed = update(table).values({name: bindparam(name) for name in changing})
    return changed.where(table.c[key] == bindparam("_key"), table.c[empty].is_(None))


def _given(table: Table, names: tuple[str, ...]) -> TableValuedAlias:
    """The rows of the parameter `rows`, a JSON document, as a table."""
    columns = [Column(name, _read_as(table.c[name].type)) for name in names]
    document = cast(bindparam("rows", type_=Text()), JSON)
    return func.json_to_recordset(document).table_valued(*columns, name="given").render_derived(with_types=True)


def _read_as(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """The widest type of its sort: what does not fit the column is refused when it is stored, never cut off here."""
    if isinstance(kind, String):
        return Text()
    if isinstance(kind, Integer):
        return BigInteger()
    return kind
