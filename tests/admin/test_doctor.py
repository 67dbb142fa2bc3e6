"""`quizapp doctor` on real servers, set well and set wrongly, and without servers."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner, Result
from flask import Flask

from quizapp.admin.doctor import examine, live_store, machine, records
from quizapp.admin.doctor.findings import Finding, worst
from quizapp.app import create_app
from quizapp.cli import main
from quizapp.core.background import Job
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from quizapp.core.embedded import Valkey
from quizapp.core.live import Live, get_live
from quizapp.core.machine import SyncTimes, available_memory_bytes, filesystem_of, measure_syncs
from quizapp.play import wide_state
from quizapp.play.models import DeadLetter, RecorderPosition
from tests import postgresql
from tests.contests.makers import make_bank, make_contest, make_published

SECRETS = {
    "QUIZAPP_SECRET_KEY": "mWq7Zt2vLx9RkP4nYb6HsJ8dGf3CuE5a",
    "QUIZAPP_FIELD_KEY": "Tz8pXw4VnK7mQe2RyL9sBd6JhG3fUc5a",
}
LOWER_RIGHTS = "~* &* +@all -@admin -@dangerous +info +config|get"


@pytest.fixture
def environment(tmp_path: Path, database_template: Path, valkey: Valkey) -> dict[str, str]:
    """The settings of a sound installation on one machine."""
    tmp_path.chmod(0o700)
    path = tmp_path / "quizapp.sqlite"
    shutil.copy(database_template, path)
    return {
        "QUIZAPP_DATABASE_URL": f"sqlite:///{path}",
        "QUIZAPP_REDIS_URL": valkey.url,
        "QUIZAPP_DATA_DIR": str(tmp_path),
        "QUIZAPP_PUBLIC_URL": "http://localhost:8000",
        **SECRETS,
    }


@pytest.fixture
def admin(valkey: Valkey) -> Iterator[redis.Redis]:
    """The test's own way into Valkey, which is empty at the start; settings are put back at the end."""
    client = redis.Redis.from_url(valkey.admin_url, decode_responses=True)
    client.flushall()
    before = client.config_get("append*") | client.config_get("*maxmemory*") | client.config_get("no-append*")
    yield client
    for name in ("appendonly", "appendfsync", "no-appendfsync-on-rewrite", "maxmemory", "maxmemory-policy"):
        client.config_set(name, before[name])
    client.close()


def look(environment: dict[str, str], *, people: int | None = None) -> dict[str, Finding]:
    """What the doctor finds, by code: the worst of each."""
    quiet = {"QUIZAPP_LOG_LEVEL": "ERROR"} | environment
    folder = Path(environment["QUIZAPP_DATA_DIR"])
    found = examine(quiet, folder=folder, people=people, now=utc_now(), create_app=create_app)
    return {finding.code: finding for finding in sorted(found, key=lambda one: worst([one]) == "bad")}


def levels(found: dict[str, Finding], *but: str) -> dict[str, str]:
    """What is not as it should be, without what the machine that runs the tests may lack."""
    machine_codes = ("fsync", "filesystem", "overcommit", "open_files", "disk", *but)
    return {
        code: one.level for code, one in found.items() if one.level in ("warn", "bad") and code not in machine_codes
    }


@contextmanager
def user_with(admin: redis.Redis, valkey: Valkey, rights: str) -> Iterator[str]:
    admin.execute_command("ACL", "SETUSER", "visitor", "on", "nopass", *rights.split())
    try:
        yield valkey.admin_url.replace("unix://", "unix://visitor:x@")
    finally:
        admin.execute_command("ACL", "DELUSER", "visitor")


def test_a_sound_installation_has_nothing_to_mend(environment: dict[str, str], admin: redis.Redis) -> None:
    live = Live(environment["QUIZAPP_REDIS_URL"])
    wide_state.hold_lease(live, owner="test", milliseconds=60_000)
    live.close()
    found = look(environment)
    assert levels(found) == {}
    for code in ("secrets", "redis", "redis_version", "appendfsync", "rights", "schema", "clock", "memory", "recorder"):
        assert found[code].level == "ok", code
    assert found["fsync"].value


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("appendonly", "no"),
        ("appendfsync", "everysec"),
        ("appendfsync", "no"),
        ("no-appendfsync-on-rewrite", "yes"),
        ("maxmemory-policy", "allkeys-lru"),
        ("maxmemory", "0"),
    ],
)
def test_a_setting_that_may_lose_answers_is_bad(
    environment: dict[str, str], admin: redis.Redis, setting: str, value: str
) -> None:
    admin.config_set(setting, value)
    found = look(environment)
    assert levels(found, "recorder") == {setting: "bad"}
    assert found[setting].advice


def test_everysec_that_was_chosen_is_told_with_what_it_may_lose(
    environment: dict[str, str], admin: redis.Redis
) -> None:
    admin.config_set("appendfsync", "everysec")
    found = look(environment | {"QUIZAPP_DURABILITY": "everysec"})
    assert levels(found, "recorder") == {"durability": "warn"}
    assert "两秒" in found["durability"].advice


def test_too_many_rights_are_named_and_nothing_is_tried_out(
    environment: dict[str, str], admin: redis.Redis, valkey: Valkey
) -> None:
    admin.set("answers", "kept")
    found = look(environment | {"QUIZAPP_REDIS_URL": valkey.admin_url})
    assert found["too_many_rights"].level == "warn"
    for name in ("FLUSHALL", "CONFIG SET", "DEBUG", "KEYS", "SHUTDOWN"):
        assert name in found["too_many_rights"].value
    assert admin.get("answers") == "kept"
    assert admin.config_get("maxmemory")["maxmemory"] != "0"


@pytest.mark.parametrize(("taken", "named"), [("-xadd", "XADD"), ("-config", "CONFIG GET"), ("-eval -evalsha", "")])
def test_missing_rights_are_bad(
    environment: dict[str, str], admin: redis.Redis, valkey: Valkey, taken: str, named: str
) -> None:
    with user_with(admin, valkey, f"{LOWER_RIGHTS} {taken}") as url:
        found = look(environment | {"QUIZAPP_REDIS_URL": url})
    assert found["missing_rights"].level == "bad"
    assert named in found["missing_rights"].value


def test_a_small_memory_limit_is_measured_against_the_people_expected(
    environment: dict[str, str], admin: redis.Redis
) -> None:
    admin.config_set("maxmemory", "100mb")
    assert look(environment, people=20_000)["memory"].level == "ok"
    assert look(environment, people=100_000)["memory"].level == "bad"


def test_the_people_expected_are_those_that_published_contests_make_room_for(
    app: Flask, environment: dict[str, str]
) -> None:
    contest = make_contest(capacity=70_000, closes_at=utc_now() + timedelta(days=1))
    contest.state = "published"
    db.session.commit()
    found = look(environment | {"QUIZAPP_DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"]})
    assert "70000" in found["memory"].what


def test_a_database_that_was_never_migrated_says_what_to_run(environment: dict[str, str], tmp_path: Path) -> None:
    found = look(environment | {"QUIZAPP_DATABASE_URL": f"sqlite:///{tmp_path / 'new.sqlite'}"})
    assert found["schema"].level == "bad"
    assert "quizapp db upgrade" in found["schema"].advice


@pytest.mark.parametrize(
    ("revision", "advice"), [("20261123_spine", "quizapp db upgrade"), ("29990101_later", "不要用旧程序")]
)
def test_a_database_of_another_release_is_told_apart(
    environment: dict[str, str], tmp_path: Path, revision: str, advice: str
) -> None:
    with sqlite3.connect(tmp_path / "quizapp.sqlite") as connection:
        connection.execute("update alembic_version set version_num = ?", (revision,))
    connection.close()
    found = look(environment)
    assert found["schema"].level == "bad" and advice in found["schema"].advice


def test_postgresql_that_may_forget_what_it_committed_is_bad(
    environment: dict[str, str], postgresql_server: postgresql.Cluster, postgresql_url: str
) -> None:
    """The server of the tests runs without syncing, and the tests sign in to it as its superuser."""
    found = look(environment | {"QUIZAPP_DATABASE_URL": postgresql_url})
    promises = {"sql_fsync": "bad", "sql_synchronous_commit": "bad", "sql_full_page_writes": "bad"}
    assert levels(found, "recorder", "sql_version") == {**promises, "sql_superuser": "warn"}
    assert found["schema"].level == "ok"


def test_servers_that_are_away_are_findings_and_no_trace(environment: dict[str, str]) -> None:
    away = {
        "QUIZAPP_DATABASE_URL": "postgresql://quizapp:x@127.0.0.1:1/quizapp",
        "QUIZAPP_REDIS_URL": "redis://quizapp:x@127.0.0.1:1/0",
    }
    found = look(environment | away)
    assert levels(found) == {"redis_down": "bad", "sql_down": "bad"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"QUIZAPP_SECRET_KEY": "test-secret-key-0123456789abcdefghijklmnop"}, {"example_secret": "bad"}),
        ({"QUIZAPP_SECRET_KEY": SECRETS["QUIZAPP_FIELD_KEY"]}, {"same_secret": "bad"}),
        ({"QUIZAPP_PUBLIC_URL": "https://quiz.example.gov.cn"}, {"proxies": "bad"}),
        ({"QUIZAPP_PUBLIC_URL": "https://quiz.example.gov.cn", "QUIZAPP_TRUSTED_PROXIES": "1"}, {}),
        ({"QUIZAPP_PUBLIC_URL": "http://quiz.example.gov.cn"}, {"public_url": "bad"}),
        ({"QUIZAPP_CACHE_URL": "redis://127.0.0.1:1/0"}, {"redis_password": "warn"}),
        ({"QUIZAPP_CACHE_URL": "redis://x:y@cache.example.com:1/0"}, {"redis_in_clear": "bad"}),
        ({"QUIZAPP_SECRET_KEY": "short"}, {"setting": "bad"}),
        ({"QUIZAPP_NONSENSE": "1"}, {"setting": "bad"}),
    ],
)
def test_settings_that_should_not_be_are_named(
    environment: dict[str, str], changes: dict[str, str], expected: dict[str, str]
) -> None:
    assert levels(look(environment | changes), "recorder") == expected


def test_keys_that_others_may_read_are_bad(environment: dict[str, str], tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text("{}")
    keys.chmod(0o644)
    tmp_path.chmod(0o755)
    assert levels(look(environment), "recorder") == {"key_file": "bad", "data_dir": "warn"}
    keys.chmod(0o600)
    tmp_path.chmod(0o700)
    assert levels(look(environment), "recorder") == {}


def test_a_contest_whose_end_passed_in_a_pause_is_named_and_can_be_closed(
    app: Flask, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older release took it for ended."""
    now, bank = utc_now(), make_bank(single=20)
    for slug, days, is_paused in (("old", -1, True), ("running", 1, True), ("over", -1, False)):
        contest = make_published(bank, slug=slug, title=slug)
        contest.opens_at, contest.closes_at = now - timedelta(days=3), now + timedelta(days=days)
        contest.paused_at = now - timedelta(days=2) if is_paused else None
    db.session.commit()
    settings = environment | {"QUIZAPP_DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"]}
    finding = look(settings)["past_end_in_pause"]
    assert (finding.level, finding.what) == ("warn", "竞赛“old”")
    assert "quizapp contest close old；" in finding.advice
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    closed = CliRunner().invoke(main, ["contest", "close", "old"])
    assert closed.exit_code == 0, closed.output
    assert "past_end_in_pause" not in look(settings)


def test_what_stands_still_is_found(app: Flask, environment: dict[str, str]) -> None:
    contest = make_contest()
    now = utc_now()
    db.session.add_all(
        [
            RecorderPosition(contest_id=contest.id, shard=0, lineage="a" * 32, halted_reason="event 7 after 9"),
            DeadLetter(contest_id=contest.id, shard=0, stream_id="7-1", event="{}", reason="bad", at=now),
            Job(kind="bank.import", params={}, created_at=now - timedelta(minutes=5)),
        ]
    )
    db.session.commit()
    found = look(environment | {"QUIZAPP_DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"]})
    assert levels(found) == {"recorder": "bad", "recording_halted": "bad", "dead_letters": "warn", "work": "warn"}
    assert contest.slug in found["recording_halted"].advice
    wide_state.hold_lease(get_live(), owner="test", milliseconds=60_000)
    found = look(environment | {"QUIZAPP_DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"]})
    assert found["recorder"].level == "ok"


@pytest.mark.parametrize(
    ("name", "version", "level"),
    [
        ("redis", "6.2.21", "bad"),
        ("redis", "7.0.14", "bad"),
        ("redis", "7.0.15", "notice"),
        ("redis", "7.2.10", "warn"),
        ("redis", "7.2.11", "ok"),
        ("redis", "8.2.1", "warn"),
        ("valkey", "8.1.3", "warn"),
        ("valkey", "8.1.4", "ok"),
        ("valkey", "9.1.2", "ok"),
    ],
)
def test_known_faults_of_servers_go_by_their_series(name: str, version: str, level: str) -> None:
    assert live_store.version_finding(name, version).level == level


@pytest.mark.parametrize(
    ("version", "level"),
    [("11.22", "bad"), ("14.20", "warn"), ("15.14 (Debian 15.14-0+deb12u1)", "ok"), ("18.1", "ok")],
)
def test_a_postgresql_that_nobody_maintains_any_more_is_to_be_replaced(version: str, level: str) -> None:
    assert records.version_finding(version).level == level


def test_a_library_with_a_known_fault_is_bad() -> None:
    installed = {"flask": "3.1.3", "werkzeug": "3.0.5", "jinja2": "3.1.10", "gunicorn": "27.0.1", "lxml": "6.1.0"}
    found = [one for one in machine.look_at_versions(installed) if one.level == "bad"]
    assert [one.what for one in found] == ["werkzeug"]
    assert "CVE-2024-49767" in found[0].advice
    assert all(one.level == "ok" for one in machine.look_at_versions())


@pytest.mark.parametrize(("median", "level"), [(0.2, "ok"), (5.1, "warn"), (51.0, "bad")])
def test_a_slow_disk_is_told_by_the_median(median: float, level: str) -> None:
    assert machine.sync_finding(SyncTimes(median, 400)).level == level


def test_syncs_are_measured_and_leave_nothing(tmp_path: Path) -> None:
    times = measure_syncs(tmp_path, count=5)
    assert 0 < times.median_ms <= times.worst_ms
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_memory_is_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\ntmpfs {tmp_path.parent} tmpfs rw 0 0\n")
    assert filesystem_of(tmp_path, mounts=mounts) == "tmpfs"
    assert filesystem_of(Path("/etc"), mounts=mounts) == "ext4"
    assert filesystem_of(tmp_path, mounts=tmp_path / "none") == ""
    monkeypatch.setattr(machine.machine, "filesystem_of", lambda _folder: "tmpfs")
    assert [one.level for one in machine.look_at_disk(tmp_path) if one.code == "filesystem"] == ["bad"]


def test_memory_is_unknown_where_the_system_does_not_say(tmp_path: Path) -> None:
    assert available_memory_bytes(meminfo=tmp_path / "none") is None
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:  2048 kB\n")
    assert available_memory_bytes(meminfo=tmp_path / "meminfo") == 2048 * 1024


@pytest.mark.parametrize(("shift_ms", "level"), [(-20, "ok"), (1500, "ok"), (3000, "bad"), (-3000, "bad")])
def test_clocks_that_differ_are_bad(shift_ms: int, level: str) -> None:
    found = live_store.clock_finding("Redis", time.time() * 1000 + shift_ms)
    assert found.level == level
    assert "-0.0" not in found.value


def call(environment: dict[str, str], *words: str, before: Sequence[str] = ()) -> Result:
    unset = {"QUIZAPP_DATABASE_URL": None, "QUIZAPP_REDIS_URL": None, "QUIZAPP_DATA_DIR": None}
    return CliRunner().invoke(main, [*before, "doctor", *words], env=unset | environment)


def test_the_command_prints_one_document_and_exits_with_1_for_what_is_bad(
    environment: dict[str, str], admin: redis.Redis
) -> None:
    result = call(environment, "--json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["level"]) == (1, "bad"), "no recorder runs"
    assert set(document["findings"][0]) == {"level", "code", "what", "value", "advice"}
    live = Live(environment["QUIZAPP_REDIS_URL"])
    wide_state.hold_lease(live, owner="test", milliseconds=60_000)
    live.close()
    result = call(environment)
    bad = [line for line in result.stdout.splitlines() if line.startswith("[必须处理]")]
    ours = [line for line in bad if "磁盘" not in line and "文件系统" not in line]
    assert (ours, result.exit_code) == ([], int(bool(bad))), "but for where the tests write to"


def test_a_folder_that_nobody_serves_is_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    result = call({}, "--data", str(folder))
    assert result.exit_code == 1 and "没有运行" in result.stdout
    assert not folder.exists()


def test_findings_are_told_in_the_language_that_was_asked_for(environment: dict[str, str], tmp_path: Path) -> None:
    """All of them, those before there is an app and those of the servers."""
    for given, words in ((environment, ()), ({}, ("--data", str(tmp_path / "none")))):
        result = call(given, "--json", *words, before=("--language", "en"))
        findings = json.loads(result.stdout)["findings"]
        assert findings and not [one for one in findings if re.search("[\u4e00-\u9fff]", " ".join(one.values()))]
    assert "没有运行" in call({}, "--data", str(tmp_path / "none")).stdout, "the next command speaks Chinese again"
