"""A whole campaign in small, on its own installation in a temporary folder: phones, servers, records, comparison.

1. Start `quizapp run` on a free port, behind a pretended proxy so that each phone has its own address.
2. Make a contest from the seed questions.
3. Let the phones visit, enter, begin, answer and hand in; every answer must be acknowledged.
4. Wait until the recorder has carried everything into SQL.
5. Compare: `verify` (live state against records), and the phones' own account against the records.

The cost of an answer is the processor time of all server processes over the whole campaign, from /proc, divided by
the number of answers: visits, entries, begins and hand-ins are paid by the answers. What the phones cost stands beside
it. An SQL server that somebody else has started is counted if its process is named.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import create_engine, func, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from quizapp.accounts.queries import latest_notice
from quizapp.bank import importing
from quizapp.bank.actions import get_or_create_bank
from quizapp.contests import actions as contests
from quizapp.contests.drafts import Draft, SectionDraft
from quizapp.contests.models import Contest
from quizapp.core import installation
from quizapp.core.clock import utc_now
from quizapp.core.command import open_app
from quizapp.core.db import db, reading
from quizapp.play.models import Attempt
from quizapp.play.phones import Exchange, Ledger, people, play
from quizapp.play.verify import verify

SLUG = "replay"
QUESTIONS = 20
"""On a paper, as in the other measures of docs/performance.md."""
POINTS_HUNDREDTHS = 1000
CONNECTIONS = 48
START_SECONDS = 60
RECORD_SECONDS = 60
"""Without a further attempt being recorded, the campaign has failed."""
WATCH_SECONDS = 0.2
FIRST = 5
"""So many differences, and refusals, are shown whole."""
SEEDS = Path(__file__).parents[1] / "bank" / "seeds"


class ReplayFailed(Exception):
    """The campaign could not be carried out; the message says which step."""


def run(
    *, visits: int, answers: int, database_url: str | None = None, servers: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """Carry out a campaign and return its figures. Needs a command's context.

    It is recorded in a SQLite of its own, or in the empty database at `database_url`, where it stays. `servers` names
    processes to be counted beside the installation's own, such as {"sql": pid}.
    Raises ReplayFailed, also for a database that is not empty.
    """
    if database_url:
        refuse_used(database_url)
    with own_installation(database_url=database_url) as (serving, _data), open_app(serving.environment):
        attempts = -(-answers // QUESTIONS)
        contest_id = make_contest(attempts=max(1, -(-attempts // visits)))
        consent = latest_notice().version
        # A command's transaction writes: an open one would keep everybody else from SQLite.
        db.session.rollback()
        before = processor_seconds(serving.pid, servers or {})
        clock = [time.monotonic()]
        own = time.process_time()
        ledger = campaign(address=serving.address, slug=SLUG, consent=consent, visits=visits, answers=answers)
        phones = time.process_time() - own
        clock.append(time.monotonic())
        wait_for_records(contest_id=contest_id, attempts=len(ledger.results))
        clock.append(time.monotonic())
        after = processor_seconds(serving.pid, servers or {})
        compared = compare_with_records(contest_id=contest_id, ledger=ledger)
        compared.differences += [str(one) for one in verify(contest=db.session.get_one(Contest, contest_id))]
        clock.append(time.monotonic())
        used = {name: after[name] - before[name] for name in before} | {"phones": phones}
        return report(ledger=ledger, clock=clock, used=used, compared=compared)


def refuse_used(database_url: str) -> None:
    """Raise ReplayFailed for a database that holds anything, or does not answer."""
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        tables = inspect(engine).get_table_names()
    except SQLAlchemyError as error:
        raise ReplayFailed(f"the database cannot be used: {error}") from error
    finally:
        engine.dispose()
    if tables:
        raise ReplayFailed(f"a campaign needs an empty database, and this one has a table {sorted(tables)[0]}")


@contextmanager
def own_installation(
    *, database_url: str | None = None, cache_url: str | None = None
) -> Iterator[tuple[installation.Serving, Path]]:
    """A launcher with a temporary folder and that folder, stopped and removed at the end; by default on SQLite."""
    urls = {"QUIZAPP_DATABASE_URL": database_url, "QUIZAPP_CACHE_URL": cache_url}
    given = {name: url for name, url in urls.items() if url}
    folder = Path(tempfile.mkdtemp(prefix="quizapp-replay-"))
    log = (folder / "launcher.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "quizapp", "run", "--port", "0", "--data", str(folder / "data")],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env={key: value for key, value in os.environ.items() if not key.startswith("QUIZAPP_")}
        | {"QUIZAPP_TRUSTED_PROXIES": "1", "QUIZAPP_LOG_LEVEL": "WARNING"}
        | given,
    )
    try:
        yield _wait_for_serving(folder, process), folder / "data"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_serving(folder: Path, process: subprocess.Popen[bytes]) -> installation.Serving:
    give_up_at = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < give_up_at:
        serving = installation.read_serving(folder / "data")
        if serving and "is running" in (folder / "launcher.log").read_text():
            return serving
        time.sleep(0.05)
    raise ReplayFailed((folder / "launcher.log").read_text()[-2000:] or "the installation did not start")


def make_contest(*, attempts: int, questions: int = QUESTIONS) -> int:
    """Make a contest of questions drawn from all seed files, open now, with so many attempts a person.

    Publishes and commits it; returns its id.
    """
    now = utc_now()
    bank = get_or_create_bank(name="Replay", actor=None, now=now)
    for path in sorted(SEEDS.glob("*.csv")):
        content = path.read_bytes()
        looked = importing.look(content, format_name="csv")
        importing.bring_in(
            bank=bank, file_name=path.name, content=content, looked=looked, approve=True, actor=None, now=now
        )
    draft = Draft(
        slug=SLUG,
        title="Replay",
        opens_at=now - timedelta(minutes=1),
        closes_at=now + timedelta(days=1),
        sections=[SectionDraft(bank_id=bank.id, count=questions, points_hundredths=POINTS_HUNDREDTHS)],
        attempts_total=attempts,
        feedback="score",
    )
    contest = contests.create_contest(draft=draft, actor=None, now=now)
    contests.publish(contest=contest, actor=None, now=now)
    db.session.commit()
    return contest.id


def campaign(*, address: str, slug: str, consent: str, visits: int, answers: int, seed: int = 1) -> Ledger:
    """Let so many phones give so many answers; return what they were told. Takes as long as the server needs."""
    parts = urlsplit(address)
    ledger = Ledger()
    chance = random.Random(seed)  # noqa: S311
    phones = (
        (person.number, play(person=person, slug=slug, consent=consent, ledger=ledger, chance=chance))
        for person in people(visits=visits, answers=answers, questions=QUESTIONS)
    )
    exchange = Exchange(
        host=parts.hostname or "", port=parts.port or 80, connections=min(CONNECTIONS, visits), ledger=ledger
    )
    exchange.run(phones)
    return ledger


def wait_for_records(*, contest_id: int, attempts: int) -> None:
    """Wait until so many attempts are recorded as finished; raises ReplayFailed when nothing more is recorded."""
    most, moved_at = -1, time.monotonic()
    while True:
        with reading():
            query = select(func.count()).where(Attempt.contest_id == contest_id, Attempt.finish.is_not(None))
            recorded = db.session.scalar(query) or 0
            db.session.rollback()
        if recorded >= attempts:
            return
        if recorded > most:
            most, moved_at = recorded, time.monotonic()
        if time.monotonic() - moved_at > RECORD_SECONDS:
            raise ReplayFailed(f"recording stopped at {recorded} of {attempts} attempts")
        time.sleep(WATCH_SECONDS)


@dataclass(slots=True)
class Compared:
    """What the phones were told against what SQL holds."""

    lost: int
    """Answers that were acknowledged and are not recorded."""
    surplus: int
    """Answers that are recorded more often than they were acknowledged."""
    differences: list[str]


def compare_with_records(*, contest_id: int, ledger: Ledger) -> Compared:
    """Compare every attempt's number of answers and its score, as told at hand-in, with what is recorded."""
    with reading():
        rows = db.session.execute(
            select(Attempt.id, Attempt.answered, Attempt.score_hundredths).where(
                Attempt.contest_id == contest_id, Attempt.finish == "handed_in"
            )
        ).all()
        db.session.rollback()
    recorded = {row.id: (row.answered, row.score_hundredths) for row in rows}
    compared = Compared(0, 0, [])
    for name in sorted(recorded.keys() | ledger.results.keys()):
        told, found = ledger.results.get(name, (0, 0)), recorded.get(name, (0, 0))
        compared.lost += max(0, told[0] - found[0])
        compared.surplus += max(0, found[0] - told[0])
        if told != found:
            compared.differences.append(f"{name}: told {told}, recorded {found}")
    return compared


def processor_seconds(launcher: int, servers: Mapping[str, int]) -> dict[str, float]:
    """The processor time of what the launcher started, by what it is, and of other servers with their children."""
    names = {"gunicorn": "web", "quizapp record": "record", "quizapp work": "work", "valkey-server": "valkey"}
    seconds = dict.fromkeys([*names.values(), *servers], 0.0)
    parents = {pid: _stat(pid) for pid in (int(path.name) for path in Path("/proc").glob("[0-9]*"))}
    for pid, (parent, used) in parents.items():
        if launcher in (parent, parents.get(parent, (0, 0.0))[0]):
            command = _command(pid)
            for part, name in names.items():
                if part in command:
                    seconds[name] += used
        for name, server in servers.items():
            if server in (pid, parent):
                seconds[name] += used
    return seconds


def _stat(pid: int) -> tuple[int, float]:
    """A process's parent and its user and system time in seconds, ended children included."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0, 0.0
    return int(fields[1]), sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def report(*, ledger: Ledger, clock: list[float], used: dict[str, float], compared: Compared) -> dict[str, Any]:
    """The figures of a campaign. `clock`: when it began, was played, recorded and compared."""
    answers = max(1, ledger.answers)
    server = sum(used.values()) - used["phones"]
    return {
        "visits": ledger.visits,
        "attempts": len(ledger.results),
        "answers_acknowledged": ledger.answers,
        "answers_sent": ledger.sent,
        "gave_up": len(ledger.gave_up),
        "gave_up_first": ledger.gave_up[:FIRST],
        "retried": ledger.retried.total(),
        "retried_by_status": {str(status): count for status, count in sorted(ledger.retried.items())},
        "seconds": round(clock[1] - clock[0], 2),
        "answers_per_second": round(ledger.answers / (clock[1] - clock[0]), 1),
        "recorder_lag_seconds": round(clock[2] - clock[1], 2),
        "comparison_seconds": round(clock[3] - clock[2], 2),
        "seconds_in_all": round(clock[3] - clock[0], 2),
        "processor_seconds": {name: round(value, 2) for name, value in used.items()},
        "server_cpu_ms_per_answer": round(server * 1000 / answers, 3),
        "cpu_ms_per_answer_by_process": {name: round(value * 1000 / answers, 3) for name, value in used.items()},
        "lost": compared.lost,
        "duplicated": compared.surplus,
        "differences": len(compared.differences),
        "differences_first": compared.differences[:FIRST],
    }
