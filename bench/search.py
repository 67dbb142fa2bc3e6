"""How long a search over 50,000 questions takes, on SQLite and on PostgreSQL: `python -m bench.search [--questions N]`.

The questions are made of random characters in the lengths of real ones; one in twenty says 宪法, one in a thousand
民族区域, none 没有的词. What is timed is what the list of a bank does: the ids of all that fit, and the first page.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from quizapp.app import create_app
from quizapp.bank.finding import Filter, find_ids, load_questions
from quizapp.bank.models import Bank, Question, QuestionRevision
from quizapp.core import schema
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from tests import postgresql
from tests.settings import make_settings

SEARCHES: dict[str, dict[str, Any]] = {
    "two characters, in 5 %": {"words": "宪法"},
    "four characters, in 0.1 %": {"words": "民族区域"},
    "two words": {"words": "宪法 民族区域"},
    "in none": {"words": "没有的词"},
    "no words": {},
    "words, kind, by right rate": {"words": "宪法", "kind": "single", "order": "rate"},
}
PAGE, RUNS, PORTION = 30, 7, 5000


def fill(count: int) -> int:
    """Store `count` questions in one bank and return its id."""
    chance = random.Random(1)
    letters = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]
    now = utc_now()
    bank = Bank(name="大题库", created_at=now)
    db.session.add(bank)
    db.session.flush()
    for start in range(1, count + 1, PORTION):
        ids = range(start, min(start + PORTION, count + 1))
        questions, revisions = [], []
        for number in ids:
            stem = "".join(chance.choices(letters, k=chance.randint(15, 80)))
            stem += "宪法" * (number % 20 == 0) + "民族区域" * (number % 1000 == 0)
            options = ["".join(chance.choices(letters, k=chance.randint(4, 25))) for _ in range(4)]
            explanation = "".join(chance.choices(letters, k=60))
            questions.append(
                {
                    "id": number,
                    "bank_id": bank.id,
                    "kind": "single",
                    "created_at": now,
                    "times_answered": number % 50,
                    "times_right": number % 50 // 2,
                    "search_text": "\n".join([stem, *options, explanation]),
                }
            )
            revisions.append(
                {
                    "question_id": number,
                    "number": 1,
                    "stem": stem,
                    "options": [{"id": "ABCD"[at], "text": text} for at, text in enumerate(options)],
                    "key": ["A"],
                    "explanation": explanation,
                    "stem_hash": "",
                    "created_at": now,
                }
            )
        db.session.execute(db.insert(Question), questions)
        db.session.execute(db.insert(QuestionRevision), revisions)
    db.session.commit()
    return bank.id


def measure(bank_id: int) -> dict[str, dict[str, float]]:
    """Search → milliseconds (median and worst of RUNS) and how many were found."""
    figures = {}
    for name, wanted in SEARCHES.items():
        times, found = [], 0
        for _run in range(RUNS):
            db.session.expire_all()
            started = time.perf_counter()
            ids = find_ids(bank_id=bank_id, wanted=Filter(**wanted))
            load_questions(ids[:PAGE])
            times.append(1000 * (time.perf_counter() - started))
            found = len(ids)
            db.session.rollback()
        figures[name] = {
            "median_ms": round(statistics.median(times), 1),
            "worst_ms": round(max(times), 1),
            "found": found,
        }
    return figures


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/bench.sqlite"
        return
    programs = postgresql.find_programs()
    if programs is None:
        raise SystemExit("PostgreSQL is not on this machine: install it, or measure with --database sqlite")
    with postgresql.running(programs) as cluster:
        cluster.run("create database bench")
        yield cluster.url("bench")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=50_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures: dict[str, Any] = {"questions": asked.questions}
    for kind in asked.database or ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory(prefix="qasearch") as name, database(kind, Path(name)) as url:
            app = create_app(make_settings(database_url=url, redis_url="unix:///nowhere", data_dir=Path(name)))
            with app.app_context():
                schema.upgrade()
                figures[kind] = measure(fill(asked.questions))
                db.session.remove()
                db.engine.dispose()
    if asked.json:
        print(json.dumps(figures, ensure_ascii=False, indent=2))
        return
    for kind in ("sqlite", "postgresql"):
        for search, row in figures.get(kind, {}).items():
            times = f"median {row['median_ms']:>7} ms  worst {row['worst_ms']:>7} ms"
            print(f"{kind:<11} {search:<28} {times}  {row['found']} found")


if __name__ == "__main__":
    main()
