"""The campaign in small: whole on both databases, and never on data that somebody else put there."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

from quizapp.play import replay
from quizapp.play.phones import Ledger
from tests import postgresql
from tests.stack import QUIZAPP


def play(*options: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [*QUIZAPP, "bench", "replay", "--visits", "5", "--answers", "43", "--json", *options]
    given = os.environ | (environment or {})
    return subprocess.run(command, capture_output=True, text=True, env=given, timeout=280, check=False)


def test_campaign_is_whole_and_leaves_the_servers_of_its_environment_alone(tmp_path: Path) -> None:
    live = tmp_path / "live.sqlite"
    named = {"QUIZAPP_DATABASE_URL": f"sqlite:///{live}", "QUIZAPP_REDIS_URL": "redis://127.0.0.1:1"}
    played = play(environment=named)
    assert played.returncode == 0, played.stderr
    figures = json.loads(played.stdout)
    assert (figures["visits"], figures["answers_acknowledged"], figures["attempts"]) == (5, 43, 3)
    assert (figures["lost"], figures["duplicated"], figures["differences"], figures["gave_up"]) == (0, 0, 0, 0)
    assert {"web", "record", "valkey", "phones"} <= figures["processor_seconds"].keys()
    assert not live.exists()


def test_campaign_on_postgresql_needs_an_empty_database(postgresql_server: postgresql.Cluster) -> None:
    postgresql_server.run("create database campaign")
    address = postgresql_server.url("campaign")
    played = play("--database-url", address)
    assert played.returncode == 0, played.stderr
    assert json.loads(played.stdout)["differences"] == 0
    again = play("--database-url", address)
    assert again.returncode == 1
    assert "empty database" in again.stderr


def test_used_database_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "used.sqlite") as connection:
        connection.execute("create table precious (id integer)")
    with pytest.raises(replay.ReplayFailed, match="precious"):
        replay.refuse_used(f"sqlite:///{tmp_path}/used.sqlite")
    connection.close()


def test_database_that_does_not_answer_is_refused() -> None:
    with pytest.raises(replay.ReplayFailed, match="cannot be used"):
        replay.refuse_used("postgresql://nobody@/nothing?host=/nowhere")


def test_report_tells_what_was_lost_and_what_is_there_twice() -> None:
    ledger = Ledger(answers=30, results={"a": (10, 5), "b": (10, 5)})
    compared = replay.Compared(lost=2, surplus=1, differences=["a", "b"])
    figures = replay.report(ledger=ledger, clock=[0, 10, 12, 15], used={"web": 3.0, "phones": 1.5}, compared=compared)
    assert (figures["lost"], figures["duplicated"], figures["differences"]) == (2, 1, 2)
    assert (figures["seconds"], figures["recorder_lag_seconds"], figures["seconds_in_all"]) == (10, 2, 15)
    assert (figures["server_cpu_ms_per_answer"], figures["cpu_ms_per_answer_by_process"]["phones"]) == (100, 50)
