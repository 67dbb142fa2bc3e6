"""`quizapp user …` and `quizapp unit …`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from quizapp.accounts import passwords
from quizapp.accounts.models import AuditEvent, Unit, User
from quizapp.cli import main
from quizapp.core.db import db
from tests.cast import make_user

pytestmark = pytest.mark.usefixtures("commands")


def call(*words: str, typed: str = "") -> Result:
    db.session.remove()
    result = CliRunner().invoke(main, words, input=typed)
    db.session.expire_all()
    return result


def stored(name: str) -> User:
    return db.session.scalars(select(User).where(User.name == name)).one()


def test_the_first_administrator_gets_a_random_password_shown_once() -> None:
    result = call("user", "add", "Root", "--role", "admin")
    assert result.exit_code == 0
    password = result.stdout.strip().split()[-1]
    user = stored("root")
    assert (user.role, user.is_active, user.must_change_password) == ("admin", True, False)
    assert passwords.verify(password, user.password_hash)[0]
    assert db.session.scalars(select(AuditEvent.actor_name)).one() == "command line"


def test_a_script_reads_one_document() -> None:
    result = call("user", "add", "olga", "--role", "organiser", "--display-name", "奥尔加", "--json")
    document = json.loads(result.stdout)
    assert {key: document[key] for key in ("name", "role", "is_active")} == {
        "name": "olga",
        "role": "organiser",
        "is_active": True,
    }
    assert stored("olga").display_name == "奥尔加"


def test_a_password_given_on_standard_input_is_not_repeated() -> None:
    result = call("user", "add", "olga", "--role", "organiser", "--password-stdin", typed="三只老虎跑得真快呀\n")
    assert result.exit_code == 0 and "三只老虎" not in result.output
    assert passwords.verify("三只老虎跑得真快呀", stored("olga").password_hash)[0]


@pytest.mark.parametrize(
    ("words", "typed", "code"),
    [
        (("user", "add", "olga", "--role", "organiser"), "", 1),
        (("user", "add", "OLGA", "--role", "organiser"), "", 1),
        (("user", "add", "a b", "--role", "admin"), "", 1),
        (("user", "add", "", "--role", "admin"), "", 1),
        (("user", "add", "new", "--role", "admin", "--password-stdin"), "12345678\n", 1),
        (("user", "add", "new", "--role", "admin", "--password-stdin"), "", 1),
        (("user", "password", "nobody"), "", 1),
        (("user", "password", "olga", "--password-stdin"), "short\n", 1),
        (("user", "add", "new", "--role", "owner"), "", 2),
        (("user", "add", "new"), "", 2),
    ],
)
def test_what_cannot_be_done_is_refused_by_exit_code(words: tuple[str, ...], typed: str, code: int) -> None:
    make_user("olga", "reviewer")
    before = stored("olga").password_hash
    result = call(*words, typed=typed)
    assert result.exit_code == code and result.stderr
    assert db.session.scalar(select(func.count(User.id))) == 1
    assert stored("olga").password_hash == before


def test_a_new_password_ends_the_sessions_of_the_account() -> None:
    token = make_user("olga", "reviewer").session_token
    result = call("user", "password", "Olga")
    assert result.exit_code == 0
    assert passwords.verify(result.stdout.strip().split()[-1], stored("olga").password_hash)[0]
    assert stored("olga").session_token != token


def test_units_are_imported_all_or_none(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("上级单位,单位名称,应参人数\n,某市,\n某市,司法局,120\n", encoding="gb18030")
    bad.write_text("单位名称,应参人数\n某县,12\n某乡,很多\n", encoding="utf-8")

    assert json.loads(call("unit", "import", str(good), "--dry-run", "--json").stdout)["added"] == 2
    assert db.session.scalar(select(func.count(Unit.id))) == 0
    result = call("unit", "import", str(good), "--json")
    assert json.loads(result.stdout) == {"file": "good.csv", "added": 2, "changed": 0, "unchanged": 0, "problems": []}

    result = call("unit", "import", str(bad), "--json")
    assert result.exit_code == 1
    (problem,) = json.loads(result.stdout)["problems"]
    assert problem["row"] == 3 and "很多" in problem["message"]
    assert db.session.scalar(select(func.count(Unit.id))) == 2


@pytest.mark.parametrize("content", [b"", b"\x00", b"a,b\n1,2\n"])
def test_a_file_that_is_no_list_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    result = call("unit", "import", str(path))
    assert result.exit_code == 1 and result.stderr.strip()
