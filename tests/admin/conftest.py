from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests import postgresql
from tests.admin.backups import Addresses


@pytest.fixture
def address_of(database_template: Path, request: pytest.FixtureRequest, tmp_path: Path) -> Addresses:
    """Gives the address of a fresh database of a kind with the migrated schema."""

    def fresh(kind: str) -> str:
        if kind == "postgresql":
            server: postgresql.Cluster = request.getfixturevalue("postgresql_server")
            return server.url(server.fresh())
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.sqlite"
        shutil.copy(database_template, path)
        return f"sqlite:///{path}"

    return fresh
