"""Migrations make exactly the tables of the models, on both databases."""

from __future__ import annotations

from pathlib import Path

import flask_migrate
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from quizapp.core import schema
from quizapp.core.db import Base, db
from tests.conftest import app_without_store, in_context
from tests.postgresql import Cluster


def test_migrated_database_has_the_models_tables(any_database: str, tmp_path: Path) -> None:
    with in_context(app_without_store(any_database, tmp_path)), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)
    assert differences == []


def test_second_upgrade_changes_nothing(any_database: str, tmp_path: Path) -> None:
    with in_context(app_without_store(any_database, tmp_path)):
        before = sorted(inspect(db.engine).get_table_names())
        schema.upgrade()
        after = sorted(inspect(db.engine).get_table_names())
    assert "alembic_version" in before
    assert before == after


FILLED = """
insert into bank (id, name, description, created_at) values (1, '题库', '', '2026-11-23 00:00:00');
insert into question (id, bank_id, kind, state, held_reason, is_sensitive, difficulty, created_at, times_answered,
    times_right) values (1, 1, 'single', 'draft', '', false, 2, '2026-11-23 00:00:00', 0, 0);
insert into question_revision (id, question_id, number, stem, options, key, explanation, stem_hash, created_at)
    values (1, 1, 1, '题干', '[{"id": "A", "text": "ＡＢＣ"}]', '[]', '', 'x', '2026-11-23 00:00:00');
insert into question_review (id, question_id, revision_number, verdict, comment, at)
    values (1, 1, 1, 'approved', '', '2026-11-23 00:00:00');
"""


def test_upgrade_keeps_what_is_stored(tmp_path: Path, postgresql_server: Cluster) -> None:
    """A table that SQLite copies and drops must not take along, by cascade, the rows that point to it."""
    name = "kept"
    postgresql_server.run(f"create database {name}")
    for url in (f"sqlite:///{tmp_path}/kept.sqlite", postgresql_server.url(name)):
        with in_context(app_without_store(url, tmp_path)):
            flask_migrate.upgrade(revision="20261123_spine")
            for statement in FILLED.strip().removesuffix(";").split(";\n"):
                db.session.execute(text(statement))
            db.session.commit()
            schema.upgrade()
            counts = [
                db.session.scalar(text(f"select count(*) from {table}"))
                for table in ("question", "question_revision", "question_review")
            ]
            found = db.session.scalar(text("select search_text from question"))
        assert (counts, found) == ([1, 1, 1], "题干\nabc")
    postgresql_server.run(f"drop database {name} with (force)")


def test_foreign_keys_hold_after_an_upgrade(tmp_path: Path) -> None:
    """A command that has brought the database up to date goes on with it."""
    url = f"sqlite:///{tmp_path}/fresh.sqlite"
    with in_context(app_without_store(url, tmp_path)):
        schema.upgrade()
        found = db.session.scalar(text("PRAGMA foreign_keys"))
    assert found == 1
