"""The database's schema: brought up to date by migrations alone, and compared with the models."""

from __future__ import annotations

import flask_migrate

from quizapp.core.db import db


def upgrade() -> None:
    """Run every migration that the database lacks."""
    flask_migrate.upgrade()
    db.session.remove()


def check() -> None:
    """Compare the database with the models; print the differences and exit 1 when there are any."""
    flask_migrate.check()
