"""An installation to do harm to: `quizapp run` with a published contest, on a live store that the test owns.

A first one is made by the command line and kept as a template; each test gets a copy of its records.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, build_opener

import psycopg

from tests.blackbox.contest import make_contest
from tests.faults.checker import read_sql
from tests.faults.ledger import Crowd, Ledger, Person, Refused
from tests.faults.store import Store
from tests.stack import Stack, children_of

SLUG = "faults"
ATTEMPTS = 2
HEALTHY_SECONDS = 30.0
FIRST_PROBE = 10**6
"""People with greater numbers are no part of a crowd."""
LATE = "落后"
"""What the health page says of a contest whose oldest event has waited for ten seconds."""
FAULTS = ('"event": "fault"', "Error in the middle of a reply", "cannot take up requests any more", "Traceback")


class House:
    """A running installation, its live store, and what a test does with them."""

    def __init__(self, stack: Stack, store: Store, *, seed: int) -> None:
        self.stack, self.store, self.seed = stack, store, seed
        self.web: int | None = None
        """The master of the web workers, where it is not the launcher's."""
        self.probes = Ledger(seed)
        """Of those who tried after a fault whether all is well."""
        self._probed = 0

    @property
    def database(self) -> str:
        """The address of the records as the app is given it."""
        default = f"sqlite:///{self.stack.data / 'quizapp.sqlite'}"
        return self.stack.settings.get("QUIZAPP_DATABASE_URL", default)

    def crowd(self, **changes: int | float) -> Crowd:
        return Crowd(self.stack.base_url, SLUG, seed=self.seed, **changes)  # type: ignore[arg-type]

    def status_of(self, path: str) -> int:
        """The status of a GET; 0 without a reply within five seconds."""
        return self.reply_of(path).status

    def text_of(self, path: str) -> str:
        return self.reply_of(path).text

    def reply_of(self, path: str) -> Reply:
        return get(self.stack.base_url, path)

    def is_open(self) -> bool:
        """SQL and Redis answer and the contest's doors are open."""
        return self.status_of("/readyz") == 200 and self.status_of(f"/api/v1/contests/{SLUG}/pulse") == 200

    def wait_until_open(self, seconds: float = HEALTHY_SECONDS) -> None:
        give_up_at = time.monotonic() + seconds
        while not self.is_open():
            assert time.monotonic() < give_up_at, f"not open after {seconds} s:\n{self.stack.output}"
            time.sleep(0.1)

    def wait_until_healthy(self, seconds: float = HEALTHY_SECONDS) -> None:
        """Wait from the end of the fault on until all is well by itself, and note how long that took (I12).

        It is when the doors are open, and somebody new begins, answers, hands in, and is found in SQL.
        """
        started = time.monotonic()
        self.wait_until_open(seconds)
        self._probed += 1
        person = Person(self.stack.base_url, SLUG, FIRST_PROBE + self._probed, ledger=self.probes)
        play_until_recorded(person, self.database, until=started + seconds)
        self.probes.note_healthy(time.monotonic() - started)

    def wait_until_recorded(self, seconds: float = HEALTHY_SECONDS) -> None:
        """Wait until the stream is empty."""
        give_up_at = time.monotonic() + seconds
        while self.lag():
            assert time.monotonic() < give_up_at, f"{self.lag()} events are not recorded:\n{self.stack.output}"
            time.sleep(0.1)

    def wait_until_drained(self, seconds: float = HEALTHY_SECONDS) -> float:
        """Return a moment when all that was acknowledged up to it is in SQL; people may go on playing."""
        give_up_at, moment = time.monotonic() + seconds, time.time()
        with self.store.client() as client:
            newest = {key: client.xrevrange(key, count=1) for key in client.scan_iter("play:*:stream")}
            for key, events in newest.items():
                while events and client.xrange(key, max=events[0][0], count=1):
                    assert time.monotonic() < give_up_at, f"the recorder is not done:\n{self.stack.output}"
                    time.sleep(0.02)
        return moment

    def lag(self) -> int:
        """How many events wait to be recorded."""
        with self.store.client() as client:
            return sum(client.xlen(key) for key in client.scan_iter("play:*:stream"))

    @contextmanager
    def recorder_asleep(self) -> Iterator[None]:
        """Meanwhile the recorder stands still, and not in a transaction: on SQLite nobody could enter for as long."""
        recorder = self.stack.children()["record"]
        give_up_at = time.monotonic() + HEALTHY_SECONDS
        try:
            os.kill(recorder, signal.SIGSTOP)
            while self._is_sqlite_busy():
                assert time.monotonic() < give_up_at, "the recorder is always in a transaction"
                os.kill(recorder, signal.SIGCONT)
                time.sleep(0.02)
                os.kill(recorder, signal.SIGSTOP)
            yield
        finally:
            os.kill(recorder, signal.SIGCONT)

    def _is_sqlite_busy(self) -> bool:
        """Whether somebody holds SQLite's one lock for writing, and for longer than a web worker does."""
        if not self.database.startswith("sqlite"):
            return False
        with closing(sqlite3.connect(self.stack.data / "quizapp.sqlite", timeout=0.5)) as records:
            try:
                records.execute("begin immediate")
            except sqlite3.OperationalError:
                return True
            records.rollback()
        return False

    def web_workers(self) -> list[int]:
        """The processes that answer at `base_url`."""
        return children_of(self.web) if self.web else self.stack.web_workers()

    def complaints(self) -> dict[str, list[str]]:
        """Faults that the logs tell of, and web workers that do not answer in the end."""
        silent = wait_for_workers(self.web_workers, lambda: self.status_of("/healthz") == 200)
        return {"logs": faults_in(self.all_logs()), "workers": [f"{pid} does not answer" for pid in silent]}

    def all_logs(self) -> Iterator[str]:
        """All that its processes have said."""
        yield self.stack.output
        for file in Path(self.stack.settings.get("QUIZAPP_LOG_DIR", self.stack.data / "logs")).iterdir():
            yield file.read_text(errors="replace")


def play_until_recorded(person: Person, database: str, *, until: float) -> None:
    """Play as somebody new, and wait for the result to be in SQL; fail when it is not by then, as monotonic time."""
    with closing(person):
        person.patience = until - time.monotonic()
        try:
            person.enter()
            played = person.begin()
            person.hand_in(played, person.answer_all(played, answers=2))
        except Refused as refusal:
            raise AssertionError(f"nobody can play: {refusal}") from refusal
    while not is_recorded(database, played.attempt):
        assert time.monotonic() < until, f"{played.attempt} was handed in, and is not recorded"
        time.sleep(0.1)


def is_recorded(database: str, attempt: str) -> bool:
    """Whether SQL has an attempt's end."""
    with suppress(psycopg.OperationalError, sqlite3.OperationalError):
        return bool(read_sql(database, f"select 1 from attempt where id = '{attempt}' and finish is not null"))
    return False


class Reply(NamedTuple):
    """What a GET brought; `status` is 0 without a reply within five seconds."""

    status: int
    text: str = ""
    retry_after: str | None = None


def get(base_url: str, path: str) -> Reply:
    parts = urlsplit(base_url)
    with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)) as connection:
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return Reply(response.status, response.read().decode(), response.headers["Retry-After"])
        except (OSError, http.client.HTTPException):
            return Reply(0)


def faults_in(texts: Iterable[str]) -> list[str]:
    """The lines of logs that tell of a fault in the web server."""
    return [line[:2000] for text in texts for line in text.splitlines() if any(word in line for word in FAULTS)]


def wait_for_workers(workers: Callable[[], Sequence[int]], answers: Callable[[], bool]) -> list[int]:
    """Wait until each web worker answers when it is asked alone; return those that still do not after 30 s."""
    give_up_at = time.monotonic() + HEALTHY_SECONDS
    while silent := [pid for pid in workers() if not answers_alone(pid, workers(), answers)]:
        if time.monotonic() > give_up_at:
            break
        time.sleep(0.5)
    return silent


def answers_alone(pid: int, workers: Sequence[int], answers: Callable[[], bool]) -> bool:
    """Whether a web worker answers while all others are frozen."""
    others = [other for other in workers if other != pid]
    try:
        for other in others:
            with suppress(ProcessLookupError):
                os.kill(other, signal.SIGSTOP)
        return answers()
    finally:
        for other in others:
            with suppress(ProcessLookupError):
                os.kill(other, signal.SIGCONT)


class Operator:
    """Somebody of the staff, signed in, who looks how the house stands."""

    NAME, PASSWORD = "operator", "a password for the faults"

    def __init__(self, house: House) -> None:
        self._base_url = house.stack.base_url
        self._opener = build_opener(HTTPCookieProcessor())
        house.stack.run_cli("user", "add", self.NAME, "--role", "admin", "--password-stdin", stdin=self.PASSWORD)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.text_of("/accounts/sign-in"))
        assert token
        form = {"csrf_token": token[1], "name": self.NAME, "password": self.PASSWORD}
        with self._opener.open(f"{self._base_url}/accounts/sign-in", urlencode(form).encode(), timeout=5) as page:
            assert page.url == f"{self._base_url}/desk", page.url

    def text_of(self, path: str) -> str:
        """A page's text; raises HTTPError unless there is one within five seconds."""
        with self._opener.open(f"{self._base_url}{path}", timeout=5) as page:
            return str(page.read().decode())

    def wait_until_alarmed(self, seconds: float = 30.0) -> None:
        """Wait until the health page says that recording is late."""
        give_up_at = time.monotonic() + seconds
        while LATE not in self.text_of("/admin/health"):
            assert time.monotonic() < give_up_at, "the health page finds nothing wrong"
            time.sleep(1)


class Template:
    """The records of an installation with a published contest that nobody has been to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def make(cls, folder: Path, *, settings: Mapping[str, str] = {}) -> Template:
        """Records on PostgreSQL are not in the folder: each house must be given a copy of that database."""
        with Stack.running(data=folder, settings=settings) as stack:
            make_contest(stack, slug=SLUG, attempts=ATTEMPTS)
        for part in ("valkey", "logs"):
            shutil.rmtree(folder / part)
        if database := settings.get("QUIZAPP_DATABASE_URL"):
            with psycopg.connect(database.replace("+psycopg", "")) as connection:
                forget_doors(connection)
        else:
            with closing(sqlite3.connect(folder / "quizapp.sqlite")) as records:
                forget_doors(records)
        return cls(folder)

    @contextmanager
    def house(
        self, *, seed: int, store: Store | None = None, settings: Mapping[str, str] = {}, code: Path | None = None
    ) -> Iterator[House]:
        """A running copy; all of it is gone afterwards.

        `store` is one that the test has prepared and not started; `code` a folder with another copy of the project.
        """
        data = Path(tempfile.mkdtemp(prefix="qahouse")) / "data"
        shutil.copytree(self.folder, data)
        store = store or Store(data / "valkey")
        stack = Stack(data, ("--host", "127.0.0.1"), settings={"QUIZAPP_REDIS_URL": store.url, **settings}, code=code)
        try:
            store.start()
            stack.start()
            house = House(stack, store, seed=seed)
            house.wait_until_open()
            yield house
        finally:
            stack.stop()
            store.close()
            shutil.rmtree(data.parent, ignore_errors=True)


def forget_doors(records: sqlite3.Connection | psycopg.Connection) -> None:
    """As if the contest's doors had never been opened: the first visitor makes the gate."""
    records.execute("delete from recorder_position")
    records.execute("delete from live_sample")
    records.commit()


def verify(house: House) -> list[str]:
    """What `quizapp play verify` finds."""
    done = house.stack.run_cli("play", "verify", SLUG, "--json", check=False)
    if not done.stdout.startswith("{"):
        return [f"play verify says nothing: {done.stderr[-500:]}"]
    document = json.loads(done.stdout)
    return ["{what} {subject}: expected {expected}, found {found}".format(**one) for one in document["first"]]
