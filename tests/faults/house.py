"""An installation to do harm to: `quizapp run` with a published contest, on a live store that the test owns.

A first one is made by the command line and kept as a template; each test gets a copy of its records.
"""

from __future__ import annotations

import http.client
import json
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, build_opener

import psycopg

from tests.blackbox.contest import make_contest
from tests.faults.ledger import Crowd
from tests.faults.store import Store
from tests.stack import Stack

SLUG = "faults"
ATTEMPTS = 2
HEALTHY_SECONDS = 30.0
LATE = "落后"
"""What the health page says of a contest whose oldest event has waited for ten seconds."""


class House:
    """A running installation, its live store, and what a test does with them."""

    def __init__(self, stack: Stack, store: Store, *, seed: int) -> None:
        self.stack, self.store, self.seed = stack, store, seed
        self.healthy_after: float | None = None
        """Seconds from the end of the fault until everything was well; None before it was waited for."""

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

    def is_healthy(self) -> bool:
        """SQL and Redis answer and the contest's doors are open."""
        return self.status_of("/readyz") == 200 and self.status_of(f"/api/v1/contests/{SLUG}/pulse") == 200

    def wait_until_healthy(self, seconds: float = HEALTHY_SECONDS) -> float:
        """Wait from the end of the fault on until everything is well by itself; return how long that took (I12)."""
        started = time.monotonic()
        while not self.is_healthy():
            assert time.monotonic() < started + seconds, f"not healthy after {seconds} s:\n{self.stack.output}"
            time.sleep(0.1)
        self.healthy_after = max(self.healthy_after or 0.0, time.monotonic() - started)
        return self.healthy_after

    def wait_until_recorded(self, seconds: float = HEALTHY_SECONDS) -> None:
        """Wait until the stream is empty."""
        give_up_at = time.monotonic() + seconds
        while self.lag():
            assert time.monotonic() < give_up_at, f"{self.lag()} events are not recorded:\n{self.stack.output}"
            time.sleep(0.1)

    def lag(self) -> int:
        """How many events wait to be recorded."""
        with self.store.client() as client:
            return sum(client.xlen(key) for key in client.scan_iter("play:*:stream"))


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
            house.wait_until_healthy()
            house.healthy_after = None
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
