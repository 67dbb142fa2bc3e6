"""How long an import of 10,000 questions takes and how much memory: `python -m bench.import_questions [--questions N]`.

Each format is measured in a process of its own: reading the file, taking it into an empty bank on SQLite, and
exporting that bank again. Memory is the most that the process ever had, with the program itself in it. The questions
are made of random characters in the lengths of real ones; a quarter of them are not single choice.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import machine
from quizapp.app import create_app
from quizapp.bank import exporting, importing
from quizapp.bank.actions import get_or_create_bank
from quizapp.bank.exporting import Wanted
from quizapp.bank.formats import ParsedOption, ParsedQuestion, write
from quizapp.bank.formats.clean_text import FIRST_LINE
from quizapp.bank.formats.parsed import ParsedCitation
from quizapp.core import schema
from quizapp.core.clock import utc_now
from quizapp.core.db import db
from tests.settings import make_settings

FILES = ("xlsx", "csv", "text by looks", "text", "json")
LETTERS = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]


def make_questions(count: int) -> Iterator[ParsedQuestion]:
    chance = random.Random(1)

    def words(least: int, most: int) -> str:
        return "".join(chance.choices(LETTERS, k=chance.randint(least, most)))

    for number in range(count):
        kind = ("single", "multiple", "true_false", "fill_in", *["single"] * 12)[number % 16]
        options: tuple[ParsedOption, ...] = ()
        key: Any = ("true",) if kind == "true_false" else ((words(2, 5),),)
        if kind in ("single", "multiple"):
            options = tuple(ParsedOption(letter, words(4, 25)) for letter in "ABCD")
            key = ("B",) if kind == "single" else ("A", "C", "D")
        yield ParsedQuestion(
            where="",
            kind=kind,
            stem=words(15, 80) + ("____。" if kind == "fill_in" else "。"),
            options=options,
            key=key,
            explanation=words(20, 100) + "。",
            citations=(ParsedCitation(f"第{number % 40}号条例", f"第{number % 90 + 1}条"),),
            topics=(f"知识点{number % 60}",),
            difficulty=number % 3 + 1,
        )


def make_file(name: str, questions: list[ParsedQuestion]) -> bytes:
    if name != "text by looks":
        return write(questions, format=name).content
    text = write(questions, format="text").content.decode("utf-8-sig")
    return text.replace(FIRST_LINE, "题库", 1).encode()


class Stages:
    """What each stage of a process took."""

    def __init__(self) -> None:
        self.figures: dict[str, Any] = {"before_mib": machine.peak_mib()}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began, cpu = time.perf_counter(), time.process_time()
        yield
        self.figures[name] = {
            "seconds": round(time.perf_counter() - began, 2),
            "cpu_seconds": round(time.process_time() - cpu, 2),
            "peak_mib": machine.peak_mib(),
        }


def measure(path: Path, name: str, folder: Path) -> dict[str, Any]:
    """Read, take in and give out again; to be called once in a process."""
    app = create_app(
        make_settings(database_url=f"sqlite:///{folder}/bench.sqlite", redis_url="unix:///nowhere", data_dir=folder)
    )
    with app.app_context():
        schema.upgrade()
        stages, content, now = Stages(), path.read_bytes(), utc_now()
        with stages.stage("read"):
            looked = importing.look(content, format_name="auto")
        with stages.stage("store"):
            bank = get_or_create_bank(name="大题库", actor=None, now=now)
            importing.bring_in(
                bank=bank, file_name=path.name, content=content, looked=looked, approve=True, actor=None, now=now
            )
            db.session.commit()
        stages.figures["questions"] = len(looked[0].questions)
        stages.figures["file_mib"] = round(len(content) / 2**20, 1)
        del looked, content
        db.session.expunge_all()
        with stages.stage("export"):
            chosen = exporting.choose(bank=get_or_create_bank(name="大题库", actor=None, now=now), wanted=Wanted())
            written = exporting.make(chosen, approved=True, format_name=name.split()[0])
        if written.left_out:
            raise SystemExit(f"{len(written.left_out)} things were left out")
        db.session.remove()
        db.engine.dispose()
    return stages.figures


def in_a_process_of_its_own(path: Path, name: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.import_questions", "--file", str(path), "--format", name],
        check=True,
        stdout=subprocess.PIPE,
    )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def show(figures: dict[str, Any]) -> None:
    for name in FILES:
        row = figures.get(name)
        if row:
            took = "  ".join(
                f"{stage} {row[stage]['cpu_seconds']:>5.2f} s CPU, {row[stage]['peak_mib']:>4} MiB"
                for stage in ("read", "store", "export")
            )
            print(f"{name:<14} {row['questions']} questions, {row['file_mib']:>4} MiB: {took}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--format", choices=FILES, action="append")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="qaimport") as name:
        folder = Path(name)
        if asked.file:
            print(json.dumps(measure(asked.file, asked.format[0], folder)))
            return
        questions = list(make_questions(asked.questions))
        figures: dict[str, Any] = {"questions": asked.questions}
        for wanted in asked.format or FILES:
            path = folder / wanted
            path.write_bytes(make_file(wanted, questions))
            figures[wanted] = in_a_process_of_its_own(path, wanted)
    machine.keep("import", figures)
    if asked.json:
        print(json.dumps(figures, ensure_ascii=False, indent=2))
    else:
        show(figures)


if __name__ == "__main__":
    main()
