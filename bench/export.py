"""P7: what an export of results takes: `python -m bench.export [--people N] [--database sqlite|postgresql] [--json]`.

Every person has one finished attempt of twenty answers. Each format is written in a process of its own; memory is the
most that process ever had, with the program itself in it. It is also written for a quarter of the people: memory that
does not grow between the two is constant.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import insert as sql_insert
from sqlalchemy import literal, select

from bench import machine
from bench.import_questions import Stages
from bench.search import database
from quizapp.app import create_app
from quizapp.bank.models import Bank, Question, QuestionRevision
from quizapp.contests.models import Contest, Entry
from quizapp.core import schema
from quizapp.core.clock import to_ms, utc_now
from quizapp.core.db import db, reading
from quizapp.play.models import Answer, Attempt
from quizapp.reports.files import write_results
from quizapp.reports.results import Results
from tests.settings import make_settings

FORMATS = ("xlsx", "jsonl")
QUESTIONS, PORTION = 20, 5000
SURNAMES, GIVEN = "王李张刘陈杨黄赵周吴马白", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"


@contextmanager
def opened(url: str, folder: Path) -> Iterator[Flask]:
    app = create_app(make_settings(database_url=url, redis_url="unix:///nowhere", data_dir=folder))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def fill(slug: str, *, people: int) -> None:
    """Store a contest in which so many people have answered twenty questions each."""
    now = utc_now()
    contest = Contest(
        slug=slug,
        title="知识竞赛",
        state="published",
        opens_at=now - timedelta(days=1),
        closes_at=now + timedelta(days=1),
        created_at=now,
        kit_version=1,
    )
    db.session.add(contest)
    db.session.flush()
    chance = random.Random(1)
    for start in range(0, people, PORTION):
        ids = [secrets.token_hex(16) for _ in range(start, min(start + PORTION, people))]
        db.session.execute(db.insert(Entry), [_entry(contest.id, person, chance, now) for person in ids])
        db.session.execute(db.insert(Attempt), [_attempt(contest.id, person, chance, to_ms(now)) for person in ids])
        # Not all at the end: a statement of the app may not take as long as two million answers do.
        db.session.execute(_answers(contest.id, ids))
    db.session.commit()


def fill_bank() -> None:
    """Store twenty questions; all contests use them."""
    now = utc_now()
    bank = Bank(name="题库", created_at=now)
    db.session.add(bank)
    db.session.flush()
    numbers = range(1, QUESTIONS + 1)
    questions = [{"id": number, "bank_id": bank.id, "kind": "single", "created_at": now} for number in numbers]
    revision = {"number": 1, "options": [], "explanation": "", "stem_hash": "", "created_at": now}
    db.session.execute(db.insert(Question), questions)
    db.session.execute(
        db.insert(QuestionRevision),
        [revision | {"question_id": number, "stem": "题干", "key": ["ABCD"[number % 4]]} for number in numbers],
    )


def _entry(contest_id: int, person: str, chance: random.Random, now: Any) -> dict[str, Any]:
    name = chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=2))
    phone = f"139{chance.randrange(10**8):08}"
    return {
        "contest_id": contest_id,
        "person": person,
        "name": name,
        "masked_name": name[0] + "**",
        "phone": phone,
        "audience": chance.choice(("机关干部", "学生", "村（居）民")),
        "entered_at": now,
    }


def _attempt(contest_id: int, person: str, chance: random.Random, now_ms: int) -> dict[str, Any]:
    took, right = chance.randrange(60_000, 600_000), chance.randrange(QUESTIONS + 1)
    return {
        "id": secrets.token_urlsafe(16),
        "contest_id": contest_id,
        "shard": 0,
        "person": person,
        "number": 1,
        "kit_version": 1,
        "paper": [[number, number, 500, ["C", "A", "D", "B"]] for number in range(1, QUESTIONS + 1)],
        "started_ms": now_ms - took,
        "deadline_ms": now_ms + 600_000,
        "finished_ms": now_ms,
        "finish": "handed_in",
        "score_hundredths": right * 500,
        "full_hundredths": QUESTIONS * 500,
        "right": right,
        "answered": QUESTIONS,
        "knowledge_points": QUESTIONS,
        "duration_ms": took,
    }


def _answers(contest_id: int, people: Sequence[str]) -> Any:
    """One statement that answers every question of these people's attempts."""
    values: dict[str, Any] = {
        "attempt_id": Attempt.id,
        "question_id": QuestionRevision.question_id,
        "revision_id": QuestionRevision.id,
        "response": QuestionRevision.key,
        "seq": literal(1),
        "is_right": literal(True),
        "points_hundredths": literal(500),
        "answered_ms": Attempt.finished_ms,
        "spent_ms": literal(4000),
    }
    source = select(*values.values()).join_from(Attempt, QuestionRevision, literal(True))
    theirs = source.where(Attempt.contest_id == contest_id, Attempt.person.in_(people))
    return sql_insert(Answer).from_select(list(values), theirs)


def measure(slug: str, format_name: str, folder: Path) -> dict[str, Any]:
    """Write the results once; to be called once in a process."""
    stages = Stages()
    contest = db.session.scalars(select(Contest).where(Contest.slug == slug)).one()
    path = folder / f"{slug}.{format_name}"
    with stages.stage("write"), reading():
        write_results(results=Results(contest), format_name=format_name, path=path)
    figures: dict[str, Any] = stages.figures["write"] | {"file_mib": round(path.stat().st_size / 2**20, 1)}
    path.unlink()
    return figures


def in_a_process_of_its_own(url: str, slug: str, format_name: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.export", "--url", url, "--slug", slug, "--format", format_name],
        check=True,
        stdout=subprocess.PIPE,
    )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def run(*, people: int, databases: list[str], formats: list[str]) -> dict[str, Any]:
    figures: dict[str, Any] = {"people": people, "answers": people * QUESTIONS}
    sizes = {"quarter": people // 4, "whole": people}
    for kind in databases:
        with tempfile.TemporaryDirectory(prefix="qaexport") as name, database(kind, Path(name)) as url:
            with opened(url, Path(name)):
                schema.upgrade()
                fill_bank()
                for slug, count in sizes.items():
                    fill(slug, people=count)
            figures[kind] = {
                format_name: {slug: in_a_process_of_its_own(url, slug, format_name) for slug in sizes}
                for format_name in formats
            }
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--format", choices=FORMATS, action="append")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--slug", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.url:
        with tempfile.TemporaryDirectory(prefix="qaexport") as name, opened(asked.url, Path(name)):
            print(json.dumps(measure(asked.slug, asked.format[0], Path(name))))
        return
    figures = run(people=asked.people, databases=asked.database or ["sqlite"], formats=asked.format or list(FORMATS))
    machine.keep("export", figures)
    if asked.json:
        print(json.dumps(figures, ensure_ascii=False))
        return
    for kind in ("sqlite", "postgresql"):
        for format_name, rows in figures.get(kind, {}).items():
            for slug, row in rows.items():
                print(kind, format_name, slug, row)


if __name__ == "__main__":
    main()
