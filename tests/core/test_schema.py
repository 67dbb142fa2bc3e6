"""The schema on both databases."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect

from quizapp.app import create_app
from quizapp.core.db import Base, db
from tests.conftest import make_settings


def test_has_every_table_of_the_models(any_database: str, tmp_path: Path) -> None:
    app = create_app(make_settings(database_url=any_database, redis_url="unix:///nowhere", data_dir=tmp_path))
    with app.app_context():
        found = set(inspect(db.engine).get_table_names())
        db.engine.dispose()
    assert set(Base.metadata.tables) <= found
