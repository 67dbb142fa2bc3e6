"""Tables as lines of JSON, the same from SQLite and from PostgreSQL, for carrying records from one to the other.

A line is one row, an array in the order of the columns. Nothing is decrypted: what is encrypted travels as the bytes
that are stored. Rows are read and written in portions, so memory does not grow with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.types import TypeEngine

from quizapp.core.crypto import EncryptedText
from quizapp.core.db import Base, UtcDateTime

ROWS_AT_ONCE, LARGE_ROWS_AT_ONCE = 500, 10


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of values: what it is on a line and what stores it as it is."""

    on_line: Any
    stored: type[TypeEngine[Any]] | TypeEngine[Any]


KINDS = {
    "boolean": Kind(bool, Boolean),
    "integer": Kind(int, BigInteger),
    "text": Kind(str, String),
    "moment": Kind(datetime, UtcDateTime),
    "date": Kind(date, Date),
    "json": Kind(Any, JSON(none_as_null=True)),
    "bytes": Kind(bytes, LargeBinary),
}


class WrongRow(Exception):
    """A line is not a row of its table; the message says what is wrong with it."""


class Columns(msgspec.Struct, frozen=True):
    """A table's name and its columns as (name, kind), enough to read and write it without its model."""

    table: str
    columns: list[tuple[str, str]]

    def as_table(self) -> Table:
        return Table(self.table, MetaData(), *(Column(name, KINDS[kind].stored) for name, kind in self.columns))

    @property
    def rows_at_once(self) -> int:
        return LARGE_ROWS_AT_ONCE if any(kind == "bytes" for _name, kind in self.columns) else ROWS_AT_ONCE


def all_columns() -> list[Columns]:
    """Every table of the models, each after those it refers to."""
    return [
        Columns(str(table.name), [(str(column.name), _kind_of(column.type)) for column in table.columns])
        for table in Base.metadata.sorted_tables
    ]


def _kind_of(stored: TypeEngine[Any]) -> str:
    kinds = (
        ((EncryptedText, LargeBinary), "bytes"),
        (UtcDateTime, "moment"),
        (Date, "date"),
        (JSON, "json"),
        (Boolean, "boolean"),
        (Integer, "integer"),
        (String, "text"),
    )
    for types, kind in kinds:
        if isinstance(stored, types):
            return kind
    raise TypeError(f"no kind for {stored!r}")


def read_rows(connection: Connection, columns: Columns) -> Iterator[tuple[Any, ...]]:
    table = columns.as_table()
    for row in connection.execution_options(yield_per=columns.rows_at_once).execute(select(table)):
        yield tuple(row)


def line_of(row: Sequence[Any]) -> bytes:
    return msgspec.json.encode(row) + b"\n"


def rows_of(columns: Columns, lines: Iterable[bytes]) -> Iterator[tuple[Any, ...]]:
    """Read lines back; raises WrongRow."""
    kinds = (KINDS[kind].on_line for _name, kind in columns.columns)
    decoder = msgspec.json.Decoder(tuple[tuple(kind if kind is Any else kind | None for kind in kinds)])  # type: ignore[misc]
    for number, line in enumerate(lines, 1):
        try:
            yield decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise WrongRow(f"{columns.table}, line {number}: {error}") from error


def write_rows(connection: Connection, columns: Columns, rows: Iterable[tuple[Any, ...]]) -> int:
    """Insert rows into a table that is empty; return how many there were.

    Where rows refer to rows of the same table, they are joined when all are there.
    """
    table, count = columns.as_table(), 0
    names, parents = [name for name, _kind in columns.columns], _own_references(connection, columns.table)
    children: list[dict[str, Any]] = []
    waiting = iter(rows)
    while portion := list(islice(waiting, columns.rows_at_once)):
        values = [dict(zip(names, row, strict=True)) for row in portion]
        for one in values:
            if any(one[name] is not None for name in parents):
                children.append({"_id": one["id"], **{name: one[name] for name in parents}})
                one |= dict.fromkeys(parents)
        connection.execute(insert(table), values)
        count += len(values)
    if children:
        joined = update(table).where(table.c.id == bindparam("_id"))
        connection.execute(joined.values({name: bindparam(name) for name in parents}), children)
    return count


def _own_references(connection: Connection, table: str) -> list[str]:
    """The columns of a table that name its own `id`."""
    keys = inspect(connection).get_foreign_keys(table)
    return [name for key in keys if key["referred_table"] == table for name in key["constrained_columns"]]


def empty_all(connection: Connection, tables: Sequence[Columns]) -> None:
    """Delete all rows, the referring ones first."""
    if connection.dialect.name == "postgresql":
        names = ", ".join(connection.dialect.identifier_preparer.quote(columns.table) for columns in tables)
        connection.execute(text(f"TRUNCATE {names}"))
        return
    for columns in reversed(tables):
        connection.execute(columns.as_table().delete())


def renew_sequences(connection: Connection, tables: Sequence[Columns]) -> None:
    """Let PostgreSQL number new rows behind those that were inserted with their numbers; nothing for SQLite."""
    if connection.dialect.name != "postgresql":
        return
    for columns in tables:
        if dict(columns.columns).get("id") != "integer":
            continue
        sequence = connection.scalar(select(func.pg_get_serial_sequence(columns.table, "id")))
        highest = connection.scalar(select(func.max(columns.as_table().c.id)))
        if sequence and highest is not None:
            connection.execute(select(func.setval(sequence, highest)))
