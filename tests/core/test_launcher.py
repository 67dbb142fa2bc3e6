"""`quizapp run`: what a stranger relies on when starting, killing, stopping and starting again."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from quizapp.core import launcher
from tests.stack import QUIZAPP, Stack, command_line, environment

ALL = {"web", "record", "work", "valkey"}


@pytest.fixture(scope="module")
def lasting_stack() -> Iterator[Stack]:
    """An installation for the tests after which it still runs."""
    with Stack.running() as stack:
        yield stack


@pytest.fixture
def own_stack() -> Iterator[Stack]:
    """An installation that a test may end."""
    with Stack.running() as stack:
        yield stack


def readiness(stack: Stack) -> dict[str, object]:
    with urllib.request.urlopen(f"{stack.base_url}/readyz", timeout=10) as answer:
        return dict(json.load(answer))


def eventually(holds: Callable[[], bool], *, seconds: float = 60) -> None:
    give_up_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


def try_to_run(*options: str, data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*QUIZAPP, "run", "--data", str(data), *options],
        capture_output=True,
        text=True,
        timeout=150,
        env=environment(),
        check=False,
    )


def is_ready(stack: Stack) -> bool:
    try:
        return readiness(stack)["status"] == "ok"
    except OSError:
        return False


def test_serves_with_all_its_children(lasting_stack: Stack) -> None:
    assert readiness(lasting_stack) == {"status": "ok", "checks": {"sql": True, "redis": True}}
    assert set(lasting_stack.children()) == ALL


def test_keeps_keys_and_settings_for_the_owner_alone(lasting_stack: Stack) -> None:
    for name in ("keys.json", "serving.json", "quizapp.sqlite", "valkey/valkey.conf"):
        assert (lasting_stack.data / name).stat().st_mode & 0o077 == 0, name
    keys = json.loads((lasting_stack.data / "keys.json").read_text())
    assert len(keys["secret_key"]) >= 32
    assert keys["secret_key"] != keys["field_key"]


def test_shows_no_secret_on_a_command_line(lasting_stack: Stack) -> None:
    serving = json.loads((lasting_stack.data / "serving.json").read_text())
    secrets = [value for key, value in serving["environment"].items() if key.endswith(("_KEY", "REDIS_URL"))]
    lines = [command_line(pid) for pid in lasting_stack.children().values()]
    assert len(secrets) == 3
    assert not [line for line in lines for secret in secrets if secret in line]


def test_second_start_is_refused_with_pid_and_address(lasting_stack: Stack) -> None:
    second = try_to_run("--port", "0", data=lasting_stack.data)
    assert second.returncode == 1
    assert lasting_stack.process
    assert str(lasting_stack.process.pid) in second.stderr
    assert lasting_stack.base_url in second.stderr


@pytest.mark.parametrize("name", sorted(ALL))
def test_killed_child_comes_back(lasting_stack: Stack, name: str) -> None:
    before = lasting_stack.children()
    os.kill(before[name], signal.SIGKILL)
    lasting_stack.wait_for(f"{name} was killed by signal 9")
    eventually(lambda: set(lasting_stack.children()) == ALL and is_ready(lasting_stack))
    after = lasting_stack.children()
    assert after[name] != before[name]
    assert {other: pid for other, pid in after.items() if other != name} == {
        other: pid for other, pid in before.items() if other != name
    }


def test_killed_web_worker_comes_back(lasting_stack: Stack) -> None:
    before = lasting_stack.web_workers()
    os.kill(before[0], signal.SIGKILL)
    eventually(lambda: len(lasting_stack.web_workers()) == len(before) and before[0] not in lasting_stack.web_workers())
    assert is_ready(lasting_stack)


def test_killed_launcher_leaves_no_orphan_and_the_next_start_works(own_stack: Stack) -> None:
    pids = [*own_stack.children().values(), *own_stack.web_workers()]
    own_stack.stop(signal.SIGKILL)
    own_stack.start()
    assert is_ready(own_stack)
    eventually(lambda: not any(command_line(pid) for pid in pids))


def test_next_start_stops_a_valkey_that_was_left_over(tmp_path: Path) -> None:
    with Stack.running(data=tmp_path) as stack:
        valkey = stack.children()["valkey"]
        # Stopped, it cannot end by itself when the launcher is gone.
        os.kill(valkey, signal.SIGSTOP)
        stack.stop(signal.SIGKILL)
        assert command_line(valkey)
        os.kill(valkey, signal.SIGCONT)
        stack.start()
        assert is_ready(stack)
        assert not command_line(valkey)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_everything_cleanly_within_seconds(own_stack: Stack, number: int) -> None:
    pids = [*own_stack.children().values(), *own_stack.web_workers()]
    started = time.monotonic()
    assert own_stack.stop(number) == 0
    assert time.monotonic() - started < 20
    assert not [pid for pid in pids if command_line(pid)]
    assert not (own_stack.data / "serving.json").exists()
    assert not (own_stack.data / "valkey" / "server.json").exists()


def test_data_survives_a_stop_and_a_kill(tmp_path: Path) -> None:
    with Stack.running(data=tmp_path) as stack:
        keys = (tmp_path / "keys.json").read_text()
        live_command(tmp_path, "SET", "kept", "1")
        stack.stop()
        stack.start()
        assert live_command(tmp_path, "INCR", "kept") == 2
        stack.stop(signal.SIGKILL)
        stack.start()
        assert live_command(tmp_path, "INCR", "kept") == 3
        assert (tmp_path / "keys.json").read_text() == keys


def test_a_damaged_append_only_file_is_told_and_the_start_works_when_it_is_set_aside(tmp_path: Path) -> None:
    with Stack.running(data=tmp_path) as stack:
        for number in range(200):
            live_command(tmp_path, "SET", f"word{number}", "1" * 50)
        stack.stop()
        [file] = (tmp_path / "valkey" / "appendonlydir").glob("*.incr.aof")
        whole = file.read_bytes()
        file.write_bytes(whole[:2000] + os.urandom(64) + whole[2064:])
        refused = try_to_run("--port", "0", data=tmp_path)
        assert refused.returncode == 1
        assert "append-only file is damaged" in refused.stderr and "docs/recording.md" in refused.stderr
        (tmp_path / "valkey" / "appendonlydir").rename(tmp_path / "valkey" / "damaged")
        stack.start()
        assert is_ready(stack)


def test_an_older_release_says_that_the_database_is_newer(tmp_path: Path) -> None:
    with Stack.running(data=tmp_path) as stack:
        stack.stop()
        with closing(sqlite3.connect(tmp_path / "quizapp.sqlite")) as connection, connection:
            connection.execute("update alembic_version set version_num = '29990101_later'")
        for refused in (try_to_run("--port", "0", data=tmp_path), stack.run_cli("db", "upgrade", check=False)):
            assert refused.returncode == 1
            assert "29990101_later" in refused.stderr and "docs/deploy.md" in refused.stderr
            assert "Traceback" not in refused.stderr


def live_command(data: Path, *words: str) -> object:
    import redis

    url = json.loads((data / "serving.json").read_text())["environment"]["QUIZAPP_REDIS_URL"]
    with redis.Redis.from_url(url) as client:
        return client.execute_command(*words)  # type: ignore[no-untyped-call]


def test_data_folder_may_have_any_name_and_a_long_path(tmp_path: Path) -> None:
    with Stack.running(data=tmp_path / "a folder, 100% 题库 数据, quo'te\"" / ("d" * 120)) as stack:
        assert is_ready(stack)
        assert stack.run_cli("db", "upgrade").returncode == 0


def test_data_folder_that_cannot_be_named_in_an_address_is_told(tmp_path: Path) -> None:
    refused = try_to_run("--port", "0", data=tmp_path / "what?")
    assert refused.returncode == 1
    assert "what?" in refused.stderr


def test_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = try_to_run("--port", str(port), data=tmp_path)
    assert refused.returncode == 1
    assert f"127.0.0.1:{port} cannot be used: Address already in use" in refused.stderr
    assert f"PORT={port + 1}" in refused.stderr
    assert not (tmp_path / "valkey").exists()


@pytest.mark.parametrize("host", ["203.0.113.7", "no-such-host.invalid"])
def test_host_that_is_not_ours_is_told(tmp_path: Path, host: str) -> None:
    refused = try_to_run("--port", "0", "--host", host, data=tmp_path)
    assert refused.returncode == 1
    assert host in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("options", [("--port", "99999"), ("--port", "x"), ("--workers", "0"), ("--nonsense",)])
def test_wrong_option_is_wrong_usage(tmp_path: Path, options: tuple[str, ...]) -> None:
    refused = try_to_run(*options, data=tmp_path)
    assert refused.returncode == 2
    assert options[0] in refused.stderr


def test_wrong_setting_is_named_and_nothing_stays(tmp_path: Path) -> None:
    done = subprocess.run(
        [*QUIZAPP, "run", "--port", "0", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=150,
        env=environment() | {"QUIZAPP_TIMEZONE": "Mars/Olympus", "QUIZAPP_COLOUR": "red"},
        check=False,
    )
    assert done.returncode == 1
    assert "QUIZAPP_TIMEZONE: expected an IANA time zone" in done.stderr
    assert "QUIZAPP_COLOUR: unknown setting" in done.stderr
    assert not (tmp_path / "valkey" / "server.json").exists()


def test_damaged_key_file_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{")
    refused = try_to_run("--port", "0", data=tmp_path)
    assert refused.returncode == 1
    assert "keys.json" in refused.stderr
    assert (tmp_path / "keys.json").read_text() == "{"


def test_all_addresses_show_the_lan_address_and_a_code() -> None:
    with Stack.running("--host", "0.0.0.0") as stack:
        assert "0.0.0.0" not in stack.base_url
        assert is_ready(stack)
        assert stack.output.count("█") > 100


def test_address_of_ipv6_host_stands_in_brackets() -> None:
    assert launcher.address_of("::1", 8000) == "http://[::1]:8000"
