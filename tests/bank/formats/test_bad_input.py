"""The corpus of bad files: one precise error or a right reading, little time, little memory, nothing fetched."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from quizapp.bank.formats import Parsed, read
from tests.bank.formats.bad_input import DOCUMENTS, TEXTS, WORKBOOKS, that_call
from tests.bank.formats.making import error
from tests.conftest import missing

SECONDS = 2.0
MEGABYTES = 200
ROOT = Path(__file__).parents[3]
CORPUS = {
    f"{form}: {name}": entry
    for form, entries in (("text", TEXTS), ("xlsx", WORKBOOKS), ("docx", DOCUMENTS))
    for name, entry in entries.items()
}


@pytest.mark.parametrize("name", CORPUS)
def test_bad_file_gives_its_one_error_in_little_time(name: str) -> None:
    make, code = CORPUS[name]
    content = make()
    parsed, took = timed(content)
    if code is None:
        assert parsed.questions
    else:
        problem = error(parsed)
        assert problem.code == code and problem.message and problem.where
    assert took < SECONDS or min(timed(content)[1] for _again in range(2)) < SECONDS


def timed(content: bytes) -> tuple[Parsed, float]:
    """What is read and the seconds of processor time; what else the machine does only ever adds to them."""
    began = time.process_time()
    parsed = read(content)
    return parsed, time.process_time() - began


MEASURE = """
import resource, sys
from quizapp.bank.formats import Parsed, read
from tests.bank.formats.test_bad_input import CORPUS
read(b"x")
content = CORPUS[sys.argv[1]][0]()
sizes = open("/proc/self/clear_refs", "w"); sizes.write("5"); sizes.close()
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
before = peak()
read(content)
print((peak() - before) // 1024)
"""
HEAVIEST = ("text: many columns", "xlsx: four hundred thousand rows", "docx: many runs in many paragraphs")


@pytest.mark.parametrize("name", HEAVIEST)
def test_bad_file_takes_little_memory(name: str) -> None:
    if not Path("/proc/self/clear_refs").exists():
        missing("Linux, which alone tells how much memory a process took at most")
    out = subprocess.run([sys.executable, "-c", MEASURE, name], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(out.stdout) < MEGABYTES


@pytest.fixture
def canary() -> Iterator[tuple[int, Callable[[], int]]]:
    """The port of a server on this machine, and how often it was called."""
    calls: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            calls.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, lambda: len(calls)
    server.shutdown()
    thread.join()
    server.server_close()


def test_nothing_is_fetched_whatever_a_file_names(canary: tuple[int, Callable[[], int]]) -> None:
    port, count = canary
    for name, content in that_call(port).items():
        assert read(content).format, name
    assert count() == 0
