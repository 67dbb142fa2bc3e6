"""What every command shares: exit codes, output, and the servers of the data folder."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from quizapp.app import create_app
from quizapp.core import installation
from quizapp.core.command import Context, emit, json_option, with_app
from quizapp.core.errors import Invalid, NotFound
from quizapp.core.live import get_live
from quizapp.core.settings import Settings
from tests.conftest import put_into_environment


@click.group()
@click.option("--data", type=click.Path(path_type=Path), default="instance")
@click.pass_context
def house(context: click.Context, data: Path) -> None:
    context.obj = Context(folder=data, create_app=create_app)


@house.command("ping")
@json_option
@with_app
def ping(as_json: bool) -> None:
    emit({"答": get_live().command("INCRBY", "asked", 7), "json": as_json})


@house.command("refuse")
@click.argument("why")
@with_app
def refuse(why: str) -> None:
    raise NotFound if why == "missing" else Invalid({"name": "太长"})


@pytest.fixture(autouse=True)
def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QUIZAPP_DATABASE_URL", "QUIZAPP_REDIS_URL", "QUIZAPP_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)


def call(*words: str) -> Result:
    return CliRunner().invoke(house, words)


def test_starts_servers_for_its_time_and_prints_one_document(tmp_path: Path) -> None:
    result = call("--data", str(tmp_path), "ping", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"答": 7, "json": True}
    assert not (tmp_path / "valkey" / "server.json").exists()


def test_data_may_stand_after_the_command(tmp_path: Path) -> None:
    result = call("ping", "--data", str(tmp_path))
    assert result.exit_code == 0
    assert (tmp_path / "keys.json").exists()


@pytest.mark.parametrize(("why", "sentence"), [("missing", "没有找到"), ("invalid", "太长")])
def test_refusal_is_a_sentence_on_stderr_and_exit_code_1(tmp_path: Path, why: str, sentence: str) -> None:
    result = call("--data", str(tmp_path), "refuse", why)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("words", [("refuse",), ("nonsense",), ("ping", "--nonsense")])
def test_wrong_usage_has_exit_code_2(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert call("--data", str(tmp_path), *words).exit_code == 2


def test_waits_for_another_command(tmp_path: Path) -> None:
    with installation.locked(tmp_path):
        results: list[Result] = []
        waiting = threading.Thread(target=lambda: results.append(call("--data", str(tmp_path), "ping")))
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
    waiting.join(150)
    assert [result.exit_code for result in results] == [0]


def test_uses_the_servers_named_in_the_environment(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_into_environment(monkeypatch, settings, "database_url", "redis_url", "secret_key", "field_key")
    folder = tmp_path / "untouched"
    assert call("--data", str(folder), "ping").exit_code == 0
    assert not folder.exists()


def test_missing_setting_is_named(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    put_into_environment(monkeypatch, settings, "database_url", "redis_url")
    result = call("--data", str(tmp_path), "ping")
    assert result.exit_code == 1
    assert "QUIZAPP_SECRET_KEY: must be set" in result.stderr


def test_app_may_not_empty_or_reconfigure_the_live_store(tmp_path: Path) -> None:
    @house.command("attack")
    @with_app
    def attack() -> None:
        refused = []
        for words in (
            ("FLUSHALL",),
            ("CONFIG", "SET", "maxmemory", "1"),
            ("KEYS", "*"),
            ("SHUTDOWN",),
            ("SWAPDB", 0, 1),
        ):
            try:
                get_live().command(*words)
            except Exception as error:
                refused.append(type(error).__name__)
        emit(refused)

    result = call("--data", str(tmp_path), "attack")
    assert json.loads(result.stdout) == ["NoPermissionError"] * 5
