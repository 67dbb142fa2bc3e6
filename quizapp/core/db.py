"""SQL: the typed base of all models, one session, and one commit a request.

SQLite opens every writing transaction with BEGIN IMMEDIATE: a deferred read that later turns into a write
fails at once when somebody else wrote in between, whatever busy_timeout says. Reading requests (GET, HEAD,
OPTIONS) begin deferred, so they never wait for a writer. Jobs and commands count as writing.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from weakref import WeakSet

import msgspec
from flask import Flask, Response, current_app, request
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Engine, MetaData, event, inspect
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session, make_transient_to_detached, registry
from sqlalchemy.types import JSON, TypeDecorator

from quizapp.core import postgresql
from quizapp.core.metrics import measure_statements
from quizapp.core.postgresql import Waits

READING_METHODS = ("GET", "HEAD", "OPTIONS")

_engines: WeakSet[Engine] = WeakSet()
_reads_only: ContextVar[bool] = ContextVar("reads_only", default=False)
_keeps_when_refused: ContextVar[bool] = ContextVar("keeps_when_refused", default=False)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC moment; a naive one is refused, since its zone would be guessed."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(column_0_label)s",
                "uq": "uq_%(table_name)s_%(column_0_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON},
    )


db = SQLAlchemy(model_class=Base)
migrate = Migrate()


def init_app(app: Flask, *, database_url: str, migrations: str, waits: Waits) -> None:
    app.config["SQLALCHEMY_DATABASE_URI"] = database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(database_url, waits)
    db.init_app(app)
    migrate.init_app(app, db, directory=migrations, render_as_batch=True)
    with app.app_context():
        prepare_engine(db.engine, waits)
        measure_statements(db.engine)
    app.before_request(_mark_reading)
    app.after_request(_commit_or_roll_back)


def engine_options(database_url: str, waits: Waits) -> dict[str, Any]:
    own = {"connect_args": {"timeout": 20}} if database_url.startswith("sqlite") else postgresql.engine_options(waits)
    return {"json_deserializer": msgspec.json.decode, **own}


def prepare_engine(engine: Engine, waits: Waits) -> None:
    """Bound the waits for PostgreSQL; set SQLite's pragmas on each new connection and begin its transactions."""
    _engines.add(engine)
    if engine.dialect.name != "sqlite":
        postgresql.bound_waits(engine, waits)
        return

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if _reads_only.get() else "BEGIN IMMEDIATE")


def _leave_to_parent() -> None:
    """In a process that was forked: what its parent has connected is the parent's; two would mix up their replies."""
    for engine in _engines:
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_leave_to_parent)


@contextmanager
def reading() -> Iterator[None]:
    """Mark what runs inside as reading only, for jobs and commands that must not wait for writers."""
    token = _reads_only.set(True)
    try:
        yield
    finally:
        _reads_only.reset(token)


def insert_into(table: Any) -> Any:
    """An INSERT that can say what to do on a conflict, of the database in use."""
    return (postgresql_insert if db.engine.dialect.name == "postgresql" else sqlite_insert)(table)


def add_if_new(row: Base) -> bool:
    """Insert a new row by one statement; False where a unique constraint says that there is one like it.

    What was set on `row` is stored; its id and the defaults of the rest are set.
    """
    columns = inspect(type(row)).column_attrs.keys()
    values = {name: row.__dict__[name] for name in columns if name in row.__dict__}
    made = tuple(name for name in columns if name not in values)
    insert = _insert_if_new(type(row), made, db.engine.dialect.name)
    stored = db.session.connection().execute(insert, values).one_or_none()
    if stored is None:
        return False
    for name, value in zip(made, stored, strict=True):
        setattr(row, name, value)
    make_transient_to_detached(row)
    db.session.add(row)
    return True


@lru_cache(maxsize=64)
def _insert_if_new(model: type[Base], made: Sequence[str], _dialect: str) -> Any:
    """The statement of `add_if_new`, built once; `made` are the columns whose values it returns."""
    columns = {attribute.key: attribute.columns[0] for attribute in inspect(model).column_attrs}
    insert = insert_into(model.__table__).on_conflict_do_nothing()
    return insert.returning(*(columns[name] for name in made))


def column_values(row: Base) -> dict[str, Any]:
    """What a row holds, by column."""
    return {attribute.key: getattr(row, attribute.key) for attribute in inspect(type(row)).column_attrs}


def release() -> None:
    """End a transaction that has only read, so that the slow work that follows holds no lock on the database."""
    db.session.rollback()


def keep_when_refused() -> None:
    """Let this request commit also when it answers that something must be mended.

    For files that came with a form: the form is shown again, and they need not be sent again. Nothing else may have
    been changed.
    """
    _keeps_when_refused.set(True)


def disconnect() -> None:
    """Close every connection of this process. Before a fork: SQLite's and PostgreSQL's must not be carried over."""
    db.session.remove()
    db.engine.dispose()


def after_commit(act: Callable[[], None]) -> None:
    """Run `act` once the current transaction has been committed, and never when it is rolled back.

    For what must not be seen before SQL says so, such as the copy of a published thing in Redis.
    """
    session = db.session()

    def run(_session: Session) -> None:
        event.remove(session, "after_rollback", forget)
        act()

    def forget(_session: Session) -> None:
        event.remove(session, "after_commit", run)

    event.listen(session, "after_commit", run, once=True)
    event.listen(session, "after_rollback", forget, once=True)


def roll_back() -> None:
    """Undo what a request has not committed. On a connection that is gone there is nothing left to undo."""
    with suppress(DBAPIError):
        db.session.rollback()


def _mark_reading() -> None:
    _reads_only.set(request.method in READING_METHODS)
    _keeps_when_refused.set(False)


def _commit_or_roll_back(response: Response) -> Response:
    if not db.session.registry.has():
        return response
    is_kept = response.status_code < 400 or _keeps_when_refused.get()
    if request.method in READING_METHODS or not is_kept:
        roll_back()
        return response
    try:
        db.session.commit()
    except DBAPIError as error:
        # Flask would make a 500 of what is raised after the view; this is as when SQL goes away within it.
        roll_back()
        return current_app.make_response(current_app.handle_user_exception(error))
    return response
