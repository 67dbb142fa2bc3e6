"""Fixtures shared by all tests: a real Valkey, a real database and the app on them."""

from __future__ import annotations

import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import pytest
import redis
from flask import Flask, g
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from werkzeug.routing import Rule

from quizapp.app import create_app
from quizapp.core import schema
from quizapp.core.db import disconnect
from quizapp.core.embedded import Valkey, start_valkey
from quizapp.core.settings import Settings
from tests import folders, postgresql
from tests.cast import ada, olga, rita  # noqa: F401
from tests.settings import make_settings as make_settings
from tests.stack import Stack

# Named here since only what is loaded first may speak at the end of a run.
pytest_plugins = ["tests.faults.report"]

ROOT = Path(__file__).parent.parent
IN_CI = bool(os.environ.get("CI"))


class RuleCompiledOnce(Rule):
    """An address that is compiled once in a process: each test has an app of its own, with the same addresses.

    Compiling them is four fifths of the work of making an app.
    """

    COMPILED = ("_parts", "_trace", "_converters", "arguments", "_build", "_build_unknown")
    kept: ClassVar[dict[tuple[Any, ...], dict[str, Any]]] = {}

    def compile(self) -> None:
        assert self.map
        defaults, converters = tuple((self.defaults or {}).items()), frozenset(self.map.converters.items())
        key = (self.rule, self.subdomain, self.merge_slashes, defaults, converters)
        if key not in self.kept:
            super().compile()
            self.kept[key] = {name: vars(self)[name] for name in self.COMPILED}
        vars(self).update(self.kept[key])


Flask.url_rule_class = RuleCompiledOnce


def missing(part: str) -> NoReturn:
    """Skip where a part is not on this machine; in CI that is a failure."""
    if IN_CI:
        pytest.fail(f"{part} is missing, and CI may skip nothing")
    pytest.skip(f"{part} is not on this machine")


def put_into_environment(monkeypatch: pytest.MonkeyPatch, settings: Settings, *names: str) -> None:
    """Set the variables of some settings."""
    for name in names:
        monkeypatch.setenv(f"QUIZAPP_{name.upper()}", str(getattr(settings, name)))


def app_without_store(database_url: str, folder: Path, **how: Any) -> Flask:
    """An app that has a database and no live store; `how` as create_app takes it."""
    return create_app(make_settings(database_url=database_url, redis_url="unix:///nowhere", data_dir=folder), **how)


def empty(valkey: Valkey) -> None:
    """Take everything out of a live store."""
    client = redis.Redis.from_url(valkey.admin_url)
    client.flushall()
    client.close()


@contextmanager
def in_context(app: Flask) -> Iterator[Flask]:
    """Push an app's context; its connections are closed with it."""
    with app.app_context():
        try:
            yield app
        finally:
            disconnect()


def migrate(database_url: str, folder: Path) -> None:
    """Make the tables in an empty database."""
    with in_context(app_without_store(database_url, folder)):
        schema.upgrade()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real question banks and statute texts beside the checkout."""
    path = ROOT.parent / "shared" / "data"
    if not path.is_dir():
        missing("the folder ../shared with real question banks")
    return path


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    folder = folders.short_folder("qa")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def valkey(short_folder: Path) -> Iterator[Valkey]:
    server = start_valkey(folder=short_folder / "valkey", socket_path=short_folder / "v.sock", open_admin=True)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def database_template(short_folder: Path) -> Path:
    """An SQLite file with the migrated schema, copied for each test."""
    path = short_folder / "template.sqlite"
    migrate(f"sqlite:///{path}", short_folder)
    return path


@pytest.fixture(scope="session")
def postgresql_server(short_folder: Path) -> Iterator[postgresql.Cluster]:
    """A PostgreSQL with a template database that has the migrated schema."""
    programs = postgresql.find_programs()
    if programs is None:
        missing("PostgreSQL")
    with postgresql.running(programs) as cluster:
        cluster.run("create database template_quizapp")
        migrate(cluster.url("template_quizapp"), short_folder)
        yield cluster


@pytest.fixture
def postgresql_url(postgresql_server: postgresql.Cluster) -> Iterator[str]:
    """The address of a fresh PostgreSQL database with the migrated schema."""
    name = postgresql_server.fresh()
    yield postgresql_server.url(name)
    postgresql_server.run(f"drop database {name} with (force)")


@pytest.fixture
def sqlite_url(tmp_path: Path, database_template: Path) -> str:
    """The address of a fresh SQLite database with the migrated schema."""
    path = tmp_path / "quizapp.sqlite"
    shutil.copy(database_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest) -> str:
    """The address of a fresh database, once on SQLite and once on PostgreSQL."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The database of `app`; tests that want each kind override it with `any_database`."""
    return sqlite_url


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Everything as `quizapp run --demo` starts it, shared by the tests of a session: leave it as you found it."""
    with Stack.running("--demo") as running:
        yield running


@pytest.fixture
def settings(database_url: str, valkey: Valkey, tmp_path: Path) -> Settings:
    return make_settings(database_url=database_url, redis_url=valkey.url, data_dir=tmp_path)


@pytest.fixture(scope="session")
def compiled_templates(short_folder: Path) -> FileSystemBytecodeCache:
    """Templates are compiled once for all tests: each test has an app of its own."""
    folder = short_folder / "templates"
    folder.mkdir()
    return FileSystemBytecodeCache(str(folder))


@pytest.fixture
def app(settings: Settings, valkey: Valkey, compiled_templates: FileSystemBytecodeCache) -> Iterator[Flask]:
    """The app on an empty database and an empty Valkey; CSRF tokens are asked for as in production.

    The app has the rights of production on Valkey; a test that empties or reconfigures the server uses `admin_url`.
    """
    empty(valkey)
    app = create_app(settings)
    app.testing = True
    app.jinja_env.bytecode_cache = compiled_templates

    @app.before_request
    def forget_visitor() -> None:
        """Requests share the context pushed below; who was signed in, and the token, belong to one request."""
        g.pop("_login_user", None)
        g.pop("csrf_token", None)

    with in_context(app):
        yield app


@pytest.fixture
def canary() -> Iterator[tuple[str, list[str]]]:
    """A server on loopback whose every page declares an entity, and the paths asked of it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'<!ENTITY secret "fetched">')

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def commands(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands find the servers of `app` in the environment, and no settings of a developer's own."""
    for name in [name for name in os.environ if name.startswith("QUIZAPP_")]:
        monkeypatch.delenv(name)
    put_into_environment(monkeypatch, settings, "database_url", "redis_url", "secret_key", "field_key", "data_dir")


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
