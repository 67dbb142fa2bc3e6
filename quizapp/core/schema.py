"""The database's schema: brought up to date by migrations alone, and compared with the models."""

from __future__ import annotations

from dataclasses import dataclass

import flask_migrate
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app

from quizapp.core.db import db, reading


class DatabaseIsNewer(Exception):
    """A newer release has migrated the database, and this code does not know how; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Revision:
    """Which migration the database is at."""

    found: str
    """Empty for a database without our tables."""
    head: str
    """The newest that this code has."""
    is_known: bool
    """Whether this code has the migration that the database is at; an older code does not."""

    @property
    def is_at_head(self) -> bool:
        return self.found == self.head


def look() -> Revision:
    """Compare the database's migration with the code's; changes nothing."""
    scripts = ScriptDirectory.from_config(current_app.extensions["migrate"].migrate.get_config())
    found = MigrationContext.configure(db.session.connection()).get_current_revision() or ""
    known = {script.revision for script in scripts.walk_revisions()}
    return Revision(found, scripts.get_current_head() or "", not found or found in known)


def has(revision: str) -> bool:
    """Whether this code has a migration."""
    scripts = ScriptDirectory.from_config(current_app.extensions["migrate"].migrate.get_config())
    return revision in {script.revision for script in scripts.walk_revisions()}


def upgrade(*, revision: str = "head") -> None:
    """Run every migration that the database lacks, up to `revision`; raise DatabaseIsNewer."""
    with reading():
        state = look()
        db.session.remove()
    if not state.is_known:
        raise DatabaseIsNewer(
            f"the database is at {state.found}, which this release does not know (its newest is {state.head}): a newer "
            "release has migrated it. Start that release; docs/deploy.md, “Going back”, says what else there is"
        )
    flask_migrate.upgrade(revision=revision)
    db.session.remove()
    # On SQLite migrations turn foreign keys off, and the connection that did them would go back to the pool so.
    db.engine.dispose()


def check() -> None:
    """Compare the database with the models; print the differences and exit 1 when there are any."""
    flask_migrate.check()
