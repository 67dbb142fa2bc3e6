from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from quizapp.cli import main
from quizapp.contests.models import Contest
from quizapp.core.db import db
from tests.contests.makers import make_bank

DOCUMENT: dict[str, Any] = {
    "title": "宪法知识竞赛",
    "slug": "xianfa",
    "opens_at": "2030-12-04T08:00",
    "closes_at": "2030-12-11T22:00",
    "sections": [{"bank": "民族宗教", "count": 10, "points": 10}],
}


@pytest.fixture(autouse=True)
def bank(commands: None) -> None:
    make_bank(single=20)
    db.session.commit()


def call(*words: str) -> Result:
    return CliRunner().invoke(main, ["contest", *words])


def write(folder: Path, **changes: Any) -> str:
    path = folder / "contest.json"
    path.write_text(json.dumps(DOCUMENT | changes))
    return str(path)


def test_a_contest_is_created_checked_and_published(tmp_path: Path) -> None:
    created = call("create", write(tmp_path), "--json")
    assert created.exit_code == 0, created.stderr
    assert json.loads(created.stdout)["state"] == "draft"
    checked = call("check", "xianfa", "--json", "--people", "200")
    assert checked.exit_code == 0
    document = json.loads(checked.stdout)
    assert (document["full_score"], document["pool_sizes"], document["exposure"]) == (100, [20], [100, 100])
    published = call("publish", "xianfa", "--json")
    assert json.loads(published.stdout) == {
        "slug": "xianfa",
        "state": "waiting",
        "kit_version": 1,
        "address": "http://127.0.0.1:8000/play/xianfa",
    }
    assert db.session.scalars(select(Contest.state)).one() == "published"


def test_the_questions_of_a_fixed_paper_are_chosen_by_lot(tmp_path: Path) -> None:
    assert call("create", write(tmp_path, paper="fixed")).exit_code == 0
    contest = db.session.scalars(select(Contest)).one()
    assert len(contest.sections[0].questions) == 10
    db.session.rollback()
    published = call("publish", "xianfa")
    assert published.exit_code == 0, published.stderr


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"titel": "x"}, "titel"),
        ({"title": ""}, "请填写竞赛名称"),
        ({"slug": "X"}, "网址请用"),
        ({"preset": "x"}, "模板"),
    ],
)
def test_a_wrong_file_is_refused_and_nothing_is_stored(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    refused = call("create", write(tmp_path, **changes))
    assert refused.exit_code == 1
    assert sentence in refused.stderr
    assert db.session.scalars(select(Contest)).all() == []


def test_what_is_not_ready_is_not_published(tmp_path: Path) -> None:
    call("create", write(tmp_path, sections=[{"bank": "民族宗教", "count": 21, "points": 1}]))
    checked = call("check", "xianfa")
    assert checked.exit_code == 1 and "too_few_questions" in checked.stdout
    refused = call("publish", "xianfa")
    assert refused.exit_code == 1 and "21" in refused.stderr


def test_an_unknown_contest_and_a_missing_file_are_told() -> None:
    assert call("publish", "nothing").exit_code == 1
    assert call("check", "nothing").exit_code == 1
    assert call("create", "/nowhere.json").exit_code == 2


def test_the_presets_are_listed() -> None:
    assert "hunan-2024: 7 days, 10 any × 10" in call("preset", "list").stdout
    listed = json.loads(call("preset", "list", "--json").stdout)
    assert [preset["name"] for preset in listed] == ["henan", "hunan-2024"]
