"""`quizapp bank import`: one document for scripts, and a child that may use only so much."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bank.test_importing import GOOD, HEADER, KEYLESS
from tests.stack import QUIZAPP, environment


def run(*words: str | Path, data: Path) -> subprocess.CompletedProcess[str]:
    command = [*QUIZAPP, "--data", str(data), "bank", "import", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment(), check=False)


@pytest.fixture
def bank_file(tmp_path: Path) -> Path:
    path = tmp_path / "题库.csv"
    path.write_text(HEADER + GOOD + GOOD + KEYLESS)
    return path


def test_looking_at_a_file_needs_no_database_and_prints_one_document(tmp_path: Path, bank_file: Path) -> None:
    done = run(bank_file, "--dry-run", "--json", data=tmp_path / "data")
    document: dict[str, Any] = json.loads(done.stdout)
    assert (document["file"], document["format"], document["questions"]) == ("题库.csv", "csv", 2)
    assert (document["by_kind"]["single"], document["duplicates"]) == (2, 1)
    assert [(found["where"], found["code"]) for found in document["problems"]] == [
        ("row 3", "duplicate"),
        ("row 4", "no_key"),
    ]
    assert not (tmp_path / "data").exists()


def test_several_files_give_a_list_and_a_bad_one_its_reason(tmp_path: Path, bank_file: Path) -> None:
    bad = tmp_path / "x.xlsx"
    bad.write_bytes(b"PK\x03\x04junk")
    done = run(bank_file, bad, "--dry-run", "--json", data=tmp_path / "data")
    first, second = json.loads(done.stdout)
    assert (first["questions"], second["questions"]) == (2, 0)
    assert [problem["where"] for problem in second["problems"]] == ["file"]


def test_imported_file_is_stored_with_its_duplicates_and_again_on_demand(tmp_path: Path, bank_file: Path) -> None:
    for known in (0, 2):
        done = run(bank_file, "--bank", "甲", "--json", data=tmp_path / "data")
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert (document["questions"], len(document["already_in_bank"])) == (2, known)


WITH_LITTLE = """
from quizapp.bank import cli
from quizapp.core.limited import Limits
from quizapp.cli import main
cli.READ_LIMITS = Limits(memory_bytes={memory}, cpu_seconds={seconds}, wall_seconds=60)
main({words})
"""


@pytest.mark.parametrize(
    ("memory", "seconds", "code", "words"),
    [(1_000_000, 60, "out_of_memory", "内存超过了上限"), (500_000_000, 1, "out_of_time", "时间超过了上限")],
)
def test_file_that_takes_more_than_it_may_is_refused_with_a_sentence(
    tmp_path: Path, memory: int, seconds: int, code: str, words: str
) -> None:
    path = tmp_path / "large.csv"
    path.write_text(HEADER + "".join(GOOD.replace("国家宪法日", f"国家宪法日{number}") for number in range(20_000)))
    script = WITH_LITTLE.format(
        memory=memory, seconds=seconds, words=["bank", "import", str(path), "--dry-run", "--json"]
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, env=environment(), check=False
    )
    assert done.returncode == 1, done.stderr
    (problem,) = json.loads(done.stdout)["problems"]
    assert (problem["where"], problem["code"]) == ("file", code)
    assert words in problem["message"]


def test_format_that_nobody_reads_is_wrong_usage(tmp_path: Path, bank_file: Path) -> None:
    done = run(bank_file, "--dry-run", "--format", "wordperfect", data=tmp_path / "data")
    assert done.returncode == 2
    assert "auto, xlsx" in done.stderr
