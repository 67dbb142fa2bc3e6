"""`quizapp bank export`; the import's tests call what stands behind it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select

from quizapp.accounts.models import AuditEvent, User
from quizapp.bank.formats import read
from quizapp.cli import main
from quizapp.core.db import db
from quizapp.core.settings import Settings
from tests.bank.makers import make_approved, make_bank, make_question


@pytest.fixture(autouse=True)
def servers(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("database_url", "redis_url", "secret_key", "field_key", "data_dir"):
        monkeypatch.setenv(f"QUIZAPP_{name.upper()}", str(getattr(settings, name)))
    make_question(bank=make_bank("普法"))
    make_question(bank=make_bank("普法"), kind="short_text", options=[], key=["甲"], stem="为什么？\n请说明。")


def export(output: Path, *words: str, name: str = "普法") -> Result:
    return CliRunner().invoke(main, ["bank", "export", name, "--output", str(output), *words])


def test_bank_is_written_to_a_file(tmp_path: Path) -> None:
    done = export(tmp_path / "a.json", "--format", "json")
    assert (done.exit_code, done.stdout) == (0, f"2 questions written to {tmp_path / 'a.json'}\n")
    assert len(read((tmp_path / "a.json").read_bytes()).questions) == 2
    assert db.session.scalars(select(AuditEvent)).one().actor_name == "command line"


def test_what_is_left_out_is_printed(tmp_path: Path) -> None:
    done = export(tmp_path / "a.txt", "--format", "aiken")
    assert done.exit_code == 0
    assert done.stdout.startswith("1 questions written to")
    assert "第 2 题“为什么？ 请说明。”没有导出：这种格式没有“简答题”这种题型。" in done.stdout


def test_what_is_left_out_is_one_document_for_scripts(tmp_path: Path) -> None:
    done = export(tmp_path / "a.txt", "--format", "aiken", "--json")
    document = json.loads(done.stdout)
    assert (document["questions"], document["format"]) == (1, "aiken")
    assert {"number": 2, "code": "kind", "what": "short_text"}.items() <= document["left_out"][-1].items()


def test_state_narrows_the_export(tmp_path: Path, rita: User) -> None:
    make_approved(reviewer=rita, bank=make_bank("普法"), stem="通过了的题")
    for state, count in (("approved", 1), ("draft", 2)):
        assert export(tmp_path / state, "--format", "jsonl", "--state", state).exit_code == 0
        assert (tmp_path / state).read_text(encoding="utf-8").count("\n") == count
    assert "通过了的题" in (tmp_path / "approved").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "name", "exit_code"),
    [
        (["--format", "json"], "没有", 1),
        (["--format", "json", "--state", "held"], "普法", 1),
        (["--format", "docx"], "普法", 2),
        ([], "普法", 2),
    ],
)
def test_what_cannot_be_exported_leaves_no_file(tmp_path: Path, words: list[str], name: str, exit_code: int) -> None:
    assert export(tmp_path / "a", *words, name=name).exit_code == exit_code
    assert not (tmp_path / "a").exists()
