"""`quizapp bank law …`."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from quizapp.accounts.models import User
from quizapp.bank import laws
from quizapp.bank.models import Law
from quizapp.bank.statutes import read_statute
from quizapp.cli import main
from quizapp.core.db import db
from quizapp.core.sheets import read_rows
from tests.bank.law_makers import RULES, SINCE, TITLE, cite, store
from tests.bank.makers import make_approved, make_question
from tests.bank.test_laws import NEXT

pytestmark = pytest.mark.usefixtures("commands")


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["bank", "law", *(str(word) for word in words)])


def write(folder: Path, text: str, name: str = "law.md") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def versions() -> list[date | None]:
    """The dates of the versions there are; the tests' own transaction must not keep the command waiting."""
    db.session.expire_all()
    found = [law.effective_on for law in laws.versions_of(TITLE)]
    db.session.rollback()
    return found


def test_statute_is_imported_listed_and_exported(tmp_path: Path) -> None:
    done = call("import", write(tmp_path, RULES), "--json")
    assert done.exit_code == 0, done.stderr
    report = json.loads(done.stdout)[0]
    assert (report["title"], report["articles"], report["stored"]) == (TITLE, 5, True)
    assert "宗教事务条例 (2018-02-01): 5 articles, 0 questions, in_force" in call("list").stdout
    assert json.loads(call("list", "--json").stdout)[0]["number"] == "国务院令第686号"
    for name in ("out.md", "out.json"):
        assert call("export", TITLE, tmp_path / name).exit_code == 0
        assert len(read_statute((tmp_path / name).read_bytes()).articles) == 5
    assert call("export-list", tmp_path / "laws.csv").exit_code == 0
    assert read_rows((tmp_path / "laws.csv").read_bytes())[1].cells[0] == TITLE


def test_dry_run_stores_nothing(tmp_path: Path) -> None:
    done = call("import", write(tmp_path, RULES), "--dry-run")
    assert "5 articles, read" in done.stdout
    assert db.session.scalar(select(func.count(Law.id))) == 0


def test_unsure_date_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, RULES.replace("施行日期：2018-02-01", "").replace("自2018年2月1日起施行", "略"))
    done = call("import", path)
    assert (done.exit_code, "give --effective-on" in done.stdout) == (1, True)
    assert versions() == []
    done = call("import", path, "--effective-on", "2018-02-01")
    assert done.exit_code == 0, done.output
    assert versions() == [SINCE]


def test_unsure_date_is_that_of_the_version_that_questions_cite(tmp_path: Path) -> None:
    make_question(citations=cite("第二条"))
    path = write(tmp_path, RULES.replace("施行日期：2018-02-01", "").replace("自2018年2月1日起施行", "略"))
    assert call("import", path).exit_code == 0
    assert versions() == [SINCE]


def test_one_date_is_not_taken_for_several_laws(tmp_path: Path) -> None:
    paths = write(tmp_path, RULES), write(tmp_path, RULES.replace("宗教事务", "别的"), "other.md")
    assert call("import", *paths, "--effective-on", "2018-02-01").exit_code == 2


def test_bad_file_is_named_and_the_others_are_stored(tmp_path: Path) -> None:
    bad = write(tmp_path, "没有条文", "bad.txt")
    done = call("import", bad, write(tmp_path, RULES))
    assert done.exit_code == 1
    assert "没有找到以“第一条”" in done.stdout
    assert versions() == [SINCE]


def test_changes_are_marked_when_asked(tmp_path: Path, rita: User) -> None:
    question = make_approved(reviewer=rita, citations=cite("第三条"))
    store()
    path = write(tmp_path, NEXT)
    assert "1 questions are on hold" in call("import", path, "--mark-changes").stdout
    db.session.expire_all()
    assert question.held_reason


def test_citations_without_a_date_are_adopted_when_asked(tmp_path: Path) -> None:
    make_question(citations=cite("第二条", effective_on=None))
    assert call("import", write(tmp_path, RULES), "--adopt").exit_code == 0
    assert versions() == [SINCE]


def test_export_asks_which_version(tmp_path: Path) -> None:
    assert "no text" in call("export", TITLE, tmp_path / "a.md").stderr
    store()
    store(NEXT)
    assert "several versions: 2018-02-01, 2027-01-01" in call("export", TITLE, tmp_path / "a.md").stderr
    assert call("export", TITLE, tmp_path / "a.md", "--effective-on", "2027-01-01").exit_code == 0
    assert "法律和章程" in (tmp_path / "a.md").read_text()
    assert call("export-list", tmp_path / "a.pdf").exit_code == 1
