"""Runs migrations inside the app: its engine, its metadata. Migrations themselves never import models."""

from typing import Any, Literal

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from quizapp.core.crypto import EncryptedText
from quizapp.core.db import Base, UtcDateTime


def render_item(kind: str, item: Any, _autogen: Any) -> str | Literal[False]:
    """Write our column types as the plain ones they are stored in."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, EncryptedText):
        return "sa.LargeBinary()"
    return False


def run() -> None:
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:
            _set_foreign_keys(connection, is_on=False)
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=is_sqlite,
            render_item=render_item,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
            if is_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise RuntimeError("a migration left rows that point to nothing")
        if is_sqlite:
            _set_foreign_keys(connection, is_on=True)


def _set_foreign_keys(connection: Connection, *, is_on: bool) -> None:
    """SQLite changes a table by copying and dropping it, and a drop deletes by cascade what points to the table.

    The setting holds from outside a transaction alone, and the connection goes back to the pool, so it is put back.
    """
    connection.connection.dbapi_connection.execute(f"PRAGMA foreign_keys={'ON' if is_on else 'OFF'}")


run()
