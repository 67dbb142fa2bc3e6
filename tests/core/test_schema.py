"""Migrations make exactly the tables of the models, on both databases."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from quizapp.app import create_app
from quizapp.core import schema
from quizapp.core.db import Base, db
from tests.conftest import make_settings


def test_migrated_database_has_the_models_tables(any_database: str, tmp_path: Path) -> None:
    app = create_app(make_settings(database_url=any_database, redis_url="unix:///nowhere", data_dir=tmp_path))
    with app.app_context():
        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            differences = compare_metadata(context, Base.metadata)
        db.engine.dispose()
    assert differences == []


def test_second_upgrade_changes_nothing(any_database: str, tmp_path: Path) -> None:
    app = create_app(make_settings(database_url=any_database, redis_url="unix:///nowhere", data_dir=tmp_path))
    with app.app_context():
        before = sorted(inspect(db.engine).get_table_names())
        schema.upgrade()
        after = sorted(inspect(db.engine).get_table_names())
        db.session.remove()
        db.engine.dispose()
    assert "alembic_version" in before
    assert before == after
